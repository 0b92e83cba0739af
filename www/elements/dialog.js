/**
 * The page's dialogs. Each is a room of its own that comes after the page is ready: NAME.html holds
 * its markup and NAME.css its style, beside NAME.js.
 */

import { translate } from "../language/language.js";
import { make } from "./dom.js";

/** The style that all dialogs share; that of a room comes after it. */
const SHARED_STYLE = "elements/dialog.css";

/** The styles that are there or on their way. @type {Map<string, Promise<void>>} */
const styles = new Map();
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
  const [markup] = await Promise.all([fetchMarkup(`${name}.html`), addStyle(SHARED_STYLE), addStyle(`${name}.css`)]);
  const dialog = new DOMParser().parseFromString(markup, "text/html").querySelector("dialog");
  if (!dialog) throw new Error(`${name}.html holds no dialog`);
  translate(dialog);
  document.body.append(dialog);
  return dialog;
}

/** @param {string} path from the page's folder */
async function fetchMarkup(path) {
  const response = await fetch(addressOf(path));
  if (!response.ok) throw new Error(`the server answered ${response.status} for ${path}`);
  return response.text();
}

/** @param {string} path from the page's folder */
function addStyle(path) {
  const known = styles.get(path);
  if (known) return known;
  /** @type {Promise<void>} */
  const coming = new Promise((resolve, reject) => {
    const link = make("link", { rel: "stylesheet", href: addressOf(path).href });
    link.addEventListener("load", () => resolve());
    link.addEventListener("error", () => {
      link.remove();
      styles.delete(path);
      reject(new Error(`${path} could not be fetched`));
    });
    document.head.append(link);
  });
  styles.set(path, coming);
  return coming;
}

/** @param {string} path from the page's folder */
function addressOf(path) {
  return new URL(`../${path}`, import.meta.url);
}
