/** Outlines put right on the page, with every tool: by mouse, by keyboard alone, by pen and finger. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { allRead, drawField, emptyPlace, isSelected, middleOf, openField, withReadyPage } from "./fields.js";
import { PATIENCE, drop, openSite } from "./harness.js";

/** @import { Page } from "playwright-core" */
/** @import { Point } from "../../www/field/view.js" */
/** @import { DrawnField, FieldOnPage } from "./fields.js" */

const { server, browser } = await openSite({ webgpu: false });

const timeout = PATIENCE;

/** Drawn nuclei. */
const COUNT = 24;

/** Opens the page with a drawn field. @param {import("node:test").TestContext} t @param {(page: Page, field: FieldOnPage, drawn: DrawnField) => Promise<void>} body */
async function withField(t, body) {
  const drawn = await drawField(t, { nuclei: COUNT });
  await withReadyPage(browser, server.address, async (page) => body(page, await openField(page, drawn), drawn));
}

/** @param {Page} page @param {string} name */
function tool(page, name) {
  return page.locator(`.field-tools [data-tool=${name}]`).click();
}

/** The number of the nucleus under a place, as the pointer's words tell it; null where there is none. @param {Page} page @param {FieldOnPage} field @param {Point} place */
async function nucleusAt(page, field, place) {
  await tool(page, "hand");
  await page.mouse.move(...(await field.at(place)));
  const tip = page.locator(".field-tip");
  if (await tip.isHidden()) return null;
  return Number(/^Cell (\d+)/.exec(await tip.innerText())?.[1]);
}

/** A place at this distance from another. @param {Point} place @param {number} dx @param {number} dy @returns {Point} */
function beside([x, y], dx, dy = 0) {
  return [x + dx, y + dy];
}

/** A circle about a place. @param {Point} middle @param {number} radius @returns {Point[]} */
function circle([x, y], radius) {
  return Array.from({ length: 17 }, (_, step) => [x + radius * Math.cos((step / 16) * 2 * Math.PI), y + radius * Math.sin((step / 16) * 2 * Math.PI)]);
}

test("a nucleus is drawn in one stroke or by its corners, deleted, and every step taken back and done again", { timeout }, async (t) => {
  await withField(t, async (page, field, drawn) => {
    const place = emptyPlace(drawn, 24);
    await tool(page, "draw");
    await field.drag(circle(place, 14));
    await allRead(page, COUNT + 1);
    await isSelected(page, COUNT + 1);
    await until(() => nucleusAt(page, field, place), COUNT + 1);
    await page.locator(".edit-delete").click();
    await allRead(page, COUNT);
    await until(() => nucleusAt(page, field, place), null);
    await tool(page, "draw");
    for (const corner of [[-14, -14], [14, -14], [14, 14], [-14, 14], [-13, -13]]) await field.press(beside(place, corner[0], corner[1]));
    await allRead(page, COUNT + 1);
    await until(() => nucleusAt(page, field, beside(place, 11, 11)), COUNT + 1);
    for (const count of [COUNT, COUNT + 1, COUNT]) {
      await page.locator(".edit-undo").click();
      await allRead(page, count);
    }
    assert.equal(await page.locator(".edit-undo").getAttribute("aria-disabled"), "true");
    for (const count of [COUNT + 1, COUNT, COUNT + 1]) {
      await page.locator(".edit-redo").click();
      await allRead(page, count);
    }
  });
});

test("a deleted nucleus comes back with its number", { timeout }, async (t) => {
  await withField(t, async (page, field, drawn) => {
    const place = middleOf(drawn.contours[6]);
    await field.press(place);
    await isSelected(page, 7);
    await field.keys("Delete");
    await allRead(page, COUNT - 1);
    await page.locator(".edit-undo").click();
    await allRead(page, COUNT);
    await until(() => nucleusAt(page, field, place), 7);
    await until(() => nucleusAt(page, field, middleOf(drawn.contours[20])), 21);
  });
});

test("the brush adds and takes away, the nucleus is read again, and answers stay", { timeout }, async (t) => {
  await withField(t, async (page, field, drawn) => {
    const middle = middleOf(drawn.contours[9]);
    const reach = Math.max(...drawn.contours[9].map(([x]) => x)) - middle[0];
    const outside = beside(middle, reach + 9);
    await field.press(middle);
    await isSelected(page, 10);
    await field.keys("1");
    const answer = () => page.locator("#rows > li[aria-selected=true] .mark").first().getAttribute("data-human");
    await page.locator("#rows > li[aria-selected=true] .mark[data-human=true], #rows > li[aria-selected=true] .mark[data-human=false]").waitFor({ state: "attached" });
    const said = await answer();
    const read = await probabilities(page);
    await tool(page, "add");
    await field.drag([middle, outside]);
    await allRead(page, COUNT);
    await until(() => nucleusAt(page, field, outside), 10);
    assert.equal(await answer(), said);
    // The larger nucleus is read.
    await until(async () => JSON.stringify(await probabilities(page)) === JSON.stringify(read), false);
    await tool(page, "take");
    await field.drag([beside(outside, 15), outside]);
    await allRead(page, COUNT);
    await until(async () => (await nucleusAt(page, field, outside)) === 10, false);
    await field.keys("Control+z", "Control+z");
    await page.waitForFunction((read) => JSON.stringify([...document.querySelectorAll("#rows > li[aria-selected=true] .mark")].map((mark) =>
      /** @type {HTMLElement} */ (mark).dataset.probability)) === JSON.stringify(read), read);
    assert.equal(await answer(), said);
  });
});

