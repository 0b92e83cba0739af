/** Shows the progress of reading and the time that is left, and lets a person pause or end it. */

import { nowAndThen, onPress } from "../elements/dom.js";
import { t } from "../language/language.js";

/** @import { PageElements } from "../elements/page-elements.js" */
/** @import { QueueProgress } from "./queue.js" */
/** @import { Search } from "./reader.js" */
/** @import { Status } from "./status.js" */

const SECOND = 1000;
const MINUTE = 60 * SECOND;

export class QueueStatus {
  #elements;
  #status;
  /** @type {QueueProgress} */
  #progress = { state: "idle", done: 0, total: 0, left: null, cancelled: false };
  /** The search for the nuclei of a field that is under way. @type {Search | null} */
  #search = null;
  #showSoon = nowAndThen(() => this.#showNow());

  /**
   * @param {PageElements["queue"]} elements
   * @param {Status} status
   * @param {{onPause: () => void, onResume: () => void, onCancel: () => void}} actions
   */
  constructor(elements, status, { onPause, onResume, onCancel }) {
    this.#elements = elements;
    this.#status = status;
    // A button that hides itself passes the focus on.
    onPress(elements.pause, () => {
      onPause();
      elements.resume.focus();
    });
    onPress(elements.resume, () => {
      onResume();
      elements.pause.focus();
    });
    onPress(elements.cancel, onCancel);
  }

  /** @param {QueueProgress} progress */
  show(progress) {
    const { state, done, total, cancelled } = progress;
    const before = this.#progress.state;
    this.#progress = progress;
    if (state === before) {
      this.#showSoon();
      return;
    }
    this.#showNow();
    // The status line speaks only when reading begins, halts or ends: a word for each cell would be too much to listen to.
    if (!this.#status.isReady) return;
    if (state === "idle") this.#status.say(cancelled ? "status.ready" : "queue.finished", { count: done });
    else this.#status.say(`queue.${state}`, { count: total });
  }

  /** @param {Search | null} search null: none is under way */
  showSearch(search) {
    this.#search = search;
    this.#showSoon();
  }

  #showNow() {
    const { state, done, total, left } = this.#progress;
    const { box, bar, figures, pause, resume } = this.#elements;
    box.hidden = state === "idle";
    const search = state === "idle" ? null : this.#search;
    const parts = search?.progress ?? { done, total };
    bar.max = Math.max(parts.total, 1);
    bar.value = parts.done;
    const time = left === null || state === "paused" ? "" : ` · ${timeLeft(left)}`;
    figures.textContent = search
      ? t("queue.searched", { count: search.found.nuclei.length, ...parts })
      : `${t("queue.read", { done, total })}${time}`;
    pause.hidden = state !== "running";
    resume.hidden = state !== "paused";
  }
}

/** @param {number} milliseconds */
function timeLeft(milliseconds) {
  if (milliseconds < MINUTE) return t("queue.seconds-left", { count: Math.max(1, Math.round(milliseconds / SECOND)) });
  return t("queue.minutes-left", { count: Math.ceil(milliseconds / MINUTE) });
}
