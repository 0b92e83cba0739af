/** The page's "Speed of this machine": its figures, its text to copy, and the work that it leaves alone. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { PATIENCE, openSite, ready, withPage } from "./harness.js";

/** @import { Page } from "playwright-core" */

const { server, browser } = await openSite({ webgpu: true });

const timeout = PATIENCE;

/** Opens the page and the dialog in it, with the keyboard. @param {Page} page */
async function openSpeed(page) {
  await page.goto(`${server.address}?device=cpu`);
  await ready(page);
  await page.focus("#open-speed");
  await page.keyboard.press("Enter");
  await page.locator("#speed[open]").waitFor();
}

/** The table's figures, one row for each device. @param {Page} page */
function figures(page) {
  return page.locator("#speed tbody tr").evaluateAll((rows) =>
    rows.map((row) => ({
      device: /** @type {HTMLElement} */ (row).dataset.device,
      failed: /** @type {HTMLElement} */ (row).dataset.failed === "true",
      values: [...row.querySelectorAll("td")].map((cell) => Number.parseFloat(cell.textContent ?? "")),
    })),
  );
}

test("the CPU is measured, a software adapter only where it is asked for, and the report can be passed on", { timeout }, async () => {
  await withPage(browser, async (page) => {
    await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
    await openSpeed(page);
    await page.focus("#speed-start");
    await page.keyboard.press("Enter");
    await page.locator("#speed-results").waitFor();
    assert.ok(await page.locator("#speed-start").evaluate((button) => button === document.activeElement), "the focus came back");

    const [cpu, ...others] = await figures(page);
    assert.deepEqual(others, [], "no other device was measured");
    assert.equal(cpu.device, "cpu");
    const [first, one, sixteen, perSecond] = cpu.values;
    assert.ok(first > 0 && one > 0, String(cpu.values));
    // The table shows three digits.
    assert.ok(Math.abs(perSecond / (16_000 / sixteen) - 1) < 0.02, String(cpu.values));
    assert.ok(await page.locator("#speed-slow").isVisible(), "the software adapter can be asked for");

    await page.click("#speed-copy");
    await page.locator("#speed-say", { hasText: "Copied" }).waitFor();
    const text = await page.locator("#speed-text").inputValue();
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), text);
    assert.match(text, /Program: Karyolens \d+\.\d+\.\d+\nModel: /);
    assert.match(text, /Browser: Mozilla.*Chrome/);
    assert.match(text, /^CPU: ready after [\d.]+ ms, first pass then [\d.]+ ms, [\d.]+ cells per second$/m);
    assert.match(text, /^ {2}batch 16: median [\d.]+ ms of \d+, from [\d.]+ ms to [\d.]+ ms$/m);

    await page.keyboard.press("Escape");
    assert.ok(await page.locator("#open-speed").evaluate((button) => button === document.activeElement));
  }, { locale: "en-US" });
});

test("closing ends a measurement, and its worker", { timeout }, async () => {
  await withPage(browser, async (page) => {
    await openSpeed(page);
    const workersAre = async (/** @type {number} */ count) => {
      for (let patience = 100; page.workers().length !== count && patience > 0; patience--) await page.waitForTimeout(100);
      assert.equal(page.workers().length, count);
    };
    // The page's own: one reads, and one is ready to share a field's search.
    await workersAre(2);
    await page.click("#speed-start");
    await page.waitForFunction(() => document.querySelector("#speed-say")?.textContent?.includes("16"));
    await workersAre(3);
    await page.keyboard.press("Escape");
    await workersAre(2);

    await page.click("#open-speed");
    await page.locator("#speed[open]").waitFor();
    assert.ok(await page.locator("#speed-start").isEnabled());
    assert.ok(await page.locator("#speed-results").isHidden());
  });
});

test("WebGPU is measured where a person wants it", { timeout }, async () => {
  await withPage(browser, async (page) => {
    await openSpeed(page);
    await page.click("#speed-start");
    await page.locator("#speed-slow").waitFor();
    await page.locator("#speed-results").waitFor();
    await page.click("#speed-slow");
    await page.locator("#speed tbody [data-device=webgpu]").waitFor();
    const webgpu = (await figures(page)).find(({ device }) => device === "webgpu");
    assert.ok(webgpu && !webgpu.failed && webgpu.values.every((value) => value > 0), JSON.stringify(webgpu));
    assert.match(await page.locator("#speed-text").inputValue(), /^Adapter: .*swiftshader/im);
  });
});
