/**
 * The page. Files come in (intake/), wait their turn and are read by the classifier
 * (reading/, over the package in pkg/), are kept in the session (session/), and shown as a table
 * (table/) and one by one (cell/). There is no model logic here: this script makes the parts and joins
 * them.
 */

import { begun, begunRule } from "./begin.js";
import { Detail } from "./cell/detail.js";
import { onPress, whenIdle } from "./elements/dom.js";
import { gatherElements } from "./elements/page-elements.js";
import { listenForFiles } from "./intake/file-intake.js";
import { startLanguagePicker } from "./language/language-picker.js";
import { startLanguage, t } from "./language/language.js";
import { messageOf } from "./pkg/message.js";
import { Engine } from "./reading/engine.js";
import { Measurements } from "./reading/measurements.js";
import { Pictures } from "./reading/pictures.js";
import { QueueStatus } from "./reading/queue-status.js";
import { Reader, modelOf } from "./reading/reader.js";
import { Status } from "./reading/status.js";
import { fetchRooms, once, rooms } from "./rooms.js";
import { canRead, canRetry } from "./session/cell.js";
import { Session } from "./session/session.js";
import { CellTable } from "./table/cell-table.js";
import { Filters } from "./table/filters.js";
import { nextSort } from "./table/sorting.js";
import { Workbench } from "./table/workbench.js";

/** @import { Fault } from "./diagnostics/diagnostics.js" */
/** @import { Karyolens } from "./pkg/index.js" */
/** @import { Found } from "./intake/file-intake.js" */
/** @import { Cell } from "./session/cell.js" */
/** @import { StorageState } from "./session/storage.js" */

/** The features of the examples, one example after another. */
const EXAMPLES = [
  ["Grooves", "Inclusion"],
  ["Elongation"],
  ["Enlargement", "Glassy"],
  ["Wrinkled", "Irregular"],
  ["Crowding", "Overlapping"],
];

const elements = gatherElements();
const { openers } = elements;
const session = new Session();
const status = new Status(elements.status);
let examples = 0;
/** Takes the last large change back, while that can be done. @type {(() => void) | null} */
let takeBack = null;
/** The classifier in use, once it is loaded. @type {Karyolens | null} */
let inUse = null;
let isSavedForOffline = false;
/** Faults so far, for the diagnostics. @type {Fault[]} */
const faults = [];

// Before the first await: if nobody listens, a browser leaves the page to open a dropped file.
const { promise: started, resolve: start } = Promise.withResolvers();
listenForFiles(elements.intake, (found) => void started.then(() => takeFiles(found)), () => status.say("status.no-file"));
startLanguagePicker(elements.language);
await startLanguage();

const engine = new Engine({
  onLoading: () => status.showLoading(),
  onProgress: (progress) => status.showProgress(progress),
  onRule: (decide) => session.useRule(decide),
  onReady: (karyolens) => {
    inUse = karyolens;
    session.useModel(modelOf(karyolens));
    openers.models.hidden = false;
    elements.modelName.textContent = karyolens.card.name;
    status.showReady(karyolens.device);
    performance.mark("ready");
    reader.widen(karyolens.workers);
    void saveOnce();
    fetchRooms();
    // The first field says so where the model cannot come.
    whenIdle(() => rooms.finder().then(({ prepareFinder }) => prepareFinder(karyolens)).catch(() => {}));
  },
  onFailed: (message) => {
    faults.push({ message });
    status.showFailed(message);
    // A newer version may be what helps.
    void saveOnce();
  },
});
const pictures = new Pictures(engine, (bytes, { micrometresPerPixel }) => {
  const sources = session.sources.filter((source) => source.bytes === bytes && source.micrometresPerPixel === null);
  if (micrometresPerPixel !== null) for (const source of sources) session.updateSource(source, { micrometresPerPixel });
});
const measurements = new Measurements(session, engine, pictures);
const reader = new Reader(session, engine, pictures, {
  onProgress: (progress) => {
    queueStatus.show(progress);
    if (progress.state !== "running") workbench.showSoon();
  },
  onFailed: ({ source }, message) => faults.push({ message, file: source.name }),
  onSearch: (search) => {
    queueStatus.showSearch(search);
    void roomOf(field).then((viewer) => viewer?.showSearch(search));
  },
});
const queueStatus = new QueueStatus(elements.queue, status, {
  onPause: () => reader.pause(),
  onResume: () => reader.resume(),
  onCancel: () => {
    for (const cell of reader.cancel()) session.update(cell, { state: "cancelled" });
    table.focus();
  },
});
const filters = new Filters(elements.filters, () => workbench.show());
const table = new CellTable(elements.table, session, pictures, {
  onSort: (sort) => {
    filters.sortBy(nextSort(filters.view, sort));
    workbench.show();
  },
  onOpen: () => workbench.openDetail(),
});
const detail = new Detail(elements.detail, session, engine, pictures, measurements, {
  onStep: (by) => table.step(by),
  onRetry: (cell) => {
    reader.readAgain([cell]);
    elements.detail.name.focus();
  },
  onRemove: (cell) => {
    // The neighbour in the table: a filter may hide the neighbour in the session.
    const at = table.cells.indexOf(cell);
    const next = table.cells[at + 1] ?? table.cells[at - 1] ?? null;
    reader.cancel((one) => one === cell);
    // A nucleus of a field can come back.
    if (cell.contour) void roomOf(field).then((viewer) => viewer?.remove(cell, next));
    else {
      session.select(next);
      session.remove(cell);
    }
  },
  onSwitchKind: ({ source }) => {
    reader.cancel((cell) => cell.source === source);
    const { cells, undo } = session.switchKind(source);
    offerUndo("status.switched", { name: source.name }, () => reader.readWaiting(undo()));
    reader.readWaiting(cells);
    elements.detail.name.focus();
  },
});
const workbench = new Workbench(elements, session, { filters, table, detail, measurements });
const field = once(rooms.field, ({ FieldViewer, part, geometry }) => {
  elements.workbench.results.prepend(part);
  // The table has less room beside a field.
  elements.filters.box.open = false;
  const viewer = new FieldViewer(part, session, pictures, measurements, {
    page: elements.page,
    geometry,
    onStep: (by) => table.step(by),
    onChanged: (cells) => reader.readWaiting(cells),
    onSummary: (field) => enter(rooms.summary, ({ openSummary, dialog }) => openSummary(dialog, { session, pictures, field })),
    onScale: (field, undo) => {
      // Nuclei are cut out at the scale that the model knows.
      const read = () => reader.readAgain(session.cells.filter((cell) => cell.source === field && cell.contour && canRead(cell)));
      read();
      offerUndo("status.scaled", { name: field.name }, () => {
        undo();
        read();
      });
    },
  });
  workbench.listenForKeys(viewer.window);
  return viewer;
});
session.listen((change) => {
  if (change !== "cells") return;
  pictures.keepOnly(session.sources);
  if (session.cells.some(({ source }) => source.kind === "field")) void roomOf(field);
});

