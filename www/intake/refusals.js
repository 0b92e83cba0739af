/** Names the files that were not taken. For each kind of file it says why, and how to go on. */

import { make, onPress } from "../elements/dom.js";
import { listing, onLanguage, t } from "../language/language.js";

/** @import { PageElements } from "../elements/page-elements.js" */
/** @import { Refusal } from "./arrivals.js" */

/** The number of names in a line; further names are counted. */
const MOST_NAMES = 3;

export class Refusals {
  #elements;
  /** @type {Refusal[]} */
  #refused = [];

  /** @param {PageElements["refusals"]} elements */
  constructor(elements) {
    this.#elements = elements;
    onPress(elements.close, () => this.show([]));
    onLanguage(() => this.show(this.#refused));
  }

  /** The refusals on show. */
  get shown() {
    return this.#refused;
  }

  /** Shows these refusals in the place of earlier ones; without any it hides. @param {Refusal[]} refused */
  show(refused) {
    this.#refused = refused;
    const { box, list } = this.#elements;
    /** @type {Map<string, string[]>} */
    const names = new Map();
    for (const { name, reason, values } of refused) {
      const words = t(reason, values);
      names.set(words, [...(names.get(words) ?? []), name]);
    }
    list.replaceChildren(...[...names].map(([words, of]) => make("li", {}, make("strong", {}, namesOf(of)), " ", words)));
    box.hidden = refused.length === 0;
    box.scrollIntoView({ block: "nearest" });
  }
}

/** @param {string[]} names */
function namesOf(names) {
  const more = names.length - MOST_NAMES;
  return listing([...names.slice(0, MOST_NAMES), ...(more > 0 ? [t("refused.more", { count: more })] : [])]);
}
