/** The frame that the dialogs share. */

import { find } from "./dom.js";

/**
 * Opens the modal dialog; closing it (Escape, or a form of the method "dialog" in it) gives the
 * focus back to where it was.
 *
 * @param {string} selector
 * @returns {{dialog: HTMLDialogElement, closed: AbortSignal}} `closed` ends what listens in this opening
 */
export function openDialog(selector) {
  const dialog = find(selector, HTMLDialogElement);
  const opener = document.activeElement;
  const closing = new AbortController();
  const { signal } = closing;
  dialog.addEventListener(
    "close",
    () => {
      closing.abort();
      if (opener instanceof HTMLElement && opener.isConnected) opener.focus();
    },
    { signal },
  );
  // The keys of the page behind mean nothing here.
  dialog.addEventListener("keydown", (event) => event.stopPropagation(), { signal });
  dialog.showModal();
  return { dialog, closed: signal };
}
