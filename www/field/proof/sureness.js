/** How sure it is that a nucleus is right: its outline, and its calls. */

import { uncertainty } from "../../decisions/doubt.js";

/** @import { Decision } from "../../pkg/index.js" */
/** @import { Cell } from "../../session/cell.js" */

/** The sureness of a call that lies on its threshold, or that nobody has made yet: that of a coin. */
const COIN = 0.5;

/**
 * @typedef {object} Sureness
 * @property {number | null} outline the network's probability of a found outline; null of one that a file gave or a hand drew
 * @property {string | null} feature the one whose call is the least sure; null where nothing was read, or a person answered all
 * @property {number} call the sureness of that call, from 0.5 on the threshold to 1 far from it
 * @property {number} both that outline and call are right: the product of both
 */

/** @param {Pick<Cell, "probability">} cell @param {Decision | null} decision @returns {Sureness} */
export function surenessOf({ probability }, decision) {
  let feature = null;
  let call = decision ? 1 : COIN;
  for (const one of decision?.calls ?? []) {
    if (one.answer !== null) continue;
    const sureness = 1 - (1 - COIN) * uncertainty([one]);
    if (feature === null || sureness < call) [feature, call] = [one.name, sureness];
  }
  return { outline: probability, feature, call, both: (probability ?? 1) * call };
}
