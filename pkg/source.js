/**
 * The two parts of a worker: the compiled program, and the weights of a model. Both are fetched once,
 * side by side, and shared by all workers: a worker takes a module without compiling it anew, and a
 * blob without copying it.
 */

import { BUILDS } from "./builds.js";
import { messageOf } from "./message.js";
import { hasRelaxedSimd } from "./simd.js";

/** @import { Kind } from "./gpu.js" */
/** @import { LoadOptions, Progress } from "./index.js" */

/** Hears how far a download has come. @typedef {(progress: Progress) => void} Report */

/** The program of each kind, once somebody has asked for it, and those who hear how far it has come. @type {Map<Kind, {program: Promise<WebAssembly.Module>, hear: (report: Report) => void}>} */
const programs = new Map();

/**
 * The program, compiled as it arrives, from the fastest build of its kind that this browser can run.
 * All who ask get the same one.
 *
 * @param {Kind} kind
 * @param {Report} [report]
 * @returns {Promise<WebAssembly.Module>}
 */
export function compileProgram(kind, report) {
  let known = programs.get(kind);
  if (!known) {
    /** @type {Progress | undefined} */
    let latest;
    /** @type {Report[]} */
    const reports = [];
    const program = compileBuild(kind, (progress) => {
      latest = progress;
      for (const report of reports) report(progress);
    });
    const hear = (/** @type {Report} */ report) => {
      reports.push(report);
      if (latest) report(latest);
    };
    known = { program, hear };
    programs.set(kind, known);
    // The next one who asks may have more luck.
    program.catch(() => programs.delete(kind));
  }
  if (report) known.hear(report);
  return known.program;
}

/** @param {Kind} kind @param {Report} report */
async function compileBuild(kind, report) {
  const { response, size } = await fetchBuild(kind);
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
 * @param {AbortSignal} [signal]
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
 * Whether a service worker answers with the files that it keeps: nothing travels then, and counting
 * the bytes takes longer than reading them.
 */
function isKept() {
  return Boolean(globalThis.navigator?.serviceWorker?.controller);
}

/** The first build that is there, of those that this browser runs. @param {Kind} kind */
async function fetchBuild(kind) {
  /** @type {unknown} */
  let fault;
  const builds = BUILDS.filter((build) => build.kind === kind && (!build.needsRelaxedSimd || hasRelaxedSimd()));
  for (const { address, size } of builds) {
    try {
      return { response: await fetchFile(address.href), size };
    } catch (error) {
      fault = error;
    }
  }
  throw fault;
}

/** @param {string} url @param {AbortSignal} [signal] */
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
  // Where the server compresses, the length is that of the compressed bytes, and of no use as a total.
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
