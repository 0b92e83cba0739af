/**
 * Starts to load the classifier while the rest of the page is still arriving. It is a script of its
 * own, which runs as soon as it and the package are there. reading/engine.js takes the loading over.
 */

import { Karyolens, loadDecide } from "./pkg/index.js";

/** @import { LoadOptions, Progress } from "./pkg/index.js" */

const address = new URLSearchParams(location.search);
const workers = address.get("workers");

/**
 * The wishes in the page's address; with a wrong value the loading fails.
 *
 * @type {Pick<LoadOptions, "device" | "workers">}
 */
export const wishes = {
  device: /** @type {LoadOptions["device"]} */ (address.get("device") ?? "auto"),
  workers: workers === null ? defaultWorkers() : Number(workers),
};

/** One core is left to the page, so that it answers a person at once. Of two cores both read: a field takes half the time. */
function defaultWorkers() {
  const cores = navigator.hardwareConcurrency;
  return Math.min(cores, Math.max(2, cores - 1));
}

/** The latest progress of each part before anybody listened. @type {Map<Progress["phase"], Progress>} */
const missed = new Map();
/** @type {(progress: Progress) => void} */
let listener = (progress) => void missed.set(progress.phase, progress);

/** The classifier with the model that the page ships with. */
export const begun = Karyolens.load({ ...wishes, onProgress: (progress) => listener(progress) });
/** The program's rule of calls and risk, for the page's own thread. */
export const begunRule = loadDecide(wishes);
// The engine hears of a failure when it takes over; until then nobody listens.
begun.catch(() => {});
begunRule.catch(() => {});

/** Hears of all progress from now on, and at once of the progress that it missed. @param {(progress: Progress) => void} onProgress */
export function hearProgress(onProgress) {
  listener = onProgress;
  for (const progress of missed.values()) onProgress(progress);
}
