/** The words beside the pointer: the nucleus under it, its risk and its features. */

import { featureName, listing, t } from "../language/language.js";

/** @import { Decision } from "../pkg/index.js" */
/** @import { Cell } from "../session/cell.js" */
/** @import { Point } from "./view.js" */

/** From the pointer to the words, in CSS pixels. */
const APART = 14;

export class FieldTip {
  #element;
  #window;

  /** @param {HTMLElement} element @param {HTMLElement} window the part of the page that it lies in */
  constructor(element, window) {
    this.#element = element;
    this.#window = window;
  }

  /** @param {string} words @param {Point} place of the pointer in the window */
  show(words, [x, y]) {
    const { clientWidth, clientHeight } = this.#window;
    this.#element.hidden = false;
    this.#element.textContent = words;
    // On the side with more room.
    const [isLeft, isAbove] = [x < clientWidth / 2, y < clientHeight / 2];
    const { style } = this.#element;
    style.left = isLeft ? `${x + APART}px` : "auto";
    style.right = isLeft ? "auto" : `${clientWidth - x + APART}px`;
    style.top = isAbove ? `${y + APART}px` : "auto";
    style.bottom = isAbove ? "auto" : `${clientHeight - y + APART}px`;
  }

  hide() {
    this.#element.hidden = true;
  }
}

/** @param {Cell} cell @param {number} number in its field @param {Decision | null} decision */
export function inWords(cell, number, decision) {
  const name = t("field.cell", { number });
  if (!decision) return `${name}: ${t(`state.${cell.state}`)}`;
  const { calls, risk } = decision;
  const present = calls.filter((call) => call.present).map((call) => featureName(call.name));
  const features = present.length > 0 ? listing(present) : t("cell.nothing-present");
  return `${name}: ${risk ? `${t(`risk.${risk.level}`)} ${risk.score}. ` : ""}${features}`;
}
