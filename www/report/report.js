/**
 * The session on paper: models, devices and counts, then one block for each cell. It is in the page
 * for the time of printing; report.css shows it and hides the rest.
 */

import { deviceName } from "../reading/device-name.js";
import { make } from "../elements/dom.js";
import { descriptions } from "../elements/description-list.js";
import { featureName, listing, moment, number, percent, t } from "../language/language.js";
import { LEVELS, spelledSum } from "../decisions/risk-badge.js";
import { formatOf, pictureOf } from "../session/cell.js";

/** @import { Call, RiskSum } from "../pkg/index.js" */
/** @import { Cell, Model, Reading } from "../session/cell.js" */
/** @import { Session } from "../session/session.js" */

/** The mark of a moved threshold. */
const MOVED = "*";

/** In the page only for the time of printing. */
const report = make("article", { id: "report" });
/** Addresses of the pictures in the report. @type {string[]} */
let addresses = [];

/** Prints a sheet on something else than the session. @param {...HTMLElement} parts */
export function printSheet(...parts) {
  startSheet();
  report.append(...parts);
  document.body.append(report);
  printNow();
}

/** Prints the session, with all its pictures. @param {Session} session */
export async function printReport(session) {
  await fillReport(session);
  printNow();
}

function printNow() {
  // Some browsers print after print() has returned, and tell when they are done.
  addEventListener("afterprint", clearReport, { once: true });
  print();
}

/**
 * Builds the report; resolves when every picture is loaded or cannot be shown.
 *
 * @param {Session} session
 * @param {Date} [time] of printing
 */
export async function fillReport(session, time = new Date()) {
  startSheet();
  report.append(cover(session, time), ...cellBlocks(session));
  document.body.append(report);
  await Promise.all([...report.querySelectorAll("img")].map(settled));
}

function startSheet() {
  clearReport();
  report.lang = document.documentElement.lang;
  // The foot of every page takes it from here.
  document.documentElement.style.setProperty("--report-foot", JSON.stringify(t("report.honest")));
}

/** Takes the report out of the page again. */
export function clearReport() {
  report.remove();
  report.replaceChildren();
  document.documentElement.style.removeProperty("--report-foot");
  for (const address of addresses) URL.revokeObjectURL(address);
  addresses = [];
}

/** @param {Session} session @param {Date} time */
function cover(session, time) {
  const readings = session.cells.flatMap((cell) => cell.reading ?? []);
  const used = session.usedModels();
  const corrected = session.cells.filter((cell) => cell.corrections.size > 0).length;
  return make(
    "header",
    { class: "report-cover" },
    make("h1", {}, t("report.title", { count: session.cells.length })),
    make("p", { class: "report-honest" }, t("report.honest")),
    factList([
      ["printed", moment(time)],
      ["read", period(readings)],
      ["program", listing(different(readings.map(({ program }) => `Karyolens ${program}`)))],
      ["device", listing(different(readings.map(deviceOf)))],
      ["cells", countsOf(session.cells)],
      ["corrected", number(corrected)],
    ]),
    ...used.flatMap((model) => modelPart(model, session)),
    ...riskCounts(session),
  );
}

/** A model, its thresholds, and how often each feature was called. @param {Model} model @param {Session} session */
function modelPart(model, session) {
  const decided = session.cells.filter((cell) => session.modelOf(cell) === model);
  const calls = decided.flatMap((cell) => session.decisionOf(cell)?.calls ?? []);
  const rows = model.features.map((feature, index) => {
    const ofFeature = calls.filter((call) => call.name === feature);
    const count = (/** @type {(call: Call) => boolean} */ what) => make("td", {}, number(ofFeature.filter(what).length));
    const own = model.thresholds[index];
    const moved = session.moved.get(feature);
    return make(
      "tr",
      {},
      make("th", { scope: "row" }, featureName(feature)),
      make("td", {}, figure(own)),
      moved === undefined ? make("td", {}, figure(own)) : make("td", { class: "report-moved" }, `${figure(moved)} ${MOVED}`),
      count((call) => call.present),
      count((call) => !call.present),
      count((call) => call.unsure && call.answer === null),
      count((call) => call.answer !== null),
    );
  });
  const anyMoved = model.features.some((feature) => session.moved.has(feature));
  return [
    make("h2", {}, t("report.model", { name: model.name })),
    factList([
      ["sha256", model.sha256 ?? t("report.unknown")],
      ["written-by", `Karyolens ${model.crateVersion}`],
      ["cells", number(decided.length)],
    ]),
    table("report-counts", ["feature", "threshold-own", "threshold-now", "present", "absent", "unsure", "human"], rows),
    ...(anyMoved ? [line("report-note", `${MOVED} ${t("report.moved")}`)] : []),
  ];
}

/** The number of cells at each level of risk. @param {Session} session */
function riskCounts(session) {
  const risks = session.cells.flatMap((cell) => session.decisionOf(cell)?.risk ?? []);
  if (risks.length === 0) return [];
  const counts = LEVELS.map((level) => {
    const count = risks.filter((risk) => risk.level === level).length;
    return `${t(`report.level.${level}`)} ${number(count)}`;
  });
  return [line("report-risks", `${t("report.risks")} ${counts.join(" · ")}`)];
}

/** @param {Session} session */
function cellBlocks(session) {
  if (session.cells.length === 0) return [];
  return [make("section", { class: "report-cells" }, ...session.cells.map((cell) => cellBlock(cell, session)))];
}

