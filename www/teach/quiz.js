/**
 * The quiz on drawn nuclei, without a document: what can be drawn, what a guess is worth, and how
 * a round stands. teach-dialog.js shows it.
 */

/** What the program can draw: the study's nine features, whichever model is loaded. */
export const DRAWABLE = [
  "Elongation", "Grooves", "Inclusion", "Glassy", "Crowding", "Wrinkled", "Enlargement", "Irregular", "Overlapping",
];

/** The share of surprises that show any one feature: about three of nine, as the study's cells do. */
const SHARE = 1 / 3;

/** Seeds fit where any program reads a whole number. */
const SEEDS = 2 ** 31;

/**
 * A guess about one feature beside what was drawn. `right` is a feature that was rightly left out.
 *
 * @typedef {"hit" | "miss" | "false" | "right"} Outcome
 */

/** How often each came out. @typedef {{hits: number, misses: number, falseCalls: number}} Score */

/** One drawing and what was said of it. @typedef {{drawn: ReadonlySet<string>, guessed: ReadonlySet<string>}} Answer */

/**
 * Features that nobody chose.
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

  /** How one feature went, or all of them together. @param {string} [feature] @returns {Score} */
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
