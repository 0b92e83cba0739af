/** A field with many nuclei, and a very large one: moving the view stays quick, and the memory small. */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { promisify } from "node:util";
import { allRead, drawField, openField, withReadyPage } from "./fields.js";
import { PATIENCE, SKIP_LONG, drop, openSite } from "./harness.js";

/** @import { Page } from "playwright-core" */

const { server, browser } = await openSite({ webgpu: false });

const timeout = PATIENCE;

/** The most milliseconds that the page's own thread may take for a frame. */
const FRAME = 8;
/** The same while the field grows: its outlines are drawn anew each time that their size has doubled. */
const GROWING_FRAME = 16;
const FRAMES = 60;
/** The most megabytes of the page's process while a field of 50 megapixels is opened and read. Its pixels alone are 200 MB, and the copies that decode, measure and shrink it as much each. */
const MEMORY = 1800;

/** Longer than a movement's steps are apart: the field is at rest. */
const REST = 300;

test(`500 outlines take the page's thread at most ${FRAME} ms a frame while the field is moved, and are sharp at rest`, { timeout }, async (t) => {
  const drawn = await drawField(t, { nuclei: 500, width: 1600, height: 1200 });
  await withReadyPage(browser, server.address, async (page) => {
    await openField(page, drawn);
    const measure = async (/** @type {string} */ name, /** @type {(steps: number) => Promise<void>} */ move, most = FRAME) => {
      const spent = (await threadTime(page, () => page.evaluate(move, FRAMES))) / FRAMES;
      t.diagnostic(`${name}: ${spent.toFixed(2)} ms a frame`);
      assert.ok(spent <= most, `${name}: ${spent} ms a frame`);
    };
    await measure("the whole field is moved", drag);
    await measure("the pointer passes over nuclei", hover);
    await measure("the field grows and shrinks", turnWheel, GROWING_FRAME);
    await page.locator(".field-larger").click();
    await page.locator(".field-overview").waitFor();
    await measure("a part of the field is moved", drag);
    await page.evaluate(turnWheel, FRAMES - 7);
    await page.waitForTimeout(REST);
    const atRest = await outlinesOn(page);
    // Another colour and back: all outlines are drawn anew.
    for (const colouring of ["plain", "risk"]) {
      await page.selectOption(".field-colouring", colouring);
      await page.waitForTimeout(REST);
      assert.equal((await outlinesOn(page)) === atRest, colouring === "risk", colouring);
    }
  });
});

test(`a field of 50 megapixels opens, is moved and enlarged, within ${MEMORY} MB`, { timeout, skip: SKIP_LONG }, async (t) => {
  const drawn = await drawField(t, { nuclei: 400, width: 8160, height: 6120, format: "jpg" });
  await withReadyPage(browser, server.address, async (page) => {
    /** @type {number[]} */
    const sizes = [];
    let isOpen = true;
    const watch = async () => {
      while (isOpen) sizes.push(await largestProcess());
    };
    const watching = watch();
    await drop(page, [drawn.photograph, drawn.file]);
    await allRead(page, drawn.contours.length);
    await page.locator(".field-scale").waitFor();
    for (const move of [drag, turnWheel, drag]) {
      await page.evaluate(move, FRAMES);
      for (let time = 0; time < 5; time++) await page.locator(".field-larger").click();
      await page.waitForTimeout(REST);
    }
    const spent = (await threadTime(page, () => page.evaluate(drag, FRAMES))) / FRAMES;
    isOpen = false;
    await watching;
    const most = Math.max(...sizes);
    t.diagnostic(`${most.toFixed(0)} MB at most, ${sizes[sizes.length - 1].toFixed(0)} MB at the end, ${spent.toFixed(2)} ms a frame`);
    assert.ok(most < MEMORY, `${most} MB`);
    assert.ok(spent <= FRAME, `${spent} ms a frame`);
  });
});

/** The milliseconds of the page's own thread while `action` runs: other programs on this machine do not count. @param {Page} page @param {() => Promise<void>} action */
async function threadTime(page, action) {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("Performance.enable");
  const now = async () => {
    const { metrics } = await devtools.send("Performance.getMetrics");
    return 1000 * (metrics.find(({ name }) => name === "ThreadTime")?.value ?? NaN);
  };
  const before = await now();
  await action();
  const spent = (await now()) - before;
  await devtools.detach();
  return spent;
}

/** The size of the largest process that shows a page, in megabytes. */
async function largestProcess() {
  const devtools = await browser.newBrowserCDPSession();
  const { processInfo } = await devtools.send("SystemInfo.getProcessInfo");
  await devtools.detach();
  const ids = processInfo.filter(({ type }) => type === "renderer").map(({ id }) => String(id));
  const { stdout } = await promisify(execFile)("ps", ["-o", "rss=", "-p", ids.join()]);
  return Math.max(...stdout.trim().split(/\s+/).map(Number)) / 1024;
}

/** All that is drawn over the field, as text. @param {Page} page @returns {Promise<string>} */
function outlinesOn(page) {
  return page.locator(".field-outlines").evaluate((canvas) => /** @type {HTMLCanvasElement} */ (canvas).toDataURL());
}

/** Drags the field about in circles, in the page: a step a frame. @param {number} steps */
async function drag(steps) {
  const stage = /** @type {HTMLElement} */ (document.querySelector(".field-stage"));
  // Made-up pointers cannot be captured.
  stage.setPointerCapture = () => {};
  const { left, top, width, height } = stage.getBoundingClientRect();
  const send = (/** @type {string} */ type, /** @type {number} */ turn) => stage.dispatchEvent(new PointerEvent(type, {
    pointerId: 1, pointerType: "mouse", isPrimary: true, bubbles: true, buttons: 1,
    clientX: left + width * (0.5 + 0.3 * Math.sin(turn)), clientY: top + height * (0.5 + 0.3 * Math.sin(2 * turn)),
  }));
  send("pointerdown", 0);
  for (let step = 1; step <= steps; step++) {
    await new Promise((drawn) => requestAnimationFrame(drawn));
    send("pointermove", (2 * Math.PI * step) / steps);
  }
  send("pointerup", 0);
}

/** Moves the pointer across the field. @param {number} steps */
async function hover(steps) {
  const stage = /** @type {HTMLElement} */ (document.querySelector(".field-stage"));
  const { left, top, width, height } = stage.getBoundingClientRect();
  for (let step = 0; step < steps; step++) {
    await new Promise((drawn) => requestAnimationFrame(drawn));
    stage.dispatchEvent(new PointerEvent("pointermove", {
      pointerId: 1, pointerType: "mouse", isPrimary: true, bubbles: true, clientX: left + (width * step) / steps, clientY: top + height / 2,
    }));
  }
}

/** Turns the wheel over the middle of the field, forth and back. @param {number} steps */
async function turnWheel(steps) {
  const stage = /** @type {HTMLElement} */ (document.querySelector(".field-stage"));
  const { left, top, width, height } = stage.getBoundingClientRect();
  for (let step = 0; step < steps; step++) {
    await new Promise((drawn) => requestAnimationFrame(drawn));
    stage.dispatchEvent(new WheelEvent("wheel", {
      deltaY: step < steps / 2 ? -20 : 20, bubbles: true, cancelable: true, clientX: left + width / 2, clientY: top + height / 2,
    }));
  }
}
