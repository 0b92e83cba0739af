/**
 * Practising: the program draws a nucleus, a person names its features, and only then the model
 * names them. quiz.js rates the guesses; this dialog shows them.
 */

import { openDialog } from "../elements/dialog.js";
import { digitOf, find, make } from "../elements/dom.js";
import { featureName, listing, t } from "../language/language.js";
import { messageOf } from "../pkg/message.js";
import { answerRow, featureBox, scoreRow, scoreText } from "./quiz-rows.js";
import { DRAWABLE, Round, newSeed, outcome, scoreOf, surprise } from "./quiz.js";

/** @import { Engine } from "../reading/engine.js" */
/** @import { Call } from "../pkg/index.js" */
/** @import { Session } from "../session/session.js" */

/**
 * @typedef {object} Page the parts of the page that the quiz needs
 * @property {Pick<Engine, "run">} engine
 * @property {Pick<Session, "decisionOn">} session whose thresholds are in force
 * @property {(cells: Parameters<Session["add"]>[0]) => unknown} add takes a drawing that a person keeps
 *
 * @typedef {object} Drawing
 * @property {string[]} features that it shows
 * @property {number} seed
 * @property {Blob} picture
 * @property {boolean} chosen whether a person chose the features
 *
 * @typedef {"choose" | "drawing" | "guess" | "reading" | "answer"} Phase
 */

/** The round goes on when the dialog is closed and opened again. */
const round = new Round();

/** Opens the quiz with a drawing by chance. @param {HTMLDialogElement} dialog @param {Page} page */
export function openTeach(dialog, page) {
  new Lesson(dialog, page).begin();
}

/** One opening of the dialog. */
class Lesson {
  #page;
  #dialog;
  #closed;
  #choose;
  #guess;
  #answer;
  /** @type {Drawing | null} */
  #drawing = null;
  /** Counts the turns: a result that arrives after its turn is dropped. */
  #turn = 0;
  #address = "";

  /** @param {HTMLDialogElement} dialog @param {Page} page */
  constructor(dialog, page) {
    this.#page = page;
    this.#dialog = dialog;
    this.#closed = openDialog(dialog);
    this.#choose = find("#teach-choose", HTMLFormElement, dialog);
    this.#guess = find("#teach-guess", HTMLFormElement, dialog);
    this.#answer = find("#teach-answer", HTMLElement, dialog);
  }

