/**
 * A session as CSV, for a spreadsheet, pandas or R: one row a cell. Each row names the origin of its
 * figures.
 */

/** @import { Call } from "../pkg/index.js" */
/** @import { Cell } from "./cell.js" */
/** @import { Session } from "./session.js" */

/** Columns of the cell itself, before those of its features. @type {[string, (cell: Cell, session: Session) => Value][]} */
const CELL_COLUMNS = [
  ["file", ({ source }) => source.name],
  ["file_sha256", ({ source }) => source.sha256],
  ["synthetic", ({ source }) => source.synthetic !== null],
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

/**
 * Columns of the cell that came with version 2. They follow those of the features, so that a script
 * that counts columns goes on working.
 *
 * @type {[string, (cell: Cell, session: Session) => Value][]}
 */
const SOURCE_COLUMNS = [
  ["kind", ({ source }) => source.kind],
  ["slide", ({ source }) => source.slide || null],
  ["field_cell", (cell, session) => session.numberOf(cell)],
  ["micrometres_per_pixel", ({ source }) => source.micrometresPerPixel],
  ["scale_estimated", ({ source }) => (source.micrometresPerPixel === null ? null : source.isScaleEstimated)],
  ["outline_confirmed", ({ contour, isConfirmed }) => (contour ? isConfirmed : null)],
];

/** Columns of one feature, after its name. @type {[string, (call: Partial<Call>) => Value][]} */
const FEATURE_COLUMNS = [
  ["probability", (call) => call.probability],
  ["threshold", (call) => call.threshold],
  ["model", (call) => call.model],
  ["unsure", (call) => (call.band ? call.unsure : null)],
  ["human", (call) => call.answer],
  ["present", (call) => call.present],
];

/** A value of the CSV; nothing becomes an empty field. @typedef {string | number | boolean | null | undefined} Value */

/**
 * The session as CSV (RFC 4180): a header, then one row a cell. Thresholds and calls are those in
 * force now. Probabilities have every digit that the model gave.
 *
 * @param {Session} session
 */
export function toCsv(session) {
  const features = [...new Set(session.usedModels().flatMap((model) => model.features))];
  const columns = columnNames(features);
  const header = [
    ...CELL_COLUMNS.map(([name]) => name),
    ...columns.flatMap((column) => FEATURE_COLUMNS.map(([name]) => `${column}_${name}`)),
    ...SOURCE_COLUMNS.map(([name]) => name),
  ];
  const rows = session.cells.map((cell) => {
    const calls = callsOf(cell, session);
    return [
      ...CELL_COLUMNS.map(([, value]) => value(cell, session)),
      ...features.flatMap((feature) => {
        const call = calls.get(feature);
        return FEATURE_COLUMNS.map(([, value]) => (call ? value(call) : null));
      }),
      ...SOURCE_COLUMNS.map(([, value]) => value(cell, session)),
    ];
  });
  return [header, ...rows].map(csvRow).join("");
}

/**
 * What is known of each feature of a cell. Without the program's rule these are the probability and a
 * person's answer.
 *
 * @param {Cell} cell
 * @param {Session} session
 * @returns {Map<string, Partial<Call>>}
 */
function callsOf(cell, session) {
  const decision = session.decisionOf(cell);
  if (decision) return new Map(decision.calls.map((call) => [call.name, call]));
  const features = session.modelOf(cell)?.features ?? [];
  return new Map(features.map((name, index) => {
    const answer = cell.corrections.get(name) ?? null;
    return [name, { probability: cell.reading?.probabilities[index], answer, present: answer ?? undefined }];
  }));
}

/**
 * Names of features as the beginnings of column names. They are letters, digits and underscores, and
 * all differ.
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
 * A spreadsheet must not take a file's name for a formula: a text that begins like one, also in the
 * wide letters of East Asia, gets an apostrophe before it.
 *
 * @param {string} text
 */
function harmless(text) {
  return /^[=+\-@\t\r\n＝＋－＠]/.test(text) ? `'${text}` : text;
}
