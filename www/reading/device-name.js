/** The names of the devices, for people. */

const NAMES = { webgpu: "WebGPU", cpu: "CPU" };

/** With the graphics adapter, where there is one. @param {keyof typeof NAMES} kind @param {string | null} [adapter] */
export function deviceName(kind, adapter) {
  return adapter ? `${NAMES[kind]} (${adapter})` : NAMES[kind];
}
