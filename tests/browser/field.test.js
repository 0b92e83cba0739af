/** A photograph with the outlines of its nuclei: shown, read, walked through, looked at from near and far. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { STYLES } from "../../www/field/colouring.js";
import { coarse, drawField, isSelected, middleOf, openField, selectedName, sortBy, withReadyPage } from "./fields.js";
import { PATIENCE, openSite } from "./harness.js";

/** @import { CDPSession } from "playwright-core" */
/** @import { Point } from "../../www/field/view.js" */

const { server, browser } = await openSite({ webgpu: false });

const timeout = PATIENCE;

const WHITE = coarse("#ffffff");

test("a photograph dropped with its outlines is shown with them, and every nucleus is read", { timeout }, async (t) => {
  const drawn = await drawField(t);
  await withReadyPage(browser, server.address, async (page) => {
    const field = await openField(page, drawn);
    assert.equal(await page.locator(".field-name").innerText(), "smear.png");
    assert.equal(await page.locator("#rows > li .name").first().innerText(), "smear.png #1");
    await page.locator("#rows > li .picture canvas").first().waitFor();
    const [selected, ...others] = drawn.contours;
    assert.equal(await field.colourOf(selected), WHITE, "the first nucleus is selected");
    const colours = await Promise.all(others.map((contour) => field.colourOf(contour)));
    const known = [STYLES.high, STYLES.medium, STYLES.low].map(({ colour }) => coarse(colour));
    assert.deepEqual(colours.filter((colour) => !known.includes(colour)), []);
    await page.locator("#portrait").waitFor();
  });
});

test("table and field have one selection: a press, a row, N and P move it in both", { timeout }, async (t) => {
  const drawn = await drawField(t);
  await withReadyPage(browser, server.address, async (page) => {
    const field = await openField(page, drawn);
    await field.press(middleOf(drawn.contours[11]));
    await isSelected(page, 12);
    assert.equal(await field.colourOf(drawn.contours[11]), WHITE);
    await page.locator("#rows > li .name", { hasText: /#10$/ }).click();
    await isSelected(page, 10);
    assert.equal(await field.colourOf(drawn.contours[9]), WHITE);
    assert.notEqual(await field.colourOf(drawn.contours[11]), WHITE);
    await field.keys("n", "n", "p");
    await isSelected(page, 11);
    await page.locator(".field-tip", { hasText: /^Cell 11: / }).waitFor();
    // In another order the next cell is the next row.
    await sortBy(page, "risk");
    const rows = await page.locator("#rows > li .name").allInnerTexts();
    await page.locator("#rows > li").first().click();
    await field.keys("n");
    await page.waitForFunction((name) => document.querySelector("#detail-name")?.textContent === name, rows[1]);
    assert.equal(await selectedName(page), rows[1]);
  });
});

test("the nucleus under the pointer is named with its risk and features", { timeout }, async (t) => {
  const drawn = await drawField(t);
  await withReadyPage(browser, server.address, async (page) => {
    const field = await openField(page, drawn);
    const tip = page.locator(".field-tip");
    await page.mouse.move(...(await field.at(middleOf(drawn.contours[4]))));
    await tip.waitFor();
    assert.match(await tip.innerText(), /^Cell 5: (Low|Medium|High) \d+\. \S/);
    await page.mouse.move(5, 5);
    await tip.waitFor({ state: "hidden" });
    assert.equal(await selectedName(page), "smear.png #1", "a look selects nothing");
  });
});

test("outlines are hidden and shown by a key, a switch, and made pale", { timeout }, async (t) => {
  const drawn = await drawField(t);
  await withReadyPage(browser, server.address, async (page) => {
    const field = await openField(page, drawn);
    const other = drawn.contours[7];
    const before = await field.colourOf(other);
    await field.keys("o");
    assert.equal(await field.colourOf(other), "none");
    assert.equal(await page.isChecked(".field-outlined"), false);
    await page.check(".field-outlined");
    assert.equal(await field.colourOf(other), before);
    await page.locator(".field-opacity input").fill("20");
    assert.equal(await field.colourOf(other), "none", "a fifth of its colour is less than half");
  });
});

test("outlines are coloured by a feature, and a legend names the colours", { timeout }, async (t) => {
  const drawn = await drawField(t);
  await withReadyPage(browser, server.address, async (page) => {
    const field = await openField(page, drawn);
    assert.deepEqual(await page.locator(".field-styles > span").allInnerTexts(), ["High", "Medium", "Low", "not yet read"]);
    await page.selectOption(".field-colouring", "feature:Grooves");
    assert.deepEqual(await page.locator(".field-styles > span").allInnerTexts(), ["present", "not sure", "absent", "not yet read"]);
    await sortBy(page, "feature:Grooves");
    // The first row is selected, and so white: the calls are those of the rows after it.
    await page.locator("#rows > li").first().click();
    await page.waitForFunction(() => document.querySelector("#rows > li")?.getAttribute("aria-selected") === "true");
    // The field is drawn with the same frame or the next one.
    await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))));
    const calls = await page.locator("#rows > li:not([aria-selected=true])").evaluateAll((rows) => rows.map((row) => {
      const { present, unsure } = /** @type {HTMLElement} */ (row.querySelector("[data-feature=Grooves]")).dataset;
      const number = Number(/#(\d+)$/.exec(row.querySelector(".name")?.textContent ?? "")?.[1]);
      return { number, style: /** @type {"unsure" | "present" | "absent"} */ (unsure === "true" ? "unsure" : present === "true" ? "present" : "absent") };
    }));
    assert.ok(calls.length > 3);
    for (const { number, style } of calls) {
      assert.equal(await field.colourOf(drawn.contours[number - 1]), coarse(STYLES[style].colour), `nucleus ${number} is ${style}`);
    }
  });
});

