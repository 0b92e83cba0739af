/** What the bench asks of its page: both sides, each in workers of its own, behind the same calls. */

import { Karyolens } from "../pkg/index.js";

/**
 * @typedef {object} Load what to load, and where
 * @property {string} model the address of a checkpoint, or of an ONNX file
 * @property {"cpu" | "webgpu"} device
 * @property {number} workers how many cores it may use
 * @property {number} side of the input in pixels
 *
 * @typedef {{difference: number, largest: number}} Check largest |difference| to a reference, and largest |reference|
 */

/** Karyolens: one instance a core, since one picture is read by one core. */
class Ours {
  /** @type {Karyolens[]} */
  #instances = [];
  /** @type {Uint8Array[]} */
  #pictures = [];

  /** @param {Load} load */
  async load({ model, device, workers }) {
    // Workers of one instance start when they are needed, in the midst of what is timed.
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
   * Milliseconds a batch. Where there are several instances all work at once, on shares of the batch;
   * of a batch too small to be shared each has one of its own, and the time is that of one batch in
   * a stream of them.
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

  /** Milliseconds of each of some cells, from a picture's file to a prediction. @param {number} count */
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
  // A copy: the numbers need not begin at a multiple of their size.
  const values = new Float32Array(file.slice(start + from, start + to).buffer);
  return { shape: /** @type {number[]} */ (shape), values };
}

/** The graphics adapter in the browser's words; null where there is none. */
async function adapter() {
  const info = "gpu" in navigator ? (await navigator.gpu.requestAdapter())?.info : undefined;
  return info ? [info.vendor, info.architecture, info.device, info.description].filter(Boolean).join(" ") : null;
}

/** Bytes that the browser itself counts for the page and its workers; null where it does not tell. */
async function memory() {
  const { measureUserAgentSpecificMemory: measure } =
    /** @type {{measureUserAgentSpecificMemory?: () => Promise<{bytes: number}>}} */ (/** @type {unknown} */ (performance));
  return measure ? (await measure.call(performance)).bytes : null;
}

export const bench = { ours: new Ours(), peer: new Peer(), adapter, memory };
Object.assign(globalThis, { bench });
