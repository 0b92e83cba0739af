/** A field alone as a file: for QuPath, for the study's viewer, for a spreadsheet, as a picture; and opened again. */

import assert from "node:assert/strict";
import { copyFile, readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { allRead, drawField, isSelected, middleOf, openField, withReadyPage } from "./fields.js";
import { PATIENCE, drop, openSite } from "./harness.js";

/** @import { Page } from "playwright-core" */
/** @import { Contour } from "../../www/session/cell.js" */

const { server, browser } = await openSite({ webgpu: false });

const timeout = PATIENCE;

const COUNT = 12;

/** Saves the field in a format. @param {Page} page @param {string} format @param {string} folder for the file */
async function saveField(page, format, folder) {
  await page.click("#open-session");
  await page.selectOption("#export-format", format);
  const [download] = await Promise.all([page.waitForEvent("download"), page.click("#save-field")]);
  const name = download.suggestedFilename();
  const path = join(folder, name);
  await copyFile(await download.path(), path);
  await page.locator("#session-message", { hasText: `Saved as ${name}.` }).waitFor();
  await page.keyboard.press("Escape");
  return { name, path, text: await readFile(path, "utf8") };
}

for (const [format, name] of [["study", "smear_contours.json"], ["detections", "smear.geojson"]]) {
  test(`a field saved as ${name} opens again with outlines, edits and answers`, { timeout }, async (t) => {
    const drawn = await drawField(t, { nuclei: COUNT });
    await withReadyPage(browser, server.address, async (page) => {
      const field = await openField(page, drawn);
      const middle = middleOf(drawn.contours[4]);
      await field.press(middle);
      await isSelected(page, 5);
      await field.keys("2", "b");
      await field.drag([middle, [middle[0] + 20, middle[1]]]);
      await allRead(page, COUNT);
      const session = () => sessionOf(page);
      const before = await session();
      const saved = await saveField(page, format, drawn.folder);
      assert.equal(saved.name, name);
      await page.click("#clear");
      await page.locator("#results").waitFor({ state: "hidden" });
      await drop(page, [drawn.photograph, saved.path]);
      await allRead(page, COUNT);
      const after = await session();
      assert.deepEqual(after.cells.map(known), before.cells.map(known));
      for (const [index, { reading }] of after.cells.entries()) {
        reading.probabilities.forEach((probability, feature) =>
          assert.ok(Math.abs(probability - before.cells[index].reading.probabilities[feature]) < 1e-6));
      }
    });
  });
}

/** @typedef {{contour: number[][], origin: string, edited: boolean, corrections: Record<string, boolean>, reading: {probabilities: number[]}}} CellRecord */

/** All that an export tells of a nucleus; GeoJSON counts from the corners of pixels, which costs the last digit. @param {CellRecord} cell */
function known({ contour, origin, edited, corrections }) {
  return { contour: contour.map((point) => point.map((value) => Number(value.toFixed(9)))), origin, edited, corrections };
}

/** The session as the page saves it. @param {Page} page @returns {Promise<{sources: {leftOut: number[][][]}[], cells: CellRecord[]}>} */
async function sessionOf(page) {
  await page.click("#open-session");
  const [download] = await Promise.all([page.waitForEvent("download"), page.click("#save-json")]);
  await page.keyboard.press("Escape");
  return JSON.parse(await readFile(await download.path(), "utf8"));
}

test("objects that were left out stay so in the session, in GeoJSON, and in a file beside the study's", { timeout }, async (t) => {
  const drawn = await drawField(t, { nuclei: COUNT });
  /** @type {{points: Contour}[]} */
  const given = JSON.parse(await readFile(drawn.leftOut, "utf8"));
  const { width, height } = drawn.size;
  // Some are drawn outside the field.
  const places = given.filter(({ points }) => points.some(([x, y]) => x > 0 && y > 0 && x < width - 1 && y < height - 1)).length;
  await withReadyPage(browser, server.address, async (page) => {
    await drop(page, [drawn.photograph, drawn.leftOut, drawn.file]);
    await allRead(page, COUNT);
    const leftOut = async () => (await sessionOf(page)).sources[0].leftOut;
    const before = await leftOut();
    assert.equal(before.length, places);
    const collection = await saveField(page, "detections", drawn.folder);
    const classes = JSON.parse(collection.text).features.map((/** @type {any} */ { properties }) => properties.classification?.name);
    assert.equal(classes.filter((/** @type {string} */ name) => name === "Left out").length, places);
    await page.click("#open-session");
    await page.selectOption("#export-format", "study");
    /** @type {import("playwright-core").Download[]} */
    const downloads = [];
    page.on("download", (download) => downloads.push(download));
    await page.click("#save-field");
    await page.locator("#session-message", { hasText: "smear_left_out.json" }).waitFor();
    await page.keyboard.press("Escape");
    assert.deepEqual(downloads.map((download) => download.suggestedFilename()), ["smear_contours.json", "smear_left_out.json"]);
    const study = [];
    for (const download of downloads) {
      study.push(join(drawn.folder, download.suggestedFilename()));
      await copyFile(await download.path(), study[study.length - 1]);
    }
    for (const files of [[collection.path], study]) {
      await page.click("#clear");
      await page.locator("#results").waitFor({ state: "hidden" });
      await drop(page, [drawn.photograph, ...files]);
      await allRead(page, COUNT);
      const rounded = (/** @type {number[][][]} */ contours) => contours.map((contour) => contour.map((point) => point.map((value) => Number(value.toFixed(6)))));
      assert.deepEqual(rounded(await leftOut()), rounded(before));
    }
    // Without nuclei there is nothing that they are left out of.
    await page.click("#clear");
    await drop(page, [drawn.leftOut]);
    await page.locator("#refusals").waitFor();
  });
});

test("a field is saved as annotations, as CSV with measurements, as PNG of full size and as SVG", { timeout }, async (t) => {
  const drawn = await drawField(t, { nuclei: COUNT });
  await withReadyPage(browser, server.address, async (page) => {
    await openField(page, drawn);
    const annotations = JSON.parse((await saveField(page, "annotations", drawn.folder)).text);
    assert.equal(annotations.features.length, COUNT);
    assert.equal(annotations.features[0].properties.objectType, "annotation");
    const csv = (await saveField(page, "csv", drawn.folder)).text.trimEnd().split(/\r?\n/);
    assert.equal(csv.length, COUNT + 1);
    assert.match(csv[0], /area/);
    const png = await saveField(page, "png", drawn.folder);
    const bytes = await readFile(png.path);
    assert.deepEqual([bytes.readUInt32BE(16), bytes.readUInt32BE(20)], [drawn.size.width, drawn.size.height]);
    const { text: svg } = await saveField(page, "svg", drawn.folder);
    assert.equal(svg.match(/<path /g)?.length, COUNT);
    assert.match(svg, /<title>Cell 1: (Low|Medium|High) \d+\. [^<]+<\/title>/);
    const seen = await page.evaluate(async (svg) => {
      const parsed = new DOMParser().parseFromString(svg, "image/svg+xml");
      return [parsed.documentElement.nodeName, parsed.querySelector("image")?.getAttribute("href")?.slice(0, 22)];
    }, svg);
    assert.deepEqual(seen, ["svg", "data:image/png;base64,"]);
  });
});
