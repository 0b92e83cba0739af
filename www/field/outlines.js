/** Draws the outlines of a field's nuclei. */

import { STYLES } from "./colouring.js";
import { ContourIndex } from "./contour-index.js";

/** @import { Contour } from "../session/cell.js" */
/** @import { Style } from "./colouring.js" */
/** @import { Box } from "./view.js" */

/** The seam about every outline, wider than the line by this on both sides, in CSS pixels. */
const SEAM = { colour: "#0009", width: 1 };
/** The selected cell and the one under the pointer. */
const SELECTED = { colour: "#ffffff", width: 3.5 };
const HOVERED = { colour: "#ffffff", width: 2 };

/** The widest line with its seam reaches so far from its contour, in CSS pixels. */
export const REACH = Math.max(...Object.values(STYLES).map(({ width }) => width)) / 2 + SEAM.width;

/** The class that stands out most is drawn last. */
const ORDER = /** @type {Style[]} */ (Object.keys(STYLES).reverse());

/** @typedef {{contour: Contour, style: Style}} Outline */

export class Outlines {
  /** @type {Map<Contour, Style>} */
  #styles = new Map();
  /** @type {ContourIndex<Contour>} */
  #index = new ContourIndex([]);

  /** Takes the contours that are drawn from now on. @param {Outline[]} outlines @returns {Contour[]} those that look different, have come or are gone */
  set(outlines) {
    const before = this.#styles;
    const now = new Map(outlines.map(({ contour, style }) => [contour, style]));
    const changed = [...new Set([...before.keys(), ...now.keys()])].filter((contour) => before.get(contour) !== now.get(contour));
    if (changed.length === 0) return changed;
    this.#styles = now;
    this.#index = new ContourIndex([...now.keys()].map((contour) => ({ item: contour, contour })));
    return changed;
  }

  /**
   * Draws the outlines that reach into a box.
   *
   * @param {CanvasRenderingContext2D} context whose unit is the field's pixel
   * @param {number} scale CSS pixels for one of them
   * @param {Box} box in pixels of the field
   */
  draw(context, scale, { left, top, right, bottom }) {
    const reach = REACH / scale;
    // One line a class, however many contours there are.
    /** @type {Map<Style | undefined, Path2D>} */
    const paths = new Map();
    for (const contour of this.#index.within({ left: left - reach, top: top - reach, right: right + reach, bottom: bottom + reach })) {
      const style = this.#styles.get(contour);
      let path = paths.get(style);
      if (!path) paths.set(style, (path = new Path2D()));
      trace(path, contour);
    }
    context.lineJoin = "round";
    for (const style of ORDER) {
      const path = paths.get(style);
      if (!path) continue;
      const { colour, width, dash } = STYLES[style];
      context.setLineDash([]);
      // Objects that are left out are many, and stay in the background.
      if (style !== "left") stroke(context, path, SEAM.colour, (width + 2 * SEAM.width) / scale);
      context.setLineDash(dash.map((length) => length / scale));
      stroke(context, path, colour, width / scale);
    }
    context.setLineDash([]);
  }
}

/** @param {CanvasRenderingContext2D} context @param {Contour} contour @param {number} scale @param {boolean} isSelected else the pointer is on it */
export function drawMarked(context, contour, scale, isSelected) {
  const path = new Path2D();
  trace(path, contour);
  const { colour, width } = isSelected ? SELECTED : HOVERED;
  stroke(context, path, SEAM.colour, (width + 2 * SEAM.width) / scale);
  stroke(context, path, colour, width / scale);
}

/** @param {Path2D} path @param {Contour} contour */
function trace(path, contour) {
  contour.forEach(([x, y], index) => (index === 0 ? path.moveTo(x, y) : path.lineTo(x, y)));
  path.closePath();
}

/** @param {CanvasRenderingContext2D} context @param {Path2D} path @param {string} colour @param {number} width */
function stroke(context, path, colour, width) {
  context.strokeStyle = colour;
  context.lineWidth = width;
  context.stroke(path);
}
