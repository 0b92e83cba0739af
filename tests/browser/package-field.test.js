/** The npm package over photographs of many nuclei: opened once, read along contours, outlines put right. */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { PATIENCE, SHIPPED_MODEL, folderFor, karyolens, openBlank, openSite, predict, withPage } from "./harness.js";

/** @import { Page } from "playwright-core" */
/** @import { Contour, Points } from "../../pkg/index.js" */

const { server, browser } = await openSite({ webgpu: false });

const timeout = PATIENCE;

const PACKAGE = "/pkg/index.js";

/** The size of the drawn field in pixels. */
const SIZE = { width: 640, height: 480 };
/** Its nuclei; three batches for the workers. */
const NUCLEI = 40;

/** Begins inside the picture and leaves it. @type {Points} */
const AT_THE_BORDER = [[-6.3, 20.2], [12.7, 18.5], [9.25, 40.5], [-4, 38]];

/** A field that the native program has drawn. @typedef {{folder: string, png: number[], contours: {id: number, points: Points}[]}} Field */

/**
 * Opens a page for a drawn field and its outlines, which lie in a folder as the native program expects them.
 *
 * @param {import("node:test").TestContext} t
 * @param {(page: Page, field: Field) => Promise<void>} body
 */
async function withField(t, body) {
  const folder = await folderFor(t);
  const [images, outlines] = await Promise.all(["images", "contour"].map((name) => mkdir(join(folder, name), { recursive: true })));
  assert.ok(images && outlines);
  const picture = join(images, "drawn.png");
  await karyolens("render", "--field", "--nuclei", String(NUCLEI), "--size", `${SIZE.width}x${SIZE.height}`, "--seed", "3", "-o", picture);
  /** @type {Field["contours"]} */
  const contours = JSON.parse(await readFile(join(images, "drawn_contours.json"), "utf8"));
  contours.push({ id: NUCLEI, points: AT_THE_BORDER });
  await writeFile(join(outlines, "drawn_contours.json"), JSON.stringify(contours));
  await rm(join(images, "drawn_contours.json"));
  await withPage(browser, async (page) => {
    await openBlank(page, server.address);
    await body(page, { folder, png: [...await readFile(picture)], contours });
  });
}

test("the nuclei of a field are read as the native program reads its crops", { timeout }, async (t) => {
  await withField(t, async (page, { folder, png, contours }) => {
    const cells = join(folder, "cells");
    await karyolens("data", "crop", "--fields", folder, "-o", cells);
    const crops = contours.map(({ id }) => join(cells, `drawn_cell_${id}.png`));
    const native = await predict(SHIPPED_MODEL, crops);
    const map = JSON.parse(await karyolens("explain", "--model", SHIPPED_MODEL, "--feature", "Grooves", "--json", crops[1]));

    const found = await page.evaluate(async ({ address, png, contours }) => {
      const { Karyolens } = await import(address);
      const karyolens = await Karyolens.load({ device: "cpu", workers: 2 });
      const picture = await karyolens.open(new Uint8Array(png));
      const { pixels, ...facts } = picture;
      /** @type {[number, unknown[]][]} */
      const batches = [];
      const predictions = await karyolens.classify(picture, contours, {
        onPredictions: (/** @type {unknown[]} */ batch, /** @type {number} */ first) => batches.push([first, batch]),
      });
      // Twice as fine a picture: a nucleus is half as large as it seems.
      const finer = { ...picture, micrometresPerPixel: 0.16 };
      const images = [picture, finer].map((one) => karyolens.cellImage(one, contours.at(-1)));
      const found = {
        facts,
        bytes: pixels.length,
        predictions,
        inOrder: JSON.stringify(batches.sort(([a], [b]) => a - b).flatMap(([, batch]) => batch)) === JSON.stringify(predictions),
        batches: batches.length,
        map: await karyolens.explain(picture, contours[1], "Grooves"),
        images: (await Promise.all(images)).map((image) => [...image]),
        none: await karyolens.classify(picture, []),
        wrongScale: await karyolens.cellImage({ ...picture, micrometresPerPixel: -1 }, contours[0]).then(() => "drawn", String),
      };
      karyolens.close();
      return found;
    }, { address: PACKAGE, png, contours });

    const sha256 = createHash("sha256").update(new Uint8Array(png)).digest("hex");
    assert.deepEqual(found.facts, { kind: "field", ...SIZE, sha256, micrometresPerPixel: null, notice: null });
    assert.equal(found.bytes, 4 * SIZE.width * SIZE.height);
    assert.deepEqual(found.images[0], [...await readFile(crops[NUCLEI])]);
    await karyolens("data", "crop", "--fields", folder, "-o", cells, "--scale", "1.1");
    assert.deepEqual(found.images[1], [...await readFile(crops[NUCLEI])]);
    assert.match(found.wrongScale, /-1 µm for a pixel/);
    assert.equal(found.predictions.length, NUCLEI + 1);
    let worst = 0;
    for (const [cell, prediction] of found.predictions.entries()) {
      assert.equal(prediction.sha256, sha256);
      for (const [i, { name, probability, present }] of native[cell].features.entries()) {
        const here = prediction.features[i];
        worst = Math.max(worst, Math.abs(here.probability - probability));
        assert.deepEqual([here.name, here.present], [name, present]);
      }
      assert.deepEqual(prediction.risk, native[cell].risk);
    }
    assert.ok(worst <= 1e-6, `a probability differs by ${worst}`);
    assert.ok(found.inOrder);
    assert.ok(found.batches > 1, "all nuclei came at once");
    assert.deepEqual(found.none, []);
    assert.equal(found.map.values.length, map.values.length);
    for (const [i, value] of found.map.values.entries()) assert.ok(Math.abs(value - map.values[i]) < 1e-3);
  });
});

