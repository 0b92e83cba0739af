/**
 * Outlines that a person draws and changes, on the page's own thread: a brush is followed while it moves.
 */

import { ownProgram } from "./own-program.js";

/** @import { Geometry, LoadOptions, Points } from "./index.js" */

/** @param {Pick<LoadOptions, "device">} [options] @returns {Promise<Geometry>} */
export async function loadGeometry({ device = "auto" } = {}) {
  const { tidy, unite, subtract, split, red_cells } = await ownProgram(device);
  return {
    tidy: (line) => pointsOf(tidy(numbersOf(line))),
    unite: (one, other) => pointsOf(unite(numbersOf(one), numbersOf(other))),
    subtract: (from, cut) => subtract(numbersOf(from), numbersOf(cut)).map(pairs),
    split: (contour, line) => split(numbersOf(contour), numbersOf(line)).map(pairs),
    redCells: (leftOut) => {
      const lengths = new Uint32Array(leftOut.map(({ length }) => length));
      const [count, diameter, micrometresPerPixel] = red_cells(numbersOf(leftOut.flat()), lengths) ?? [];
      return count === undefined ? null : { count, diameter, micrometresPerPixel };
    },
  };
}

/** x and y of each point, one after the other. @param {Readonly<Points>} points */
function numbersOf(points) {
  return new Float64Array(points.flat());
}

/** @param {Float64Array | undefined} numbers @returns {Points | null} */
function pointsOf(numbers) {
  return numbers ? pairs(numbers) : null;
}

/** @param {Float64Array} numbers @returns {Points} */
function pairs(numbers) {
  return Array.from({ length: numbers.length / 2 }, (_, index) => [numbers[2 * index], numbers[2 * index + 1]]);
}
