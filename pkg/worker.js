/**
 * The far side of index.js: owns the wasm module and the one classifier, answers one call at a
 * time.
 *
 * Comes in: `{id, method, args}`. Goes out: `{id, result}` or `{id, error}`, while loading also
 * `{id, progress}`, and `{fatal}` when the program itself has failed. A trap leaves the wasm's
 * memory in an unknown state and its promises unsettled, so after `fatal` the page ends this
 * worker and starts another.
 */
import init, { Classifier, cell_image, render_synthetic, version } from "./karyolens_wasm.js";

/** @import { Progress } from "./index.js" */

/** What a method gives: the answer, and the buffers that move with it. @typedef {{result: unknown, transfer?: Transferable[]}} Answer */

/**
 * A picture beyond this is refused before it is read: decoded it would not fit into the wasm's
 * 4 GiB of memory, and a checkpoint that belongs in a browser is smaller too.
 */
const LARGEST_PICTURE = 256 * 2 ** 20;

/** @type {Classifier | undefined} */
let classifier;

/** The last words on the console: where Rust's panic hook writes why it is about to trap. */
let lastConsoleError = "";
const writeConsoleError = console.error;
console.error = (...words) => {
  lastConsoleError = words.map(String).join(" ");
  writeConsoleError.apply(console, words);
};

/** @type {Record<string, (report: (progress: Progress) => void, ...args: any[]) => Promise<Answer>>} */
const methods = {
  async load(report, /** @type {string | Blob | ArrayBuffer | Uint8Array} */ model, /** @type {string} */ device) {
    const [, weights] = await Promise.all([startCode(report), readWeights(model, report)]);
    report({ phase: "device", loaded: 0, total: 1 });
    const modelHash = await hashOf(weights);
    classifier = await Classifier.load(weights, device);
    report({ phase: "device", loaded: 1, total: 1 });
    const { card, risk_rule: riskRule, device: deviceReport } = classifier;
    return { result: { version: version(), card, riskRule, device: deviceReport, modelHash } };
  },

  async classify(_report, /** @type {Blob | ArrayBuffer | Uint8Array} */ file) {
    return { result: await loaded().classify(await pictureOf(file)) };
  },

  async explain(_report, /** @type {Blob | ArrayBuffer | Uint8Array} */ file, /** @type {string} */ feature) {
    return { result: await loaded().explain(await pictureOf(file), feature) };
  },

  async cellImage(_report, /** @type {Blob | ArrayBuffer | Uint8Array} */ file) {
    return picture(cell_image(await pictureOf(file)));
  },

  async verify(_report, /** @type {Blob | ArrayBuffer | Uint8Array} */ reference) {
    return { result: await loaded().verify(await bytesOf(reference)) };
  },

  async renderSynthetic(_report, /** @type {string[]} */ features, /** @type {number} */ seed) {
    return picture(render_synthetic(features, seed));
  },
};

let previous = Promise.resolve();
addEventListener("message", ({ data }) => {
  previous = previous.then(() => answer(data));
});
addEventListener("error", (event) => fail(event.error ?? event.message));
addEventListener("unhandledrejection", (event) => fail(event.reason));

/** @param {{id: number, method: string, args: unknown[]}} call */
async function answer({ id, method, args }) {
  try {
    const { result, transfer } = await methods[method](
      (progress) => postMessage({ id, progress }),
      ...args,
    );
    postMessage({ id, result }, { transfer });
  } catch (error) {
    // A trap, or a stack that overflowed inside the wasm; anything else is an answer.
    if (error instanceof WebAssembly.RuntimeError || error instanceof RangeError) fail(error);
    else postMessage({ id, error: messageOf(error) });
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
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", new Uint8Array(bytes))); // A copy: shared memory is refused.
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** @param {(progress: Progress) => void} report */
async function startCode(report) {
  const code = await download(
    new URL("./karyolens_wasm_bg.wasm", import.meta.url).href,
    "application/wasm",
    (loaded, total) => report({ phase: "code", loaded, total }),
  );
  await init({ module_or_path: code });
}

/**
 * @param {string | Blob | ArrayBuffer | Uint8Array} model
 * @param {(progress: Progress) => void} report
 */
async function readWeights(model, report) {
  if (typeof model !== "string") {
    const weights = await bytesOf(model);
    report({ phase: "weights", loaded: weights.length, total: weights.length });
    return weights;
  }
  const response = await download(model, "application/octet-stream", (loaded, total) =>
    report({ phase: "weights", loaded, total }),
  );
  return new Uint8Array(await response.arrayBuffer());
}

/**
 * Fetches `url`; the response's body reports how far it has come as it is read.
 *
 * @param {string} url
 * @param {string} type
 * @param {(loaded: number, total: number | null) => void} report
 */
async function download(url, type, report) {
  const response = await fetch(url).catch((error) => {
    throw new Error(`could not fetch ${url}: ${messageOf(error)}`);
  });
  if (!response.ok || !response.body) {
    throw new Error(`could not fetch ${url}: the server answered ${response.status}`);
  }
  // The length is of what travels: of no use as a total where the server compresses.
  const compressed = response.headers.has("content-encoding");
  const total = compressed ? null : Number(response.headers.get("content-length")) || null;
  let loaded = 0;
  report(loaded, total);
  const counted = response.body.pipeThrough(
    new TransformStream({
      transform(/** @type {Uint8Array} */ chunk, controller) {
        loaded += chunk.byteLength;
        report(loaded, total);
        controller.enqueue(chunk);
      },
    }),
  );
  return new Response(counted, { headers: { "content-type": type } });
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
