/**
 * The page. Files come in (intake/), wait their turn and are read by the classifier (reading/, over
 * the package in pkg/), are kept in the session (session/), and shown as a table (table/) and one
 * by one (cell/). There is no model logic here.
 */

import { Detail } from "./cell/detail.js";
import { copyDiagnostics, withoutNames } from "./diagnostics/diagnostics.js";
import { digitOf, find, messageOf, nowAndThen, oncePerFrame, onPress } from "./elements/dom.js";
import { Engine } from "./reading/engine.js";
import { listenForFiles } from "./intake/file-intake.js";
import { currentView, offerFeatures, sortBy, startFilters } from "./table/filters.js";
import { attachPictures } from "./session/restore.js";
import { chooseLanguage, currentLanguage, LANGUAGES, onLanguage, startLanguage, t } from "./language/language.js";
import { startKeeping } from "./session/session-dialog.js";
import { CellTable } from "./table/table.js";
import { addressOf, listModels, showModel, startModels } from "./models/models-dialog.js";
import { saveForOffline } from "./offline/offline-status.js";
import { Queue } from "./reading/queue.js";
import { canRead, canRetry, Session } from "./session/session.js";
import { say, showFailed, showLoading, showProgress, showQueue, showReady } from "./reading/status.js";
import { startThresholds } from "./decisions/threshold-sliders.js";
import { arrange, nextSort } from "./table/sorting.js";

/** @import { Karyolens } from "./pkg/index.js" */
/** @import { Cell, Model } from "./session/session.js" */
/** @import { Found } from "./intake/file-intake.js" */
/** @import { Language } from "./language/language.js" */

/** What "Try an example" draws, one after another. */
const EXAMPLES = [
  ["Grooves", "Inclusion"],
  ["Elongation"],
  ["Enlargement", "Glassy"],
  ["Wrinkled", "Irregular"],
  ["Crowding", "Overlapping"],
];
/** Parts of the page that come last, so that it is ready sooner. */
const PARTS = {
  teach: () => import("./teach/teach-dialog.js"),
  compare: () => import("./compare/compare-dialog.js"),
  speed: () => import("./speed/speed-dialog.js"),
};
/** Bytes; the classifier refuses larger files, and the page must not read them whole. */
const LARGEST_HASHED = 256 * 2 ** 20;
/** What else than pictures a person may drop: a checkpoint, a session that was saved. */
const CHECKPOINT = /\.safetensors$/i;
const SAVED_SESSION = /\.json$/i;

const page = document.documentElement;
/** Where the stylesheet lets the cell cover the table. */
const narrow = matchMedia("not all and (min-width: 64rem)");
const session = new Session();
let examples = 0;
const undo = find("#undo", HTMLButtonElement);
/** What "Clear all" took away last, while it can be taken back. @type {ReturnType<Session["clear"]> | null} */
let cleared = null;
/** The classifier in use, once it is loaded. @type {Karyolens | null} */
let inUse = null;
/** What went wrong, for the diagnostics, without names of files. @type {string[]} */
const errors = [];

// Before anything is waited for: a browser opens what is dropped on a page that does not listen.
const { promise: started, resolve: start } = Promise.withResolvers();
listenForFiles((found) => void started.then(() => takeFiles(found)), () => say("status.no-file"));
startLanguagePicker();
await startLanguage();

const engine = new Engine({
  onLoading: showLoading,
  onProgress: showProgress,
  onReady: (karyolens) => {
    inUse = karyolens;
    session.useModel(modelOf(karyolens));
    showModel(karyolens);
    showReady(karyolens.device);
    performance.mark("ready");
    queue.widen(karyolens.workers);
    saveForOffline();
    fetchParts();
  },
  onFailed: (message) => {
    errors.push(message);
    showFailed(message);
    // A newer version may be what helps.
    saveForOffline();
  },
});

/** @type {Queue<Cell>} */
const queue = new Queue(read, (progress) => {
  showQueue(progress);
  if (progress.state !== "running") showCellsSoon();
});

