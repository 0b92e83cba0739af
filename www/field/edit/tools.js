/**
 * The tools that put outlines right. Each takes a hand's way over the field, from a press over moves to
 * a release, and asks for a change of the field's cells. A mouse, a pen, a finger and the keyboard all
 * give the same three.
 */

import { brushed, distanceToSegment, simplified, simplifiedContour } from "./shapes.js";

/** @import { Geometry } from "../../pkg/index.js" */
/** @import { Contour } from "../../session/cell.js" */
/** @import { Point } from "../view.js" */

/**
 * What a tool shows while it works.
 *
 * @typedef {object} Sketch
 * @property {Point[]} [line]
 * @property {boolean} [isClosed] whether the line's ends are joined
 * @property {Point[]} [corners] that can be moved
 */

/**
 * The field as a tool works on it.
 *
 * @typedef {object} Bench
 * @property {Geometry} geometry
 * @property {() => Contour | null} selected the contour of the selected nucleus
 * @property {(contour: Contour) => void} add a new nucleus
 * @property {(contours: Contour[]) => void} change the selected nucleus has this contour from now on; of several the further ones are new nuclei, without any it goes
 * @property {(pixels: number) => void} measured a line of this length was drawn with the ruler
 * @property {() => number} radius of the brush, in pixels of the field
 * @property {() => number} pixel the size of a CSS pixel, in pixels of the field
 */

/**
 * @typedef {object} Tool
 * @property {(point: Point) => void} press
 * @property {(point: Point) => void} move
 * @property {(point: Point) => void} release
 * @property {() => void} cancel
 * @property {() => Sketch} sketch
 * @property {() => boolean} [finish] ends a shape that takes several presses; whether there was one
 */

/** A hand trembles by this much, in CSS pixels. */
const TREMBLE = 0.75;
/** A corner can be taken from this far, in CSS pixels: half of a target of 24 px. */
const REACH = 12;

/** Draws a new outline: one stroke, or a press for each corner. @implements {Tool} */
export class Draw {
  #bench;
  /** @type {Point[]} */
  #line = [];
  /** Where the present press began. @type {Point | null} */
  #pressed = null;
  #isStroke = false;

  /** @param {Bench} bench */
  constructor(bench) {
    this.#bench = bench;
  }

  /** @param {Point} point */
  press(point) {
    this.#pressed = point;
    this.#isStroke = false;
    const reach = REACH * this.#bench.pixel();
    if (this.#line.length > 2 && apart(point, this.#line[0]) < reach) {
      this.finish();
      this.#pressed = null;
    } else this.#line.push(point);
  }

