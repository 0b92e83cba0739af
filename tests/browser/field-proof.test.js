/** Proof-reading a field: the least sure nuclei first, one key a decision, and a decision that is kept. */

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { ProofOrder } from "../../www/field/proof/proof-order.js";
import { surenessOf } from "../../www/field/proof/sureness.js";
import { allRead, drawField, isSelected, middleOf, openField, withReadyPage } from "./fields.js";
import { PATIENCE, openSite, ready } from "./harness.js";

/** @import { Page } from "playwright-core" */
/** @import { Nucleus } from "../../www/field/proof/proof-order.js" */

const { server, browser } = await openSite({ webgpu: false });

const timeout = PATIENCE;

const COUNT = 12;

/** The numbers of the nuclei in the row, in their order. @param {Page} page */
function order(page) {
  return page.locator(".proof-list > li").evaluateAll((items) => items.map((item) => Number(/\d+/.exec(item.querySelector(".proof-words")?.textContent ?? "")?.[0])));
}

/** The session's cells as the page saves them. @param {Page} page @returns {Promise<{confirmed: boolean}[]>} */
async function savedCells(page) {
  await page.click("#open-session");
  const [download] = await Promise.all([page.waitForEvent("download"), page.click("#save-json")]);
  await page.keyboard.press("Escape");
  return JSON.parse(await readFile(await download.path(), "utf8")).cells;
}

test("a field is proof-read by the keyboard alone: right, remove, next, taken back; what is right stays so", { timeout }, async (t) => {
  const drawn = await drawField(t, { nuclei: COUNT });
  await withReadyPage(browser, server.address, async (page) => {
    await openField(page, drawn);
    await page.locator(".proof-open").press("Enter");
    const list = page.locator(".proof-list");
    const say = page.locator(".proof-say");
    const inHand = list.locator("[aria-selected=true]");
    await list.waitFor();
    assert.equal(await say.innerText(), `0 of ${COUNT} looked at`);
    assert.equal(await page.evaluate(() => document.activeElement?.className), "proof-list");
    const first = await order(page);
    assert.equal(first.length, COUNT);
    const shares = (await list.locator(".proof-words").allInnerTexts()).map((words) => Number(/: (\d+)/.exec(words)?.[1]));
    assert.deepEqual(shares, shares.toSorted((a, b) => a - b), "least sure first");
    await isSelected(page, first[0]);
    assert.match(await inHand.innerText(), new RegExp(`^${first[0]}: \\d+ %\\s+least sure call: \\w+, \\d+ % sure$`));
    assert.equal(await list.getAttribute("aria-activedescendant"), await inHand.getAttribute("id"));
    // Its picture, and the field about it, large.
    await inHand.locator("canvas").waitFor();
    await page.locator(".field-overview").waitFor();

    await page.keyboard.press("y");
    await say.filter({ hasText: "1 of 12" }).waitFor();
    await isSelected(page, first[1]);
    assert.deepEqual(await order(page), first, "the order stands still");
    await page.keyboard.press("n");
    await isSelected(page, first[2]);
    await page.keyboard.press("Delete");
    await say.filter({ hasText: `1 of ${COUNT - 1}` }).waitFor();
    assert.equal((await order(page)).length, COUNT - 1);
    await page.keyboard.press("Control+z");
    await say.filter({ hasText: `1 of ${COUNT}` }).waitFor();
    assert.deepEqual(await order(page), first);
    await isSelected(page, first[2]);
    await page.keyboard.press("Control+z");
    await say.filter({ hasText: `0 of ${COUNT}` }).waitFor();
    await page.keyboard.press("Control+Shift+z");
    await say.filter({ hasText: `1 of ${COUNT}` }).waitFor();
    await isSelected(page, first[0]);

    // In the field the same keys decide.
    await page.keyboard.press("Enter");
    assert.match(await page.evaluate(() => document.activeElement?.className ?? ""), /field-stage/);
    await page.keyboard.press("n");
    await isSelected(page, first[1]);
    await page.keyboard.press("y");
    await say.filter({ hasText: `2 of ${COUNT}` }).waitFor();

    const confirmed = async () => (await savedCells(page)).flatMap((cell, index) => (cell.confirmed ? [index + 1] : []));
    const expected = [first[0], first[1]].toSorted((a, b) => a - b);
    assert.deepEqual(await confirmed(), expected);
    await page.reload();
    await ready(page);
    await allRead(page, COUNT);
    assert.deepEqual(await confirmed(), expected);
    await page.locator(".proof-open").click();
    await page.locator(".proof-say", { hasText: `2 of ${COUNT}` }).waitFor();
    await isSelected(page, first[2]);
  });
});

