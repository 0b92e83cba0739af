/** Work that all workers share. */

/** @import { Pool } from "./pool.js" */

/**
 * Has the workers do jobs, each of which is made up when a worker is free for it. Ends with the first
 * failure, and with the signal.
 *
 * @template T
 * @param {Pool} pool
 * @param {number} jobs how many there are
 * @param {(job: number) => Promise<T>} begin gives a job to the pool
 * @param {(result: T, job: number) => void} take hears of a job that is done, not after the end
 * @param {AbortSignal} [signal]
 */
export async function shareOut(pool, jobs, begin, take, signal) {
  signal?.throwIfAborted();
  const ended = /** @type {PromiseWithResolvers<never>} */ (Promise.withResolvers());
  const abort = () => ended.reject(signal?.reason);
  signal?.addEventListener("abort", abort);
  let next = 0;
  let isOver = false;
  /** A worker's share. */
  const workOn = async () => {
    while (next < jobs && !isOver) {
      const job = next++;
      const result = await begin(job);
      if (!isOver) take(result, job);
    }
  };
  try {
    await Promise.race([ended.promise, Promise.all(Array.from({ length: pool.size }, workOn))]);
  } finally {
    isOver = true;
    signal?.removeEventListener("abort", abort);
  }
}
