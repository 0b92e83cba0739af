/** Keeps one classifier at hand: loads it, tells how far it has come, replaces one that has ended. */

import { Karyolens } from "../pkg/index.js";
import { begun, hearProgress, wishes } from "../begin.js";
import { messageOf } from "../elements/dom.js";

/** @import { LoadOptions, Progress } from "../pkg/index.js" */

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
  #listener;
  /** @type {Source} */
  #source = undefined;
  /** @type {Promise<Karyolens>} */
  #loading;
  /** What is being asked of the classifier now. @type {Set<Promise<unknown>>} */
  #running = new Set();
  /** How often another checkpoint was asked for. */
  #changes = 0;

  /** Goes on with what begin.js has begun to load. @param {Listener} listener */
  constructor(listener) {
    this.#listener = listener;
    listener.onLoading();
    hearProgress(listener.onProgress);
    this.#loading = begun;
    this.#tellOf(begun);
  }

  /**
   * The classifier, as soon as there is one. One that came to its end over crashes is loaded anew.
   */
  async #ready() {
    const loading = this.#loading;
    const karyolens = await loading;
    if (!karyolens.closed) return karyolens;
    if (this.#loading === loading) this.restart(); // else somebody else has seen it too
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
    const result = work(await this.#ready());
    this.#running.add(result);
    try {
      return await result;
    } finally {
      this.#running.delete(result);
    }
  }

  /** The checkpoint in use. */
  get source() {
    return this.#source;
  }

  restart() {
    this.#loading = this.#load();
  }

  /**
   * Goes over to another checkpoint. The present one reads on until the other is ready, and stays
   * where that fails. Of two that are asked for the later one is taken.
   *
   * @param {Source} source
   * @throws {Error} where the checkpoint cannot be loaded
   */
  async use(source) {
    const { onLoading, onProgress, onReady } = this.#listener;
    const change = ++this.#changes;
    const isLatest = () => change === this.#changes;
    onLoading();
    const loading = Karyolens.load({ model: source, ...wishes, onProgress });
    const karyolens = await loading.catch((error) => {
      if (isLatest()) this.#tellOf(this.#loading);
      throw error;
    });
    if (!isLatest()) {
      karyolens.close();
      return;
    }
    const before = this.#loading;
    this.#source = source;
    this.#loading = loading;
    onReady(karyolens);
    await Promise.allSettled(this.#running);
    before.then((old) => old.close(), () => {});
  }

  #load() {
    const { onLoading, onProgress } = this.#listener;
    onLoading();
    const loading = Karyolens.load({ model: this.#source, ...wishes, onProgress });
    this.#tellOf(loading);
    return loading;
  }

  /** Says what becomes of a loading, unless another has taken its place by then. @param {Promise<Karyolens>} loading */
  #tellOf(loading) {
    const { onReady, onFailed } = this.#listener;
    loading.then(
      (karyolens) => this.#loading === loading && onReady(karyolens),
      (error) => this.#loading === loading && onFailed(messageOf(error)),
    );
  }
}