  begin() {
    for (const form of [this.#choose, this.#guess]) {
      find(".teach-features", HTMLElement, form).replaceChildren(...DRAWABLE.map((name, index) => featureBox(form, name, index)));
    }
    this.#onSubmit(this.#choose, () => this.#draw(checked(this.#choose), true));
    this.#onSubmit(this.#guess, () => this.#showAnswer());
    this.#onPress("#teach-surprise", () => this.#draw(surprise(), false));
    this.#onPress("#teach-to-choose", () => this.#askWhatToDraw());
    this.#onPress(".teach-next", () => this.#next());
    this.#onPress("#teach-add", () => this.#keep());
    this.#onPress("#teach-anew", () => this.#beginRound());
    this.#dialog.addEventListener("keydown", (event) => this.#onKey(event), { signal: this.#closed });
    this.#closed.addEventListener("abort", () => {
      this.#turn++;
      this.#showPicture(null);
    });
    this.#showScore();
    return this.#draw(surprise(), false);
  }

  get #phase() {
    return /** @type {Phase} */ (this.#dialog.dataset.phase);
  }

  /** @param {Phase} phase @param {string} text that tells a person what to do */
  #enter(phase, text) {
    this.#dialog.dataset.phase = phase;
    this.#choose.hidden = phase !== "choose";
    this.#guess.hidden = phase !== "guess" && phase !== "reading";
    this.#guess.inert = phase === "reading";
    this.#answer.hidden = phase !== "answer";
    find("#teach-to-choose", HTMLElement, this.#dialog).hidden = phase === "choose";
    this.#say(text);
    find(".dialog-body", HTMLElement, this.#dialog).scrollTop = 0;
    find("#teach-say", HTMLElement, this.#dialog).scrollIntoView({ block: "nearest" });
  }

  #askWhatToDraw() {
    this.#turn++;
    this.#enter("choose", t("teach.say.choose"));
    this.#boxes(this.#choose)[0].focus({ preventScroll: true });
  }

  /** @param {string[]} features @param {boolean} chosen */
  async #draw(features, chosen) {
    const turn = ++this.#turn;
    this.#drawing = null;
    this.#showPicture(null);
    this.#enter("drawing", t("teach.say.drawing"));
    try {
      const seed = newSeed();
      const png = await this.#page.engine.run((karyolens) => karyolens.renderSynthetic(features, seed));
      const picture = new Blob([png], { type: "image/png" });
      if (turn !== this.#turn) return;
      this.#drawing = { features, seed, picture, chosen };
      this.#showPicture(this.#drawing);
      this.#guess.reset();
      this.#enter("guess", t("teach.say.guess"));
      this.#boxes(this.#guess)[0].focus({ preventScroll: true });
    } catch (error) {
      if (turn !== this.#turn) return;
      this.#askWhatToDraw();
      this.#say(t("teach.say.failed", { message: messageOf(error) }));
    }
  }

  /** Asks the model only now, so that no guess can lean on its answer. */
  async #showAnswer() {
    const drawing = this.#drawing;
    if (!drawing || this.#phase !== "guess") return;
    const turn = ++this.#turn;
    this.#enter("reading", t("teach.say.reading"));
    const answer = { drawn: new Set(drawing.features), guessed: new Set(checked(this.#guess)) };
    /** @type {Call[]} */
    let calls = [];
    let failure = "";
    try {
      const { features } = await this.#page.engine.run((karyolens) => karyolens.classify(drawing.picture));
      calls = this.#page.session.decisionOn(features.map(({ probability }) => probability))?.calls ?? [];
    } catch (error) {
      failure = messageOf(error);
    }
    if (turn !== this.#turn) return;
    round.add(answer);
    const outcomes = DRAWABLE.map((name) => outcome(name, answer));
    const rows = DRAWABLE.map((name, index) => answerRow(name, outcomes[index], calls.find((call) => call.name === name)));
    find("tbody", HTMLElement, this.#answer).replaceChildren(...rows);
    find("#teach-add", HTMLButtonElement, this.#dialog).disabled = false;
    this.#nameFeatures(drawing);
    this.#showScore();
    const faultless = outcomes.every((one) => one === "hit" || one === "right");
    const result = faultless ? t("teach.say.right") : t("teach.say.result", { score: scoreText(scoreOf(outcomes)) });
    this.#enter("answer", failure ? t("teach.say.unread", { message: failure }) : result);
    find(".teach-next", HTMLButtonElement, this.#answer).focus({ preventScroll: true });
  }

  #next() {
    if (this.#drawing?.chosen) this.#askWhatToDraw();
    else void this.#draw(surprise(), false);
  }

  #keep() {
    if (!this.#drawing) return;
    const { features, seed, picture } = this.#drawing;
    const name = `synthetic-${seed}.png`;
    this.#page.add([{ name, bytes: picture, synthetic: { features, seed } }]);
    find("#teach-add", HTMLButtonElement, this.#dialog).disabled = true;
    find(".teach-next", HTMLButtonElement, this.#answer).focus();
    this.#say(t("teach.added", { name }));
  }

  #beginRound() {
    round.clear();
    this.#showScore();
    this.#next();
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if (!find("#teach-keys", HTMLInputElement, this.#dialog).checked) return;
    const digit = digitOf(event);
    if (digit && (this.#phase === "guess" || this.#phase === "choose")) {
      const box = this.#boxes(this.#phase === "guess" ? this.#guess : this.#choose)[digit - 1];
      box.focus();
      box.checked = !box.checked;
    } else if (event.key.toLowerCase() === "n" && (this.#phase === "guess" || this.#phase === "answer")) {
      this.#next();
    } else if (event.key === "Enter" && this.#phase === "guess" && !isControl(event.target)) {
      this.#guess.requestSubmit();
    } else {
      return;
    }
    event.preventDefault();
  }

  /** @param {Drawing | null} drawing */
  #showPicture(drawing) {
    URL.revokeObjectURL(this.#address);
    const frame = find("#teach-picture", HTMLElement, this.#dialog);
    const origin = find("#teach-origin", HTMLElement, this.#dialog);
    frame.replaceChildren();
    origin.textContent = "";
    if (!drawing) return;
    this.#address = URL.createObjectURL(drawing.picture);
    frame.append(make("img", { src: this.#address, alt: t("teach.alt") }));
    origin.textContent = t("teach.origin", { seed: String(drawing.seed) });
  }

  /** Describes the picture for people who cannot see it, but only after the answer. @param {Drawing} drawing */
  #nameFeatures({ features }) {
    const text = features.length > 0 ? t("teach.alt.drawn", { features: listing(features.map(featureName)) }) : t("teach.alt.plain");
    find("#teach-picture img", HTMLImageElement, this.#dialog).alt = text;
  }

  #showScore() {
    const details = find("#teach-score", HTMLDetailsElement, this.#dialog);
    details.hidden = round.length === 0;
    find("#teach-tally", HTMLElement, details).textContent =
      t("teach.tally", { count: round.length, score: scoreText(round.score()) });
    const rows = DRAWABLE.map((name) => scoreRow(featureName(name), round.score(name)));
    find("tbody", HTMLElement, details).replaceChildren(...rows, scoreRow(t("teach.all"), round.score()));
  }

  /** @param {string} text */
  #say(text) {
    find("#teach-say", HTMLElement, this.#dialog).textContent = text;
  }

  /** @param {HTMLFormElement} form */
  #boxes(form) {
    return /** @type {HTMLInputElement[]} */ ([...form.querySelectorAll("input[name=feature]")]);
  }

  /** @param {HTMLFormElement} form @param {() => unknown} action */
  #onSubmit(form, action) {
    const submit = (/** @type {SubmitEvent} */ event) => {
      event.preventDefault();
      void action();
    };
    form.addEventListener("submit", submit, { signal: this.#closed });
  }

  /** @param {string} selector @param {() => unknown} action */
  #onPress(selector, action) {
    for (const button of this.#dialog.querySelectorAll(selector)) {
      button.addEventListener("click", () => void action(), { signal: this.#closed });
    }
  }
}

/** Whether the focused element has a use for Enter itself. @param {EventTarget | null} target */
function isControl(target) {
  return target instanceof Element && target.closest("button, input, summary") !== null;
}

/** @param {HTMLFormElement} form @returns {string[]} */
function checked(form) {
  return new FormData(form).getAll("feature").map(String);
}
