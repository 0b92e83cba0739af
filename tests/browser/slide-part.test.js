/** A slide that is too large to be read at once: its overview, and a part of it that becomes a field. */

import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { drawField, withReadyPage } from "./fields.js";
import { PATIENCE, drop, folderFor, openSite } from "./harness.js";

/** @import { Page } from "playwright-core" */

const { server, browser } = await openSite({ webgpu: false });

const timeout = PATIENCE;

const TILE = 512;
/** 210 million pixels, four times the largest picture that is read at once. */
const SLIDE = { width: 20_480, height: 10_240 };
const SMALL = { width: 1280, height: 640 };
const PALE = 236;
/** The tile in which the drawn field begins. */
const [COLUMN, ROW] = [6, 4];

test("a part of a slide becomes a field with the slide's scale, by keys alone", { timeout }, async (t) => {
  const drawn = await drawField(t, { nuclei: 40, width: 2 * TILE, height: 2 * TILE });
  const slide = join(await folderFor(t), "case 7.svs");
  await withReadyPage(browser, server.address, async (page) => {
    await writeFile(slide, await slideWith(page, drawn.photograph));
    await drop(page, [slide]);
    const dialog = page.locator("#part");
    await dialog.waitFor();
    assert.match(await dialog.locator("#part-about").innerText(), /case 7\.svs measures 20,480 × 10,240 px/);
    const numbers = { left: COLUMN * TILE, top: ROW * TILE, width: 2 * TILE, height: 2 * TILE };
    for (const [name, value] of Object.entries(numbers)) await dialog.locator(`[name=${name}]`).fill(String(value));
    await page.keyboard.press("Enter");
    await dialog.locator("#part-said", { hasText: "is open" }).waitFor();
    await page.keyboard.press("Escape");
    await page.locator("#rows > li[data-state=done]").first().waitFor();
    assert.match(await page.locator("#detail-name").innerText(), /^case 7\.svs \[x=3072,y=2048,w=1024,h=1024\]\.png/);
    assert.equal(await page.locator(".scale-now").innerText(), "0.32 µm per pixel");
    assert.equal(await page.locator("#slide").inputValue(), "case 7");
    await page.waitForFunction(() => /^(\d+) of \1 read$/.test(document.querySelector("#tally")?.textContent ?? ""));
    const found = Number.parseInt(await page.locator("#tally").innerText(), 10);
    // The photograph itself, which gave way to its nuclei, is no cell.
    await page.locator("#status", { hasText: `Finished: ${found} cells.` }).waitFor();
    assert.ok(found > 20, `${found} of 40 nuclei were found: the pixels are those of the field`);
  });
});

test("the frame follows the pointer and the arrow keys, and stays within the slide", { timeout }, async (t) => {
  const drawn = await drawField(t, { nuclei: 12, width: 2 * TILE, height: 2 * TILE });
  const slide = join(await folderFor(t), "slide.tif");
  await withReadyPage(browser, server.address, async (page) => {
    await writeFile(slide, await slideWith(page, drawn.photograph));
    await drop(page, [slide]);
    const dialog = page.locator("#part");
    const value = async (/** @type {string} */ name) => Number(await dialog.locator(`[name=${name}]`).inputValue());
    const overview = dialog.locator("#part-overview");
    await overview.waitFor();
    assert.deepEqual([await value("width"), await value("height")], [2048, 1536]);
    const left = await value("left");
    await page.keyboard.press("ArrowRight");
    assert.equal(await value("left"), left + 1024);
    for (let step = 0; step < 30; step++) await page.keyboard.press("ArrowUp");
    assert.equal(await value("top"), 0);
    await page.keyboard.press("-");
    assert.equal(await value("width"), Math.round(2048 / 1.25));
    const box = /** @type {{x: number, y: number, width: number, height: number}} */ (await overview.boundingBox());
    await overview.click({ position: { x: box.width / 2, y: box.height / 2 } });
    const middle = (await value("left")) + (await value("width")) / 2;
    assert.ok(Math.abs(middle - SLIDE.width / 2) < SLIDE.width / box.width + 1, `${middle}`);
    await page.mouse.move(box.x + 10, box.y + 10);
    await page.mouse.down();
    await page.mouse.move(box.x + 110, box.y + 60, { steps: 4 });
    await page.mouse.up();
    const pixel = SLIDE.width / box.width;
    assert.ok(Math.abs((await value("width")) - 100 * pixel) <= pixel + 1, "a drawn frame");
  });
});