/** The latest news of whether the browser keeps the session. @type {[StorageState, string] | null} */
let storageNews = null;
/** Shows it in the dialog, once that is there. @type {(state: StorageState, words: string) => void} */
let showStorage = () => {};
// Kept cells have no call before the rule is there: its loading comes first, whether it succeeds or fails.
const storage = begunRule.catch(() => {}).then(rooms.storage).then(({ startStorage }) => startStorage(openers.session, session, (...news) => {
  storageNews = news;
  showStorage(...news);
}));
const restored = storage.then((storage) => storage.restore()).then(
  (cells) => {
    if (cells.length > 0) takeRestored(cells);
  },
  (error) => {
    openers.session.dataset.storage = "off";
    openers.session.title = `${t("storage.off")} ${messageOf(error)}`;
  },
);
// A slide belongs to a cell, and thresholds to a model.
void restored.then(() => roomOf(rooms.slide)).then((room) => room && new room.SlideField(elements.slide, session));
void begun.catch(() => {}).then(() => roomOf(rooms.thresholds)).then((room) => room?.startThresholds(elements.thresholds, session));

const intake = once(rooms.intake, ({ Intake }) => new Intake(elements.refusals, session));
const modelsDialog = once(rooms.models, ({ ModelsDialog, dialog }) => new ModelsDialog(dialog, {
  inUse: () => inUse && { karyolens: inUse, source: engine.source },
  onChoose: async (source) => {
    await engine.use(source);
    reader.readWithModelInUse();
  },
}));
const sessionDialog = once(rooms.session, ({ SessionDialog, dialog }) => {
  const made = new SessionDialog(dialog, {
    session,
    program: () => inUse?.version ?? null,
    exportField: async (format, source) => {
      const [{ fieldFiles }, viewer] = await Promise.all([rooms.field(), field()]);
      return fieldFiles(format, source, { session, engine, pictures, styleOf: viewer.stylesOf(source) });
    },
    deleteEverything: async () => (await storage).deleteEverything(),
    onGone: () => {
      reader.cancel();
      forgetUndo();
    },
    onRestored: takeRestored,
  });
  showStorage = (...news) => made.showStorage(...news);
  if (storageNews) showStorage(...storageNews);
  return made;
});

