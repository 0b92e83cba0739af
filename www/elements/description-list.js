/** Facts as the entries of a description list. */

import { t } from "../language/language.js";
import { make } from "./dom.js";

/** The key of the term, and its description; an entry without one is left out. @typedef {[string, string | null | undefined]} Entry */

/** @param {Entry[]} entries */
export function descriptions(entries) {
  return entries.flatMap(([term, text]) => (text ? [make("dt", {}, t(term)), make("dd", {}, text)] : []));
}