test("a picture that only the browser decodes is read, and says so", { timeout }, async (t) => {
  const drawn = await drawField(t, { nuclei: 12 });
  await withReadyPage(browser, server.address, async (page) => {
    // Stands for AVIF and HEIC, which this Chromium cannot write.
    const gif = join(drawn.folder, "smear.gif");
    await writeFile(gif, gifOf(await pixelsOf(page, drawn.photograph), drawn.size.width, drawn.size.height));
    await drop(page, [gif, drawn.file]);
    await page.locator("#rows > li[data-state=done]").first().waitFor();
    const field = page.locator("#rows > li").first();
    await field.click();
    assert.match(await page.locator("#detail").innerText(), /smear\.gif/);
    assert.match(await page.locator("#detail").innerText(), /decoded by the browser/);
  });
});

/** The pixels of a PNG, RGBA, by the browser. @param {Page} page @param {string} path */
async function pixelsOf(page, path) {
  const png = (await readFile(path)).toString("base64");
  const rgba = await page.evaluate(async (png) => {
    const bitmap = await createImageBitmap(new Blob([Uint8Array.from(atob(png), (letter) => letter.charCodeAt(0))]));
    const context = /** @type {OffscreenCanvasRenderingContext2D} */ (new OffscreenCanvas(bitmap.width, bitmap.height).getContext("2d"));
    context.drawImage(bitmap, 0, 0);
    const { data } = context.getImageData(0, 0, bitmap.width, bitmap.height);
    let text = "";
    for (let at = 0; at < data.length; at += 8192) text += String.fromCharCode(...data.subarray(at, at + 8192));
    return btoa(text);
  }, png);
  return Buffer.from(rgba, "base64");
}

/** A slide as a tiled TIFF of two sizes, pale but for a field of 2 × 2 tiles. @param {Page} page @param {string} photograph */
async function slideWith(page, photograph) {
  const rgba = await pixelsOf(page, photograph);
  /** @type {Buffer[]} */
  const tiles = [Buffer.alloc(3 * TILE * TILE, PALE)];
  for (let tile = 0; tile < 4; tile++) {
    const pixels = Buffer.alloc(3 * TILE * TILE);
    for (let y = 0; y < TILE; y++) {
      for (let x = 0; x < TILE; x++) {
        const from = 4 * (((tile >> 1) * TILE + y) * 2 * TILE + (tile & 1) * TILE + x);
        rgba.copy(pixels, 3 * (y * TILE + x), from, from + 3);
      }
    }
    tiles.push(pixels);
  }
  const across = SLIDE.width / TILE;
  const used = new Map([[ROW * across + COLUMN, 1], [ROW * across + COLUMN + 1, 2], [(ROW + 1) * across + COLUMN, 3], [(ROW + 1) * across + COLUMN + 1, 4]]);
  const large = Array.from({ length: (across * SLIDE.height) / TILE }, (_, index) => used.get(index) ?? 0);
  const small = Array.from({ length: Math.ceil(SMALL.width / TILE) * Math.ceil(SMALL.height / TILE) }, () => 0);
  return tiffOf(tiles, [{ ...SLIDE, tiles: large }, { ...SMALL, tiles: small }]);
}

