/** The bench's findings for people: a text table, and a page with the charts of a long session. */

/** @import { Bytes } from "./bytes.js" */
/** @import { Row } from "./cases.js" */
/** @import { Growth } from "./growth.js" */

/**
 * @typedef {object} Findings the content of target/bench-browser.json
 * @property {Row[]} rows
 * @property {Bytes} bytes
 * @property {Record<string, string | number | null>} machine
 * @property {Growth | null} growth
 */

/** The columns of the table. @type {[string, (row: Row) => string][]} */
const COLUMNS = [
  ["network", ({ network }) => network],
  ["device", ({ device }) => device],
  ["batch", ({ batch }) => String(batch)],
  ["ours ms", ({ ours_ms }) => figure(ours_ms)],
  ["theirs ms", ({ peer_ms }) => figure(peer_ms)],
  ["ratio", ({ ratio }) => (ratio === null ? "–" : ratio.toFixed(2))],
  ["quartiles", ({ ratio_low, ratio_high, rounds }) =>
    ratio_low === null || ratio_high === null ? "–" : rounds < 2 ? "one pass" : `${ratio_low.toFixed(2)}–${ratio_high.toFixed(2)}`],
  ["first ms", ({ first_ms }) => figure(first_ms)],
  ["theirs first", ({ peer_first_ms }) => figure(peer_first_ms)],
  ["ready ms", ({ ready_ms }) => figure(ready_ms)],
  ["known ms", ({ known_ms }) => (known_ms === null ? "–" : figure(known_ms))],
  ["theirs ready", ({ peer_ready_ms }) => figure(peer_ready_ms)],
  ["MB", ({ wasm_bytes, gpu_bytes }) => megabytes(wasm_bytes + gpu_bytes)],
  ["theirs MB", ({ peer_wasm_bytes, peer_gpu_bytes }) =>
    peer_wasm_bytes === null || peer_gpu_bytes === null ? "–" : megabytes(peer_wasm_bytes + peer_gpu_bytes)],
];

/** The rows as a Markdown table with aligned columns. @param {Row[]} rows */
export function table(rows) {
  const cells = [COLUMNS.map(([title]) => title), ...rows.map((row) => COLUMNS.map(([, show]) => show(row)))];
  const widths = COLUMNS.map((_, column) => Math.max(...cells.map((line) => line[column].length)));
  const lines = cells.map((line) => `| ${line.map((text, column) => (column < 2 ? text.padEnd(widths[column]) : text.padStart(widths[column]))).join(" | ")} |`);
  const rule = `|${widths.map((width, column) => (column < 2 ? "-".repeat(width + 2) : `${"-".repeat(width + 1)}:`)).join("|")}|`;
  return [lines[0], rule, ...lines.slice(1)].join("\n");
}

/** The machine, the bytes and the growth, a line each. @param {Findings} findings */
export function facts({ machine, bytes, growth }) {
  const lines = Object.entries(machine).map(([name, value]) => `${name}: ${value ?? "none"}`);
  const code = (/** @type {number} */ gzip, /** @type {number | null} */ brotli) =>
    `${megabytes(gzip)} MB gzipped${brotli === null ? "" : `, ${megabytes(brotli)} MB with brotli`}`;
  lines.push(`first visit: code ${code(bytes.code_gzip, bytes.code_brotli)}; where there is no GPU ` +
    `${code(bytes.cpu_code_gzip, bytes.cpu_code_brotli)}; model ${megabytes(bytes.model)} MB`);
  if (growth) {
    const { points, time_ms, wasm_bytes, network } = growth;
    const cells = points.at(-1)?.cells;
    lines.push(
      `${cells} cells in one session (${network}, CPU): time of one ${signed(time_ms.gain, 2)} ± ${time_ms.error.toFixed(2)} ms from end to end, ` +
        `wasm memory ${signed(wasm_bytes.gain / 1e6, 1)} MB` +
        (growth.page_bytes_gained === null ? "" : `, all that the browser counts ${signed(growth.page_bytes_gained / 1e6, 1)} MB`),
    );
  }
  return lines.join("\n");
}

/** The findings as a page, with the growth as charts. @param {Findings} findings */
export function html(findings) {
  const { rows, growth } = findings;
  const line = (/** @type {string[]} */ texts, /** @type {string} */ tag) => `<tr>${texts.map((text) => `<${tag}>${escaped(text)}</${tag}>`).join("")}</tr>`;
  const charts = !growth
    ? ""
    : `<h2>One long session</h2>
${chart("Milliseconds of one cell", growth.points.map(({ cells, ms }) => [cells, ms]))}
${chart("Wasm memory in MB", growth.points.map(({ cells, wasm_bytes }) => [cells, wasm_bytes / 1e6]))}`;
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Karyolens beside onnxruntime-web</title>
<style>
  body { font: 1rem/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem; }
  table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
  th, td { padding: 0.25rem 0.75rem; text-align: right; border-bottom: 1px solid #ccc; }
  :is(th, td):nth-child(-n + 2) { text-align: left; }
  figure { margin: 1rem 0; }
  svg { max-width: 100%; height: auto; }
</style>
<h1>Karyolens beside onnxruntime-web</h1>
<pre>${escaped(facts(findings))}</pre>
<p>Milliseconds are medians of steady forward passes; the ratio is ours over theirs, below 1 where we are faster.</p>
<table>
<thead>${line(COLUMNS.map(([title]) => title), "th")}</thead>
<tbody>
${rows.map((row) => line(COLUMNS.map(([, show]) => show(row)), "td")).join("\n")}
</tbody>
</table>
${charts}
</html>
`;
}

/** A line through points, from zero up. @param {string} title @param {number[][]} points */
function chart(title, points) {
  const [width, height, left, bottom] = [860, 240, 60, 30];
  const most = Math.max(...points.map(([x]) => x));
  const top = 1.2 * Math.max(...points.map(([, y]) => y));
  const x = (/** @type {number} */ value) => left + (value / most) * (width - left - 20);
  const y = (/** @type {number} */ value) => height - bottom - (value / top) * (height - bottom - 10);
  const path = points.map(([a, b]) => `${x(a).toFixed(1)},${y(b).toFixed(1)}`).join(" ");
  const ticks = [0, 0.5, 1].flatMap((share) => [
    `<text x="${x(share * most)}" y="${height - 8}" text-anchor="middle">${Math.round(share * most)}</text>`,
    `<text x="${left - 8}" y="${y(share * top) + 4}" text-anchor="end">${(share * top).toFixed(1)}</text>`,
    `<line x1="${left}" x2="${width - 20}" y1="${y(share * top)}" y2="${y(share * top)}" stroke="#ddd"/>`,
  ]);
  return `<figure><figcaption>${escaped(title)}, by cells read</figcaption>
<svg viewBox="0 0 ${width} ${height}" width="${width}" role="img" aria-label="${escaped(title)}" font-size="12">
${ticks.join("\n")}
<polyline points="${path}" fill="none" stroke="#8a2be2" stroke-width="2"/>
</svg></figure>`;
}

/** @param {number | null} ms */
function figure(ms) {
  return ms === null ? "–" : ms < 100 ? ms.toFixed(1) : ms.toFixed(0);
}

/** @param {number} bytes */
function megabytes(bytes) {
  return (bytes / 1e6).toFixed(bytes < 1e7 ? 2 : 0);
}

/** @param {number} value @param {number} digits */
function signed(value, digits) {
  return `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(digits)}`;
}

/** @param {string} text */
function escaped(text) {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}
