/**
 * The keyboard's hand on a field: the arrows walk with a cursor, and the space bar presses it down and
 * lifts it up, so that every tool works without a drag.
 */

/** @import { Stage } from "../stage.js" */
/** @import { Point } from "../view.js" */

/** The cursor's step in CSS pixels, and with Shift. */
const STEP = 8;
const SMALL_STEP = 1;

/** @type {Record<string, Point>} */
const DIRECTIONS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export class KeyboardHand {
  /** In pixels of the field; null while a pointer is in use. @type {Point | null} */
  place = null;
  isDown = false;

  #stage;
  #listener;

  /**
   * @param {Stage} stage
   * @param {Record<"press" | "move" | "release", (place: Point) => void>} listener a move comes only while the hand is down
   */
  constructor(stage, listener) {
    this.#stage = stage;
    this.#listener = listener;
  }

  /** @param {KeyboardEvent} event @returns {boolean} whether it took the key */
  takeKey({ key, shiftKey }) {
    if (key === " ") this.#turn();
    else if (key in DIRECTIONS) this.#walk(DIRECTIONS[key], (shiftKey ? SMALL_STEP : STEP) / (this.#stage.view?.scale ?? 1));
    else return false;
    return true;
  }

  /** The cursor's place; before it was used, the middle of the window. @returns {Point} in pixels of the field */
  get placeOrMiddle() {
    const { view } = this.#stage;
    return this.place ?? (view ? view.toField([view.window.width / 2, view.window.height / 2]) : [0, 0]);
  }

  /** @param {Point} direction @param {number} step */
  #walk([dx, dy], step) {
    const [x, y] = this.placeOrMiddle;
    const place = /** @type {Point} */ ([x + dx * step, y + dy * step]);
    this.place = place;
    this.#stage.view?.reveal({ left: place[0], right: place[0], top: place[1], bottom: place[1] });
    if (this.isDown) this.#listener.move(place);
    this.#stage.draw();
  }

  #turn() {
    const place = this.placeOrMiddle;
    this.place = place;
    this.isDown = !this.isDown;
    this.#listener[this.isDown ? "press" : "release"](place);
  }
}
