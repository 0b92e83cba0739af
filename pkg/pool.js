/**
 * Workers that share what is asked of them: each holds a network of its own and does one call at a
 * time. The first one starts at once, another whenever a call would have to wait, as long as there
 * may be more. A crash ends the call that was being done and its worker, nothing else.
 */

import { Remote } from "./remote.js";

/** @import { Kind } from "./gpu.js" */
/** @import { DeviceReport } from "./index.js" */

/**
 * What every worker is started with.
 *
 * @typedef {object} Source
 * @property {WebAssembly.Module} program
 * @property {Blob} weights
 * @property {"auto" | "webgpu" | "cpu"} device
 */

/** A call that no worker has taken yet. @typedef {{method: string, args: unknown[], resolve: (result: any) => void, reject: (error: Error) => void}} Call */

/** Beyond so many, the page that hands out the pictures would hold them up. */
const MOST_WORKERS = 16;
/** The part of the machine's memory that workers may take. */
const SHARE_OF_MEMORY = 1 / 4;
/** In GiB, where the browser does not tell: what most machines have at least. */
const USUAL_MEMORY = 4;
/** Bytes that a worker takes beside what its program holds when it is loaded: its script, a picture on its way through the network. */
const OVERHEAD = 64 * 2 ** 20;

export class Pool {
  #kind;
  #first;
  /** All that have not ended, those that are starting among them. */
  #alive;
  /** Those that have nothing to do. @type {Set<Remote>} */
  #idle = new Set();
  #starting = 0;
  #most = 1;
  /** @type {Call[]} */
  #urgent = [];
  /** @type {Call[]} */
  #waiting = [];
  /** @type {Source | undefined} */
  #source;
  /** Why nothing more is done. @type {Error | undefined} */
  #ended;

  /** @param {Kind} kind of the program that the workers run */
  constructor(kind) {
    this.#kind = kind;
    this.#first = new Remote(kind);
    this.#alive = new Set([this.#first]);
  }

  /** Rejects where the first worker does not start, even before it is given its source. */
  get failure() {
    return this.#first.failure;
  }

  /** How many calls are done at once, at most. */
  get size() {
    return this.#most;
  }

  get ended() {
    return this.#ended !== undefined;
  }

  /**
   * Readies the first worker.
   *
   * @param {Source} source
   * @param {number} [most] workers that there may be on a CPU, as far as there is memory; else one a core
   * @returns {Promise<any>} what worker.js says of the model
   */
  async open(source, most) {
    const { memory, ...facts } = await this.#first.call("load", [source]);
    const { kind } = /** @type {DeviceReport} */ (facts.device);
    // Those that follow run where the first one does, and need not look for it.
    this.#source = { ...source, device: kind };
    // A GPU does one thing after another.
    this.#most = kind === "webgpu" ? 1 : Math.min(most ?? navigator.hardwareConcurrency ?? 1, roomFor(memory));
    this.#idle.add(this.#first);
    return facts;
  }

  /**
   * Has the next free worker do the call; an urgent one comes before those that are not.
   *
   * @param {string} method of worker.js
   * @param {unknown[]} args as they are now
   * @param {{urgent?: boolean}} [options]
   * @returns {Promise<any>}
   */
  call(method, args, { urgent = false } = {}) {
    return new Promise((resolve, reject) => {
      if (this.#ended) throw this.#ended;
      const call = { method, args: structuredClone(args), resolve, reject };
      (urgent ? this.#urgent : this.#waiting).push(call);
      this.#handOut();
    });
  }

  /** Ends all workers; every waiting call, and every later one, is rejected. @param {Error} reason */
  end(reason) {
    if (this.#ended) return;
    this.#ended = reason;
    for (const remote of this.#alive) remote.end(reason);
    for (const { reject } of [...this.#urgent.splice(0), ...this.#waiting.splice(0)]) reject(reason);
  }

  #handOut() {
    for (const remote of this.#idle) {
      if (remote.ended) {
        this.#idle.delete(remote);
        this.#alive.delete(remote);
        continue;
      }
      const call = this.#urgent.shift() ?? this.#waiting.shift();
      if (!call) return;
      this.#idle.delete(remote);
      void this.#do(call, remote);
    }
    const waiting = this.#urgent.length + this.#waiting.length;
    while (this.#starting < waiting && this.#alive.size < this.#most) void this.#startAnother();
  }

  /** @param {Call} call @param {Remote} remote */
  async #do({ method, args, resolve, reject }, remote) {
    await remote.call(method, args).then(resolve, reject);
    if (remote.ended) this.#alive.delete(remote);
    else this.#idle.add(remote);
    this.#handOut();
  }

  async #startAnother() {
    const remote = new Remote(this.#kind);
    this.#alive.add(remote);
    this.#starting++;
    try {
      await remote.call("load", [this.#source]);
      this.#idle.add(remote);
    } catch (error) {
      const reason = error instanceof Error ? error : new Error(String(error));
      remote.end(reason);
      this.#alive.delete(remote);
      // Those that there are have to do.
      this.#most = Math.max(1, this.#alive.size);
      if (this.#alive.size === 0) this.end(reason);
    }
    this.#starting--;
    this.#handOut();
  }
}

/** How many workers the machine has memory for, one at least. @param {number} memory that one takes, in bytes */
function roomFor(memory) {
  const { deviceMemory = USUAL_MEMORY } = /** @type {Navigator & {deviceMemory?: number}} */ (navigator);
  const room = Math.floor((deviceMemory * 2 ** 30 * SHARE_OF_MEMORY) / (memory + OVERHEAD));
  return Math.max(1, Math.min(room, MOST_WORKERS));
}
