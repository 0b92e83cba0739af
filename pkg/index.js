/**
 * The classifier as a web page uses it: an object that lives here, over workers that do the work
 * (pool.js). index.d.ts documents each part for its user.
 */

import { findNuclei } from "./found.js";
import { kindFor } from "./gpu.js";
import { readNuclei } from "./nuclei.js";
import { cellOf, isPicture, piecesOf } from "./picture.js";
import { Pool } from "./pool.js";
import { compileProgram, readWeights } from "./source.js";

/** @import * as Public from "./index.js" */
/** @import { Source } from "./picture.js" */

export { loadDecide } from "./decide.js";
export { loadGeometry } from "./geometry.js";

const DEVICES = ["auto", "webgpu", "cpu"];
/** The name of the model that `load` brings. */
const DEFAULT = "default";

/** The facts of a model, as worker.js gives them. @typedef {Public.Model & {version: string}} Facts */

/** @implements {Public.Karyolens} */
export class Karyolens {
  #pool;
  #first;
  /** @type {Map<string, Public.Model>} */
  #models = new Map();

  /** @private @param {Pool} pool @param {Facts} first */
  constructor(pool, first) {
    if (!(pool instanceof Pool)) throw new Error("a Karyolens is made by Karyolens.load()");
    this.#pool = pool;
    this.#first = first;
    this.#models.set(DEFAULT, modelOf(first));
  }

  /** @param {Public.LoadOptions} [options] */
  static async load({
    model = new URL("./model.safetensors", import.meta.url),
    device = "auto",
    workers,
    onProgress = () => {},
  } = {}) {
    if (!DEVICES.includes(device)) {
      throw new TypeError(`device is ${JSON.stringify(device)}; it must be one of ${DEVICES.join(", ")}`);
    }
    if (workers !== undefined && !(Number.isInteger(workers) && workers >= 1)) {
      throw new TypeError(`workers is ${workers}; it must be a whole number from 1`);
    }
    const loading = new AbortController();
    const reading = readWeights(model, onProgress, loading.signal);
    reading.catch(() => {}); // It is awaited below.
    /** @type {Pool | undefined} */
    let pool;
    try {
      const kind = await kindFor(device);
      pool = new Pool(kind, device, workers);
      const [program, weights] = await Promise.race([
        Promise.all([compileProgram(kind, onProgress), reading]),
        pool.failure,
      ]);
      pool.start(program);
      return new Karyolens(pool, await placed(pool, DEFAULT, weights, onProgress));
    } catch (error) {
      loading.abort();
      pool?.end(new Error("the classifier could not be loaded"));
      throw error;
    }
  }

  get version() {
    return this.#first.version;
  }

  get card() {
    return this.#first.card;
  }

  get riskRule() {
    return this.#first.riskRule;
  }

  get modelHash() {
    return this.#first.modelHash;
  }

  get device() {
    return this.#first.device;
  }

  /** @returns {ReadonlyMap<string, Public.Model>} */
  get models() {
    return this.#models;
  }

  get workers() {
    return this.#pool.size;
  }

  get closed() {
    return this.#pool.ended;
  }

