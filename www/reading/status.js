/** The status line: the page loads (with its progress), is ready, or has failed; and short remarks. */

import { megabytes, onLanguage, t } from "../language/language.js";
import { deviceName } from "./device-name.js";

/** @import { PageElements } from "../elements/page-elements.js" */
/** @import { DeviceReport, Progress } from "../pkg/index.js" */

export class Status {
  #elements;
  /** Bytes of the downloads, by phase. @type {Map<string, Progress>} */
  #downloads = new Map();
  /** Writes the present remark again, in the page's language. */
  #sayAgain = () => {};

  /** @param {PageElements["status"]} elements */
  constructor(elements) {
    this.#elements = elements;
    onLanguage(() => this.#sayAgain());
  }

  /** Whether the classifier can read. */
  get isReady() {
    return this.#elements.page.dataset.state === "ready";
  }

  /** A remark, by the key of its text. @param {string} key @param {Record<string, string | number>} [values] */
  say(key, values) {
    this.#sayAgain = () => {
      this.#elements.line.textContent = t(key, values);
    };
    this.#sayAgain();
  }

  showLoading() {
    const { page, figures, bar, recover, device, deviceReason } = this.#elements;
    page.dataset.state = "loading";
    this.#downloads.clear();
    this.say("status.loading");
    figures.textContent = "";
    bar.removeAttribute("value");
    bar.hidden = false;
    recover.hidden = true;
    device.hidden = true;
    deviceReason.textContent = "";
  }

  /** @param {Progress} progress */
  showProgress(progress) {
    const { figures, bar } = this.#elements;
    if (progress.phase === "device") {
      if (progress.loaded > 0) return;
      this.say("status.device");
      figures.textContent = "";
      bar.removeAttribute("value");
      return;
    }
    this.#downloads.set(progress.phase, progress);
    const downloads = [...this.#downloads.values()];
    const loaded = sum(downloads.map((one) => one.loaded));
    // Both downloads have begun, and the length of both is known.
    const totals = downloads.flatMap((one) => one.total ?? []);
    if (totals.length === 2) {
      bar.max = sum(totals);
      bar.value = loaded;
      figures.textContent = t("status.megabytes-of", { loaded: megabytes(loaded), total: megabytes(sum(totals)) });
    } else {
      figures.textContent = t("status.megabytes", { loaded: megabytes(loaded) });
    }
  }

  /** @param {DeviceReport} report */
  showReady({ kind, adapter, reason }) {
    const { page, device, deviceKind, deviceReason } = this.#elements;
    page.dataset.state = "ready";
    this.say("status.ready");
    this.#hideProgress();
    device.hidden = false;
    device.dataset.kind = kind;
    deviceKind.textContent = deviceName(kind);
    deviceReason.textContent = `${deviceName(kind, adapter)}: ${reason}.`;
    deviceReason.title = deviceReason.textContent;
  }

  /** @param {string} reason */
  showFailed(reason) {
    this.#elements.page.dataset.state = "failed";
    this.say("status.failed", { reason });
    this.#hideProgress();
    this.#elements.recover.hidden = false;
  }

  #hideProgress() {
    this.#elements.bar.hidden = true;
    this.#elements.figures.textContent = "";
  }
}

/** @param {number[]} numbers */
function sum(numbers) {
  return numbers.reduce((total, one) => total + one, 0);
}