const models = startModels(async (source) => {
  await engine.use(source);
  readAnew();
});

const table = new CellTable(session, {
  onSort: (sort) => {
    sortBy(nextSort(currentView(), sort));
    showCells();
  },
  onOpen: openDetail,
});
const detail = new Detail(session, engine, {
  onStep: (by) => table.step(by),
  onRetry: (cell) => {
    enqueue([cell]);
    find("#detail-name", HTMLElement).focus();
  },
  onRemove: (cell) => {
    // The next one that is shown: a filter may hide its neighbours in the session.
    const at = table.cells.indexOf(cell);
    session.select(table.cells[at + 1] ?? table.cells[at - 1] ?? null);
    queue.cancel((waiting) => waiting === cell);
    session.remove(cell);
  },
});
startThresholds(session);
startFilters(showCells);

const showCellsSoon = oncePerFrame(showCells);
const showReading = nowAndThen(showCells);
const showSelectionSoon = oncePerFrame(showSelection);
session.listen((change) => {
  if (change === "selection") showSelectionSoon();
  else if (change === "reading") showReading();
  else showCellsSoon();
});
onLanguage(showCellsSoon);

const keeping = startKeeping(session, {
  program: () => inUse?.version ?? null,
  onGone: () => {
    queue.cancel();
    forgetCleared();
  },
  onRestored: (cells) => {
    session.select(cells[0] ?? null);
    say("status.restored", { count: cells.length });
    readWaiting(cells);
    void drawMissing(cells);
  },
});

onPress("#example", () => {
  const seed = examples++;
  const features = EXAMPLES[seed % EXAMPLES.length];
  addCells([{ name: t("example.name", { number: seed + 1 }), picture: null, synthetic: { features, seed } }]);
});
// A button that hides itself passes the focus on.
onPress("#pause", () => {
  queue.pause();
  find("#resume", HTMLButtonElement).focus();
});
onPress("#resume", () => {
  queue.resume();
  find("#pause", HTMLButtonElement).focus();
});
onPress("#cancel", () => {
  for (const cell of queue.cancel()) session.update(cell, { state: "cancelled" });
  table.focus();
});
onPress("#retry-all", () => {
  enqueue(session.cells.filter(canRetry));
  table.focus();
});
onPress("#clear", () => {
  queue.cancel();
  cleared = session.clear();
  say("status.cleared", { count: cleared.cells.length });
  undo.hidden = false;
  undo.focus();
});
undo.addEventListener("click", () => {
  if (!cleared) return;
  const { cells } = cleared;
  session.putBack(cleared);
  forgetCleared();
  say("status.restored", { count: cells.length });
  readWaiting(cells);
  showCells();
  table.focus();
});
onPress("#again", () => {
  engine.restart();
  find("#choose", HTMLButtonElement).focus();
});
onPress("#close-detail", closeDetail);
onPress("#open-teach", () => whenThere(PARTS.teach(), ({ openTeach }) => openTeach({ engine, session, add: addCells })));
onPress("#open-compare", () => whenThere(PARTS.compare(), ({ openCompare }) => openCompare({ session, listModels: choices })));
onPress("#open-speed", () => whenThere(PARTS.speed(), ({ openSpeed }) => openSpeed(engine.source)));
onPress("#open-diagnostics", () => copyDiagnostics({ karyolens: inUse, session, errors }));
narrow.addEventListener("change", coverRest);
listenForKeys();

addEventListener("beforeunload", (event) => {
  if (session.unsaved) event.preventDefault();
});
start(undefined);

/** Fetches the parts that the page was ready without; who opens one hears of a failure. */
function fetchParts() {
  for (const fetchPart of Object.values(PARTS)) fetchPart().catch(() => {});
}

/**
 * Opens a part of the page as soon as it is there, or says why it cannot come.
 *
 * @template Part
 * @param {Promise<Part>} fetching
 * @param {(part: Part) => unknown} open
 */
