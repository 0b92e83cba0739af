/**
 * Reads a saved session. The file may come from anywhere: everything in it is checked and copied
 * entry by entry, and a wrong entry is named with its place.
 */

import { t } from "../language/language.js";
import {
  MOST_FEATURES, entries, finite, flag, fraction, fractions, hash, isObject, list, moment, names, ofLength, oneOf, orNull, positive, readMap,
  shown, text, whole, wrong,
} from "./checks.js";
import { readSynthetic } from "./read-synthetic.js";
import { FORMAT, FORMAT_VERSION } from "./records.js";
import { splitCells } from "./version-1.js";

/** @import { RiskRule } from "../pkg/index.js" */
/** @import { Contour, Model, Origin, Reading, Source, State } from "./cell.js" */
/** @import { EarlierCell } from "./session.js" */

/** A source before a session gives it its id. @typedef {EarlierCell["source"]} EarlierSource */

/**
 * A session that was read. The first three are the arguments of {@link Session.restore}.
 *
 * @typedef {object} Restorable
 * @property {EarlierCell[]} cells
 * @property {Model[]} models
 * @property {Map<string, number>} moved
 * @property {EarlierSource[]} sources in the order of their records
 */

// Far above the work of a person, far below the limits of the page.
export const MOST_LETTERS = 200_000_000;
const MOST_CELLS = 100_000;
const MOST_MODELS = 100;
const MOST_POINTS = 100_000;
/** Of a closed outline that has an inside. */
const FEWEST_POINTS = 3;

/** Entries that a file of every version has. */
const HEAD = /** @type {const} */ (["format", "version", "use", "program", "exported", "models", "movedThresholds"]);
/** @type {readonly State[]} */
const STATES = ["waiting", "reading", "done", "failed", "cancelled"];
/** @type {readonly Source["kind"][]} */
const KINDS = ["cell-image", "field"];
/** @type {readonly Origin[]} */
const ORIGINS = ["given", "found", "drawn"];
/** @type {readonly Reading["device"][]} */
const DEVICES = ["webgpu", "cpu"];

/**
 * Reads a session that `toJson` wrote, now or in version 1.
 *
 * @param {string} text
 * @param {ReadonlyMap<string, Model>} [known] models that the page knows itself: the file may refer to
 *   them but not contradict them
 * @returns {Restorable}
 * @throws {Error} a sentence for people, where the file is anything else
 */
export function readSession(text, known = new Map()) {
  if (text.length > MOST_LETTERS) throw new Error(t("session.import.long", { most: MOST_LETTERS }));
  /** @type {unknown} */
  let file;
  try {
    file = JSON.parse(text);
  } catch {
    throw new Error(t("session.import.not-json"));
  }
  if (!isObject(file) || file.format !== FORMAT) throw new Error(t("session.import.not-session"));
  if (file.version === 1) return readRecords(recordsOfVersion1(file), known);
  if (file.version !== FORMAT_VERSION) {
    throw new Error(t("session.import.version", { version: shown(file.version), known: String(FORMAT_VERSION) }));
  }
  const { models, movedThresholds, sources, cells } = entries(file, "", [...HEAD, "sources", "cells"]);
  const found = readRecords({ models, movedThresholds, sources, cells }, known);
  const used = new Set(found.cells.map(({ source }) => source));
  const unused = found.sources.findIndex((source) => !used.has(source));
  if (unused >= 0) throw new Error(t("session.import.unknown", { place: `sources[${unused}]` }));
  return found;
}

/** @param {Record<string, unknown>} file */
function recordsOfVersion1(file) {
  const { models, movedThresholds, cells } = entries(file, "", [...HEAD, "cells"]);
  return { models, movedThresholds, ...splitCells(cells, MOST_CELLS) };
}

/**
 * Checks the records of a session, from a file or from the browser's storage.
 *
 * @param {{models: unknown, movedThresholds: unknown, sources: unknown, cells: unknown}} records
 * @param {ReadonlyMap<string, Model>} [known]
 * @returns {Restorable}
 */
