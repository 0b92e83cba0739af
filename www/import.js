/**
 * Reads an exported session again. The file may come from anywhere: everything in it is checked
 * and copied entry by entry before the page believes it, and what is wrong is named with its place.
 */

import { FORMAT, FORMAT_VERSION } from "./export.js";
import { t } from "./i18n.js";

/** @import { RiskRule } from "./pkg/index.js" */
/** @import { Cell, Model, Reading, Session, State } from "./session.js" */

/** What {@link Session.restore} takes. @typedef {{cells: Omit<Cell, "id">[], models: Model[], moved: Map<string, number>}} Restorable */

// Far above what a person works on, far below what would stop the page.
export const MOST_LETTERS = 200_000_000;
const MOST_CELLS = 100_000;
const MOST_MODELS = 100;
const MOST_FEATURES = 1_000;
const LONGEST_TEXT = 10_000;
/** Of a wrong value, how much a message shows. */
const SHOWN_LETTERS = 60;

/** @type {readonly State[]} */
const STATES = ["waiting", "reading", "done", "failed", "cancelled"];
/** @type {readonly Reading["device"][]} */
const DEVICES = ["webgpu", "cpu"];
const HASH = /^[0-9a-f]{64}$/;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

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
 * Puts the session of a file in the place of this one. A picture that is already here stays with
 * the cells of its file.
 *
 * @param {Session} session
 * @param {string} text of the file
 * @returns {Cell[]} the cells now
 * @throws {Error} as {@link readSession}; then nothing has changed
 */
export function replaceSession(session, text) {
  const { cells, models, moved } = readSession(text, session.models);
  const pictures = new Map(session.cells.flatMap(({ sha256, picture }) => (sha256 && picture ? [[sha256, picture]] : [])));
  for (const cell of cells) cell.picture = pictures.get(cell.sha256 ?? "") ?? null;
  session.clear();
  session.resetThresholds();
  return session.restore(cells, models, moved);
}

/**
 * Gives a picture back to the cells that were imported without it.
 *
 * @param {Session} session
 * @param {Blob} file
 * @param {string | null} sha256 of the file
 * @returns {Cell[]} those cells; none where the file is new and should be added
 */
