/**
 * The dialog of a slide that is too large to be read at once: its overview, and a frame about the part that a
 * person wants. Each part becomes a field of its own.
 */

import { openDialog } from "../elements/dialog.js";
import { find } from "../elements/dom.js";
import { pngOf } from "../elements/png.js";
import { number, t } from "../language/language.js";
import { messageOf } from "../pkg/message.js";
import { about, firstFrame, nameOf, resized, within } from "./frame.js";

/** @import { Part, Slide } from "../pkg/index.js" */
/** @import { Engine } from "../reading/engine.js" */
/** @import { NewSource } from "../session/session.js" */

/** Arrow keys, as steps in x and y. @type {Record<string, [number, number]>} */
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
/** The steps of an arrow key in parts of the frame, and with Shift. */
const STEP = 1 / 2;
const SMALL_STEP = 1 / 10;
const GROWTH = 1.25;
/** A shorter way of the pointer is a press; in pixels of the screen. */
const PRESS = 4;

/**
 * Resolves once a person has closed the dialog.
 *
 * @param {HTMLDialogElement} dialog
 * @param {{engine: Pick<Engine, "run">, name: string, file: File, slide: Slide, onPart: (part: NewSource) => void}} of `onPart` takes each part that was chosen
 */
export function choosePart(dialog, { engine, name, file, slide, onPart }) {
  const overview = /** @type {import("../pkg/index.js").Picture} */ (slide.overview);
  const canvas = find("#part-overview", HTMLCanvasElement, dialog);
  const numbers = find("#part-numbers", HTMLFormElement, dialog);
  const said = find("#part-said", HTMLElement, dialog);
  const fields = { left: input("left"), top: input("top"), width: input("width"), height: input("height") };
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const picture = new ImageData(overview.pixels, overview.width, overview.height);
  const scale = slide.width / overview.width;
  let frame = firstFrame(slide);

  canvas.width = overview.width;
  canvas.height = overview.height;
  const width = number(slide.width);
  const height = number(slide.height);
  find("#part-about", HTMLElement, dialog).textContent = t("part.about", { name, width, height });
  said.textContent = "";
  show(frame);

  const signal = openDialog(dialog);
  canvas.addEventListener("keydown", onKey, { signal });
  canvas.addEventListener("pointerdown", onPress, { signal });
  numbers.addEventListener("change", () => show(typed()), { signal });
  numbers.addEventListener("submit", (event) => {
    event.preventDefault();
    show(typed());
    void open(frame);
  }, { signal });
  canvas.focus();
  return new Promise((resolve) => signal.addEventListener("abort", resolve));

  /** @param {string} name of the field of a number */
  function input(name) {
    return find(`[name=${name}]`, HTMLInputElement, numbers);
  }

  /** The part that the fields tell; an empty field changes nothing. */
  function typed() {
    const valueOf = (/** @type {keyof Part} */ key) => (Number.isFinite(fields[key].valueAsNumber) ? fields[key].valueAsNumber : frame[key]);
    return within(slide, { left: valueOf("left"), top: valueOf("top"), width: valueOf("width"), height: valueOf("height") });
  }

  /** @param {Part} part */
  function show(part) {
    frame = part;
    for (const [key, field] of Object.entries(fields)) field.value = String(part[/** @type {keyof Part} */ (key)]);
    context.putImageData(picture, 0, 0);
    const line = Math.max(2, canvas.width / 400);
    for (const [colour, wide] of /** @type {const} */ ([["#000", 2 * line], ["#fff", line]])) {
      context.strokeStyle = colour;
      context.lineWidth = wide;
      context.strokeRect(part.left / scale, part.top / scale, part.width / scale, part.height / scale);
    }
    const sides = { width: number(part.width), height: number(part.height) };
    const micrometres = slide.micrometresPerPixel;
    const length = (/** @type {number} */ pixels) => number(pixels * (micrometres ?? 0), { maximumFractionDigits: 0 });
    find("#part-frame", HTMLElement, dialog).textContent = micrometres === null
      ? t("part.frame", sides)
      : t("part.frame.micrometres", { ...sides, across: length(part.width), down: length(part.height) });
  }

  /** @param {KeyboardEvent} event */
  function onKey(event) {
    const arrow = ARROWS[event.key];
    const step = event.shiftKey ? SMALL_STEP : STEP;
    if (arrow) show(within(slide, { ...frame, left: frame.left + arrow[0] * step * frame.width, top: frame.top + arrow[1] * step * frame.height }));
    else if (event.key === "+" || event.key === "=") show(resized(slide, frame, GROWTH));
    else if (event.key === "-") show(resized(slide, frame, 1 / GROWTH));
    else if (event.key === "Enter") void open(frame);
    else return;
    event.preventDefault();
  }

  /** A press moves the frame there, a way of the pointer draws a new one. @param {PointerEvent} event */
  function onPress(event) {
    if (event.button !== 0) return;
    const pressed = new AbortController();
    const start = placeOf(event);
    canvas.setPointerCapture(event.pointerId);
    const isPress = (/** @type {PointerEvent} */ now) => Math.hypot(now.clientX - event.clientX, now.clientY - event.clientY) < PRESS;
    const drawn = (/** @type {PointerEvent} */ now) => {
      const [x, y] = placeOf(now);
      show(isPress(now)
        ? about(slide, frame, x, y)
        : within(slide, { left: Math.min(x, start[0]), top: Math.min(y, start[1]), width: Math.abs(x - start[0]), height: Math.abs(y - start[1]) }));
    };
    canvas.addEventListener("pointermove", (now) => !isPress(now) && drawn(now), { signal: pressed.signal });
    canvas.addEventListener("pointerup", (now) => {
      pressed.abort();
      drawn(now);
    }, { signal: pressed.signal });
    canvas.addEventListener("pointercancel", () => pressed.abort(), { signal: pressed.signal });
  }

  /** A place of the slide under the pointer. @param {PointerEvent} event @returns {[number, number]} */
  function placeOf({ clientX, clientY }) {
    const box = canvas.getBoundingClientRect();
    return [((clientX - box.left) / box.width) * slide.width, ((clientY - box.top) / box.height) * slide.height];
  }

  /** @param {Part} part */
  async function open(part) {
    said.textContent = t("part.opening");
    try {
      const cut = await engine.run((karyolens) => karyolens.openPart(file, part));
      const partName = nameOf(name, part);
      onPart({ name: partName, bytes: await pngOf(cut), kind: "field", micrometresPerPixel: slide.micrometresPerPixel });
      said.textContent = t("part.opened", { name: partName });
    } catch (error) {
      said.textContent = messageOf(error);
    }
  }
}
