/**
 * Has the classifier read the cells of a session: they wait in a queue, and each result goes into
 * the session. Nuclei of one field are read some at a time. If a cell was drawn by the program and its
 * picture is missing, it is drawn first. A picture that turns out to be a whole field is taken for one,
 * and its nuclei are found.
 */

import { t } from "../language/language.js";
import { messageOf } from "../pkg/message.js";
import { canRead, isUnoutlined } from "../session/cell.js";
import { Queue } from "./queue.js";

/** @import { FoundNuclei, Karyolens, Prediction, SearchProgress } from "../pkg/index.js" */
/** @import { Cell, Contour, Model, Reading, Source } from "../session/cell.js" */
/** @import { Session } from "../session/session.js" */
/** @import { Engine } from "./engine.js" */
/** @import { Pictures } from "./pictures.js" */
/** @import { QueueProgress } from "./queue.js" */

/** The name of the package's error about a file that shows many nuclei. */
const WHOLE_FIELD = "WholeFieldError";
/** A file with more bytes is hardly that of one cell: it is opened first, so that no field is decoded twice. */
const LARGEST_CELL_IMAGE = 128 * 1024;

/** A search for the nuclei of a field that is under way. @typedef {{field: Source, found: FoundNuclei, progress: SearchProgress}} Search */

export class Reader {
  #session;
  #engine;
  #pictures;
  #onFailed;
  #onSearch;
  /** @type {Queue<Cell>} */
  #queue;
  /** The ends of the searches under way, by the cells that stand for their fields. @type {Map<Cell, AbortController>} */
  #searches = new Map();

  /**
   * @param {Session} session
   * @param {Engine} engine
   * @param {Pictures} pictures
   * @param {object} listener
   * @param {(progress: QueueProgress) => void} listener.onProgress
   * @param {(cell: Cell, message: string) => void} listener.onFailed a cell could not be read
   * @param {(search: Search | null) => void} listener.onSearch a search for nuclei has come further; null: none is under way
   */
  constructor(session, engine, pictures, { onProgress, onFailed, onSearch }) {
    this.#session = session;
    this.#engine = engine;
    this.#pictures = pictures;
    this.#onFailed = onFailed;
    this.#onSearch = onSearch;
    this.#queue = new Queue((cells) => this.#read(cells), onProgress, areOfOneField);
  }

  /** @param {number} width how many workers read from now on */
  widen(width) {
    this.#queue.widen(width);
  }

  pause() {
    this.#queue.pause();
  }

  resume() {
    this.#queue.resume();
  }

  /**
   * Forgets cells that wait, all or those for which `of` is true, and ends the searches for their nuclei.
   *
   * @param {(cell: Cell) => boolean} [of]
   * @returns {Cell[]} the cells that it forgot
   */
  cancel(of = () => true) {
    const searched = [...this.#searches.keys()].filter(of);
    for (const cell of searched) this.#searches.get(cell)?.abort();
    return [...searched, ...this.#queue.cancel(of)];
  }

  /** Reads the cells of these that wait and have something to read. @param {Cell[]} cells */
  readWaiting(cells) {
    this.#queue.add(cells.filter((cell) => cell.state === "waiting" && canRead(cell)));
  }

  /** Reads cells, again if they were read before. @param {Cell[]} cells */
  readAgain(cells) {
    for (const cell of cells) this.#session.update(cell, { state: "waiting", failure: "" });
    this.#queue.add(cells);
  }

  /** Lets the model in use read the cells that another model has read; corrections stay. */
  readWithModelInUse() {
    const { cells, model } = this.#session;
    const isOfAnother = (/** @type {Cell} */ { state, reading }) => state === "done" && reading?.model !== model?.id;
    this.readAgain(cells.filter((cell) => isOfAnother(cell) && canRead(cell)));
  }

  /** Draws again the pictures that the program drew: an opened session holds none. @param {Cell[]} cells */
  async drawMissing(cells) {
    for (const { source } of cells.filter(({ state, source }) => state === "done" && source.synthetic && !source.bytes)) {
      const bytes = await this.#engine.run((karyolens) => draw(karyolens, source)).catch(() => null);
      if (bytes) this.#session.updateSource(source, { bytes });
    }
  }

  /**
   * @param {Cell[]} cells one, or nuclei of one field
   * @returns {Promise<number>} the cells that are still here: one that stands for a field gives way to the field's nuclei
   */
  async #read(cells) {
    for (const cell of cells) this.#session.update(cell, { state: "reading" });
    try {
      if (isUnoutlined(cells[0])) await this.#outline(cells[0]);
      else await this.#classify(cells);
    } catch (error) {
      // One of several keeps the others from being read.
      if (cells.length > 1) for (const cell of cells) await this.#read([cell]);
      else await this.#fail(cells[0], error);
    }
    return cells.filter((cell) => this.#session.cells.includes(cell)).length;
  }

  /** @param {Cell[]} cells one, or nuclei of one field */
  async #classify(cells) {
    const [{ source }] = cells;
    await this.#engine.run(async (karyolens) => {
      const bytes = source.bytes ?? (await draw(karyolens, source));
      const predictions = await this.#predict(karyolens, cells, bytes);
      const here = new Set(this.#session.cells);
      const kept = cells.filter((cell) => here.has(cell)); // The others were removed meanwhile.
      if (kept.length > 0) this.#session.updateSource(source, { bytes, sha256: source.sha256 ?? predictions[0].sha256 });
      for (const cell of kept) {
        this.#session.update(cell, { state: "done", reading: readingOf(karyolens, predictions[cells.indexOf(cell)]) });
      }
    });
  }

