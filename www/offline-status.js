/** Says whether the page is saved for use without a network, and offers a newer version. */

import { find } from "./dom.js";
import { startOffline, takeUpdate } from "./offline.js";

/** @import { OfflineState } from "./offline.js" */

const line = find("#offline", HTMLElement);
const text = find("#offline-text", HTMLElement);
const figures = find("#offline-figures", HTMLElement);
const button = find("#update", HTMLButtonElement);
let isStarted = false;

/** Starts saving, the first time that it is called. */
export function saveForOffline() {
  if (isStarted) return;
  isStarted = true;
  button.addEventListener("click", takeUpdate);
  void startOffline({ onState: show });
}

/** @param {OfflineState} state */
function show(state) {
  line.hidden = false;
  line.dataset.state = state.state;
  text.textContent = wordsFor(state);
  figures.textContent = state.state === "saving" ? `${megabytes(state.saved)} of ${megabytes(state.total)} MB` : "";
  button.hidden = state.state !== "update";
}

/** @param {OfflineState} state */
function wordsFor({ state, saved, total, reason }) {
  switch (state) {
    case "unsupported":
      return `Not saved for use without a network: ${reason}.`;
    case "saving":
      return "Saving for use without a network…";
    case "saved":
      return "Saved for use without a network.";
    case "update":
      return "A new version is here.";
    case "failed":
      return saved > 0 && saved === total
        ? `A new version could not be saved: ${reason}. This one stays.`
        : `Not saved for use without a network: ${reason}.`;
  }
}

/** @param {number} bytes */
function megabytes(bytes) {
  return (bytes / 1e6).toFixed(1);
}
