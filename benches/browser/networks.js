/**
 * The networks of the bench: networks that onnxruntime-web runs too, which `karyolens import` makes into
 * checkpoints; the shipped model that finds nuclei, made into a file for onnxruntime-web; and the other
 * shipped models, which have no peer.
 */

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { REPOSITORY, SHARED, karyolens } from "../../tests/browser/harness.js";

/**
 * @typedef {object} Network addresses are relative to the bench's server
 * @property {string} name
 * @property {string} model of the checkpoint
 * @property {number} side of the input in pixels
 * @property {{model: string, reference: string} | null} peer the ONNX file, and an input with its logits
 */

/** The folder of the files that the bench makes; the server's /made/. */
export const MADE = join(REPOSITORY, "target/bench-browser");
export const MODELS = join(REPOSITORY, "models");

const PEERS = [
  { name: "resnet-18", file: "resnet18", library: "torchvision" },
  { name: "convnext-atto", file: "convnext_atto", library: "timm", weights: "parity/timm_convnext_atto/weights.safetensors" },
  { name: "vit-tiny", file: "vit_tiny", library: "timm" },
];

/** The folder with peers/: KARYOLENS_SHARED, or our own if a script made them. */
const SOURCE = existsSync(join(SHARED, "peers")) ? SHARED : MADE;
/** The server's /peers/. */
export const PEER_FILES = join(SOURCE, "peers");

/** The shipped model that finds nuclei. */
const SEGMENTER = "segmenter";
/** The side of the field that it searches in one part, small enough for the software adapter. */
const FIELD_SIDE = 384;

/** Of every network. */
export const NAMES = [...PEERS.map(({ name }) => name), SEGMENTER, ...shippedNames()];

/** The networks of these names; missing ones are made. @param {string[]} names @returns {Promise<Network[]>} */
export async function prepareNetworks(names) {
  mkdirSync(MADE, { recursive: true });
  const networks = [];
  for (const name of names) {
    const peer = PEERS.find((one) => one.name === name);
    networks.push(peer ? await prepare(peer) : name === SEGMENTER ? await prepareSegmenter() : shipped(name));
  }
  return networks;
}

/** @param {typeof PEERS[number]} peer @returns {Promise<Network>} */
async function prepare({ name, file, library, weights }) {
  if (!existsSync(join(PEER_FILES, `${file}.onnx`))) makePeers(PEER_FILES);
  const own = join(PEER_FILES, `${file}.safetensors`);
  const source = existsSync(own) ? own : join(SOURCE, weights ?? own);
  const checkpoint = join(MADE, `${name}.safetensors`);
  if (!existsSync(checkpoint) || statSync(checkpoint).mtimeMs < statSync(source).mtimeMs) {
    await karyolens("import", "--from", library, "--arch", name, "--weights", source, "-o", checkpoint);
  }
  return {
    name,
    model: `/made/${basename(checkpoint)}`,
    side: cardOf(checkpoint).input.side,
    peer: { model: `/peers/${file}.onnx`, reference: `/peers/${file}_io.safetensors` },
  };
}

/** @returns {Promise<Network>} */
async function prepareSegmenter() {
  const checkpoint = join(MODELS, `${SEGMENTER}.safetensors`);
  const peer = join(MADE, `${SEGMENTER}.onnx`);
  if (!existsSync(peer) || statSync(peer).mtimeMs < statSync(checkpoint).mtimeMs) {
    const field = join(MADE, `${SEGMENTER}.png`);
    await karyolens("render", "--field", "--nuclei", "40", "--size", `${FIELD_SIDE}x${FIELD_SIDE}`, "--seed", "1", "-o", field);
    makePeers(MADE, checkpoint, field);
  }
  return {
    name: SEGMENTER,
    model: `/models/${basename(checkpoint)}`,
    side: FIELD_SIDE,
    peer: { model: `/made/${basename(peer)}`, reference: `/made/${SEGMENTER}_io.safetensors` },
  };
}

/** Makes networks for onnxruntime-web, see peers.py. @param {...string} args */
function makePeers(...args) {
  console.log("bench: making the peers' networks with torch, torchvision and timm");
  const { status } = spawnSync(join(REPOSITORY, "benches/browser/peers.sh"), args, { stdio: "inherit" });
  if (status !== 0) throw new Error("the peers' networks could not be made, see above");
}

/** @param {string} name @returns {Network} */
function shipped(name) {
  const file = `${name}.safetensors`;
  return { name, model: `/models/${file}`, side: cardOf(join(MODELS, file)).input.side, peer: null };
}

/** Of the shipped models that name features. */
function shippedNames() {
  const names = readdirSync(MODELS).filter((file) => file.endsWith(".safetensors")).map((file) => basename(file, ".safetensors"));
  return names.filter((name) => name !== SEGMENTER);
}

/** The name of the one with the smallest file. */
export function smallestShipped() {
  const size = (/** @type {string} */ name) => statSync(join(MODELS, `${name}.safetensors`)).size;
  return shippedNames().reduce((a, b) => (size(b) < size(a) ? b : a));
}

/** The model card in a checkpoint's header. @param {string} checkpoint @returns {import("../../pkg/index.js").ModelCard} */
function cardOf(checkpoint) {
  const bytes = readFileSync(checkpoint);
  const header = bytes.toString("utf8", 8, 8 + Number(bytes.readBigUInt64LE()));
  return JSON.parse(JSON.parse(header).__metadata__.karyolens);
}
