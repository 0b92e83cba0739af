/** The page as a person uses it: pictures go in, features come out, and nothing leaves. */

import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import {
  PATIENCE, SHIPPED_MODEL, assertAgrees, drop, folderFor, openSite, predict, ready, render, settledRows,
  transferOf, withFeatures, withPage,
} from "./harness.js";

const { server, browser } = await openSite({ webgpu: true });
const { browser: plain } = await openSite({ webgpu: false });

const timeout = PATIENCE;

test("pictures of every format are dropped together and read as the command line reads them", { timeout }, async (t) => {
  const folder = await folderFor(t);
  const files = await Promise.all([
    render(join(folder, "grooves.png"), "Grooves,Inclusion", 3),
    render(join(folder, "long.jpg"), "Elongation", 4),
    render(join(folder, "large.webp"), "Enlargement,Glassy", 5),
    render(join(folder, "wrinkled.tiff"), "Wrinkled", 6),
    render(join(folder, "plain.bmp"), "Crowding,Overlapping", 7),
  ]);
  const predicted = await predict(SHIPPED_MODEL, files);
  await withPage(browser, async (page) => {
    await page.goto(`${server.address}?device=cpu`);
    await ready(page);
    assert.equal(await page.locator("#device").getAttribute("data-kind"), "cpu");
    await drop(page, files);
    const rows = await settledRows(page, files.length);
    assert.deepEqual(rows.map((row) => row.name), ["grooves.png", "long.jpg", "large.webp", "wrinkled.tiff", "plain.bmp"]);
    rows.forEach((row, index) => {
      assert.equal(row.features.length, 9);
      assertAgrees(row, predicted[index]);
    });
    // Chromium shows no TIFF: its row names the format instead.
    await page.locator("#rows > li:not(:nth-child(4)) .picture img").nth(3).waitFor();
    assert.equal(await page.locator("#rows > li:nth-child(4) .picture").innerText(), "TIFF");
  });
});

test("files that were dropped while the model still loads are read once it is there", { timeout }, async (t) => {
  const file = await render(join(await folderFor(t), "early.png"), "Grooves", 1);
  const [predicted] = await predict(SHIPPED_MODEL, [file]);
  await withPage(browser, async (page) => {
    /** @type {() => void} */
    let release = () => {};
    const held = new Promise((done) => { release = () => done(undefined); });
    await page.route("**/pkg/model.safetensors", async (route) => {
      await held;
      await route.continue();
    });
    await page.goto(`${server.address}?device=cpu`);
    await drop(page, [file]);
    await page.locator("#rows > li[data-state=reading]").waitFor();
    assert.equal(await page.locator("html").getAttribute("data-state"), "loading");
    release();
    assertAgrees((await settledRows(page, 1))[0], predicted);
  });
});

test("a broken file gets a message in its own row and the others are read", { timeout }, async (t) => {
  const folder = await folderFor(t);
  const good = await render(join(folder, "good.png"), "Grooves", 8);
  const jpeg = await readFile(await render(join(folder, "whole.jpg"), "Grooves", 8));
  const broken = {
    "text.png": "This is a letter, not a picture.\n",
    "empty.png": "",
    "truncated.jpg": jpeg.subarray(0, jpeg.length / 2),
    "enormous.png": pngHeader(30_000, 30_000),
  };
  for (const [name, content] of Object.entries(broken)) await writeFile(join(folder, name), content);
  const paths = Object.keys(broken).map((name) => join(folder, name));
  const [predicted] = await predict(SHIPPED_MODEL, [good]);
  await withPage(browser, async (page) => {
    await page.goto(`${server.address}?device=cpu`);
    await ready(page);
    await drop(page, [...paths, { path: good, name: "<img src=x onerror=alert(1)>.png" }]);
    const rows = await settledRows(page, 5);
    for (const row of rows.slice(0, 4)) {
      assert.equal(row.state, "failed", row.name);
      assert.match(row.message, /\w+ \w+/, `${row.name} has no message`);
      assert.equal(row.features.length, 0);
    }
    assert.equal(rows[4].name, "<img src=x onerror=alert(1)>.png");
    assertAgrees(rows[4], predicted);
    assert.equal(await page.locator("html").getAttribute("data-state"), "ready");
    assert.match(await page.locator("#tally").innerText(), /1 of 5 read, 4 failed/);
    await page.click("#clear");
    await page.locator("#results").waitFor({ state: "hidden" });
    await drop(page, [good]);
    assertAgrees((await settledRows(page, 1))[0], predicted);
  });
});

