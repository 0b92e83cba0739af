/** The few statistics that the bench reports. */

/**
 * The value below which `share` of the values lie, between neighbours in proportion.
 *
 * @param {number[]} values at least one
 * @param {number} share from 0 to 1
 */
export function quantile(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  const at = share * (sorted.length - 1);
  const below = sorted[Math.floor(at)];
  return below + (at - Math.floor(at)) * (sorted[Math.ceil(at)] - below);
}

/** @param {number[]} values at least one */
export function median(values) {
  return quantile(values, 0.5);
}

/**
 * The least-squares line through points: the gain of y from the first x to the last, and its standard
 * error.
 *
 * @param {number[]} x at least three different ones
 * @param {number[]} y
 */
export function gain(x, y) {
  const mean = (/** @type {number[]} */ values) => values.reduce((sum, value) => sum + value) / values.length;
  const [meanX, meanY] = [mean(x), mean(y)];
  const spread = x.reduce((sum, value) => sum + (value - meanX) ** 2, 0);
  const slope = x.reduce((sum, value, i) => sum + (value - meanX) * (y[i] - meanY), 0) / spread;
  const residual = y.reduce((sum, value, i) => sum + (value - meanY - slope * (x[i] - meanX)) ** 2, 0);
  const span = Math.max(...x) - Math.min(...x);
  return { gain: slope * span, error: Math.sqrt(residual / (x.length - 2) / spread) * span };
}
