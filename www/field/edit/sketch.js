/** Draws the work of a tool over a field: the line so far, the corners, the brush and the keyboard's cursor. */

/** @import { Point } from "../view.js" */
/** @import { Sketch } from "./tools.js" */

/** Half the side of a corner's mark, and of the keyboard's cursor, in CSS pixels. */
const CORNER = 4;
const CURSOR = 12;
/** The seam, and the line on it: they stand out from pale background and dark nuclei alike. */
const LINES = [{ colour: "#000", width: 4 }, { colour: "#ffe34d", width: 2 }];

/**
 * @param {CanvasRenderingContext2D} context whose unit is the field's pixel
 * @param {Sketch & {cursor?: Point | null, radius?: number | null}} sketch in pixels of the field; the brush's radius in CSS pixels
 * @param {Point | null} pointer the place of the brush, where no cursor is in use
 * @param {number} scale CSS pixels for one pixel of the field
 */
export function drawSketch(context, { line = [], isClosed = false, corners = [], cursor = null, radius = null }, pointer, scale) {
  const path = new Path2D();
  line.forEach(([x, y], index) => (index === 0 ? path.moveTo(x, y) : path.lineTo(x, y)));
  if (isClosed) path.closePath();
  const place = cursor ?? pointer;
  if (radius !== null && place) {
    path.moveTo(place[0] + radius / scale, place[1]);
    path.arc(place[0], place[1], radius / scale, 0, 2 * Math.PI);
  }
  if (cursor) {
    const [x, y] = cursor;
    path.moveTo(x - CURSOR / scale, y);
    path.lineTo(x + CURSOR / scale, y);
    path.moveTo(x, y - CURSOR / scale);
    path.lineTo(x, y + CURSOR / scale);
  }
  for (const [x, y] of corners) path.rect(x - CORNER / scale, y - CORNER / scale, (2 * CORNER) / scale, (2 * CORNER) / scale);
  for (const { colour, width } of LINES) {
    context.strokeStyle = colour;
    context.lineWidth = width / scale;
    context.stroke(path);
  }
}
