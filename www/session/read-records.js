/**
 * Reads an exported session again. The file may come from anywhere: everything in it is checked
 * and copied entry by entry before the page believes it, and what is wrong is named with its place.
 */

import { t } from "../language/language.js";
import {
  MOST_FEATURES, entries, finite, flag, fraction, fractions, hash, isObject, list, moment, names, ofLength, oneOf, orNull, readMap,
  shown, text, wrong,
} from "./checks.js";
import { FORMAT, FORMAT_VERSION } from "./records.js";

/** @import { RiskRule } from "../pkg/index.js" */
/** @import { Cell, Model, Reading, State } from "./session.js" */

/** What {@link Session.restore} takes. @typedef {{cells: Omit<Cell, "id">[], models: Model[], moved: Map<string, number>}} Restorable */

// Far above what a person works on, far below what would stop the page.
export const MOST_LETTERS = 200_000_000;
const MOST_CELLS = 100_000;
const MOST_MODELS = 100;

/** @type {readonly State[]} */
const STATES = ["waiting", "reading", "done", "failed", "cancelled"];
/** @type {readonly Reading["device"][]} */
const DEVICES = ["webgpu", "cpu"];

/**
 * Reads what `toJson` wrote.
 *
 * @param {string} text
 * @param {ReadonlyMap<string, Model>} [known] models that the page knows itself: the file may refer to
 *   them but not say otherwise of them
 * @returns {Restorable}
 * @throws {Error} a sentence for people, where the file is anything else
 */
export function readSession(text, known = new Map()) {
  if (text.length > MOST_LETTERS) throw new Error(t("keep.import.long", { most: MOST_LETTERS }));
  /** @type {unknown} */
  let file;
  try {
    file = JSON.parse(text);
  } catch {
    throw new Error(t("keep.import.not-json"));
  }
  if (!isObject(file) || file.format !== FORMAT) throw new Error(t("keep.import.not-session"));
  if (file.version !== FORMAT_VERSION) {
    throw new Error(t("keep.import.version", { version: shown(file.version), known: String(FORMAT_VERSION) }));
  }
  const { models, movedThresholds, cells } = entries(file, "", [
    "format", "version", "use", "program", "exported", "models", "movedThresholds", "cells",
  ]);
  return readRecords({ models, movedThresholds, cells }, known);
}

/**
 * Checks the records of a session, from a file or from the browser's storage.
 *
 * @param {{models: unknown, movedThresholds: unknown, cells: unknown}} records
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
  const cells = list(records.cells, "cells", MOST_CELLS).map((value, index) => readCell(value, `cells[${index}]`, models));
  return { cells, models: [...models.values()], moved };
}

/**
 * @param {unknown} value
 * @param {string} place
 * @param {ReadonlyMap<string, Model>} models
 * @returns {Omit<Cell, "id">}
 */
function readCell(value, place, models) {
  const cell = entries(value, place, ["file", "sha256", "synthetic", "state", "failure", "reading", "corrections"]);
  const reading = orNull(cell.reading, `${place}.reading`, (value, place) => readReading(value, place, models));
  const state = oneOf(cell.state, `${place}.state`, STATES);
  if (state === "done" && !reading) throw wrong(`${place}.reading`, null, "reading");
  return {
    name: text(cell.file, `${place}.file`),
    picture: null,
    sha256: orNull(cell.sha256, `${place}.sha256`, hash),
    synthetic: orNull(cell.synthetic, `${place}.synthetic`, readSynthetic),
    state,
    failure: text(cell.failure, `${place}.failure`),
    reading,
    corrections: readMap(cell.corrections, `${place}.corrections`, flag),
  };
}

/** @param {unknown} value @param {string} place @returns {NonNullable<Cell["synthetic"]>} */
function readSynthetic(value, place) {
  const { features, seed } = entries(value, place, ["features", "seed"]);
  if (typeof seed !== "number" || !Number.isSafeInteger(seed) || seed < 0) throw wrong(`${place}.seed`, seed, "whole");
  return { features: names(features, `${place}.features`), seed };
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
 * The page's own account of a model, where it has one: a file must not change what a model that
 * runs here says of other cells.
 *
 * @param {Model} model from the file
 * @param {Model | undefined} known
 */
function agreed(model, known) {
  if (!known) return model;
  const core = (/** @type {Model} */ { features, thresholds }) => JSON.stringify([features, thresholds]);
  if (core(model) !== core(known)) throw new Error(t("keep.import.other-model", { model: model.name }));
  return known;
}
