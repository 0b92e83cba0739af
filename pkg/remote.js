/**
 * One worker as the page sees it: does one call at a time, and dies of a crash.
 *
 * Comlink would send the calls too, but a call whose worker dies would stay unanswered with it; most
 * of this file is about that case.
 */

/** @import { Kind } from "./gpu.js" */

/**
 * What a worker is asked for.
 *
 * @typedef {object} Message
 * @property {string} method of worker.js
 * @property {string} [model] the name of the model that the method works with
 * @property {unknown[]} args
 * @property {Transferable[]} [transfer] memory of the arguments that moves instead of being copied
 */

export class Remote {
  /** Whether it has its program; pool.js sees to it. */
  isStarted = false;
  /** The models that it has; pool.js sees to them. @type {Map<string, Blob>} */
  models = new Map();
  /** The memory that its program takes, in bytes, as its last answer told. */
  memory = 0;
  #worker;
  /** The call under way. @type {{resolve: (result: any) => void, reject: (error: Error) => void} | null} */
  #call = null;
  /** Why the worker takes no more calls. @type {Error | undefined} */
  #ended;
  #failure = /** @type {PromiseWithResolvers<never>} */ (Promise.withResolvers());

  /** @param {Kind} kind of the program that it runs */
  constructor(kind) {
    // Each address is spelled out, so that the tools that bundle pages find the files.
    this.#worker = kind === "webgpu"
      ? new Worker(new URL("./worker-webgpu.js", import.meta.url), { type: "module", name: "karyolens" })
      : new Worker(new URL("./worker-cpu.js", import.meta.url), { type: "module", name: "karyolens" });
    this.#failure.promise.catch(() => {}); // Perhaps nobody listens.
    this.#worker.addEventListener("message", ({ data }) => this.#receive(data));
    // An error without a message: the script itself, or one that it imports, did not arrive.
    this.#worker.addEventListener("error", (event) => {
      event.preventDefault();
      this.end(new Error(`the classifier's worker failed: ${event.message
        || `worker-${kind}.js, worker.js or karyolens_${kind}.js could not be loaded; they belong beside index.js`}`));
    });
    this.#worker.addEventListener("messageerror", () => {
      this.end(new Error("the classifier's worker sent an answer that cannot be read"));
    });
  }

  /** Rejects when the worker has ended. @returns {Promise<never>} */
  get failure() {
    return this.#failure.promise;
  }

  get ended() {
    return this.#ended !== undefined;
  }

  /**
   * Has the worker do a call. The caller waits for its end before the next one.
   *
   * @param {Message} message
   * @returns {Promise<any>}
   * @throws {Error} the worker's objection to the call, or the reason of its end
   */
  call(message) {
    return new Promise((resolve, reject) => {
      if (this.#ended) throw this.#ended;
      const { transfer, ...sent } = message;
      this.#worker.postMessage(sent, { transfer });
      this.#call = { resolve, reject };
    });
  }

  /** Ends the worker; the call under way, and every later one, is rejected. @param {Error} reason */
  end(reason) {
    if (this.#ended) return;
    this.#ended = reason;
    this.#worker.terminate();
    this.#failure.reject(reason);
    this.#call?.reject(reason);
  }

  /** @param {{fatal: string} | {error: string, name?: string} | {result: unknown, memory?: number}} answer */
  #receive(answer) {
    if ("fatal" in answer) this.end(new Error(`the classifier crashed: ${answer.fatal}`));
    else if ("error" in answer) this.#call?.reject(Object.assign(new Error(answer.error), { name: answer.name ?? "Error" }));
    else {
      this.memory = answer.memory ?? 0;
      this.#call?.resolve(answer.result);
    }
  }
}
