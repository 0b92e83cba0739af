/**
 * The table of cells. The document holds only the rows in view and a few about them, so that ten
 * thousand cells scroll as ten do. To a screen reader the table is a list box whose options are
 * the rows. The heads of the columns are buttons that sort it.
 */

import { copyOf, make, oncePerFrame } from "../elements/dom.js";
import { featureName, onLanguage, t } from "../language/language.js";
import { Row } from "./row.js";

/** @import { PageElements } from "../elements/page-elements.js" */
/** @import { Pictures } from "../reading/pictures.js" */
/** @import { Cell } from "../session/cell.js" */
/** @import { Session } from "../session/session.js" */
/** @import { View } from "./sorting.js" */

/** Rows kept above and below those in view. */
const SPARE_ROWS = 6;

export class CellTable {
  #session;
  #pictures;
  #onSort;
  #scroller;
  #head;
  #body;
  #template;
  /** @type {Cell[]} */
  #cells = [];
  /** @type {Map<Cell, Row>} */
  #rows = new Map();
  /** @type {View | null} */
  #view = null;
  /** The view whose order the heads of the columns show. @type {View | null} */
  #markedView = null;
  /** @type {string[]} */
  #features = [];
  #draw = oncePerFrame(() => this.#drawNow());

  /**
   * @param {PageElements["table"]} elements
   * @param {Session} session
   * @param {Pictures} pictures
   * @param {object} options
   * @param {(sort: string) => void} options.onSort a column's head was pressed
   * @param {(cell: Cell) => void} options.onOpen a person wants to look at a cell
   */
  constructor({ scroller, head, body, row }, session, pictures, { onSort, onOpen }) {
    this.#scroller = scroller;
    this.#head = head;
    this.#body = body;
    this.#template = row;
    this.#session = session;
    this.#pictures = pictures;
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

  /** Shows these cells, in this order. @param {Cell[]} cells @param {View} view that gave the order */
  show(cells, view) {
    this.#cells = cells;
    this.#view = view;
    const features = this.#session.model?.features ?? this.#firstKnownFeatures();
    if (features.join("\n") !== this.#features.join("\n")) {
      this.#features = features;
      this.#startAnew();
    }
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
    if (this.#markedView !== this.#view) this.#markSorted();
    const height = this.#rowHeight();
    this.#body.style.height = `${this.#cells.length * height}px`;
    const room = this.#scroller.clientHeight - this.#head.offsetHeight;
    // Some browsers scroll past the top for a moment.
    const firstInView = Math.max(0, Math.floor(this.#scroller.scrollTop / height));
    const endOfView = firstInView + Math.ceil(Math.max(0, room) / height) + 1;
    const first = Math.max(0, firstInView - SPARE_ROWS);
    const wanted = new Map(this.#cells.slice(first, endOfView + SPARE_ROWS).map((cell, index) => [cell, first + index]));
    for (const [cell, row] of this.#rows) {
      if (wanted.has(cell)) continue;
      row.remove();
      this.#rows.delete(cell);
    }
    // Making rows is slow: if rows in view are missing, the spare rows wait for the next frame.
    const isMissing = this.#cells.slice(firstInView, endOfView).some((cell) => !this.#rows.has(cell));
    if (isMissing) this.#draw();
    /** @type {Element | null} */
    let before = null;
    for (const [cell, index] of wanted) {
      const isInView = index >= firstInView && index < endOfView;
      if (isMissing && !isInView && !this.#rows.has(cell)) continue;
      const row = this.#rows.get(cell) ?? this.#newRow(cell);
      // Screen readers follow the order of the document, so it must be the order on show.
      if (row.element.previousElementSibling !== before || !row.element.parentElement) {
        this.#body.insertBefore(row.element, before ? before.nextSibling : this.#body.firstChild);
      }
      before = row.element;
      row.place(index, this.#cells.length, index * height);
      row.show(this.#session.nameOf(cell), this.#session.decisionOf(cell), this.#features, cell === this.#session.selected);
    }
    const active = this.#session.selected && this.#rows.get(this.#session.selected);
    if (active) this.#body.setAttribute("aria-activedescendant", active.element.id);
    else this.#body.removeAttribute("aria-activedescendant");
  }

  /** @param {Cell} cell */
  #newRow(cell) {
    const row = new Row(copyOf(this.#template), cell, this.#pictures);
    this.#rows.set(cell, row);
    return row;
  }

  /** Makes rows and columns again, in another language or for other features. */
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

  /** Marks the head of the column that the rows are sorted by. */
  #markSorted() {
    this.#markedView = this.#view;
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

  /** In pixels, from the stylesheet. */
  #rowHeight() {
    const rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
    return rem * parseFloat(getComputedStyle(this.#scroller).getPropertyValue("--row"));
  }
}
