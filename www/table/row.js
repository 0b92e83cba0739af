/** One cell's row. It remembers the last state that it showed, and writes only changes. */

import { CELL_SIDE } from "../cell/cell-picture.js";
import { showRisk } from "../decisions/risk-badge.js";
import { find, make } from "../elements/dom.js";
import { featureName, listing, percent, t } from "../language/language.js";
import { formatOf } from "../session/cell.js";

/** @import { Call, Decision } from "../pkg/index.js" */
/** @import { Pictures } from "../reading/pictures.js" */
/** @import { Cell, Contour } from "../session/cell.js" */

export class Row {
  element;
  #cell;
  #pictures;
  #picture;
  #name;
  #message;
  #address = "";
  /** The bytes whose picture is on show. @type {Blob | null} */
  #shownBytes = null;
  #shown = { state: "", decision: /** @type {Decision | null} */ (null), failure: "" };

  /** @param {HTMLElement} element a fresh copy of the row's template @param {Cell} cell @param {Pictures} pictures of fields */
  constructor(element, cell, pictures) {
    this.element = element;
    this.#cell = cell;
    this.#pictures = pictures;
    this.#picture = find(".picture", HTMLElement, element);
    this.#name = find(".name", HTMLElement, element);
    this.#message = find(".message", HTMLElement, element);
    this.element.id = `cell-${cell.id}`;
    this.element.dataset.cell = String(cell.id);
    find(".format", HTMLElement, this.element).textContent = formatOf(cell.source.name);
    if (cell.source.synthetic) {
      this.element.dataset.synthetic = "";
      find(".facts", HTMLElement, this.element).textContent = t("cell.synthetic");
    }
  }

  /** @param {number} index @param {number} count of all rows @param {number} top in pixels */
  place(index, count, top) {
    this.element.setAttribute("aria-posinset", String(index + 1));
    this.element.setAttribute("aria-setsize", String(count));
    this.element.style.transform = `translateY(${top}px)`;
  }

  /** @param {string} name @param {Decision | null} decision @param {string[]} features @param {boolean} selected */
  show(name, decision, features, selected) {
    if (this.#name.textContent !== name) {
      this.#name.textContent = name;
      this.#name.title = name;
    }
    this.element.setAttribute("aria-selected", String(selected));
    const { bytes } = this.#cell.source;
    if (bytes !== this.#shownBytes) this.#showPicture(bytes);
    const { state, failure } = this.#cell;
    if (state === this.#shown.state && decision === this.#shown.decision && failure === this.#shown.failure) return;
    this.#shown = { state, decision, failure };
    this.element.dataset.state = state;
    this.#message.textContent = messageFor(this.#cell, decision);
    this.#message.title = state === "failed" ? failure : "";
    showRisk(find(".risk", HTMLElement, this.element), decision?.risk ?? null);
    const notice = find(".notice-mark", HTMLElement, this.element);
    notice.hidden = !(decision && this.#cell.reading?.notice);
    notice.title = this.#cell.reading?.notice ?? "";
    notice.ariaLabel = notice.title;
    for (const old of this.element.querySelectorAll("[data-feature], .no-feature")) old.remove();
    const calls = new Map(decision?.calls.map((call) => [call.name, call]));
    this.element.append(...features.map((name) => markFor(calls.get(name))));
  }

  remove() {
    URL.revokeObjectURL(this.#address);
    this.element.remove();
  }

  /** Shows the picture if the browser knows its format; else the name of the format stays. @param {Blob | null} bytes */
  #showPicture(bytes) {
    this.#shownBytes = bytes;
    URL.revokeObjectURL(this.#address);
    if (!bytes) return;
    const { contour } = this.#cell;
    if (contour) return void this.#showNucleus(bytes, contour);
    this.#address = URL.createObjectURL(bytes);
    const image = make("img", { alt: "", decoding: "async" });
    image.addEventListener("load", () => {
      // The study's cell images are mostly margin: enlarged, one nucleus looks different from the next.
      image.className = image.naturalWidth === CELL_SIDE && image.naturalHeight === CELL_SIDE ? "near" : "";
      this.#picture.replaceChildren(image);
    });
    image.src = this.#address;
  }

  /** Shows a nucleus of a field; the name of the format stays where the field cannot be read. @param {Blob} bytes @param {Contour} contour */
  async #showNucleus(bytes, contour) {
    const parts = await Promise.all([this.#pictures.of(bytes), import("../field/nucleus-picture.js")]).catch(() => null);
    if (!parts || bytes !== this.#shownBytes) return;
    const [field, { nucleusPicture }] = parts;
    this.#picture.replaceChildren(nucleusPicture(field, contour));
  }
}

/** @param {Cell} cell @param {Decision | null} decision */
function messageFor(cell, decision) {
  if (cell.state === "failed") return cell.failure || t("state.failed");
  if (cell.state !== "done" || !decision) return t(`state.${cell.state}`);
  const present = decision.calls.filter((call) => call.present).map((call) => featureName(call.name));
  return present.length > 0 ? listing(present) : t("cell.nothing-present");
}

/** The mark of a call, in the column of its feature. @param {Call | undefined} call */
function markFor(call) {
  if (!call) return make("span", { class: "no-feature" });
  const mark = make("span", { class: "mark", role: "img", "aria-label": `${featureName(call.name)}: ${inWords(call)}` });
  for (const [name, value] of Object.entries({
    feature: call.name, probability: call.probability, threshold: call.threshold,
    present: call.present, unsure: call.unsure && call.answer === null, human: call.answer ?? "",
  })) mark.dataset[name] = String(value);
  mark.style.setProperty("--probability", String(call.probability));
  mark.append(percent(call.probability, call.threshold).replace(/\s?%$/, ""));
  return mark;
}

/** @param {Call} call */
function inWords(call) {
  const said = t(call.present ? "call.present" : "call.absent");
  const by = call.answer !== null ? `, ${t("call.by-person")}` : call.unsure ? `, ${t("call.unsure")}` : "";
  return `${said}, ${percent(call.probability, call.threshold)}${by}`;
}
