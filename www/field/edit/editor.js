/**
 * The tools over a field: their buttons and keys, and the one in use, which gets the way of a mouse, a
 * pen, a finger or the keyboard. The changes that it asks for are made in nucleus-edits.js.
 */

import { find, onPress } from "../../elements/dom.js";
import { t } from "../../language/language.js";
import { KeyboardHand } from "./keyboard-hand.js";
import { NucleusEdits } from "./nucleus-edits.js";
import { Ruler } from "./ruler.js";
import { Brush, Corners, Draw, Split } from "./tools.js";

/** @import { Geometry } from "../../pkg/index.js" */
/** @import { Cell, Contour, Source } from "../../session/cell.js" */
/** @import { Session } from "../../session/session.js" */
/** @import { Stage } from "../stage.js" */
/** @import { Point } from "../view.js" */
/** @import { Bench, Sketch, Tool } from "./tools.js" */

/** The names of the tools; the hand moves the view. @typedef {"hand" | "draw" | "add" | "take" | "corners" | "split" | "ruler"} ToolName */

/** The keys of the tools. @type {Record<string, ToolName>} */
const TOOL_KEYS = { v: "hand", d: "draw", b: "add", e: "take", c: "corners", s: "split" };
/** The brush's radius in CSS pixels: at first, and between which it can be. */
const RADIUS = { first: 10, least: 3, most: 60 };
const RADIUS_STEP = 1.25;

export class Editor {
  #stage;
  #edits;
  #say;
  /** @type {Record<Exclude<ToolName, "hand">, Tool>} */
  #tools;
  /** @type {ToolName} */
  #name = "hand";
  #radius = RADIUS.first;
  #keyboard;
  #buttons;
  #undo;
  #redo;
  #merge;
  #delete;