/** A TIFF, little-endian, of uncompressed RGB tiles that pages share. @param {Buffer[]} tiles @param {{width: number, height: number, tiles: number[]}[]} pages */
function tiffOf(tiles, pages) {
  /** @type {Buffer[]} */
  const parts = [Buffer.from([0x49, 0x49, 42, 0, 0, 0, 0, 0])];
  let end = 8;
  const put = (/** @type {Buffer} */ bytes) => {
    parts.push(bytes);
    end += bytes.length;
    return end - bytes.length;
  };
  const numbers = (/** @type {number[]} */ values) => {
    const bytes = Buffer.alloc(4 * values.length);
    values.forEach((value, index) => bytes.writeUInt32LE(value, 4 * index));
    return bytes;
  };
  const places = tiles.map(put);
  /** The place that tells where the next directory is. */
  let link = { part: 0, at: 4 };
  for (const [index, page] of pages.entries()) {
    const text = Buffer.from(`Aperio Image Library v12\r\n${page.width}x${page.height}|AppMag = 20|MPP = 0.32\0`);
    const [described, offsets, lengths, bits] = [put(text), put(numbers(page.tiles.map((tile) => places[tile]))), put(numbers(page.tiles.map(() => tiles[0].length))), put(Buffer.from([8, 0, 8, 0, 8, 0]))];
    const count = page.tiles.length;
    /** Tag, type, count, value or place. @type {[number, number, number, number][]} */
    const entries = [
      [254, 4, 1, index === 0 ? 0 : 1], [256, 4, 1, page.width], [257, 4, 1, page.height], [258, 3, 3, bits], [259, 3, 1, 1], [262, 3, 1, 2],
      [270, 2, text.length, described], [277, 3, 1, 3], [322, 4, 1, TILE], [323, 4, 1, TILE], [324, 4, count, offsets], [325, 4, count, lengths],
    ];
    const directory = Buffer.alloc(2 + 12 * entries.length + 4);
    directory.writeUInt16LE(entries.length);
    entries.forEach(([tag, type, length, value], at) => {
      directory.writeUInt16LE(tag, 2 + 12 * at);
      directory.writeUInt16LE(type, 4 + 12 * at);
      directory.writeUInt32LE(length, 6 + 12 * at);
      directory.writeUInt32LE(value, 10 + 12 * at);
    });
    parts[link.part].writeUInt32LE(end, link.at);
    link = { part: parts.length, at: directory.length - 4 };
    put(directory);
  }
  return Buffer.concat(parts);
}

/** A GIF of one frame with 216 colours, its codes not packed: a clear code before the table of codes grows. @param {Buffer} rgba @param {number} width @param {number} height */
function gifOf(rgba, width, height) {
  const palette = Buffer.alloc(3 * 256);
  for (let colour = 0; colour < 216; colour++) palette.set([51 * Math.floor(colour / 36), 51 * (Math.floor(colour / 6) % 6), 51 * (colour % 6)], 3 * colour);
  const head = Buffer.from([...Buffer.from("GIF89a"), width & 255, width >> 8, height & 255, height >> 8, 0xf7, 0, 0]);
  const frame = Buffer.from([0x2c, 0, 0, 0, 0, width & 255, width >> 8, height & 255, height >> 8, 0, 8]);
  /** @type {number[]} */
  const packed = [];
  let [bits, held] = [0, 0];
  const write = (/** @type {number} */ code) => {
    held |= code << bits;
    for (bits += 9; bits >= 8; bits -= 8, held >>= 8) packed.push(held & 255);
  };
  const level = (/** @type {number} */ value) => Math.round(value / 51);
  for (let pixel = 0; pixel < width * height; pixel++) {
    // 256 clears the table, so that codes stay 9 bits long.
    if (pixel % 200 === 0) write(256);
    write(36 * level(rgba[4 * pixel]) + 6 * level(rgba[4 * pixel + 1]) + level(rgba[4 * pixel + 2]));
  }
  write(257);
  packed.push(held & 255);
  const blocks = [];
  for (let at = 0; at < packed.length; at += 255) {
    const block = packed.slice(at, at + 255);
    blocks.push(Buffer.from([block.length, ...block]));
  }
  return Buffer.concat([head, palette, frame, ...blocks, Buffer.from([0, 0x3b])]);
}