  /** @param {Point} point */
  move(point) {
    if (!this.#pressed) return;
    if (apart(point, this.#pressed) > REACH * this.#bench.pixel() / 2) this.#isStroke = true;
    if (this.#isStroke) this.#line.push(point);
  }

  /** @param {Point} _point */
  release(_point) {
    const isStroke = this.#pressed && this.#isStroke;
    this.#pressed = null;
    if (isStroke) this.finish();
  }

  finish() {
    const line = simplified(this.#line, TREMBLE * this.#bench.pixel());
    this.cancel();
    if (line.length < 3) return false;
    const contour = this.#bench.geometry.tidy(line);
    if (contour) this.#bench.add(contour);
    return contour !== null;
  }

  cancel() {
    this.#line = [];
    this.#pressed = null;
    this.#isStroke = false;
  }

  sketch() {
    return { line: this.#line, isClosed: this.#isStroke, corners: this.#isStroke ? [] : this.#line };
  }
}

/** A round brush that adds to the selected nucleus, or takes away from it. @implements {Tool} */
export class Brush {
  #bench;
  #adds;
  /** The contour so far. @type {Contour | null} */
  #contour = null;
  /** @type {Point | null} */
  #last = null;

  /** @param {Bench} bench @param {boolean} adds else it takes away */
  constructor(bench, adds) {
    this.#bench = bench;
    this.#adds = adds;
  }

  /** @param {Point} point */
  press(point) {
    this.#contour = this.#bench.selected();
    this.#last = point;
    this.move(point);
  }

  /** @param {Point} point */
  move(point) {
    if (!this.#contour || !this.#last) return;
    const { geometry, radius } = this.#bench;
    const stroke = brushed(this.#last, point, radius());
    this.#last = point;
    // A stroke beside the nucleus adds nothing; of several parts the largest stays the nucleus.
    if (this.#adds) this.#contour = geometry.unite(this.#contour, stroke) ?? this.#contour;
    else this.#contour = geometry.subtract(this.#contour, stroke)[0] ?? null;
  }

  /** @param {Point} _point */
  release(_point) {
    if (this.#last) this.#bench.change(this.#contour ? [simplifiedContour(this.#contour, TREMBLE * this.#bench.pixel() / 2)] : []);
    this.cancel();
  }

  cancel() {
    this.#contour = null;
    this.#last = null;
  }

  sketch() {
    return { line: this.#contour ?? [], isClosed: true };
  }
}

/** Moves the corners of the selected outline; a press on a side makes a corner there. @implements {Tool} */
export class Corners {
  #bench;
  /** @type {Contour | null} */
  #contour = null;
  /** The corner that is held. */
  #held = -1;

  /** @param {Bench} bench */
  constructor(bench) {
    this.#bench = bench;
  }

  /** @param {Point} point */
  press(point) {
    const contour = this.#corners();
    const reach = REACH * this.#bench.pixel();
    const nearest = nearestOf(contour, (corner) => apart(corner, point));
    if (nearest.distance < reach) this.#held = nearest.index;
    else {
      const side = nearestOf(contour, (corner, index) => distanceToSegment(point, corner, contour[(index + 1) % contour.length]));
      if (side.distance >= reach) return;
      this.#held = side.index + 1;
      contour.splice(this.#held, 0, point);
    }
    this.#contour = contour;
  }

  /** @param {Point} point */
  move(point) {
    if (this.#contour) this.#contour[this.#held] = point;
  }

  /** @param {Point} _point */
  release(_point) {
    if (!this.#contour) return;
    const contour = this.#bench.geometry.tidy(this.#contour);
    if (contour) this.#bench.change([contour]);
    this.cancel();
  }

  cancel() {
    this.#contour = null;
    this.#held = -1;
  }

  sketch() {
    const corners = this.#contour ?? this.#corners();
    return { line: this.#contour ?? [], isClosed: true, corners };
  }

  /** The corners that a hand can tell apart. @returns {Contour} */
  #corners() {
    const contour = this.#bench.selected();
    return contour ? simplifiedContour(contour, TREMBLE * this.#bench.pixel()) : [];
  }
}

/** Cuts the selected nucleus along a line. @implements {Tool} */
export class Split {
  #bench;
  /** @type {Point[]} */
  #line = [];

  /** @param {Bench} bench */
  constructor(bench) {
    this.#bench = bench;
  }

  /** @param {Point} point */
  press(point) {
    this.#line = [point];
  }

  /** @param {Point} point */
  move(point) {
    if (this.#line.length > 0) this.#line.push(point);
  }

  /** @param {Point} point */
  release(point) {
    this.move(point);
    const contour = this.#bench.selected();
    const parts = contour ? this.#bench.geometry.split(contour, this.#line) : [];
    this.cancel();
    if (parts.length > 1) this.#bench.change(parts);
  }

  cancel() {
    this.#line = [];
  }

  sketch() {
    return { line: this.#line };
  }
}

/** @param {Point} one @param {Point} other */
function apart(one, other) {
  return Math.hypot(one[0] - other[0], one[1] - other[1]);
}

/** @param {Contour} corners @param {(corner: Point, index: number) => number} distanceOf */
function nearestOf(corners, distanceOf) {
  let nearest = { index: -1, distance: Infinity };
  corners.forEach((corner, index) => {
    const distance = distanceOf(corner, index);
    if (distance < nearest.distance) nearest = { index, distance };
  });
  return nearest;
}
