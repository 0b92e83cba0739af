/** The page's dialogs for learning and for help: the quiz, the comparison, the diagnostics. */

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import {
  PATIENCE, REPOSITORY, SHIPPED_MODEL, drop, folderFor, openSite, openBlank, predict, ready, render, settledRows,
  withPage,
} from "./harness.js";

/** @import { Page } from "playwright-core" */

/** A shipped model that is not the page's default. */
const SECOND_MODEL = join(REPOSITORY, "models/vit.safetensors");

const { server, browser } = await openSite({ webgpu: false });

const timeout = PATIENCE;

test("a guess comes before the answer, is scored, and the drawing is kept as synthetic", { timeout }, async () => {
  await withPage(browser, async (page) => {
    await openPage(page);
    await page.click("#open-teach");
    // The first drawing is nobody's choice, and nothing tells what it shows.
    await phase(page, "guess");
    assert.equal(await page.locator("#teach-answer").isVisible(), false);
    assert.doesNotMatch((await page.getAttribute("#teach-picture img", "alt")) ?? "", /shows/);
    assert.match(await page.locator("#teach figcaption").innerText(), /synthetic/i);
    assert.match(await page.locator("#teach .teach-honest").innerText(), /learnt from photographs/);

    await page.click("#teach-to-choose");
    await page.check("#teach-choose input[value=Grooves]");
    await page.check("#teach-choose input[value=Inclusion]");
    await page.click("#teach-choose [type=submit]");
    await phase(page, "guess");
    assert.equal(await page.locator("#teach-guess input:checked").count(), 0);
    await page.check("#teach-guess input[value=Grooves]");
    await page.check("#teach-guess input[value=Glassy]");
    await page.click("#teach-guess [type=submit]");
    await phase(page, "answer");
    assert.deepEqual(await outcomes(page), { Grooves: "hit", Inclusion: "miss", Glassy: "false" });
    const percentages = await page.locator("#teach-answer .teach-percent").allInnerTexts();
    assert.equal(percentages.length, 9);
    for (const text of percentages) assert.match(text, /^\d+(\.\d+)? %$/);
    assert.match((await page.getAttribute("#teach-picture img", "alt")) ?? "", /Grooves.*Inclusion/);
    assert.match(await page.locator("#teach-tally").innerText(), /1 drawing; 1 hit, 1 miss\b.* 1 false call/);

    await page.click("#teach-add");
    assert.ok(await page.locator("#teach-add").isDisabled());
    await page.keyboard.press("Escape");
    const [row] = await settledRows(page, 1);
    assert.match(row.name ?? "", /^synthetic-\d+\.png$/);
    assert.equal(await page.locator("#rows > li[data-synthetic]").count(), 1);

    // The round goes on where it was.
    await page.click("#open-teach");
    await phase(page, "guess");
    assert.match(await page.locator("#teach-tally").innerText(), /1 drawing/);
    await page.click("#teach-tally");
    await page.click("#teach-anew");
    await page.locator("#teach-score").waitFor({ state: "hidden" });
  });
});

test("the quiz is played with the keyboard, and the focus goes back to where it was", { timeout }, async () => {
  await withPage(browser, async (page) => {
    await openPage(page);
    await page.focus("#open-teach");
    await page.keyboard.press("Enter");
    await phase(page, "guess");
    await page.keyboard.press("Digit2");
    await page.keyboard.press("Digit9");
    await page.keyboard.press("Digit2");
    assert.deepEqual(await guessed(page), ["Overlapping"]);
    // A press beside the controls takes nothing from the keys.
    await page.click("#teach figcaption");
    await page.keyboard.press("Enter");
    await phase(page, "answer");
    const first = await page.locator("#teach-origin").innerText();
    await page.keyboard.press("n");
    await phase(page, "guess");
    assert.notEqual(await page.locator("#teach-origin").innerText(), first);
    assert.deepEqual(await guessed(page), []);
    // Who speaks to the machine, or types by accident, turns the keys off.
    await page.uncheck("#teach-keys");
    await page.keyboard.press("Digit3");
    assert.deepEqual(await guessed(page), []);
    await page.keyboard.press("Escape");
    assert.ok(await page.locator("#open-teach").evaluate((button) => button === document.activeElement));
    await page.focus("#open-diagnostics");
    await page.keyboard.press("Enter");
    await page.locator("#diagnostics[open]").waitFor();
    await page.keyboard.press("Escape");
    assert.ok(await page.locator("#open-diagnostics").evaluate((button) => button === document.activeElement));
  });
});