/** @param {Cell} cell @param {Session} session */
function cellBlock(cell, session) {
  const decision = session.decisionOf(cell);
  const model = session.modelOf(cell);
  const { sha256, synthetic } = cell.source;
  return make(
    "article",
    { class: "report-cell" },
    pictureFrame(cell),
    make(
      "div",
      { class: "report-words" },
      make("h3", {}, session.nameOf(cell)),
      ...(synthetic ? [line("report-synthetic", t("report.synthetic", { features: listing(synthetic.features.map(featureName)) }))] : []),
      line("report-hash", `SHA-256 ${sha256 ?? t("report.unknown")}`),
      ...(cell.failure ? [line("report-failure", cell.failure)] : []),
      ...(cell.reading ? readingLines(cell.reading, model) : [line("report-unread", t(`report.state.${cell.state}`))]),
      ...(decision?.risk ? riskLines(decision.risk) : []),
    ),
    ...(decision ? [table("report-calls", ["feature", "probability", "threshold", "call"], decision.calls.map(callRow))] : []),
  );
}

/** @param {Reading} reading @param {Model | null} model */
function readingLines(reading, model) {
  const { notice, program, time } = reading;
  const where = { time: moment(time), device: deviceOf(reading), program, model: model?.name ?? reading.model };
  return [line("report-reading", t("report.reading", where)), ...(notice ? [line("report-notice", notice)] : [])];
}

/** @param {RiskSum} risk */
function riskLines(risk) {
  const { level, forced } = risk;
  return [
    line("report-risk", `${t("report.risk", { level: t(`report.level.${level}`) })} ${spelledSum(risk)}`),
    ...(forced === null ? [] : [line("report-forced", t("report.forced", { feature: featureName(forced) }))]),
  ];
}

/** @param {Call} call */
function callRow({ name, probability, threshold, moved, model, unsure, answer, present }) {
  const word = (/** @type {boolean} */ there) => t(there ? "report.present" : "report.absent");
  const remarks = [];
  if (answer !== null) remarks.push(t("report.by-human", { model: word(model) }));
  else if (unsure) remarks.push(t("report.not-sure"));
  return make(
    "tr",
    { class: present ? "report-present" : "report-absent" },
    make("th", { scope: "row" }, featureName(name)),
    make("td", {}, percent(probability, threshold)),
    make("td", {}, moved ? `${figure(threshold)} ${MOVED}` : figure(threshold)),
    make("td", {}, [word(present), ...remarks].join(", ")),
  );
}

/** @param {Cell} cell */
function pictureFrame(cell) {
  const picture = pictureOf(cell);
  const frame = make("div", { class: "report-picture" });
  if (!picture) {
    frame.append(t("report.no-picture"));
    return frame;
  }
  const address = URL.createObjectURL(picture);
  addresses.push(address);
  frame.append(make("img", { src: address, alt: "" }));
  // Shown if the browser does not know the format.
  frame.dataset.format = formatOf(cell.source.name);
  return frame;
}

/** @param {HTMLImageElement} image @returns {Promise<void>} */
function settled(image) {
  return new Promise((resolve) => {
    const fail = () => {
      const format = image.parentElement?.dataset.format;
      image.replaceWith(format ? format.toUpperCase() : t("report.no-picture"));
      resolve();
    };
    if (image.complete) {
      if (image.naturalWidth === 0) fail();
      else resolve();
      return;
    }
    image.addEventListener("load", () => resolve(), { once: true });
    image.addEventListener("error", fail, { once: true });
  });
}

/** @param {string} name @param {string[]} heads keys of report.head @param {HTMLElement[]} rows */
function table(name, heads, rows) {
  const head = make("tr", {}, ...heads.map((key) => make("th", { scope: "col" }, t(`report.head.${key}`))));
  return make("table", { class: `report-table ${name}` }, make("thead", {}, head), make("tbody", {}, ...rows));
}

/** @param {[string, string][]} pairs a key of report.fact and its value; empty values are left out */
function factList(pairs) {
  return make("dl", { class: "report-facts" }, ...descriptions(pairs.map(([key, value]) => [`report.fact.${key}`, value])));
}

/** @param {string} name @param {string} words */
function line(name, words) {
  return make("p", { class: name }, words);
}

/** The number of cells in each state. @param {Cell[]} cells */
function countsOf(cells) {
  return different(cells.map((cell) => cell.state))
    .map((state) => `${number(cells.filter((cell) => cell.state === state).length)} ${t(`report.state.${state}`)}`)
    .join(" · ");
}

/** From the first to the last reading. @param {Reading[]} readings */
function period(readings) {
  if (readings.length === 0) return "";
  const times = readings.map((reading) => Date.parse(reading.time));
  const [first, last] = [times.reduce((a, b) => Math.min(a, b)), times.reduce((a, b) => Math.max(a, b))].map(moment);
  return first === last ? first : `${first} – ${last}`;
}

/** @param {Reading} reading */
function deviceOf({ device, adapter }) {
  return deviceName(device, adapter);
}

/** A threshold, without the noise of a binary fraction. @param {number} threshold */
function figure(threshold) {
  return number(threshold, { maximumSignificantDigits: 4, minimumFractionDigits: 2 });
}

/** @template T @param {T[]} values */
function different(values) {
  return [...new Set(values)];
}
