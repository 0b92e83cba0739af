/** Shapes that a hand draws, as contours. */

/** @import { Contour } from "../../session/cell.js" */
/** @import { Point } from "../view.js" */

/** Corners of a half circle. */
const CORNERS = 10;

/**
 * The area that a round brush covers on its way from one point to another.
 *
 * @param {Point} from
 * @param {Point} to
 * @param {number} radius
 * @returns {Contour}
 */
export function brushed(from, to, radius) {
  const angle = Math.atan2(to[1] - from[1], to[0] - from[0]);
  const half = (/** @type {Point} */ centre, /** @type {number} */ start) =>
    Array.from({ length: CORNERS + 1 }, (_, corner) => {
      const turned = start + (corner / CORNERS) * Math.PI;
      return /** @type {Point} */ ([centre[0] + radius * Math.cos(turned), centre[1] + radius * Math.sin(turned)]);
    });
  return [...half(to, angle - Math.PI / 2), ...half(from, angle + Math.PI / 2)];
}

/**
 * A line without points that add nothing: each of the others is further than `tolerance` from the line
 * without it (Ramer 1972, Douglas and Peucker 1973).
 *
 * @param {Point[]} line
 * @param {number} tolerance in pixels of the field
 * @returns {Point[]}
 */
export function simplified(line, tolerance) {
  if (line.length < 3) return line;
  const [first, last] = [line[0], line[line.length - 1]];
  let furthest = 0;
  let most = 0;
  for (let index = 1; index < line.length - 1; index++) {
    const apart = distanceToSegment(line[index], first, last);
    if (apart > most) [furthest, most] = [index, apart];
  }
  if (most <= tolerance) return [first, last];
  return [...simplified(line.slice(0, furthest + 1), tolerance).slice(0, -1), ...simplified(line.slice(furthest), tolerance)];
}

/** A closed contour without points that add nothing. @param {Contour} contour @param {number} tolerance @returns {Contour} */
export function simplifiedContour(contour, tolerance) {
  return simplified([...contour, contour[0]], tolerance).slice(0, -1);
}

/** @param {Point} point @param {Point} from @param {Point} to */
export function distanceToSegment([x, y], [x0, y0], [x1, y1]) {
  const [dx, dy] = [x1 - x0, y1 - y0];
  const length = dx * dx + dy * dy;
  const share = length === 0 ? 0 : Math.min(1, Math.max(0, ((x - x0) * dx + (y - y0) * dy) / length));
  return Math.hypot(x - x0 - share * dx, y - y0 - share * dy);
}
