/** The view of a field, the search for a nucleus by place, and the scale bar: plain functions of numbers. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { ContourIndex, boxOf, holds } from "../../www/field/contour-index.js";
import { scaleBar } from "../../www/field/scale-bar.js";
import { View } from "../../www/field/view.js";

/** @import { Contour } from "../../www/session/cell.js" */
/** @import { Point } from "../../www/field/view.js" */

/** A field of 1000×500 px in a window of 500×500. */
function newView() {
  const view = new View({ width: 1000, height: 500 });
  view.resize(500, 500);
  return view;
}

/** @param {Point} actual @param {Point} expected */
function near(actual, expected) {
  actual.forEach((value, axis) => assert.ok(Math.abs(value - expected[axis]) < 1e-9, `${actual} is not ${expected}`));
}

/** @param {number} left @param {number} top @param {number} side @returns {Contour} */
function square(left, top, side) {
  return [[left, top], [left + side, top], [left + side, top + side], [left, top + side]];
}

test("a field is shown whole at first, its outermost pixels included", () => {
  const view = newView();
  assert.equal(view.scale, 0.5);
  near(view.toWindow([-0.5, -0.5]), [0, 125]);
  near(view.toWindow([999.5, 499.5]), [500, 375]);
  view.resize(1000, 1000);
  assert.equal(view.scale, 1, "it stays whole when the window grows");
});

test("places go to the window and back", () => {
  const view = newView();
  view.zoom(3, [100, 200]);
  view.pan(-17, 5);
  near(view.toField(view.toWindow([123.25, 456.5])), [123.25, 456.5]);
});

test("the place under the pointer stays there as the field grows", () => {
  const view = newView();
  const held = view.toField([320, 260]);
  view.zoom(4, [320, 260]);
  assert.equal(view.scale, 2);
  near(view.toField([320, 260]), held);
});

test("nobody can lose the field", () => {
  const view = newView();
  view.zoom(1e9);
  assert.equal(view.scale, 32);
  view.zoom(1e-9);
  assert.equal(view.scale, 0.25);
  view.pan(1e9, -1e9);
  near(view.toField([250, 250]), [-0.5, 499.5]);
});

test("a box is brought into the window, and a box that is there moves nothing", () => {
  const view = newView();
  view.zoomTo(2);
  view.centre([500, 250]);
  const before = view.toField([0, 0]);
  view.reveal({ left: 480, top: 240, right: 510, bottom: 260 });
  near(view.toField([0, 0]), before);
  view.reveal({ left: 900, top: 10, right: 930, bottom: 40 });
  const { left, top, right, bottom } = view.shown;
  assert.ok(left < 900 && right > 930 && top < 10 && bottom > 40, JSON.stringify(view.shown));
  view.reveal({ left: 0, top: 0, right: 999, bottom: 499 });
  near(view.toField([250, 250]), [499.5, 249.5]);
});

test("the smallest nucleus about a place is found, across the index' squares", () => {
  const outer = square(50, 50, 100);
  const inner = square(60, 60, 10);
  const index = new ContourIndex([{ item: "outer", contour: outer }, { item: "inner", contour: inner }]);
  assert.equal(index.at([65, 65]), "inner");
  assert.equal(index.at([149, 149]), "outer");
  assert.equal(index.at([151, 100]), null);
  assert.deepEqual(index.within({ left: 0, top: 0, right: 55, bottom: 55 }), ["outer"]);
  assert.deepEqual(boxOf(outer), { left: 50, top: 50, right: 150, bottom: 150 });
});

test("a place in the bay of a contour lies outside", () => {
  /** @type {Contour} */
  const bay = [[0, 0], [10, 0], [10, 10], [5, 2], [0, 10]];
  assert.ok(holds(bay, 1, 5));
  assert.ok(!holds(bay, 5, 8));
});

test("the scale bar has a round length within a quarter of the window", () => {
  assert.deepEqual(scaleBar(1, null, 1000), { length: 200, unit: "px", width: 200 });
  assert.deepEqual(scaleBar(2, 0.25, 1000), { length: 20, unit: "µm", width: 160 });
  for (let scale = 0.01; scale < 40; scale *= 1.37) {
    const { width } = scaleBar(scale, 0.23, 800);
    assert.ok(width <= 200 && width >= 80, `${width} at ${scale}`);
  }
});
