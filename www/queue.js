/** Does jobs one after another, in the order they came. @template Job */
export class Queue {
  /** @type {Job[]} */
  #waiting = [];
  #busy = false;
  #work;

  /** @param {(job: Job) => Promise<void>} work does one job; must not reject */
  constructor(work) {
    this.#work = work;
  }

  /** @param {Job[]} jobs */
  add(...jobs) {
    this.#waiting.push(...jobs);
    if (!this.#busy) void this.#run();
  }

  /** Forgets the jobs that have not begun. */
  clear() {
    this.#waiting.length = 0;
  }

  async #run() {
    this.#busy = true;
    for (let job = this.#waiting.shift(); job !== undefined; job = this.#waiting.shift()) {
      await this.#work(job);
    }
    this.#busy = false;
  }
}
