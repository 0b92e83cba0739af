/** Tells what the page is doing: loading and how far, ready and on which device, or failed. */

import { find } from "./dom.js";

/** @import { DeviceReport, Progress } from "./pkg/index.js" */

const page = document.documentElement;
const line = find("#status", HTMLElement);
const figures = find("#progress-figures", HTMLElement);
const bar = find("#progress", HTMLProgressElement);
const recover = find("#recover", HTMLElement);
const device = find("#device", HTMLElement);
const reason = find("#device-reason", HTMLElement);

const DEVICE_NAMES = { webgpu: "WebGPU", cpu: "CPU" };

/** Bytes of the downloads, by phase. @type {Map<string, Progress>} */
const downloads = new Map();

export function showLoading() {
  page.dataset.state = "loading";
  downloads.clear();
  line.textContent = "Loading the program and the model…";
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
    line.textContent = "Preparing the device…";
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
    figures.textContent = `${megabytes(loaded)} of ${megabytes(sum(totals))} MB`;
  } else {
    figures.textContent = `${megabytes(loaded)} MB`;
  }
}

/** @param {DeviceReport} report */
export function showReady(report) {
  page.dataset.state = "ready";
  line.textContent = "Ready.";
  hideProgress();
  device.hidden = false;
  device.dataset.kind = report.kind;
  find(".device-kind", HTMLElement, device).textContent = `Runs on ${DEVICE_NAMES[report.kind]}`;
  const adapter = report.adapter ? ` (adapter: ${report.adapter})` : "";
  reason.textContent = `${DEVICE_NAMES[report.kind]}: ${report.reason}${adapter}.`;
}

/** @param {string} message */
export function showFailed(message) {
  page.dataset.state = "failed";
  line.textContent = `Karyolens could not start: ${message}`;
  hideProgress();
  recover.hidden = false;
}

/** A passing remark. @param {string} text */
export function say(text) {
  line.textContent = text;
}

function hideProgress() {
  bar.hidden = true;
  figures.textContent = "";
}

/** @param {number[]} numbers */
function sum(numbers) {
  return numbers.reduce((total, one) => total + one, 0);
}

/** @param {number} bytes */
function megabytes(bytes) {
  return (bytes / 1e6).toFixed(1);
}
