/**
 * Has the classifier read the cells of a session: they wait in a queue, and each result goes into
 * the session. If a cell was drawn by the program and its picture is missing, it is drawn first.
 */

import { t } from "../language/language.js";
import { messageOf } from "../pkg/message.js";
import { canRead } from "../session/cell.js";
import { Queue } from "./queue.js";

/** @import { Karyolens } from "../pkg/index.js" */
/** @import { Cell, Model, Source } from "../session/cell.js" */
/** @import { Session } from "../session/session.js" */
/** @import { Engine } from "./engine.js" */
/** @import { QueueProgress } from "./queue.js" */

export class Reader {
  #session;
  #engine;
  #onFailed;
  /** @type {Queue<Cell>} */
  #queue;

  /**
   * @param {Session} session
   * @param {Engine} engine
   * @param {object} listener
   * @param {(progress: QueueProgress) => void} listener.onProgress
   * @param {(cell: Cell, message: string) => void} listener.onFailed a cell could not be read
   */
  constructor(session, engine, { onProgress, onFailed }) {
    this.#session = session;
    this.#engine = engine;
    this.#onFailed = onFailed;
    this.#queue = new Queue((cell) => this.#read(cell), onProgress);
  }

  /** @param {number} width how many cells are read at once from now on */
  widen(width) {
    this.#queue.widen(width);
  }

  pause() {
    this.#queue.pause();
  }

  resume() {
    this.#queue.resume();
  }

  /** Forgets cells that wait, all or one. @param {Cell} [one] @returns {Cell[]} the cells that it forgot */
  cancel(one) {
    return this.#queue.cancel(one && ((cell) => cell === one));
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

  /** @param {Cell} cell */
  async #read(cell) {
    const session = this.#session;
    const { source } = cell;
    session.update(cell, { state: "reading" });
    try {
      await this.#engine.run(async (karyolens) => {
        const bytes = source.bytes ?? (await draw(karyolens, source));
        const prediction = await karyolens.classify(bytes);
        if (!session.cells.includes(cell)) return; // removed meanwhile
        session.updateSource(source, { bytes, sha256: source.sha256 ?? prediction.sha256 });
        session.update(cell, {
          state: "done",
          reading: {
            model: modelOf(karyolens).id,
            probabilities: prediction.features.map((feature) => feature.probability),
            notice: prediction.notice,
            device: karyolens.device.kind,
            adapter: karyolens.device.adapter,
            program: karyolens.version,
            time: new Date().toISOString(),
          },
        });
      });
    } catch (error) {
      const { reason, sha256 } = await factsOf(source);
      const failure = reason ?? messageOf(error);
      this.#onFailed(cell, failure);
      session.updateSource(source, { sha256 });
      session.update(cell, { state: "failed", failure });
    }
  }
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
