/**
 * The rule of the program by which a feature is called present, for the page: an instance of the
 * program on the page's own thread, without a model. It is the module that the workers run, so
 * nothing more is fetched or compiled. A worker would answer too late for a slider that moves the
 * calls of a thousand cells within a frame.
 */

import { kindFor } from "./gpu.js";
import { compileProgram } from "./source.js";

/** @import { Call, Decide, Decision, LoadOptions, RiskSum, Rules } from "./index.js" */

/** How answers are handed to the program. */
const [NONE, ABSENT, PRESENT] = [0, 1, 2];
/** The bits of a call as the program hands it back. */
const [IS_PRESENT, IS_PRESENT_BY_MODEL, IS_UNSURE] = [1, 2, 4];
/** In the order of the program's enum. @type {RiskSum["level"][]} */
const LEVELS = ["Low", "Medium", "High"];

/** @param {Pick<LoadOptions, "device">} [options] @returns {Promise<Decide>} */
export async function loadDecide({ device = "auto" } = {}) {
  const kind = await kindFor(device);
  const [glue, program] = await Promise.all([
    // Each address is spelled out, so that the tools that bundle pages find the files.
    kind === "webgpu" ? import("./karyolens_webgpu.js") : import("./karyolens_cpu.js"),
    compileProgram(kind),
  ]);
  await glue.default({ module_or_path: program });
  /** @type {WeakMap<Rules, import("./karyolens_cpu.js").CallRules>} */
  const known = new WeakMap();

  return (rules, cells, moved = new Map()) => {
    let callRules = known.get(rules);
    if (!callRules) {
      const { features, thresholds, unsure = [], riskRule } = rules;
      callRules = new glue.CallRules(JSON.stringify({ features, thresholds, unsure, riskRule }));
      known.set(rules, callRules);
    }
    const { features } = rules;
    const thresholds = Float64Array.from(features, (name, index) => moved.get(name) ?? rules.thresholds[index]);
    const probabilities = new Float64Array(cells.length * features.length);
    const answers = new Uint8Array(probabilities.length);
    cells.forEach((cell, index) => {
      const start = index * features.length;
      if (cell.probabilities.length !== features.length) {
        throw new Error(`${cell.probabilities.length} probabilities for ${features.length} features`);
      }
      probabilities.set(cell.probabilities, start);
      if (!cell.answers?.size) return;
      features.forEach((name, feature) => {
        const answer = cell.answers?.get(name);
        answers[start + feature] = answer === undefined ? NONE : answer ? PRESENT : ABSENT;
      });
    });
    const bands = callRules.bands(thresholds);
    const decided = callRules.decide(probabilities, thresholds, answers);
    const width = decided.length / cells.length;
    return cells.map((cell, index) => decisionOf(decided.subarray(index * width, (index + 1) * width), cell));

    /** @param {Float64Array} decided @param {(typeof cells)[number]} cell @returns {Decision} */
    function decisionOf(decided, cell) {
      const calls = features.map((name, feature) => {
        const bits = decided[feature];
        /** @type {Call} */
        const call = {
          name,
          probability: cell.probabilities[feature],
          threshold: thresholds[feature],
          moved: moved.has(name),
          band: Number.isNaN(bands[2 * feature]) ? null : [bands[2 * feature], bands[2 * feature + 1]],
          model: (bits & IS_PRESENT_BY_MODEL) !== 0,
          unsure: (bits & IS_UNSURE) !== 0,
          answer: cell.answers?.get(name) ?? null,
          present: (bits & IS_PRESENT) !== 0,
        };
        return call;
      });
      const { riskRule } = rules;
      if (!riskRule) return { calls, risk: null };
      const [score, level, forced] = decided.subarray(features.length);
      const terms = calls.filter(({ present }) => present).map(({ name }) => ({ name, weight: riskRule.weights[name] }));
      return { calls, risk: { score, level: LEVELS[level], terms, forced: features[forced] ?? null } };
    }
  };
}
