/**
 * Parts of the page that come after it is ready: NAME.html holds the markup of a part and NAME.css its
 * style, beside NAME.js.
 */

import { translate } from "../language/language.js";
import { make } from "./dom.js";

/** The styles that are there or on their way. @type {Map<string, Promise<void>>} */
const styles = new Map();

/**
 * The one element of a part's markup, in the page's language and with its style; not yet in the page.
 *
 * @template {Element} T
 * @param {string} name with its folder, such as `teach/teach-dialog`
 * @param {new () => T} type
 * @returns {Promise<T>}
 * @throws {Error} where its markup or its style cannot be fetched
 */
export async function fetchPart(name, type) {
  const [markup] = await Promise.all([fetchMarkup(`${name}.html`), addStyle(`${name}.css`)]);
  const part = new DOMParser().parseFromString(markup, "text/html").body.firstElementChild;
  const element = part && document.adoptNode(part);
  if (!(element instanceof type)) throw new Error(`${name}.html holds no ${type.name}`);
  translate(element);
  return element;
}

/** Adds a style to the page, once. @param {string} path from the page's folder */
export function addStyle(path) {
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
async function fetchMarkup(path) {
  const response = await fetch(addressOf(path));
  if (!response.ok) throw new Error(`the server answered ${response.status} for ${path}`);
  return response.text();
}

/** @param {string} path from the page's folder */
function addressOf(path) {
  return new URL(`../${path}`, import.meta.url);
}
