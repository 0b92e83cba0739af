/**
 * The facts that help with a fault, as plain text that a person can read before sending it: no
 * image, no name of a file. It is in English in every language of the page.
 */

/** @import { Karyolens } from "../pkg/index.js" */
/** @import { State } from "../session/cell.js" */
/** @import { Session } from "../session/session.js" */

/**
 * @typedef {object} Facts
 * @property {Karyolens | null} karyolens null where it did not start
 * @property {Session} session
 * @property {Fault[]} faults the latest last
 */

/** A message, and the name of the file that it is about. @typedef {{message: string, file?: string}} Fault */

/** The number of messages that are told, the latest ones. */
const MESSAGES = 20;

const STATES = /** @type {State[]} */ (["waiting", "reading", "done", "failed", "cancelled"]);

/**
 * Matches the name of a file that a person may have brought, with spaces and folders. It rather
 * takes too much: the words before a name go with it.
 */
const FILE_NAME = /[^"'“”‘’«»():\r\n]*\.(?:png|jpe?g|webp|tiff?|bmp|gif|svg|pdf|zip|json|csv|tsv|xlsx?|html?|safetensors)\b/giu;

/** @param {Facts} facts @returns {string} */
export function diagnostics({ karyolens, session, faults }) {
  const { cells } = session;
  const names = cells.map(({ source }) => source.name);
  const counts = STATES.map((state) => `${state} ${cells.filter((cell) => cell.state === state).length}`);
  const told = faults.slice(-MESSAGES).map(({ message, file = "" }) =>
    `  ${withoutNames(message, [file, ...names]).replaceAll(/\s+/g, " ")}`);
  return [
    "Karyolens diagnostics",
    `Time: ${new Date().toISOString()}`,
    ...factsOf(karyolens),
    ...browserFacts(),
    `Cells: ${cells.length} (${counts.join(", ")})`,
    `Synthetic: ${cells.filter(({ source }) => source.synthetic).length}, corrected: ${cells.filter(({ corrections }) => corrections.size > 0).length}, moved thresholds: ${session.moved.size}`,
    `Recent errors: ${told.length === 0 ? "none" : ""}`.trimEnd(),
    ...told,
    "",
  ].join("\n");
}

/**
 * The message without names of files: the known ones, and everything that looks like one.
 *
 * @param {string} message
 * @param {string[]} names of files, with or without their folders
 */
export function withoutNames(message, names) {
  const known = names.flatMap((name) => [name, name.split(/[/\\]/).at(-1) ?? "", withoutExtension(name)]);
  return known
    .filter((name) => name !== "")
    .sort((a, b) => b.length - a.length) // a name that holds another goes first
    .reduce((text, name) => text.replaceAll(name, "[file]"), message)
    .replaceAll(FILE_NAME, "[file]");
}

/** @param {string} name */
function withoutExtension(name) {
  const last = name.split(/[/\\]/).at(-1) ?? "";
  const stem = last.replace(/\.\w{1,11}$/, "");
  // A stem as short as "1" would be found inside every other word.
  return stem.length > 3 ? stem : "";
}

/** @param {Karyolens | null} karyolens */
function factsOf(karyolens) {
  if (!karyolens) return ["Program: did not start"];
  const { version, card, modelHash, device, workers, closed } = karyolens;
  return [
    `Program: Karyolens ${version}${closed ? " (ended)" : ""}`,
    `Model: ${card.name}, ${card.architecture.family}, ${card.features.length} features, written by ${card.crate_version}`,
    `Model SHA-256: ${modelHash ?? "unknown"}`,
    `Device: ${device.kind}, workers: ${workers}`,
    `Adapter: ${device.adapter ?? "none"}`,
    `Why this device: ${device.reason}`,
  ];
}

/** The facts that the browser tells about itself and the machine, one a line. */
export function browserFacts() {
  const { userAgent, languages, hardwareConcurrency } = navigator;
  // Only some browsers tell these two, and TypeScript knows neither.
  const gigabytes = /** @type {{deviceMemory?: number}} */ (navigator).deviceMemory;
  const heap = /** @type {{memory?: {usedJSHeapSize: number, jsHeapSizeLimit: number}}} */ (performance).memory;
  return [
    `Browser: ${userAgent}`,
    `Languages: ${languages.join(", ")}; the page's: ${document.documentElement.lang}`,
    `Screen: ${screen.width} × ${screen.height}, window ${innerWidth} × ${innerHeight}, ${devicePixelRatio} device pixels a pixel`,
    `Processor threads: ${hardwareConcurrency}`,
    `Memory: ${gigabytes === undefined ? "not told" : `${gigabytes} GB or more`}${heap ? `, page ${megabytes(heap.usedJSHeapSize)} of ${megabytes(heap.jsHeapSizeLimit)}` : ""}`,
    `WebGPU in this browser: ${"gpu" in navigator ? "yes" : "no"}`,
    `Secure context: ${isSecureContext ? "yes" : "no"}, isolated: ${crossOriginIsolated ? "yes" : "no"}`,
  ];
}

/** @param {number} bytes */
function megabytes(bytes) {
  return `${Math.round(bytes / 2 ** 20)} MB`;
}
