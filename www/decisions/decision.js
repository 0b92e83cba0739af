/**
 * From probabilities to calls and risk. It takes the thresholds that a person may have moved, the
 * band in which the model is not sure, and a person's corrections. The rule of the risk comes with
 * the model from the crate; none of its numbers is written here.
 */

/** @import { RiskRule } from "../pkg/index.js" */

/**
 * The part of a model that decisions need.
 *
 * @typedef {object} Rules
 * @property {string[]} features in the order of the probabilities
 * @property {number[]} thresholds
 * @property {[number, number][]} unsure the band around each threshold, empty where none is known
 * @property {RiskRule | null} riskRule
 */

/**
 * The call on one feature of one cell.
 *
 * @typedef {object} Call
 * @property {string} name
 * @property {number} probability
 * @property {number} threshold as it applies now
 * @property {boolean} moved whether a person moved the threshold
 * @property {[number, number] | null} band where the model is not sure
 * @property {boolean} model the model's call
 * @property {boolean} unsure whether the probability lies within the band
 * @property {boolean | null} human a person's correction
 * @property {boolean} present the person's call, else the model's
 */

/**
 * The risk, and the sum that leads to it.
 *
 * @typedef {object} RiskSum
 * @property {number} score
 * @property {"Low" | "Medium" | "High"} level
 * @property {{name: string, weight: number}[]} terms of the features that are present
 * @property {string | null} forced the feature that makes it high whatever the score
 */

/** @typedef {{calls: Call[], risk: RiskSum | null}} Decision */

/**
 * @param {number[]} probabilities one for each feature
 * @param {Rules} rules
 * @param {ReadonlyMap<string, number>} moved thresholds of a person's own, by feature
 * @param {ReadonlyMap<string, boolean>} corrections a person's calls, by feature
 * @returns {Decision}
 */
export function decide(probabilities, rules, moved, corrections) {
  const calls = rules.features.map((name, index) => {
    const probability = probabilities[index];
    const own = rules.thresholds[index];
    const threshold = moved.get(name) ?? own;
    const band = shifted(rules.unsure[index], threshold - own);
    const model = probability >= threshold;
    const human = corrections.get(name) ?? null;
    return {
      name,
      probability,
      threshold,
      moved: moved.has(name),
      band,
      model,
      unsure: band !== null && probability >= band[0] && probability <= band[1],
      human,
      present: human ?? model,
    };
  });
  return { calls, risk: rules.riskRule && riskOf(calls, rules.riskRule) };
}

/**
 * How near the most doubtful feature is to its threshold: 0 is far from it, 1 is on it. A feature
 * that a person has decided is not in doubt.
 *
 * @param {Call[]} calls
 */
export function uncertainty(calls) {
  const doubts = calls
    .filter((call) => call.human === null)
    .map(({ probability, threshold }) => {
      const room = probability >= threshold ? 1 - threshold : threshold;
      return room > 0 ? 1 - Math.abs(probability - threshold) / room : 1;
    });
  return Math.max(0, ...doubts);
}

/** The features that the model is not sure of and no person has decided. @param {Call[]} calls */
export function openQuestions(calls) {
  return calls.filter((call) => call.unsure && call.human === null);
}

/** @param {Call[]} calls @param {RiskRule} rule @returns {RiskSum} */
function riskOf(calls, { weights, mediumFrom, highFrom, alwaysHigh }) {
  const terms = calls.filter((call) => call.present).map(({ name }) => ({ name, weight: weights[name] }));
  const score = terms.reduce((sum, { weight }) => sum + weight, 0);
  const forced = terms.find(({ name }) => alwaysHigh.includes(name))?.name ?? null;
  const level = forced !== null || score >= highFrom ? "High" : score >= mediumFrom ? "Medium" : "Low";
  return { score, level, terms, forced };
}

/**
 * The band moves with its threshold.
 *
 * @param {[number, number] | undefined} band
 * @param {number} by
 * @returns {[number, number] | null}
 */
function shifted(band, by) {
  if (!band) return null;
  const [low, high] = band;
  return [Math.max(0, low + by), Math.min(1, high + by)];
}
