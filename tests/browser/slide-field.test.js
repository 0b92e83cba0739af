/** The slide that a file was photographed from, as a person names it. */

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { PATIENCE, drop, folderFor, openSite, ready, render, settledRows, withPage } from "./harness.js";

/** @import { Page } from "playwright-core" */

const { server, browser } = await openSite({ webgpu: false });

const timeout = PATIENCE;

/** Opens the page, ready, on the CPU. @param {(page: Page) => Promise<void>} body */
function withReadyPage(body) {
  return withPage(browser, async (page) => {
    await page.goto(`${server.address}?device=cpu`);
    await ready(page);
    await body(page);
  });
}

test("the slide of a file is guessed, and a person names it for all files of that slide", { timeout }, async (t) => {
  const folder = await folderFor(t);
  const picture = await render(join(folder, "cell.png"), "Grooves", 1);
  const named = (/** @type {string} */ name) => ({ path: picture, name });
  await withReadyPage(async (page) => {
    await drop(page, [named("B5_1_cell_1.png"), named("B5_1_cell_2.png"), named("B5_2.png"), named("AnhB6_4.png"), named("7.png")]);
    await settledRows(page, 5);
    const open = async (/** @type {string} */ name) => {
      await page.locator("#rows > li", { has: page.locator(".name", { hasText: name }) }).click();
      await page.locator("#detail-name", { hasText: name }).waitFor();
    };
    const slide = page.locator("#slide");
    await open("AnhB6_4.png");
    assert.equal(await slide.inputValue(), "B6");
    assert.equal(await page.locator("#slide-others").isVisible(), false);
    await open("B5_1_cell_2.png");
    assert.equal(await slide.inputValue(), "B5");
    assert.match(await page.locator("#slide-others").innerText(), /2 other images of slide “B5”/);
    // A digit and Escape mean nothing else while a person writes.
    await slide.fill("");
    await page.keyboard.type("S24-1");
    await page.keyboard.press("Enter");
    await page.locator("#slide-others", { hasText: "S24-1" }).waitFor();
    assert.equal(await page.locator("#calls > li:not([data-human=''])").count(), 0);
    await open("B5_1_cell_1.png");
    assert.equal(await slide.inputValue(), "S24-1");
    await page.locator("#slide-others input").uncheck();
    await slide.fill("S24-2");
    await slide.blur();
    await open("B5_2.png");
    assert.equal(await slide.inputValue(), "S24-1");
    await page.locator("#open-session[data-storage=kept]").waitFor();
    await page.reload();
    await ready(page);
    await page.click("#open-session");
    const downloading = page.waitForEvent("download");
    await page.click("#save-csv");
    const csv = (await readFile(await (await downloading).path(), "utf8")).trimEnd().split("\r\n").map((line) => line.split(",").slice(-6).join());
    assert.deepEqual(csv, [
      "kind,slide,field_cell,micrometres_per_pixel,scale_estimated,outline_confirmed",
      "cell-image,S24-2,,,,", "cell-image,S24-1,,,,", "cell-image,S24-1,,,,", "cell-image,B6,,,,", "cell-image,,,,,",
    ]);
  });
});
