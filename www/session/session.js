/**
 * The work of a person: sources and their cells, the readings of models, the person's corrections,
 * and the thresholds in force. It holds no DOM; everything that shows or stores a session listens to
 * it.
 */

import { guessSlide } from "./slide.js";

/** @import { Decide, Decision } from "../pkg/index.js" */
/** @import { Cell, Contour, Model, Origin, Source } from "./cell.js" */

/**
 * A file that is to be added, and in a field the contours of its nuclei as another program gave them.
 *
 * @typedef {Pick<Source, "name" | "bytes"> & Partial<Pick<Source, "synthetic" | "kind" | "micrometresPerPixel">> & {contours?: Contour[] | null}} NewSource
 */

/** A cell of an earlier session; cells of one source share its object. @typedef {Omit<Cell, "id" | "source"> & {source: Omit<Source, "id">}} EarlierCell */

/**
 * A change: cells came or went, reading has come further, a person corrected a cell or confirmed its outline,
 * named a slide or told the scale of a field, thresholds moved, another model or another cell was chosen.
 *
 * @typedef {"cells" | "reading" | "correction" | "confirmation" | "slide" | "scale" | "thresholds" | "model" | "selection"} Change
 */

export class Session {
  /** @type {Cell[]} */
  cells = [];
  /** Every model that was here, by its id. @type {Map<string, Model>} */
  models = new Map();
  /** Thresholds of a person's own, by feature. @type {Map<string, number>} */
  moved = new Map();
  /** The model that reads now; null while the first one loads. @type {Model | null} */
  model = null;
  /** @type {Cell | null} */
  selected = null;
  /** Whether something is in no saved file. */
  unsaved = false;

  #nextId = 1;
  /** @type {((change: Change) => void)[]} */
  #listeners = [];
  /** The program's rule of calls and risk; null while the program loads. @type {Decide | null} */
  #decide = null;
  /** Decisions that still hold. @type {WeakMap<Cell, Decision>} */
  #decisions = new WeakMap();
  /** The numbers of cells in their fields, until cells come or go. @type {Map<Cell, number> | null} */
  #numbers = null;

  /** @param {(change: Change) => void} listener */
  listen(listener) {
    this.#listeners.push(listener);
  }

  /** The sources that have a cell here: a source goes with its last cell. */
  get sources() {
    return [...new Set(this.cells.map(({ source }) => source))];
  }

  /** New cells that wait to be read. @param {NewSource[]} files */
  add(files) {
    const added = files.flatMap(({ name, bytes, synthetic = null, kind, micrometresPerPixel = null, contours = null }) => {
      /** @type {Source} */
      const source = {
        id: this.#nextId++,
        name,
        bytes,
        sha256: null,
        kind: kind ?? (contours ? "field" : "cell-image"),
        isKindChosen: kind !== undefined,
        micrometresPerPixel,
        isScaleEstimated: false,
        slide: synthetic ? "" : guessSlide(name),
        leftOut: [],
        synthetic,
      };
      return contours ? this.#cellsOf(source, contours, "given") : [this.#newCell(source, null, null)];
    });
    this.cells.push(...added);
    this.#tell("cells");
    return added;
  }

