/**
 * One side of a comparison: a model on a device, loaded for the comparison and closed after it. It has
 * workers of its own, and is no second model in the page's workers: so its device is free to choose,
 * its times are its own, and cancelling ends it at once.
 */

import { Karyolens } from "../pkg/index.js";
import { messageOf } from "../pkg/message.js";

/** @import { LoadOptions } from "../pkg/index.js" */
/** @import { Reading } from "./agreement.js" */

/** A model that can be chosen. @typedef {{id: string, name: string, address: URL}} Choice */

export class Side {
  /** @type {Karyolens | null} */
  karyolens = null;
  /** Why it cannot read; empty while it can. */
  failure = "";

  /** @param {Choice} choice @param {LoadOptions["device"]} device */
  constructor(choice, device) {
    this.choice = choice;
    this.device = device;
  }

  /** The model's name: by its card once that is known. */
  get name() {
    return this.karyolens?.card.name ?? this.choice.name;
  }

  /** Never rejects: a side that cannot be loaded says why in `failure`. @param {AbortSignal} signal */
  async load(signal) {
    const loading = Karyolens.load({ model: this.choice.address, device: this.device });
    try {
      this.karyolens = await unlessAborted(loading, signal);
    } catch (error) {
      loading.then((late) => late.close(), () => {});
      if (!signal.aborted) this.failure = messageOf(error);
    }
  }

  /** @param {Blob} picture @returns {Promise<Reading>} */
  async read(picture) {
    const { karyolens } = this;
    if (!karyolens) return { failure: this.failure };
    const begin = performance.now();
    try {
      const { features } = await karyolens.classify(picture);
      return { features, milliseconds: performance.now() - begin };
    } catch (error) {
      return { failure: messageOf(error) };
    }
  }

  close() {
    this.karyolens?.close();
  }
}

/** @template T @param {Promise<T>} promise @param {AbortSignal} signal @returns {Promise<T>} */
function unlessAborted(promise, signal) {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}
