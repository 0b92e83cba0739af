/** The scale of a field: shown, typed in, or told by a line along a scale bar that is in the picture. */

import { find, onPress } from "../elements/dom.js";
import { number, onLanguage, t } from "../language/language.js";

/** @import { Source } from "../session/cell.js" */

/** Digits that a person reads; more are noise of a hand's line. */
const DIGITS = 4;

export class ScaleControl {
  #box;
  #now;
  #value;
  #line;
  #lineWords;
  #length;
  #own;
  /** @type {Source | null} */
  #field = null;
  /** As the picture's file tells it, in micrometres for a pixel. @type {number | null} */
  #fileScale = null;
  /** Length of the line that was drawn, in pixels of the field. @type {number | null} */
  #drawn = null;

  /**
   * @param {HTMLElement} element the section of field.html
   * @param {(field: Source, micrometresPerPixel: number | null) => void} onScale a person has told the scale; null: it is unknown
   */
  constructor(element, onScale) {
    this.#box = find(".scale-box", HTMLDetailsElement, element);
    this.#now = find(".scale-now", HTMLElement, element);
    this.#value = find(".scale-value", HTMLInputElement, element);
    this.#line = find(".scale-line", HTMLFormElement, element);
    this.#lineWords = find(".scale-line span", HTMLElement, element);
    this.#length = find(".scale-length", HTMLInputElement, element);
    this.#own = find(".scale-own", HTMLButtonElement, element);
    const set = (/** @type {number | null} */ scale) => {
      if (this.#field) onScale(this.#field, scale);
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
      if (this.#drawn) set(Number((this.#length.valueAsNumber / this.#drawn).toPrecision(DIGITS)));
    });
    onPress(this.#own, () => set(this.#fileScale));
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

  /** @param {Source | null} field @param {number | null} fileScale as the picture's file tells it */
  show(field, fileScale) {
    if (field !== this.#field) this.#drawn = null;
    this.#field = field;
    this.#fileScale = fileScale;
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
    this.#now.textContent = scale === null ? t("scale.unknown") : t("scale.known", { value: number(scale, { maximumSignificantDigits: DIGITS }) });
    this.#now.dataset.known = String(scale !== null);
    if (document.activeElement !== this.#value) this.#value.value = scale === null ? "" : String(scale);
    this.#line.hidden = this.#drawn === null;
    this.#lineWords.textContent = t("scale.line", { pixels: number(this.#drawn ?? 0, { maximumFractionDigits: 1 }) });
    this.#own.hidden = scale === this.#fileScale;
    this.#own.textContent = t(this.#fileScale === null ? "scale.forget" : "scale.own");
  }
}