test("two models are set side by side on the same cells, and as on the command line", { timeout }, async (t) => {
  const files = await drawings(await folderFor(t));
  const [first, second] = await Promise.all([SHIPPED_MODEL, SECOND_MODEL].map((model) => predict(model, files)));
  await withPage(browser, async (page) => {
    await openPage(page);
    await drop(page, files);
    await settledRows(page, files.length);
    await page.click("#open-compare");
    await page.locator("#compare-start:enabled").waitFor();
    await choose(page, 0, "auto");
    await choose(page, 1, "auto", /vit/i);
    await page.click("#compare-start");
    await page.locator("#compare-save:visible").waitFor();
    assert.match(await page.locator("#compare-say").innerText(), /^3 cells compared: \d+ % of calls agree/);
    for (const time of await page.locator(".compare-time").allInnerTexts()) assert.match(time, /\d+(\.\d)? ms/);

    const download = page.waitForEvent("download");
    await page.click("#compare-save");
    const rows = table(await readFile(await (await download).path(), "utf8"));
    assert.equal(rows.length, 3 * 9);
    rows.forEach((row, index) => {
      const cell = Math.floor(index / 9);
      const one = first[cell].features[index % 9];
      const other = second[cell].features[index % 9];
      assert.deepEqual([row.cell, row.feature], [`cell_${cell}.png`, one.name]);
      assert.ok(Math.abs(Number(row.a_probability) - one.probability) <= 1e-3, `${row.cell} ${row.feature} A`);
      assert.ok(Math.abs(Number(row.b_probability) - other.probability) <= 1e-3, `${row.cell} ${row.feature} B`);
      assert.equal(row.calls_differ, row.a_present !== row.b_present ? "True" : "False");
    });

    const differing = rows.filter((row) => row.calls_differ === "True");
    assert.equal(await page.locator("#compare-cells tr[data-differ=true]").count(), differing.length);
    const agreed = await page.locator(".compare-table tr[data-feature]").evaluateAll((all) =>
      all.map((row) => /** @type {HTMLTableRowElement} */ (row).cells[1].textContent ?? ""));
    assert.equal(agreed.length, 9);
    const same = agreed.map((text) => Number(/^(\d) of 3/.exec(text)?.[1]));
    assert.equal(same.reduce((sum, one) => sum + one, 0), 27 - differing.length);
    await page.check("#compare-only");
    const cells = new Set(differing.map((row) => row.cell)).size;
    assert.equal(await page.locator("#compare-cells > li:visible").count(), cells);
    // Both were freed; the page's own is left.
    assert.equal(page.workers().length, 1);
  });
});