export function readRecords(records, known = new Map()) {
  /** @type {Map<string, Model>} */
  const models = new Map();
  for (const [index, value] of list(records.models, "models", MOST_MODELS).entries()) {
    const place = `models[${index}]`;
    const model = readModel(value, place);
    if (models.has(model.id)) throw wrong(`${place}.id`, model.id, "new");
    models.set(model.id, agreed(model, known.get(model.id)));
  }
  const moved = readMap(records.movedThresholds, "movedThresholds", fraction);
  const sources = list(records.sources, "sources", MOST_CELLS).map((value, index) => readSource(value, `sources[${index}]`));
  const cells = list(records.cells, "cells", MOST_CELLS).map((value, index) => readCell(value, `cells[${index}]`, sources, models));
  /** @type {Set<EarlierSource>} */
  const taken = new Set();
  for (const [index, { source, contour }] of cells.entries()) {
    if (contour === null && taken.has(source)) throw wrong(`cells[${index}].source`, sources.indexOf(source), "alone");
    taken.add(source);
  }
  return { cells, models: [...models.values()], moved, sources };
}

/** @param {unknown} value @param {string} place @returns {EarlierSource} */
function readSource(value, place) {
  const source = entries(value, place, ["name", "sha256", "kind", "slide", "synthetic"], ["kindChosen", "micrometresPerPixel", "scaleEstimated", "leftOut"]);
  return {
    name: text(source.name, `${place}.name`),
    bytes: null,
    sha256: orNull(source.sha256, `${place}.sha256`, hash),
    kind: oneOf(source.kind, `${place}.kind`, KINDS),
    isKindChosen: flag(source.kindChosen ?? false, `${place}.kindChosen`),
    micrometresPerPixel: orNull(source.micrometresPerPixel ?? null, `${place}.micrometresPerPixel`, positive),
    isScaleEstimated: flag(source.scaleEstimated ?? false, `${place}.scaleEstimated`),
    slide: text(source.slide, `${place}.slide`),
    leftOut: list(source.leftOut ?? [], `${place}.leftOut`, MOST_CELLS).map((contour, index) => readContour(contour, `${place}.leftOut[${index}]`)),
    synthetic: orNull(source.synthetic, `${place}.synthetic`, readSynthetic),
  };
}

/**
 * @param {unknown} value
 * @param {string} place
 * @param {EarlierSource[]} sources
 * @param {ReadonlyMap<string, Model>} models
 * @returns {EarlierCell}
 */
function readCell(value, place, sources, models) {
  const keys = /** @type {const} */ (["source", "contour", "state", "failure", "reading", "corrections"]);
  const cell = entries(value, place, keys, ["origin", "edited", "confirmed", "probability"]);
  const source = sources[whole(cell.source, `${place}.source`)];
  if (!source) throw wrong(`${place}.source`, cell.source, "source");
  const isField = source.kind === "field";
  if (!isField && cell.contour !== null) throw wrong(`${place}.contour`, cell.contour, "none");
  const reading = orNull(cell.reading, `${place}.reading`, (value, place) => readReading(value, place, models));
  const state = oneOf(cell.state, `${place}.state`, STATES);
  if (state === "done" && !reading) throw wrong(`${place}.reading`, null, "reading");
  // A field that is not outlined yet has one cell, which nobody can have read.
  const contour = isField && reading
    ? readContour(cell.contour, `${place}.contour`)
    : orNull(cell.contour, `${place}.contour`, readContour);
  return {
    source,
    contour,
    origin: contour && oneOf(cell.origin ?? "given", `${place}.origin`, ORIGINS),
    isEdited: flag(cell.edited ?? false, `${place}.edited`),
    isConfirmed: flag(cell.confirmed ?? false, `${place}.confirmed`),
    probability: orNull(cell.probability ?? null, `${place}.probability`, fraction),
    state,
    failure: text(cell.failure, `${place}.failure`),
    reading,
    corrections: readMap(cell.corrections, `${place}.corrections`, flag),
  };
}

