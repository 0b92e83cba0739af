/** The tools that put outlines right, on a bench of their own: plain geometry takes the program's place. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { History } from "../../www/field/edit/history.js";
import { Ruler } from "../../www/field/edit/ruler.js";
import { brushed, simplified, simplifiedContour } from "../../www/field/edit/shapes.js";
import { Brush, Corners, Draw, Split } from "../../www/field/edit/tools.js";

/** @import { Contour } from "../../www/session/cell.js" */
/** @import { Bench, Tool } from "../../www/field/edit/tools.js" */
/** @import { Point } from "../../www/field/view.js" */

/** @type {Contour} */
const SQUARE = [[100, 100], [140, 100], [140, 140], [100, 140]];

/** A bench that notes what a tool asks for. @param {Partial<Bench["geometry"]>} [geometry] @param {Contour | null} [selected] */
function newBench(geometry = {}, selected = SQUARE) {
  /** @type {{added: Contour[], changed: Contour[][], measured: number[]}} */
  const asked = { added: [], changed: [], measured: [] };
  /** @type {Bench} */
  const bench = {
    geometry: { tidy: (line) => line, unite: () => null, subtract: (one) => [one], split: (one) => [one], redCells: () => null, ...geometry },
    selected: () => selected,
    add: (contour) => void asked.added.push(contour),
    change: (contours) => void asked.changed.push(contours),
    measured: (pixels) => void asked.measured.push(pixels),
    radius: () => 10,
    pixel: () => 1,
  };
  return { bench, asked };
}

/** @param {Tool} tool @param {Point[]} way */
function drag(tool, way) {
  tool.press(way[0]);
  for (const point of way.slice(1)) tool.move(point);
  tool.release(way[way.length - 1]);
}

/** @param {number} radius @param {number} count @returns {Point[]} */
function circle(radius, count) {
  return Array.from({ length: count }, (_, index) => {
    const angle = (index / count) * 2 * Math.PI;
    return [radius * Math.cos(angle), radius * Math.sin(angle)];
  });
}

test("one stroke draws an outline, without the points that say nothing", () => {
  const { bench, asked } = newBench();
  const tool = new Draw(bench);
  drag(tool, circle(20, 400));
  assert.equal(asked.added.length, 1);
  const [contour] = asked.added;
  assert.ok(contour.length > 8 && contour.length < 60, `${contour.length} points`);
  for (const [x, y] of contour) assert.ok(Math.abs(Math.hypot(x, y) - 20) < 1e-9);
  assert.deepEqual(tool.sketch().line, []);
});

test("presses draw an outline corner by corner, and the first corner ends it", () => {
  const { bench, asked } = newBench();
  const tool = new Draw(bench);
  for (const corner of /** @type {Point[]} */ ([[0, 0], [50, 0], [50, 50]])) drag(tool, [corner]);
  assert.deepEqual(asked.added, []);
  drag(tool, [[1, 1]]);
  assert.deepEqual(asked.added, [[[0, 0], [50, 0], [50, 50]]]);
  drag(tool, [[0, 0]]);
  assert.equal(tool.finish(), false, "a point is no outline");
  assert.equal(asked.added.length, 1);
});

test("a brush asks for one change a stroke, and a nucleus that is painted away goes", () => {
  /** @type {Contour[]} */
  const strokes = [];
  const adding = newBench({ unite: (one, stroke) => (strokes.push(stroke), one) });
  drag(new Brush(adding.bench, true), [[140, 120], [150, 120], [160, 120]]);
  assert.equal(strokes.length, 3);
  assert.equal(adding.asked.changed.length, 1);
  const taking = newBench({ subtract: () => [] });
  drag(new Brush(taking.bench, false), [[120, 120]]);
  assert.deepEqual(taking.asked.changed, [[]]);
});

test("a corner is moved, and a press on a side makes one there", () => {
  const { bench, asked } = newBench();
  drag(new Corners(bench), [[102, 101], [90, 95]]);
  assert.deepEqual(asked.changed.pop(), [[[90, 95], ...SQUARE.slice(1)]]);
  drag(new Corners(bench), [[120, 99], [120, 90]]);
  assert.deepEqual(asked.changed.pop(), [[SQUARE[0], [120, 90], ...SQUARE.slice(1)]]);
  drag(new Corners(bench), [[300, 300], [310, 300]]);
  assert.equal(asked.changed.length, 0);
});

test("a line that cuts nothing changes nothing", () => {
  const { bench, asked } = newBench();
  drag(new Split(bench), [[0, 0], [10, 0]]);
  assert.deepEqual(asked.changed, []);
  const halves = newBench({ split: () => [SQUARE, SQUARE] });
  drag(new Split(halves.bench), [[120, 90], [120, 150]]);
  assert.equal(halves.asked.changed[0].length, 2);
});

test("a ruler tells the length of its line, which stays on show, and changes nothing", () => {
  const { bench, asked } = newBench();
  const tool = new Ruler(bench);
  drag(tool, [[10, 10], [12, 50], [40, 50]]);
  assert.deepEqual(asked, { added: [], changed: [], measured: [50] });
  assert.deepEqual(tool.sketch().line, [[10, 10], [40, 50]]);
  tool.move([70, 70]);
  assert.deepEqual(tool.sketch().line, [[10, 10], [40, 50]]);
});

test("a brush covers a round place, and its way between two", () => {
  for (const [from, to] of /** @type {[Point, Point][]} */ ([[[0, 0], [0, 0]], [[3, 4], [30, -7]]])) {
    for (const [x, y] of brushed(from, to, 5)) {
      const distance = Math.min(Math.hypot(x - from[0], y - from[1]), Math.hypot(x - to[0], y - to[1]));
      assert.ok(Math.abs(distance - 5) < 1e-9);
    }
  }
});

test("a simplified line stays within the tolerance", () => {
  assert.deepEqual(simplified([[0, 0], [5, 0.1], [10, 0]], 0.2), [[0, 0], [10, 0]]);
  assert.deepEqual(simplified([[0, 0], [5, 0.3], [10, 0]], 0.2), [[0, 0], [5, 0.3], [10, 0]]);
  assert.deepEqual(simplifiedContour([[0, 0], [5, 0], [10, 0], [10, 10], [0, 10]], 0.2), [[0, 0], [10, 0], [10, 10], [0, 10]]);
});

test("changes are taken back and done again without end, until another change", () => {
  /** @type {number[]} */
  const values = [0];
  const history = new History();
  for (let value = 1; value <= 200; value++) history.do({ redo: () => values.push(value), undo: () => values.pop() });
  for (let step = 0; step < 300; step++) history.undo();
  assert.deepEqual(values, [0]);
  assert.equal(history.canUndo, false);
  for (let step = 0; step < 50; step++) history.redo();
  assert.equal(values.at(-1), 50);
  history.do({ redo: () => values.push(-1), undo: () => values.pop() });
  assert.equal(history.canRedo, false);
});
