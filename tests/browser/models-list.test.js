/** The list of models in the package, which scripts/models.mjs makes. */

import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { listOf } from "../../scripts/models.mjs";
import { PATIENCE, REPOSITORY, SHIPPED_MODEL, folderFor, openBlank, openSite, withPage } from "./harness.js";

const { server, browser } = await openSite({ webgpu: false });

/** A checkpoint without a tensor. @param {string} path @param {object} card */
async function writeCheckpoint(path, card) {
  const header = Buffer.from(JSON.stringify({ __metadata__: { karyolens: JSON.stringify(card) } }));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  await writeFile(path, Buffer.concat([length, header]));
}

test("the list tells each model's task, and the page offers classifiers alone", { timeout: PATIENCE }, async (t) => {
  const folder = await folderFor(t);
  const segmenter = join(folder, "nuclei.safetensors");
  await writeCheckpoint(segmenter, { name: "finder", task: "segment", architecture: { family: "resnet" } });
  const entries = listOf([SHIPPED_MODEL, segmenter, join(REPOSITORY, "models/vit.safetensors"), SHIPPED_MODEL]).map(({ entry }) => entry);
  assert.deepEqual(entries.map(({ id, task, file }) => [id, task, file]), [
    ["default", "classify", "model.safetensors"],
    ["own", "segment", "models/own.safetensors"],
    ["vit", "classify", "models/vit.safetensors"],
  ]);
  assert.throws(() => listOf([segmenter]), /nuclei\.safetensors is no classifier \(its task: segment\)/);

  await withPage(browser, async (page) => {
    await page.route("**/pkg/models.json", (route) => route.fulfill({ json: entries }));
    await openBlank(page, server.address);
    const offered = await page.evaluate(async () => {
      const { shippedClassifiers } = await import(new URL("/models/shipped-models.js", location.href).href);
      return (await shippedClassifiers()).map((/** @type {{id: string}} */ { id }) => id);
    });
    assert.deepEqual(offered, ["default", "vit"]);
  });
});
