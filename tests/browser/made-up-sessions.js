/**
 * Sessions of cells that are made up, for tests of the page's modules. The modules run in a bare
 * document of the page's origin, under its policy: no model is loaded.
 */

import { openBlank } from "./harness.js";

/** @import { JSHandle, Page } from "playwright-core" */
/** @import { Cell, Model, Source } from "../../www/session/cell.js" */
/** @import { Session } from "../../www/session/session.js" */
/**
 * The page's modules that are tested here, in one object.
 *
 * @typedef {typeof import("../../www/session/session.js") & typeof import("../../www/session/csv.js") &
 *   typeof import("../../www/session/downloads.js") & typeof import("../../www/session/read-records.js") &
 *   typeof import("../../www/session/records.js") & typeof import("../../www/session/restore.js") &
 *   typeof import("../../www/session/slide.js") & typeof import("../../www/session/storage.js") & typeof import("../../www/report/report.js") &
 *   typeof import("../../www/language/language.js")} Modules
 */
/** A cell image as these tests put it down. @typedef {Partial<Pick<Cell, "state" | "failure" | "reading"> & Pick<Source, "sha256" | "synthetic">> & {name: string, corrections?: Record<string, boolean>}} MadeUp */

const HEAD = `
  <meta http-equiv="Content-Security-Policy" content="default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; img-src 'self' blob: data:; style-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'">
  <meta name="color-scheme" content="light dark">
  <link rel="stylesheet" href="./style.css"><link rel="stylesheet" href="./report/report.css" media="print">
  <body><main id="workbench"><h1>The page itself</h1></main>`;

export const FEATURES = ["Elongation", "Grooves", "Inclusion", "Glassy", "Crowding", "Wrinkled", "Enlargement", "Irregular", "Overlapping"];

/** @type {Model} */
export const MODEL = {
  id: "a".repeat(64),
  sha256: "a".repeat(64),
  name: "resnet, 38 wide",
  crateVersion: "0.1.0",
  features: FEATURES,
  thresholds: FEATURES.map((_, index) => Math.fround(0.3 + 0.05 * index)),
  unsure: FEATURES.map((_, index) => [Math.fround(0.2 + 0.05 * index), Math.fround(0.4 + 0.05 * index)]),
  riskRule: {
    weights: { Elongation: 1, Grooves: 3, Inclusion: 4, Glassy: 1, Crowding: 2, Wrinkled: 1, Enlargement: 3, Irregular: 1, Overlapping: 2 },
    mediumFrom: 5,
    highFrom: 7,
    alwaysHigh: ["Inclusion"],
  },
};

/** Of a person's own: other features, one name twice but for its signs, no rule, no hash. @type {Model} */
export const OWN_MODEL = {
  id: "own",
  sha256: null,
  name: "own",
  crateVersion: "0.1.0",
  features: ["Grooves", "Nhân to", "a-b", "a b"],
  thresholds: [0.5, 0.5, 0.5, 0.5],
  unsure: [],
  riskRule: null,
};

/** Names that a file may have and that something downstream may trip over. */
export const HOSTILE_NAMES = ["=cmd|' /C calc'!A0.png", 'a,"b"\n.png', "<img src=x>.png", "+1.png", "@sum.png", "\ttab.png", "Tế bào 1.png"];

/** @param {number} seed @param {Model} [model] @returns {NonNullable<Cell["reading"]>} */
export function reading(seed, model = MODEL) {
  return {
    model: model.id,
    probabilities: model.features.map((_, index) => Math.fround(Math.abs(Math.sin(seed + 1 + index * 1.7)))),
    notice: null,
    device: "cpu",
    adapter: null,
    program: "0.1.0",
    time: new Date(Date.UTC(2026, 10, 28, 7, seed)).toISOString(),
  };
}

/** @param {string} name @param {number} seed @returns {MadeUp} */
export function readCell(name, seed) {
  return { name, state: "done", sha256: seed.toString(16).padStart(64, "abc"), reading: reading(seed) };
}

