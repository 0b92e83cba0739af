/**
 * A session as plain records: the JSON that a person keeps, and the entries of the browser's
 * storage. read-records.js reads both again. No record holds a picture; the SHA-256 of its file
 * stands for it.
 */

/** @import { RiskRule } from "../pkg/index.js" */
/** @import { Cell, Model, Reading, Session } from "./session.js" */

export const FORMAT = "karyolens-session";
/** Of the JSON; another one when a reader of this one would misunderstand it. */
export const FORMAT_VERSION = 1;
/** In the file's own language, English as its keys are. */
const HONEST = "Research and teaching, not a diagnosis.";

/**
 * A cell without its picture, as the JSON and the browser's storage hold it.
 *
 * @typedef {object} CellRecord
 * @property {string} file
 * @property {string | null} sha256
 * @property {Cell["synthetic"]} synthetic
 * @property {Cell["state"]} state
 * @property {string} failure
 * @property {Reading | null} reading
 * @property {Record<string, boolean>} corrections
 */

/**
 * What decides over the cells: the models, and the thresholds that a person moved.
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
  const file = {
    format: FORMAT,
    version: FORMAT_VERSION,
    use: HONEST,
    program,
    exported: time.toISOString(),
    ...rulesRecord(session),
    cells: session.cells.map(cellRecord),
  };
  return `${JSON.stringify(file, null, 1)}\n`;
}

/** @param {Cell} cell @returns {CellRecord} */
export function cellRecord({ name, sha256, synthetic, state, failure, reading, corrections }) {
  return {
    file: name,
    sha256,
    synthetic: synthetic && { features: [...synthetic.features], seed: synthetic.seed },
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
