/**
 * Sessions of version 1 open in the page of today, from a file and from the browser's database, and
 * say the same. record-sessions.js made them with the page of that time.
 */

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { PATIENCE, REPOSITORY, drop, openBlank, openSite, ready, settledRows, withPage } from "./harness.js";

/** @import { Page } from "playwright-core" */

const FIXTURES = join(REPOSITORY, "tests/fixtures/session-v1");
/**
 * The session of one model, and the session of two, one of them with features of its own; each with the
 * number of pictures that the browser kept of it.
 */
const SESSIONS = { nuclear: 6, own: 3 };

const { server, browser } = await openSite({ webgpu: false });

const timeout = PATIENCE;

/** A file of the fixtures. @param {string} name */
function fixture(name) {
  return readFile(join(FIXTURES, name), "utf8");
}

/** The rows of a CSV (RFC 4180), each by the names of its columns. @param {string} text */
function rowsOf(text) {
  const [header, ...rows] = text
    .trimEnd()
    .split("\r\n")
    .map((line) => [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain));
  return rows.map((values) => Object.fromEntries(header.map((column, index) => [column, values[index]])));
}

/** Saves the page's session. @param {Page} page @param {"csv" | "json"} kind */
async function saved(page, kind) {
  await page.click("#open-session");
  const downloading = page.waitForEvent("download");
  await page.click(`#save-${kind}`);
  const text = await readFile(await (await downloading).path(), "utf8");
  await page.keyboard.press("Escape");
  return text;
}

/** The page's table and its CSV say what the old CSV says, in each of its columns. @param {Page} page @param {string} name */
async function assertSame(page, name) {
  const old = rowsOf(await fixture(`${name}.csv`));
  assert.ok(old.length >= 7);
  const now = rowsOf(await saved(page, "csv"));
  assert.deepEqual(now.map((row, index) => Object.fromEntries(Object.keys(old[index]).map((column) => [column, row[column]]))), old);
  const settled = old.filter(({ state }) => ["done", "failed"].includes(state));
  const rows = await settledRows(page, settled.length);
  // A row shows a file's name without the apostrophe that keeps it from being a formula.
  assert.deepEqual(rows.map((row) => row.name), old.map((row) => row.file.replace(/^'/, "")));
  rows.forEach((row, index) => {
    assert.equal(row.state, old[index].state);
    assert.equal(row.risk === null ? "" : String(row.risk.score), old[index].risk_score);
    for (const { name: feature, probability, present } of row.features) {
      const column = feature?.normalize("NFC").replace(/[^\p{L}\p{N}]+/gu, "_").replace(/^_+|_+$/g, "");
      assert.equal(Math.fround(probability), Math.fround(Number(old[index][`${column}_probability`])), `${row.name}, ${feature}`);
      assert.equal(present, old[index][`${column}_present`] === "True", `${row.name}, ${feature}`);
    }
  });
}

/** Opens the page and a session's file in it. @param {Page} page @param {string} name */
async function openFile(page, name) {
  await page.goto(`${server.address}?device=cpu`);
  await ready(page);
  await choose(page, join(FIXTURES, `${name}.json`));
  await page.locator("#session-message", { hasText: `${name}.json` }).waitFor();
  await page.keyboard.press("Escape");
}

/** Chooses a session's file in the dialog. @param {Page} page @param {Parameters<import("playwright-core").FileChooser["setFiles"]>[0]} file */
async function choose(page, file) {
  await page.click("#open-session");
  const chooser = page.waitForEvent("filechooser");
  await page.click("#open-session-file");
  await (await chooser).setFiles(file);
}

/** Puts what a browser has kept back into its database. @param {Page} page @param {string} name */
async function putBack(page, name) {
  await openBlank(page, server.address);
  await page.evaluate(async ({ version, stores, localStorage: entries }) => {
    /** @type {IDBDatabase} */
    const database = await new Promise((resolve, reject) => {
      const request = indexedDB.open("karyolens", version);
      request.addEventListener("upgradeneeded", () => {
        for (const store of Object.keys(stores)) request.result.createObjectStore(store);
      });
      request.addEventListener("success", () => resolve(request.result));
      request.addEventListener("error", () => reject(request.error));
    });
    const transaction = database.transaction(Object.keys(stores), "readwrite");
    for (const [store, records] of Object.entries(stores)) {
      for (const [key, value] of records) {
        const bytes = value.base64 && Uint8Array.from(atob(value.base64), (letter) => letter.charCodeAt(0));
        transaction.objectStore(store).put(bytes ? new Blob([bytes], { type: value.type }) : value, key);
      }
    }
    await new Promise((done) => transaction.addEventListener("complete", done));
    database.close();
    for (const [name, value] of Object.entries(entries)) localStorage.setItem(name, value);
  }, /** @type {{version: number, stores: Record<string, [number | string, any][]>, localStorage: Record<string, string>}} */ (
    JSON.parse(await fixture(`${name}.kept.json`))
  ));
}

for (const [name, kept] of Object.entries(SESSIONS)) {
  test(`the file of a session of version 1 opens: ${name}`, { timeout }, async () => {
    await withPage(browser, async (page) => {
      await openFile(page, name);
      await assertSame(page, name);
      // Written by the page of today, it opens again and says the same.
      const again = await saved(page, "json");
      await choose(page, { name: "again.json", mimeType: "application/json", buffer: Buffer.from(again) });
      await page.locator("#session-message", { hasText: "again.json" }).waitFor();
      await page.keyboard.press("Escape");
      await assertSame(page, name);
    });
  });

  test(`a session that a browser has kept since version 1 comes back: ${name}`, { timeout }, async () => {
    await withPage(browser, async (page) => {
      await putBack(page, name);
      await page.goto(`${server.address}?device=cpu`);
      await ready(page);
      await assertSame(page, name);
      const pictures = page.locator("#rows > li .picture img");
      assert.equal(await pictures.count(), kept);
      // The page goes on keeping it: a change survives a reload with all the rest.
      await page.locator(".thresholds").evaluate((box) => { /** @type {HTMLDetailsElement} */ (box).open = true; });
      await page.locator("[data-threshold=Overlapping] input").fill("35");
      const before = rowsOf(await saved(page, "csv"));
      await page.reload();
      await ready(page);
      assert.deepEqual(rowsOf(await saved(page, "csv")), before);
      assert.equal(await pictures.count(), kept);
    });
  });
}

test("a dropped picture goes back to both cells of version 1 that were read from its bytes", { timeout }, async () => {
  await withPage(browser, async (page) => {
    await openFile(page, "nuclear");
    const rows = page.locator("#rows > li");
    const count = (await settledRows(page, 6)).length;
    const pictures = (/** @type {string} */ file) => rows.filter({ has: page.locator(".name", { hasText: file }) }).locator(".picture img");
    assert.equal(await pictures("grooves.jpg").count(), 0);
    await drop(page, [join(FIXTURES, "grooves.jpg")]);
    await pictures("grooves.jpg").waitFor();
    await pictures("twin.jpg").waitFor();
    assert.equal(await rows.count(), count, "no cell was added");
  });
});
