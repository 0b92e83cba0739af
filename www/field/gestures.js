/**
 * Moves the view of a field by wheel, drag, pinch and keys. A press that does not move is a choice
 * of the place under it. While a tool is in use, a mouse, a pen or a finger draws with it; a finger
 * moves the view again once a pen has been used, and two fingers always do.
 */

/** @import { Point, View } from "./view.js" */

/** A press that moves less than this, in CSS pixels, is no drag. */
const STILL = 4;
/** A step of the wheel, of a key, and of a double press enlarges so many times. */
const WHEEL_ZOOM = 1.0015;
const KEY_ZOOM = 1.25;
const DOUBLE_ZOOM = 2;
/** An arrow moves the view by this share of the window. */
const KEY_PAN = 0.15;

export class Gestures {
  #stage;
  #view;
  #listener;
  /** Where each finger or button is down. @type {Map<number, Point>} */
  #pressed = new Map();
  /** The place where a press began that has not moved yet. @type {Point | null} */
  #still = null;
  /** The pointer that draws. @type {number | null} */
  #drawing = null;
  #hasPen = false;

  /**
   * @param {HTMLElement} stage
   * @param {() => View | null} view the one in use; null while there is no field
   * @param {object} listener
   * @param {() => void} listener.onView the view has changed
   * @param {(place: Point, event: PointerEvent) => void} listener.onChoose a place of the window was pressed
   * @param {(place: Point | null) => void} listener.onHover the pointer is over this place; null: it left
   * @param {() => boolean} listener.draws whether a tool is in use
   * @param {(part: "press" | "move" | "release", place: Point) => void} listener.onDraw with the tool
   * @param {() => void} listener.onDrawCancelled
   */
  constructor(stage, view, listener) {
    this.#stage = stage;
    this.#view = view;
    this.#listener = listener;
    stage.addEventListener("wheel", (event) => this.#onWheel(event), { passive: false });
    stage.addEventListener("pointerdown", (event) => this.#onDown(event));
    stage.addEventListener("pointermove", (event) => this.#onMove(event));
    for (const end of ["pointerup", "pointercancel"]) {
      stage.addEventListener(end, (event) => this.#onUp(/** @type {PointerEvent} */ (event)));
    }
    stage.addEventListener("pointerleave", () => listener.onHover(null));
    stage.addEventListener("dblclick", (event) => {
      if (!listener.draws()) this.#change((view) => view.zoom(DOUBLE_ZOOM, this.#placeOf(event)));
    });
    stage.addEventListener("keydown", (event) => this.#onKey(event));
  }

  /** @param {WheelEvent} event */
  #onWheel(event) {
    if (!this.#view()) return;
    event.preventDefault();
    const pixels = event.deltaY * (event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1);
    // A pinch on a touchpad comes as a wheel with Ctrl, in smaller steps.
    const factor = WHEEL_ZOOM ** (-pixels * (event.ctrlKey ? 6 : 1));
    this.#change((view) => view.zoom(factor, this.#placeOf(event)));
  }

  /** @param {PointerEvent} event */
  #onDown(event) {
    if (!this.#view() || event.button > 1) return;
    this.#stage.setPointerCapture(event.pointerId);
    const place = this.#placeOf(event);
    this.#pressed.set(event.pointerId, place);
    this.#hasPen ||= event.pointerType === "pen";
    if (this.#drawing !== null) {
      // A second finger: both move the view.
      this.#drawing = null;
      this.#listener.onDrawCancelled();
    } else if (this.#pressed.size === 1 && event.button === 0 && this.#listener.draws() && !(this.#hasPen && event.pointerType === "touch")) {
      this.#drawing = event.pointerId;
      this.#listener.onDraw("press", place);
      return;
    }
    this.#still = this.#pressed.size === 1 && event.button === 0 ? place : null;
  }

  /** @param {PointerEvent} event */
  #onMove(event) {
    const place = this.#placeOf(event);
    const before = this.#pressed.get(event.pointerId);
    if (event.pointerId === this.#drawing) return this.#listener.onDraw("move", place);
    if (!before) return this.#listener.onHover(event.pointerType === "touch" ? null : place);
    if (this.#still && distance(this.#still, place) < STILL) return;
    this.#still = null;
    const others = [...this.#pressed].filter(([id]) => id !== event.pointerId).map(([, other]) => other);
    this.#pressed.set(event.pointerId, place);
    this.#change((view) => {
      if (others.length === 0) return view.pan(place[0] - before[0], place[1] - before[1]);
      // Two fingers: the place between them stays between them.
      const [other] = others;
      const [middle, middleBefore] = [between(place, other), between(before, other)];
      view.pan(middle[0] - middleBefore[0], middle[1] - middleBefore[1]);
      view.zoom(distance(place, other) / Math.max(1, distance(before, other)), middle);
    });
  }

  /** @param {PointerEvent} event */
  #onUp(event) {
    if (!this.#pressed.delete(event.pointerId)) return;
    if (event.pointerId === this.#drawing) {
      this.#drawing = null;
      if (event.type === "pointerup") this.#listener.onDraw("release", this.#placeOf(event));
      else this.#listener.onDrawCancelled();
      return;
    }
    if (this.#still && event.type === "pointerup") this.#listener.onChoose(this.#still, event);
    this.#still = null;
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const action = this.#keyAction(event.key);
    if (!action) return;
    event.preventDefault();
    this.#change(action);
  }

  /** @param {string} key @returns {((view: View) => void) | null} */
  #keyAction(key) {
    const pan = (/** @type {number} */ dx, /** @type {number} */ dy) => (/** @type {View} */ view) => {
      const { width, height } = view.window;
      view.pan(dx * KEY_PAN * width, dy * KEY_PAN * height);
    };
    switch (key) {
      case "ArrowLeft": return pan(1, 0);
      case "ArrowRight": return pan(-1, 0);
      case "ArrowUp": return pan(0, 1);
      case "ArrowDown": return pan(0, -1);
      case "+": case "=": return (view) => view.zoom(KEY_ZOOM);
      case "-": return (view) => view.zoom(1 / KEY_ZOOM);
      case "0": return (view) => view.fit();
      default: return null;
    }
  }

  /** @param {(view: View) => void} action */
  #change(action) {
    const view = this.#view();
    if (!view) return;
    action(view);
    this.#listener.onView();
  }

  /** The place of an event in the window of the field. @param {MouseEvent} event @returns {Point} */
  #placeOf({ clientX, clientY }) {
    const { left, top } = this.#stage.getBoundingClientRect();
    return [clientX - left - this.#stage.clientLeft, clientY - top - this.#stage.clientTop];
  }
}

/** @param {Point} one @param {Point} other */
function distance(one, other) {
  return Math.hypot(one[0] - other[0], one[1] - other[1]);
}

/** @param {Point} one @param {Point} other @returns {Point} */
function between(one, other) {
  return [(one[0] + other[0]) / 2, (one[1] + other[1]) / 2];
}
