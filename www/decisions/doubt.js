/** How far the calls on a cell are in doubt. The calls themselves come from the program's rule (pkg/decide.js). */

/** @import { Call } from "../pkg/index.js" */

/**
 * How near the most doubtful feature is to its threshold: 0 is far from it, 1 is on it. A feature
 * that a person has answered is not in doubt.
 *
 * @param {Call[]} calls
 */
export function uncertainty(calls) {
  const doubts = calls
    .filter((call) => call.answer === null)
    .map(({ probability, threshold }) => {
      const room = probability >= threshold ? 1 - threshold : threshold;
      return room > 0 ? 1 - Math.abs(probability - threshold) / room : 1;
    });
  return Math.max(0, ...doubts);
}

/** The features that the model is not sure of and no person has answered. @param {Call[]} calls */
export function openQuestions(calls) {
  return calls.filter((call) => call.unsure && call.answer === null);
}
