/**
 * Workers that share the calls: each holds a copy of every model and does one call at a time. The
 * first worker starts at once; another starts whenever a call would have to wait, up to a limit. A
 * crash ends its worker and the call that this worker did, nothing else.
 *
 * This is the only queue on the way of a call: a worker is given a call when it has nothing to do.
 */

import { messageOf } from "./message.js";
import { Remote } from "./remote.js";

/** @import { Kind } from "./gpu.js" */
/** @import { DeviceReport } from "./index.js" */
/** @import { Message } from "./remote.js" */

/** Where the program runs, or is to run. @typedef {"auto" | "webgpu" | "cpu"} Device */

/** The argument of the method `load` of worker.js. @typedef {{name: string, weights: Blob, device: Device}} Load */

/** A call that no worker has taken yet. @typedef {{message: Message, accept: (result: any, remote: Remote) => void, reject: (error: Error) => void}} Call */

/** With more workers the page, which hands out the pictures, would hold them up. */
const MOST_WORKERS = 16;
/** The part of the machine's memory that workers may take. */
const SHARE_OF_MEMORY = 1 / 4;
/** In GiB: the memory that most machines have at least, for browsers that do not tell. */
const USUAL_MEMORY = 4;
/** Bytes by which a worker may grow with its calls. The memory of a program never shrinks again. */
const GROWTH = 256 * 2 ** 20;
/** Bytes that a worker takes beside the program with its models: its script, a picture on its way through the network. */
const OVERHEAD = 64 * 2 ** 20;

export class Pool {
  #kind;
  /** @type {WebAssembly.Module | undefined} */
  #program;
  /** The device that was asked for. */
  #wish;
  /** The device that workers are told once the first model has found it; they need not look again. @type {Device} */
  #device;
  #first;
  /** The models that a worker must have before it takes a call, by name. @type {Map<string, Blob>} */
  #models = new Map();
  /** All workers that have not ended, those that are starting among them. @type {Set<Remote>} */
  #alive = new Set();
  /** Workers with nothing to do; each of them has all models. @type {Set<Remote>} */
  #idle = new Set();
  #starting = 0;
  #most;
  /** @type {Call[]} */
  #urgent = [];
  /** @type {Call[]} */
  #waiting = [];
  /** Why nothing more is done. @type {Error | undefined} */
  #ended;

  /**
   * @param {Kind} kind of the program that the workers run
   * @param {Device} device
   * @param {number} [most] workers on a CPU, as far as there is memory; else one a core
   */
  constructor(kind, device, most = globalThis.navigator?.hardwareConcurrency ?? 1) {
    this.#kind = kind;
    this.#wish = device;
    this.#device = device;
    this.#most = most;
    this.#first = this.#newRemote();
  }

  /** Rejects where the first worker does not start, even before it is given a model. */
  get failure() {
    return this.#first.failure;
  }

  /** The largest number of calls that are done at once. */
  get size() {
    return this.#most;
  }

  get ended() {
    return this.#ended !== undefined;
  }

  /** Gives the workers the program that they run. @param {WebAssembly.Module} program */
  start(program) {
    this.#program = program;
    void this.#startUp(this.#first);
  }

