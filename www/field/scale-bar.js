/** The scale bar: a round length that takes between a tenth and a quarter of the window. */

const MOST_OF_WINDOW = 1 / 4;
const STEPS = [5, 2, 1];

/**
 * @param {number} scale CSS pixels for one pixel of the field
 * @param {number | null} micrometres that one pixel of the field shows; null where nobody knows it
 * @param {number} room width of the window in CSS pixels
 * @returns {{length: number, unit: "µm" | "px", width: number}} the length in its unit, and in CSS pixels
 */
export function scaleBar(scale, micrometres, room) {
  const unit = micrometres === null ? "px" : "µm";
  const perUnit = micrometres === null ? scale : scale / micrometres;
  const most = (room * MOST_OF_WINDOW) / perUnit;
  const power = 10 ** Math.floor(Math.log10(most));
  const step = STEPS.find((one) => one * power <= most) ?? 1;
  const length = step * power;
  return { length, unit, width: length * perUnit };
}