  /**
   * @param {string} name
   * @param {Pick<Public.LoadOptions, "onProgress"> & Required<Pick<Public.LoadOptions, "model">>} options
   * @returns {Promise<Public.Model>}
   */
  async loadModel(name, { model, onProgress = () => {} }) {
    if (typeof name !== "string" || name === "") throw new TypeError(`a model's name is ${JSON.stringify(name)}; it must be a text`);
    const weights = await readWeights(model, onProgress);
    const loaded = modelOf(await placed(this.#pool, name, weights, onProgress));
    this.#models.set(name, loaded);
    return loaded;
  }

  /** @param {number} [count] */
  startWorkers(count = this.workers) {
    this.#pool.startAhead(count);
  }

  /** @param {string} name */
  releaseModel(name) {
    this.#models.delete(name);
    this.#pool.release(name);
  }

  /** @param {Blob | ArrayBuffer | Uint8Array} file @returns {Promise<Public.Picture>} */
  open(file) {
    return this.#pool.call({ method: "open", args: [file] }, { urgent: true });
  }

  /**
   * @param {Blob} file
   * @param {{longest?: number}} [options]
   * @returns {Promise<Public.Slide>}
   */
  openSlide(file, { longest = 1024 } = {}) {
    return this.#pool.call({ method: "openSlide", args: [file, longest] }, { urgent: true });
  }

  /**
   * @param {Blob} file
   * @param {Public.Part} part
   * @returns {Promise<Public.Picture>}
   */
  openPart(file, part) {
    return this.#pool.call({ method: "openPart", args: [file, part] }, { urgent: true });
  }

  /**
   * @param {Blob | ArrayBuffer | Uint8Array} file
   * @param {{width: number, height: number, name?: string}} field
   * @returns {Promise<Public.ContourFile>}
   */
  readContours(file, { width, height, name = "" }) {
    return this.#pool.call({ method: "readContours", args: [file, width, height, name] }, { urgent: true });
  }

  /**
   * @param {Public.Picture} picture
   * @param {Public.SegmentOptions} options
   * @returns {Promise<Public.FoundNuclei>}
   */
  segment(picture, options) {
    return findNuclei(this.#pool, picture, options);
  }

  /**
   * @param {Public.Picture} picture
   * @param {readonly Public.Contour[]} contours
   * @param {Public.WriteOptions} options
   * @returns {Promise<string>}
   */
  writeContours(picture, contours, { format, name, leftOut = [], isScaleEstimated = false }) {
    // The study's formats tell nothing of pixels.
    const needsPixels = format !== "study" && format !== "left-out";
    const pieces = piecesOf(picture, needsPixels ? contours : []);
    const args = [JSON.stringify({ contours, leftOut, isScaleEstimated }), format, name, pieces, picture.micrometresPerPixel];
    return this.#pool.call({ method: "writeContours", args, transfer: [pieces.pixels.buffer, pieces.places.buffer] }, { urgent: true });
  }

  /**
   * @param {Public.Picture} picture
   * @param {readonly Public.Outline[]} contours
   * @returns {Promise<Public.Measurement[]>}
   */
  measureNuclei(picture, contours) {
    const pieces = piecesOf(picture, contours);
    const points = new Float64Array(contours.flatMap(({ points }) => points.flat()));
    const lengths = new Uint32Array(contours.map(({ points }) => points.length));
    const transfer = [pieces.pixels.buffer, pieces.places.buffer, points.buffer, lengths.buffer];
    return this.#pool.call({ method: "measureNuclei", args: [pieces, points, lengths], transfer }, { urgent: true });
  }

  /**
   * A file or a picture of one nucleus, or many nuclei of a field.
   *
   * @param {Source} source
   * @param {[options?: Public.CallOptions] | [contours: readonly Public.Outline[], options?: Public.FieldOptions]} rest
   * @returns {Promise<any>} a prediction, or a list of them
   */
  async classify(source, ...rest) {
    if (isPicture(source) && isField(rest)) {
      const [contours, options] = rest;
      return readNuclei(this.#pool, source, contours, { model: DEFAULT, ...options });
    }
    const { model = DEFAULT } = isField(rest) ? {} : rest[0] ?? {};
    const { cell, transfer } = cellOf(source);
    const prediction = await this.#pool.call({ method: "classify", model, args: [cell], transfer });
    return isPicture(source) ? { ...prediction, sha256: source.sha256 } : prediction;
  }

  /**
   * A file or a picture of one nucleus, or with its contour one nucleus of a field.
   *
   * @param {Source} source
   * @param {[feature: string, options?: Public.CallOptions] | [contour: Public.Outline, feature: string, options?: Public.CallOptions]} rest
   * @returns {Promise<Public.HeatMap>}
   */
  explain(source, ...rest) {
    const [contour, feature, { model = DEFAULT } = {}] = hasContour(rest) ? rest : /** @type {const} */ ([undefined, ...rest]);
    const { cell, transfer } = cellOf(source, contour);
    return this.#pool.call({ method: "explain", model, args: [cell, feature], transfer }, { urgent: true });
  }

  /**
   * @param {Source} source
   * @param {Public.Outline} [contour]
   * @param {Public.CallOptions} [options]
   * @returns {Promise<Uint8Array<ArrayBuffer>>}
   */
  cellImage(source, contour, { model = DEFAULT } = {}) {
    const { cell, transfer } = cellOf(source, contour);
    // Only the scale of a nucleus of a field depends on the model.
    return this.#pool.call({ method: "cellImage", model: contour && model, args: [cell], transfer }, { urgent: true });
  }

  /**
   * @param {Blob | ArrayBuffer | Uint8Array} reference
   * @param {Public.CallOptions} [options]
   * @returns {Promise<Public.Verification>}
   */
  verify(reference, { model = DEFAULT } = {}) {
    return this.#pool.call({ method: "verify", model, args: [reference] }, { urgent: true });
  }

  /**
   * @param {string[]} features
   * @param {number} seed
   * @returns {Promise<Uint8Array<ArrayBuffer>>}
   */
  renderSynthetic(features, seed) {
    return this.#pool.call({ method: "renderSynthetic", args: [features, seed] }, { urgent: true });
  }

  /**
   * @param {{batch?: number, passes?: number} & Public.CallOptions} [options]
   * @returns {Promise<number[]>}
   */
  async measure({ batch = 1, passes = 1, model = DEFAULT } = {}) {
    for (const [name, value] of Object.entries({ batch, passes })) {
      if (!Number.isInteger(value) || value < 1) throw new TypeError(`${name} is ${value}; it must be a whole number from 1`);
    }
    return this.#pool.call({ method: "measure", model, args: [batch, passes] }, { urgent: true });
  }

  close() {
    this.#pool.end(new Error("the classifier was closed"));
  }
}

/**
 * Has the workers load a model.
 *
 * @param {Pool} pool
 * @param {string} name
 * @param {Blob} weights
 * @param {(progress: Public.Progress) => void} onProgress
 * @returns {Promise<Facts>}
 */
async function placed(pool, name, weights, onProgress) {
  onProgress({ phase: "device", loaded: 0, total: 1 });
  const facts = await pool.load(name, weights);
  onProgress({ phase: "device", loaded: 1, total: 1 });
  return facts;
}

/** @param {Facts} facts @returns {Public.Model} */
function modelOf({ card, riskRule, modelHash, device }) {
  return { card, riskRule, modelHash, device };
}

/** @param {unknown[]} rest of the arguments @returns {rest is [contours: readonly Public.Outline[], options?: Public.FieldOptions]} */
function isField(rest) {
  return Array.isArray(rest[0]);
}

/** @param {unknown[]} rest of the arguments @returns {rest is [contour: Public.Outline, feature: string, options?: Public.CallOptions]} */
function hasContour(rest) {
  return typeof rest[0] === "object";
}
