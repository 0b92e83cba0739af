/** What arrives is told by its content: each file is read or opened, or named with the reason why not. */

import assert from "node:assert/strict";
import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { PATIENCE, REPOSITORY, SHIPPED_MODEL, drop, dropFolder, folderFor, openSite, ready, render, settledRows, withPage } from "./harness.js";

/** @import { Page } from "playwright-core" */

const { server, browser } = await openSite({ webgpu: false });

const timeout = PATIENCE;

/** Opens the page, ready, on the CPU. @param {(page: Page) => Promise<void>} body */
function withReadyPage(body) {
  return withPage(browser, async (page) => {
    await page.goto(`${server.address}?device=cpu`);
    await ready(page);
    await body(page);
  });
}

/** The lines on files that were not taken. @param {Page} page */
async function refusals(page) {
  await page.locator("#refusals").waitFor();
  return page.locator("#refusals li").allInnerTexts();
}

test("every kind of file is read, opened, or named with a reason of its own, in both languages", { timeout }, async (t) => {
  const folder = await folderFor(t);
  const picture = await render(join(folder, "cell.png"), "Grooves", 1);
  /** @type {Record<string, string | Buffer>} */
  const files = {
    "B5_141_contours.json": '[{"id": 0, "points": [[1, 2], [3, 4], [5, 6]]}]',
    "cells.geojson": '{"type": "FeatureCollection", "features": []}',
    "labels.json": '{"B5_1_cell_1": [0, 1]}',
    "settings.json": '{"a": 1}',
    "half.json": '{"format": "karyolens-session", "vers',
    "net.pth": `PK\x03\x04${"\0".repeat(26)}archive/data.pkl`,
    "table.csv": "file,Grooves\na.png,1\n",
    "cells.zip": `PK\x03\x04${"\0".repeat(26)}cells/1.png`,
    "report.pdf": "%PDF-1.7\n",
    "letter.docx": `PK\x03\x04${"\0".repeat(26)}[Content_Types].xml`,
    "notes.txt": "A note.\n",
    "nothing": "",
    "noise.bin": "\x01\x02\x03",
    "more.pdf": "%PDF-1.7\n",
  };
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content, "latin1");
  await withReadyPage(async (page) => {
    await drop(page, [picture, ...Object.keys(files).map((name) => join(folder, name))]);
    const [row] = await settledRows(page, 1);
    assert.equal(row.state, "done", row.message);
    assert.equal(await page.locator("#rows > li").count(), 1, "the other files get no row");
    const lines = await refusals(page);
    assert.equal(lines.length, Object.keys(files).length - 2, "a line a reason");
    for (const name of Object.keys(files)) assert.equal(lines.filter((line) => line.includes(name)).length, 1, name);
    const line = (/** @type {string} */ name) => lines.find((one) => one.includes(name)) ?? "";
    assert.match(line("B5_141_contours.json"), /Outlines of nuclei, but no photograph of this name is here/);
    assert.match(line("B5_141_contours.json"), /cells\.geojson/);
    assert.match(line("net.pth"), /PyTorch.*karyolens import/);
    assert.match(line("cells.zip"), /archive \(ZIP\)/);
    assert.match(line("report.pdf"), /report\.pdf, more\.pdf/);
    assert.match(line("nothing"), /Empty/);
    await page.selectOption("#language", "vi");
    await page.locator("#refusals li", { hasText: "Tệp PDF" }).waitFor();
    const translated = await refusals(page);
    assert.equal(new Set([...lines, ...translated]).size, 2 * lines.length);
    assert.ok(translated.every((one) => !/refused\./.test(one)));
    await page.click("#close-refusals");
    await page.locator("#refusals").waitFor({ state: "hidden" });
  });
});

