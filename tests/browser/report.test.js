/** The session on paper. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { PATIENCE, folderFor, openSite, withPage } from "./harness.js";
import { CELLS, HOSTILE_NAMES, MODEL, openModules, readCell, sessionOf } from "./made-up-sessions.js";
import { python } from "./python.js";

const { server, browser } = await openSite({ webgpu: false });

const timeout = PATIENCE;

/** Pages and text of a PDF. @param {string} file @returns {Promise<{pages: string[], width: number, height: number}>} */
function pdf(file) {
  return python(`
import json, sys
from pypdf import PdfReader
reader = PdfReader(sys.argv[1])
box = reader.pages[0].mediabox
print(json.dumps({"pages": [page.extract_text() for page in reader.pages], "width": float(box.width), "height": float(box.height)}))
`, file);
}

/** Letters alone: a PDF knows no line breaks of the text, only places. @param {string} text */
function letters(text) {
  return text.normalize("NFC").replace(/\s+/g, "");
}

test("the report has a cover and four cells a page, on A4 and Letter, and names everything", { timeout }, async (t) => {
  const folder = await folderFor(t);
  await withPage(browser, async (page) => {
    const modules = await openModules(page, server.address);
    const session = await sessionOf(page, modules, CELLS, { pictures: true });
    await page.evaluate(({ modules, session }) => modules.fillReport(session), { modules, session });
    assert.equal(await page.locator("#report").isVisible(), false, "nothing of it is on the screen");
    const lastFeature = await page.evaluate((modules) => modules.featureName("Overlapping"), modules);
    // As the page stands while a cell is looked at: its layout must not reach the paper.
    await page.evaluate(() => Object.assign(document.documentElement.dataset, { working: "true", detail: "open" }));
    assert.equal(await page.locator("#report img").count(), CELLS.length);
    for (const format of ["A4", "Letter"]) {
      const file = join(folder, `${format}.pdf`);
      await page.pdf({ path: file, format, printBackground: true });
      const { pages } = await pdf(file);
      assert.equal(pages.length, 1 + Math.ceil(CELLS.length / 4), format);
      const cover = letters(pages[0]);
      for (const text of ["not a diagnosis", MODEL.sha256 ?? "", MODEL.name, "Karyolens 0.1.0", "CPU", "WebGPU", "0.25 *", "11 read", "1 waiting", "1 not readable"]) {
        assert.ok(cover.includes(letters(text)), `${format}: ${text}`);
      }
      assert.ok(!cover.includes(letters("The page itself")));
      CELLS.forEach((cell, index) => {
        const text = letters(pages[1 + Math.floor(index / 4)]);
        assert.ok(text.includes(letters(cell.name)), `${format}: ${cell.name}`);
        if (cell.sha256) assert.ok(text.includes(cell.sha256), `${format}: hash of ${cell.name}`);
      });
      // No block is broken: the last line of every table stands on the page of its cell's name.
      const whole = [0, 4, 8, 12].map((start) => CELLS.slice(start, start + 4).filter((cell) => cell.reading?.model === MODEL.id).length);
      const lastLine = new RegExp(`${letters(lastFeature)}[\\d.]+%`, "g");
      assert.deepEqual(pages.slice(1).map((text) => letters(text).match(lastLine)?.length ?? 0), whole);
      const all = letters(pages.join(""));
      for (const text of ["SYNTHETIC, drawn by Karyolens to show: Grooves", "absent, by a person (model: present)", "absent, not sure", "-no picture", "Larger than usual.", "Inclusion alone makes the risk high."]) {
        assert.ok(all.includes(letters(text)), `${format}: ${text}`);
      }
      // Its own words are on every page.
      pages.forEach((text, index) => assert.ok(letters(text).includes(letters("Research and teaching, not a diagnosis.")), `page ${index + 1}`));
    }
  }, { colorScheme: "dark" });
});

test("the report is black on white in dark mode, and speaks Vietnamese", { timeout }, async () => {
  await withPage(browser, async (page) => {
    const modules = await openModules(page, server.address, "vi");
    const session = await sessionOf(page, modules, CELLS);
    await page.evaluate(({ modules, session }) => modules.fillReport(session), { modules, session });
    await page.emulateMedia({ media: "print", colorScheme: "dark" });
    const { text, colours } = await page.evaluate(() => {
      const report = /** @type {HTMLElement} */ (document.querySelector("#report"));
      const colours = [...report.querySelectorAll("*")].map((one) => getComputedStyle(one).color);
      return { text: report.innerText, colours: [...new Set([...colours, getComputedStyle(report).backgroundColor, getComputedStyle(document.body).backgroundColor, getComputedStyle(document.documentElement).backgroundColor])] };
    });
    assert.deepEqual(colours.sort(), ["rgb(0, 0, 0)", "rgb(255, 255, 255)"]);
    assert.match(text, /không phải chẩn đoán/);
    assert.doesNotMatch(text, /(?:report|session)\.\w/, "every text is translated");
    for (const name of HOSTILE_NAMES) assert.ok(letters(text).includes(letters(name)), name);
    assert.equal(await page.locator("#report img").count(), 0, "a name is never parsed as HTML");
  }, { colorScheme: "dark" });
});

test("printing waits for the pictures, and clears the report afterwards", { timeout }, async () => {
  await withPage(browser, async (page) => {
    const modules = await openModules(page, server.address);
    const session = await sessionOf(page, modules, [...CELLS, readCell("unknown.tiff", 5)], { pictures: true });
    const printed = await page.evaluate(async ({ modules, session }) => {
      session.updateSource(session.cells[session.cells.length - 1].source, { bytes: new Blob(["no picture"]) });
      /** @type {{images: number, complete: number, formats: (string | null)[]}[]} */
      const printed = [];
      window.print = () => {
        const images = [...document.querySelectorAll("#report img")];
        printed.push({
          images: images.length,
          complete: images.filter((image) => image instanceof HTMLImageElement && image.naturalWidth > 0).length,
          formats: [...document.querySelectorAll("#report .report-picture:not(:has(img))")].map((frame) => frame.textContent),
        });
        dispatchEvent(new Event("afterprint"));
      };
      await modules.printReport(session);
      return printed;
    }, { modules, session });
    assert.deepEqual(printed, [{ images: CELLS.length, complete: CELLS.length, formats: ["TIFF"] }]);
    assert.equal(await page.locator("#report > *").count(), 0);
  });
});