test("nuclei are measured and written as the native program does it, and read again", { timeout }, async (t) => {
  await withField(t, async (page, { folder, png }) => {
    const scale = 0.25;
    await karyolens("read-field", "--model", SHIPPED_MODEL, "--micrometres-per-pixel", String(scale), "-o", folder, join(folder, "images/drawn.png"));
    const [study, geojson, csv] = await Promise.all(
      ["drawn_cells.json", "drawn.geojson", "drawn.csv"].map((name) => readFile(join(folder, name), "utf8")),
    );
    const found = await page.evaluate(async ({ address, png, study, scale }) => {
      const { Karyolens } = await import(address);
      const karyolens = await Karyolens.load({ device: "cpu" });
      const picture = await karyolens.open(new Uint8Array(png));
      picture.micrometresPerPixel = scale;
      const name = "drawn";
      const { contours } = await karyolens.readContours(new Blob([study]), { ...picture, name });
      const write = (/** @type {string} */ format) => karyolens.writeContours(picture, contours, { format, name });
      const geojson = await write("detections");
      const found = {
        study: await write("study"),
        geojson,
        annotations: await write("annotations"),
        csv: await write("csv"),
        unknown: await write("xml").catch((/** @type {Error} */ error) => error.message),
        contours,
        again: (await karyolens.readContours(new Blob([geojson]), { ...picture, name })).contours,
        measurements: (await karyolens.measureNuclei(picture, [...contours, { points: [] }])).map((/** @type {any} */ column) => ({ ...column, values: [...column.values] })),
      };
      karyolens.close();
      return found;
    }, { address: PACKAGE, png, study, scale });

    assert.equal(found.study, study);
    assert.equal(found.contours.length, NUCLEI + 1);
    assert.deepEqual(Object.keys(JSON.parse(found.geojson)), Object.keys(JSON.parse(geojson)));
    assert.deepEqual(numbersApart(found.geojson), numbersApart(geojson));
    assert.deepEqual(numbersApart(found.csv), numbersApart(csv));
    for (const feature of JSON.parse(found.annotations).features) assert.equal(feature.properties.objectType, "annotation");
    assert.match(found.unknown, /no format "xml"/);
    for (const [i, { points, ...again }] of found.again.entries()) {
      const { points: before, ...known } = found.contours[i];
      assert.deepEqual(again, known);
      for (const [j, [x, y]] of points.entries()) assert.ok(Math.hypot(x - before[j][0], y - before[j][1]) < 0.01);
    }
    const [header, ...rows] = csv.trim().split("\r\n").map((line) => line.split(","));
    for (const { name, unit, values } of found.measurements) {
      const [ending, factor] = unit === "length" ? ["_um", scale] : unit === "area" ? ["_um2", scale ** 2] : ["", 1];
      const column = header.indexOf(name + ending);
      assert.ok(column >= 0, name);
      for (const [i, row] of rows.entries()) assert.ok(Math.abs(values[i] * factor - Number(row[column])) < 1e-6, `${name}: ${values[i]} here, ${row[column]} in ${row[1]}`);
      assert.ok(Number.isNaN(values[rows.length]), "an outline that surrounds nothing");
    }
  });
});

