/**
 * The classifier as a web page uses it: an object that lives here, over workers that do the work
 * (pool.js). What each part does for its user is documented in index.d.ts.
 */

import { kindFor } from "./gpu.js";
import { Pool } from "./pool.js";
import { compileProgram, readWeights } from "./source.js";

/** @import * as Public from "./index.js" */

const DEVICES = ["auto", "webgpu", "cpu"];

/** Facts of a model, as worker.js gives them. @typedef {Pick<Public.Karyolens, "version" | "card" | "riskRule" | "device" | "modelHash">} Facts */

/** @implements {Public.Karyolens} */
export class Karyolens {
  #pool;
  #facts;

  /** @private @param {Pool} pool @param {Facts} facts */
  constructor(pool, facts) {
    if (!(pool instanceof Pool)) throw new Error("a Karyolens is made by Karyolens.load()");
    this.#pool = pool;
    this.#facts = facts;
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
    reading.catch(() => {}); // It is waited for below.
    /** @type {Pool | undefined} */
    let pool;
    try {
      const kind = await kindFor(device);
      pool = new Pool(kind);
      const [program, weights] = await Promise.race([
        Promise.all([compileProgram(kind, onProgress, loading.signal), reading]),
        pool.failure,
      ]);
      onProgress({ phase: "device", loaded: 0, total: 1 });
      const facts = await pool.open({ program, weights, device }, workers);
      onProgress({ phase: "device", loaded: 1, total: 1 });
      return new Karyolens(pool, facts);
    } catch (error) {
      loading.abort();
      pool?.end(new Error("the classifier could not be loaded"));
      throw error;
    }
  }

  get version() {
    return this.#facts.version;
  }

  get card() {
    return this.#facts.card;
  }

  get riskRule() {
    return this.#facts.riskRule;
  }

  get modelHash() {
    return this.#facts.modelHash;
  }

  get device() {
    return this.#facts.device;
  }

  get workers() {
    return this.#pool.size;
  }

  get closed() {
    return this.#pool.ended;
  }

  /**
   * @param {Blob | ArrayBuffer | Uint8Array} file
   * @returns {Promise<Public.Prediction>}
   */
  classify(file) {
    return this.#pool.call("classify", [file]);
  }

  /**
   * @param {Blob | ArrayBuffer | Uint8Array} file
   * @param {string} feature
   * @returns {Promise<Public.HeatMap>}
   */
  explain(file, feature) {
    return this.#pool.call("explain", [file, feature], { urgent: true });
  }

  /**
   * @param {Blob | ArrayBuffer | Uint8Array} file
   * @returns {Promise<Uint8Array<ArrayBuffer>>}
   */
  cellImage(file) {
    return this.#pool.call("cellImage", [file], { urgent: true });
  }

  /**
   * @param {Blob | ArrayBuffer | Uint8Array} reference
   * @returns {Promise<Public.Verification>}
   */
  verify(reference) {
    return this.#pool.call("verify", [reference], { urgent: true });
  }

  /**
   * @param {string[]} features
   * @param {number} seed
   * @returns {Promise<Uint8Array<ArrayBuffer>>}
   */
  renderSynthetic(features, seed) {
    return this.#pool.call("renderSynthetic", [features, seed], { urgent: true });
  }

  /**
   * @param {{batch?: number, passes?: number}} [options]
   * @returns {Promise<number[]>}
   */
  async measure({ batch = 1, passes = 1 } = {}) {
    for (const [name, value] of Object.entries({ batch, passes })) {
      if (!Number.isInteger(value) || value < 1) throw new TypeError(`${name} is ${value}; it must be a whole number from 1`);
    }
    return this.#pool.call("measure", [batch, passes], { urgent: true });
  }

  close() {
    this.#pool.end(new Error("the classifier was closed"));
  }
}
