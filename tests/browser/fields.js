/** The parts that the tests of fields share: drawn fields, the page with one on show, and its places. */

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { View } from "../../www/field/view.js";
import { drop, folderFor, karyolens, ready, withPage } from "./harness.js";

/** @import { Browser, BrowserContextOptions, Page } from "playwright-core" */
/** @import { Contour } from "../../www/session/cell.js" */
/** @import { Point } from "../../www/field/view.js" */

/** A drawn field with its files. @typedef {Awaited<ReturnType<typeof drawField>>} DrawnField */

/** Room for the field beside table and cell. */
const VIEWPORT = { width: 1280, height: 800 };

/**
 * Draws a field, such as `smear.png`, with `smear_contours.json` and `smear_left_out.json`, into a folder of the test.
 *
 * @param {import("node:test").TestContext} test
 * @param {{nuclei?: number, width?: number, height?: number, seed?: number, format?: "png" | "jpg"}} [options]
 */
export async function drawField(test, { nuclei = 24, width = 640, height = 480, seed = 1, format = "png" } = {}) {
  const folder = await folderFor(test);
  const photograph = join(folder, `smear.${format}`);
  await karyolens("render", "--field", "--nuclei", String(nuclei), "--size", `${width}x${height}`, "--seed", String(seed), "-o", photograph);
  const file = join(folder, "smear_contours.json");
  const outlines = /** @type {{id: number, points: Contour}[]} */ (JSON.parse(await readFile(file, "utf8")));
  const leftOut = join(folder, "smear_left_out.json");
  return { folder, photograph, file, leftOut, size: { width, height }, contours: outlines.map(({ points }) => points) };
}

/**
 * Opens the page, ready, on the CPU.
 *
 * @param {Browser} browser
 * @param {string} address of the server
 * @param {(page: Page) => Promise<void>} body
 * @param {BrowserContextOptions} [context]
 */
export function withReadyPage(browser, address, body, context = {}) {
  return withPage(browser, async (page) => {
    await page.goto(`${address}?device=cpu`);
    await ready(page);
    await body(page);
    // The tests look at pixels of canvases that the page itself never reads.
  }, { viewport: VIEWPORT, expected: /willReadFrequently/, ...context });
}

/** Drops a field with its outlines, and waits until all its nuclei are read. @param {Page} page @param {DrawnField} field */
export async function openField(page, field) {
  await drop(page, [field.photograph, field.file]);
  await allRead(page, field.contours.length);
  return new FieldOnPage(page, field.size);
}

/** Waits until so many cells are there and all are read. @param {Page} page @param {number} count */
export async function allRead(page, count) {
  await page.waitForFunction((text) => document.querySelector("#tally")?.textContent === text, `${count} of ${count} read`);
}

/** A field on show: the places of its pixels in the page's window. */
export class FieldOnPage {
  /** Follows the page's own view as long as a test does the same to both. */
  view;
  #page;
  #stage;

  /** @param {Page} page @param {{width: number, height: number}} size of the field in pixels */
  constructor(page, size) {
    this.view = new View(size);
    this.#page = page;
    this.#stage = page.locator(".field-stage");
  }

