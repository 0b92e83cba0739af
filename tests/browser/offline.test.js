/** The page without a network: saved, opened again, brought up to date, and carried on a stick. */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { appendFile, chmod, cp, mkdir, readFile, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import {
  PATIENCE, REPOSITORY, SHIPPED_MODEL, assertAgrees, drop, folderFor, openSite, predict, ready, render,
  serve, settledRows, withPage,
} from "./harness.js";

/** @import { Page } from "playwright-core" */

const run = promisify(execFile);

const { browser } = await openSite({ webgpu: false });

const timeout = PATIENCE;

test("after one visit the page opens, reads and changes the model with the server gone", { timeout }, async (t) => {
  const server = await serve();
  t.after(server.stop);
  const readsCells = await cellReader(t);
  await withPage(browser, async (page) => {
    await page.goto(`${server.address}?device=cpu`);
    await offline(page, "saved");
    await server.stop();
    await assert.rejects(fetch(server.address));

    for (const address of [`${server.address}?device=cpu`, `${server.address}index.html`]) {
      await page.goto(address);
      await readsCells(page);
      await offline(page, "saved");
    }
    const families = await page.evaluate(async () => {
      const { Karyolens } = await import(new URL("./pkg/index.js", location.href).href);
      const list = new URL("./pkg/models.json", location.href);
      const families = [];
      for (const { task, file, family } of await (await fetch(list)).json()) {
        if (task === "segment") continue;
        const karyolens = await Karyolens.load({ model: new URL(file, list), device: "cpu" });
        families.push([family, karyolens.card.architecture.family]);
        karyolens.close();
      }
      return families;
    });
    assert.deepEqual(families, [["resnet", "resnet"], ["convnext", "convnext"], ["vit", "vit"]]);
    const saved = await page.evaluate(async () => {
      const [name] = await caches.keys();
      return (await (await caches.open(name)).keys()).map(({ url }) => url);
    });
    for (const kind of ["cpu", "webgpu"]) {
      const builds = saved.filter((url) => url.includes(`/karyolens_${kind}`) && url.includes(".wasm"));
      assert.equal(builds.length, 1, `of the builds for ${kind} one is enough`);
    }
  }, { canSave: true });
});

test("a new version is offered, and taken only when a person says so", { timeout }, async (t) => {
  const copy = await copyOfPage(t);
  const readsCells = await cellReader(t);
  await withPage(browser, async (page) => {
    await page.goto(copy.address);
    await offline(page, "saved");

    await copy.retitle("Second");
    await copy.list();
    // What has not changed need not be there to be fetched.
    await rm(join(copy.folder, "pkg/model.safetensors"));
    await page.reload();
    await offline(page, "update");
    assert.equal(await page.title(), "Karyolens");
    await readsCells(page);

    const other = await page.context().newPage();
    await other.goto(copy.address);
    await offline(other, "update");
    await other.click("#update");
    await other.waitForFunction(() => document.title === "Second");
    await readsCells(other);
    await offline(other, "saved");

    // The first page keeps its work, and is told that it is of yesterday.
    assert.equal(await page.locator("#rows > li").count(), 1);
    await offline(page, "update");
    await page.click("#update");
    await page.waitForFunction(() => document.title === "Second");
    await offline(page, "saved");
    const addresses = await page.evaluate(async () => {
      const [name] = await caches.keys();
      return (await (await caches.open(name)).keys()).map(({ url }) => url);
    });
    assert.equal(addresses.filter((address) => address.includes("index.html")).length, 1, "the old file is still there");
  }, { canSave: true });
});

test("a damaged file is not taken, and what is saved goes on", { timeout }, async (t) => {
  const copy = await copyOfPage(t);
  const readsCells = await cellReader(t);
  await withPage(browser, async (page) => {
    await page.goto(copy.address);
    await offline(page, "saved");

    await copy.retitle("Second");
    await copy.list();
    await appendFile(join(copy.folder, "www/index.html"), "<!-- damaged -->");
    await page.reload();
    assert.match(await offline(page, "failed"), /index\.html is damaged.*This one stays/);
    assert.equal(await page.title(), "Karyolens");
    await page.reload();
    await readsCells(page);
  }, { canSave: true });

  // At a first visit there is nothing to go back to.
  await withPage(browser, async (page) => {
    await page.goto(copy.address);
    assert.match(await offline(page, "failed"), /Not saved.*index\.html is damaged/);
    await readsCells(page);
    await copy.list();
    await page.reload();
    await offline(page, "saved");
  }, { canSave: true });
});

test("a browser without room says so", { timeout }, async (t) => {
  const server = await serve();
  t.after(server.stop);
  await withPage(browser, async (page) => {
    const tools = await page.context().newCDPSession(page);
    await tools.send("Storage.overrideQuotaForOrigin", { origin: server.address, quotaSize: 1e6 });
    await page.goto(server.address);
    assert.match(await offline(page, "failed"), /no room for \d+ MB/);
  }, { canSave: true });
});

test("a browser can install the page, and asks for every file anew", { timeout }, async (t) => {
  const server = await serve();
  t.after(server.stop);
  const manifest = await fetch(`${server.address}manifest.webmanifest`);
  assert.equal(manifest.headers.get("content-type"), "application/manifest+json");
  for (const script of ["sw.js", "pkg/files.js"]) {
    const { headers } = await fetch(server.address + script);
    assert.match(headers.get("content-type") ?? "", /javascript/);
    assert.equal(headers.get("cache-control"), "no-cache");
  }
  await withPage(browser, async (page) => {
    await page.goto(server.address);
    const tools = await page.context().newCDPSession(page);
    const { errors } = await tools.send("Page.getAppManifest");
    assert.deepEqual(errors, []);
    for (const { src, sizes, type } of (await manifest.json()).icons) {
      const side = await page.evaluate(async (src) => {
        const image = new Image();
        image.src = src;
        await image.decode();
        return `${image.naturalWidth}x${image.naturalHeight}`;
      }, src);
      if (type === "image/png") assert.equal(side, sizes, src);
    }
  });
});

test("the packed page runs from a folder of its own", { timeout }, async (t) => {
  await run(join(REPOSITORY, "scripts/dist.sh"));
  const packed = join(REPOSITORY, "target/dist");
  const [zip] = (await readdir(packed)).filter((name) => name.endsWith(".zip"));
  const folder = await folderFor(t);
  await run("unzip", ["-q", join(packed, zip), "-d", folder]);
  const stick = join(folder, zip.replace(/\.zip$/, ""));
  const [program] = (await readdir(stick)).filter((name) => name.startsWith("karyolens-"));
  const readsCells = await cellReader(t);

  // From anywhere, the program finds the page beside itself.
  const server = await serve({ command: join(stick, program), args: [], folder });
  t.after(server.stop);
  await withPage(browser, async (page) => {
    await page.goto(server.address);
    await readsCells(page);
  });

  // A stick on which nothing may run, and a desktop that notes what it is asked to open.
  await chmod(join(stick, program), 0o644);
  const opened = join(folder, "opened");
  await mkdir(join(folder, "desktop"));
  for (const opener of ["xdg-open", "open"]) {
    await writeFile(join(folder, "desktop", opener), `#!/bin/sh\necho "$1" >'${opened}'\n`, { mode: 0o755 });
  }
  const environment = { PATH: `${join(folder, "desktop")}:${process.env.PATH}` };
  const started = await serve({ command: "sh", args: [join(stick, "start.sh")], folder, environment });
  t.after(started.stop);
  assert.equal((await fetch(`${started.address}pkg/models.json`)).status, 200);
  assert.equal(await readFile(opened, "utf8"), `${started.address}\n`);
});

/** Waits until the page says that it is in this state, and gives its words. @param {Page} page @param {string} state */
async function offline(page, state) {
  await page.locator(`#offline[data-state=${state}]`).waitFor();
  return page.locator("#offline").innerText();
}

/**
 * Gives a check: the page reads a cell as the command line does.
 *
 * @param {import("node:test").TestContext} t
 */
async function cellReader(t) {
  const file = await render(join(await folderFor(t), "cell.png"), "Grooves,Inclusion", 3);
  const [predicted] = await predict(SHIPPED_MODEL, [file]);
  return async (/** @type {Page} */ page) => {
    await ready(page);
    await drop(page, [file]);
    assertAgrees((await settledRows(page, 1))[0], predicted);
  };
}

/**
 * A copy of the built page for a test to change, served in a sub-folder of a site.
 *
 * @param {import("node:test").TestContext} t
 */
async function copyOfPage(t) {
  const folder = await folderFor(t);
  for (const part of ["www", "pkg"]) {
    await cp(join(REPOSITORY, part), join(folder, part), { recursive: true });
  }
  const site = join(folder, "site");
  const page = join(site, "www/clinic");
  await mkdir(page, { recursive: true });
  for (const name of await readdir(join(folder, "www"))) await symlink(join(folder, "www", name), join(page, name));
  for (const place of [page, site]) await symlink(join(folder, "pkg"), join(place, "pkg"));
  await writeFile(join(site, "www/index.html"), "<!doctype html><title>Site</title>");

  const server = await serve({ args: ["serve", "--root", site] });
  t.after(server.stop);
  const index = join(folder, "www/index.html");
  return {
    folder,
    address: `${server.address}clinic/`,
    /** @param {string} title */
    async retitle(title) {
      await writeFile(index, (await readFile(index, "utf8")).replace(/<title>.*<\/title>/, `<title>${title}</title>`));
    },
    /** Lists the files as the build does, after a change. */
    list: () => run(process.execPath, [join(REPOSITORY, "scripts/file-list.mjs"), folder]),
  };
}
