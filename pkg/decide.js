/**
 * The rule of the program by which a feature is called present, on the page's own thread: a worker
 * would answer too late for a slider that moves the calls of a thousand cells within a frame.
 */

import { ownProgram } from "./own-program.js";

/** @import { Call, Decide, Decision, JudgedCell, LoadOptions, RiskRule, RiskSum, Rules } from "./index.js" */

/** A person's answer as the program takes it. */
const [NONE, ABSENT, PRESENT] = [0, 1, 2];
/** The bits of a call as the program gives it. */
const [IS_PRESENT, IS_PRESENT_BY_MODEL, IS_UNSURE] = [1, 2, 4];
/** In the order of the program's enum. @type {RiskSum["level"][]} */
const LEVELS = ["Low", "Medium", "High"];

/** A model's rules in the program's memory. @typedef {import("./karyolens_cpu.js").CallRules} CallRules */

/** @param {Pick<LoadOptions, "device">} [options] @returns {Promise<Decide>} */
export async function loadDecide({ device = "auto" } = {}) {
  const program = await ownProgram(device);
  /** @type {WeakMap<Rules, CallRules>} */
  const known = new WeakMap();
  return (rules, cells, moved = new Map()) => {
    const callRules = known.get(rules) ?? callRulesOf(rules, program.CallRules);
    known.set(rules, callRules);
    return decisions(callRules, rules, cells, moved);
  };
}

/** @param {Rules} rules @param {new (...rules: ConstructorParameters<typeof import("./karyolens_cpu.js").CallRules>) => CallRules} Type */
function callRulesOf({ features, thresholds, unsure = [], riskRule }, Type) {
  const callRules = new Type(features, new Float64Array(thresholds), new Float64Array(unsure.flat()));
  if (riskRule) {
    const { weights, mediumFrom, highFrom, alwaysHigh } = riskRule;
    callRules.set_risk_rule(new Float64Array(features.map((name) => weights[name])), mediumFrom, highFrom, alwaysHigh);
  }
  return callRules;
}

/**
 * @param {CallRules} callRules
 * @param {Rules} rules the same
 * @param {readonly JudgedCell[]} cells
 * @param {ReadonlyMap<string, number>} moved
 */
function decisions(callRules, rules, cells, moved) {
  const { features } = rules;
  const thresholds = new Float64Array(features.map((name, index) => moved.get(name) ?? rules.thresholds[index]));
  const bands = callRules.bands(thresholds);
  const decided = callRules.decide(probabilitiesOf(cells, features), thresholds, answersOf(cells, features));
  // A number for each feature, then three for the risk.
  const width = features.length + 3;
  return cells.map((cell, index) => decisionOf(cell, decided.subarray(index * width, (index + 1) * width)));

  /** @param {JudgedCell} cell @param {Float64Array} decided @returns {Decision} */
  function decisionOf({ probabilities, answers }, decided) {
    const calls = features.map((name, index) => ({
      name,
      probability: probabilities[index],
      threshold: thresholds[index],
      moved: moved.has(name),
      band: bandAt(bands, index),
      model: (decided[index] & IS_PRESENT_BY_MODEL) !== 0,
      unsure: (decided[index] & IS_UNSURE) !== 0,
      answer: answers?.get(name) ?? null,
      present: (decided[index] & IS_PRESENT) !== 0,
    }));
    return { calls, risk: rules.riskRule && riskOf(calls, rules.riskRule, decided.subarray(features.length)) };
  }
}

/** @param {Call[]} calls @param {RiskRule} rule @param {Float64Array} risk the program's three numbers @returns {RiskSum} */
function riskOf(calls, { weights }, [score, level, forced]) {
  const terms = calls.filter(({ present }) => present).map(({ name }) => ({ name, weight: weights[name] }));
  return { score, level: LEVELS[level], terms, forced: calls[forced]?.name ?? null };
}

/** All probabilities, row after row. @param {readonly JudgedCell[]} cells @param {string[]} features */
function probabilitiesOf(cells, { length }) {
  const rows = new Float64Array(cells.length * length);
  cells.forEach(({ probabilities }, index) => {
    if (probabilities.length !== length) throw new Error(`${probabilities.length} probabilities for ${length} features`);
    rows.set(probabilities, index * length);
  });
  return rows;
}

/** All answers, row after row. @param {readonly JudgedCell[]} cells @param {string[]} features */
function answersOf(cells, features) {
  const rows = new Uint8Array(cells.length * features.length);
  cells.forEach(({ answers }, index) => {
    if (!answers?.size) return;
    features.forEach((name, feature) => {
      const answer = answers.get(name);
      rows[index * features.length + feature] = answer === undefined ? NONE : answer ? PRESENT : ABSENT;
    });
  });
  return rows;
}

/** @param {Float64Array} bands @param {number} index of the feature @returns {[number, number] | null} */
function bandAt(bands, index) {
  const low = bands[2 * index];
  return Number.isNaN(low) ? null : [low, bands[2 * index + 1]];
}
