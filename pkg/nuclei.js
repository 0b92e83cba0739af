/** Reads the nuclei of a field, some at a time, with all workers. */

import { buffersOf, cutOut } from "./picture.js";
import { shareOut } from "./share.js";

/** @import { FieldOptions, Outline, Picture, Prediction } from "./index.js" */
/** @import { Pool } from "./pool.js" */

/**
 * Nuclei in one call: enough that a call's way to a worker costs nothing beside it, few enough that the
 * first answers come soon and all workers end together.
 */
const BATCH = 16;

/**
 * @param {Pool} pool
 * @param {Picture} picture
 * @param {readonly Outline[]} contours
 * @param {Required<Pick<FieldOptions, "model">> & FieldOptions} options
 * @returns {Promise<Prediction[]>}
 */
export async function readNuclei(pool, picture, contours, { model, signal, onPredictions = () => {} }) {
  /** @type {Prediction[]} */
  const predictions = new Array(contours.length);

  /** @param {number} batch @returns {Promise<Omit<Prediction, "sha256">[]>} */
  const begin = (batch) => {
    const first = batch * BATCH;
    const pieces = contours.slice(first, first + BATCH).map((contour, i) => cutOut(picture, contour, `contours[${first + i}]`));
    return pool.call({ method: "classifyCells", model, args: [pieces], transfer: buffersOf(pieces) });
  };
  await shareOut(pool, Math.ceil(contours.length / BATCH), begin, (read, batch) => {
    const some = read.map((prediction) => ({ ...prediction, sha256: picture.sha256 }));
    predictions.splice(batch * BATCH, some.length, ...some);
    onPredictions(some, batch * BATCH);
  }, signal);
  return predictions;
}
