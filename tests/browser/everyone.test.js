/** For everyone: axe-core, languages, small windows, zoom, and what stands on the page always. */

import assert from "node:assert/strict";
import { readFile, readdir } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { test } from "node:test";
import { drawField } from "./fields.js";
import { PATIENCE, REPOSITORY, drop, folderFor, openSite, ready, render, settledRows, withPage } from "./harness.js";

/** @import { Page } from "playwright-core" */

const AXE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
const WWW = join(REPOSITORY, "www");
const LOCALES = join(WWW, "language");

const { server, browser } = await openSite({ webgpu: false });

const timeout = PATIENCE;

/** What axe-core finds against WCAG 2.2 AA and its best practices. @param {Page} page */
async function findings(page) {
  // Injected by the browser, so that the page's own policy stays as strict as it is.
  const source = await readFile(AXE, "utf8");
  const session = await page.context().newCDPSession(page);
  await session.send("Runtime.evaluate", { expression: source });
  await session.detach();
  return page.evaluate(async () => {
    const { violations } = await /** @type {any} */ (window).axe.run(document, { resultTypes: ["violations"] });
    return violations.map((/** @type {any} */ { id, nodes }) => `${id}: ${nodes.map((/** @type {any} */ node) => node.html).slice(0, 3).join(" | ")}`);
  });
}

for (const colorScheme of /** @type {const} */ (["light", "dark"])) {
  for (const width of [360, 1280]) {
    test(`axe-core finds nothing, ${width} px, ${colorScheme}`, { timeout }, async (t) => {
      const file = await render(join(await folderFor(t), "cell.png"), "Grooves", 3);
      await withPage(browser, async (page) => {
        await page.goto(`${server.address}?device=cpu`);
        await ready(page);
        assert.deepEqual(await findings(page), [], "empty");
        await drop(page, [file]);
        await page.click("#example");
        await settledRows(page, 2);
        await page.locator("#calls > li .correct").first().evaluate((button) => /** @type {HTMLElement} */ (button).click());
        assert.deepEqual(await findings(page), [], "with cells");
        await page.click(".thresholds > summary");
        if (width < 1000) await page.click("#rows > li");
        assert.deepEqual(await findings(page), [], "the cell, and thresholds");
        if (width < 1000) await page.click("#close-detail");
        for (const opener of ["#open-models", "#open-session", "#open-teach", "#open-compare", "#open-speed"]) {
          await page.click(opener);
          await page.locator("dialog[open]").waitFor();
          assert.deepEqual(await findings(page), [], opener);
          await page.keyboard.press("Escape");
        }
      }, { colorScheme, viewport: { width, height: 800 } });
    });
  }
}

for (const [locale, colorScheme, width] of /** @type {const} */ ([["en", "light", 1280], ["vi-VN", "dark", 1280], ["vi-VN", "light", 360]])) {
  test(`axe-core finds nothing about a field, ${locale}, ${width} px, ${colorScheme}`, { timeout }, async (t) => {
    const drawn = await drawField(t, { nuclei: 12 });
    await withPage(browser, async (page) => {
      await page.goto(`${server.address}?device=cpu`);
      await ready(page);
      await drop(page, [drawn.photograph, drawn.file, drawn.leftOut]);
      await page.waitForFunction(() => /12\D+12/.test(document.querySelector("#tally")?.textContent ?? ""));
      assert.deepEqual(await findings(page), [], "the field");
      await page.locator(".scale-box summary").click();
      await page.locator(".scale-cells button").waitFor();
      assert.deepEqual(await findings(page), [], "the scale");
      await page.keyboard.press("Escape");
      await page.locator(".proof-open").click();
      await page.locator(".proof-list canvas").first().waitFor();
      await page.keyboard.press("y");
      assert.deepEqual(await findings(page), [], "proof-reading");
      await page.keyboard.press("Escape");
      await page.locator(".field-summary").click();
      await page.locator("dialog[open]").waitFor();
      assert.deepEqual(await findings(page), [], "the field at a glance");
    }, { locale, colorScheme, viewport: { width, height: 800 } });
  });
}

