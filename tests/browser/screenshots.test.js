/** Pictures of the page for people to look at; they are written, not judged. */

import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { drawField, openField } from "./fields.js";
import { PATIENCE, REPOSITORY, SKIP_LONG, drop, folderFor, openSite, ready, render, settledRows, withPage } from "./harness.js";

const FOLDER = join(REPOSITORY, "target/screenshots");

const { server, browser } = await openSite({ webgpu: true });
await mkdir(FOLDER, { recursive: true });

for (const colorScheme of /** @type {const} */ (["light", "dark"])) {
  for (const width of [360, 1280, 2560]) {
    test(`the page at ${width} px, ${colorScheme}`, { timeout: PATIENCE, skip: SKIP_LONG }, async (t) => {
      const folder = await folderFor(t);
      const broken = join(folder, "letter.png");
      await writeFile(broken, "This is a letter, not a picture.\n");
      const files = [
        await render(join(folder, "cell_001.png"), "Grooves,Inclusion", 3),
        await render(join(folder, "cell_002.jpg"), "Elongation,Wrinkled", 4),
        await render(join(folder, "cell_003.tiff"), "Enlargement,Glassy", 5),
        broken,
      ];
      await withPage(browser, async (page) => {
        const shot = async (/** @type {string} */ name) => {
          // The whole page with its footer where a person sees it: below, not across the middle.
          const height = await page.evaluate(() => document.documentElement.scrollHeight);
          await page.setViewportSize({ width, height });
          await page.screenshot({ path: join(FOLDER, `${name}-${width}-${colorScheme}.png`) });
        };
        await page.goto(`${server.address}?device=cpu`);
        await ready(page);
        await shot("empty");
        await drop(page, files);
        await page.click("#example");
        await page.mouse.move(0, 0);
        await settledRows(page, 5);
        await page.locator("#rows .picture img").nth(2).waitFor();
        await shot("cells");
        if (width < 1000) await page.click("#rows > li");
        await page.check("#show-heat");
        await page.waitForFunction(() => {
          const heat = /** @type {HTMLCanvasElement} */ (document.querySelector("#heat"));
          return heat.getContext("2d")?.getImageData(0, 0, heat.width, heat.height).data.some((value) => value > 0);
        });
        await shot("cell");
        if (width < 1000) await page.click("#close-detail");
        await page.click("#open-models");
        await shot("models");
        await page.keyboard.press("Escape");
        await page.click("#open-teach");
        await page.locator("#teach-guess [type=submit]").waitFor();
        await page.check("#teach-guess input >> nth=0");
        await page.keyboard.press("Enter");
        await page.locator("#teach-answer").waitFor();
        await shot("practise");
        await page.keyboard.press("Escape");
        await page.click("#clear");
        await page.setViewportSize({ width, height: width < 600 ? 760 : Math.round((width * 10) / 16) });
        await openField(page, await drawField(t, { nuclei: 150, width: 1024, height: 768 }));
        await shot("field");
      }, { colorScheme, viewport: { width, height: width < 600 ? 760 : Math.round((width * 10) / 16) }, expected: /willReadFrequently/ });
    });
  }
}