/** A text without its numbers, and these to a precision that does not depend on a machine's arithmetic. @param {string} text */
function numbersApart(text) {
  const number = /-?\d+(?:\.\d+)?(?:e-?\d+)?/g;
  return { text: text.replace(number, "#"), numbers: (text.match(number) ?? []).map((one) => Number(Number(one).toPrecision(9))) };
}

test("a reading ends when it is aborted, and names the contour that surrounds nothing", { timeout }, async (t) => {
  await withField(t, async (page, { png, contours }) => {
    const found = await page.evaluate(async ({ address, png, contours }) => {
      const { Karyolens } = await import(address);
      const karyolens = await Karyolens.load({ device: "cpu", workers: 1 });
      const picture = await karyolens.open(new Uint8Array(png));
      const ending = new AbortController();
      let batches = 0;
      const reading = karyolens.classify(picture, contours, {
        signal: ending.signal,
        onPredictions: () => {
          batches++;
          ending.abort(new Error("enough"));
        },
      });
      const reasons = [await reading.then(() => "read", String)];
      // The worker is done with the batch that it had begun.
      await karyolens.measure();
      reasons.push(await karyolens.classify(picture, contours, { signal: ending.signal }).then(() => "read", String));
      /** @type {Points[]} */
      const useless = [[[900, 10], [950, 10], [950, 60]], contours[0].points.slice(0, 2), [[0, 0], [NaN, 9], [9, 9]], []];
      for (const points of useless) {
        const wrong = { id: 17, points };
        reasons.push(await karyolens.classify(picture, contours.with(17, wrong)).then(() => "read", String));
        reasons.push(await karyolens.cellImage(picture, wrong).then(() => "drawn", String));
      }
      karyolens.close();
      return { reasons, batches };
    }, { address: PACKAGE, png, contours });
    const [first, second, ...wrong] = found.reasons;
    assert.deepEqual([first, second], ["Error: enough", "Error: enough"]);
    assert.equal(found.batches, 1);
    for (const [i, reason] of wrong.entries()) {
      assert.match(reason, i % 2 ? /the contour surrounds no pixel/ : /contours\[17\] surrounds no pixel/);
    }
  });
});

