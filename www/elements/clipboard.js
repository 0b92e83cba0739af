/** Copies a text for a person to pass on. */

import { t } from "../language/language.js";

/**
 * Puts the text of `area` on the clipboard and says so in `say`. If the browser refuses, the text is
 * selected for a person to copy.
 *
 * @param {HTMLTextAreaElement} area
 * @param {HTMLElement} say
 * @param {AbortSignal} closed aborts when the dialog is closed
 */
export async function copyText(area, say, closed) {
  try {
    await navigator.clipboard.writeText(area.value);
    say.textContent = t("diagnostics.copied");
  } catch {
    if (closed.aborted) return;
    area.focus();
    area.select();
    say.textContent = t("diagnostics.refused");
  }
}
