/**
 * A session as a file that a person keeps: CSV for a spreadsheet or pandas, one row a cell with
 * where every figure comes from, and JSON from which import.js restores the session. Neither holds
 * a picture: the SHA-256 of its file stands for it.
 */

import { download } from "./dom.js";

/** @import { RiskRule } from "./pkg/index.js" */
/** @import { Call } from "./decide.js" */
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

/** Columns of the cell itself, before those of its features. @type {[string, (cell: Cell, session: Session) => Value][]} */
const CELL_COLUMNS = [
  ["file", (cell) => cell.name],
  ["file_sha256", (cell) => cell.sha256],
  ["synthetic", (cell) => cell.synthetic !== null],
  ["state", (cell) => cell.state],
  ["failure", (cell) => cell.failure],
  ["notice", (cell) => cell.reading?.notice],
  ["model", (cell, session) => session.modelOf(cell)?.name],
  ["model_sha256", (cell, session) => session.modelOf(cell)?.sha256],
  ["model_version", (cell, session) => session.modelOf(cell)?.crateVersion],
  ["program", (cell) => cell.reading?.program],
  ["device", (cell) => cell.reading?.device],
  ["adapter", (cell) => cell.reading?.adapter],
  ["time", (cell) => cell.reading?.time],
  ["risk_score", (cell, session) => session.decisionOf(cell)?.risk?.score],
  ["risk_level", (cell, session) => session.decisionOf(cell)?.risk?.level],
  ["human_corrections", (cell) => cell.corrections.size],
];

/** Columns of one feature, after its name. @type {[string, (call: Call) => Value][]} */
const FEATURE_COLUMNS = [
  ["probability", (call) => call.probability],
  ["threshold", (call) => call.threshold],
  ["model", (call) => call.model],
  ["unsure", (call) => (call.band ? call.unsure : null)],
  ["human", (call) => call.human],
  ["present", (call) => call.present],
];

/** What a field of the CSV may be; nothing is an empty field. @typedef {string | number | boolean | null | undefined} Value */

/**
 * The session as CSV (RFC 4180): a header, then one row a cell. Thresholds and calls are those in
 * force now; probabilities are what the model gave, to the last digit.
 *
 * @param {Session} session
 */
export function toCsv(session) {
  const features = [...new Set(session.usedModels().flatMap((model) => model.features))];
  const columns = columnNames(features);
  const header = [
    ...CELL_COLUMNS.map(([name]) => name),
    ...columns.flatMap((column) => FEATURE_COLUMNS.map(([name]) => `${column}_${name}`)),
  ];
  const rows = session.cells.map((cell) => {
    const calls = new Map(session.decisionOf(cell)?.calls.map((call) => [call.name, call]));
    return [
      ...CELL_COLUMNS.map(([, value]) => value(cell, session)),
      ...features.flatMap((feature) => {
        const call = calls.get(feature);
        return FEATURE_COLUMNS.map(([, value]) => (call ? value(call) : null));
      }),
    ];
  });
  return [header, ...rows].map(csvRow).join("");
}

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

/** Hands the person the session as CSV. @param {Session} session */
export function downloadCsv(session) {
  download(fileName("csv"), new Blob([toCsv(session)], { type: "text/csv;charset=utf-8" }));
  session.markSaved();
}

/** Hands the person the session as JSON. @param {Session} session @param {string | null} program version of Karyolens */
export function downloadJson(session, program) {
  download(fileName("json"), new Blob([toJson(session, { program })], { type: "application/json" }));
  session.markSaved();
}

/** `karyolens-2026-11-28-0741.csv`, by the person's clock. @param {string} extension @param {Date} [time] */
export function fileName(extension, time = new Date()) {
  const two = (/** @type {number} */ value) => String(value).padStart(2, "0");
  const date = [time.getFullYear(), two(time.getMonth() + 1), two(time.getDate())].join("-");
  return `karyolens-${date}-${two(time.getHours())}${two(time.getMinutes())}.${extension}`;
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

/**
 * Names of features as the beginnings of column names: letters, digits and underscores alone, no
 * two of them the same.
 *
 * @param {string[]} features
 */
function columnNames(features) {
  /** @type {Set<string>} */
  const taken = new Set();
  return features.map((feature) => {
    const safe = feature.normalize("NFC").replace(/[^\p{L}\p{N}]+/gu, "_").replace(/^_+|_+$/g, "") || "feature";
    let name = safe;
    for (let copy = 2; taken.has(name.toLowerCase()); copy++) name = `${safe}_${copy}`;
    taken.add(name.toLowerCase());
    return name;
  });
}

/** A line of CSV, RFC 4180. @param {Value[]} values */
export function csvRow(values) {
  return `${values.map(field).join(",")}\r\n`;
}

/** @param {Value} value */
function field(value) {
  if (value === null || value === undefined) return "";
  // As Python writes them, so that pandas takes the column for booleans.
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value === "number") return String(value);
  const text = harmless(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/**
 * A spreadsheet must not take a file's name for a formula: what begins like one, also in the wide
 * letters of East Asia, gets an apostrophe before it.
 *
 * @param {string} text
 */
function harmless(text) {
  return /^[=+\-@\t\r\n＝＋－＠]/.test(text) ? `'${text}` : text;
}