  /** @param {Cell} cell @param {unknown} error */
  async #fail(cell, error) {
    const session = this.#session;
    if (!session.cells.includes(cell) || cell.state === "cancelled") return;
    const { source } = cell;
    if (error instanceof Error && error.name === WHOLE_FIELD) {
      this.readWaiting(session.outline(source, [], "found"));
      return;
    }
    const { reason, sha256 } = await factsOf(source);
    const failure = reason ?? messageOf(error);
    this.#onFailed(cell, failure);
    session.updateSource(source, { sha256 });
    session.update(cell, { state: "failed", failure });
  }

  /** Finds the nuclei of a field, which are read next. @param {Cell} cell that stands for the field */
  async #outline(cell) {
    const { source } = cell;
    if (!source.bytes) throw new Error(t("detail.no-picture"));
    const ending = new AbortController();
    this.#searches.set(cell, ending);
    try {
      const picture = await this.#pictures.of(source.bytes, source.micrometresPerPixel);
      const { findNuclei } = await import("../field/find-nuclei.js");
      const onContours = (/** @type {FoundNuclei} */ found, /** @type {SearchProgress} */ progress) => this.#onSearch({ field: source, found, progress });
      const { nuclei, leftOut } = await this.#engine.run((karyolens) => findNuclei(karyolens, picture, { signal: ending.signal, onContours }));
      if (!this.#session.cells.includes(cell)) return; // removed meanwhile, or outlined by a person
      this.#session.updateSource(source, { sha256: source.sha256 ?? picture.sha256 });
      if (nuclei.length === 0) throw new Error(t("field.none-found"));
      const pointsOf = (/** @type {{points: Contour}} */ { points }) => points;
      const probabilities = nuclei.map(({ probability }) => probability);
      this.readWaiting(this.#session.outline(source, nuclei.map(pointsOf), "found", leftOut.map(pointsOf), probabilities));
    } finally {
      this.#searches.delete(cell);
      this.#onSearch(null);
    }
  }

  /** @param {Karyolens} karyolens @param {Cell[]} cells one, or nuclei of one field @param {Blob} bytes of their source @returns {Promise<Prediction[]>} */
  async #predict(karyolens, cells, bytes) {
    const [{ source, contour }] = cells;
    if (contour === null && !source.isKindChosen && bytes.size <= LARGEST_CELL_IMAGE) return [await karyolens.classify(bytes)];
    const picture = await this.#pictures.of(bytes, source.micrometresPerPixel);
    if (contour !== null) {
      const predictions = await karyolens.classify(picture, cells.map(outlineOf));
      // A remark on the photograph is one on each of its nuclei.
      return predictions.map((one) => ({ ...one, notice: [picture.notice, one.notice].filter(Boolean).join(" ") || null }));
    }
    if (source.isKindChosen) return [await karyolens.classify(picture)];
    if (picture.kind === "field") throw Object.assign(new Error("a whole field"), { name: WHOLE_FIELD });
    return [await karyolens.classify(bytes)];
  }
}

/** @param {Cell} first @param {Cell} other */
function areOfOneField(first, other) {
  return first.contour !== null && other.contour !== null && first.source === other.source;
}

/** @param {Cell} cell a nucleus of a field */
function outlineOf({ contour }) {
  return { points: contour ?? [] };
}

/** @param {Karyolens} karyolens @param {Prediction} prediction @returns {Reading} */
function readingOf(karyolens, { features, notice }) {
  return {
    model: modelOf(karyolens).id,
    probabilities: features.map(({ probability }) => probability),
    notice,
    device: karyolens.device.kind,
    adapter: karyolens.device.adapter,
    program: karyolens.version,
    time: new Date().toISOString(),
  };
}

/**
 * Facts of a file that could not be read: why it is no picture, which says more than the error of a
 * decoder, and its SHA-256. The scripts that tell them are fetched with the first such file; without
 * them both are unknown.
 *
 * @param {Source} source
 * @returns {Promise<{reason: string | null, sha256: string | null}>}
 */
async function factsOf({ bytes, sha256 }) {
  const scripts = bytes && (await Promise.all([import("../intake/arrivals.js"), import("../pkg/hash.js")]).catch(() => null));
  if (!scripts) return { reason: null, sha256 };
  const [{ refusalOf }, { sha256OfFile }] = scripts;
  return { reason: await refusalOf(bytes), sha256: sha256 ?? (await sha256OfFile(bytes)) };
}

/** The facts of a classifier's model that a session keeps. @param {Karyolens} karyolens @returns {Model} */
export function modelOf({ card, modelHash, riskRule }) {
  return {
    id: modelHash ?? card.name,
    sha256: modelHash,
    name: card.name,
    crateVersion: card.crate_version,
    features: card.features,
    thresholds: card.thresholds,
    unsure: card.unsure ?? [],
    riskRule,
  };
}

/** The picture of a source that the program draws. @param {Karyolens} karyolens @param {Source} source */
async function draw(karyolens, { synthetic }) {
  if (!synthetic) throw new Error(t("cell.no-picture"));
  return new Blob([await karyolens.renderSynthetic(synthetic.features, synthetic.seed)], { type: "image/png" });
}
