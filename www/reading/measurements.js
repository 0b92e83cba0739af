/**
 * The measurements of the nuclei of fields: taken by the program, anew whenever the outlines of a field
 * have changed, since some of them depend on all its nuclei.
 */

/** @import { Measurement } from "../pkg/index.js" */
/** @import { Cell, Contour, Source } from "../session/cell.js" */
/** @import { Session } from "../session/session.js" */
/** @import { Engine } from "./engine.js" */
/** @import { Pictures } from "./pictures.js" */

/** A hand that paints changes a nucleus many times: the measuring waits for a rest of so many milliseconds. */
const REST = 150;

/** The nuclei of a field as they were measured. @typedef {{cells: Cell[], columns: Measurement[], rows: Map<Cell, number>}} Measured */

export class Measurements {
  #session;
  #engine;
  #pictures;
  /** @type {Map<Source, Measured>} */
  #measured = new Map();
  /** @type {(() => void)[]} */
  #listeners = [];
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** The measuring under way; the next one waits for it. @type {Promise<void>} */
  #work = Promise.resolve();

  /** @param {Session} session @param {Pick<Engine, "run">} engine @param {Pictures} pictures */
  constructor(session, engine, pictures) {
    this.#session = session;
    this.#engine = engine;
    this.#pictures = pictures;
    session.listen((change) => {
      if (change !== "cells") return;
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => {
        this.#work = this.#work.then(() => this.#measureChanged());
      }, REST);
    });
  }

  /** @param {() => void} listener hears of new measurements */
  listen(listener) {
    this.#listeners.push(listener);
  }

  /** The measurements that a nucleus can have, with their units; none before the first field was measured. @returns {Pick<Measurement, "name" | "unit">[]} */
  get kinds() {
    const [first] = this.#measured.values();
    return first?.columns ?? [];
  }

  /** A value in pixels, or in the measurement's other unit; null where it is not known. @param {Cell} cell @param {string} name */
  of(cell, name) {
    const measured = this.#measured.get(cell.source);
    const row = measured?.rows.get(cell);
    const value = row === undefined ? NaN : measured?.columns.find((column) => column.name === name)?.values[row] ?? NaN;
    return Number.isNaN(value) ? null : value;
  }

  /** The values that part the nuclei of a field into quarters, the lowest first; none where fewer than four are known. @param {Source} field @param {string} name */
  quarters(field, name) {
    const values = [...(this.#measured.get(field)?.columns.find((column) => column.name === name)?.values ?? [])];
    const known = values.filter((value) => !Number.isNaN(value)).sort((a, b) => a - b);
    return known.length < 4 ? [] : [1, 2, 3].map((quarter) => known[Math.floor((quarter * known.length) / 4)]);
  }

  async #measureChanged() {
    const { sources } = this.#session;
    for (const source of this.#measured.keys()) if (!sources.includes(source)) this.#measured.delete(source);
    for (const source of sources) {
      const cells = nucleiOf(this.#session, source);
      const before = this.#measured.get(source)?.cells ?? [];
      if (!source.bytes || (cells.length === before.length && cells.every((cell, index) => cell === before[index]))) continue;
      // A field that cannot be measured says so where it is read.
      const measured = await this.#measure(source.bytes, cells).catch(() => null);
      if (measured) this.#measured.set(source, measured);
      for (const listener of this.#listeners) listener();
    }
  }

  /** @param {Blob} bytes @param {Nucleus[]} cells @returns {Promise<Measured>} */
  async #measure(bytes, cells) {
    const picture = await this.#pictures.of(bytes);
    const outlines = cells.map(({ contour }) => ({ points: contour }));
    const columns = await this.#engine.run((karyolens) => karyolens.measureNuclei(picture, outlines));
    return { cells, columns, rows: new Map(cells.map((cell, index) => [cell, index])) };
  }
}

/** @typedef {Cell & {contour: Contour}} Nucleus */

/** The outlined cells of a field. @param {Session} session @param {Source} field */
function nucleiOf(session, field) {
  return /** @type {Nucleus[]} */ (session.cells.filter(({ source, contour }) => source === field && contour));
}
