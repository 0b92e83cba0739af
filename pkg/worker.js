/**
 * The far side of remote.js, for programs of both kinds (worker-cpu.js, worker-webgpu.js): owns an
 * instance of the program and its models, and answers one call at a time.
 *
 * Comes in: `{method, model, args}`. Goes out: `{result, memory}` or `{error, name}`, and `{fatal}` when the
 * program itself has failed. A trap leaves the program's memory in an unknown state and its promises
 * unsettled, so after `fatal` the page ends this worker and starts another.
 */

import { BY_BROWSER, decodedByBrowser } from "./by-browser.js";
import { LARGEST_PICTURE, sha256Of } from "./hash.js";
import { messageOf } from "./message.js";

/** @import { Load } from "./pool.js" */
/** @import { Piece, Pieces } from "./picture.js" */
/** @import { Message } from "./remote.js" */

/** The exports of the program, of whichever kind. @typedef {typeof import("./karyolens_cpu.js") | typeof import("./karyolens_webgpu.js")} Program */

/** A model in the program's memory that names features. @typedef {Program["Classifier"]["prototype"]} Classifier */
/** One that finds nuclei. @typedef {Program["Finder"]["prototype"]} Finder */

/** The file of a picture. @typedef {Blob | ArrayBuffer | Uint8Array} File */

/** The answer of a method, and the buffers that move with it. @typedef {{result?: unknown, transfer?: Transferable[]}} Answer */

/** @type {Program} */
let program;
/** The program's, all models included. @type {WebAssembly.Memory} */
let memory;
/** By name. @type {Map<string, Classifier | Finder>} */
const models = new Map();

/** The last words on the console, where Rust's panic hook writes the reason before it traps. */
let lastConsoleError = "";
const writeConsoleError = console.error;
console.error = (...words) => {
  lastConsoleError = words.map(String).join(" ");
  writeConsoleError.apply(console, words);
};

/** @type {Record<string, (...args: any[]) => Promise<Answer>>} */
const methods = {
  async start(/** @type {WebAssembly.Module} */ module) {
    ({ memory } = await program.default({ module_or_path: module }));
    return {};
  },

  async load(/** @type {Load} */ { name, weights, device }) {
    const bytes = await bytesOf(weights);
    const hash = sha256Of(bytes);
    /** @type {Classifier | Finder} */
    const model = await program.load_model(bytes, device);
    models.get(name)?.release();
    models.set(name, model);
    const { card, device: deviceReport } = model;
    const riskRule = isFinder(model) ? null : model.risk_rule;
    const facts = { version: program.version(), card, riskRule, device: deviceReport, modelHash: await hash };
    return { result: { ...facts, memory: memory.buffer.byteLength } };
  },

  async release(/** @type {string} */ name) {
    models.get(name)?.release();
    models.delete(name);
    return {};
  },

  async open(/** @type {File} */ file) {
    const bytes = await pictureOf(file);
    const hash = sha256Of(bytes);
    const decoded = await decodedByBrowser(bytes);
    const picture = taken(decoded ? program.Picture.of_browser(decoded.pixels, decoded.width) : program.Picture.open(bytes));
    if (decoded) picture.notice = BY_BROWSER;
    return { result: { ...picture, sha256: await hash }, transfer: [picture.pixels.buffer] };
  },

  async openSlide(/** @type {Blob} */ file, /** @type {number} */ longest) {
    const slide = program.Slide.open(file);
    const { width, height, micrometres_per_pixel: micrometresPerPixel = null, is_small: isSmall } = slide;
    const facts = { width, height, micrometresPerPixel, isSmall };
    if (isSmall) return { result: { ...facts, overview: null } };
    const overview = taken(slide.overview(longest));
    slide.free();
    return { result: { ...facts, overview }, transfer: [overview.pixels.buffer] };
  },

  async openPart(/** @type {Blob} */ file, /** @type {{left: number, top: number, width: number, height: number}} */ { left, top, width, height }) {
    const slide = program.Slide.open(file);
    const picture = taken(slide.part(left, top, width, height));
    slide.free();
    return { result: picture, transfer: [picture.pixels.buffer] };
  },

  async readContours(/** @type {File} */ file, /** @type {number} */ width, /** @type {number} */ height, /** @type {string} */ name) {
    return { result: program.read_contours(await bytesOf(file), width, height, name) };
  },

  async writeContours(/** @type {string} */ written, /** @type {string} */ format, /** @type {string} */ name, /** @type {Pieces} */ { width, height, pixels, places }, /** @type {number | null} */ micrometresPerPixel) {
    return { result: program.write_contours(written, format, name, width, height, pixels, places, micrometresPerPixel) };
  },

  async measureNuclei(/** @type {Pieces} */ { width, height, pixels, places }, /** @type {Float64Array} */ points, /** @type {Uint32Array} */ lengths) {
    const values = program.measure_nuclei(width, height, pixels, places, points, lengths);
    const units = program.measurement_units();
    const columns = program.measurement_names().map((name, i) => {
      const column = values.slice(i * lengths.length, (i + 1) * lengths.length);
      return { name, unit: units[i], values: column };
    });
    return { result: columns, transfer: columns.map(({ values }) => values.buffer) };
  },

  async cellImage(/** @type {File | Piece} */ source) {
    return moved((await cellOf(source)).png());
  },

  async renderSynthetic(/** @type {string[]} */ features, /** @type {number} */ seed) {
    return moved(program.render_synthetic(features, seed));
  },
};

