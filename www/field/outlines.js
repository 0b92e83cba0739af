/** Draws the outlines of a field's nuclei: one line a class of cells, however many cells there are. */

import { STYLES } from "./colouring.js";

/** @import { Contour } from "../session/cell.js" */
/** @import { Style } from "./colouring.js" */

/** The seam about every outline, wider than the line by this on both sides, in CSS pixels. */
const SEAM = { colour: "#0009", width: 1 };
/** The selected cell and the one under the pointer. */
const SELECTED = { colour: "#ffffff", width: 3.5 };
const HOVERED = { colour: "#ffffff", width: 2 };

export class Outlines {
  /** All contours of a class in one path, in pixels of the field. @type {Map<Style, Path2D>} */
  #paths = new Map();

  /** Takes the contours that are drawn from now on. @param {Iterable<{contour: Contour, style: Style}>} outlines */
  set(outlines) {
    this.#paths.clear();
    for (const { contour, style } of outlines) {
      let path = this.#paths.get(style);
      if (!path) this.#paths.set(style, (path = new Path2D()));
      trace(path, contour);
    }
  }

  /** @param {CanvasRenderingContext2D} context whose unit is the field's pixel @param {number} scale CSS pixels for one of them */
  draw(context, scale) {
    context.lineJoin = "round";
    for (const [style, path] of this.#paths) {
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
