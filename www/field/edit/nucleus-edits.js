/**
 * The nuclei of the field on show, as a person changes them: added, changed, merged, deleted, and each
 * change taken back. It knows no tools and no page.
 */

import { boxOf } from "../contour-index.js";
import { Changes } from "./changes.js";

/** @import { Geometry } from "../../pkg/index.js" */
/** @import { Cell, Contour, Origin, Source } from "../../session/cell.js" */
/** @import { Session } from "../../session/session.js" */
/** @import { Point } from "../view.js" */

export class NucleusEdits {
  /** Those that are marked to be merged or deleted, beside the selected one. @type {Set<Cell>} */
  marked = new Set();

  #session;
  #geometry;
  #field;
  #changes;

  /**
   * @param {Session} session
   * @param {object} options
   * @param {Geometry} options.geometry
   * @param {() => Source | null} options.field the one on show
   * @param {(cells: Cell[]) => void} options.onChanged these cells are new, or here again
   */
  constructor(session, { geometry, field, onChanged }) {
    this.#session = session;
    this.#geometry = geometry;
    this.#field = field;
    this.#changes = new Changes(session, onChanged);
    session.listen((change) => {
      if (change === "cells") this.#forgetGone();
    });
  }

  /** The selected nucleus, if it is in the field on show. */
  get selected() {
    const { selected } = this.#session;
    return selected && selected.contour && selected.source === this.#field() ? selected : null;
  }

  /** The selected nucleus with the marked ones. */
  get chosen() {
    const { selected } = this;
    return [...new Set([...(selected ? [selected] : []), ...this.marked])].filter(({ contour }) => contour);
  }

  /** The changes of the field on show. */
  get history() {
    const field = this.#field();
    return field && this.#changes.historyOf(field);
  }

  /** Marks a nucleus to be merged or deleted with the selected one, or takes the mark away. @param {Cell} nucleus */
  mark(nucleus) {
    if (!this.marked.delete(nucleus)) this.marked.add(nucleus);
  }

  /**
   * Adds a nucleus, the first in the place of the cell that stands for the whole field.
   *
   * @param {Contour} contour
   * @param {Origin} origin of the contour
   * @param {Contour[]} [leftOut] the objects that are left out from now on
   */
  add(contour, origin, leftOut) {
    const field = this.#field();
    if (!field) return;
    const bare = this.#session.cells.filter((cell) => cell.source === field && cell.contour === null);
    this.#exchange(field, bare, [this.#session.newNucleus(field, contour, origin)], leftOut);
  }

  /** Takes an object that was left out for a nucleus. @param {Contour} contour */
  bringIn(contour) {
    this.add(contour, "found", this.#field()?.leftOut.filter((other) => other !== contour));
  }

  /** Takes the left-out object that is nearest to a place for a nucleus. @param {Point} place of the field */
  bringInNearest([x, y]) {
    const distance = (/** @type {Contour} */ contour) => {
      const { left, top, right, bottom } = boxOf(contour);
      return Math.hypot((left + right) / 2 - x, (top + bottom) / 2 - y);
    };
    const objects = [...(this.#field()?.leftOut ?? [])].sort((one, other) => distance(one) - distance(other));
    if (objects.length > 0) this.bringIn(objects[0]);
  }

  /** Gives the selected nucleus another contour. @param {Contour[]} contours the first is its own; without any it goes */
  change(contours) {
    const { selected } = this;
    if (!selected) return;
    // A piece of a nucleus is another nucleus.
    const changed = contours.map((contour, index) =>
      index === 0 ? this.#edited(selected, contour) : this.#session.newNucleus(selected.source, contour, "drawn"));
    this.#exchange(selected.source, [selected], changed);
  }

  /** Makes one nucleus of those that are chosen. @returns {"mark-first" | "apart" | null} the reason why it cannot */
  merge() {
    const [first, ...others] = this.chosen;
    if (!first || first !== this.selected || others.length === 0) return "mark-first";
    let contour = /** @type {Contour} */ (first.contour);
    let left = others;
    // A nucleus may touch the others only by way of a third one.
    for (let before = -1; left.length !== before;) {
      before = left.length;
      left = left.filter((other) => {
        const united = this.#geometry.unite(contour, /** @type {Contour} */ (other.contour));
        if (united) contour = united;
        return united === null;
      });
    }
    if (left.length > 0) return "apart";
    this.#exchange(first.source, [first, ...others], [this.#edited(first, contour)]);
    return null;
  }

  /** A person finds the outline of a nucleus right. @param {Cell} nucleus */
  confirm(nucleus) {
    this.#changes.confirm(nucleus.source, nucleus);
  }

  /** @param {Cell[]} nuclei of one field */
  delete(nuclei) {
    if (nuclei.length > 0) this.#exchange(nuclei[0].source, nuclei, []);
  }

  /** A nucleus with another contour: a person's answers stay with it. @param {Cell} nucleus @param {Contour} contour @returns {Cell} */
  #edited({ source, origin, corrections }, contour) {
    return { ...this.#session.newNucleus(source, contour, origin), isEdited: true, corrections: new Map(corrections) };
  }

  /** Puts nuclei in the place of others. @param {Source} field @param {Cell[]} removed @param {Cell[]} added @param {Contour[]} [leftOut] */
  #exchange(field, removed, added, leftOut) {
    this.marked.clear();
    this.#changes.exchange(field, removed, added, leftOut);
  }

  /** Cells that went otherwise cannot be marked any more. */
  #forgetGone() {
    for (const cell of this.marked) if (!this.#session.cells.includes(cell)) this.marked.delete(cell);
  }
}
