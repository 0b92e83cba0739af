/**
 * The quiz on drawn nuclei, without a document: the features that can be drawn, the rating of a
 * guess, and the score of a round. teach-dialog.js shows it.
 */

/** The features that the program can draw: the study's nine, whichever model is loaded. */
export const DRAWABLE = [
  "Elongation", "Grooves", "Inclusion", "Glassy", "Crowding", "Wrinkled", "Enlargement", "Irregular", "Overlapping",
];

/** The share of surprises that show any one feature: about three of nine, as the study's cells do. */
const SHARE = 1 / 3;

/** Seeds are below this number, so that any program can read them. */
const SEEDS = 2 ** 31;

/**
 * The rating of a guess on one feature. `right` is a feature that was neither drawn nor guessed.
 *
 * @typedef {"hit" | "miss" | "false" | "right"} Outcome
 */

/** The counts of a score. @typedef {{hits: number, misses: number, falseCalls: number}} Score */

/** One drawing and the guess on it. @typedef {{drawn: ReadonlySet<string>, guessed: ReadonlySet<string>}} Answer */

/**
 * Features by chance.
 *
 * @param {() => number} [random] from 0 up to 1
 */
export function surprise(random = Math.random) {
  return DRAWABLE.filter(() => random() < SHARE);
}

/** A seed for the next drawing. @param {() => number} [random] from 0 up to 1 */
export function newSeed(random = Math.random) {
  return Math.floor(random() * SEEDS);
}

/** @param {string} feature @param {Answer} answer @returns {Outcome} */
export function outcome(feature, { drawn, guessed }) {
  if (drawn.has(feature)) return guessed.has(feature) ? "hit" : "miss";
  return guessed.has(feature) ? "false" : "right";
}

/** The drawings that a person has guessed at since the round began. */
export class Round {
  /** @type {Answer[]} */
  #answers = [];

  get length() {
    return this.#answers.length;
  }

  /** @param {Answer} answer */
  add(answer) {
    this.#answers.push(answer);
  }

  clear() {
    this.#answers = [];
  }

  /** The score of one feature, or of all together. @param {string} [feature] @returns {Score} */
  score(feature) {
    const features = feature === undefined ? DRAWABLE : [feature];
    return scoreOf(this.#answers.flatMap((answer) => features.map((one) => outcome(one, answer))));
  }
}

/** @param {Outcome[]} outcomes @returns {Score} */
export function scoreOf(outcomes) {
  const count = (/** @type {Outcome} */ wanted) => outcomes.filter((one) => one === wanted).length;
  return { hits: count("hit"), misses: count("miss"), falseCalls: count("false") };
}
