/** The bench's page: both sides, each in workers of its own, behind the same calls. */

import { Karyolens } from "../pkg/index.js";

/**
 * @typedef {object} Load a model and its place
 * @property {string} model the address of a checkpoint, or of an ONNX file
 * @property {"cpu" | "webgpu"} device
 * @property {number} workers the number of cores that it may use
 * @property {number} side of the input in pixels
 *
 * @typedef {{difference: number, largest: number}} Check largest |difference| to a reference, and largest |reference|
 */

/** Karyolens: one instance a core, since one core reads one picture. */
class Ours {
  /** @type {Karyolens[]} */
  #instances = [];
  /** @type {Uint8Array[]} */
  #pictures = [];

  /** @param {Load} load */
  async load({ model, device, workers }) {
    // An instance starts further workers only when it needs them, which would fall into the timed passes.
    this.#instances = await Promise.all(Array.from({ length: workers }, () => Karyolens.load({ model, device, workers: 1 })));
    const [{ device: found }] = this.#instances;
    if (found.kind !== device) throw new Error(`it runs on ${found.kind}, not ${device}: ${found.reason}`);
    return { knownMs: found.known_ms };
  }

  /** @param {string} reference its address @returns {Promise<Check>} */
  async check(reference) {
    const file = await fetched(reference);
    const { max_difference: difference, max_reference: largest } = await this.#instances[0].verify(file);
    return { difference, largest };
  }

  /**
   * Milliseconds a batch. Several instances work at once, on shares of the batch. If the batch is too small
   * to share, each instance takes a batch of its own, and the time is that of one batch in a stream.
   *
   * @param {number} batch
   * @param {number} passes
   */
  async measure(batch, passes) {
    const count = this.#instances.length;
    if (count === 1) return this.#instances[0].measure({ batch, passes });
    const share = Math.max(1, Math.floor(batch / count));
    const all = await Promise.all(this.#instances.map((one) => one.measure({ batch: share, passes })));
    const elapsed = Math.max(...all.map((times) => times.reduce((sum, time) => sum + time)));
    return [(elapsed / passes) * (batch / (share * count))];
  }

  /** Draws cells for {@link classify}. @param {number} count */
  async draw(count) {
    const [karyolens] = this.#instances;
    const features = karyolens.card.features.slice(0, 2);
    this.#pictures = await Promise.all(Array.from({ length: count }, (_, seed) => karyolens.renderSynthetic(features, seed)));
  }

  /** Milliseconds of each cell, from a picture's file to a prediction. @param {number} count */
  async classify(count) {
    const times = [];
    for (let cell = 0; cell < count; cell++) {
      const start = performance.now();
      await this.#instances[0].classify(this.#pictures[cell % this.#pictures.length]);
      times.push(performance.now() - start);
    }
    return times;
  }

  close() {
    for (const one of this.#instances) one.close();
  }
}

/** onnxruntime-web; on several cores its threads share one picture. */
class Peer {
  #worker = new Worker(new URL("./peer-worker.js", import.meta.url), { type: "module", name: "peer" });
  #side = 0;

  /** @param {Load} load */
  async load({ model, device, workers, side }) {
    this.#side = side;
    await this.#call("load", [model, device, workers]);
    return { knownMs: null };
  }

  /** @param {string} reference its address @returns {Promise<Check>} */
  async check(reference) {
    const file = await fetched(reference);
    const input = tensor(file, "input");
    const logits = tensor(file, "logits");
    const found = /** @type {Float32Array} */ (await this.#call("run", [input.values, input.shape]));
    if (found.length !== logits.values.length) throw new Error(`${found.length} logits, not ${logits.values.length}`);
    return {
      difference: Math.max(...found.map((value, index) => Math.abs(value - logits.values[index]))),
      largest: Math.max(...logits.values.map(Math.abs)),
    };
  }

  /** @param {number} batch @param {number} passes @returns {Promise<number[]>} milliseconds of each */
  measure(batch, passes) {
    return this.#call("measure", [[batch, 3, this.#side, this.#side], passes]);
  }

  close() {
    this.#worker.terminate();
  }

  /** @param {string} method @param {unknown[]} args @returns {Promise<any>} */
  #call(method, args) {
    return new Promise((resolve, reject) => {
      this.#worker.onmessage = ({ data }) => ("error" in data ? reject(new Error(data.error)) : resolve(data.result));
      this.#worker.onerror = (event) => reject(new Error(`the worker failed: ${event.message}`));
      this.#worker.postMessage({ method, args });
    });
  }
}

/** @param {string} address */
async function fetched(address) {
  return new Uint8Array(await (await fetch(address)).arrayBuffer());
}

/** One f32 tensor of a safetensors file. @param {Uint8Array<ArrayBuffer>} file @param {string} name */
function tensor(file, name) {
  const start = 8 + Number(new DataView(file.buffer).getBigUint64(0, true));
  const { dtype, shape, data_offsets: [from, to] } = JSON.parse(new TextDecoder().decode(file.subarray(8, start)))[name];
  if (dtype !== "F32") throw new Error(`${name} is ${dtype}, not F32`);
  // A copy, since the numbers may begin at any byte.
  const values = new Float32Array(file.slice(start + from, start + to).buffer);
  return { shape: /** @type {number[]} */ (shape), values };
}

/** The browser's description of the graphics adapter; null without one. */
async function adapter() {
  const info = "gpu" in navigator ? (await navigator.gpu.requestAdapter())?.info : undefined;
  return info ? [info.vendor, info.architecture, info.device, info.description].filter(Boolean).join(" ") : null;
}

/** The browser's own count of the bytes of the page and its workers; null if it has none. */
async function memory() {
  const { measureUserAgentSpecificMemory: measure } =
    /** @type {{measureUserAgentSpecificMemory?: () => Promise<{bytes: number}>}} */ (/** @type {unknown} */ (performance));
  return measure ? (await measure.call(performance)).bytes : null;
}

export const bench = { ours: new Ours(), peer: new Peer(), adapter, memory };
Object.assign(globalThis, { bench });
