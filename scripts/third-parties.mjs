/**
 * Prints every crate that is compiled into the server or the wasm modules, with its licence, and then the
 * texts of the licences that came with them, each text once.
 */
import { execFileSync } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";

/** Names of files that hold a licence or the holders of the rights. */
const LICENCE = /^(licen[cs]e|copying|copyright|notice|unlicense)/i;

const host = /^host: (.*)$/m.exec(run("rustc", "-vV"))?.[1] ?? "";
const crates = [...cratesFor(host), ...cratesFor("wasm32-unknown-unknown", "--no-default-features", "--features", "webgpu")]
  .sort((a, b) => (a.title < b.title ? -1 : 1))
  .filter(({ title }, index, all) => title !== all[index - 1]?.title);

/** The crates by the text that they carry. @type {Map<string, string[]>} */
const texts = new Map();
for (const { title, folder } of crates) {
  const files = readdirSync(folder, { withFileTypes: true }).filter((file) => file.isFile() && LICENCE.test(file.name));
  for (const { name } of files.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const text = readFileSync(join(folder, name), "utf8").replaceAll("\r\n", "\n").trim();
    texts.set(text, [...(texts.get(text) ?? []), title]);
  }
}

console.log("Karyolens is built from these Rust crates and the standard library of Rust (MIT OR Apache-2.0).\n");
for (const { title, license } of crates) console.log(`${title}: ${license ?? "see below"}`);
for (const [text, titles] of texts) {
  console.log(`\n${"=".repeat(80)}\n${titles.join(", ")}\n${"-".repeat(80)}\n\n${text}`);
}

/** The crates of others that a build for `platform` compiles in. @param {string} platform @param {...string} features */
function cratesFor(platform, ...features) {
  const tree = run("cargo", "tree", "--locked", "--edges", "normal", "--prefix", "none", "--format", "{p}", "--target", platform, ...features);
  const used = new Set(tree.split("\n").map((line) => line.split(" ", 2).join(" ")));
  const metadata = run("cargo", "metadata", "--locked", "--format-version", "1", "--filter-platform", platform, ...features);
  return JSON.parse(metadata)
    .packages.filter(({ name, version, source }) => source && used.has(`${name} v${version}`))
    .map(({ name, version, license, manifest_path }) => ({ title: `${name} ${version}`, license, folder: dirname(manifest_path) }));
}

/** @param {string} program @param {...string} args */
function run(program, ...args) {
  return execFileSync(program, args, { encoding: "utf8", maxBuffer: 2 ** 28 });
}
