/**
 * The classifier as a web page uses it: an object that lives here, over workers that do the work
 * (pool.js). index.d.ts documents each part for its user.
 */

import { kindFor } from "./gpu.js";
import { Pool } from "./pool.js";
import { compileProgram, readWeights } from "./source.js";

/** @import * as Public from "./index.js" */

export { loadDecide } from "./decide.js";

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

  /** @param {string} name */
  releaseModel(name) {
    this.#models.delete(name);
    this.#pool.release(name);
  }

  /**
   * @param {Blob | ArrayBuffer | Uint8Array} file
   * @param {Public.CallOptions} [options]
   * @returns {Promise<Public.Prediction>}
   */
  classify(file, { model = DEFAULT } = {}) {
    return this.#pool.call({ method: "classify", model, args: [file] });
  }

  /**
   * @param {Blob | ArrayBuffer | Uint8Array} file
   * @param {string} feature
   * @param {Public.CallOptions} [options]
   * @returns {Promise<Public.HeatMap>}
   */
  explain(file, feature, { model = DEFAULT } = {}) {
    return this.#pool.call({ method: "explain", model, args: [file, feature] }, { urgent: true });
  }

  /**
   * @param {Blob | ArrayBuffer | Uint8Array} file
   * @returns {Promise<Uint8Array<ArrayBuffer>>}
   */
  cellImage(file) {
    return this.#pool.call({ method: "cellImage", args: [file] }, { urgent: true });
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
