/**
 * The table of cells. Only the rows in view, and a few about them, are in the document, so that
 * ten thousand cells scroll as ten do. To a screen reader it is a list box whose options are the
 * rows; the heads of the columns are buttons that sort it.
 */

import { find, fromTemplate, make, oncePerFrame } from "../elements/dom.js";
import { CELL_SIDE } from "../cell/cell-picture.js";
import { featureName, listing, onLanguage, percent, t } from "../language/language.js";
import { showRisk } from "../decisions/risk-badge.js";
import { formatOf } from "../session/session.js";

/** @import { Call, Decision } from "../decisions/decision.js" */
/** @import { Cell, Session } from "../session/session.js" */
/** @import { View } from "./sorting.js" */

/** Rows kept above and below those in view. */
const SPARE_ROWS = 6;

export class CellTable {
  #session;
  #onSort;
  #scroller = find("#table", HTMLElement);
  #head = find("#columns", HTMLElement);
  #body = find("#rows", HTMLOListElement);
  /** @type {Cell[]} */
  #cells = [];
  /** @type {Map<Cell, Row>} */
  #rows = new Map();
  /** @type {View | null} */
  #view = null;
  /** @type {string[]} */
  #features = [];
  #draw = oncePerFrame(() => this.#drawNow());

  /**
   * @param {Session} session
   * @param {object} options
   * @param {(sort: string) => void} options.onSort a column's head was pressed
   * @param {(cell: Cell) => void} options.onOpen a cell is to be looked at
   */
  constructor(session, { onSort, onOpen }) {
    this.#session = session;
    this.#onSort = onSort;
    this.#scroller.addEventListener("scroll", this.#draw, { passive: true });
    new ResizeObserver(this.#draw).observe(this.#scroller);
    this.#body.addEventListener("keydown", (event) => this.#onKey(event, onOpen));
    this.#body.addEventListener("click", (event) => {
      const id = /** @type {Element} */ (event.target).closest("li")?.dataset.cell;
      const cell = this.#cells.find((one) => String(one.id) === id);
      if (cell) {
        session.select(cell);
        onOpen(cell);
      }
    });
    onLanguage(() => this.#startAnew());
    this.#startAnew();
  }

  /** The cells in the order shown. */
  get cells() {
    return this.#cells;
  }

  /** Shows these cells, in this order. @param {Cell[]} cells @param {View} view that they were arranged by */
  show(cells, view) {
    this.#cells = cells;
    this.#view = view;
    const features = this.#session.model?.features ?? this.#firstKnownFeatures();
    if (features.join("\n") !== this.#features.join("\n")) {
      this.#features = features;
      this.#startAnew();
    }
    this.#markSorted();
    this.#draw();
  }

  /** Another cell is selected. */
  showSelection() {
    this.#draw();
  }