  /**
   * @param {HTMLElement} element the section of field.html
   * @param {Stage} stage
   * @param {Session} session
   * @param {object} options
   * @param {Geometry} options.geometry
   * @param {() => Source | null} options.field the one on show
   * @param {(cells: Cell[]) => void} options.onChanged these cells are new, or here again
   * @param {(pixels: number) => void} options.onMeasured a line of this length was drawn with the ruler
   */
  constructor(element, stage, session, { geometry, field, onChanged, onMeasured }) {
    this.#stage = stage;
    const edits = new NucleusEdits(session, { geometry, field, onChanged });
    this.#edits = edits;
    this.#say = find(".edit-say", HTMLElement, element);
    this.#undo = find(".edit-undo", HTMLButtonElement, element);
    this.#redo = find(".edit-redo", HTMLButtonElement, element);
    this.#merge = find(".edit-merge", HTMLButtonElement, element);
    this.#delete = find(".edit-delete", HTMLButtonElement, element);
    this.#buttons = [...element.querySelectorAll("[data-tool]")].map((button) => /** @type {HTMLButtonElement} */ (button));
    /** @type {Bench} */
    const bench = {
      geometry,
      selected: () => edits.selected?.contour ?? null,
      add: (contour) => this.#change(() => edits.add(contour, "drawn")),
      change: (contours) => this.#change(() => edits.change(contours)),
      measured: onMeasured,
      radius: () => this.#radius * bench.pixel(),
      pixel: () => 1 / (stage.view?.scale ?? 1),
    };
    this.#tools = { draw: new Draw(bench), add: new Brush(bench, true), take: new Brush(bench, false), corners: new Corners(bench), split: new Split(bench), ruler: new Ruler(bench) };
    this.#keyboard = new KeyboardHand(stage, {
      press: (place) => this.#hand((tool) => tool.press(place)),
      move: (place) => this.#hand((tool) => tool.move(place)),
      release: (place) => this.#hand((tool) => tool.release(place)),
    });
    for (const button of this.#buttons) onPress(button, () => this.#use(/** @type {ToolName} */ (button.dataset.tool)));
    onPress(this.#undo, () => this.#walk("undo"));
    onPress(this.#redo, () => this.#walk("redo"));
    onPress(this.#merge, () => this.#mergeChosen());
    onPress(this.#delete, () => this.#deleteAll(edits.chosen));
    session.listen((change) => {
      if (change === "cells" || change === "selection") this.#show();
    });
    stage.sketch = () => this.#sketch();
    this.#show();
  }

  /** Whether a pointer draws, rather than moving the view. */
  get draws() {
    return this.#name !== "hand";
  }

  /** Whether the tool in use lacks a nucleus to work on. */
  get needsNucleus() {
    return this.#name !== "hand" && this.#name !== "draw" && this.#name !== "ruler" && this.#edits.selected === null;
  }

  /** The cells that are marked. @returns {ReadonlySet<Cell>} */
  get marked() {
    return this.#edits.marked;
  }

  /** Takes an object that was left out for a nucleus. @param {Contour} contour */
  bringIn(contour) {
    this.#change(() => this.#edits.bringIn(contour));
  }

  /** Marks a nucleus to be merged or deleted with the selected one, or takes the mark away. @param {Cell} cell */
  mark(cell) {
    this.#edits.mark(cell);
    this.#show();
  }

  /** A person finds the outline of a nucleus right. @param {Cell} nucleus */
  confirm(nucleus) {
    if (!nucleus.isConfirmed) this.#edits.confirm(nucleus);
    this.#show();
  }

  /** Takes a nucleus away. @param {Cell} nucleus */
  remove(nucleus) {
    this.#deleteAll([nucleus]);
  }

  /** @param {Point} point of the field */
  press(point) {
    this.#keyboard.place = null;
    this.#hand((tool) => tool.press(point));
  }

  /** @param {Point} point */
  move(point) {
    this.#hand((tool) => tool.move(point));
  }

  /** @param {Point} point */
  release(point) {
    this.#hand((tool) => tool.release(point));
  }

  /** Gives up what the tool has begun. */
  cancel() {
    this.#keyboard.isDown = false;
    this.#hand((tool) => tool.cancel());
  }

  /** Takes a key, or leaves it to others. @param {KeyboardEvent} event @returns {boolean} whether it took the key */
  takeKey(event) {
    const key = event.key.toLowerCase();
    if ((event.ctrlKey || event.metaKey) && !event.altKey && (key === "z" || key === "y")) {
      this.#walk(key === "y" || event.shiftKey ? "redo" : "undo");
      return true;
    }
    if (event.ctrlKey || event.metaKey || event.altKey) return false;
    if (key in TOOL_KEYS) this.#use(TOOL_KEYS[key]);
    else if (key === "x") this.#markSelected();
    else if (key === "m") this.#mergeChosen();
    else if (key === "i") this.#change(() => this.#edits.bringInNearest(this.#keyboard.placeOrMiddle));
    else if (key === "delete" || key === "backspace") this.#deleteAll(this.#edits.chosen);
    else return this.draws && this.#takeToolKey(event);
    return true;
  }

  /** @param {KeyboardEvent} event */
  #takeToolKey(event) {
    switch (event.key) {
      case "Enter": this.#hand((tool) => tool.finish?.()); break;
      case "Escape":
        if (this.#keyboard.isDown || this.#sketchOfTool().line?.length) this.cancel();
        else this.#use("hand");
        break;
      case "[": this.#resizeBrush(1 / RADIUS_STEP); break;
      case "]": this.#resizeBrush(RADIUS_STEP); break;
      default: return this.#keyboard.takeKey(event);
    }
    return true;
  }

  /** @param {number} factor */
  #resizeBrush(factor) {
    this.#radius = Math.min(RADIUS.most, Math.max(RADIUS.least, this.#radius * factor));
    this.#stage.draw();
  }

  /** @param {ToolName} name */
  #use(name) {
    this.cancel();
    this.#name = name;
    this.#keyboard.place = null;
    this.#say.textContent = t(`edit.use.${name}`);
    this.#show();
  }

  /** @param {(tool: Tool) => unknown} action */
  #hand(action) {
    if (this.#name !== "hand") action(this.#tools[this.#name]);
    this.#stage.draw();
  }

  /** @param {() => void} action changes the nuclei */
  #change(action) {
    action();
    this.#say.textContent = "";
    this.#show();
  }

  #mergeChosen() {
    const reason = this.#edits.merge();
    this.#say.textContent = reason ? t(`edit.${reason}`) : "";
    this.#show();
  }

  /** @param {Cell[]} nuclei */
  #deleteAll(nuclei) {
    if (nuclei.length === 0) return;
    this.#change(() => this.#edits.delete(nuclei));
    this.#say.textContent = t("edit.deleted");
  }

  #markSelected() {
    const { selected } = this.#edits;
    if (selected) this.mark(selected);
  }

  /** @param {"undo" | "redo"} way */
  #walk(way) {
    this.cancel();
    this.#edits.history?.[way]();
    this.#show();
  }

  #show() {
    for (const button of this.#buttons) button.setAttribute("aria-pressed", String(button.dataset.tool === this.#name));
    const { history, marked, selected } = this.#edits;
    // Not disabled: a disabled button would lose the focus.
    this.#undo.ariaDisabled = String(!history?.canUndo);
    this.#redo.ariaDisabled = String(!history?.canRedo);
    this.#merge.ariaDisabled = String(marked.size === 0);
    this.#delete.ariaDisabled = String(!selected);
    this.#stage.draw();
  }

  #sketchOfTool() {
    return this.#name === "hand" ? {} : this.#tools[this.#name].sketch();
  }

  /** @returns {Sketch & {cursor: Point | null, radius: number | null}} */
  #sketch() {
    const isBrush = this.#name === "add" || this.#name === "take";
    return { ...this.#sketchOfTool(), cursor: this.#keyboard.place, radius: isBrush ? this.#radius : null };
  }
}
