/** Reads the nuclei of a field, some at a time, with all workers. */

import { buffersOf, cutOut } from "./picture.js";

/** @import { FieldOptions, Outline, Picture, Prediction } from "./index.js" */
/** @import { Pool } from "./pool.js" */

/** Nuclei in one call: enough that a call's way to a worker costs nothing beside it, few enough that the first answers come soon and all workers end together. */
const BATCH = 16;

/**
 * @param {Pool} pool
 * @param {Picture} picture
 * @param {readonly Outline[]} contours
 * @param {Required<Pick<FieldOptions, "model">> & FieldOptions} options
 * @returns {Promise<Prediction[]>}
 */
export async function readNuclei(pool, picture, contours, { model, signal, onPredictions = () => {} }) {
  signal?.throwIfAborted();
  const ended = /** @type {PromiseWithResolvers<never>} */ (Promise.withResolvers());
  const abort = () => ended.reject(signal?.reason);
  signal?.addEventListener("abort", abort);
  /** @type {Prediction[]} */
  const predictions = new Array(contours.length);
  let next = 0;
  let isOver = false;

  /** A worker's share: one batch after another, each cut out when a worker is to read it. */
  const readOn = async () => {
    while (next < contours.length && !isOver) {
      const first = next;
      next = Math.min(first + BATCH, contours.length);
      const pieces = contours.slice(first, next).map((contour, i) => cutOut(picture, contour, `contours[${first + i}]`));
      /** @type {Omit<Prediction, "sha256">[]} */
      const read = await pool.call({ method: "classifyCells", model, args: [pieces], transfer: buffersOf(pieces) });
      if (isOver) return;
      const batch = read.map((prediction) => ({ ...prediction, sha256: picture.sha256 }));
      predictions.splice(first, batch.length, ...batch);
      onPredictions(batch, first);
    }
  };

  try {
    await Promise.race([ended.promise, Promise.all(Array.from({ length: pool.size }, readOn))]);
  } finally {
    isOver = true;
    signal?.removeEventListener("abort", abort);
  }
  return predictions;
}
