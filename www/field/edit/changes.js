/** A person's changes of the nuclei of fields. Each change of a field can be taken back and done again. */

import { History } from "./history.js";

/** @import { Cell, Contour, Source } from "../../session/cell.js" */
/** @import { Session } from "../../session/session.js" */

export class Changes {
  #session;
  #onChanged;
  /** The changes of each field, and its cells after the latest one. @type {WeakMap<Source, {history: History, cells: Cell[]}>} */
  #fields = new WeakMap();

  /** @param {Session} session @param {(cells: Cell[]) => void} onChanged these cells are new, or here again */
  constructor(session, onChanged) {
    this.#session = session;
    this.#onChanged = onChanged;
  }

  /** The changes of a field; none while its cells are others than the latest change left, such as after a removal. @param {Source} field */
  historyOf(field) {
    const known = this.#fields.get(field);
    const cells = this.#cellsOf(field);
    if (known && known.cells.length === cells.length && cells.every((cell, index) => cell === known.cells[index])) return known.history;
    return new History();
  }

  /**
   * Puts nuclei in the place of others of a field.
   *
   * @param {Source} field
   * @param {Cell[]} removed
   * @param {Cell[]} added
   * @param {Contour[]} [leftOut] the field's other objects from now on; by default those that there are
   */
  exchange(field, removed, added, leftOut = field.leftOut) {
    const { leftOut: leftOutBefore } = field;
    const before = this.#cellsOf(field);
    const others = before.filter((cell) => !removed.includes(cell));
    const first = before.findIndex((cell) => removed.includes(cell));
    const after = others.toSpliced(first < 0 ? others.length : first, 0, ...added);
    // A source goes with its last cell, but this field is still being worked on.
    if (after.length === 0) after.push(this.#session.newNucleus(field, null, null));
    const history = this.historyOf(field);
    const step = (/** @type {Cell[]} */ from, /** @type {Cell[]} */ to, /** @type {Contour[]} */ left) => () => {
      this.#fields.set(field, { history, cells: to });
      this.#put(field, from, to, left);
    };
    history.do({ redo: step(before, after, leftOut), undo: step(after, before, leftOutBefore) });
  }

  /** A person has found the outline of a nucleus right. @param {Source} field @param {Cell} nucleus */
  confirm(field, nucleus) {
    const history = this.historyOf(field);
    this.#fields.set(field, { history, cells: this.#cellsOf(field) });
    const step = (/** @type {boolean} */ isConfirmed) => () => {
      this.#session.confirm(nucleus, isConfirmed);
      this.#session.select(nucleus);
    };
    history.do({ redo: step(true), undo: step(false) });
  }

  /** @param {Source} field @param {Cell[]} before @param {Cell[]} after @param {Contour[]} leftOut */
  #put(field, before, after, leftOut) {
    const fresh = after.filter((cell) => !before.includes(cell));
    this.#session.exchange(field, after, fresh[0] ?? null, leftOut);
    this.#onChanged(fresh.filter(({ contour }) => contour));
  }

  /** @param {Source} field */
  #cellsOf(field) {
    return this.#session.cells.filter(({ source }) => source === field);
  }
}