  /** Where a place of the field lies in the page's window. @param {Point} place @returns {Promise<Point>} */
  async at(place) {
    await this.#page.locator(".field-scale").waitFor();
    const box = await this.#stage.evaluate((stage) => {
      const { left, top } = stage.getBoundingClientRect();
      return { left: left + stage.clientLeft, top: top + stage.clientTop, width: stage.clientWidth, height: stage.clientHeight };
    });
    this.view.resize(box.width, box.height);
    const [x, y] = this.view.toWindow(place);
    return [box.left + x, box.top + y];
  }

  /** Presses a place of the field with the mouse. @param {Point} place @param {Parameters<Page["mouse"]["click"]>[2]} [options] */
  async press(place, options) {
    await this.#page.mouse.click(...(await this.at(place)), options);
  }

  /** Draws along places of the field with the mouse's button down. @param {Point[]} way */
  async drag(way) {
    const places = [];
    for (const place of way) places.push(await this.at(place));
    const [first, ...rest] = places;
    await this.#page.mouse.move(...first);
    await this.#page.mouse.down();
    for (const place of rest) await this.#page.mouse.move(...place, { steps: 4 });
    await this.#page.mouse.up();
  }

  /** Presses keys while the field has the focus. @param {...string} keys */
  async keys(...keys) {
    await this.#stage.focus();
    for (const key of keys) await this.#page.keyboard.press(key);
  }

  /**
   * The colour of most pixels of an outline, seams left out: that of its class, or white of a selected one.
   *
   * @param {Contour} contour
   */
  async colourOf(contour) {
    await this.at(contour[0]);
    const places = contour.map((point) => this.view.toWindow(point));
    // The drawing follows in the next frame.
    await this.#page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))));
    return this.#stage.evaluate((stage, places) => {
      const canvas = /** @type {HTMLCanvasElement} */ (stage.querySelector(".field-outlines"));
      const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
      /** @type {Map<string, number>} */
      const counts = new Map();
      for (const [x, y] of places) {
        const [red, green, blue, alpha] = context.getImageData(Math.floor(x * devicePixelRatio), Math.floor(y * devicePixelRatio), 1, 1).data;
        if (alpha < 128 || red + green + blue < 240) continue;
        const coarse = [red, green, blue].map((level) => Math.round(level / 32)).join();
        counts.set(coarse, 1 + (counts.get(coarse) ?? 0));
      }
      const [most] = [...counts].sort((a, b) => b[1] - a[1]);
      return most ? most[0] : "none";
    }, places);
  }
}

/** A colour as {@link FieldOnPage.colourOf} gives it. @param {string} hexadecimal such as `#d55e00` */
export function coarse(hexadecimal) {
  return [1, 3, 5].map((at) => Math.round(Number.parseInt(hexadecimal.slice(at, at + 2), 16) / 32)).join();
}

/** The middle of a contour's points. @param {Contour} contour @returns {Point} */
export function middleOf(contour) {
  const sum = contour.reduce(([x, y], [dx, dy]) => [x + dx, y + dy], [0, 0]);
  return [sum[0] / contour.length, sum[1] / contour.length];
}

/** A place with no nucleus within `room` pixels of it, in the middle of the field as far as may be. @param {DrawnField} field @param {number} room @returns {Point} */
export function emptyPlace({ contours, size: { width, height } }, room) {
  const points = contours.flat();
  /** @type {Point[]} */
  const places = [];
  for (let y = room; y < height - room; y += 4) for (let x = room; x < width - room; x += 4) places.push([x, y]);
  const fromMiddle = (/** @type {Point} */ [x, y]) => Math.hypot(x - width / 2, y - height / 2);
  const free = places.filter(([x, y]) => points.every(([px, py]) => Math.hypot(px - x, py - y) > room));
  free.sort((a, b) => fromMiddle(a) - fromMiddle(b));
  assert.ok(free.length > 0, `no place with ${room} px of room`);
  return free[0];
}

/** The name of the selected row, such as `smear.png #3`. @param {Page} page */
export function selectedName(page) {
  return page.locator("#rows > li[aria-selected=true] .name").innerText();
}

/** Waits until this nucleus is selected in the table and shown in its panel. @param {Page} page @param {number} number from 1 */
export async function isSelected(page, number) {
  await page.locator("#rows > li[aria-selected=true] .name", { hasText: new RegExp(`#${number}$`) }).waitFor();
  await page.locator("#detail-name", { hasText: new RegExp(`#${number}$`) }).waitFor();
}

/** Sorts the table, whose controls are folded away beside a field. @param {Page} page @param {string} order */
export async function sortBy(page, order) {
  const summary = page.locator("#filter-box > summary");
  await summary.click();
  await page.selectOption("#sort", order);
  await summary.click();
}
