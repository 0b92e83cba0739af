/** Fields in a session: kept in the browser, saved as a file, and opened again. */

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { FieldOnPage, allRead, drawField, emptyPlace, isSelected, middleOf, openField, withReadyPage } from "./fields.js";
import { PATIENCE, drop, openSite, ready } from "./harness.js";

/** @import { Page } from "playwright-core" */
/** @import { DrawnField } from "./fields.js" */

const { server, browser } = await openSite({ webgpu: false });

const timeout = PATIENCE;

const COUNT = 12;

/** Opens a field, answers for nucleus 3, makes nucleus 5 larger, and draws one more. @param {Page} page @param {DrawnField} drawn */
async function work(page, drawn) {
  const field = await openField(page, drawn);
  await field.press(middleOf(drawn.contours[2]));
  await isSelected(page, 3);
  await field.keys("2");
  const middle = middleOf(drawn.contours[4]);
  await field.press(middle);
  await isSelected(page, 5);
  await field.keys("b");
  await field.drag([middle, [middle[0] + 20, middle[1]]]);
  await allRead(page, COUNT);
  await field.keys("d");
  const place = emptyPlace(drawn, 20);
  await field.drag([[-12, -12], [12, -12], [12, 12], [-12, 12], [-12, -11]].map(([dx, dy]) => [place[0] + dx, place[1] + dy]));
  await allRead(page, COUNT + 1);
  await field.keys("v");
}

/** The session as the page saves it. @param {Page} page */
async function saved(page) {
  await page.click("#open-session");
  const [download] = await Promise.all([page.waitForEvent("download"), page.click("#save-json")]);
  const path = await download.path();
  await page.keyboard.press("Escape");
  return { path, session: JSON.parse(await readFile(path, "utf8")) };
}

test("a reload brings fields back with outlines, edits, answers and numbers", { timeout }, async (t) => {
  const drawn = await drawField(t, { nuclei: COUNT });
  await withReadyPage(browser, server.address, async (page) => {
    await work(page, drawn);
    const before = (await saved(page)).session;
    await page.reload();
    await ready(page);
    await allRead(page, COUNT + 1);
    const after = (await saved(page)).session;
    assert.deepEqual(after.cells, before.cells);
    assert.deepEqual(after.sources, before.sources);
    assert.equal(after.sources[0].kind, "field");
    assert.deepEqual(after.cells.map((/** @type {{origin: string, edited: boolean}} */ { origin, edited }) => `${origin} ${edited}`),
      Array.from({ length: COUNT + 1 }, (_, index) => (index === COUNT ? "drawn false" : `given ${index === 4}`)));
    const field = new FieldOnPage(page, drawn.size);
    await field.press(middleOf(drawn.contours[10]));
    await isSelected(page, 11);
  });
});

test("a saved session opens again, and its field finds its photograph", { timeout }, async (t) => {
  const drawn = await drawField(t, { nuclei: COUNT });
  await withReadyPage(browser, server.address, async (page) => {
    await work(page, drawn);
    const { path, session } = await saved(page);
    await page.click("#clear");
    await page.locator("#results").waitFor({ state: "hidden" });
    await page.click("#open-session");
    await page.locator("#session-file").setInputFiles(path);
    await page.locator("#session-message", { hasText: `${COUNT + 1} cells` }).waitFor();
    await page.keyboard.press("Escape");
    await page.locator(".field-missing").waitFor();
    await drop(page, [drawn.photograph]);
    await page.locator(".field-missing").waitFor({ state: "hidden" });
    assert.deepEqual((await saved(page)).session.cells, session.cells);
    await new FieldOnPage(page, drawn.size).press(middleOf(drawn.contours[8]));
    await isSelected(page, 9);
  });
});
