/** The npm package finds the nuclei of a field, a tile at a time, as the native program finds them. */

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { PATIENCE, REPOSITORY, folderFor, karyolens, openBlank, openSite, withPage } from "./harness.js";

/** @import { FoundNuclei, FoundOutline, Points } from "../../pkg/index.js" */

const { server, browser } = await openSite({ webgpu: false });

const timeout = PATIENCE;

const SEGMENTER = join(REPOSITORY, "models/segmenter.safetensors");
/** The nuclei of a drawn field that is read in several tiles. */
const NUCLEI = 120;

test("the nuclei that tiles find are those of the native program", { timeout }, async (t) => {
  const folder = await folderFor(t);
  const picture = join(folder, "drawn.png");
  await karyolens("render", "--field", "--nuclei", String(NUCLEI), "--size", "1000x700", "--seed", "5", "-o", picture);
  const files = { png: [...await readFile(picture)], model: [...await readFile(SEGMENTER)] };
  const found = await withPackage(async ({ address, png, model }) => {
    const { Karyolens } = await import(address);
    const karyolens = await Karyolens.load({ device: "cpu", workers: 2 });
    const { card } = await karyolens.loadModel("finder", { model: new Uint8Array(model) });
    const picture = await karyolens.open(new Uint8Array(png));
    /** @type {number[]} */
    const counts = [];
    const onContours = (/** @type {FoundNuclei} */ { nuclei }) => counts.push(nuclei.length);
    const text = (/** @type {Promise<unknown>} */ call) => call.then(() => "answered", String);
    const ending = new AbortController();
    const found = {
      task: card.task,
      unscaled: await karyolens.segment(picture, { model: "finder", onContours }),
      counts,
      // Half the study's scale: its nuclei are twice as large in pixels.
      scaled: await karyolens.segment({ ...picture, micrometresPerPixel: 0.16 }, { model: "finder" }),
      wrong: [
        await text(karyolens.segment(picture, { model: "default" })),
        await text(karyolens.classify(png, { model: "finder" })),
        await text(karyolens.segment(picture, { model: "finder", signal: ending.signal, onContours: () => ending.abort(new Error("enough")) })),
      ],
    };
    karyolens.close();
    return found;
  }, files);

  assert.equal(found.task, "segment");
  assert.match(found.wrong[0], /"default" names features/);
  assert.match(found.wrong[1], /"finder" finds nuclei/);
  assert.equal(found.wrong[2], "Error: enough");
  assert.ok(found.counts.length > 1, "there was one tile");
  assert.deepEqual(found.counts, found.counts.toSorted((/** @type {number} */ a, /** @type {number} */ b) => a - b));
  assert.ok(found.unscaled.nuclei.length > 0);
  for (const [outlines, ...options] of /** @type {[FoundNuclei, ...string[]][]} */ ([[found.unscaled], [found.scaled, "--enlarged", "2"]])) {
    const output = join(folder, `found${options.length}`);
    await karyolens("segment", "--model", SEGMENTER, "-o", output, ...options, picture);
    for (const [name, here] of /** @type {[string, FoundOutline[]][]} */ ([["contours", outlines.nuclei], ["left_out", outlines.leftOut]])) {
      /** @type {{points: Points}[]} */
      const native = JSON.parse(await readFile(join(output, `drawn_${name}.json`), "utf8"));
      assert.equal(here.length, native.length, name);
      const places = (/** @type {{points: Points}[]} */ all) => all.map(({ points }) => points).sort(([[ax, ay]], [[bx, by]]) => ax - bx || ay - by);
      const wanted = places(native);
      for (const [i, points] of places(here).entries()) {
        for (const [j, [x, y]] of points.entries()) {
          const apart = Math.hypot(x - wanted[i][j][0], y - wanted[i][j][1]);
          assert.ok(apart < 0.05, `${name}[${i}]: point ${j} is ${apart} px away`);
        }
      }
    }
  }
});

/**
 * @template Files, Answer
 * @param {(files: Files & {address: string}) => Promise<Answer>} body
 * @param {Files} files
 * @returns {Promise<Answer>}
 */
async function withPackage(body, files) {
  /** @type {Answer | undefined} */
  let answer;
  await withPage(browser, async (page) => {
    await openBlank(page, server.address);
    answer = await page.evaluate(/** @type {any} */ (body), { address: "/pkg/index.js", ...files });
  });
  return /** @type {Answer} */ (answer);
}