onPress(elements.example, () => {
  const seed = examples++;
  const features = EXAMPLES[seed % EXAMPLES.length];
  reader.readWaiting(addCells([{ name: t("example.name", { number: seed + 1 }), bytes: null, synthetic: { features, seed } }]));
});
onPress(elements.workbench.retryAll, () => {
  reader.readAgain(session.cells.filter(canRetry));
  table.focus();
});
onPress(elements.workbench.clear, () => {
  reader.cancel();
  const cleared = session.clear();
  offerUndo("status.cleared", { count: cleared.cells.length }, () => {
    session.putBack(cleared);
    status.say("status.restored", { count: cleared.cells.length });
    reader.readWaiting(cleared.cells);
  });
  elements.status.undo.focus();
});
onPress(elements.status.undo, () => {
  const undo = takeBack;
  forgetUndo();
  undo?.();
  workbench.show();
  table.focus();
});
onPress(elements.status.again, () => {
  engine.restart();
  elements.intake.choose.focus();
});
onPress(openers.models, () => enter(modelsDialog, (dialog) => dialog.open()));
onPress(openers.session, () => enter(sessionDialog, (dialog) => dialog.open()));
onPress(openers.teach, () => enter(rooms.teach, ({ openTeach, dialog }) => openTeach(dialog, { engine, session, add: (files) => reader.readWaiting(addCells(files)) })));
onPress(openers.compare, () => enter(rooms.compare, ({ openCompare, dialog }) => openCompare(dialog, session)));
onPress(openers.speed, () => enter(rooms.speed, ({ openSpeed, dialog }) => openSpeed(dialog, engine.source)));
onPress(openers.diagnostics, () => enter(rooms.diagnostics, ({ openDiagnostics, dialog }) =>
  openDiagnostics(dialog, { karyolens: inUse, session, faults })));

addEventListener("beforeunload", (event) => {
  if (session.unsaved) event.preventDefault();
});
start(undefined);

/**
 * Opens a room as soon as it is there, or says why it cannot come.
 *
 * @template Room
 * @param {() => Promise<Room>} fetchRoom
 * @param {(room: Room) => unknown} open
 */
async function enter(fetchRoom, open) {
  const room = await roomOf(fetchRoom);
  // If a person asked for several rooms meanwhile, the first one opens.
  if (room && !document.querySelector("dialog[open]")) open(room);
}

/** The room, or undefined where it cannot come; then the status line says why. @template Room @param {() => Promise<Room>} fetchRoom */
function roomOf(fetchRoom) {
  return fetchRoom().catch((error) => void status.say("status.part-missing", { reason: messageOf(error) }));
}

/** Saves the page for use without a network, at the first call. */
async function saveOnce() {
  if (isSavedForOffline) return;
  isSavedForOffline = true;
  const { saveForOffline } = await import("./offline/offline-status.js");
  saveForOffline(elements.offline);
}

/**
 * Opens a checkpoint or a saved session; pictures go to the sources that lack their bytes, or become
 * new cells; other files are named with the reason why they are not taken.
 *
 * @param {Found[]} found
 */
async function takeFiles(found) {
  const room = await roomOf(intake);
  if (!room) return;
  const { pictures: images, slides, contours, session: saved, checkpoint } = await room.sort(found);
  if (checkpoint) void (await roomOf(modelsDialog))?.openWith(checkpoint);
  if (saved) {
    await restored;
    await (await roomOf(sessionDialog))?.openFile(saved);
  }
  const { small, large } = await room.open(slides, engine);
  const { cells, fresh } = await room.attach([...images, ...small]);
  reader.readWaiting(cells);
  const added = addCells(fresh.map(({ name, file }) => ({ name, bytes: file })));
  // Before the pictures are read: a photograph with contours is no picture of one cell.
  const outlining = contours.length > 0 ? await roomOf(rooms.field) : undefined;
  const outlined = await outlining?.takeContours(contours, { session, engine, pictures });
  room.refuse(outlined?.refused ?? []);
  const isHere = new Set(session.cells);
  reader.readWaiting([...added, ...(outlined?.cells ?? [])].filter((cell) => isHere.has(cell)));
  for (const one of large) {
    const part = await roomOf(rooms.part);
    await part?.choosePart(part.dialog, { ...one, engine, onPart: (source) => reader.readWaiting(addCells([source])) });
  }
}

/** Adds files to the session and shows the first of them; they are not read yet. @param {Parameters<Session["add"]>[0]} files */
function addCells(files) {
  if (files.length === 0) return [];
  forgetUndo();
  const added = session.add(files);
  if (!session.selected) session.select(added[0]);
  workbench.show();
  table.reveal(added[0]);
  return added;
}

/** Goes on with cells that came from the browser's storage or a file. @param {Cell[]} cells */
function takeRestored(cells) {
  session.select(cells[0] ?? null);
  status.say("status.restored", { count: cells.length });
  reader.readWaiting(cells);
  void reader.drawMissing(cells);
}

/** Says what has changed, and offers the way back. @param {string} key of the text @param {Record<string, string | number>} values in it @param {() => void} undo */
function offerUndo(key, values, undo) {
  status.say(key, values);
  takeBack = undo;
  elements.status.undo.hidden = false;
}

function forgetUndo() {
  takeBack = null;
  elements.status.undo.hidden = true;
}