/** Methods of a model that names features. @type {Record<string, (model: Classifier, ...args: any[]) => Promise<Answer>>} */
const classifierMethods = {
  async classify(model, /** @type {File | Piece} */ source) {
    if (isPiece(source)) return { result: await model.classify_picture(source.pixels, source.width) };
    const bytes = await pictureOf(source);
    const hash = sha256Of(bytes);
    const decoded = await decodedByBrowser(bytes);
    const prediction = await (decoded ? model.classify_picture(decoded.pixels, decoded.width) : model.classify(bytes));
    if (decoded) prediction.notice = prediction.notice ? `${BY_BROWSER} ${prediction.notice}` : BY_BROWSER;
    return { result: { ...prediction, sha256: await hash } };
  },

  async explain(model, /** @type {File | Piece} */ source, /** @type {string} */ feature) {
    return { result: await model.explain_cell(await cellOf(source, model), feature) };
  },

  async classifyCells(model, /** @type {Piece[]} */ pieces) {
    const cells = await Promise.all(pieces.map((piece) => cellOf(piece, model)));
    return { result: await model.classify_cells(cells) };
  },

  async cellImage(model, /** @type {Piece} */ piece) {
    return moved((await cellOf(piece, model)).png());
  },

  async verify(model, /** @type {File} */ reference) {
    return { result: await model.verify(await bytesOf(reference)) };
  },

  async measure(model, /** @type {number} */ batch, /** @type {number} */ passes) {
    return { result: await model.measure(batch, passes) };
  },
};

/** Methods of a model that finds nuclei. @type {Record<string, (model: Finder, ...args: any[]) => Promise<Answer>>} */
const finderMethods = {
  async plan(model, /** @type {number} */ width, /** @type {number} */ height, /** @type {number | null} */ micrometres, /** @type {number | null} */ found) {
    const enlarged = found ?? model.enlarged(micrometres) ?? 1;
    return { result: { enlarged, tiles: model.tiles(width, height, enlarged), rays: model.rays } };
  },

  async find(model, /** @type {Uint8Array} */ pixels, /** @type {Uint32Array} */ tile, /** @type {number} */ enlarged) {
    return moved(await model.find(pixels, tile, enlarged));
  },

  async join(model, /** @type {Float32Array} */ found, /** @type {number} */ width, /** @type {number} */ height) {
    return moved(model.join(found, width, height));
  },

  async enlargement(model, /** @type {Float32Array} */ found) {
    return { result: model.enlargement(found) ?? null };
  },
};

