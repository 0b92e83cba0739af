/** The scale of a field: unknown, typed in, drawn over a scale bar, kept with the session. */

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { allRead, drawField, openField, withReadyPage } from "./fields.js";
import { PATIENCE, openSite, ready } from "./harness.js";

const { server, browser } = await openSite({ webgpu: false });

const timeout = PATIENCE;

test("an unknown scale is said beside Enlargement; a typed one is kept, exported, and read with", { timeout }, async (t) => {
  const drawn = await drawField(t, { nuclei: 12 });
  await withReadyPage(browser, server.address, async (page) => {
    await openField(page, drawn);
    const remark = page.locator("#calls [data-call=Enlargement] .remark");
    assert.equal(await page.locator(".scale-now").innerText(), "unknown");
    assert.equal(await remark.innerText(), "The scale is unknown: size may mislead.");
    assert.match(await page.locator(".field-scale").innerText(), /px$/);
    const read = () => page.locator("#rows > li .mark").evaluateAll((marks) => marks.map((mark) => /** @type {HTMLElement} */ (mark).dataset.probability));
    const before = await read();
    await page.click(".scale-box summary");
    await page.fill(".scale-value", "0.64");
    await page.keyboard.press("Enter");
    await page.waitForFunction((before) => JSON.stringify([...document.querySelectorAll("#rows > li .mark")].map((mark) =>
      /** @type {HTMLElement} */ (mark).dataset.probability)) !== JSON.stringify(before), before);
    await allRead(page, 12);
    assert.equal(await page.locator(".scale-now").innerText(), "0.64 µm per pixel");
    assert.match(await page.locator(".field-scale").innerText(), /µm$/);
    assert.equal(await remark.isHidden(), true);
    const exported = async () => {
      await page.click("#open-session");
      const [download] = await Promise.all([page.waitForEvent("download"), page.click("#save-json")]);
      await page.keyboard.press("Escape");
      return JSON.parse(await readFile(await download.path(), "utf8")).sources[0].micrometresPerPixel;
    };
    assert.equal(await exported(), 0.64);
    await page.reload();
    await ready(page);
    await page.locator(".scale-now", { hasText: "0.64" }).waitFor();
    await page.click(".scale-box summary");
    await page.click(".scale-own");
    await page.locator(".scale-now", { hasText: "unknown" }).waitFor();
    assert.equal(await exported(), null);
  });
});

test("a line along a scale bar tells the scale, by mouse and by keyboard", { timeout }, async (t) => {
  const drawn = await drawField(t, { nuclei: 12 });
  await withReadyPage(browser, server.address, async (page) => {
    const field = await openField(page, drawn);
    await page.click(".scale-box summary");
    await page.click("[data-tool=ruler]");
    await field.drag([[100, 400], [300, 400]]);
    assert.match(await page.locator(".scale-line span").innerText(), /^Your line is (199|200)(\.\d)? px long/);
    await page.keyboard.type("50");
    await page.keyboard.press("Enter");
    await page.locator(".scale-now", { hasText: /^0\.25\d* µm per pixel$/ }).waitFor();
    await page.locator(".scale-box summary").focus();
    await page.keyboard.press("Enter");
    await page.locator("[data-tool=ruler]").press("Enter");
    for (const key of [" ", ...Array(10).fill("ArrowRight"), " "]) await page.keyboard.press(key);
    await page.locator(".scale-line").waitFor();
    await page.keyboard.type("40");
    await page.keyboard.press("Enter");
    const expected = 40 / (80 / field.view.scale);
    await page.waitForFunction((expected) => {
      const shown = Number.parseFloat(document.querySelector(".scale-now")?.textContent ?? "");
      return Math.abs(shown - expected) < 0.001;
    }, expected);
    await allRead(page, 12);
  });
});