  /**
   * Cells of an earlier session, as they were; a cell that was being read waits again.
   *
   * @param {EarlierCell[]} cells
   * @param {Model[]} models that read them
   * @param {Map<string, number>} moved
   */
  restore(cells, models, moved) {
    for (const model of models) this.models.set(model.id, model);
    this.moved = new Map([...this.moved, ...moved]);
    const sources = new Map(cells.map(({ source }) => [source, /** @type {Source | null} */ (null)]));
    const restored = cells.map((cell) => {
      const source = sources.get(cell.source) ?? { ...cell.source, id: this.#nextId++ };
      sources.set(cell.source, source);
      return { ...cell, source, id: this.#nextId++ };
    });
    for (const cell of restored) if (cell.state === "reading") cell.state = "waiting";
    this.cells.push(...restored);
    this.#decisions = new WeakMap();
    this.#tell("thresholds");
    this.#tell("cells");
    return restored;
  }

  /**
   * Takes a source for a field: cells with these contours take the place of the cells that it had.
   *
   * @param {Source} source
   * @param {Contour[]} contours without any, one cell stands for the field
   * @param {Origin} origin of the contours
   * @param {Contour[]} [leftOut] objects that are no nuclei to be read
   * @param {number[]} [probabilities] of found contours
   * @returns {Cell[]} the new cells, which wait to be read
   */
  outline(source, contours, origin, leftOut = [], probabilities = []) {
    source.leftOut = leftOut;
    const cells = this.#cellsOf(source, contours, origin);
    probabilities.forEach((probability, index) => Object.assign(cells[index], { probability }));
    this.replaceCells(source, "field", cells);
    return cells;
  }

  /**
   * Takes a source for the other kind because a person says so. Its cells give way to one.
   *
   * @param {Source} source
   * @returns {{cells: Cell[], undo: () => Cell[]}} the new cell, which waits to be read, and the way back to the cells before
   */
  switchKind(source) {
    const { kind, isKindChosen, leftOut } = source;
    const before = this.cells.filter((cell) => cell.source === source);
    const cells = [this.#newCell(source, null, null)];
    source.isKindChosen = true;
    source.leftOut = [];
    this.replaceCells(source, kind === "field" ? "cell-image" : "field", cells);
    const undo = () => {
      Object.assign(source, { isKindChosen, leftOut });
      for (const cell of before) if (cell.state === "reading") cell.state = "waiting";
      this.replaceCells(source, kind, before);
      return before;
    };
    return { cells, undo };
  }

  /**
   * A nucleus of a field that is not in the session yet, see {@link exchange}.
   *
   * @param {Source} field
   * @param {Contour | null} contour null stands for the whole field, none of whose nuclei is outlined
   * @param {Origin | null} origin of the contour
   */
  newNucleus(field, contour, origin) {
    return this.#newCell(field, contour, origin);
  }

  /**
   * A person has changed the nuclei of a field.
   *
   * @param {Source} field
   * @param {Cell[]} cells all of the field from now on: those that stay, and others of {@link newNucleus} or of earlier
   * @param {Cell | null} selected one of them
   * @param {Contour[]} leftOut its other objects
   */
  exchange(field, cells, selected, leftOut) {
    field.leftOut = leftOut;
    const here = new Set(this.cells);
    for (const cell of cells) if (!here.has(cell) && cell.state === "reading") cell.state = "waiting";
    this.unsaved = true;
    this.#putCells(field, cells);
    this.selected = selected;
    this.#tell("cells");
    this.#tell("selection");
  }

  /** Puts cells in the place of those that a source has. @param {Source} source @param {Source["kind"]} kind @param {Cell[]} cells */
  replaceCells(source, kind, cells) {
    source.kind = kind;
    this.#putCells(source, cells);
    const wasSelected = this.selected?.source === source;
    this.#tell("cells");
    if (wasSelected) this.select(cells[0] ?? null);
  }

  /** @param {Cell} cell */
  remove(cell) {
    const index = this.cells.indexOf(cell);
    if (index < 0) return;
    this.cells.splice(index, 1);
    if (this.selected === cell) this.selected = null;
    this.#tell("cells");
    this.#tell("selection");
  }

  /** Takes all cells away, and returns them for {@link putBack}. */
  clear() {
    const { cells, selected, unsaved } = this;
    this.cells = [];
    this.selected = null;
    this.unsaved = false;
    this.#tell("cells");
    this.#tell("selection");
    return { cells, selected, unsaved };
  }

  /** Puts cells back that were cleared, before any that came since. @param {ReturnType<Session["clear"]>} cleared */
  putBack({ cells, selected, unsaved }) {
    for (const cell of cells) if (cell.state === "reading") cell.state = "waiting";
    this.cells = [...cells, ...this.cells];
    this.unsaved ||= unsaved;
    this.#tell("cells");
    if (selected) this.select(selected);
  }

  /**
   * Changes facts of a cell.
   *
   * @param {Cell} cell
   * @param {Partial<Pick<Cell, "state" | "failure" | "reading">>} change
   */
  update(cell, change) {
    Object.assign(cell, change);
    this.#decisions.delete(cell);
    if (change.reading) this.unsaved = true;
    this.#tell("reading");
  }

  /**
   * Changes facts of a source, for all its cells.
   *
   * @param {Source} source
   * @param {Partial<Pick<Source, "bytes" | "sha256" | "micrometresPerPixel" | "leftOut">>} change
   */
  updateSource(source, change) {
    Object.assign(source, change);
    this.#tell("reading");
  }

  /** A person's name for the slide of these sources. @param {Source[]} sources @param {string} slide */
  nameSlide(sources, slide) {
    for (const source of sources) source.slide = slide;
    this.unsaved = true;
    this.#tell("slide");
  }

  /**
   * A person's word on the scale of a field.
   *
   * @param {Source} source
   * @param {number | null} micrometresPerPixel null takes it back
   * @param {boolean} [isScaleEstimated] by the size of red cells
   */
  setScale(source, micrometresPerPixel, isScaleEstimated = false) {
    Object.assign(source, { micrometresPerPixel, isScaleEstimated });
    this.unsaved = true;
    this.#tell("scale");
  }

  /** A person's call on a feature; null takes it back. @param {Cell} cell @param {string} feature @param {boolean | null} present */
  correct(cell, feature, present) {
    if (present === null) cell.corrections.delete(feature);
    else cell.corrections.set(feature, present);
    this.#decisions.delete(cell);
    this.unsaved = true;
    this.#tell("correction");
  }

  /** A person finds the outline of a nucleus right, or takes that back. @param {Cell} cell @param {boolean} isConfirmed */
  confirm(cell, isConfirmed) {
    cell.isConfirmed = isConfirmed;
    this.unsaved = true;
    this.#tell("confirmation");
  }

  /** @param {string} feature @param {number} threshold from 0 to 1 */
  moveThreshold(feature, threshold) {
    this.moved.set(feature, threshold);
    this.#decideAnew();
  }

  /** Back to the model's own. @param {string} [feature] all of them without it */
  resetThresholds(feature) {
    if (feature === undefined) this.moved.clear();
    else this.moved.delete(feature);
    this.#decideAnew();
  }

  /** @param {Model} model that reads from now on */
  useModel(model) {
    this.models.set(model.id, model);
    this.model = model;
    this.#tell("model");
  }

  /** @param {Cell | null} cell */
  select(cell) {
    if (this.selected === cell) return;
    this.selected = cell;
    this.#tell("selection");
  }

  /** Whether the program's rule is there: without it no cell has a call or a risk. */
  get hasRule() {
    return this.#decide !== null;
  }

  /** Decides by the program's rule from now on. @param {Decide} decide */
  useRule(decide) {
    this.#decide = decide;
    this.#decisions = new WeakMap();
    this.#tell("thresholds");
  }

  /**
   * The calls and the risk of a cell under the thresholds in force; null before it was read, and while
   * the program loads.
   *
   * @param {Cell} cell
   */
  decisionOf(cell) {
    const known = this.#decisions.get(cell);
    if (known) return known;
    const model = this.modelOf(cell);
    if (!cell.reading || !model || !this.#decide) return null;
    const { probabilities } = cell.reading;
    const [decision] = this.#decide(model, [{ probabilities, answers: cell.corrections }], this.moved);
    this.#decisions.set(cell, decision);
    return decision;
  }

  /**
   * The calls of the model in use on a picture that is no cell of the session; null while it loads.
   *
   * @param {number[]} probabilities
   */
  decisionOn(probabilities) {
    if (!this.#decide || !this.model) return null;
    return this.#decide(this.model, [{ probabilities }], this.moved)[0];
  }

  /** A nucleus' number in its field, from 1 in the order of the session; null for other cells. @param {Cell} cell */
  numberOf(cell) {
    if (cell.contour === null) return null;
    this.#numbers ??= this.#countCells();
    return this.#numbers.get(cell) ?? null;
  }

  /** The name of a cell: its file, and in a field its number. @param {Cell} cell */
  nameOf(cell) {
    const number = this.numberOf(cell);
    return number === null ? cell.source.name : `${cell.source.name} #${number}`;
  }

  /** The model that read a cell. @param {Cell} cell */
  modelOf(cell) {
    return cell.reading ? this.models.get(cell.reading.model) ?? null : null;
  }

  /** The models that have read a cell. */
  usedModels() {
    // Called at every writing: mostly the first cells name all models.
    const unused = new Set(this.models.keys());
    for (const { reading } of this.cells) {
      if (unused.size === 0) break;
      if (reading) unused.delete(reading.model);
    }
    return [...this.models.values()].filter(({ id }) => !unused.has(id));
  }

  /** Everything is in a saved file. */
  markSaved() {
    this.unsaved = false;
  }

  #decideAnew() {
    this.#decisions = new WeakMap();
    this.unsaved ||= this.cells.some((cell) => cell.reading);
    this.#tell("thresholds");
  }

  /** @param {Source} source @param {Contour | null} contour @param {Origin | null} origin @returns {Cell} */
  #newCell(source, contour, origin) {
    return {
      id: this.#nextId++, source, contour, origin, isEdited: false, isConfirmed: false, probability: null,
      state: "waiting", failure: "", reading: null, corrections: new Map(),
    };
  }

  /** New cells of a field. @param {Source} field @param {Contour[]} contours @param {Origin} origin */
  #cellsOf(field, contours, origin) {
    if (contours.length === 0) return [this.#newCell(field, null, null)];
    return contours.map((contour) => this.#newCell(field, contour, origin));
  }

  /** @param {Source} source @param {Cell[]} cells that it has from now on, where its cells were or else last */
  #putCells(source, cells) {
    const at = this.cells.findIndex((cell) => cell.source === source);
    const others = this.cells.filter((cell) => cell.source !== source);
    this.cells = others.toSpliced(at < 0 ? others.length : at, 0, ...cells);
  }

  #countCells() {
    /** @type {Map<Source, number>} */
    const counts = new Map();
    return new Map(this.cells.map((cell) => {
      const number = 1 + (counts.get(cell.source) ?? 0);
      counts.set(cell.source, number);
      return [cell, number];
    }));
  }

  /** @param {Change} change */
  #tell(change) {
    if (change === "cells") this.#numbers = null;
    for (const listener of this.#listeners) listener(change);
  }
}
