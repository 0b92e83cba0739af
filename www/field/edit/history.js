/** Changes that a person made, to be taken back and done again without end. */

/** @typedef {{undo: () => void, redo: () => void}} Step */

export class History {
  /** @type {Step[]} */
  #done = [];
  /** @type {Step[]} */
  #undone = [];

  /** Does a change, and remembers it. @param {Step} step */
  do(step) {
    step.redo();
    this.#done.push(step);
    this.#undone = [];
  }

  get canUndo() {
    return this.#done.length > 0;
  }

  get canRedo() {
    return this.#undone.length > 0;
  }

  undo() {
    const step = this.#done.pop();
    if (!step) return;
    step.undo();
    this.#undone.push(step);
  }

  redo() {
    const step = this.#undone.pop();
    if (!step) return;
    step.redo();
    this.#done.push(step);
  }
}
