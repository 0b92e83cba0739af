/** The slide that a file's name tells of. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { guessSlide } from "../../www/session/slide.js";

/** Names of files, and the slide that a person would take them for. @type {Record<string, string>} */
const SLIDES = {
  "scans/case 7.svs [x=3072,y=2048,w=1024,h=1024].png": "case 7",
  // The five groups of the study's names.
  "B3_173_cell_1.jpg": "B3",
  "B5_166_cell_12.jpg": "B5",
  "B5_141.jpg": "B5",
  "B6_137_cell_237.jpg": "B6",
  "AnhB6_91_cell_53.jpg": "B6",
  "B640x_3_cell_62.jpg": "B6",
  "Image_142225_cell_84.jpg": "Image",
  // Folders say how files are used, or which slide they show.
  "train/B4_272_cell_1.jpg": "B4",
  "images/val/Image_141997_cell_2.jpg": "Image",
  "S24-1234/IMG_0012.JPG": "S24-1234",
  "S24-1234\\40x\\0012.tif": "S24-1234",
  "smear/deeper/cell 0.png": "deeper",
  // The number of a picture, not of a case.
  "S24-1234 (3).jpg": "S24-1234",
  "S24-1234.jpg": "S24-1234",
  "S24-1234_40x_3.png": "S24-1234",
  "Ca 12_3.png": "Ca 12",
  "slide1_cell_7.png": "slide1",
  "B5 x40 7.png": "B5",
  "ảnh B6 40x_12.jpg": "B6",
  // The same letters in the other form of Unicode, as macOS writes them.
  [`${"Tế bào".normalize("NFD")}_4.png`]: "Tế bào",
  // Nothing tells of a slide.
  "0012.png": "",
  "cell_12.png": "",
  "": "",
};

test("the slide is guessed from a file's name", () => {
  for (const [name, slide] of Object.entries(SLIDES)) assert.equal(guessSlide(name), slide, name);
});