test("a picture is opened upright, told from a cell, and read as one where a person says so", { timeout }, async (t) => {
  await withField(t, async (page, { png }) => {
    const found = await page.evaluate(async ({ address, png }) => {
      const { Karyolens } = await import(address);
      const karyolens = await Karyolens.load({ device: "cpu" });
      const cell = await karyolens.renderSynthetic(["Grooves", "Glassy"], 3);
      const picture = await karyolens.open(cell);
      const field = await karyolens.open(new Uint8Array(png));
      const text = JSON.stringify;
      const same = {
        kinds: picture.kind === "cell-image" && field.kind === "field",
        predictions: text(await karyolens.classify(picture)) === text(await karyolens.classify(cell)),
        maps: text(await karyolens.explain(picture, "Glassy")) === text(await karyolens.explain(cell, "Glassy")),
        images: String(await karyolens.cellImage(picture)) === String(await karyolens.cellImage(cell)),
        pixels: String(picture.pixels) === String(await pixelsOf(new Blob([cell]))),
        anyKind: /^shrunk from 640×480/.test((await karyolens.classify(field)).notice ?? ""),
      };
      const refused = await karyolens.classify(new Uint8Array(png)).catch((/** @type {Error} */ error) => error.name);
      const notShown = await karyolens.explain(new Uint8Array(png), "Glassy").catch((/** @type {Error} */ error) => error.name);

      // A camera that was held upright: its EXIF says that the picture must be turned to the right.
      const canvas = await canvasOf(new Blob([new Uint8Array(png)]));
      const jpeg = await canvas.convertToBlob({ type: "image/jpeg", quality: 1 });
      const exif = [0x45, 0x78, 0x69, 0x66, 0, 0, 0x4d, 0x4d, 0, 42, 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, 6, 0, 0, 0, 0, 0, 0];
      const turned = new Blob([jpeg.slice(0, 2), new Uint8Array([0xff, 0xe1, 0, exif.length + 2, ...exif]), jpeg.slice(2)]);
      const upright = await karyolens.open(turned);

      const blank = new OffscreenCanvas(300, 200);
      const brush = /** @type {OffscreenCanvasRenderingContext2D} */ (blank.getContext("2d"));
      /** @type {string[]} */
      const reasons = [];
      for (const colour of ["white", "black", "rgb(20, 20, 20)", "rgb(200, 150, 180)"]) {
        brush.fillStyle = colour;
        brush.fillRect(0, 0, 300, 200);
        const file = await blank.convertToBlob({ type: "image/png" });
        reasons.push(await karyolens.open(file).then(() => "opened", (/** @type {Error} */ error) => error.message));
      }
      reasons.push(await karyolens.open(new Uint8Array([1, 2, 3])).then(() => "opened", (/** @type {Error} */ error) => error.message));
      karyolens.close();
      return { same, refused, notShown, sides: [upright.width, upright.height], isOpaque: upright.pixels.every((/** @type {number} */ value, /** @type {number} */ i) => i % 4 < 3 || value === 255), reasons };

      /** @param {Blob} file */
      async function canvasOf(file) {
        const bitmap = await createImageBitmap(file);
        const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
        /** @type {OffscreenCanvasRenderingContext2D} */ (canvas.getContext("2d")).drawImage(bitmap, 0, 0);
        return canvas;
      }

      /** @param {Blob} file */
      async function pixelsOf(file) {
        const canvas = await canvasOf(file);
        return /** @type {OffscreenCanvasRenderingContext2D} */ (canvas.getContext("2d")).getImageData(0, 0, canvas.width, canvas.height).data;
      }
    }, { address: PACKAGE, png });
    for (const [what, holds] of Object.entries(found.same)) assert.ok(holds, what);
    assert.deepEqual([found.refused, found.notShown], ["WholeFieldError", "WholeFieldError"]);
    assert.deepEqual(found.sides, [SIZE.height, SIZE.width]);
    assert.ok(found.isOpaque);
    const [white, black, dark, colour, nonsense] = found.reasons;
    assert.match(white, /blank/);
    assert.match(black, /is black/);
    assert.match(dark, /nearly black/);
    assert.match(colour, /single colour/);
    assert.match(nonsense, /not an image/);
  });
});

