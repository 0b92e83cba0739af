/**
 * Loaded into a worker ahead of its own code: watches the worker's memory and the errors of its GPU device.
 * `globalThis.probe` tells them.
 */

/** @type {Set<WebAssembly.Memory>} */
const memories = new Set();
/** Bytes in GPU buffers: now, and the peak. */
const buffers = { now: 0, peak: 0 };
/** Errors of a GPU device that nobody caught; with one, its numbers are not to be trusted. @type {string[]} */
const complaints = [];

/** Wasm memory never shrinks, so its size is its peak. */
Object.assign(globalThis, {
  probe: () => ({
    wasm: [...memories].reduce((sum, memory) => sum + memory.buffer.byteLength, 0),
    gpu: buffers.peak,
    complaints,
  }),
});

WebAssembly.Memory = new Proxy(WebAssembly.Memory, {
  construct(target, args) {
    const memory = Reflect.construct(target, args);
    memories.add(memory);
    return memory;
  },
});

for (const name of /** @type {const} */ (["instantiate", "instantiateStreaming"])) {
  const original = /** @type {(...args: any[]) => Promise<any>} */ (WebAssembly[name]);
  WebAssembly[name] = async (/** @type {any[]} */ ...args) => {
    const result = await original(...args);
    const { exports } = result.instance ?? result;
    for (const value of Object.values(exports)) {
      if (value instanceof WebAssembly.Memory) memories.add(value);
    }
    return result;
  };
}

if ("GPUAdapter" in globalThis) {
  const { requestDevice } = GPUAdapter.prototype;
  GPUAdapter.prototype.requestDevice = async function (/** @type {GPUDeviceDescriptor} */ descriptor) {
    const device = await requestDevice.call(this, descriptor);
    device.addEventListener("uncapturederror", ({ error }) => complaints.push(error.message));
    return device;
  };

  /** @type {WeakMap<GPUBuffer, number>} */
  const sizes = new WeakMap();
  const freed = new FinalizationRegistry((/** @type {number} */ size) => void (buffers.now -= size));
  const { createBuffer } = GPUDevice.prototype;
  GPUDevice.prototype.createBuffer = function (/** @type {GPUBufferDescriptor} */ descriptor) {
    const buffer = createBuffer.call(this, descriptor);
    buffers.now += descriptor.size;
    buffers.peak = Math.max(buffers.peak, buffers.now);
    sizes.set(buffer, descriptor.size);
    freed.register(buffer, descriptor.size, buffer);
    return buffer;
  };
  const { destroy } = GPUBuffer.prototype;
  GPUBuffer.prototype.destroy = function () {
    destroy.call(this);
    buffers.now -= sizes.get(this) ?? 0;
    sizes.delete(this);
    freed.unregister(this);
    return undefined;
  };
}
