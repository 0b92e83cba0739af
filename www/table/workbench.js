/**
 * The table and the selected cell together: shows the session in them, walks from cell to cell, and
 * in a narrow window lets the cell cover the table.
 */

import { digitOf, nowAndThen, oncePerFrame } from "../elements/dom.js";
import { onLanguage, t } from "../language/language.js";
import { canRetry } from "../session/cell.js";
import { arrange } from "./sorting.js";

/** @import { Detail } from "../cell/detail.js" */
/** @import { PageElements } from "../elements/page-elements.js" */
/** @import { Measurements } from "../reading/measurements.js" */
/** @import { Cell } from "../session/cell.js" */
/** @import { Session } from "../session/session.js" */
/** @import { CellTable } from "./cell-table.js" */
/** @import { Filters } from "./filters.js" */

/** Where the stylesheet lets the cell cover the table. */
const NARROW = "not all and (min-width: 64rem)";

export class Workbench {
  #elements;
  #session;
  #filters;
  #table;
  #detail;
  #measurements;
  #detailName;
  #narrow = matchMedia(NARROW);
  #showSoon = oncePerFrame(() => this.show());

  /**
   * @param {PageElements} elements
   * @param {Session} session
   * @param {{filters: Filters, table: CellTable, detail: Detail, measurements: Measurements}} parts
   */
  constructor({ workbench, detail: { panel, name, close }, table: { body } }, session, { filters, table, detail, measurements }) {
    this.#elements = workbench;
    this.#session = session;
    this.#filters = filters;
    this.#table = table;
    this.#detail = detail;
    this.#measurements = measurements;
    this.#detailName = name;
    const showReading = nowAndThen(() => this.show());
    const showSelection = oncePerFrame(() => {
      this.#showSelection();
      // It may have been chosen elsewhere, such as in a field.
      if (session.selected) table.reveal(session.selected);
    });
    session.listen((change) => {
      if (change === "selection") showSelection();
      else if (change === "reading") showReading();
      else this.#showSoon();
    });
    measurements.listen(this.#showSoon);
    onLanguage(this.#showSoon);
    close.addEventListener("click", () => this.#closeDetail());
    this.#narrow.addEventListener("change", () => this.#coverRest());
    for (const place of [body, panel]) this.listenForKeys(place);
  }

  /** Takes the keys for the selected cell in this place too. @param {HTMLElement} place where nobody types */
  listenForKeys(place) {
    place.addEventListener("keydown", (event) => this.#onKey(event));
  }

  /** Shows the session as it is now. */
  show() {
    const { page, results, noMatch, tally, retryAll } = this.#elements;
    const { cells, model } = this.#session;
    page.dataset.working = String(cells.length > 0);
    results.hidden = cells.length === 0;
    this.#filters.offer(model?.features ?? [], this.#measurements.kinds.map(({ name }) => name), (model?.riskRule ?? null) !== null);
    const { view } = this.#filters;
    const shown = arrange(this.#session, view, this.#measurements);
    this.#table.show(shown, view);
    this.#showSelection();
    noMatch.hidden = shown.length > 0;
    tally.textContent = tallyOf(cells, shown.length);
    retryAll.hidden = !cells.some(canRetry);
  }

  /** Shows the session before the next paint. */
  showSoon() {
    this.#showSoon();
  }

  /** Opens the selected cell: in a narrow window over the table; in a wide window it is always beside it. */
  openDetail() {
    this.#elements.page.dataset.detail = "open";
    this.#coverRest();
    if (this.#narrow.matches) this.#detailName.focus();
  }

  #showSelection() {
    const { selected } = this.#session;
    const { cells } = this.#table;
    this.#table.showSelection();
    this.#detail.showPosition(selected ? cells.indexOf(selected) : -1, cells.length);
    if (!selected && this.#elements.page.dataset.detail) this.#closeDetail();
  }

  #closeDetail() {
    delete this.#elements.page.dataset.detail;
    this.#coverRest();
    this.#table.focus();
  }

  /** Keeps the keyboard out of the parts that the cell covers. */
  #coverRest() {
    const isCovered = this.#narrow.matches && this.#elements.page.dataset.detail === "open";
    for (const part of this.#elements.covered) part.inert = isCovered;
  }

  /** Single keys act only in the table and in the cell, where nobody types. @param {KeyboardEvent} event */
  #onKey(event) {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const digit = digitOf(event);
    if (digit !== null) this.#detail.correct(digit - 1);
    else if (event.key === "Escape" && this.#elements.page.dataset.detail) this.#closeDetail();
    else return;
    event.preventDefault();
  }
}

/** How many cells are read, failed and shown, in words. @param {Cell[]} cells @param {number} shown */
function tallyOf(cells, shown) {
  const count = (/** @type {Cell["state"]} */ state) => cells.reduce((sum, cell) => sum + Number(cell.state === state), 0);
  const [done, failed] = [count("done"), count("failed")];
  const parts = [t("tally.read", { done, total: cells.length })];
  if (failed > 0) parts.push(t("tally.failed", { count: failed }));
  if (shown < cells.length) parts.push(t("tally.shown", { count: shown }));
  return parts.join(", ");
}
