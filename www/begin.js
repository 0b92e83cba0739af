/**
 * Begins to load the classifier while the rest of the page is still arriving: a script of its own,
 * run as soon as it and the package are there. engine.js takes over what it has begun.
 */

import { Karyolens } from "./pkg/index.js";

/** @import { LoadOptions, Progress } from "./pkg/index.js" */

const address = new URLSearchParams(location.search);
const workers = address.get("workers");

/**
 * What a person asks for in the page's address; a wrong value fails the loading.
 *
 * @type {Pick<LoadOptions, "device" | "workers">}
 */
export const wishes = {
  device: /** @type {LoadOptions["device"]} */ (address.get("device") ?? "auto"),
  // One core is left to the page, which would be slow to answer a hand otherwise.
  workers: workers === null ? Math.max(1, navigator.hardwareConcurrency - 1) : Number(workers),
};

/** How far each part had come before anybody listened. @type {Map<Progress["phase"], Progress>} */
const missed = new Map();
/** @type {(progress: Progress) => void} */
let listener = (progress) => void missed.set(progress.phase, progress);

/** The classifier with the model that the page ships with. */
export const begun = Karyolens.load({ ...wishes, onProgress: (progress) => listener(progress) });
// Whoever takes it over is told of a failure; until then nobody need be.
begun.catch(() => {});

/** Hears from now on, and at once of what it missed. @param {(progress: Progress) => void} onProgress */
export function hearProgress(onProgress) {
  listener = onProgress;
  for (const progress of missed.values()) onProgress(progress);
}