test("a wrong ending does not matter", { timeout }, async (t) => {
  const folder = await folderFor(t);
  const picture = await render(join(folder, "cell.png"), "Grooves", 1);
  const session = await readFile(join(REPOSITORY, "tests/fixtures/session-v1/nuclear.json"));
  await writeFile(join(folder, "session.txt"), session);
  await writeFile(join(folder, "model.bin"), await readFile(SHIPPED_MODEL));
  await withReadyPage(async (page) => {
    await drop(page, [{ path: picture, name: "cell.jpg" }, { path: picture, name: "cell" }]);
    assert.deepEqual((await settledRows(page, 2)).map(({ name, state }) => [name, state]), [["cell.jpg", "done"], ["cell", "done"]]);
    await drop(page, [join(folder, "session.txt")]);
    await page.click("#replace-yes");
    await page.locator("#session-message", { hasText: "session.txt" }).waitFor();
    await page.keyboard.press("Escape");
    await drop(page, [join(folder, "model.bin")]);
    await page.locator("#models[open]").waitFor();
  });
});

test("a file that is called a picture and is none gets its reason in its row", { timeout }, async (t) => {
  const folder = await folderFor(t);
  const files = { "photo.png": "\0\0\0\x14ftypheic\0\0\0\0heic", "film.gif": "GIF89a\x01\0\x01\0", "page.jpg": "%PDF-1.7\n", "empty.tif": "" };
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content, "latin1");
  await withReadyPage(async (page) => {
    await drop(page, Object.keys(files).map((name) => join(folder, name)));
    const rows = await settledRows(page, 4);
    [/format HEIC/, /format GIF/, /PDF/, /Empty/].forEach((wanted, index) => {
      assert.equal(rows[index].state, "failed");
      assert.match(rows[index].message, wanted);
    });
    assert.equal(await page.locator("#refusals").isVisible(), false);
  });
});

test("the files that a system puts into a folder for itself are left out", { timeout }, async (t) => {
  const folder = join(await folderFor(t), "smear");
  await mkdir(join(folder, "__MACOSX"), { recursive: true });
  const picture = await render(join(folder, "cell.png"), "Grooves", 1);
  const companion = "\0\x05\x16\x07\0\x02\0\0Mac OS X        ";
  for (const name of ["._cell.png", "__MACOSX/._cell.png", ".DS_Store", "Thumbs.db"]) await writeFile(join(folder, name), companion, "latin1");
  await copyFile(picture, join(folder, "__MACOSX", "cell.png"));
  await withReadyPage(async (page) => {
    await dropFolder(page, folder);
    assert.deepEqual((await settledRows(page, 1)).map(({ name }) => name), ["smear/cell.png"]);
    await drop(page, [{ path: join(folder, "Thumbs.db"), name: "notes" }]);
    assert.match((await refusals(page)).join(), /macOS/);
    assert.equal(await page.locator("#rows > li").count(), 1);
  });
});

test("pasted pictures are told apart, and a pasted text is answered", { timeout }, async (t) => {
  const picture = await readFile(await render(join(await folderFor(t), "cell.png"), "Grooves", 1));
  await withReadyPage(async (page) => {
    const paste = (/** @type {string} */ place, /** @type {string | null} */ base64) => page.evaluate(({ place, base64 }) => {
      const clipboardData = new DataTransfer();
      if (base64) clipboardData.items.add(new File([Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0))], "image.png"));
      else clipboardData.setData("text/plain", "https://example.org/cell.png");
      document.querySelector(place)?.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));
    }, { place, base64 });
    for (let count = 1; count <= 2; count++) {
      await paste("body", picture.toString("base64"));
      await settledRows(page, count);
    }
    assert.deepEqual((await settledRows(page, 2)).map(({ name }) => name), ["image.png", "image (2).png"]);
    const said = await page.locator("#status").innerText();
    await paste("#filter-text", null);
    assert.equal(await page.locator("#status").innerText(), said, "where a person writes, a text is a text");
    await paste("body", null);
    await page.locator("#status", { hasText: "no picture" }).waitFor();
  });
});
