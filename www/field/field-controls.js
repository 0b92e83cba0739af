/** The controls above a field: which field, its colours and their legend, the outlines, the zoom. */

import { find, make, onPress } from "../elements/dom.js";
import { featureName, onLanguage, t } from "../language/language.js";
import { measurementName } from "../reading/measured-words.js";
import { MEASUREMENT } from "../table/sorting.js";
import { STYLES, stylesOf, wordsOf } from "./colouring.js";

/** @import { Measurements } from "../reading/measurements.js" */
/** @import { Model, Source } from "../session/cell.js" */
/** @import { Style } from "./colouring.js" */

/** A press on a button enlarges so many times. */
const ZOOM = 1.5;

export class FieldControls {
  #name;
  #choice;
  #sources;
  #colouring;
  #outlined;
  #opacity;
  #legend;
  /** The classes in the legend with their words. */
  #shownLegend = "";
  /** @type {Source[]} */
  #fields = [];

  /**
   * @param {HTMLElement} element the section of field.html
   * @param {object} listener
   * @param {() => void} listener.onLook colours or outlines shall look different
   * @param {(field: Source) => void} listener.onField another field was chosen
   * @param {(factor: number | null) => void} listener.onZoom null shows the whole field
   */
  constructor(element, { onLook, onField, onZoom }) {
    this.#name = find(".field-name", HTMLElement, element);
    this.#choice = find(".field-choice", HTMLElement, element);
    this.#sources = find(".field-source", HTMLSelectElement, element);
    this.#colouring = find(".field-colouring", HTMLSelectElement, element);
    this.#outlined = find(".field-outlined", HTMLInputElement, element);
    this.#opacity = find(".field-opacity input", HTMLInputElement, element);
    this.#legend = find(".field-styles", HTMLElement, element);
    onPress(find(".field-fit", HTMLButtonElement, element), () => onZoom(null));
    onPress(find(".field-larger", HTMLButtonElement, element), () => onZoom(ZOOM));
    onPress(find(".field-smaller", HTMLButtonElement, element), () => onZoom(1 / ZOOM));
    for (const control of [this.#colouring, this.#outlined, this.#opacity]) control.addEventListener("input", onLook);
    this.#sources.addEventListener("change", () => onField(this.#fields[this.#sources.selectedIndex]));
    onLanguage(() => this.#colouring.replaceChildren());
  }

  /** `risk`, `plain`, `feature:NAME`, or `measurement:NAME`. */
  get colouring() {
    return this.#colouring.value;
  }

  /** Of the outlines, from 0 to 1. */
  get opacity() {
    return this.#outlined.checked ? Number(this.#opacity.value) / 100 : 0;
  }

  /** Hides the outlines, or shows them again. */
  toggleOutlines() {
    this.#outlined.checked = !this.#outlined.checked;
  }

  /** @param {Source[]} fields @param {Source | null} field the one on show @param {Model | null} model that reads @param {Measurements} measurements */
  offer(fields, field, model, measurements) {
    this.#fields = fields;
    this.#name.textContent = field?.name ?? "";
    this.#choice.hidden = fields.length < 2;
    fill(this.#sources, fields.map(({ id, name }) => [String(id), name]));
    this.#sources.selectedIndex = field ? fields.indexOf(field) : -1;
    const features = (model?.features ?? []).map((name) => /** @type {[string, string]} */ ([`feature:${name}`, featureName(name)]));
    const measured = measurements.kinds.map(({ name }) => /** @type {[string, string]} */ ([MEASUREMENT + name, measurementName(name)]));
    const { value } = this.#colouring;
    fill(this.#colouring, [...(model?.riskRule ? [inWords("risk")] : []), ...features, ...measured, inWords("plain")]);
    if ([...this.#colouring.options].some((option) => option.value === value)) this.#colouring.value = value;
    if (!field) return;
    /** @type {Style[]} */
    const styles = [...stylesOf(this.colouring), ...(field.leftOut.length > 0 ? [/** @type {const} */ ("left")] : [])];
    this.#showLegend(styles.map((style) => [style, wordsOf(style, this.colouring, measurements, field)]));
  }

  /** Called at every reading: the samples are drawn again only where the legend says something else. @param {[style: Style, words: string][]} entries */
  #showLegend(entries) {
    const shown = entries.join("\n");
    if (this.#shownLegend === shown) return;
    this.#shownLegend = shown;
    this.#legend.replaceChildren(...entries.map(([style, words]) => make("span", {}, sampleOf(style), words)));
  }
}

/** Gives a list these options, if it has others. @param {HTMLSelectElement} list @param {[value: string, text: string][]} options */
function fill(list, options) {
  const isSame = list.options.length === options.length && options.every(([value, text], index) =>
    list.options[index].value === value && list.options[index].text === text);
  if (!isSame) list.replaceChildren(...options.map(([value, text]) => make("option", { value }, text)));
}

/** @param {"risk" | "plain"} colouring @returns {[string, string]} */
function inWords(colouring) {
  return [colouring, t(`field.by-${colouring}`)];
}

/** A piece of the line that a class is drawn with. @param {Style} style */
function sampleOf(style) {
  const canvas = make("canvas", { width: "64", height: "24", "aria-hidden": "true" });
  const context = canvas.getContext("2d");
  if (!context) return canvas;
  const { colour, width, dash } = STYLES[style];
  context.scale(2, 2);
  context.strokeStyle = colour;
  context.lineWidth = width;
  context.setLineDash(dash);
  context.moveTo(2, 6);
  context.lineTo(30, 6);
  context.stroke();
  return canvas;
}