test("by mouse: a picture is chosen, buttons decide; a changed outline keeps its place and counts as looked at", { timeout }, async (t) => {
  const drawn = await drawField(t, { nuclei: COUNT });
  await withReadyPage(browser, server.address, async (page) => {
    const field = await openField(page, drawn);
    await page.locator(".proof-open").click();
    const first = await order(page);
    await page.locator(".proof-list > li").nth(4).click();
    await isSelected(page, first[4]);
    // The field shows it in the middle; a stroke there changes it.
    await field.keys("b");
    const box = await page.locator(".field-stage").boundingBox();
    assert.ok(box);
    const middle = [box.x + box.width / 2, box.y + box.height / 2];
    const { contours } = drawn;
    const [[x, y], [edgeX, edgeY]] = [middleOf(contours[first[4] - 1]), contours[first[4] - 1][0]];
    await page.mouse.move(middle[0], middle[1]);
    await page.mouse.down();
    await page.mouse.move(middle[0] + 2 * Math.sign(edgeX - x) * box.height / 8, middle[1] + 2 * Math.sign(edgeY - y) * box.height / 8, { steps: 4 });
    await page.mouse.up();
    await page.locator(".proof-say", { hasText: `1 of ${COUNT}` }).waitFor();
    assert.deepEqual(await order(page), first);
    await page.locator(".proof-next").click();
    await isSelected(page, first[5]);
    await page.locator(".proof-right").click();
    await page.locator(".proof-say", { hasText: `2 of ${COUNT}` }).waitFor();
    await page.locator(".proof-remove").click();
    await page.locator(".proof-say", { hasText: `2 of ${COUNT - 1}` }).waitFor();
    await page.locator(".proof-close").click();
    await page.locator(".proof").waitFor({ state: "hidden" });
    assert.equal(await page.locator(".proof-open").getAttribute("aria-expanded"), "false");
  });
});

/** A square nucleus. @param {number} left */
function nucleus(left) {
  return /** @type {Nucleus} */ (/** @type {unknown} */ ({ contour: [[left, 0], [left + 10, 0], [left + 10, 10], [left, 10]] }));
}

test("the order is made once; a changed nucleus takes the place of the one that it came from", () => {
  const [a, b, c] = [nucleus(0), nucleus(20), nucleus(40)];
  const sureness = new Map([[a, 0.9], [b, 0.3], [c, 0.6]]);
  const proof = new ProofOrder([a, b, c], (one) => sureness.get(one) ?? 1);
  assert.deepEqual(proof.nuclei, [b, c, a]);
  const changed = nucleus(43);
  const elsewhere = nucleus(80);
  proof.take([a, b, changed, elsewhere]);
  assert.deepEqual(proof.nuclei, [b, changed, a, elsewhere]);
  proof.take([a, b, c]);
  assert.deepEqual(proof.nuclei, [b, c, a]);
  assert.equal(proof.next(a, (one) => one !== b), c, "from the beginning after the last");
  assert.equal(proof.step(a, 1), null);
});

test("sureness is the outline's probability times that of the least sure open call", () => {
  const call = (/** @type {string} */ name, /** @type {number} */ probability, /** @type {boolean | null} */ answer = null) =>
    /** @type {any} */ ({ name, probability, threshold: 0.5, answer });
  const decision = /** @type {any} */ ({ calls: [call("A", 0.95), call("B", 0.25), call("C", 0.5, true)] });
  assert.deepEqual(surenessOf({ probability: 0.8 }, decision), { outline: 0.8, feature: "B", call: 0.75, both: 0.8 * 0.75 });
  assert.equal(surenessOf({ probability: null }, null).both, 0.5, "nobody has read it");
});
