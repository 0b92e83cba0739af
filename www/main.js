/**
 * The page: files come in (files.js), wait their turn (queue.js), are read by the classifier
 * (engine.js, which is the package in pkg/) and shown (results.js). There is no model logic here.
 */

import { find, messageOf } from "./dom.js";
import { Engine } from "./engine.js";
import { listenForFiles } from "./files.js";
import { showModel } from "./model.js";
import { saveForOffline } from "./offline-status.js";
import { Queue } from "./queue.js";
import { Row } from "./results.js";
import { say, showFailed, showLoading, showProgress, showReady } from "./status.js";

/** @import { Karyolens } from "./pkg/index.js" */
/** One picture to read, and where to show what comes of it. @typedef {{row: Row, picture: (karyolens: Karyolens) => Promise<Blob>}} Job */

/** What "Try an example" draws, one after another. */
const EXAMPLES = [
  ["Grooves", "Inclusion"],
  ["Elongation"],
  ["Enlargement", "Glassy"],
  ["Wrinkled", "Irregular"],
  ["Crowding", "Overlapping"],
];

const list = find("#rows", HTMLOListElement);
/** @type {Row[]} */
let rows = [];
let examples = 0;

const engine = new Engine(new URLSearchParams(location.search).get("device") ?? "auto", {
  onLoading: showLoading,
  onProgress: showProgress,
  onReady: (karyolens) => {
    showModel(karyolens.card, karyolens.version);
    showReady(karyolens.device);
    saveForOffline();
  },
  onFailed: (message) => {
    showFailed(message);
    // A newer version may be what helps.
    saveForOffline();
  },
});

/** @type {Queue<Job>} */
const queue = new Queue(async ({ row, picture }) => {
  row.showReading();
  try {
    const karyolens = await engine.ready();
    row.showPrediction(await karyolens.classify(await picture(karyolens)));
  } catch (error) {
    row.showFailure(messageOf(error));
  }
  showTally();
});

listenForFiles(
  (files) => {
    const jobs = files.map((file) => {
      const row = new Row(file.name);
      row.showPicture(file);
      return { row, picture: async () => file };
    });
    add(jobs);
  },
  () => say("There was no file in that drop. Drop image files, or save the picture first."),
);

find("#example", HTMLButtonElement).addEventListener("click", () => {
  const seed = examples++;
  const features = EXAMPLES[seed % EXAMPLES.length];
  const row = new Row(`Example ${seed + 1}`);
  row.markSynthetic(features);
  const picture = async (/** @type {Karyolens} */ karyolens) => {
    const png = new Blob([await karyolens.renderSynthetic(features, seed)], { type: "image/png" });
    row.showPicture(png);
    return png;
  };
  add([{ row, picture }]);
});

find("#clear", HTMLButtonElement).addEventListener("click", () => {
  queue.clear();
  for (const row of rows) row.remove();
  rows = [];
  showTally();
  find("#choose", HTMLButtonElement).focus();
});

find("#again", HTMLButtonElement).addEventListener("click", () => engine.restart());

/** @param {Job[]} jobs */
function add(jobs) {
  const added = jobs.map((job) => job.row);
  rows.push(...added);
  list.append(...added.map((row) => row.element));
  showTally();
  added[0].element.scrollIntoView({ block: "nearest" });
  queue.add(...jobs);
}

function showTally() {
  const count = (/** @type {string} */ state) => rows.filter((row) => row.state === state).length;
  const failed = count("failed");
  find("#results", HTMLElement).hidden = rows.length === 0;
  find("#tally", HTMLElement).textContent =
    `${count("done")} of ${rows.length} read${failed > 0 ? `, ${failed} failed` : ""}`;
}