test("pasted and chosen files are read too", { timeout }, async (t) => {
  const folder = await folderFor(t);
  const files = [
    await render(join(folder, "pasted.png"), "Inclusion", 9),
    await render(join(folder, "chosen.jpg"), "Grooves", 10),
    await render(join(folder, "chosen too.webp"), "Glassy", 11),
  ];
  const predicted = await predict(SHIPPED_MODEL, files);
  await withPage(browser, async (page) => {
    await page.goto(`${server.address}?device=cpu`);
    await ready(page);
    await page.evaluate((clipboardData) => {
      document.body.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));
    }, await transferOf(page, files.slice(0, 1)));
    await settledRows(page, 1);
    const chooser = page.waitForEvent("filechooser");
    await page.click("#choose");
    await (await chooser).setFiles(files.slice(1));
    const rows = await settledRows(page, 3);
    assert.deepEqual(rows.map((row) => row.name), ["pasted.png", "chosen.jpg", "chosen too.webp"]);
    rows.forEach((row, index) => assertAgrees(row, predicted[index]));
  });
});

test("every control is reached and worked by the keyboard", { timeout }, async () => {
  await withPage(browser, async (page) => {
    await page.goto(`${server.address}?device=cpu`);
    await ready(page);
    await tabTo(page, "#choose");
    const chooser = page.waitForEvent("filechooser");
    await page.keyboard.press("Enter");
    await chooser;
    await tabTo(page, "#example");
    await page.keyboard.press("Space");
    const [row] = await settledRows(page, 1);
    assert.equal(row.state, "done", row.message);
    for (const [opener, dialog] of [["#open-models", "#models"], ["#open-session", "#session"], ["#open-teach", "#teach"], ["#open-compare", "#compare"]]) {
      await tabTo(page, opener);
      await page.keyboard.press("Enter");
      await page.locator(dialog).waitFor();
      await page.keyboard.press("Escape");
      await page.locator(dialog).waitFor({ state: "hidden" });
      assert.ok(await page.locator(opener).evaluate((button) => button === document.activeElement), `${opener} has lost the focus`);
    }
    for (const control of ["#filter-text", "#sort", ".thresholds > summary", "#rows", "#show-heat", "#calls .correct >> nth=0", "#remove"]) {
      await tabTo(page, control);
    }
    await tabTo(page, "#clear");
    await page.keyboard.press("Enter");
    await page.locator("#results").waitFor({ state: "hidden" });
    assert.ok(await page.locator("#undo").evaluate((button) => button === document.activeElement));
    await page.keyboard.press("Enter");
    await settledRows(page, 1);
    assert.ok(await page.locator("#rows").evaluate((rows) => rows === document.activeElement));
  });
});

test("an example is drawn, marked as synthetic and read", { timeout }, async () => {
  await withPage(browser, async (page) => {
    await page.goto(`${server.address}?device=cpu`);
    await page.click("#example");
    await page.click("#example");
    const rows = await settledRows(page, 2);
    for (const row of rows) assert.equal(row.features.length, 9, row.message);
    assert.notDeepEqual(rows[0].features, rows[1].features);
    assert.equal(await page.locator("#rows > li[data-synthetic] .picture img").count(), 2);
    assert.match(await page.locator("#rows > li .facts").first().innerText(), /synthetic/i);
  });
});

test("with a software adapter at hand the page takes the CPU and says why", { timeout }, async () => {
  await withPage(browser, async (page) => {
    await page.goto(server.address);
    await ready(page);
    assert.equal(await page.locator("#device").getAttribute("data-kind"), "cpu");
    assert.match(await page.locator("#device-reason").innerText(), /fallback|software|WebGPU/i);
    assert.match(await page.locator(".honest").innerText(), /not a diagnosis.*stay on this machine/s);
    await page.click("#open-models");
    await page.locator("#models[open]").waitFor();
    assert.match(await page.locator("#model-summary").innerText(), /licence/i);
  });
});

test("a browser without WebGPU runs on the CPU and says so", { timeout }, async (t) => {
  const file = await render(join(await folderFor(t), "cell.png"), "Grooves", 12);
  const [predicted] = await predict(SHIPPED_MODEL, [file]);
  await withPage(plain, async (page) => {
    await page.goto(server.address);
    await ready(page);
    assert.equal(await page.locator("#device").getAttribute("data-kind"), "cpu");
    assert.match(await page.locator("#device-reason").innerText(), /WebGPU/);
    await drop(page, [file]);
    assertAgrees((await settledRows(page, 1))[0], predicted);
  });
});

