/**
 * Puts the models into pkg/, where the page finds them. The first checkpoint on the command line, a
 * classifier, becomes pkg/model.safetensors, and the page opens with it; the others go to pkg/models/.
 * Equal checkpoints are there once.
 *
 * pkg/models.json lists them in the same order, `{id, name, task, family, file, size, sha256, default}`
 * each: `id` is the shipped file's name, or "own"; `name`, `task` ("classify" or "segment") and `family`
 * come from the model card; `file` is the address relative to the list.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { basename, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../", import.meta.url));
const pkg = join(root, "pkg");

if (process.argv[1] === fileURLToPath(import.meta.url)) putIntoPackage(listOf(process.argv.slice(2)));

/**
 * The entries of the list, each with the bytes of its checkpoint.
 *
 * @param {string[]} paths
 */
export function listOf(paths) {
  /** @type {Map<string, {path: string, bytes: Buffer}>} */
  const checkpoints = new Map();
  for (const path of paths) {
    const bytes = readFileSync(path);
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    if (!checkpoints.has(sha256)) checkpoints.set(sha256, { path, bytes });
  }
  return [...checkpoints].map(([sha256, { path, bytes }], index) => {
    const { name, task, architecture } = cardOf(bytes, path);
    const isDefault = index === 0;
    if (isDefault && task !== "classify") throw new Error(`${path} is no classifier (its task: ${task}): the page cannot open with it`);
    const id = idOf(path);
    const file = isDefault ? "model.safetensors" : `models/${id}.safetensors`;
    return { entry: { id, name, task, family: architecture.family, file, size: bytes.length, sha256, default: isDefault }, bytes };
  });
}

/** @param {ReturnType<typeof listOf>} models */
function putIntoPackage(models) {
  mkdirSync(join(pkg, "models"), { recursive: true });
  for (const { entry, bytes } of models) writeIfChanged(join(pkg, entry.file), bytes);
  // The compressed copies stay, else compress.mjs would make them anew each time; it removes those without a model.
  for (const name of readdirSync(join(pkg, "models")).filter((name) => name.endsWith(".safetensors"))) {
    if (!models.some(({ entry }) => entry.file === `models/${name}`)) rmSync(join(pkg, "models", name));
  }
  const list = JSON.stringify(models.map(({ entry }) => entry), null, 2);
  writeIfChanged(join(pkg, "models.json"), Buffer.from(`${list}\n`));
}

/** @param {string} path */
function idOf(path) {
  const shipped = relative(join(root, "models"), resolve(path)) === basename(path);
  return shipped ? basename(path, ".safetensors") : "own";
}

/**
 * The model card, from the metadata in a checkpoint's header. Cards of older versions name no task; they
 * are cards of classifiers.
 *
 * @param {Buffer} bytes
 * @param {string} path
 * @returns {{name: string, task: string, architecture: {family: string}}}
 */
function cardOf(bytes, path) {
  try {
    const header = bytes.toString("utf8", 8, 8 + Number(bytes.readBigUInt64LE()));
    return { task: "classify", ...JSON.parse(JSON.parse(header).__metadata__.karyolens) };
  } catch (error) {
    throw new Error(`${path} has no model card: it is no checkpoint of Karyolens`, { cause: error });
  }
}

/** @param {string} path @param {Buffer} bytes */
function writeIfChanged(path, bytes) {
  if (!existsSync(path) || !readFileSync(path).equals(bytes)) writeFileSync(path, bytes);
}
