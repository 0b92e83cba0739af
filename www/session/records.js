/**
 * A session as plain records: the JSON that a person keeps, and the entries of the browser's
 * storage. read-records.js reads both again. No record holds a picture; the SHA-256 of its file
 * stands for it.
 */

/** @import { RiskRule } from "../pkg/index.js" */
/** @import { Cell, Contour, Model, Reading, Source } from "./cell.js" */
/** @import { Session } from "./session.js" */

export const FORMAT = "karyolens-session";
/** Of the JSON. It rises when a reader of this version would misunderstand a file. */
export const FORMAT_VERSION = 2;
/** In the file's own language, English as its keys are. */
const HONEST = "Research and teaching, not a diagnosis.";

/**
 * A source without its bytes.
 *
 * @typedef {Pick<Source, "name" | "sha256" | "kind" | "micrometresPerPixel" | "slide" | "leftOut" | "synthetic"> & {kindChosen: boolean, scaleEstimated: boolean}} SourceRecord
 */

/**
 * A cell as the JSON and the browser's storage hold it.
 *
 * @typedef {object} CellRecord
 * @property {number} source its place in the JSON's list of sources, or its key in the browser's storage
 * @property {Contour | null} contour
 * @property {Cell["origin"]} origin
 * @property {boolean} edited whether a person has changed the contour
 * @property {boolean} confirmed whether a person has found the contour right
 * @property {number | null} probability of a found contour
 * @property {Cell["state"]} state
 * @property {string} failure
 * @property {Reading | null} reading
 * @property {Record<string, boolean>} corrections
 */

/**
 * The rules for all cells: the models, and the thresholds that a person moved.
 *
 * @typedef {object} RulesRecord
 * @property {Model[]} models
 * @property {Record<string, number>} movedThresholds
 */

/**
 * The session as JSON.
 *
 * @param {Session} session
 * @param {{program?: string | null, time?: Date}} [made] the version of Karyolens that writes, and when
 */
export function toJson(session, { program = null, time = new Date() } = {}) {
  const { sources, cells } = session;
  const places = new Map(sources.map((source, index) => [source, index]));
  const file = {
    format: FORMAT,
    version: FORMAT_VERSION,
    use: HONEST,
    program,
    exported: time.toISOString(),
    ...rulesRecord(session),
    sources: sources.map(sourceRecord),
    cells: cells.map((cell) => cellRecord(cell, /** @type {number} */ (places.get(cell.source)))),
  };
  return `${JSON.stringify(file, null, 1)}\n`;
}

/** @param {Source} source @returns {SourceRecord} */
export function sourceRecord({ name, sha256, kind, isKindChosen, micrometresPerPixel, isScaleEstimated, slide, leftOut, synthetic }) {
  return {
    name,
    sha256,
    kind,
    kindChosen: isKindChosen,
    micrometresPerPixel,
    scaleEstimated: isScaleEstimated,
    slide,
    leftOut: leftOut.map(contourRecord),
    synthetic: synthetic && { features: [...synthetic.features], seed: synthetic.seed },
  };
}

/** @param {Contour} contour @returns {Contour} */
function contourRecord(contour) {
  return contour.map(([x, y]) => [x, y]);
}

/** @param {Cell} cell @param {number} source its place or key @returns {CellRecord} */
export function cellRecord({ contour, origin, isEdited, isConfirmed, probability, state, failure, reading, corrections }, source) {
  return {
    source,
    contour: contour && contourRecord(contour),
    origin,
    edited: isEdited,
    confirmed: isConfirmed,
    probability,
    state,
    failure,
    reading: reading && readingRecord(reading),
    corrections: Object.fromEntries(corrections),
  };
}

/** @param {Session} session @returns {RulesRecord} */
export function rulesRecord(session) {
  return {
    models: session.usedModels().map(modelRecord),
    movedThresholds: Object.fromEntries(session.moved),
  };
}

/** @param {Reading} reading @returns {Reading} */
function readingRecord({ model, probabilities, notice, device, adapter, program, time }) {
  return { model, probabilities: [...probabilities], notice, device, adapter, program, time };
}

/** @param {Model} model @returns {Model} */
function modelRecord({ id, name, sha256, crateVersion, features, thresholds, unsure, riskRule }) {
  return { id, name, sha256, crateVersion, features, thresholds, unsure, riskRule: riskRule && ruleRecord(riskRule) };
}

/** @param {RiskRule} rule @returns {RiskRule} */
function ruleRecord({ weights, mediumFrom, highFrom, alwaysHigh }) {
  return { weights: { ...weights }, mediumFrom, highFrom, alwaysHigh: [...alwaysHigh] };
}
