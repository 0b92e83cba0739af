/**
 * What a person works on: the cells, what models said of them, what the person said, and the
 * thresholds in force. Holds no DOM; everything that shows or stores a session listens to it.
 */

/** @import { Decide, Decision, RiskRule } from "../pkg/index.js" */

/**
 * A model as a session remembers it: enough to decide and to name it, long after it was closed.
 *
 * @typedef {object} Model
 * @property {string} id its SHA-256, or its name where the browser gives no hash
 * @property {string | null} sha256 of the checkpoint file, hexadecimal
 * @property {string} name
 * @property {string} crateVersion of the program that wrote the checkpoint
 * @property {string[]} features in the order of the probabilities
 * @property {number[]} thresholds
 * @property {[number, number][]} unsure the band of doubt around each threshold; empty if none is known
 * @property {RiskRule | null} riskRule
 */

/**
 * What a model said of a cell, and where and when.
 *
 * @typedef {object} Reading
 * @property {string} model its id
 * @property {number[]} probabilities
 * @property {string | null} notice what a reader should know of how the image was taken
 * @property {"webgpu" | "cpu"} device
 * @property {string | null} adapter
 * @property {string} program version of Karyolens
 * @property {string} time ISO 8601
 */

/** @typedef {"waiting" | "reading" | "done" | "failed" | "cancelled"} State */

/**
 * @typedef {object} Cell
 * @property {number} id
 * @property {string} name as a person knows the file; for a folder, with its path
 * @property {Blob | null} picture null where only an export was imported
 * @property {string | null} sha256 of the file, hexadecimal; null until it is known
 * @property {{features: string[], seed: number} | null} synthetic what the program drew
 * @property {State} state
 * @property {string} failure why it could not be read
 * @property {Reading | null} reading
 * @property {Map<string, boolean>} corrections a person's calls, by feature
 */

/**
 * What has changed: cells came or went, reading has come further, a person corrected a cell,
 * thresholds moved, another model or another cell was chosen.
 *
 * @typedef {"cells" | "reading" | "correction" | "thresholds" | "model" | "selection"} Change
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
  /** Whether there is something that no export holds. */
  unsaved = false;

  #nextId = 1;
  /** @type {((change: Change) => void)[]} */
  #listeners = [];
  /** The program's rule of calls and risk; null while the program loads. @type {Decide | null} */
  #decide = null;
  /** Decisions that still hold. @type {WeakMap<Cell, Decision>} */
  #decisions = new WeakMap();

  /** @param {(change: Change) => void} listener */
  listen(listener) {
    this.#listeners.push(listener);
  }

  /**
   * New cells that wait to be read.
   *
   * @param {{name: string, picture: Blob | null, synthetic?: Cell["synthetic"]}[]} sources
   */
  add(sources) {
    const added = sources.map(({ name, picture, synthetic = null }) => this.#newCell({ name, picture, synthetic }));
    this.cells.push(...added);
    this.#tell("cells");
    return added;
  }

  /**
   * Cells of an earlier session, as they were; what was being read then waits again.
   *
   * @param {Omit<Cell, "id">[]} cells
   * @param {Model[]} models that read them
   * @param {Map<string, number>} moved
   */
  restore(cells, models, moved) {
    for (const model of models) this.models.set(model.id, model);
    this.moved = new Map([...this.moved, ...moved]);
    const restored = cells.map((cell) => this.#newCell(cell));
    for (const cell of restored) if (cell.state === "reading") cell.state = "waiting";
    this.cells.push(...restored);
    this.#decisions = new WeakMap();
    this.#tell("thresholds");
    this.#tell("cells");
    return restored;
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

  /** Takes all cells away and gives what {@link putBack} needs. */
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
   * Changes what is known of a cell.
   *
   * @param {Cell} cell
   * @param {Partial<Omit<Cell, "id" | "corrections">>} change
   */
  update(cell, change) {
    Object.assign(cell, change);
    this.#decisions.delete(cell);
    if (change.reading) this.unsaved = true;
    this.#tell("reading");
  }

  /** A person's call on a feature; null takes it back. @param {Cell} cell @param {string} feature @param {boolean | null} present */
  correct(cell, feature, present) {
    if (present === null) cell.corrections.delete(feature);
    else cell.corrections.set(feature, present);
    this.#decisions.delete(cell);
    this.unsaved = true;
    this.#tell("correction");
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

  /** The model that read a cell. @param {Cell} cell */
  modelOf(cell) {
    return cell.reading ? this.models.get(cell.reading.model) ?? null : null;
  }

  /** The models that a reading is of. */
  usedModels() {
    // Asked for at every cell that is kept: most often the first cells know them all.
    const unused = new Set(this.models.keys());
    for (const { reading } of this.cells) {
      if (unused.size === 0) break;
      if (reading) unused.delete(reading.model);
    }
    return [...this.models.values()].filter(({ id }) => !unused.has(id));
  }

  /** All that there is has been exported. */
  markSaved() {
    this.unsaved = false;
  }

  #decideAnew() {
    this.#decisions = new WeakMap();
    this.unsaved ||= this.cells.some((cell) => cell.reading);
    this.#tell("thresholds");
  }

  /** @param {Partial<Omit<Cell, "id">> & Pick<Cell, "name">} known @returns {Cell} */
  #newCell(known) {
    return {
      picture: null,
      sha256: null,
      synthetic: null,
      state: "waiting",
      failure: "",
      reading: null,
      corrections: new Map(),
      ...known,
      id: this.#nextId++,
    };
  }

  /** @param {Change} change */
  #tell(change) {
    for (const listener of this.#listeners) listener(change);
  }
}

/** Whether there is something to read: an opened session holds no pictures. @param {Cell} cell */
export function canRead({ picture, synthetic }) {
  return picture !== null || synthetic !== null;
}

/** @param {Cell} cell */
export function canRetry(cell) {
  return ["failed", "cancelled"].includes(cell.state) && canRead(cell);
}

/** The kind of a cell's file by its name, such as `tiff`; empty where the name does not tell. @param {string} name */
export function formatOf(name) {
  return /\.(\w{1,5})$/.exec(name)?.[1] ?? "";
}
