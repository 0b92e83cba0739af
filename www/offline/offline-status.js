/** Says whether the page is saved for use without a network, and offers a newer version. */

import { find } from "../elements/dom.js";
import { megabytes, onLanguage, t } from "../language/language.js";
import { startOffline, takeUpdate } from "./offline.js";

/** @import { OfflineState } from "./offline.js" */

const line = find("#offline", HTMLElement);
const text = find("#offline-text", HTMLElement);
const figures = find("#offline-figures", HTMLElement);
const button = find("#update", HTMLButtonElement);
let isStarted = false;
/** @type {OfflineState | null} */
let shown = null;

/** Starts saving, the first time that it is called. */
export function saveForOffline() {
  if (isStarted) return;
  isStarted = true;
  button.addEventListener("click", takeUpdate);
  onLanguage(() => shown && show(shown));
  void startOffline({ onState: show });
}

/** @param {OfflineState} state */
function show(state) {
  shown = state;
  line.hidden = false;
  line.dataset.state = state.state;
  text.textContent = wordsFor(state);
  figures.textContent = state.state === "saving" ? t("offline.figures", { saved: megabytes(state.saved), total: megabytes(state.total) }) : "";
  button.hidden = state.state !== "update";
}

/** @param {OfflineState} state */
function wordsFor({ state, saved, total, reason }) {
  const onlyUpdateFailed = state === "failed" && saved > 0 && saved === total;
  return t(onlyUpdateFailed ? "offline.update-failed" : `offline.${state}`, { reason });
}