  /**
   * Holds a model from now on, in place of the one of that name. Where it cannot be loaded, the
   * models stay as they are.
   *
   * @param {string} name
   * @param {Blob} weights
   * @returns {Promise<any>} the facts of the model, as worker.js gives them
   */
  load(name, weights) {
    return new Promise((resolve, reject) => {
      const message = loadMessage(name, weights, this.#wish);
      const accept = (/** @type {{memory: number, device: DeviceReport}} */ { memory, ...facts }, /** @type {Remote} */ remote) => {
        if (this.#models.size === 0) this.#device = facts.device.kind;
        // A GPU does one thing after another.
        this.#most = facts.device.kind === "webgpu" ? 1 : Math.min(this.#most, roomFor(memory));
        this.#models.set(name, weights);
        remote.models.set(name, weights);
        this.#settleIdle();
        resolve(facts);
      };
      this.#add({ message, accept, reject }, { urgent: true });
    });
  }

  /** Holds a model no longer; calls that name it and have not begun are rejected. @param {string} name */
  release(name) {
    if (!this.#models.delete(name)) return;
    for (const queue of [this.#urgent, this.#waiting]) {
      const calls = queue.splice(0);
      queue.push(...calls.filter(({ message }) => message.model !== name));
      for (const { message, reject } of calls) if (message.model === name) reject(this.#missing(name));
    }
    this.#settleIdle();
  }

  /** Starts workers ahead of the calls for them. @param {number} count how many there are to be at least, as far as so many may be */
  startAhead(count) {
    while (!this.ended && this.#alive.size < Math.min(count, this.#most)) void this.#startUp(this.#newRemote());
  }

  /**
   * Has the next free worker do a call; an urgent one comes before those that are not.
   *
   * @param {Message} message whose arguments are taken as they are now; arguments with memory that moves
   *   are the worker's from now on
   * @param {{urgent?: boolean}} [options]
   * @returns {Promise<any>}
   */
  call({ method, model, args, transfer }, options) {
    return new Promise((resolve, reject) => {
      if (model !== undefined && !this.#models.has(model)) throw this.#ended ?? this.#missing(model);
      const taken = transfer ? args : structuredClone(args);
      this.#add({ message: { method, model, args: taken, transfer }, accept: resolve, reject }, options);
    });
  }

  /** Ends all workers; every waiting call, and every later one, is rejected. @param {Error} reason */
  end(reason) {
    if (this.#ended) return;
    this.#ended = reason;
    for (const remote of this.#alive) remote.end(reason);
    for (const { reject } of [...this.#urgent.splice(0), ...this.#waiting.splice(0)]) reject(reason);
  }

  /** @param {Call} call @param {{urgent?: boolean}} [options] */
  #add(call, { urgent = false } = {}) {
    if (this.#ended) throw this.#ended;
    (urgent ? this.#urgent : this.#waiting).push(call);
    this.#handOut();
  }

  #handOut() {
    for (const remote of this.#idle) {
      if (remote.ended) {
        this.#forget(remote);
        continue;
      }
      const call = this.#urgent.shift() ?? this.#waiting.shift();
      if (!call) return;
      this.#idle.delete(remote);
      void this.#do(call, remote);
    }
    const waiting = this.#urgent.length + this.#waiting.length;
    while (this.#starting < waiting && this.#alive.size < this.#most) void this.#startUp(this.#newRemote());
  }

  /** @param {Call} call @param {Remote} remote */
  async #do({ message, accept, reject }, remote) {
    const before = remote.memory;
    await remote.call(message).then((result) => accept(result, remote), reject);
    // A large picture has filled it. On WebGPU a new worker would take seconds to start.
    if (this.#kind === "cpu" && message.method !== "load" && remote.memory - before > GROWTH) {
      remote.end(new Error("the worker has grown too large"));
    }
    await this.#settle(remote);
  }

  /** @param {Remote} remote */
  async #startUp(remote) {
    this.#starting++;
    await this.#settle(remote);
    this.#starting--;
    this.#handOut();
  }

  /** Brings the workers that have nothing to do up to date. */
  #settleIdle() {
    const idle = [...this.#idle];
    this.#idle.clear();
    for (const remote of idle) void this.#settle(remote);
  }

  /** Has a worker catch up with the pool; then it may have its next call. @param {Remote} remote */
  async #settle(remote) {
    // Fewer workers fit into the memory once they hold more. Those that lack a model end first.
    const isSurplus = this.#alive.size > this.#most;
    const others = [...this.#alive].filter((other) => other !== remote);
    if (isSurplus && (this.#lacks(remote) || !others.some((other) => this.#lacks(other)))) {
      remote.end(new Error("there is no memory for this worker"));
    }
    // The models may change at any time: no pause between the last look at them and the next call.
    while (!remote.ended && this.#lacks(remote)) {
      await this.#catchUp(remote).catch((error) => this.#giveUp(remote, new Error(messageOf(error))));
    }
    if (remote.ended) this.#forget(remote);
    else this.#idle.add(remote);
    this.#handOut();
  }

  /** Whether a worker has yet to start, or to load or release a model. @param {Remote} remote */
  #lacks(remote) {
    return !remote.isStarted || this.#firstToChange(remote) !== undefined;
  }

  /** Has a worker start, or load or release a model. @param {Remote} remote */
  async #catchUp(remote) {
    if (!remote.isStarted) {
      await remote.call({ method: "start", args: [this.#program] });
      remote.isStarted = true;
      return;
    }
    const name = this.#firstToChange(remote) ?? "";
    const weights = this.#models.get(name);
    await remote.call(weights ? loadMessage(name, weights, this.#device) : { method: "release", args: [name] });
    if (weights) remote.models.set(name, weights);
    else remote.models.delete(name);
  }

  /** The name of a model that a worker has otherwise than the pool. @param {Remote} remote */
  #firstToChange({ models }) {
    const names = [...this.#models.keys(), ...models.keys()];
    return names.find((name) => models.get(name) !== this.#models.get(name));
  }

  /** A worker cannot have the models that the others have. @param {Remote} remote @param {Error} reason */
  #giveUp(remote, reason) {
    remote.end(reason);
    this.#forget(remote);
    // The others have to do.
    this.#most = Math.max(1, this.#alive.size);
    if (this.#alive.size === 0) this.end(reason);
  }

  #newRemote() {
    const remote = new Remote(this.#kind);
    this.#alive.add(remote);
    return remote;
  }

  /** @param {Remote} remote that has ended */
  #forget(remote) {
    this.#idle.delete(remote);
    this.#alive.delete(remote);
  }

  /** @param {string} name */
  #missing(name) {
    const held = [...this.#models.keys()].map((one) => JSON.stringify(one)).join(", ") || "none";
    return new Error(`there is no model ${JSON.stringify(name)}; loaded: ${held}`);
  }
}

/** @param {string} name @param {Blob} weights @param {Device} device @returns {Message} */
function loadMessage(name, weights, device) {
  /** @type {Load} */
  const load = { name, weights, device };
  return { method: "load", args: [load] };
}

/** The number of workers that the machine has memory for, one at least. @param {number} memory that one takes, in bytes */
function roomFor(memory) {
  const { deviceMemory = USUAL_MEMORY } = /** @type {Navigator & {deviceMemory?: number}} */ (navigator);
  const room = Math.floor((deviceMemory * 2 ** 30 * SHARE_OF_MEMORY) / (memory + OVERHEAD));
  return Math.max(1, Math.min(room, MOST_WORKERS));
}