/** @param {unknown} value @param {string} place @returns {Contour} */
function readContour(value, place) {
  const points = list(value, place, MOST_POINTS);
  if (points.length < FEWEST_POINTS) throw wrong(place, value, "outline");
  return points.map((point, index) => {
    const [x, y] = ofLength(list(point, `${place}[${index}]`, MOST_POINTS), `${place}[${index}]`, 2);
    return [finite(x, `${place}[${index}][0]`), finite(y, `${place}[${index}][1]`)];
  });
}

/**
 * @param {unknown} value
 * @param {string} place
 * @param {ReadonlyMap<string, Model>} models
 * @returns {Reading}
 */
function readReading(value, place, models) {
  const reading = entries(value, place, ["model", "probabilities", "notice", "device", "adapter", "program", "time"]);
  const id = text(reading.model, `${place}.model`);
  const model = models.get(id);
  if (!model) throw wrong(`${place}.model`, id, "model");
  return {
    model: id,
    probabilities: fractions(reading.probabilities, `${place}.probabilities`, model.features.length),
    notice: orNull(reading.notice, `${place}.notice`, text),
    device: oneOf(reading.device, `${place}.device`, DEVICES),
    adapter: orNull(reading.adapter, `${place}.adapter`, text),
    program: text(reading.program, `${place}.program`),
    time: moment(reading.time, `${place}.time`),
  };
}

/** @param {unknown} value @param {string} place @returns {Model} */
function readModel(value, place) {
  const model = entries(value, place, [
    "id", "name", "sha256", "crateVersion", "features", "thresholds", "unsure", "riskRule",
  ]);
  const features = names(model.features, `${place}.features`);
  const bands = list(model.unsure, `${place}.unsure`, MOST_FEATURES);
  if (bands.length !== 0) ofLength(bands, `${place}.unsure`, features.length);
  return {
    id: text(model.id, `${place}.id`),
    name: text(model.name, `${place}.name`),
    sha256: orNull(model.sha256, `${place}.sha256`, hash),
    crateVersion: text(model.crateVersion, `${place}.crateVersion`),
    features,
    thresholds: fractions(model.thresholds, `${place}.thresholds`, features.length),
    unsure: bands.map((band, index) => readBand(band, `${place}.unsure[${index}]`)),
    riskRule: orNull(model.riskRule, `${place}.riskRule`, (value, place) => readRule(value, place, features)),
  };
}

/** @param {unknown} value @param {string} place @returns {[number, number]} */
function readBand(value, place) {
  const [low, high] = fractions(value, place, 2);
  if (low > high) throw wrong(place, value, "band");
  return [low, high];
}

/** @param {unknown} value @param {string} place @param {string[]} features @returns {RiskRule} */
function readRule(value, place, features) {
  const rule = entries(value, place, ["weights", "mediumFrom", "highFrom", "alwaysHigh"]);
  const weights = readMap(rule.weights, `${place}.weights`, finite);
  for (const feature of features) {
    if (!weights.has(feature)) throw wrong(`${place}.weights.${feature}`, undefined, "number");
  }
  return {
    weights: Object.fromEntries(weights),
    mediumFrom: finite(rule.mediumFrom, `${place}.mediumFrom`),
    highFrom: finite(rule.highFrom, `${place}.highFrom`),
    alwaysHigh: names(rule.alwaysHigh, `${place}.alwaysHigh`),
  };
}

/**
 * The page's own facts of a model, where it has them: a file must not change the calls of a model
 * that runs here.
 *
 * @param {Model} model from the file
 * @param {Model | undefined} known
 */
function agreed(model, known) {
  if (!known) return model;
  const core = (/** @type {Model} */ { features, thresholds }) => JSON.stringify([features, thresholds]);
  if (core(model) !== core(known)) throw new Error(t("session.import.other-model", { model: model.name }));
  return known;
}
