/** Does jobs one after another, in the order they came; can be paused, and says how long it takes. */

/**
 * @typedef {object} QueueProgress
 * @property {"idle" | "running" | "paused"} state
 * @property {number} done jobs since the queue was last idle
 * @property {number} total jobs since then, with those that wait
 * @property {number | null} left milliseconds until all is done; null while nothing is known
 * @property {boolean} cancelled whether jobs were cancelled since then
 */

/** How much the latest job counts in the mean of their times. */
const WEIGHT_OF_LATEST = 0.2;

/** @template Job */
export class Queue {
  /** @type {Job[]} */
  #waiting = [];
  #busy = false;
  /** Whether a job is being done, or the queue only decides what is next. */
  #working = false;
  #paused = false;
  #done = 0;
  #cancelled = false;
  /** The first job of all waits for what it works with, and tells nothing of the next. */
  #isFirst = true;
  /** Milliseconds a job took, an exponential mean. @type {number | null} */
  #pace = null;
  #work;
  #onProgress;

  /**
   * @param {(job: Job) => Promise<void>} work does one job; must not reject
   * @param {(progress: QueueProgress) => void} onProgress
   */
  constructor(work, onProgress) {
    this.#work = work;
    this.#onProgress = onProgress;
  }

  /** @param {Job[]} jobs */
  add(jobs) {
    for (const job of jobs) this.#waiting.push(job);
    this.#tell();
    void this.#run();
  }

  /** The job that is being done is finished; no other begins. */
  pause() {
    this.#paused = true;
    this.#tell();
  }

  resume() {
    this.#paused = false;
    this.#tell();
    void this.#run();
  }

  /** Forgets the jobs that have not begun, all or those that `of` is true for, and gives them. @param {(job: Job) => boolean} [of] */
  cancel(of = () => true) {
    const cancelled = this.#waiting.filter(of);
    this.#cancelled ||= cancelled.length > 0;
    this.#waiting = this.#waiting.filter((job) => !of(job));
    this.#tell();
    if (!this.#busy && this.#waiting.length === 0) this.#rest();
    return cancelled;
  }

  async #run() {
    if (this.#busy) return;
    this.#busy = true;
    while (!this.#paused) {
      const job = this.#waiting.shift();
      if (job === undefined) break;
      const start = performance.now();
      this.#working = true;
      await this.#work(job);
      this.#working = false;
      const took = performance.now() - start;
      if (!this.#isFirst) this.#pace = this.#pace === null ? took : this.#pace + WEIGHT_OF_LATEST * (took - this.#pace);
      this.#isFirst = false;
      this.#done++;
      this.#tell();
    }
    this.#busy = false;
    this.#tell();
    if (this.#waiting.length === 0) this.#rest();
  }

  #rest() {
    this.#done = 0;
    this.#cancelled = false;
    this.#paused = false;
  }

  #tell() {
    const left = this.#waiting.length + (this.#working ? 1 : 0);
    this.#onProgress({
      state: left === 0 ? "idle" : this.#paused ? "paused" : "running",
      done: this.#done,
      total: this.#done + left,
      left: this.#pace === null ? null : left * this.#pace,
      cancelled: this.#cancelled,
    });
  }
}