test("corners move, a line splits, marked nuclei merge", { timeout }, async (t) => {
  await withField(t, async (page, field, drawn) => {
    const place = emptyPlace(drawn, 34);
    await tool(page, "draw");
    for (const corner of [[-16, -16], [16, -16], [16, 16], [-16, 16]]) await field.press(beside(place, corner[0], corner[1]));
    await field.keys("Enter");
    await allRead(page, COUNT + 1);
    await tool(page, "corners");
    await field.drag([beside(place, 16, 16), beside(place, 26, 26)]);
    await allRead(page, COUNT + 1);
    await until(() => nucleusAt(page, field, beside(place, 20, 20)), COUNT + 1);
    await tool(page, "split");
    await field.drag([beside(place, 0, -30), beside(place, 0, 32)]);
    await allRead(page, COUNT + 2);
    const halves = [await nucleusAt(page, field, beside(place, -10)), await nucleusAt(page, field, beside(place, 10))];
    assert.deepEqual([...halves].sort(), [COUNT + 1, COUNT + 2]);
    await field.press(beside(place, -10));
    await page.keyboard.down("Shift");
    await field.press(beside(place, 10));
    await page.keyboard.up("Shift");
    await page.locator(".edit-merge").click();
    await allRead(page, COUNT + 1);
    await until(async () => (await nucleusAt(page, field, beside(place, -10))) === (await nucleusAt(page, field, beside(place, 10))), true);
    await field.keys("m");
    assert.match(await page.locator(".edit-say").innerText(), /^Mark other nuclei first/);
  });
});

test("the keyboard alone draws, paints, moves a corner, splits, merges, deletes and takes back", { timeout }, async (t) => {
  await withField(t, async (page, field, drawn) => {
    const stage = page.locator(".field-stage");
    // The cursor starts in the middle of the window, and so it does after each choice of a tool.
    await field.at([0, 0]);
    const { scale } = field.view;
    const step = 8 / scale;
    const times = (/** @type {string} */ key, /** @type {number} */ count) => Array.from({ length: count }, () => key);
    const place = emptyPlace(drawn, 30);
    const middle = middleOf([[-0.5, -0.5], [drawn.size.width - 0.5, drawn.size.height - 0.5]]);
    const way = (/** @type {Point} */ [x, y]) => [
      ...times(x > middle[0] ? "ArrowRight" : "ArrowLeft", Math.round(Math.abs(x - middle[0]) / step)),
      ...times(y > middle[1] ? "ArrowDown" : "ArrowUp", Math.round(Math.abs(y - middle[1]) / step)),
    ];
    const side = Math.max(2, Math.round(24 / step));
    await stage.focus();
    const to = way(beside(place, -12, -12));
    await field.keys("d", ...to, " ", " ", ...times("ArrowRight", side), " ", " ", ...times("ArrowDown", side), " ", " ", ...times("ArrowLeft", side), " ", " ", "Enter");
    await allRead(page, COUNT + 1);
    await isSelected(page, COUNT + 1);
    assert.equal(await page.evaluate(() => document.activeElement?.className), "field-stage", "the focus stays on the field");
    // Adds to the right, and takes it away.
    const right = beside(place, 16);
    await field.keys("b", ...way(place), " ", ...times("ArrowRight", Math.round(16 / step)), " ");
    await allRead(page, COUNT + 1);
    await until(() => nucleusAt(page, field, right), COUNT + 1);
    await field.keys("e", ...way(beside(place, 30)), " ", ...times("ArrowLeft", Math.round(14 / step)), " ");
    await allRead(page, COUNT + 1);
    await until(() => nucleusAt(page, field, right), null);
    await field.keys("Control+z", "Control+z");
    // The first corner, one step out.
    const outside = beside(place, -12 - 1.2 * step, -12 - 1.2 * step);
    await field.keys("c", ...to, " ", ...times("ArrowLeft", 2), ...times("ArrowUp", 2), " ");
    await allRead(page, COUNT + 1);
    await until(() => nucleusAt(page, field, outside), COUNT + 1);
    await field.keys("s", ...way(beside(place, 0, -30)), " ", ...times("ArrowDown", Math.round(60 / step)), " ");
    await allRead(page, COUNT + 2);
    // X marks the selected one, N and P walk on.
    await field.keys("v", "x", (await page.locator("#detail-name").innerText()).endsWith(`#${COUNT + 2}`) ? "p" : "n", "m");
    await allRead(page, COUNT + 1);
    await field.keys("Delete");
    await allRead(page, COUNT);
    await field.keys("Control+z", "Control+z");
    await allRead(page, COUNT + 2);
    await field.keys("Control+Shift+z", "Control+y");
    await allRead(page, COUNT);
  });
});

