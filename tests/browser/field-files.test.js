/** Files of outlines: of which forms, with which photograph, before it or after, and what is wrong in them. */

import assert from "node:assert/strict";
import { copyFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { FieldOnPage, allRead, drawField, isSelected, middleOf, openField, withReadyPage } from "./fields.js";
import { PATIENCE, SHARED, drop, openSite, skipWithoutShared } from "./harness.js";

/** @import { Page } from "playwright-core" */

const { server, browser } = await openSite({ webgpu: false });

const timeout = PATIENCE;

/** The words about files that were not taken. @param {Page} page */
function refusals(page) {
  return page.locator("#refusals li").allInnerTexts();
}

test("GeoJSON outlines the photograph of its name as the study's form does", { timeout }, async (t) => {
  const drawn = await drawField(t, { nuclei: 12 });
  const file = join(drawn.folder, "smear.geojson");
  const features = drawn.contours.map((points) => ({
    type: "Feature",
    geometry: { type: "Polygon", coordinates: [[...points, points[0]].map(([x, y]) => [x + 0.5, y + 0.5])] },
    properties: { objectType: "annotation" },
  }));
  await writeFile(file, JSON.stringify({ type: "FeatureCollection", features }));
  await withReadyPage(browser, server.address, async (page) => {
    const field = await openField(page, { ...drawn, file });
    await field.press(middleOf(drawn.contours[7]));
    await isSelected(page, 8);
    assert.deepEqual(await refusals(page), []);
  });
});

test("the nuclei of a photograph alone are found, and give way to outlines that come later", { timeout }, async (t) => {
  const drawn = await drawField(t, { nuclei: 12 });
  const other = join(drawn.folder, "contours of yesterday.json");
  await copyFile(drawn.file, other);
  await withReadyPage(browser, server.address, async (page) => {
    await drop(page, [drawn.photograph]);
    await page.locator("#rows > li[data-state=done]").first().waitFor();
    await page.locator(".field-stage").waitFor();
    // The only field without given outlines, whatever the file's name.
    await drop(page, [other]);
    await allRead(page, 12);
    await new FieldOnPage(page, drawn.size).press(middleOf(drawn.contours[3]));
    await isSelected(page, 4);
  });
});

test("outlines without their photograph are refused with the way to go on", { timeout }, async (t) => {
  const drawn = await drawField(t, { nuclei: 12 });
  const second = join(drawn.folder, "second.png");
  await copyFile(drawn.photograph, second);
  const third = join(drawn.folder, "third_contours.json");
  await copyFile(drawn.file, third);
  await withReadyPage(browser, server.address, async (page) => {
    await drop(page, [drawn.file]);
    await page.locator("#refusals", { hasText: "no photograph of this name is here" }).waitFor();
    await drop(page, [drawn.photograph, second]);
    await page.locator(".field-choice").waitFor();
    await page.waitForFunction(() => {
      const [, read, all] = /(\d+) of (\d+) read/.exec(document.querySelector("#tally")?.textContent ?? "") ?? [];
      return read === all && Number(all) > 2;
    });
    const found = await page.locator("#tally").innerText();
    await drop(page, [third]);
    await page.locator("#refusals", { hasText: "third_contours.json" }).waitFor();
    assert.equal(await page.locator("#tally").innerText(), found);
  });
});

test("outlines of no use are left out with their number and reason", { timeout }, async (t) => {
  const drawn = await drawField(t, { nuclei: 12 });
  const { width, height } = drawn.size;
  const broken = [
    [[10, 10], [20, 20]],
    [[10, 10]],
    [[width + 50, height + 50], [width + 90, height + 50], [width + 90, height + 90]],
  ];
  await writeFile(drawn.file, JSON.stringify([...drawn.contours, ...broken].map((points, id) => ({ id, points }))));
  await withReadyPage(browser, server.address, async (page) => {
    await openField(page, drawn);
    const [words] = await refusals(page);
    assert.match(words, /^smear_contours\.json Some outlines were left out\. .*2: has fewer than three points/);
    assert.match(words, /1: \S+/);
  });
});

test("new outlines do not take a person's answers away", { timeout }, async (t) => {
  const drawn = await drawField(t, { nuclei: 12 });
  await withReadyPage(browser, server.address, async (page) => {
    const field = await openField(page, drawn);
    await field.keys("1");
    await page.locator("#rows > li[aria-selected=true] .mark[data-human=true], #rows > li[aria-selected=true] .mark[data-human=false]").waitFor({ state: "attached" });
    await drop(page, [drawn.file]);
    await page.locator("#refusals", { hasText: "has answers or outlines of yours already" }).waitFor();
    await allRead(page, 12);
  });
});

test("a person switches a field to one cell, and back with undo", { timeout }, async (t) => {
  const drawn = await drawField(t, { nuclei: 12 });
  await withReadyPage(browser, server.address, async (page) => {
    await openField(page, drawn);
    await page.click("#switch-kind");
    await allRead(page, 1);
    await page.locator(".field").waitFor({ state: "hidden" });
    await page.click("#undo");
    await allRead(page, 12);
    await page.locator(".field-stage").waitFor();
  });
});

test("a real field of the study is read with the outlines that experts drew", { timeout, skip: skipWithoutShared("a real field on the page", "thyroid/fields") }, async () => {
  const folder = join(SHARED, "thyroid/fields");
  await withReadyPage(browser, server.address, async (page) => {
    await drop(page, [join(folder, "images/B5_141.jpg"), join(folder, "contour/B5_141_contours.json")]);
    await page.waitForFunction(() => /^([1-9]\d*) of \1 read$/.test(document.querySelector("#tally")?.textContent ?? ""));
    assert.ok(Number.parseInt(await page.locator("#tally").innerText(), 10) > 20);
    assert.match(await page.locator(".field-scale").innerText(), /px|µm/);
  });
});
