/** The tool that draws along a scale bar in the picture: it measures, and changes nothing. */

/** @import { Point } from "../view.js" */
/** @import { Bench, Tool } from "./tools.js" */

/** @implements {Tool} */
export class Ruler {
  #bench;
  /** @type {Point[]} */
  #line = [];
  #isDown = false;

  /** @param {Bench} bench */
  constructor(bench) {
    this.#bench = bench;
  }

  /** @param {Point} point */
  press(point) {
    this.#line = [point, point];
    this.#isDown = true;
  }

  /** @param {Point} point */
  move(point) {
    if (this.#isDown) this.#line = [this.#line[0], point];
  }

  /** The line stays, so that a person sees what is measured. @param {Point} point */
  release(point) {
    if (!this.#isDown) return;
    this.move(point);
    this.#isDown = false;
    const [[x, y], [toX, toY]] = this.#line;
    this.#bench.measured(Math.hypot(toX - x, toY - y));
  }

  cancel() {
    this.#line = [];
    this.#isDown = false;
  }

  sketch() {
    return { line: this.#line };
  }
}