test("a pen draws while a finger moves the view, and a second finger ends a stroke", { timeout }, async (t) => {
  await withField(t, async (page, field, drawn) => {
    const place = emptyPlace(drawn, 24);
    const places = [];
    for (const point of circle(place, 14)) places.push(await field.at(point));
    await tool(page, "draw");
    const pointer = (/** @type {string} */ pointerType, /** @type {number} */ pointerId, /** @type {Point[]} */ way, ends = true) =>
      page.locator(".field-stage").evaluate((stage, { pointerType, pointerId, way, ends }) => {
        // Made-up pointers cannot be captured.
        stage.setPointerCapture = () => {};
        const send = (/** @type {string} */ type, /** @type {Point} */ [clientX, clientY]) =>
          stage.dispatchEvent(new PointerEvent(type, { pointerType, pointerId, clientX, clientY, bubbles: true, isPrimary: true }));
        send("pointerdown", way[0]);
        for (const place of way) send("pointermove", place);
        if (ends) send("pointerup", way[way.length - 1]);
      }, { pointerType, pointerId, way, ends });
    await pointer("touch", 2, places.slice(0, 5), false);
    await pointer("touch", 3, [places[8]]);
    await pointer("touch", 2, [places[4]]);
    await page.locator(".field-fit").click();
    assert.equal(await page.locator("#tally").innerText(), `${COUNT} of ${COUNT} read`, "two fingers draw nothing");
    await pointer("pen", 4, places);
    await allRead(page, COUNT + 1);
    const [from, to] = [await field.at(place), await field.at(beside(place, 30, 20))];
    await pointer("touch", 5, [from, to]);
    assert.equal(await page.locator("#tally").innerText(), `${COUNT + 1} of ${COUNT + 1} read`, "a finger draws nothing beside a pen");
    field.view.pan(to[0] - from[0], to[1] - from[1]);
    await until(() => nucleusAt(page, field, place), COUNT + 1);
  });
});

test("a nucleus removed from the table comes back too; with other outlines there is nothing to take back", { timeout }, async (t) => {
  await withField(t, async (page, field, drawn) => {
    await field.press(middleOf(drawn.contours[3]));
    await field.keys("Delete");
    await allRead(page, COUNT - 1);
    await page.click("#clear");
    await page.locator("#results").waitFor({ state: "hidden" });
    await page.click("#undo");
    await allRead(page, COUNT - 1);
    // The field is on show again with the next frame.
    await page.locator(".field-stage").waitFor();
    await field.keys("Control+z");
    await allRead(page, COUNT);
    // In the field: the table may still scroll to the nucleus that came back.
    await field.press(middleOf(drawn.contours[7]));
    await isSelected(page, 8);
    await page.click("#remove");
    await allRead(page, COUNT - 1);
    // The next one has its number now.
    await isSelected(page, 8);
    await until(() => nucleusAt(page, field, middleOf(drawn.contours[7])), null);
    assert.equal(await page.locator(".edit-redo").getAttribute("aria-disabled"), "true");
    await page.click(".edit-undo");
    await allRead(page, COUNT);
    await until(() => nucleusAt(page, field, middleOf(drawn.contours[7])), 8);
    await drop(page, [drawn.file]);
    await page.locator(".edit-redo[aria-disabled=true]").waitFor();
    await allRead(page, COUNT);
    assert.equal(await page.locator(".edit-undo").getAttribute("aria-disabled"), "true");
  });
});

/** The probabilities of the selected row. @param {Page} page */
function probabilities(page) {
  return page.locator("#rows > li[aria-selected=true] .mark").evaluateAll((marks) =>
    marks.map((mark) => /** @type {HTMLElement} */ (mark).dataset.probability));
}

/** Waits until a value is as expected: a changed nucleus is shown with the next frames, and read after that. @template Value @param {() => Promise<Value>} value @param {Value} expected */
async function until(value, expected) {
  const end = performance.now() + 20_000;
  let last = await value();
  while (last !== expected && performance.now() < end) last = await value();
  assert.equal(last, expected);
}
