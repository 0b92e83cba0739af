/** How every dialog of the page is opened. */

import { find } from "./dom.js";

/**
 * Opens the modal dialog; the browser gives the focus back to where it was when it
 * is closed (by Escape, or a form of the method "dialog" in it).
 *
 * @param {string} selector
 * @returns {{dialog: HTMLDialogElement, closed: AbortSignal}} `closed` ends what listens in this opening
 */
export function openDialog(selector) {
  const dialog = find(selector, HTMLDialogElement);
  const closing = new AbortController();
  const { signal } = closing;
  dialog.addEventListener("close", () => closing.abort(), { signal });
  // The keys of the page behind mean nothing here.
  dialog.addEventListener("keydown", (event) => event.stopPropagation(), { signal });
  dialog.showModal();
  return { dialog, closed: signal };
}
