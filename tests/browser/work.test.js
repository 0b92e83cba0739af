/** Working with many cells: the queue, the table, filters, the keyboard, a thousand images. */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { copyFile, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { PATIENCE, drop, dropFolder, folderFor, openSite, ready, render, settledRows, withPage } from "./harness.js";

/** @import { Page } from "playwright-core" */

const { server, browser } = await openSite({ webgpu: false });

const timeout = PATIENCE;
const viewport = { width: 1280, height: 800 };

/** So many image files in a folder, of a few different cells. @param {string} folder @param {number} count */
async function manyCells(folder, count) {
  await mkdir(folder, { recursive: true });
  const drawn = await Promise.all(
    ["Grooves", "Inclusion", "Elongation,Wrinkled", "Enlargement,Glassy"].map((features, index) =>
      render(join(folder, `cell ${index}.png`), features, index)),
  );
  const copies = Array.from({ length: count - drawn.length }, (_, index) => join(folder, `cell ${index + drawn.length}.png`));
  await Promise.all(copies.map((copy, index) => copyFile(drawn[index % drawn.length], copy)));
  return [...drawn, ...copies];
}

/** Opens the page, ready, on the CPU. @param {(page: Page) => Promise<void>} body @param {string} [query] */
function withWorkbench(body, query = "?device=cpu") {
  return withPage(browser, async (page) => {
    await page.goto(server.address + query);
    await ready(page);
    await body(page);
  }, { viewport });
}

/** @param {Page} page @param {number} count */
function allRead(page, count) {
  return page.waitForFunction((text) => document.querySelector("#tally")?.textContent?.startsWith(text), `${count.toLocaleString("en")} of ${count.toLocaleString("en")} read`);
}

/** @param {Page} page */
function names(page) {
  return page.locator("#rows > li .name").allInnerTexts();
}

test("a folder is dropped and its pictures are read, those of folders below too", { timeout }, async (t) => {
  const folder = join(await folderFor(t), "smear");
  await manyCells(join(folder, "deeper"), 4);
  await render(join(folder, "top.png"), "Grooves", 9);
  await writeFile(join(folder, "notes.txt"), "no picture");
  await withWorkbench(async (page) => {
    await dropFolder(page, folder);
    await allRead(page, 5);
    assert.deepEqual(await names(page), [
      ...[0, 1, 2, 3].map((index) => `smear/deeper/cell ${index}.png`), "smear/top.png",
    ]);
  });
});

test("reading is paused, goes on, and is cancelled; what was cancelled can be read after all", { timeout }, async (t) => {
  const files = await manyCells(await folderFor(t), 120);
  await withWorkbench(async (page) => {
    await drop(page, files);
    await page.click("#pause");
    await page.locator("#resume").waitFor();
    // Those that were being read are finished, then nothing moves.
    await page.locator("#rows > li[data-state=reading]").first().waitFor({ state: "detached" });
    const halted = await page.locator("#tally").innerText();
    await page.waitForTimeout(300);
    assert.equal(await page.locator("#tally").innerText(), halted);
    assert.match(await page.locator("#queue-figures").innerText(), /\d+ of 120 read/);
    await page.click("#resume");
    await page.waitForFunction((before) => document.querySelector("#tally")?.textContent !== before, halted);
    assert.match(await page.locator("#queue-figures").innerText(), /left/);
    await page.click("#cancel");
    await page.locator("#queue").waitFor({ state: "hidden" });
    await page.selectOption("#filter-show", "unread");
    await page.locator("#rows > li .message", { hasText: "Cancelled" }).first().waitFor();
    await page.selectOption("#filter-show", "");
    await page.click("#retry-all");
    await allRead(page, 120);
    // One worker, so that a person is quicker than the reading.
  }, "?device=cpu&workers=1");
});

test("the table is sorted and filtered, and says how much of it is shown", { timeout }, async (t) => {
  const folder = await folderFor(t);
  const files = await manyCells(folder, 8);
  const broken = join(folder, "letter.png");
  await writeFile(broken, "This is a letter, not a picture.\n");
  await withWorkbench(async (page) => {
    await drop(page, [...files, broken]);
    await settledRows(page, 9);
    const probability = () => page.locator("#rows [data-feature=Elongation]").evaluateAll((marks) =>
      marks.map((mark) => Number(/** @type {HTMLElement} */ (mark).dataset.probability)));
    await page.click("#columns [data-sort='feature:Elongation']");
    await page.locator("[data-direction=descending][data-sort='feature:Elongation']").waitFor();
    const falling = await probability();
    assert.equal(falling.length, 8);
    assert.deepEqual(falling, [...falling].sort((a, b) => b - a));
    // Nothing is known of the broken one: last, whichever way round.
    assert.equal((await names(page)).at(-1), "letter.png");
    await page.click("#direction");
    await page.locator("[data-direction=ascending][data-sort='feature:Elongation']").waitFor();
    await page.waitForFunction((first) => {
      const mark = /** @type {HTMLElement | null} */ (document.querySelector("#rows [data-feature=Elongation]"));
      return Number(mark?.dataset.probability) === first;
    }, falling.at(-1));
    assert.deepEqual(await probability(), falling.toReversed());
    await page.selectOption("#sort", "name");
    await page.waitForFunction(() => document.querySelector("#rows .name")?.textContent === "cell 0.png");

    await page.selectOption("#filter-show", "failed");
    await page.waitForFunction(() => document.querySelectorAll("#rows > li").length === 1);
    assert.match(await page.locator("#tally").innerText(), /8 of 9 read, 1 failed, 1 shown/);
    await page.click("#show-all");
    await page.fill("#filter-text", "CELL 3");
    await page.waitForFunction(() => document.querySelectorAll("#rows > li").length === 1);
    assert.deepEqual(await names(page), ["cell 3.png"]);
    await page.fill("#filter-text", "nowhere");
    await page.locator("#no-match").waitFor();
    await page.click("#show-all");
    await page.selectOption("#filter-risk", "High");
    await page.waitForFunction(() => [...document.querySelectorAll("#rows .risk")].every((risk) => /** @type {HTMLElement} */ (risk).dataset.level === "High"));
  });
});

test("the keyboard walks the cells, corrects and opens", { timeout }, async (t) => {
  const files = await manyCells(await folderFor(t), 30);
  await withWorkbench(async (page) => {
    await drop(page, files);
    await allRead(page, 30);
    const selected = () => page.locator("#rows > [aria-selected=true] .name").innerText();
    await page.focus("#rows");
    assert.equal(await selected(), "cell 0.png");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("ArrowDown");
    await page.locator("#detail-name", { hasText: "cell 2.png" }).waitFor();
    assert.equal(await selected(), "cell 2.png");
    await page.keyboard.press("End");
    await page.locator("#detail-name", { hasText: "cell 29.png" }).waitFor();
    assert.equal(await page.locator("#rows").getAttribute("aria-activedescendant"),
      await page.locator("#rows > [aria-selected=true]").getAttribute("id"));
    await page.keyboard.press("PageUp");
    await page.keyboard.press("Home");
    await page.locator("#detail-name", { hasText: "cell 0.png" }).waitFor();
    const mark = page.locator("#rows > [aria-selected=true] [data-feature]").nth(1);
    const before = await mark.getAttribute("data-present");
    await page.keyboard.press("2");
    await page.locator("#rows > [aria-selected=true] [data-feature]:nth-child(5):not([data-human=''])").waitFor();
    assert.notEqual(await mark.getAttribute("data-present"), before);
    await page.keyboard.press("2");
    await page.locator("#rows > [aria-selected=true] [data-feature]:nth-child(5)[data-human='']").waitFor();
    assert.equal(await mark.getAttribute("data-present"), before);
    // Where a person types, a digit is a digit.
    await page.focus("#filter-text");
    await page.keyboard.press("2");
    assert.equal(await page.inputValue("#filter-text"), "2");
  });
});

test("closing the page with results that were not saved asks first", { timeout }, async () => {
  const context = await browser.newContext();
  const page = await context.newPage();
  /** @type {string[]} */
  const asked = [];
  page.on("dialog", (dialog) => {
    asked.push(dialog.type());
    void dialog.accept();
  });
  await page.goto(`${server.address}?device=cpu`);
  await ready(page);
  await page.reload();
  assert.deepEqual(asked, []);
  await ready(page);
  await page.click("#example");
  await settledRows(page, 1);
  await page.close({ runBeforeUnload: true });
  await page.waitForEvent("close");
  assert.deepEqual(asked, ["beforeunload"]);
  await context.close();
});

test("a thousand images: memory does not grow, no task holds the page for 100 ms", { timeout }, async (t) => {
  const folder = join(await folderFor(t), "thousand");
  const files = await manyCells(folder, 1000);
  await withWorkbench(async (page) => {
    // A hundred first: what the page holds then is what it may hold, and a fifth more.
    await page.setInputFiles("#files", files.slice(0, 100));
    await allRead(page, 100);
    const early = await memoryOf(page);
    await page.setInputFiles("#files", files.slice(100));
    await page.waitForFunction(() => /^1[1-9]\d of/.test(document.querySelector("#tally")?.textContent ?? ""));
    await page.evaluate(() => {
      const watched = /** @type {any} */ (window);
      watched.longTasks = [];
      new PerformanceObserver((list) => watched.longTasks.push(...list.getEntries().map((entry) => entry.duration)))
        .observe({ type: "longtask" });
    });
    await page.selectOption("#sort", "doubt");
    // A person scrolls and walks meanwhile.
    await page.focus("#rows");
    for (const key of ["End", "PageUp", "Home", "PageDown", "End"]) {
      await page.keyboard.press(key);
      await page.waitForTimeout(500);
    }
    await allRead(page, 1000);
    // Rows above those in view have come too, and all lie in order.
    await page.waitForFunction(() => {
      const rows = [...document.querySelectorAll("#rows > li")];
      const places = rows.map((row) => Number(row.getAttribute("aria-posinset")));
      const top = document.querySelector("#table")?.getBoundingClientRect().top ?? 0;
      return rows[0].getBoundingClientRect().bottom < top && places.every((place, index) => place === places[0] + index);
    });
    const rows = await page.locator("#rows > li").count();
    assert.ok(rows < 60, `${rows} rows are in the document`);
    const late = await memoryOf(page);
    const longest = await page.evaluate(() => Math.max(0, .../** @type {any} */ (window).longTasks));
    t.diagnostic(`memory ${early} MB after 100, ${late} MB after 1000; longest task ${longest} ms`);
    assert.ok(late <= 1.2 * early, `${early} MB after 100 images, ${late} MB after 1000`);
    // A task's time runs on while something else on the machine has its core: one may be that.
    const slow = await page.evaluate(() => /** @type {any} */ (window).longTasks.filter((/** @type {number} */ task) => task > 100));
    assert.ok(slow.length <= 1, `tasks took ${slow} ms`);
  });
});

/**
 * Megabytes that the page's process holds, its workers included, after a collection of garbage.
 *
 * @param {Page} page
 */
async function memoryOf(page) {
  const session = await page.context().newCDPSession(page);
  await session.send("HeapProfiler.collectGarbage");
  await session.detach();
  await page.waitForTimeout(500);
  const whole = await browser.newBrowserCDPSession();
  const { processInfo } = await whole.send("SystemInfo.getProcessInfo");
  await whole.detach();
  const renderers = processInfo.filter((process) => process.type === "renderer").map((process) => String(process.id));
  const { stdout } = await promisify(execFile)("ps", ["-o", "rss=", "-p", renderers.join(",")]);
  const kilobytes = stdout.trim().split(/\s+/).map(Number).reduce((sum, one) => sum + one, 0);
  return Math.round(kilobytes / 1024);
}
