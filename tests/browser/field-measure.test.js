/** Measurements of nuclei and the field as a whole: in the panel, the table, the colours, and at a glance. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { STYLES } from "../../www/field/colouring.js";
import { groupSizes } from "../../www/field/summary/summary.js";
import { coarse, drawField, isSelected, middleOf, openField, sortBy, withReadyPage } from "./fields.js";
import { PATIENCE, openSite } from "./harness.js";

/** @import { Contour } from "../../www/session/cell.js" */

const { server, browser } = await openSite({ webgpu: false });

const timeout = PATIENCE;

/** The area within a contour. @param {Contour} contour */
function areaOf(contour) {
  return Math.abs(contour.reduce((sum, [x, y], index) => {
    const [nextX, nextY] = contour[(index + 1) % contour.length];
    return sum + (x * nextY - nextX * y) / 2;
  }, 0));
}

test("a nucleus is compared with the median of its field, and measured in px, or µm where the scale is known", { timeout }, async (t) => {
  const drawn = await drawField(t);
  const areas = drawn.contours.map(areaOf);
  const median = areas.toSorted((a, b) => a - b)[Math.floor(areas.length / 2)];
  await withReadyPage(browser, server.address, async (page) => {
    const field = await openField(page, drawn);
    await field.press(middleOf(drawn.contours[7]));
    await isSelected(page, 8);
    const size = page.locator("#detail-size");
    await size.waitFor();
    const ratio = Number.parseFloat(await size.innerText());
    assert.match(await size.innerText(), /^[\d.]+ × the median nucleus of this field$/);
    assert.ok(Math.abs(ratio - areas[7] / median) < 0.15, `${ratio}, and ${areas[7] / median} by its points`);
    await page.click("#measured summary");
    const area = page.locator("#measured dd").first();
    assert.match(await area.innerText(), /px²$/);
    const pixels = Number((await area.innerText()).replace(/[^\d.]/g, ""));
    await page.click(".scale-box summary");
    await page.fill(".scale-value", "0.5");
    await page.keyboard.press("Enter");
    await page.locator("#measured dd", { hasText: "µm²" }).first().waitFor();
    const micrometres = Number((await area.innerText()).replace(/[^\d.]/g, ""));
    assert.ok(Math.abs(micrometres / pixels - 0.25) < 0.01);
  });
});

test("the table sorts by a measurement, and outlines are coloured by its quarters", { timeout }, async (t) => {
  const drawn = await drawField(t);
  const areas = drawn.contours.map(areaOf);
  await withReadyPage(browser, server.address, async (page) => {
    const field = await openField(page, drawn);
    await page.locator("#detail-size").waitFor();
    await page.selectOption(".field-colouring", "measurement:area");
    assert.deepEqual((await page.locator(".field-styles > span").allInnerTexts()).map((words) => words.split(" ")[0]), ["below", "below", "below", "from"]);
    await sortBy(page, "measurement:area");
    await page.locator("#rows > li").first().click();
    const numbers = (await page.locator("#rows > li .name").allInnerTexts()).map((name) => Number(/#(\d+)$/.exec(name)?.[1]));
    assert.equal(numbers[0] - 1, areas.indexOf(Math.max(...areas)));
    assert.equal(await field.colourOf(drawn.contours[numbers[1] - 1]), coarse(STYLES.fourth.colour));
    const smallest = areas.indexOf(Math.min(...areas));
    // A dotted line of 1.5 px is a little darker where its pixels are shared with the seam: one step in each channel.
    const [found, wanted] = [await field.colourOf(drawn.contours[smallest]), coarse(STYLES.first.colour)].map((colour) => colour.split(",").map(Number));
    assert.ok(wanted.every((step, channel) => Math.abs(step - found[channel]) <= 1), `${found}, not ${wanted}`);
  });
});

test("a field at a glance: counts, key nuclei that can be gone to, groups without a verdict, on paper too", { timeout }, async (t) => {
  const drawn = await drawField(t);
  await withReadyPage(browser, server.address, async (page) => {
    await openField(page, drawn);
    await page.click(".field-summary");
    const sheet = page.locator("#summary-sheet");
    await sheet.waitFor();
    assert.match(await sheet.innerText(), /smear\.png 24 nuclei; 24 of 24 read/);
    const counts = (await sheet.locator(".summary-counts").first().innerText()).match(/\d+ \(/g) ?? [];
    assert.equal(counts.reduce((sum, count) => sum + Number.parseInt(count, 10), 0), 24, "each nucleus has one level");
    assert.equal(await sheet.locator(".summary-key li").count(), 10);
    assert.match(await sheet.locator(".summary-groups").innerText(), /^\d of 6 groups of at least 10 nuclei that touch.*no verdict/);
    await page.evaluate(() => Object.assign(window, { print: () => Object.assign(window, { printed: document.querySelector("#report")?.textContent }) }));
    await page.click("#summary-print");
    assert.match(await page.evaluate(() => /** @type {any} */ (window).printed), /The field at a glance.*smear\.png.*Groups/s);
    await page.evaluate(() => dispatchEvent(new Event("afterprint")));
    await page.click(".field-summary");
    const name = await sheet.locator(".summary-key button").nth(1).innerText();
    await sheet.locator(".summary-key button").nth(1).click();
    await isSelected(page, Number(name.replace(/\D/g, "")));
  });
});

test("nuclei that touch form a group, also by way of others", () => {
  const square = (/** @type {number} */ x, /** @type {number} */ y) => /** @type {Contour} */ ([[x, y], [x + 30, y], [x + 30, y + 30], [x, y + 30]]);
  const chain = Array.from({ length: 11 }, (_, index) => square(31 * index, 20 * (index % 2)));
  assert.deepEqual(groupSizes([square(0, 200), ...chain, square(34, 200)]), [11, 1, 1]);
  assert.deepEqual(groupSizes([]), []);
});
