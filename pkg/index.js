/**
 * The classifier as a web page uses it: an object that lives here, a worker that does the work.
 * What each part does for its user is documented in index.d.ts; the messages are described in
 * worker.js.
 */

/** @import * as Public from "./index.js" */

/** What waits for the worker's answer. @typedef {{resolve: (result: any) => void, reject: (error: Error) => void, onProgress?: (progress: Public.Progress) => void}} Pending */

const DEVICES = ["auto", "webgpu", "cpu"];

/** @implements {Public.Karyolens} */
export class Karyolens {
  #worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module", name: "karyolens" });
  /** @type {Map<number, Pending>} */
  #pending = new Map();
  #calls = 0;
  /** Why the worker takes no more calls. @type {Error | undefined} */
  #ended;
  /** @type {Pick<Public.Karyolens, "version" | "card" | "riskRule" | "device" | "modelHash"> | undefined} */
  #loaded;

  /** @private */
  constructor() {
    this.#worker.addEventListener("message", ({ data }) => this.#receive(data));
    // Without a message the script itself, or one that it imports, did not arrive.
    this.#worker.addEventListener("error", (event) => {
      event.preventDefault();
      this.#end(new Error(`the classifier's worker failed: ${event.message
        || "worker.js or karyolens_wasm.js could not be loaded; they belong beside index.js"}`));
    });
    this.#worker.addEventListener("messageerror", () => {
      this.#end(new Error("the classifier's worker sent an answer that cannot be read"));
    });
  }

  /** @param {Public.LoadOptions} [options] */
  static async load({ model = new URL("./model.safetensors", import.meta.url), device = "auto", onProgress } = {}) {
    if (!DEVICES.includes(device)) {
      throw new TypeError(`device is ${JSON.stringify(device)}; it must be one of ${DEVICES.join(", ")}`);
    }
    const isAddress = typeof model === "string" || model instanceof URL;
    const source = isAddress ? new URL(model, globalThis.document?.baseURI ?? location.href).href : model;
    const karyolens = new Karyolens();
    try {
      karyolens.#loaded = await karyolens.#call("load", [source, device], onProgress);
      return karyolens;
    } catch (error) {
      karyolens.close();
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

  get closed() {
    return this.#ended !== undefined;
  }

  /**
   * @param {Blob | ArrayBuffer | Uint8Array} file
   * @returns {Promise<Public.Prediction>}
   */
  classify(file) {
    return this.#call("classify", [file]);
  }

  /**
   * @param {Blob | ArrayBuffer | Uint8Array} file
   * @param {string} feature
   * @returns {Promise<Public.HeatMap>}
   */
  explain(file, feature) {
    return this.#call("explain", [file, feature]);
  }

  /**
   * @param {Blob | ArrayBuffer | Uint8Array} file
   * @returns {Promise<Uint8Array<ArrayBuffer>>}
   */
  cellImage(file) {
    return this.#call("cellImage", [file]);
  }

  /**
   * @param {Blob | ArrayBuffer | Uint8Array} reference
   * @returns {Promise<Public.Verification>}
   */
  verify(reference) {
    return this.#call("verify", [reference]);
  }

  /**
   * @param {string[]} features
   * @param {number} seed
   * @returns {Promise<Uint8Array<ArrayBuffer>>}
   */
  renderSynthetic(features, seed) {
    return this.#call("renderSynthetic", [features, seed]);
  }

  close() {
    this.#end(new Error("the classifier was closed"));
  }

  get #facts() {
    if (!this.#loaded) throw new Error("a Karyolens is made by Karyolens.load()");
    return this.#loaded;
  }

  /**
   * @param {string} method
   * @param {unknown[]} args
   * @param {(progress: Public.Progress) => void} [onProgress]
   * @returns {Promise<any>}
   */
  #call(method, args, onProgress) {
    return new Promise((resolve, reject) => {
      if (this.#ended) throw this.#ended;
      const id = this.#calls++;
      this.#worker.postMessage({ id, method, args });
      this.#pending.set(id, { resolve, reject, onProgress });
    });
  }

  /** @param {{fatal: string} | {id: number, progress?: Public.Progress, error?: string, result?: unknown}} message */
  #receive(message) {
    if ("fatal" in message) {
      this.#end(new Error(`the classifier crashed: ${message.fatal}`));
      return;
    }
    const call = this.#pending.get(message.id);
    if (message.progress) {
      call?.onProgress?.(message.progress);
      return;
    }
    this.#pending.delete(message.id);
    if (message.error !== undefined) call?.reject(new Error(message.error));
    else call?.resolve(message.result);
  }

  /** Ends the worker; every waiting call, and every later one, is rejected. @param {Error} reason */
  #end(reason) {
    if (this.#ended) return;
    this.#ended = reason;
    this.#worker.terminate();
    for (const { reject } of this.#pending.values()) reject(reason);
    this.#pending.clear();
  }
}
