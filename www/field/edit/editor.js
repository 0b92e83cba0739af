/**
 * Puts the outlines of a field right: hands the way of a mouse, a pen, a finger or the keyboard to the
 * tool in use, and makes its changes in the session, where each can be taken back.
 */

import { find, onPress } from "../../elements/dom.js";
import { t } from "../../language/language.js";
import { boxOf } from "../contour-index.js";
import { Changes } from "./changes.js";
import { KeyboardHand } from "./keyboard-hand.js";
import { Ruler } from "./ruler.js";
import { Brush, Corners, Draw, Split } from "./tools.js";

/** @import { Geometry } from "../../pkg/index.js" */
/** @import { Cell, Contour, Origin, Source } from "../../session/cell.js" */
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
  #session;
  #field;
  #changes;
  #say;
  /** @type {Record<Exclude<ToolName, "hand">, Tool>} */
  #tools;
  /** @type {ToolName} */
  #name = "hand";
  #radius = RADIUS.first;
  #keyboard;
  /** The nuclei that are marked to be merged or deleted, beside the selected one. @type {Set<Cell>} */
  #marked = new Set();
  #buttons;
  #undo;
  #redo;
  #merge;
  #deleteButton;
  #geometry;

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
    this.#session = session;
    this.#field = field;
    this.#geometry = geometry;
    this.#changes = new Changes(session, onChanged);
    this.#say = find(".edit-say", HTMLElement, element);
    this.#undo = find(".edit-undo", HTMLButtonElement, element);
    this.#redo = find(".edit-redo", HTMLButtonElement, element);
    this.#merge = find(".edit-merge", HTMLButtonElement, element);
    this.#deleteButton = find(".edit-delete", HTMLButtonElement, element);
    this.#buttons = [...element.querySelectorAll("[data-tool]")].map((button) => /** @type {HTMLButtonElement} */ (button));
    /** @type {Bench} */
    const bench = {
      geometry,
      selected: () => this.#selected()?.contour ?? null,
      add: (contour) => this.#add(contour, "drawn"),
      change: (contours) => this.#change(contours),
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
    onPress(this.#merge, () => this.#mergeMarked());
    onPress(this.#deleteButton, () => this.#deleteMarked());
    session.listen((change) => {
      if (change === "cells") this.#forgetGone();
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
    return this.#name !== "hand" && this.#name !== "draw" && this.#name !== "ruler" && this.#selected() === null;
  }

  /** The cells that are marked. @returns {ReadonlySet<Cell>} */
  get marked() {
    return this.#marked;
  }

  /** Takes an object that was left out for a nucleus. @param {Contour} contour */
  bringIn(contour) {
    this.#add(contour, "found", this.#field()?.leftOut.filter((other) => other !== contour));
  }

  /** Marks a nucleus to be merged or deleted with the selected one, or takes the mark away. @param {Cell} cell */
  mark(cell) {
    if (!this.#marked.delete(cell)) this.#marked.add(cell);
    this.#show();
  }

  /** A person finds the outline of a nucleus right. @param {Cell} nucleus */
  confirm(nucleus) {
    if (!nucleus.isConfirmed) this.#changes.confirm(nucleus.source, nucleus);
    this.#show();
  }

  /** Takes a nucleus away. @param {Cell} nucleus */
  remove(nucleus) {
    this.#delete([nucleus]);
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
    else if (key === "m") this.#mergeMarked();
    else if (key === "i") this.#bringInNearest();
    else if (key === "delete" || key === "backspace") this.#deleteMarked();
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

  /**
   * Adds a nucleus, the first in the place of the cell that stands for the whole field.
   *
   * @param {Contour} contour
   * @param {Origin} origin of the contour
   * @param {Contour[]} [leftOut] the objects that are left out from now on
   */
  #add(contour, origin, leftOut) {
    const field = this.#field();
    if (!field) return;
    const bare = this.#session.cells.filter((cell) => cell.source === field && cell.contour === null);
    this.#exchange(bare, [this.#session.newNucleus(field, contour, origin)], leftOut);
  }

  /** A nucleus with another contour: a person's answers stay with it. @param {Cell} nucleus @param {Contour} contour @returns {Cell} */
  #edited({ source, origin, corrections }, contour) {
    return { ...this.#session.newNucleus(source, contour, origin), isEdited: true, corrections: new Map(corrections) };
  }

  /** @param {Contour[]} contours the first is that of the selected nucleus */
  #change(contours) {
    const selected = this.#selected();
    if (!selected) return;
    // A piece of a nucleus is another nucleus.
    const changed = contours.map((contour, index) =>
      index === 0 ? this.#edited(selected, contour) : this.#session.newNucleus(selected.source, contour, "drawn"));
    this.#exchange([selected], changed);
  }

  #mergeMarked() {
    const selected = this.#selected();
    const others = [...this.#marked].filter((cell) => cell !== selected && cell.contour);
    if (!selected?.contour || others.length === 0) return void (this.#say.textContent = t("edit.mark-first"));
    let contour = selected.contour;
    let left = others;
    // A nucleus may touch the others only by way of a third one.
    for (let before = -1; left.length !== before;) {
      before = left.length;
      left = left.filter((other) => {
        const united = this.#geometry.unite(contour, /** @type {Contour} */ (other.contour));
        if (united) contour = united;
        return united === null;
      });
    }
    if (left.length > 0) return void (this.#say.textContent = t("edit.apart"));
    this.#exchange([selected, ...others], [this.#edited(selected, contour)]);
  }

  #deleteMarked() {
    const selected = this.#selected();
    this.#delete([...new Set([...(selected ? [selected] : []), ...this.#marked])].filter(({ contour }) => contour));
  }

  /** @param {Cell[]} nuclei of one field */
  #delete(nuclei) {
    if (nuclei.length === 0) return;
    this.#marked.clear();
    this.#changes.exchange(nuclei[0].source, nuclei, []);
    this.#say.textContent = t("edit.deleted");
    this.#show();
  }

  /** The object nearest to the cursor, or to the middle of the window. */
  #bringInNearest() {
    const [x, y] = this.#keyboard.placeOrMiddle;
    const distance = (/** @type {Contour} */ contour) => {
      const { left, top, right, bottom } = boxOf(contour);
      return Math.hypot((left + right) / 2 - x, (top + bottom) / 2 - y);
    };
    const objects = [...(this.#field()?.leftOut ?? [])].sort((one, other) => distance(one) - distance(other));
    if (objects.length > 0) this.bringIn(objects[0]);
  }

  #markSelected() {
    const selected = this.#selected();
    if (selected) this.mark(selected);
  }

  /** Puts nuclei in the place of others. @param {Cell[]} removed @param {Cell[]} added @param {Contour[]} [leftOut] the objects that are left out from now on */
  #exchange(removed, added, leftOut) {
    const field = this.#field();
    if (!field) return;
    this.#marked.clear();
    this.#changes.exchange(field, removed, added, leftOut);
    this.#say.textContent = "";
    this.#show();
  }

  /** @param {"undo" | "redo"} way */
  #walk(way) {
    const field = this.#field();
    this.cancel();
    if (field) this.#changes.historyOf(field)[way]();
    this.#show();
  }

  #selected() {
    const { selected } = this.#session;
    return selected && selected.contour && selected.source === this.#field() ? selected : null;
  }

  /** Cells that went otherwise cannot be marked any more. */
  #forgetGone() {
    for (const cell of this.#marked) if (!this.#session.cells.includes(cell)) this.#marked.delete(cell);
  }

  #show() {
    for (const button of this.#buttons) button.setAttribute("aria-pressed", String(button.dataset.tool === this.#name));
    const field = this.#field();
    const history = field && this.#changes.historyOf(field);
    // Not disabled: a disabled button would lose the focus.
    this.#undo.ariaDisabled = String(!history?.canUndo);
    this.#redo.ariaDisabled = String(!history?.canRedo);
    this.#merge.ariaDisabled = String(this.#marked.size === 0);
    this.#deleteButton.ariaDisabled = String(!this.#selected());
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
