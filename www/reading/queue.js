/** Does jobs in their order, a few at once. It can be paused, and estimates the time that is left. */

/**
 * @typedef {object} QueueProgress
 * @property {"idle" | "running" | "paused"} state
 * @property {number} done jobs since the queue was last idle
 * @property {number} total jobs since then, waiting ones included
 * @property {number | null} left milliseconds until all is done; null while nothing is known
 * @property {boolean} cancelled whether jobs were cancelled since then
 */

/** How much the latest job counts in the mean of the times between them. */
const WEIGHT_OF_LATEST = 0.2;

/** @template Job */
export class Queue {
  /** @type {Job[]} */
  #waiting = [];
  /** The number of jobs that may run at once. */
  #width = 1;
  /** The number of jobs that run now. */
  #running = 0;
  #paused = false;
  #done = 0;
  #cancelled = false;
  /** The first job also waits for the classifier, so its time says nothing about the next one. */
  #isFirst = true;
  /** The time at which the latest job ended, or the first one after a rest began. */
  #mark = 0;
  /** Milliseconds from one job done to the next, an exponential mean. @type {number | null} */
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

  /** @param {number} width the number of jobs that run at once from now on */
  widen(width) {
    this.#width = width;
    this.#fill();
  }

  /** @param {Job[]} jobs */
  add(jobs) {
    for (const job of jobs) this.#waiting.push(job);
    this.#tell();
    this.#fill();
  }

  /** Finishes the jobs that run, and begins no other. */
  pause() {
    this.#paused = true;
    this.#tell();
  }

  resume() {
    this.#paused = false;
    this.#tell();
    this.#fill();
  }

  /** Forgets jobs that have not begun, all or those for which `of` is true, and returns them. @param {(job: Job) => boolean} [of] */
  cancel(of = () => true) {
    const cancelled = this.#waiting.filter(of);
    this.#cancelled ||= cancelled.length > 0;
    this.#waiting = this.#waiting.filter((job) => !of(job));
    this.#tell();
    if (this.#running === 0 && this.#waiting.length === 0) this.#rest();
    return cancelled;
  }

  /** Begins as many jobs as may be done. */
  #fill() {
    while (!this.#paused && this.#running < this.#width) {
      const job = this.#waiting.shift();
      if (job === undefined) return;
      if (this.#running === 0) this.#mark = performance.now();
      this.#running++;
      void this.#do(job);
    }
  }

  /** @param {Job} job */
  async #do(job) {
    await this.#work(job);
    const now = performance.now();
    const took = now - this.#mark;
    this.#mark = now;
    if (!this.#isFirst) this.#pace = this.#pace === null ? took : this.#pace + WEIGHT_OF_LATEST * (took - this.#pace);
    this.#isFirst = false;
    this.#running--;
    this.#done++;
    this.#fill();
    this.#tell();
    if (this.#running === 0 && this.#waiting.length === 0) this.#rest();
  }

  #rest() {
    this.#done = 0;
    this.#cancelled = false;
    this.#paused = false;
  }

  #tell() {
    const left = this.#waiting.length + this.#running;
    this.#onProgress({
      state: left === 0 ? "idle" : this.#paused ? "paused" : "running",
      done: this.#done,
      total: this.#done + left,
      left: this.#pace === null ? null : left * this.#pace,
      cancelled: this.#cancelled,
    });
  }
}
