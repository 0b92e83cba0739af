/** Facts as the entries of a description list. */

import { make } from "./dom.js";
import { t } from "../language/language.js";

/** The key of what it is called, and the fact; one that is empty or missing is left out. @typedef {[string, string | null | undefined]} Fact */

/** @param {Fact[]} entries */
export function facts(entries) {
  return entries.flatMap(([term, text]) => (text ? [make("dt", {}, t(term)), make("dd", {}, text)] : []));
}