test("two devices are set side by side; one that is not there says so; a comparison can be cancelled", { timeout }, async (t) => {
  const files = await drawings(await folderFor(t));
  await withPage(browser, async (page) => {
    await openPage(page);
    await drop(page, files);
    await settledRows(page, files.length);
    await page.click("#open-compare");
    await page.locator("#compare-start:enabled").waitFor();
    await choose(page, 0, "auto");
    await choose(page, 1, "cpu");
    await page.fill("#compare-setup [name=count]", "2");
    await page.click("#compare-start");
    await page.locator("#compare-save:visible").waitFor();
    assert.match(await page.locator("#compare-say").innerText(), /^2 cells compared: 100 % of calls agree/);
    assert.equal(await page.locator("#compare-none").isVisible(), false);

    await choose(page, 1, "webgpu");
    await page.click("#compare-start");
    await page.locator(".compare-facts[data-side='1'] .compare-failure").waitFor();
    await page.locator("#compare-start:visible").waitFor();
    assert.match(await page.locator(".compare-facts[data-side='1']").innerText(), /WebGPU/);
    assert.equal(await page.locator(".compare-facts[data-side='0'] .compare-failure").count(), 0);

    await choose(page, 1, "cpu");
    await page.click("#compare-start");
    await page.click("#compare-cancel");
    await page.locator("#compare-start:visible").waitFor();
    assert.match(await page.locator("#compare-say").innerText(), /^Cancelled/);
    await page.evaluate(() => {
      const cells = /** @type {HTMLElement} */ (document.querySelector("#compare-cells"));
      const cancel = () => {
        if (cells.childElementCount > 0) /** @type {HTMLElement} */ (document.querySelector("#compare-cancel")).click();
      };
      new MutationObserver(cancel).observe(cells, { childList: true });
    });
    await page.click("#compare-start");
    await page.locator("#compare-cells > li").waitFor();
    await page.locator("#compare-start:visible").waitFor();
    assert.match(await page.locator("#compare-say").innerText(), /^Cancelled after 1 cell\.$/);
    assert.equal(await page.locator(".compare-failure").count(), 0);
    await page.keyboard.press("Escape");
    await page.waitForFunction(() => !document.querySelector("#compare[open]"));
    for (let patience = 100; page.workers().length > 1 && patience > 0; patience--) await page.waitForTimeout(100);
    assert.equal(page.workers().length, 1);
  });
});

test("the diagnostics name the program and no file", { timeout }, async (t) => {
  const file = await render(join(await folderFor(t), "Nguyen Van A 1975.png"), "Grooves", 1);
  await withPage(browser, async (page) => {
    await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
    await openPage(page);
    await drop(page, [file]);
    await settledRows(page, 1);
    await page.click("#open-diagnostics");
    await page.locator("#diagnostics-say:not(:empty)").waitFor();
    const text = await page.locator("#diagnostics-text").inputValue();
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), text);
    assert.match(text, /Karyolens \d+\.\d+\.\d+/);
    assert.match(text, /Device: cpu, workers: \d/);
    assert.match(text, /Cells: 1/);
    assert.match(text, /Browser: Mozilla/);
    assert.doesNotMatch(text, /Nguyen|1975|\.png|data:|blob:/);
    await page.keyboard.press("Escape");

    await page.evaluate(() => { navigator.clipboard.writeText = () => Promise.reject(new Error("closed")); });
    await page.click("#open-diagnostics");
    await page.locator("#diagnostics-say:not(:empty)").waitFor();
    assert.match(await page.locator("#diagnostics-say").innerText(), /selected/);
    assert.ok(await page.locator("#diagnostics-text").evaluate((area) =>
      area instanceof HTMLTextAreaElement && area.selectionStart === 0 && area.selectionEnd === area.value.length));
  });
});

