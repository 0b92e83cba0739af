/**
 * Makes the page usable without a network: starts the service worker (sw.js), which saves all files
 * of the page, and follows its progress and that of newer versions.
 */

import { messageOf } from "../pkg/message.js";

/**
 * The progress of saving. With "update", the version in use is saved and a newer one waits. With
 * "failed", `saved` equals `total` if the version in use is saved and only a newer one could not be
 * saved.
 *
 * @typedef {object} OfflineState
 * @property {"unsupported" | "saving" | "saved" | "update" | "failed"} state
 * @property {number} saved bytes of the version in use
 * @property {number} total bytes
 * @property {string} reason for "unsupported" and "failed", in words for people
 */

/** @type {ServiceWorkerRegistration | undefined} */
let registration;

/**
 * To be called once the page has loaded its own files, since both share the connection.
 *
 * @param {{onState: (state: OfflineState) => void}} listener
 */
export async function startOffline({ onState }) {
  const nothing = { saved: 0, total: 0 };
  if (!("serviceWorker" in navigator)) {
    const reason = isSecureContext ? "this browser cannot do it" : "it takes an address with https, or this machine's own";
    onState({ state: "unsupported", ...nothing, reason });
    return;
  }
  try {
    await follow(navigator.serviceWorker, onState);
  } catch (error) {
    onState({ state: "failed", ...nothing, reason: messageOf(error) });
  }
}

/** Changes to the newer version and reloads the page. */
export function takeUpdate() {
  const waiting = registration?.waiting;
  if (!waiting) {
    // Another page has changed to it.
    location.reload();
    return;
  }
  waiting.addEventListener("statechange", () => {
    if (waiting.state === "activated") location.reload();
  });
  waiting.postMessage("take over");
}

/** @param {ServiceWorkerContainer} container @param {(state: OfflineState) => void} onState */
async function follow(container, onState) {
  const folder = new URL("./", location.href).href;
  /** The worker that gave this page its files; none at a first visit. */
  const atOpening = container.controller;
  /** The latest message of the version in use. @type {OfflineState | undefined} */
  let current;
  /** Why a newer version could not be saved. */
  let failure = "";

  const show = () => {
    if (!current) return;
    const isOutdated = registration?.waiting || (atOpening && container.controller !== atOpening);
    if (current.state === "saved" && isOutdated) onState({ ...current, state: "update" });
    else if (current.state === "saved" && failure) onState({ ...current, state: "failed", reason: failure });
    else onState(current);
  };

  new BroadcastChannel(`karyolens ${folder}`).addEventListener("message", ({ data: { isUpdate, ...said } }) => {
    if (!isUpdate) current = said;
    else if (said.state === "failed") failure = said.reason;
    show();
  });
  container.addEventListener("controllerchange", show);
  const started = await container.register(`${folder}sw.js`, { updateViaCache: "none" });
  registration = started;

  const watchNewer = () => {
    const newer = started.installing;
    if (!newer || !started.active) return;
    failure = "";
    newer.addEventListener("statechange", () => {
      // Its own reason may have come before this page listened.
      if (newer.state === "redundant" && started.waiting === null) failure ||= "not all of it could be fetched";
      show();
    });
  };
  started.addEventListener("updatefound", watchNewer);
  watchNewer();

  started.active?.postMessage("check");
  // Without a network there is no newer version, which is no failure.
  await started.update().catch(() => {});
}