/** Every state that a cell may be in, and every kind of entry. @type {MadeUp[]} */
export const CELLS = [
  ...HOSTILE_NAMES.map(readCell),
  { ...readCell("corrected.png", 20), corrections: { Grooves: true, Glassy: false } },
  { ...readCell("drawn.png", 21), synthetic: { features: ["Grooves", "Inclusion"], seed: 3 } },
  { ...readCell("gpu.png", 22), reading: { ...reading(22), device: "webgpu", adapter: "=a, “quick” one", notice: "Larger than usual." } },
  { ...readCell("own.png", 23), reading: reading(23, OWN_MODEL) },
  { name: "broken.png", state: "failed", failure: "-no picture", sha256: "f".repeat(64) },
  { name: "waiting.png" },
];

/**
 * Opens the bare document and loads the modules into it.
 *
 * @param {Page} page
 * @param {string} address the server's
 * @param {"en" | "vi"} [language]
 */
export async function openModules(page, address, language = "en") {
  await openBlank(page, address, HEAD);
  return loadModules(page, address, language);
}

/** @param {Page} page @param {string} address the server's @param {"en" | "vi"} [language] @returns {Promise<JSHandle<Modules>>} */
export function loadModules(page, address, language = "en") {
  return page.evaluateHandle(async ({ address, language }) => {
    const names = [
      ...["session", "csv", "downloads", "read-records", "records", "restore", "slide", "storage"].map((name) => `session/${name}`),
      "report/report", "language/language",
    ];
    const modules = await Promise.all(names.map((name) => import(`${address}${name}.js`)));
    /** @type {Modules} */
    const all = Object.assign({}, ...modules);
    const { loadDecide } = await import(`${address}pkg/index.js`);
    const decide = await loadDecide({ device: "cpu" });
    // Every session decides by the program's rule, as on the page.
    all.Session = class extends all.Session {
      constructor() {
        super();
        this.useRule(decide);
      }
    };
    await all.startLanguage();
    if (all.currentLanguage() !== language) await all.chooseLanguage(language);
    return all;
  }, { address, language });
}

/**
 * A session in the page with these cells, a threshold moved.
 *
 * @param {Page} page
 * @param {JSHandle<Modules>} modules
 * @param {MadeUp[]} cells
 * @param {{pictures?: boolean}} [options] whether every cell gets a small picture of its own
 * @returns {Promise<JSHandle<Session>>}
 */
export function sessionOf(page, modules, cells, { pictures = false } = {}) {
  return page.evaluateHandle(async ({ modules, models, cells, pictures }) => {
    const session = new modules.Session();
    const drawn = await Promise.all(cells.map(async (_, index) => {
      if (!pictures) return null;
      const canvas = new OffscreenCanvas(48, 48);
      const context = /** @type {OffscreenCanvasRenderingContext2D} */ (canvas.getContext("2d"));
      context.fillStyle = `hsl(${index * 29} 60% 50%)`;
      context.fillRect(8, 8, 32, 32);
      return canvas.convertToBlob();
    }));
    const complete = cells.map(({ name, sha256 = null, synthetic = null, corrections = {}, ...known }, index) => ({
      source: { name, bytes: drawn[index], sha256, kind: /** @type {const} */ ("cell-image"), isKindChosen: false, micrometresPerPixel: null, isScaleEstimated: false, slide: modules.guessSlide(name), leftOut: [], synthetic },
      contour: null,
      origin: null,
      isEdited: false,
      isConfirmed: false,
      probability: null,
      state: /** @type {const} */ ("waiting"),
      failure: "",
      reading: null,
      ...known,
      corrections: new Map(Object.entries(corrections)),
    }));
    session.restore(complete, models, new Map([["Grooves", 0.25]]));
    return session;
  }, { modules, models: [MODEL, OWN_MODEL], cells, pictures });
}
