/** Says whether the page is saved for use without a network, and offers a newer version. */

import { onPress } from "../elements/dom.js";
import { megabytes, onLanguage, t } from "../language/language.js";
import { startOffline, takeUpdate } from "./offline.js";

/** @import { PageElements } from "../elements/page-elements.js" */
/** @import { OfflineState } from "./offline.js" */

/**
 * Starts saving, and shows from then on how it stands.
 *
 * @param {PageElements["offline"]} elements
 */
export function saveForOffline({ box, text, figures, update }) {
  /** @type {OfflineState | null} */
  let shown = null;
  const show = (/** @type {OfflineState} */ state) => {
    shown = state;
    box.hidden = false;
    box.dataset.state = state.state;
    text.textContent = wordsFor(state);
    figures.textContent = state.state === "saving" ? t("offline.figures", { saved: megabytes(state.saved), total: megabytes(state.total) }) : "";
    update.hidden = state.state !== "update";
  };
  onPress(update, takeUpdate);
  onLanguage(() => shown && show(shown));
  void startOffline({ onState: show });
}

/** @param {OfflineState} state */
function wordsFor({ state, saved, total, reason }) {
  const onlyUpdateFailed = state === "failed" && saved > 0 && saved === total;
  return t(onlyUpdateFailed ? "offline.update-failed" : `offline.${state}`, { reason });
}
