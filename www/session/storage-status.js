/** Keeps the session in the browser, and warns at the button of its dialog where something is lost with the page. */

import { t } from "../language/language.js";
import { openStorage } from "./storage.js";

/** @import { Session } from "./session.js" */
/** @import { StorageState } from "./storage.js" */

/** States of the storage in which something is lost with the page. @type {StorageState[]} */
const WARNED = ["off", "second-tab", "full"];

/**
 * @param {HTMLButtonElement} opener of the session's dialog
 * @param {Session} session
 * @param {(state: StorageState, words: string) => void} onState
 */
export function startStorage(opener, session, onState) {
  return openStorage(session, {
    onState: (state, reason) => {
      const words = reason ? `${t(`storage.${state}`)} ${reason}` : t(`storage.${state}`);
      // Said outside of the dialog, too.
      opener.dataset.storage = state;
      opener.title = WARNED.includes(state) ? words : "";
      onState(state, words);
    },
  });
}