async function whenThere(fetching, open) {
  const part = await fetching.catch((error) => say("status.part-missing", { reason: messageOf(error) }));
  // Of several that were asked for meanwhile the first one opens.
  if (part && !document.querySelector("dialog[open]")) open(part);
}

/** Pictures are added, or given back to the cells that were opened without; a model or a session is opened. @param {Found[]} found */
async function takeFiles(found) {
  const checkpoint = found.find(({ name }) => CHECKPOINT.test(name));
  const saved = found.find(({ name }) => SAVED_SESSION.test(name));
  if (checkpoint) {
    models.open();
    void models.choose(checkpoint.file);
  }
  if (saved) await (await keeping).open(saved.file);
  const pictures = found.filter((one) => one !== checkpoint && one !== saved);
  addCells((await withoutMissing(pictures)).map(({ name, file }) => ({ name, picture: file })));
}

/** The files that are none of a cell's whose picture is missing; those get theirs back. @param {Found[]} found */
async function withoutMissing(found) {
  if (!session.cells.some((cell) => cell.picture === null && cell.sha256 !== null)) return found;
  const fresh = [];
  for (const one of found) {
    const cells = attachPictures(session, one.file, await hashOf(one.file));
    if (cells.length === 0) fresh.push(one);
    readWaiting(cells);
  }
  return fresh;
}

/** @param {Parameters<Session["add"]>[0]} sources */
function addCells(sources) {
  if (sources.length === 0) return;
  forgetCleared();
  const added = session.add(sources);
  if (!session.selected) session.select(added[0]);
  queue.add(added);
  showCells();
  table.reveal(added[0]);
}

function forgetCleared() {
  cleared = null;
  undo.hidden = true;
}

/** Lets cells be read, once more where they were before. @param {Cell[]} cells */
function enqueue(cells) {
  for (const cell of cells) session.update(cell, { state: "waiting", failure: "" });
  queue.add(cells);
}

/** Lets those be read that wait and have something to read. @param {Cell[]} cells */
function readWaiting(cells) {
  queue.add(cells.filter((cell) => cell.state === "waiting" && canRead(cell)));
}

/** Lets the model in use read what others have read; corrections stay. */
function readAnew() {
  const isOfAnother = (/** @type {Cell} */ { state, reading }) => state === "done" && reading?.model !== session.model?.id;
  enqueue(session.cells.filter((cell) => isOfAnother(cell) && canRead(cell)));
}

/** Draws again what the program drew: an exported session holds no pictures. @param {Cell[]} cells */
async function drawMissing(cells) {
  for (const cell of cells.filter(({ state, picture, synthetic }) => state === "done" && synthetic && !picture)) {
    const picture = await engine.run((karyolens) => draw(karyolens, cell)).catch(() => null);
    if (picture && session.cells.includes(cell)) session.update(cell, { picture });
  }
}

/** @param {Cell} cell */
async function read(cell) {
  session.update(cell, { state: "reading" });
  try {
    await engine.run(async (karyolens) => {
      const picture = cell.picture ?? (await draw(karyolens, cell));
      const prediction = await karyolens.classify(picture);
      if (!session.cells.includes(cell)) return; // removed meanwhile
      const model = modelOf(karyolens);
      session.update(cell, {
        picture,
        sha256: cell.sha256 ?? prediction.sha256,
        state: "done",
        reading: {
          model: model.id,
          probabilities: prediction.features.map((feature) => feature.probability),
          notice: prediction.notice,
          device: karyolens.device.kind,
          adapter: karyolens.device.adapter,
          program: karyolens.version,
          time: new Date().toISOString(),
        },
      });
    });
  } catch (error) {
    errors.push(withoutNames(messageOf(error), [cell.name]));
    const sha256 = cell.sha256 ?? (cell.picture && (await hashOf(cell.picture)));
    session.update(cell, { state: "failed", failure: messageOf(error), sha256 });
  }
}

/** The picture of a cell that the program draws. @param {Karyolens} karyolens @param {Cell} cell */
async function draw(karyolens, { synthetic }) {
  if (!synthetic) throw new Error(t("cell.no-picture"));
  return new Blob([await karyolens.renderSynthetic(synthetic.features, synthetic.seed)], { type: "image/png" });
}