test("the view moves by keys, wheel, drag and buttons, and the overview shows where it is", { timeout }, async (t) => {
  const drawn = await drawField(t);
  await withReadyPage(browser, server.address, async (page) => {
    const field = await openField(page, drawn);
    const overview = page.locator(".field-overview");
    const place = middleOf(drawn.contours[8]);
    const pressed = async () => {
      await field.press(place);
      await isSelected(page, 9);
      await page.locator("#rows > li").first().click();
      await isSelected(page, 1);
    };
    await overview.waitFor({ state: "hidden" });
    await page.mouse.move(...(await field.at(place)));
    await page.mouse.wheel(0, -600);
    const { view } = field;
    view.zoom(1.0015 ** 600, view.toWindow(place));
    await field.press(place);
    await isSelected(page, 9);
    await overview.waitFor();
    await field.keys("+", "ArrowLeft", "-", "0");
    view.fit();
    await pressed();
    await page.locator(".field-larger").click();
    await page.locator(".field-fit").click();
    await pressed();
    const [from, to] = [await field.at([320, 240]), await field.at([300, 250])];
    await page.mouse.move(...from);
    await page.mouse.down();
    await page.mouse.move(...to, { steps: 5 });
    await page.mouse.up();
    view.pan(to[0] - from[0], to[1] - from[1]);
    await field.press(place);
    await isSelected(page, 9);
  });
});

test("two fingers enlarge and move a field, and a finger presses a nucleus", { timeout }, async (t) => {
  const drawn = await drawField(t);
  await withReadyPage(browser, server.address, async (page) => {
    const field = await openField(page, drawn);
    const touch = await page.context().newCDPSession(page);
    const place = middleOf(drawn.contours[13]);
    const start = await field.at(place);
    await touchAlong(touch, [
      [start, [start[0] + 50, start[1]]],
      [[start[0] + 30, start[1]], [start[0] + 180, start[1]]],
    ]);
    // What was under the first finger still is.
    await touchAlong(touch, [[[start[0] + 30, start[1]]]]);
    await isSelected(page, 14);
    await page.locator(".field-overview").waitFor();
    assert.match(await page.locator(".field-scale").innerText(), /^\d+ px$/);
  }, { hasTouch: true });
});

test("in a small window the field stands above its cells and follows the finger", { timeout }, async (t) => {
  const drawn = await drawField(t);
  await withReadyPage(browser, server.address, async (page) => {
    const field = await openField(page, drawn);
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true, "nothing is wider than the window");
    const { top = Infinity } = await page.locator(".field-stage").evaluate((stage) => stage.getBoundingClientRect().toJSON());
    assert.ok(top < 300, `the field begins at ${top} px`);
    const heights = await page.locator(".edit-tools button").evaluateAll((buttons) => buttons.map((button) => button.clientHeight));
    assert.ok(heights.every((height) => height >= 42), `a finger meets tools of ${heights} px`);
    const touch = await page.context().newCDPSession(page);
    await page.locator(".field-stage").scrollIntoViewIfNeeded();
    await touchAlong(touch, [[await field.at(middleOf(drawn.contours[5]))]]);
    await page.locator("#rows > li[aria-selected=true] .name", { hasText: "#6" }).waitFor();
  }, { hasTouch: true, viewport: { width: 360, height: 740 } });
});

/**
 * Puts fingers down at the first places, moves them to the next ones in ten steps, and lifts them.
 *
 * @param {CDPSession} touch
 * @param {Point[][]} stops the places of all fingers, one after another
 */
async function touchAlong(touch, stops) {
  const send = (/** @type {"touchStart" | "touchMove" | "touchEnd"} */ type, /** @type {Point[]} */ places) =>
    touch.send("Input.dispatchTouchEvent", { type, touchPoints: places.map(([x, y], id) => ({ x, y, id })) });
  await send("touchStart", stops[0]);
  for (const [index, stop] of stops.slice(1).entries()) {
    for (let step = 1; step <= 10; step++) {
      await send("touchMove", stop.map(([x, y], finger) => {
        const [fromX, fromY] = stops[index][finger];
        return [fromX + ((x - fromX) * step) / 10, fromY + ((y - fromY) * step) / 10];
      }));
    }
  }
  await send("touchEnd", []);
}
