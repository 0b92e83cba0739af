/**
 * Writes tests/fixtures/session-v1/: sessions as the page of version 1 saves and keeps them, which
 * old-sessions.test.js opens in the page of today. It drives the page of a checkout of that time,
 * commit 813d01a, built there with `make pkg build`:
 *
 *     KARYOLENS_BIN=CHECKOUT/target/release/karyolens node tests/browser/record-sessions.js
 *
 * A session is written three times: `NAME.json` and `NAME.csv` as a person saves them, and
 * `NAME.kept.json`, the records of the browser's database with its pictures in Base64. Beside them lie
 * the pictures that were dropped.
 */

import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { REPOSITORY, drop, launch, ready, render, serve, settledRows, withFeatures, withPage } from "./harness.js";

/** @import { Page } from "playwright-core" */

const FIXTURES = join(REPOSITORY, "tests/fixtures/session-v1");
/** Names of a model of one's own; one needs quotes in CSV, one is not ASCII. */
const OWN_FEATURES = ["Grooves", "Nhân to", 'a, "b"', "Glassy", "Crowding", "Wrinkled", "Enlargement", "Irregular", "Overlapping"];

const checkout = resolve(process.env.KARYOLENS_BIN ?? "", "../../..");

await mkdir(FIXTURES, { recursive: true });
const server = await serve({ folder: checkout });
const browser = await launch({ webgpu: false });
const folder = await mkdtemp(join(tmpdir(), "karyolens-sessions-"));
try {
  await record();
} finally {
  await browser.close();
  await server.stop();
  await rm(folder, { recursive: true });
}

async function record() {
  const grooves = await render(join(FIXTURES, "grooves.jpg"), "Grooves", 3);
  const wrinkled = await render(join(FIXTURES, "wrinkled.webp"), "Wrinkled,Irregular", 6);
  const inclusion = await render(join(FIXTURES, "inclusion.jpg"), "Inclusion", 8);
  const letter = join(folder, "letter.png");
  await writeFile(letter, "This is a letter, not a picture.\n");

  await withPage(browser, async (page) => {
    // The second cell is cancelled before the model is there to read it.
    const release = await holdModel(page);
    await page.goto(`${server.address}?device=cpu`);
    await drop(page, [grooves, wrinkled]);
    await page.locator("#rows > li[data-state=reading]").waitFor();
    await page.click("#cancel");
    release();
    await ready(page);
    // The same bytes under another name, and a name that a spreadsheet takes for a formula.
    await drop(page, [{ path: grooves, name: "twin.jpg" }, { path: inclusion, name: "=inclusion.jpg" }, letter]);
    await page.click("#example");
    await page.click("#example");
    await settledRows(page, 6);
    await answer(page, "grooves.jpg", ["Grooves", "Glassy"]);
    await answer(page, "Example 1", ["Inclusion"]);
    await move(page, "Grooves", 25);
    await move(page, "Enlargement", 80);
    await save(page, "nuclear");
  });

  const model = join(folder, "own.safetensors");
  await writeFile(model, withFeatures(await readFile(join(REPOSITORY, "models/default.safetensors")), OWN_FEATURES));
  await withPage(browser, async (page) => {
    await page.goto(`${server.address}?device=cpu`);
    await ready(page);
    // Cells of a file have no picture, so the other model does not read them anew.
    await page.locator("#session-file").setInputFiles(join(FIXTURES, "nuclear.json"));
    await settledRows(page, 6);
    await page.keyboard.press("Escape");
    await page.locator("#model-file").setInputFiles(model);
    await page.locator("[data-threshold='Nhân to']").waitFor({ state: "attached" });
    await page.keyboard.press("Escape");
    await drop(page, [{ path: wrinkled, name: "wrinkled again.webp" }]);
    await settledRows(page, 7);
    await answer(page, "wrinkled again.webp", ["Nhân to"]);
    await move(page, "Nhân to", 10);
    await save(page, "own");
  });
}

/** Keeps the page waiting for its model until the function that this gives is called. @param {Page} page */
async function holdModel(page) {
  /** @type {() => void} */
  let release = () => {};
  const held = new Promise((done) => { release = () => done(undefined); });
  await page.route("**/pkg/model.safetensors", async (route) => {
    await held;
    await route.continue();
  });
  return release;
}

/** Answers features of a cell otherwise than the model. @param {Page} page @param {string} name @param {string[]} features */
async function answer(page, name, features) {
  await page.locator("#rows > li", { has: page.locator(".name", { hasText: name }) }).first().click();
  await page.locator("#detail-name", { hasText: name }).waitFor();
  for (const feature of features) await page.locator(`#calls > li[data-call="${feature}"] .correct`).click();
}

/** Moves a threshold, in percent. @param {Page} page @param {string} feature @param {number} percent */
async function move(page, feature, percent) {
  await page.locator(".thresholds").evaluate((box) => { /** @type {HTMLDetailsElement} */ (box).open = true; });
  await page.locator(`[data-threshold="${feature}"] input`).fill(String(percent));
}

/** Saves the session and takes down what the browser keeps. @param {Page} page @param {string} name */
async function save(page, name) {
  await page.locator("#session-storage[data-state=kept]").waitFor({ state: "attached" });
  await writeFile(join(FIXTURES, `${name}.kept.json`), `${JSON.stringify(await kept(page), null, 1)}\n`);
  await page.click("#open-session");
  for (const kind of ["csv", "json"]) {
    const downloading = page.waitForEvent("download");
    await page.click(`#save-${kind}`);
    await (await downloading).saveAs(join(FIXTURES, `${name}.${kind}`));
  }
  const { version } = JSON.parse(await readFile(join(FIXTURES, `${name}.json`), "utf8"));
  assert.equal(version, 1);
}

/** The page's database and its entries in localStorage, as JSON. @param {Page} page */
function kept(page) {
  return page.evaluate(async () => {
    /** @template T @param {IDBRequest<T>} request @returns {Promise<T>} */
    const answer = (request) => new Promise((resolve, reject) => {
      request.addEventListener("success", () => resolve(request.result));
      request.addEventListener("error", () => reject(request.error));
    });
    const database = await answer(indexedDB.open("karyolens"));
    /** @type {Record<string, [IDBValidKey, any][]>} */
    const stores = {};
    for (const name of database.objectStoreNames) {
      const store = database.transaction(name).objectStore(name);
      const [keys, values] = await Promise.all([answer(store.getAllKeys()), answer(store.getAll())]);
      stores[name] = await Promise.all(keys.map(async (key, index) => {
        const value = values[index];
        if (!(value instanceof Blob)) return [key, value];
        const bytes = new Uint8Array(await value.arrayBuffer());
        return [key, { type: value.type, base64: btoa(String.fromCharCode(...bytes)) }];
      }));
    }
    database.close();
    return { version: database.version, stores, localStorage: { ...localStorage } };
  });
}