  /** Moves the selection by so many rows. @param {number} by */
  step(by) {
    const at = this.#session.selected ? this.#cells.indexOf(this.#session.selected) : -1;
    const to = Math.min(Math.max(at + by, 0), this.#cells.length - 1);
    if (this.#cells[to]) this.#select(this.#cells[to]);
  }

  focus() {
    this.#body.focus({ preventScroll: true });
  }

  /** @param {Cell} cell */
  #select(cell) {
    this.#session.select(cell);
    this.reveal(cell);
  }

  /** Scrolls a cell's row into view. @param {Cell} cell */
  reveal(cell) {
    const index = this.#cells.indexOf(cell);
    if (index < 0) return;
    const height = this.#rowHeight();
    const top = index * height;
    this.#body.style.height = `${this.#cells.length * height}px`;
    const room = this.#scroller.clientHeight - this.#head.offsetHeight;
    if (top < this.#scroller.scrollTop) this.#scroller.scrollTop = top;
    else if (top + height > this.#scroller.scrollTop + room) this.#scroller.scrollTop = top + height - room;
    this.#draw();
  }

  /** @param {KeyboardEvent} event @param {(cell: Cell) => void} onOpen */
  #onKey(event, onOpen) {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const page = Math.max(1, Math.floor(this.#scroller.clientHeight / this.#rowHeight()) - 2);
    const steps = /** @type {Record<string, number>} */ ({
      ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity,
    });
    if (event.key in steps) this.step(steps[event.key]);
    else if (event.key === "Enter" && this.#session.selected) onOpen(this.#session.selected);
    else return;
    event.preventDefault();
  }

  #drawNow() {
    const height = this.#rowHeight();
    this.#body.style.height = `${this.#cells.length * height}px`;
    const room = this.#scroller.clientHeight - this.#head.offsetHeight;
    // Some browsers scroll beyond the top for a moment.
    const firstInView = Math.max(0, Math.floor(this.#scroller.scrollTop / height));
    const endOfView = firstInView + Math.ceil(Math.max(0, room) / height) + 1;
    const first = Math.max(0, firstInView - SPARE_ROWS);
    const wanted = new Map(this.#cells.slice(first, endOfView + SPARE_ROWS).map((cell, index) => [cell, first + index]));
    for (const [cell, row] of this.#rows) {
      if (wanted.has(cell)) continue;
      row.remove();
      this.#rows.delete(cell);
    }
    // To make rows takes long: where some in view are missing, those about them wait for the next frame.
    const isMissing = this.#cells.slice(firstInView, endOfView).some((cell) => !this.#rows.has(cell));
    if (isMissing) this.#draw();
    /** @type {Element | null} */
    let before = null;
    for (const [cell, index] of wanted) {
      const isInView = index >= firstInView && index < endOfView;
      if (isMissing && !isInView && !this.#rows.has(cell)) continue;
      const row = this.#rows.get(cell) ?? this.#newRow(cell);
      // Who reads the document in its order reads the rows as they are shown.
      if (row.element.previousElementSibling !== before || !row.element.parentElement) {
        this.#body.insertBefore(row.element, before ? before.nextSibling : this.#body.firstChild);
      }
      before = row.element;
      row.place(index, this.#cells.length, index * height);
      row.show(this.#session.decisionOf(cell), this.#features, cell === this.#session.selected);
    }
    const active = this.#session.selected && this.#rows.get(this.#session.selected);
    if (active) this.#body.setAttribute("aria-activedescendant", active.element.id);
    else this.#body.removeAttribute("aria-activedescendant");
  }

  /** @param {Cell} cell */
  #newRow(cell) {
    const row = new Row(cell);
    this.#rows.set(cell, row);
    return row;
  }

  /** The texts or the columns are others. */
  #startAnew() {
    for (const row of this.#rows.values()) row.remove();
    this.#rows.clear();
    this.#scroller.style.setProperty("--features", String(this.#features.length));
    const column = (/** @type {string} */ sort, /** @type {string} */ label, /** @type {string} */ kind) => {
      const button = make("button", { type: "button", "data-sort": sort }, make("span", {}, label));
      button.addEventListener("click", () => this.#onSort(sort));
      return make("span", { class: kind }, button);
    };
    this.#head.replaceChildren(
      make("span"),
      column("name", t("table.name"), "column-name"),
      column("risk", t("table.risk"), "column-risk"),
      ...this.#features.map((name) => column(`feature:${name}`, featureName(name), "column-feature")),
    );
    this.#markSorted();
    this.#draw();
  }

  #markSorted() {
    for (const button of this.#head.querySelectorAll("button")) {
      const sorted = button.dataset.sort === this.#view?.sort;
      const direction = sorted ? (this.#view?.descending ? "descending" : "ascending") : "none";
      button.dataset.direction = direction;
      button.title = t("sort.by", { what: button.textContent ?? "" });
      button.setAttribute("aria-pressed", String(sorted));
    }
  }

  #firstKnownFeatures() {
    return this.#cells.map((cell) => this.#session.modelOf(cell)).find((model) => model)?.features ?? [];
  }

  /** In pixels, as the stylesheet has it. */
  #rowHeight() {
    const rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
    return rem * parseFloat(getComputedStyle(this.#scroller).getPropertyValue("--row"));
  }
}

/** One cell's row. What it shows last is kept, so that it is written only when it changes. */
class Row {
  element = fromTemplate("#row");
  #cell;
  #picture = find(".picture", HTMLElement, this.element);
  #message = find(".message", HTMLElement, this.element);
  #address = "";
  #shownPicture = /** @type {Blob | null} */ (null);
  #shown = { state: "", decision: /** @type {Decision | null} */ (null), failure: "" };

  /** @param {Cell} cell */
  constructor(cell) {
    this.#cell = cell;
    this.element.id = `cell-${cell.id}`;
    this.element.dataset.cell = String(cell.id);
    const name = find(".name", HTMLElement, this.element);
    name.textContent = cell.name;
    name.title = cell.name;
    find(".format", HTMLElement, this.element).textContent = formatOf(cell.name);
    if (cell.synthetic) {
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

  /** @param {Decision | null} decision @param {string[]} features @param {boolean} selected */
  show(decision, features, selected) {
    this.element.setAttribute("aria-selected", String(selected));
    if (this.#cell.picture !== this.#shownPicture) this.#showPicture(this.#cell.picture);
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

  /** Where the browser knows its format; elsewhere the format's name stays. @param {Blob | null} picture */
  #showPicture(picture) {
    this.#shownPicture = picture;
    URL.revokeObjectURL(this.#address);
    if (!picture) return;
    this.#address = URL.createObjectURL(picture);
    const image = make("img", { alt: "", decoding: "async" });
    image.addEventListener("load", () => {
      // The study's cell images are mostly margin: nearer, a nucleus can be told from the next.
      image.className = image.naturalWidth === CELL_SIDE && image.naturalHeight === CELL_SIDE ? "near" : "";
      this.#picture.replaceChildren(image);
    });
    image.src = this.#address;
  }
}

/** @param {Cell} cell @param {Decision | null} decision */
function messageFor(cell, decision) {
  if (cell.state === "failed") return cell.failure || t("state.failed");
  if (cell.state !== "done" || !decision) return t(`state.${cell.state}`);
  const present = decision.calls.filter((call) => call.present).map((call) => featureName(call.name));
  return present.length > 0 ? listing(present) : t("cell.nothing-present");
}

/** What is said of a feature, in its column. @param {Call | undefined} call */
function markFor(call) {
  if (!call) return make("span", { class: "no-feature" });
  const mark = make("span", { class: "mark", role: "img", "aria-label": `${featureName(call.name)}: ${inWords(call)}` });
  for (const [name, value] of Object.entries({
    feature: call.name, probability: call.probability, threshold: call.threshold,
    present: call.present, unsure: call.unsure && call.human === null, human: call.human ?? "",
  })) mark.dataset[name] = String(value);
  mark.style.setProperty("--probability", String(call.probability));
  mark.append(percent(call.probability, call.threshold).replace(/\s?%$/, ""));
  return mark;
}

/** @param {Call} call */
function inWords(call) {
  const said = t(call.present ? "call.present" : "call.absent");
  const by = call.human !== null ? `, ${t("call.by-person")}` : call.unsure ? `, ${t("call.unsure")}` : "";
  return `${said}, ${percent(call.probability, call.threshold)}${by}`;
}