test("every text of the page is there in every language, and no other", { timeout }, async () => {
  const texts = async (/** @type {string} */ tag) => /** @type {Record<string, string>} */ (JSON.parse(await readFile(join(LOCALES, `${tag}.json`), "utf8")));
  const english = await texts("en");
  for (const tag of ["vi"]) {
    const theirs = await texts(tag);
    // A language has the forms of plurals that it has.
    const forms = new Intl.PluralRules(tag).resolvedOptions().pluralCategories;
    const isForm = (/** @type {string} */ key) => /\.(one|other)$/.test(key) && key.replace(/\.\w+$/, ".other") in english;
    const wanted = Object.keys(english).filter((key) => !isForm(key) || forms.some((form) => key.endsWith(`.${form}`)));
    assert.deepEqual(Object.keys(theirs), wanted);
    const holes = (/** @type {string} */ words) => [...words.matchAll(/\{\w+\}/g)].map(String).sort();
    for (const key of wanted) assert.deepEqual(holes(theirs[key]), holes(english[key]), `${tag}: ${key}`);
  }
  const files = (await readdir(WWW, { recursive: true })).filter((name) => name.endsWith(".html"));
  assert.ok(files.length > 1, "index.html and the dialogs");
  for (const file of files) {
    const html = await readFile(join(WWW, file), "utf8");
    for (const [, key] of html.matchAll(/data-i18n(?:-[a-z-]+)?="([^"]+)"/g)) assert.ok(key in english, `${file} asks for ${key}`);
  }
});

test("the browser's language is taken, another can be chosen, and the choice is kept", { timeout }, async () => {
  await withPage(browser, async (page) => {
    await page.goto(`${server.address}?device=cpu`);
    await ready(page);
    assert.equal(await page.locator("html").getAttribute("lang"), "vi");
    assert.match(await page.locator(".honest").innerText(), /không phải chẩn đoán/);
    await page.click("#example");
    const [row] = await settledRows(page, 1);
    assert.match(row.name, /Ví dụ/);
    await page.selectOption("#language", "en");
    await page.locator("#columns", { hasText: "Grooves" }).waitFor();
    assert.match(await page.locator(".honest").innerText(), /not a diagnosis/);
    const [same] = await settledRows(page, 1);
    assert.deepEqual(same.features, row.features);
  }, { locale: "vi-VN", viewport: { width: 1280, height: 800 } });
});

for (const width of [320, 360, 640, 1280, 2560]) {
  test(`nothing is cut off at ${width} px`, { timeout }, async () => {
    await withPage(browser, async (page) => {
      await page.goto(`${server.address}?device=cpu`);
      await ready(page);
      await page.click("#example");
      await settledRows(page, 1);
      const wide = () => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      assert.equal(await wide(), 0, "the page scrolls sideways");
      if (width < 1000) {
        await page.click("#rows > li");
        await page.locator("#close-detail").waitFor();
        assert.equal(await page.evaluate(() => document.activeElement?.id), "detail-name");
        const cut = await page.locator("#detail").evaluate((detail) => detail.scrollWidth - detail.clientWidth);
        assert.equal(cut, 0, "the cell scrolls sideways");
        await page.keyboard.press("Escape");
        assert.equal(await page.evaluate(() => document.activeElement?.id), "rows");
      }
      assert.equal(await page.locator(".honest strong").isVisible(), true);
    }, { viewport: { width, height: 760 } });
  });
}

test("with reduced motion nothing moves by itself", { timeout }, async () => {
  await withPage(browser, async (page) => {
    await page.goto(`${server.address}?device=cpu`);
    const moving = await page.evaluate(() => document.getAnimations().length);
    assert.equal(moving, 0);
    await ready(page);
  }, { reducedMotion: "reduce" });
});

test("the page is painted, and says what it does, before the model is there", { timeout }, async () => {
  await withPage(browser, async (page) => {
    /** @type {() => void} */
    let release = () => {};
    const held = new Promise((done) => { release = () => done(undefined); });
    await page.route("**/pkg/**", async (route) => {
      await held;
      await route.continue();
    });
    await page.goto(`${server.address}?device=cpu`, { waitUntil: "commit" });
    await page.locator("#intake-title").waitFor();
    assert.match(await page.locator("#status").innerText(), /Starting|Loading/);
    release();
    await ready(page);
  });
});
