/** The search for the nuclei of a photograph: prepared ahead, shown as it goes on, and ended by a person. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { drawField, withReadyPage } from "./fields.js";
import { PATIENCE, drop, openSite } from "./harness.js";

const { server, browser } = await openSite({ webgpu: false });

const timeout = PATIENCE;

/** A field that is searched in some twenty parts. */
const LARGE = { nuclei: 60, width: 2400, height: 1800 };

test("the network that finds nuclei is there before the first photograph", { timeout }, async () => {
  await withReadyPage(browser, server.address, async (page) => {
    await page.waitForFunction(() => performance.getEntriesByType("resource").some(({ name }) => name.endsWith("models/segmenter.safetensors")));
    // Both workers that a small field needs.
    while (page.workers().length < 2) await page.waitForEvent("worker");
  });
});

test("outlines and progress are shown while nuclei are searched, and a person can end the search", { timeout }, async (t) => {
  const drawn = await drawField(t, LARGE);
  await withReadyPage(browser, server.address, async (page) => {
    /** Whether outlines are painted, once the figures tell of so many parts. */
    const searched = () => page.waitForFunction(() => {
      const [, parts] = /found, (\d+) of \d\d parts/.exec(document.querySelector("#queue-figures")?.textContent ?? "") ?? [];
      if (!(Number(parts) >= 2)) return false;
      const canvas = /** @type {HTMLCanvasElement} */ (document.querySelector(".field-outlines"));
      const { data } = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d")).getImageData(0, 0, canvas.width, canvas.height);
      return data.some((value) => value > 0);
    });
    const row = page.locator("#rows > li");
    await drop(page, [drawn.photograph]);
    await searched();
    assert.equal(await row.count(), 1, "the search is over");
    await page.locator("#cancel").click();
    await page.locator("#rows > li[data-state=cancelled]").waitFor();
    await page.locator("#queue").waitFor({ state: "hidden" });
    assert.equal(await row.count(), 1);
    // It can begin anew.
    await page.locator("#retry-all").click();
    await searched();
    await page.waitForFunction(() => /^(\d\d+) of \1 read$/.test(document.querySelector("#tally")?.textContent ?? ""));
  });
});
