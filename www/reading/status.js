/** Tells what the page is doing: loading and how far, reading and how long yet, ready, or failed. */

import { deviceName } from "./device-name.js";
import { find, nowAndThen } from "../elements/dom.js";
import { megabytes, onLanguage, t } from "../language/language.js";

/** @import { DeviceReport, Progress } from "../pkg/index.js" */
/** @import { QueueProgress } from "./queue.js" */

const page = document.documentElement;
const line = find("#status", HTMLElement);
const figures = find("#progress-figures", HTMLElement);
const bar = find("#progress", HTMLProgressElement);
const recover = find("#recover", HTMLElement);
const device = find("#device", HTMLElement);
const reason = find("#device-reason", HTMLElement);

const SECOND = 1000;
const MINUTE = 60 * SECOND;

/** Bytes of the downloads, by phase. @type {Map<string, Progress>} */
const downloads = new Map();
/** Writes what is said again, in the page's language. */
let sayAgain = () => {};
/** How far the reading has come. @type {QueueProgress} */
let queue = { state: "idle", done: 0, total: 0, left: null, cancelled: false };
const showQueueSoon = nowAndThen(showQueueNow);

onLanguage(() => sayAgain());

/** A remark, by the key of its text. @param {string} key @param {Record<string, string | number>} [values] */
export function say(key, values) {
  sayAgain = () => {
    line.textContent = t(key, values);
  };
  sayAgain();
}

export function showLoading() {
  page.dataset.state = "loading";
  downloads.clear();
  say("status.loading");
  figures.textContent = "";
  bar.removeAttribute("value");
  bar.hidden = false;
  recover.hidden = true;
  device.hidden = true;
  reason.textContent = "";
}

/** @param {Progress} progress */
export function showProgress(progress) {
  if (progress.phase === "device") {
    if (progress.loaded > 0) return;
    say("status.device");
    figures.textContent = "";
    bar.removeAttribute("value");
    return;
  }
  downloads.set(progress.phase, progress);
  const loaded = sum([...downloads.values()].map((one) => one.loaded));
  // Both downloads have begun and both have said how long they are.
  const totals = [...downloads.values()].flatMap((one) => one.total ?? []);
  if (totals.length === 2) {
    bar.max = sum(totals);
    bar.value = loaded;
    figures.textContent = t("status.megabytes-of", { loaded: megabytes(loaded), total: megabytes(sum(totals)) });
  } else {
    figures.textContent = t("status.megabytes", { loaded: megabytes(loaded) });
  }
}

/** @param {DeviceReport} report */
export function showReady(report) {
  page.dataset.state = "ready";
  say("status.ready");
  hideProgress();
  device.hidden = false;
  device.dataset.kind = report.kind;
  find(".device-kind", HTMLElement, device).textContent = deviceName(report.kind);
  reason.textContent = `${deviceName(report.kind, report.adapter)}: ${report.reason}.`;
  reason.title = reason.textContent;
  find("#device-why", HTMLElement).textContent = reason.textContent;
}

/** @param {string} message */
export function showFailed(message) {
  page.dataset.state = "failed";
  say("status.failed", { reason: message });
  hideProgress();
  recover.hidden = false;
}

/** How far the reading has come. @param {QueueProgress} progress */
export function showQueue(progress) {
  const { state, done, total, cancelled } = progress;
  const before = queue.state;
  queue = progress;
  if (state === before) {
    showQueueSoon();
    return;
  }
  showQueueNow();
  // Said once when it begins, halts and ends; each cell would be too much to listen to.
  if (page.dataset.state !== "ready") return;
  if (state === "idle") say(cancelled ? "status.ready" : "queue.finished", { count: done });
  else say(`queue.${state}`, { count: total });
}

function showQueueNow() {
  const { state, done, total, left } = queue;
  find("#queue", HTMLElement).hidden = state === "idle";
  const progress = find("#queue-progress", HTMLProgressElement);
  progress.max = Math.max(total, 1);
  progress.value = done;
  const time = left === null || state === "paused" ? "" : ` · ${timeLeft(left)}`;
  find("#queue-figures", HTMLElement).textContent = `${t("queue.read", { done, total })}${time}`;
  find("#pause", HTMLButtonElement).hidden = state !== "running";
  find("#resume", HTMLButtonElement).hidden = state !== "paused";
}

/** @param {number} milliseconds */
function timeLeft(milliseconds) {
  if (milliseconds < MINUTE) return t("queue.seconds-left", { count: Math.max(1, Math.round(milliseconds / SECOND)) });
  return t("queue.minutes-left", { count: Math.ceil(milliseconds / MINUTE) });
}

function hideProgress() {
  bar.hidden = true;
  figures.textContent = "";
}

/** @param {number[]} numbers */
function sum(numbers) {
  return numbers.reduce((total, one) => total + one, 0);
}
