/**
 * Does jobs in their order, some in one piece of work, and a few pieces at once. It can be paused, and
 * estimates the time that is left.
 */

/**
 * @typedef {object} QueueProgress
 * @property {"idle" | "running" | "paused"} state
 * @property {number} done jobs that count, since the queue was last idle
 * @property {number} total jobs since then, waiting ones included
 * @property {number | null} left milliseconds until all is done; null while nothing is known
 * @property {boolean} cancelled whether jobs were cancelled since then
 */

/** How much the latest piece of work counts in the mean of the times of a job. */
const WEIGHT_OF_LATEST = 0.2;
/** Jobs in one piece of work: enough that its way to a worker costs little, few enough that results come all the time. */
const MOST_TOGETHER = 16;
/** The rest of the jobs makes so many pieces for each that runs at once, so that all of these end together. */
const PIECES = 2;

/** @template Job */
export class Queue {
  /** @type {Job[]} */
  #waiting = [];
  /** The number of pieces of work that may run at once. */
  #width = 1;
  /** The number of pieces that run now, and of their jobs. */
  #running = 0;
  #jobs = 0;
  #paused = false;
  #done = 0;
  #cancelled = false;
  /** The first job also waits for the classifier, so its time says nothing about the next one. */
  #isFirst = true;
  /** The time at which the latest piece of work ended, or the first one after a rest began. */
  #mark = 0;
  /** Milliseconds from one job done to the next, an exponential mean. @type {number | null} */
  #pace = null;
  #work;
  #onProgress;
  #isTogether;

  /**
   * @param {(jobs: Job[]) => Promise<number>} work does some jobs, and tells how many of them count; must not reject
   * @param {(progress: QueueProgress) => void} onProgress
   * @param {(first: Job, other: Job) => boolean} [isTogether] whether both may be in one piece of work
   */
  constructor(work, onProgress, isTogether = () => false) {
    this.#work = work;
    this.#onProgress = onProgress;
    this.#isTogether = isTogether;
  }

  /** @param {number} width the number of pieces of work that run at once from now on */
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

  /** Begins as much work as may be done. */
  #fill() {
    while (!this.#paused && this.#running < this.#width && this.#waiting.length > 0) {
      if (this.#running === 0) this.#mark = performance.now();
      void this.#do(this.#take());
    }
  }

  /** The next piece of work: jobs that follow each other. */
  #take() {
    const [first] = this.#waiting;
    const share = Math.ceil(this.#waiting.length / (PIECES * this.#width));
    const most = Math.min(share, MOST_TOGETHER);
    let count = 1;
    while (count < most && this.#isTogether(first, this.#waiting[count])) count++;
    return this.#waiting.splice(0, count);
  }

  /** @param {Job[]} jobs */
  async #do(jobs) {
    this.#running++;
    this.#jobs += jobs.length;
    const counted = await this.#work(jobs);
    const now = performance.now();
    const took = (now - this.#mark) / jobs.length;
    this.#mark = now;
    if (!this.#isFirst) this.#pace = this.#pace === null ? took : this.#pace + WEIGHT_OF_LATEST * (took - this.#pace);
    this.#isFirst = false;
    this.#running--;
    this.#jobs -= jobs.length;
    this.#done += counted;
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
    const left = this.#waiting.length + this.#jobs;
    this.#onProgress({
      state: left === 0 ? "idle" : this.#paused ? "paused" : "running",
      done: this.#done,
      total: this.#done + left,
      left: this.#pace === null ? null : left * this.#pace,
      cancelled: this.#cancelled,
    });
  }
}
