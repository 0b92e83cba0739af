/** The page's dialogs. Each is a room of its own, with a script, markup and style (see markup.js). */

import { addStyle, fetchPart } from "./markup.js";

/** The style that all dialogs share; that of a room comes after it. */
const SHARED_STYLE = "elements/dialog.css";

/** The dialogs that are there or on their way. @type {Map<string, Promise<HTMLDialogElement>>} */
const fetched = new Map();

/**
 * The dialog of a room, in the page and in its language.
 *
 * @param {string} name with its folder, such as `teach/teach-dialog`
 * @returns {Promise<HTMLDialogElement>}
 * @throws {Error} where its markup or its style cannot be fetched; a later call tries again
 */
export function fetchDialog(name) {
  const known = fetched.get(name);
  if (known) return known;
  const coming = putInPage(name);
  fetched.set(name, coming);
  coming.catch(() => fetched.delete(name));
  return coming;
}

/**
 * Opens the modal dialog. The browser gives the focus back to where it was when the dialog is closed
 * (by Escape, or a form of the method "dialog" in it).
 *
 * @param {HTMLDialogElement} dialog
 * @returns {AbortSignal} ends whatever listens in this opening
 */
export function openDialog(dialog) {
  const closing = new AbortController();
  const { signal } = closing;
  dialog.addEventListener("close", () => closing.abort(), { signal });
  // The keys of the page behind mean nothing here.
  dialog.addEventListener("keydown", (event) => event.stopPropagation(), { signal });
  dialog.showModal();
  return signal;
}

/** @param {string} name */
async function putInPage(name) {
  const shared = addStyle(SHARED_STYLE);
  const [dialog] = await Promise.all([fetchPart(name, HTMLDialogElement), shared]);
  document.body.append(dialog);
  return dialog;
}
