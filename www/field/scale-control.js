/** The scale of a field: shown, typed in, told by a line along a scale bar in the picture, or estimated by red cells. */

import { find, onPress } from "../elements/dom.js";
import { number, onLanguage, t } from "../language/language.js";

/** @import { RedCells } from "../pkg/index.js" */
/** @import { Source } from "../session/cell.js" */

/** Digits that a person reads; more are noise of a hand's line. */
const DIGITS = 4;
/** Digits of a scale by red cells, which differ by a tenth from person to person. */
const DIGITS_OF_RED_CELLS = 2;

export class ScaleControl {
  #box;
  #now;
  #value;
  #line;
  #lineWords;
  #length;
  #own;
  #cells;
  #cellsWords;
  /** @type {Source | null} */
  #field = null;
  /** As the picture's file tells it, in micrometres for a pixel. @type {number | null} */
  #fileScale = null;
  /** The field's red cells, where they can tell a scale. @type {RedCells | null} */
  #redCells = null;
  /** Length of the line that was drawn, in pixels of the field. @type {number | null} */
  #drawn = null;

  /**
   * @param {HTMLElement} element the section of field.html
   * @param {(field: Source, micrometresPerPixel: number | null, isEstimated: boolean) => void} onScale a person has told the scale; null: it is unknown
   */
  constructor(element, onScale) {
    this.#box = find(".scale-box", HTMLDetailsElement, element);
    this.#now = find(".scale-now", HTMLElement, element);
    this.#value = find(".scale-value", HTMLInputElement, element);
    this.#line = find(".scale-line", HTMLFormElement, element);
    this.#lineWords = find(".scale-line span", HTMLElement, element);
    this.#length = find(".scale-length", HTMLInputElement, element);
    this.#own = find(".scale-own", HTMLButtonElement, element);
    this.#cells = find(".scale-cells", HTMLElement, element);
    this.#cellsWords = find("span", HTMLElement, this.#cells);
    const set = (/** @type {number | null} */ scale, isEstimated = false) => {
      if (this.#field) onScale(this.#field, scale, isEstimated);
      this.#drawn = null;
      this.#box.open = false;
      this.#show();
      find("summary", HTMLElement, this.#box).focus();
    };
    find(".scale-typed", HTMLFormElement, element).addEventListener("submit", (event) => {
      event.preventDefault();
      set(this.#value.valueAsNumber);
    });
    this.#line.addEventListener("submit", (event) => {
      event.preventDefault();
      if (this.#drawn) set(rounded(this.#length.valueAsNumber / this.#drawn));
    });
    onPress(this.#own, () => set(this.#fileScale));
    onPress(find("button", HTMLButtonElement, this.#cells), () => this.#redCells && set(rounded(this.#redCells.micrometresPerPixel, DIGITS_OF_RED_CELLS), true));
    // The box would cover the scale bar.
    onPress(find("[data-tool=ruler]", HTMLButtonElement, element), () => {
      this.#box.open = false;
      find(".field-stage", HTMLElement, element).focus();
    });
    this.#box.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !this.#box.open) return;
      this.#box.open = false;
      find("summary", HTMLElement, this.#box).focus();
    });
    onLanguage(() => this.#show());
  }

  /** @param {Source | null} field @param {number | null} fileScale as the picture's file tells it @param {RedCells | null} redCells among its left-out objects */
  show(field, fileScale, redCells) {
    if (field !== this.#field) this.#drawn = null;
    this.#field = field;
    this.#fileScale = fileScale;
    this.#redCells = redCells;
    this.#show();
  }

  /** Asks for the length on the slide of a line that was drawn. @param {number} pixels its length in the field */
  ask(pixels) {
    if (pixels < 1) return;
    this.#drawn = pixels;
    this.#box.open = true;
    this.#show();
    this.#length.value = "";
    this.#length.focus();
  }

  #show() {
    const scale = this.#field?.micrometresPerPixel ?? null;
    const offered = scale === null ? this.#redCells : null;
    const key = this.#field?.isScaleEstimated ? "scale.estimated" : "scale.known";
    if (scale !== null) this.#now.textContent = t(key, { value: inDigits(scale) });
    else this.#now.textContent = t(offered ? "scale.offered" : "scale.unknown");
    this.#cells.hidden = offered === null;
    if (offered) {
      const { count, diameter, micrometresPerPixel } = offered;
      this.#cellsWords.textContent = t("scale.cells", { count, pixels: number(diameter, { maximumFractionDigits: 0 }), value: inDigits(rounded(micrometresPerPixel, DIGITS_OF_RED_CELLS)) });
    }
    this.#now.dataset.known = String(scale !== null);
    if (document.activeElement !== this.#value) this.#value.value = scale === null ? "" : String(scale);
    this.#line.hidden = this.#drawn === null;
    this.#lineWords.textContent = t("scale.line", { pixels: number(this.#drawn ?? 0, { maximumFractionDigits: 1 }) });
    this.#own.hidden = scale === this.#fileScale;
    this.#own.textContent = t(this.#fileScale === null ? "scale.forget" : "scale.own");
  }
}

/** A number with the digits that a person reads. @param {number} value */
function inDigits(value) {
  return number(value, { maximumSignificantDigits: DIGITS });
}

/** A scale without digits that are noise. @param {number} scale */
function rounded(scale, digits = DIGITS) {
  return Number(scale.toPrecision(digits));
}