test("outlines of other programs are read, mended or left out with a reason", { timeout }, async () => {
  await withPage(browser, async (page) => {
    await openBlank(page, server.address);
    /** @type {Points} */
    const square = [[10, 10], [30, 10], [30, 30], [10, 30]];
    const study = [
      { id: "a", points: square },
      { id: 1, points: [[10, 10], [20, 20]] },
      { id: 2, points: square.map(([x, y]) => [x + 500, y]) },
      { id: 3, points: [[50, 50], [90, 50], [90, 90], [50, 60]].concat([[60, 40], [50, 40]]) },
    ];
    const viewer = { one: { cell_0: { contour: square, features_binary: [1, 0, 0, 0, 0, 0, 0, 0, 1] } }, two: { cell_0: { contour: square.slice(1) } } };
    const feature = { type: "Feature", geometry: { type: "Polygon", coordinates: [[...square, square[0]]] }, properties: { objectType: "detection" } };
    const found = await page.evaluate(async ({ address, files, field }) => {
      const { Karyolens } = await import(address);
      const karyolens = await Karyolens.load({ device: "cpu" });
      const found = [];
      for (const [text, name] of files) {
        const file = new Blob([text]);
        found.push(await karyolens.readContours(file, { ...field, name }).catch((/** @type {Error} */ error) => error.message));
      }
      karyolens.close();
      return found;
    }, {
      address: PACKAGE,
      files: [[JSON.stringify(study)], [JSON.stringify(viewer), "one.jpg"], [JSON.stringify(feature)], ["{"], [JSON.stringify(viewer), "three.jpg"]],
      field: { width: 200, height: 100 },
    });
    const [first, one, qupath, broken, other] = found;
    assert.deepEqual(first.contours.map((/** @type {Contour} */ { id }) => id), ["a", "3"]);
    assert.deepEqual(first.contours[0], { id: "a", points: square, origin: "given", changed: false, confirmed: false, probability: null, features: [], model: null });
    assert.deepEqual(first.refused.sort((/** @type {any} */ a, /** @type {any} */ b) => a.reason.localeCompare(b.reason)), [
      { reason: "has fewer than three points", count: 1 },
      { reason: "lies outside the picture", count: 1 },
    ]);
    assert.deepEqual(first.mended, ["3"]);
    const shown = one.contours[0].features.filter((/** @type {any} */ { call }) => call).map((/** @type {any} */ { name }) => name);
    assert.deepEqual(shown, ["Elongation", "Overlapping"]);
    // QuPath counts from the corner of the first pixel.
    assert.deepEqual(qupath.contours[0].points, square.map(([x, y]) => [x - 0.5, y - 0.5]));
    assert.match(broken, /^the file is not JSON/);
    assert.match(other, /^the file holds one, two, and not three/);
  });
});

test("outlines are tidied, united, cut and split on the page's own thread", { timeout }, async () => {
  await withPage(browser, async (page, seen) => {
    await openBlank(page, server.address);
    const found = await page.evaluate(async (address) => {
      const { loadDecide, loadGeometry } = await import(address);
      const [geometry, decide] = await Promise.all([loadGeometry({ device: "cpu" }), loadDecide({ device: "cpu" })]);
      /** @type {(left: number, top: number, width: number, height: number) => Points} */
      const box = (left, top, width, height) => [[left, top], [left + width, top], [left + width, top + height], [left, top + height]];
      const square = box(0, 0, 30, 30);
      /** @param {Points | null} points */
      const area = (points) => {
        if (!points) return null;
        const next = (/** @type {number} */ i) => points[(i + 1) % points.length];
        return Math.abs(points.reduce((sum, [x, y], i) => sum + x * next(i)[1] - y * next(i)[0], 0) / 2);
      };
      const [rule] = decide({ features: ["Halo"], thresholds: [0.5], riskRule: null }, [{ probabilities: [0.7] }]);
      return {
        tidied: area(geometry.tidy([[0, 0], [30, 10], [30, 0], [0, 20]])),
        nothing: [geometry.tidy([[0, 0], [9, 9]]), geometry.tidy([[0, 0], [Infinity, 9], [NaN, 2]])],
        united: [area(geometry.unite(square, box(20, 0, 30, 30))), area(geometry.unite(square, box(40, 0, 9, 9)))],
        subtracted: geometry.subtract(square, box(-5, 10, 50, 5)).map(area),
        split: geometry.split(square, [[10, -5], [10, 50]]).map(area),
        whole: geometry.split(square, [[10, -5], [10, 20]]).map(area),
        present: rule.calls[0].present,
      };
    }, PACKAGE);
    assert.deepEqual(found, {
      tidied: 200, nothing: [null, null], united: [1500, null], subtracted: [450, 300], split: [600, 300], whole: [900], present: true,
    });
    assert.equal(seen.requests.filter((url) => /\.wasm$/.test(url)).length, 1);
  });
});