export function attachPictures(session, file, sha256) {
  if (sha256 === null) return [];
  const cells = session.cells.filter((cell) => cell.picture === null && cell.sha256 === sha256);
  for (const cell of cells) session.update(cell, { picture: file });
  return cells;
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

/**
 * An object of values by feature, as a map: no name in it can be taken for a property.
 *
 * @template T
 * @param {unknown} value
 * @param {string} place
 * @param {(value: unknown, place: string) => T} read
 * @returns {Map<string, T>}
 */
function readMap(value, place, read) {
  if (!isObject(value)) throw wrong(place, value, "object");
  const found = Object.entries(value);
  if (found.length > MOST_FEATURES) throw tooMany(place, found.length, MOST_FEATURES);
  return new Map(found.map(([name, one]) => [text(name, place), read(one, `${place}.${shortened(name)}`)]));
}

/**
 * The entries of an object that has these and no others.
 *
 * @template {string} Key
 * @param {unknown} value
 * @param {string} place
 * @param {readonly Key[]} keys
 * @returns {Record<Key, unknown>}
 */
function entries(value, place, keys) {
  if (!isObject(value)) throw wrong(place, value, "object");
  const before = place === "" ? "" : `${place}.`;
  const stranger = Object.keys(value).find((key) => !keys.some((known) => known === key));
  if (stranger !== undefined) throw new Error(t("keep.import.unknown", { place: before + shortened(stranger) }));
  for (const key of keys) if (!Object.hasOwn(value, key)) throw new Error(t("keep.import.missing", { place: before + key }));
  return /** @type {Record<Key, unknown>} */ (value);
}

/** @param {unknown} value @param {string} place @param {number} most @returns {unknown[]} */
function list(value, place, most) {
  if (!Array.isArray(value)) throw wrong(place, value, "list");
  if (value.length > most) throw tooMany(place, value.length, most);
  return value;
}

/** Different names that are not empty. @param {unknown} value @param {string} place */
function names(value, place) {
  const found = list(value, place, MOST_FEATURES).map((name, index) => text(name, `${place}[${index}]`));
  found.forEach((name, index) => {
    if (name === "" || found.indexOf(name) < index) throw wrong(`${place}[${index}]`, name, "new");
  });
  return found;
}

/** @param {unknown} value @param {string} place @param {number} length */
function fractions(value, place, length) {
  const found = list(value, place, MOST_FEATURES);
  ofLength(found, place, length);
  return found.map((one, index) => fraction(one, `${place}[${index}]`));
}

/** @param {unknown[]} found @param {string} place @param {number} length */
function ofLength(found, place, length) {
  if (found.length !== length) {
    throw new Error(t("keep.import.length", { place, found: found.length, wanted: length }));
  }
}

/** @param {unknown} value @param {string} place */
function fraction(value, place) {
  if (typeof value !== "number" || !(value >= 0 && value <= 1)) throw wrong(place, value, "fraction");
  return value;
}

/** @param {unknown} value @param {string} place */
function finite(value, place) {
  if (typeof value !== "number" || !Number.isFinite(value)) throw wrong(place, value, "number");
  return value;
}

/** @param {unknown} value @param {string} place */
function flag(value, place) {
  if (typeof value !== "boolean") throw wrong(place, value, "flag");
  return value;
}

/** @param {unknown} value @param {string} place */
function text(value, place) {
  if (typeof value !== "string") throw wrong(place, value, "text");
  if (value.length > LONGEST_TEXT) throw tooMany(place, value.length, LONGEST_TEXT);
  return value;
}

/** @param {unknown} value @param {string} place */
function hash(value, place) {
  const found = text(value, place);
  if (!HASH.test(found)) throw wrong(place, value, "hash");
  return found;
}

/** @param {unknown} value @param {string} place */
function moment(value, place) {
  const found = text(value, place);
  if (!TIME.test(found) || Number.isNaN(Date.parse(found))) throw wrong(place, value, "time");
  return found;
}

/** @template {string} T @param {unknown} value @param {string} place @param {readonly T[]} allowed @returns {T} */
function oneOf(value, place, allowed) {
  const found = allowed.find((one) => one === value);
  if (found === undefined) throw new Error(t("keep.import.choice", { place, value: shown(value), allowed: allowed.join(", ") }));
  return found;
}

/**
 * @template T
 * @param {unknown} value
 * @param {string} place
 * @param {(value: unknown, place: string) => T} read
 */
function orNull(value, place, read) {
  return value === null ? null : read(value, place);
}

/** @param {unknown} value @returns {value is Record<string, unknown>} */
function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * @param {string} place where in the file
 * @param {unknown} value what is there
 * @param {"object" | "list" | "text" | "number" | "fraction" | "flag" | "hash" | "time" | "whole" | "band" | "new" | "model" | "reading"} expected
 */
function wrong(place, value, expected) {
  return new Error(t("keep.import.wrong", { place, value: shown(value), expected: t(`keep.import.expected.${expected}`) }));
}

/** @param {string} place @param {number} found @param {number} most */
function tooMany(place, found, most) {
  return new Error(t("keep.import.many", { place, found, most }));
}

/** @param {unknown} value */
function shown(value) {
  if (value === undefined) return t("keep.import.nothing");
  // A list or an object is named, not written out: it may be of any size.
  if (typeof value === "object" && value !== null) return t(Array.isArray(value) ? "keep.import.a-list" : "keep.import.an-object");
  return shortened(typeof value === "string" ? `“${value}”` : String(value));
}

/** @param {string} text */
function shortened(text) {
  return text.length > SHOWN_LETTERS ? `${text.slice(0, SHOWN_LETTERS)}…` : text;
}
