/** The scale of a field: unknown, typed in, drawn over a scale bar, kept with the session. */

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { allRead, drawField, openField, withReadyPage } from "./fields.js";
import { PATIENCE, drop, openSite, ready } from "./harness.js";

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

test("red cells are offered as a ruler where no scale is known, marked as an estimate, and taken back", { timeout }, async (t) => {
  const drawn = await drawField(t, { nuclei: 12 });
  await withReadyPage(browser, server.address, async (page) => {
    await openField(page, drawn);
    const now = page.locator(".scale-now");
    assert.equal(await now.innerText(), "unknown");
    await drop(page, [drawn.leftOut]);
    await now.filter({ hasText: "unknown; red cells offer one" }).waitFor();
    await page.click(".scale-box summary");
    const offer = await page.locator(".scale-cells span").innerText();
    const [, count, pixels, value] = /^(\d+) red cells measure (\d+) px: ([\d.]+) µm a pixel if they are 7 µm\.$/.exec(offer) ?? assert.fail(offer);
    assert.ok(Number(count) >= 12);
    assert.ok(Math.abs(7 / Number(pixels) - Number(value)) < 0.01);
    await page.click(".scale-cells button");
    await now.filter({ hasText: `about ${value} µm per pixel, estimated` }).waitFor();
    await allRead(page, 12);
    assert.match(await page.locator(".field-scale").innerText(), /^≈ \d+ µm$/);
    assert.equal(await page.locator("#calls [data-call=Enlargement] .remark").innerText(), "The scale is estimated by red cells: size may mislead.");
    const source = async () => {
      await page.click("#open-session");
      const [download] = await Promise.all([page.waitForEvent("download"), page.click("#save-json")]);
      await page.keyboard.press("Escape");
      return JSON.parse(await readFile(await download.path(), "utf8")).sources[0];
    };
    const { micrometresPerPixel, scaleEstimated } = await source();
    assert.deepEqual([micrometresPerPixel, scaleEstimated], [Number(value), true]);
    await page.reload();
    await ready(page);
    await now.filter({ hasText: "estimated" }).waitFor();
    await page.click(".scale-box summary");
    await page.fill(".scale-value", "0.5");
    await page.keyboard.press("Enter");
    await now.filter({ hasText: "0.5 µm per pixel" }).waitFor();
    assert.equal((await source()).scaleEstimated, false);
    await page.click("#undo");
    await now.filter({ hasText: "estimated" }).waitFor();
  });
});