/** Answers calls from now on. @param {Program} glue of the program, not yet with its memory */
export function serve(glue) {
  program = glue;
  addEventListener("message", ({ data }) => void answer(data));
  addEventListener("error", (event) => fail(event.error ?? event.message));
  addEventListener("unhandledrejection", (event) => fail(event.reason));
}

/** @param {Message} message */
async function answer({ method, model, args }) {
  try {
    const { result, transfer } = model === undefined
      ? await methods[method](...args)
      : await withModel(method, model, args);
    postMessage({ result, memory: memory?.buffer.byteLength }, { transfer });
  } catch (error) {
    // A trap, or a stack that overflowed inside the wasm; anything else is an answer.
    if (error instanceof WebAssembly.RuntimeError || error instanceof RangeError) fail(error);
    else postMessage({ error: messageOf(error), name: error instanceof Error ? error.name : "Error" });
  }
}

/** Tells the page that this worker is of no more use. @param {unknown} error */
function fail(error) {
  const panic = /panicked at[^\n]*\n?(.*)/.exec(lastConsoleError)?.[1];
  postMessage({ fatal: panic || messageOf(error) });
}

/** @param {string} method @param {string} name of a model @param {any[]} args @returns {Promise<Answer>} */
async function withModel(method, name, args) {
  const model = models.get(name);
  if (!model) throw new Error(`there is no model ${JSON.stringify(name)} in this worker`);
  if (isFinder(model)) {
    if (method in finderMethods) return finderMethods[method](model, ...args);
    throw new Error(`the model ${JSON.stringify(name)} finds nuclei; it names no features`);
  }
  if (method in classifierMethods) return classifierMethods[method](model, ...args);
  throw new Error(`the model ${JSON.stringify(name)} names features; it finds no nuclei`);
}

/** @param {Classifier | Finder} model @returns {model is Finder} */
function isFinder(model) {
  return "tiles" in model;
}

/** One nucleus; that of a field at the model's scale. @param {File | Piece} source @param {Classifier} [model] */
async function cellOf(source, model) {
  if (!isPiece(source)) {
    const bytes = await pictureOf(source);
    const decoded = await decodedByBrowser(bytes);
    return decoded ? program.Cell.whole(decoded.pixels, decoded.width) : program.Cell.read(bytes);
  }
  const { pixels, width, contour, micrometresPerPixel, name } = source;
  return contour && model ? model.cut(pixels, width, contour, micrometresPerPixel, name) : program.Cell.whole(pixels, width);
}

/** @param {File | Piece} source @returns {source is Piece} */
function isPiece(source) {
  return "pixels" in source;
}

/** A picture of the program in memory of the page's, and the program's memory free again. @param {Program["Picture"]["prototype"]} opened */
function taken(opened) {
  const { kind, width, height, micrometres_per_pixel: micrometresPerPixel = null } = opened;
  /** @type {string | null} */
  const notice = opened.notice ?? null;
  const pixels = opened.rgba();
  opened.free();
  return { kind, width, height, pixels, sha256: null, micrometresPerPixel, notice };
}

/** Bytes or numbers as an answer that moves instead of being copied. @param {Uint8Array | Float32Array} numbers @returns {Answer} */
function moved(numbers) {
  return { result: numbers, transfer: [numbers.buffer] };
}

/** The bytes of a picture's file, where it is not too large to be read. @param {File} file */
async function pictureOf(file) {
  const size = file instanceof Blob ? file.size : file.byteLength;
  if (size > LARGEST_PICTURE) {
    throw new Error(`the file has ${megabytes(size)}, more than the ${megabytes(LARGEST_PICTURE)} that can be read`);
  }
  return bytesOf(file);
}

/** @param {File} data */
async function bytesOf(data) {
  if (data instanceof Uint8Array) return data;
  if (data instanceof ArrayBuffer) return new Uint8Array(data);
  try {
    return new Uint8Array(await data.arrayBuffer());
  } catch (error) {
    throw new Error(`the file could not be read: ${messageOf(error)}`);
  }
}

/** @param {number} bytes */
function megabytes(bytes) {
  return `${Math.round(bytes / 2 ** 20)} MB`;
}
