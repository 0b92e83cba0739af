/** The bench's page: both sides, each in workers of its own, behind the same calls. */

import { Karyolens } from "../pkg/index.js";

/** @import { Picture } from "../pkg/index.js" */

/**
 * @typedef {object} Load a model and its place
 * @property {string} model the address of a checkpoint, or of an ONNX file
 * @property {"cpu" | "webgpu"} device
 * @property {number} workers the number of cores that it may use
 * @property {number} side of the input in pixels
 * @property {string | null} reference the address of an input with its logits
 *
 * @typedef {{difference: number, largest: number}} Check largest |difference| to a reference, and largest |reference|
 */

/** Karyolens: one instance a core, since one core reads one picture. */
class Ours {
  /** @type {Karyolens[]} */
  #instances = [];
  /** @type {Uint8Array[]} */
  #pictures = [];
  /** The field that a network for nuclei searches; null for one that names features. @type {Picture | null} */
  #field = null;

  /** @param {Load} load */
  async load({ model, device, workers, reference }) {
    // An instance starts further workers only when it needs them, which would fall into the timed passes.
    this.#instances = await Promise.all(Array.from({ length: workers }, () => Karyolens.load({ model, device, workers: 1 })));
    const [{ device: found }] = this.#instances;
    if (found.kind !== device) throw new Error(`it runs on ${found.kind}, not ${device}: ${found.reason}`);
    const { card } = this.#instances[0];
    this.#field = card.task === "segment" && reference ? fieldOf(await fetched(reference), card) : null;
    return { knownMs: found.known_ms };
  }

  /** @param {string} reference its address @returns {Promise<Check>} */
  async check(reference) {
    const file = await fetched(reference);
    if (this.#field) {
      const found = await this.#instances[0].segment(this.#field, { model: "default" });
      return apart(found.nuclei.map(({ probability }) => probability), tensor(file, "logits"));
    }
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
    if (count === 1) return this.#passes(this.#instances[0], batch, passes);
    const share = Math.max(1, Math.floor(batch / count));
    const all = await Promise.all(this.#instances.map((one) => this.#passes(one, share, passes)));
    const elapsed = Math.max(...all.map((times) => times.reduce((sum, time) => sum + time)));
    return [(elapsed / passes) * (batch / (share * count))];
  }

  /**
   * Milliseconds of each pass. That over a field is the whole search: pixels on their way to the worker, the
   * network, and outlines on their way back.
   *
   * @param {Karyolens} karyolens
   * @param {number} batch
   * @param {number} passes
   */
  async #passes(karyolens, batch, passes) {
    if (!this.#field) return karyolens.measure({ batch, passes });
    const times = [];
    for (let pass = 0; pass < passes; pass++) {
      const start = performance.now();
      for (let field = 0; field < batch; field++) await karyolens.segment(this.#field, { model: "default" });
      times.push(performance.now() - start);
    }
    return times;
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
      difference: magnitudeOf(found.map((value, index) => value - logits.values[index])),
      largest: magnitudeOf(logits.values),
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

/** Micrometres for a pixel of the fields that the network was trained on: a field of that scale is searched once. */
const SCALE = 0.32;
/** The channel with the logit of a nucleus, see src/model/segmenter.rs. */
const NUCLEUS = 0;

/** The picture that became an input. @param {Uint8Array<ArrayBuffer>} file with the input @param {Karyolens["card"]} card @returns {Picture} */
function fieldOf(file, { input: { mean, std } }) {
  const { values, shape: [, , height, width] } = tensor(file, "input");
  const pixels = new Uint8ClampedArray(4 * width * height).fill(255);
  for (const [index, value] of values.entries()) {
    const channel = Math.floor(index / (width * height));
    pixels[4 * (index % (width * height)) + channel] = Math.round(255 * (value * std[channel] + mean[channel]));
  }
  return { kind: "field", width, height, pixels, sha256: null, micrometresPerPixel: SCALE, notice: null };
}

/**
 * How far the probabilities of found nuclei are from the nearest that the logits have: each nucleus has that of its
 * place, and the place with the highest is one of a nucleus.
 *
 * @param {number[]} found
 * @param {{shape: number[], values: Float32Array}} logits
 * @returns {Check}
 */
function apart(found, { shape, values }) {
  const channels = shape[shape.length - 1];
  const known = values.filter((_, index) => index % channels === NUCLEUS).map((logit) => 1 / (1 + Math.exp(-logit)));
  const nearest = found.map((probability) => known.reduce((least, one) => Math.min(least, Math.abs(one - probability)), 1));
  const highest = known.reduce((most, one) => Math.max(most, one)) - Math.max(...found);
  return { difference: Math.max(Math.abs(highest), ...nearest), largest: 1 };
}

/** The largest magnitude; NaN where one is. @param {Float32Array} values too many for a call's arguments */
function magnitudeOf(values) {
  return values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
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