test("scores, agreement, CSV and messages without names, apart from the page", { timeout }, async () => {
  await withPage(browser, async (page) => {
    await openBlank(page, server.address);
    const found = await page.evaluate(async (address) => {
      const { Round, surprise } = await import(`${address}teach/quiz.js`);
      const { agreements, comparisonCsv, median } = await import(`${address}compare/agreement.js`);
      const { withoutNames } = await import(`${address}diagnostics/diagnostics.js`);
      const round = new Round();
      round.add({ drawn: new Set(["Grooves", "Glassy"]), guessed: new Set(["Grooves", "Crowding"]) });
      round.add({ drawn: new Set(["Grooves"]), guessed: new Set() });
      const read = (/** @type {number} */ probability) =>
        ({ features: [{ name: "Grooves", probability, threshold: 0.5, present: probability >= 0.5 }], milliseconds: 1 });
      const pairs = [
        { name: "=a,b.png", synthetic: true, readings: [read(0.75), read(0.25)] },
        { name: "b.png", synthetic: false, readings: [read(0.5), read(0.625)] },
        { name: "c.png", synthetic: false, readings: [read(0.5), { failure: "is empty" }] },
      ];
      const source = { model: "m", sha256: null, device: "cpu", program: "1" };
      return {
        grooves: round.score("Grooves"),
        all: round.score(),
        none: surprise(() => 0.9),
        every: surprise(() => 0).length,
        agreements: agreements(pairs),
        csv: comparisonCsv(pairs, [source, source]),
        medians: [median([3, 1, 2]), median([4, 1])],
        messages: [
          withoutNames("folder/Anna K.png: is truncated", ["folder/Anna K.png"]),
          withoutNames("Anna K is truncated", ["folder/Anna K.png"]),
          withoutNames("could not fetch http://127.0.0.1/x: 404", []),
          withoutNames('"John Doe 3.JPG" is empty', []),
        ],
      };
    }, server.address);
    assert.deepEqual(found.grooves, { hits: 1, misses: 1, falseCalls: 0 });
    assert.deepEqual(found.all, { hits: 1, misses: 2, falseCalls: 1 });
    assert.deepEqual([found.none, found.every], [[], 9]);
    assert.deepEqual(found.agreements, [
      { name: "Grooves", cells: 2, same: 1, onlyFirst: 1, onlySecond: 0, largest: 0.5, at: "=a,b.png" },
    ]);
    const [row, ...others] = found.csv.trimEnd().split("\r\n").slice(1);
    assert.match(row, /^"'=a,b\.png",True,Grooves,0\.75,0\.25,0\.5,0\.5,0\.5,True,False,True,1\.0,1\.0,m,,cpu,1,m,,cpu,1$/);
    assert.equal(others.length, 1);
    assert.deepEqual(found.medians, [2, 2.5]);
    assert.deepEqual(found.messages, [
      "[file]: is truncated", "[file] is truncated", "could not fetch http://127.0.0.1/x: 404", '"[file]" is empty',
    ]);
  });
});

/** @param {Page} page */
async function openPage(page) {
  await page.goto(`${server.address}?device=cpu&workers=1`);
  await ready(page);
}

/** @param {Page} page @param {"choose" | "guess" | "answer"} name */
function phase(page, name) {
  return page.locator(`#teach[open][data-phase=${name}]`).waitFor();
}

/** What was guessed so far. @param {Page} page */
function guessed(page) {
  return page.locator("#teach-guess input:checked").evaluateAll((boxes) =>
    boxes.map((box) => /** @type {HTMLInputElement} */ (box).value));
}

/** The features that were drawn or guessed, with what came of them. @param {Page} page */
async function outcomes(page) {
  const rows = await page.locator("#teach-answer tr[data-feature]").evaluateAll((rows) =>
    rows.map((row) => [row.getAttribute("data-feature") ?? "", row.getAttribute("data-outcome")]));
  return Object.fromEntries(rows.filter(([, outcome]) => outcome !== "right"));
}

/** The first model of the list, or the one whose name is given, on a device. @param {Page} page @param {0 | 1} side @param {string} device @param {RegExp} [name] */
async function choose(page, side, device, name) {
  const within = page.locator(`.compare-side[data-side='${side}']`);
  const options = await within.locator("[name=model] option").allInnerTexts();
  await within.locator("[name=model]").selectOption({ index: name ? options.findIndex((text) => name.test(text)) : 0 });
  await within.locator("[name=device]").selectOption(device);
}

/** Three cells for a comparison. @param {string} folder */
function drawings(folder) {
  return Promise.all(["Grooves,Inclusion", "Elongation", "Enlargement,Glassy"].map((features, index) =>
    render(join(folder, `cell_${index}.png`), features, index)));
}

/** The rows of a table whose fields hold no comma. @param {string} csv */
function table(csv) {
  const [head, ...rows] = csv.trimEnd().split("\r\n").map((line) => line.split(","));
  return rows.map((row) => Object.fromEntries(head.map((name, index) => [name, row[index]])));
}
