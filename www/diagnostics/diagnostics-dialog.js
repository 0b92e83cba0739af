/** Puts the diagnostics on the clipboard, and shows them in a dialog. */

import { copyText } from "../elements/clipboard.js";
import { openDialog } from "../elements/dialog.js";
import { find, onPress } from "../elements/dom.js";
import { diagnostics } from "./diagnostics.js";

/** @import { Facts } from "./diagnostics.js" */

/** @param {HTMLDialogElement} dialog @param {Facts} facts */
export async function openDiagnostics(dialog, facts) {
  const closed = openDialog(dialog);
  const text = find("#diagnostics-text", HTMLTextAreaElement, dialog);
  const line = find("#diagnostics-say", HTMLElement, dialog);
  text.value = diagnostics(facts);
  line.textContent = "";
  const copy = () => copyText(text, line, closed);
  onPress(find("#diagnostics-copy", HTMLButtonElement, dialog), copy, closed);
  await copy();
}
