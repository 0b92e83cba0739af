/** Keeps one classifier at hand: loads it, tells how far it has come, replaces a crashed one. */

import { Karyolens } from "./pkg/index.js";
import { messageOf } from "./dom.js";

/** @import { LoadOptions, Progress } from "./pkg/index.js" */

/** Where a checkpoint comes from; undefined is the one that the page ships with. @typedef {LoadOptions["model"]} Source */

/**
 * What the page hears of the classifier's life.
 *
 * @typedef {object} Listener
 * @property {() => void} onLoading
 * @property {(progress: Progress) => void} onProgress
 * @property {(karyolens: Karyolens) => void} onReady
 * @property {(message: string) => void} onFailed
 */

export class Engine {
  #device;
  #listener;
  /** @type {Source} */
  #source = undefined;
  /** @type {Promise<Karyolens>} */
  #loading;
  /** What is being asked of the classifier now. @type {Set<Promise<unknown>>} */
  #running = new Set();

  /**
   * Starts loading at once.
   *
   * @param {string} device as the page's address names it; a wrong name fails the loading
   * @param {Listener} listener
   */
  constructor(device, listener) {
    this.#device = /** @type {"auto" | "webgpu" | "cpu"} */ (device);
    this.#listener = listener;
    this.#loading = this.#load();
  }

  /**
   * The classifier, as soon as there is one. One that crashed is loaded anew, so that a picture
   * which brought it down costs only itself.
   */
  async ready() {
    const karyolens = await this.#loading;
    if (!karyolens.closed) return karyolens;
    this.restart();
    return this.#loading;
  }

  /**
   * Does `work` with the classifier, which stays open until that is done.
   *
   * @template Result
   * @param {(karyolens: Karyolens) => Promise<Result>} work
   * @returns {Promise<Result>}
   */
  async run(work) {
    const result = work(await this.ready());
    this.#running.add(result);
    try {
      return await result;
    } finally {
      this.#running.delete(result);
    }
  }

  restart() {
    this.#loading = this.#load();
  }

  /**
   * Goes over to another checkpoint. The present one reads on until the other is ready, and stays
   * where that fails.
   *
   * @param {Source} source
   * @throws {Error} where the checkpoint cannot be loaded
   */
  async use(source) {
    const { onLoading, onProgress, onReady } = this.#listener;
    const before = this.#loading;
    onLoading();
    try {
      const karyolens = await Karyolens.load({ model: source, device: this.#device, onProgress });
      this.#source = source;
      this.#loading = Promise.resolve(karyolens);
      onReady(karyolens);
    } catch (error) {
      before.then(onReady, (fault) => this.#listener.onFailed(messageOf(fault)));
      throw error;
    }
    await Promise.allSettled(this.#running);
    before.then((karyolens) => karyolens.close(), () => {});
  }

  #load() {
    const { onLoading, onProgress, onReady, onFailed } = this.#listener;
    onLoading();
    const loading = Karyolens.load({ model: this.#source, device: this.#device, onProgress });
    loading.then(onReady, (error) => onFailed(messageOf(error)));
    return loading;
  }
}
