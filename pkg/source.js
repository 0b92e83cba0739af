/**
 * What a worker is made of: the program, compiled, and the model's weights. Both are fetched once,
 * side by side, and shared by all workers: a module is handed over without compiling it anew, a
 * blob without copying it.
 */

import { BUILDS } from "./builds.js";
import { hasRelaxedSimd } from "./simd.js";

/** @import { Kind } from "./gpu.js" */
/** @import { LoadOptions, Progress } from "./index.js" */

/** Hears how far a download has come. @typedef {(progress: Progress) => void} Report */

/**
 * The program, compiled as it arrives, from the fastest build of its kind that this browser can run.
 *
 * @param {Kind} kind
 * @param {Report} report
 * @param {AbortSignal} signal
 */
export async function compileProgram(kind, report, signal) {
  const { response, size } = await fetchBuild(kind, signal);
  const isTyped = /^application\/wasm\b/.test(response.headers.get("content-type") ?? "");
  // A browser keeps the machine code beside the very response that it was compiled from, and only
  // where nobody else reads that one: its twin is counted.
  const counted = isKept() ? null : count(response.clone(), "code", report, size).pipeTo(new WritableStream());
  const typed = isTyped ? response : new Response(response.body, { headers: { "content-type": "application/wasm" } });
  const [program] = await Promise.all([WebAssembly.compileStreaming(typed), counted]).catch((error) => {
    throw new Error(`could not load ${response.url}: ${messageOf(error)}`);
  });
  return program;
}

/**
 * The weights, wherever they come from, as they are now.
 *
 * @param {NonNullable<LoadOptions["model"]>} model
 * @param {Report} report
 * @param {AbortSignal} signal
 */
export async function readWeights(model, report, signal) {
  if (typeof model === "string" || model instanceof URL) {
    const response = await fetchFile(new URL(model, globalThis.document?.baseURI ?? location.href).href, signal);
    const whole = isKept() ? response : new Response(count(response, "weights", report));
    return whole.blob().catch((error) => {
      throw new Error(`could not fetch ${response.url}: ${messageOf(error)}`);
    });
  }
  const weights = model instanceof Blob ? model : new Blob([/** @type {BlobPart} */ (model)]);
  report({ phase: "weights", loaded: weights.size, total: weights.size });
  return weights;
}

/**
 * Whether a service worker answers, from what it keeps: nothing travels then whose progress anybody
 * could watch, and counting takes longer than reading.
 */
function isKept() {
  return Boolean(globalThis.navigator?.serviceWorker?.controller);
}

/** The first build that can be had of those that this browser runs. @param {Kind} kind @param {AbortSignal} signal */
async function fetchBuild(kind, signal) {
  /** @type {unknown} */
  let fault;
  const builds = BUILDS.filter((build) => build.kind === kind && (!build.needsRelaxedSimd || hasRelaxedSimd()));
  for (const { address, size } of builds) {
    try {
      return { response: await fetchFile(address.href, signal), size };
    } catch (error) {
      fault = error;
    }
  }
  throw fault;
}

/** @param {string} url @param {AbortSignal} signal */
async function fetchFile(url, signal) {
  const response = await fetch(url, { signal }).catch((error) => {
    throw new Error(`could not fetch ${url}: ${messageOf(error)}`);
  });
  if (!response.ok) throw new Error(`could not fetch ${url}: the server answered ${response.status}`);
  return response;
}

/**
 * A response's body, which reports how far it has come as it is read.
 *
 * @param {Response} response
 * @param {"code" | "weights"} phase
 * @param {Report} report
 * @param {number | null} [size] in bytes, where it is known without asking the server
 * @returns {ReadableStream<Uint8Array<ArrayBuffer>>}
 */
function count({ headers, body }, phase, report, size = null) {
  // The length is of what travels: of no use as a total where the server compresses.
  const length = headers.has("content-encoding") ? null : Number(headers.get("content-length")) || null;
  const total = length ?? size;
  let loaded = 0;
  report({ phase, loaded, total });
  const counter = new TransformStream({
    transform(/** @type {Uint8Array<ArrayBuffer>} */ piece, controller) {
      loaded += piece.byteLength;
      report({ phase, loaded, total });
      controller.enqueue(piece);
    },
    flush: () => report({ phase, loaded, total: loaded }),
  });
  return (body ?? new Blob().stream()).pipeThrough(counter);
}

/** @param {unknown} error */
function messageOf(error) {
  return error instanceof Error ? error.message : String(error);
}
