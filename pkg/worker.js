/**
 * The far side of remote.js, for programs of both kinds (worker-cpu.js, worker-webgpu.js): owns an
 * instance of the program and the one classifier, answers one call at a time, in their order.
 *
 * Comes in: `{method, args}`. Goes out: `{result}` or `{error}`, and `{fatal}` when the program
 * itself has failed. A trap leaves the program's memory in an unknown state and its promises
 * unsettled, so after `fatal` the page ends this worker and starts another.
 */

/** @import { Source } from "./pool.js" */

/** What the program exports, of whichever kind. @typedef {typeof import("./karyolens_cpu.js") | typeof import("./karyolens_webgpu.js")} Program */

/** What a method gives: the answer, and the buffers that move with it. @typedef {{result: unknown, transfer?: Transferable[]}} Answer */

/**
 * A picture beyond this is refused before it is read: decoded it would not fit into the wasm's
 * 4 GiB of memory, and a checkpoint that belongs in a browser is smaller too.
 */
const LARGEST_PICTURE = 256 * 2 ** 20;

/** @type {Program} */
let program;
/** @type {Program["Classifier"]["prototype"] | undefined} */
let classifier;

/** The last words on the console: where Rust's panic hook writes why it is about to trap. */
let lastConsoleError = "";
const writeConsoleError = console.error;
console.error = (...words) => {
  lastConsoleError = words.map(String).join(" ");
  writeConsoleError.apply(console, words);
};

/** @type {Record<string, (...args: any[]) => Promise<Answer>>} */
const methods = {
  async load(/** @type {Source} */ { program: module, weights, device }) {
    const [{ memory }, bytes] = await Promise.all([program.default({ module_or_path: module }), bytesOf(weights)]);
    const hash = hashOf(bytes);
    classifier = await program.Classifier.load(bytes, device);
    const { card, risk_rule: riskRule, device: deviceReport } = classifier;
    const facts = { version: program.version(), card, riskRule, device: deviceReport, modelHash: await hash };
    return { result: { ...facts, memory: memory.buffer.byteLength } };
  },

  async classify(/** @type {Blob | ArrayBuffer | Uint8Array} */ file) {
    const bytes = await pictureOf(file);
    const hash = hashOf(bytes);
    const prediction = await loaded().classify(bytes);
    return { result: { ...prediction, sha256: await hash } };
  },

  async explain(/** @type {Blob | ArrayBuffer | Uint8Array} */ file, /** @type {string} */ feature) {
    return { result: await loaded().explain(await pictureOf(file), feature) };
  },

  async cellImage(/** @type {Blob | ArrayBuffer | Uint8Array} */ file) {
    return picture(program.cell_image(await pictureOf(file)));
  },

  async verify(/** @type {Blob | ArrayBuffer | Uint8Array} */ reference) {
    return { result: await loaded().verify(await bytesOf(reference)) };
  },

  async measure(/** @type {number} */ batch, /** @type {number} */ passes) {
    return { result: await loaded().measure(batch, passes) };
  },

  async renderSynthetic(/** @type {string[]} */ features, /** @type {number} */ seed) {
    return picture(program.render_synthetic(features, seed));
  },
};

/** Answers calls from now on. @param {Program} glue of the program, not yet with its memory */
export function serve(glue) {
  program = glue;
  let previous = Promise.resolve();
  addEventListener("message", ({ data }) => {
    previous = previous.then(() => answer(data));
  });
  addEventListener("error", (event) => fail(event.error ?? event.message));
  addEventListener("unhandledrejection", (event) => fail(event.reason));
}

/** @param {{method: string, args: unknown[]}} call */
async function answer({ method, args }) {
  try {
    const { result, transfer } = await methods[method](...args);
    postMessage({ result }, { transfer });
  } catch (error) {
    // A trap, or a stack that overflowed inside the wasm; anything else is an answer.
    if (error instanceof WebAssembly.RuntimeError || error instanceof RangeError) fail(error);
    else postMessage({ error: messageOf(error) });
  }
}

/** Tells the page that this worker is of no more use. @param {unknown} error */
function fail(error) {
  const panic = /panicked at[^\n]*\n?(.*)/.exec(lastConsoleError)?.[1];
  postMessage({ fatal: panic || messageOf(error) });
}

function loaded() {
  if (!classifier) throw new Error("no model is loaded");
  return classifier;
}

/** A file as an answer that moves instead of being copied. @param {Uint8Array} file @returns {Answer} */
function picture(file) {
  return { result: file, transfer: [file.buffer] };
}

/** The bytes of a picture's file, where it is not too large to be read. @param {Blob | ArrayBuffer | Uint8Array} file */
async function pictureOf(file) {
  const size = file instanceof Blob ? file.size : file.byteLength;
  if (size > LARGEST_PICTURE) {
    throw new Error(`the file has ${megabytes(size)}, more than the ${megabytes(LARGEST_PICTURE)} that can be read`);
  }
  return bytesOf(file);
}

/** SHA-256 in hexadecimal digits; null in an insecure context, where browsers keep it back. @param {Uint8Array} bytes */
async function hashOf(bytes) {
  if (!globalThis.crypto?.subtle) return null;
  const { buffer } = bytes;
  // Shared memory is refused.
  const own = buffer instanceof ArrayBuffer ? /** @type {Uint8Array<ArrayBuffer>} */ (bytes) : new Uint8Array(bytes);
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", own));
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** @param {Blob | ArrayBuffer | Uint8Array} data */
async function bytesOf(data) {
  if (data instanceof Uint8Array) return data;
  if (data instanceof ArrayBuffer) return new Uint8Array(data);
  try {
    return new Uint8Array(await data.arrayBuffer());
  } catch (error) {
    throw new Error(`the file could not be read: ${messageOf(error)}`);
  }
}

/** @param {unknown} error */
function messageOf(error) {
  return error instanceof Error ? error.message : String(error);
}

/** @param {number} bytes */
function megabytes(bytes) {
  return `${Math.round(bytes / 2 ** 20)} MB`;
}