test("a checkpoint that was cut in half is refused with a reason, and trying again works", { timeout }, async () => {
  const whole = await readFile(SHIPPED_MODEL);
  await withPage(browser, async (page) => {
    let isFirst = true;
    // Not with `times: 1`, which stops listening while the page still loads: once the page then hung for good.
    await page.route("**/pkg/model.safetensors", (route) => {
      const answer = isFirst ? route.fulfill({ body: whole.subarray(0, whole.length / 2) }) : route.continue();
      isFirst = false;
      return answer;
    });
    await page.goto(`${server.address}?device=cpu`);
    await page.locator("html[data-state=failed]").waitFor();
    assert.match(await page.locator("#status").innerText(), /could not start: .*\w+ \w+/);
    await page.click("#again");
    await ready(page);
  });
});

test("cells of an earlier visit have their calls even where no model can be loaded", { timeout }, async (t) => {
  const file = await render(join(await folderFor(t), "cell.png"), "Grooves", 1);
  await withPage(plain, async (page) => {
    await page.goto(`${server.address}?device=cpu`);
    await ready(page);
    await drop(page, [file]);
    const before = await settledRows(page, 1);
    await page.locator("[data-storage=kept]").waitFor();
    await page.goto(`${server.address}?device=webgpu`); // This browser has none.
    await page.locator("html[data-state=failed]").waitFor();
    assert.deepEqual(await settledRows(page, 1), before);
  });
});

test("a model whose features are others names those, and no risk", { timeout }, async (t) => {
  const folder = await folderFor(t);
  const file = await render(join(folder, "cell.png"), "Grooves", 13);
  const model = join(folder, "own.safetensors");
  const names = Array.from({ length: 9 }, (_, index) => `Property ${index + 1}`);
  await writeFile(model, withFeatures(await readFile(SHIPPED_MODEL), names));
  const [predicted] = await predict(model, [file]);
  assert.deepEqual(predicted.features.map((feature) => feature.name), names);
  assert.equal(predicted.risk, null);
  await withPage(browser, async (page) => {
    await page.route("**/pkg/model.safetensors", (route) => route.fulfill({ path: model }));
    await page.goto(`${server.address}?device=cpu`);
    await ready(page);
    await drop(page, [file]);
    assertAgrees((await settledRows(page, 1))[0], predicted);
  });
});

test("an unknown device in the address is named, with the ones that there are", { timeout }, async () => {
  await withPage(browser, async (page) => {
    await page.goto(`${server.address}?device=abacus`);
    await page.locator("html[data-state=failed]").waitFor();
    assert.match(await page.locator("#status").innerText(), /abacus.*auto, webgpu, cpu/);
  });
});

test("a part of the page that cannot be fetched is missed by name, the rest goes on", { timeout }, async () => {
  await withPage(browser, async (page) => {
    await page.route("**/teach/teach-dialog.js", (route) => route.abort());
    await page.goto(`${server.address}?device=cpu`);
    await ready(page);
    await page.click("#open-teach");
    await page.locator("#status", { hasText: /could not be fetched.*teach-dialog\.js/ }).waitFor();
    await page.click("#example");
    await settledRows(page, 1);
  }, { expected: /ERR_FAILED/ });
});

test("all that the page asks for comes from its own server", { timeout }, async () => {
  await withPage(browser, async (page, seen) => {
    await page.goto(server.address);
    await ready(page);
    await page.click("#example");
    await settledRows(page, 1);
    // The list was not empty because nobody looked: the worker's own requests are in it.
    for (const file of ["main.js", "pkg/index.js", "pkg/worker.js", "pkg/karyolens_cpu_relaxed_bg.wasm", "pkg/model.safetensors"]) {
      assert.ok(seen.requests.includes(`${server.address}${file}`), `${file} was not seen`);
    }
    const elsewhere = seen.requests.filter((url) => !url.startsWith(server.address) && !url.startsWith(`blob:${server.address}`));
    assert.deepEqual(elsewhere, []);
  });
});

/** Presses Tab until the element has the focus. @param {import("playwright-core").Page} page @param {string} selector */
async function tabTo(page, selector) {
  const element = page.locator(selector);
  // More than one round through everything that takes the focus.
  for (let presses = 0; presses < 120; presses++) {
    if (await element.evaluate((one) => one === document.activeElement)) return;
    await page.keyboard.press("Tab");
  }
  assert.fail(`${selector} is not reached by Tab`);
}

/** A PNG that says it has these sides and then ends. @param {number} width @param {number} height */
function pngHeader(width, height) {
  const header = Buffer.from("89504e470d0a1a0a0000000d49484452000000000000000008020000000000000000000000", "hex").subarray(0, 33);
  header.writeUInt32BE(width, 16);
  header.writeUInt32BE(height, 20);
  header.writeUInt32BE(crc32(header.subarray(12, 29)), 29);
  return header;
}

/** The checksum of PNG chunks. @param {Uint8Array} bytes */
function crc32(bytes) {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}