/**
 * The SHA-256 of a file. Null where the browser offers none, as on an address without encryption,
 * where the file cannot be read, and where it is too large to be a picture of a cell.
 *
 * @param {Blob} file
 */
async function hashOf(file) {
  if (!globalThis.crypto?.subtle || file.size > LARGEST_HASHED) return null;
  const bytes = await file.arrayBuffer().catch(() => null);
  if (!bytes) return null;
  const digest = await crypto.subtle.digest("SHA-256", bytes);
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** What the session remembers of a classifier's model. @param {Karyolens} karyolens @returns {Model} */
function modelOf({ card, modelHash, riskRule }) {
  return {
    id: modelHash ?? card.name,
    sha256: modelHash,
    name: card.name,
    crateVersion: card.crate_version,
    features: card.features,
    thresholds: card.thresholds,
    unsure: card.unsure ?? [],
    riskRule,
  };
}

/** The models that can be compared. */
async function choices() {
  return (await listModels()).map((model) => ({ id: model.id, name: model.name, source: addressOf(model).href }));
}

function showCells() {
  const { cells, model } = session;
  page.dataset.working = String(cells.length > 0);
  find("#results", HTMLElement).hidden = cells.length === 0;
  offerFeatures(model?.features ?? [], (model?.riskRule ?? null) !== null);
  const view = currentView();
  const shown = arrange(session, view);
  table.show(shown, view);
  showSelection();
  find("#no-match", HTMLElement).hidden = shown.length > 0;
  const count = (/** @type {Cell["state"]} */ state) => cells.reduce((sum, cell) => sum + Number(cell.state === state), 0);
  const [done, failed] = [count("done"), count("failed")];
  const parts = [t("tally.read", { done, total: cells.length })];
  if (failed > 0) parts.push(t("tally.failed", { count: failed }));
  if (shown.length < cells.length) parts.push(t("tally.shown", { count: shown.length }));
  find("#tally", HTMLElement).textContent = parts.join(", ");
  find("#retry-all", HTMLElement).hidden = !cells.some(canRetry);
}

function showSelection() {
  const { selected } = session;
  table.showSelection();
  detail.showPosition(selected ? table.cells.indexOf(selected) : -1, table.cells.length);
  if (!selected && page.dataset.detail) closeDetail();
}

/** Where the page is narrow the cell covers the table; else it has been beside it all the time. */
function openDetail() {
  page.dataset.detail = "open";
  coverRest();
  if (narrow.matches) find("#detail-name", HTMLElement).focus();
}

function closeDetail() {
  delete page.dataset.detail;
  coverRest();
  table.focus();
}

/** What the cell covers is out of reach for the keyboard too. */
function coverRest() {
  const covered = narrow.matches && page.dataset.detail === "open";
  for (const part of document.querySelectorAll(".masthead, .intake, .status, .cells")) {
    /** @type {HTMLElement} */ (part).inert = covered;
  }
}

/** Keys of one character act only in the table and in the cell, where nobody types. */
function listenForKeys() {
  for (const place of ["#rows", "#detail"]) {
    find(place, HTMLElement).addEventListener("keydown", (event) => {
      if (event.altKey || event.ctrlKey || event.metaKey) return;
      const digit = digitOf(event);
      if (digit !== null) detail.correct(digit - 1);
      else if (event.key === "Escape" && page.dataset.detail) closeDetail();
      else return;
      event.preventDefault();
    });
  }
}

function startLanguagePicker() {
  const picker = find("#language", HTMLSelectElement);
  picker.replaceChildren(...Object.entries(LANGUAGES).map(([tag, name]) => new Option(name, tag)));
  for (const option of picker.options) option.lang = option.value;
  picker.addEventListener("change", () => void chooseLanguage(/** @type {Language} */ (picker.value)));
  onLanguage(() => {
    picker.value = currentLanguage();
  });
}
