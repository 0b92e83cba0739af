/** Keeps one classifier at hand: loads it, tells how far it has come, replaces a crashed one. */

import { Karyolens } from "./pkg/index.js";
import { messageOf } from "./dom.js";

/** @import { Progress } from "./pkg/index.js" */

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
  /** @type {Promise<Karyolens>} */
  #loading;

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

  restart() {
    this.#loading = this.#load();
  }

  #load() {
    const { onLoading, onProgress, onReady, onFailed } = this.#listener;
    onLoading();
    const loading = Karyolens.load({ device: this.#device, onProgress });
    loading.then(onReady, (error) => onFailed(messageOf(error)));
    return loading;
  }
}
