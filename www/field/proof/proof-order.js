/**
 * The order in which a person looks through the nuclei of a field. It is made once and then stands still: a
 * nucleus keeps its place while its outline is changed, removed or brought back.
 */

import { boxOf } from "../contour-index.js";

/** @import { Cell, Contour } from "../../session/cell.js" */

/** A cell of a field. @typedef {Cell & {contour: Contour}} Nucleus */

export class ProofOrder {
  /** Also those that are gone, since an undo brings them back. @type {Nucleus[]} */
  #all;
  /** @type {ReadonlySet<Nucleus>} */
  #here;

  /** @param {Nucleus[]} nuclei in the order of the session @param {(nucleus: Nucleus) => number} sureness the least sure one comes first */
  constructor(nuclei, sureness) {
    const known = nuclei.map((nucleus) => ({ nucleus, sureness: sureness(nucleus) }));
    this.#all = known.sort((one, other) => one.sureness - other.sureness).map(({ nucleus }) => nucleus);
    this.#here = new Set(nuclei);
  }

  /** Those that are in the field now. @returns {Nucleus[]} */
  get nuclei() {
    return this.#all.filter((nucleus) => this.#here.has(nucleus));
  }

  /** Takes the nuclei of the field as they are now: a new one stands beside the one that it came from, or last. @param {Nucleus[]} nuclei */
  take(nuclei) {
    this.#here = new Set(nuclei);
    const known = new Set(this.#all);
    for (const nucleus of nuclei) {
      if (known.has(nucleus)) continue;
      const at = this.#all.findIndex((one) => !this.#here.has(one) && overlap(one.contour, nucleus.contour));
      this.#all.splice(at < 0 ? this.#all.length : at, 0, nucleus);
    }
  }

  /**
   * The nucleus after another one, or before it.
   *
   * @param {Nucleus | null} from null: before the first
   * @param {number} by
   * @returns {Nucleus | null} null at the end
   */
  step(from, by) {
    const { nuclei } = this;
    return nuclei[from ? nuclei.indexOf(from) + by : 0] ?? null;
  }

  /**
   * The next nucleus for which `wants` is true: after another one, else from the beginning.
   *
   * @param {Nucleus} from which may be gone
   * @param {(nucleus: Nucleus) => boolean} wants
   */
  next(from, wants) {
    const at = this.#all.indexOf(from);
    const others = [...this.#all.slice(at + 1), ...this.#all.slice(0, at)];
    return others.find((nucleus) => this.#here.has(nucleus) && wants(nucleus)) ?? null;
  }
}

/** @param {Contour} one @param {Contour} other */
function overlap(one, other) {
  const [a, b] = [boxOf(one), boxOf(other)];
  return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
}
