/** One worker as the page sees it: takes one call after another, and dies of a crash. */

/** @import { Kind } from "./gpu.js" */

/** @typedef {{resolve: (result: any) => void, reject: (error: Error) => void}} Answer */

export class Remote {
  #worker;
  /** Calls that were sent, in their order, which is that of their answers. @type {Answer[]} */
  #sent = [];
  /** Why the worker takes no more calls. @type {Error | undefined} */
  #ended;
  #failure = /** @type {PromiseWithResolvers<never>} */ (Promise.withResolvers());

  /** @param {Kind} kind of the program that it runs */
  constructor(kind) {
    // Each address is spelled out: so the tools that bundle pages find the files.
    this.#worker = kind === "webgpu"
      ? new Worker(new URL("./worker-webgpu.js", import.meta.url), { type: "module", name: "karyolens" })
      : new Worker(new URL("./worker-cpu.js", import.meta.url), { type: "module", name: "karyolens" });
    this.#failure.promise.catch(() => {}); // nobody need be listening
    this.#worker.addEventListener("message", ({ data }) => this.#receive(data));
    // Without a message the script itself, or one that it imports, did not arrive.
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
   * @param {string} method of worker.js
   * @param {unknown[]} args
   * @returns {Promise<any>}
   * @throws {Error} what the worker says against the call, or why it has ended
   */
  call(method, args) {
    return new Promise((resolve, reject) => {
      if (this.#ended) throw this.#ended;
      this.#worker.postMessage({ method, args });
      this.#sent.push({ resolve, reject });
    });
  }

  /** Ends the worker; every waiting call, and every later one, is rejected. @param {Error} reason */
  end(reason) {
    if (this.#ended) return;
    this.#ended = reason;
    this.#worker.terminate();
    this.#failure.reject(reason);
    for (const { reject } of this.#sent.splice(0)) reject(reason);
  }

  /** @param {{fatal: string} | {error: string} | {result: unknown}} message */
  #receive(message) {
    if ("fatal" in message) {
      this.end(new Error(`the classifier crashed: ${message.fatal}`));
      return;
    }
    const call = this.#sent.shift();
    if ("error" in message) call?.reject(new Error(message.error));
    else call?.resolve(message.result);
  }
}
