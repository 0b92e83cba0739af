/** Keeps one classifier ready: loads it, reports the progress, and replaces a classifier that has ended. */

import { Karyolens, loadDecide } from "../pkg/index.js";
import { begun, begunRule, hearProgress, wishes } from "../begin.js";
import { messageOf } from "../pkg/message.js";

/** @import { Decide, LoadOptions, Progress } from "../pkg/index.js" */

/** The origin of a checkpoint; undefined is the one that the page ships with. @typedef {LoadOptions["model"]} Source */

/**
 * Hears of each step in the life of the classifier.
 *
 * @typedef {object} Listener
 * @property {() => void} onLoading
 * @property {(progress: Progress) => void} onProgress
 * @property {(decide: Decide) => void} onRule the program's rule of calls and risk is there
 * @property {(karyolens: Karyolens) => void} onReady
 * @property {(message: string) => void} onFailed
 */

export class Engine {
  #listener;
  /** @type {Source} */
  #source = undefined;
  /** The program's rule of calls and risk. @type {Promise<Decide>} */
  #rule;
  /** @type {Promise<Karyolens>} */
  #loading;
  /** The calls that the classifier has not answered yet: it may close only after them. @type {Set<Promise<unknown>>} */
  #running = new Set();
  /** Counts the requests for another checkpoint. */
  #changes = 0;

  /** Takes over the loading that begin.js has started. @param {Listener} listener */
  constructor(listener) {
    this.#listener = listener;
    listener.onLoading();
    hearProgress(listener.onProgress);
    this.#rule = this.#announced(begunRule);
    this.#loading = this.#withRule(begun);
    this.#tellOf(this.#loading);
  }

  /** The classifier, as soon as there is one. A classifier that ended after crashes is loaded again. */
  async #ready() {
    const loading = this.#loading;
    const karyolens = await loading;
    if (!karyolens.closed) return karyolens;
    if (this.#loading === loading) this.restart(); // else another call has restarted it
    return this.#loading;
  }

  /**
   * Does `work` with the classifier, which stays open until the work is done.
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
   * Changes to another checkpoint. The present one reads on until the other is ready, and stays if
   * the other fails. Of two requests the later one wins.
   *
   * @param {Source} source
   * @throws {Error} where the checkpoint cannot be loaded
   */
  async use(source) {
    const { onLoading, onProgress, onReady } = this.#listener;
    const change = ++this.#changes;
    const isLatest = () => change === this.#changes;
    onLoading();
    this.#loadMissingRule();
    const loading = this.#withRule(Karyolens.load({ model: source, ...wishes, onProgress }));
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
    this.#loadMissingRule();
    const loading = this.#withRule(Karyolens.load({ model: this.#source, ...wishes, onProgress }));
    this.#tellOf(loading);
    return loading;
  }

  /** Loads the rule again if it could not be loaded before. */
  #loadMissingRule() {
    this.#rule = this.#rule.catch(() => this.#announced(loadDecide(wishes)));
  }

  /** Reports the rule as soon as it is there: kept cells are judged even where no model loads. @param {Promise<Decide>} rule */
  #announced(rule) {
    rule.then((decide) => this.#listener.onRule(decide), () => {});
    return rule;
  }

  /** A classifier that reads only once its results can be judged. @param {Promise<Karyolens>} loading */
  async #withRule(loading) {
    try {
      const [karyolens] = await Promise.all([loading, this.#rule]);
      return karyolens;
    } catch (error) {
      loading.then((karyolens) => karyolens.close(), () => {});
      throw error;
    }
  }

  /** Reports the end of a loading, unless another loading has taken its place. @param {Promise<Karyolens>} loading */
  #tellOf(loading) {
    const { onReady, onFailed } = this.#listener;
    loading.then(
      (karyolens) => this.#loading === loading && onReady(karyolens),
      (error) => this.#loading === loading && onFailed(messageOf(error)),
    );
  }
}
