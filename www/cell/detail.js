/** One cell, read well: large, with what is said of each feature and why, to be corrected. */

import { deviceName } from "../reading/device-name.js";
import { find, fromTemplate, messageOf, oncePerFrame, onPress } from "../elements/dom.js";
import { facts } from "../elements/description-list.js";
import { clearHeat, clearPortrait, showHeat, showPortrait } from "./cell-picture.js";
import { featureMeaning, featureName, listing, moment, onLanguage, percent, t } from "../language/language.js";
import { showRisk, spelledSum } from "../decisions/risk-badge.js";
import { canRetry } from "../session/session.js";

/** @import { Engine } from "../reading/engine.js" */
/** @import { Fact } from "../elements/description-list.js" */
/** @import { Call, Decision, RiskSum } from "../decisions/decision.js" */
/** @import { Cell, Session } from "../session/session.js" */

/** Side in pixels of what is shown of a cell while no model says what it sees. */
const USUAL_CROP = 128;

export class Detail {
  #session;
  #engine;
  #calls = find("#calls", HTMLElement);
  /** The feature that is explained. @type {string | null} */
  #feature = null;
  /** What is shown, to write it anew only where that has changed. @type {unknown[]} */
  #shown = [];
  /** What the portrait and the heat map show, so that they are drawn once. */
  #drawn = { cell: /** @type {Cell | null} */ (null), picture: /** @type {Blob | null} */ (null), heat: "" };
  #show = oncePerFrame(() => this.#showNow());

  /**
   * @param {Session} session
   * @param {Engine} engine
   * @param {object} actions
   * @param {(by: number) => void} actions.onStep to the next or the previous cell
   * @param {(cell: Cell) => void} actions.onRetry
   * @param {(cell: Cell) => void} actions.onRemove
   */
  constructor(session, engine, actions) {
    this.#session = session;
    this.#engine = engine;
    session.listen(this.#show);
    onLanguage(() => {
      this.#calls.replaceChildren();
      this.#shown = [];
      this.#drawn.cell = null;
      this.#show();
    });
    onPress("#previous", () => actions.onStep(-1));
    onPress("#next", () => actions.onStep(1));
    onPress("#remove", () => session.selected && actions.onRemove(session.selected));
    onPress("#retry", () => session.selected && actions.onRetry(session.selected));
    const heat = find("#show-heat", HTMLInputElement);
    heat.addEventListener("change", this.#show);
    const opacity = find("#heat-opacity", HTMLInputElement);
    const setOpacity = () => find("#heat", HTMLElement).style.setProperty("opacity", String(Number(opacity.value) / 100));
    opacity.addEventListener("input", setOpacity);
    setOpacity();
  }

  /** Where among those shown the selected cell is. @param {number} index -1 where it is not @param {number} count */
  showPosition(index, count) {
    find("#position", HTMLElement).textContent = index < 0 ? "" : t("detail.position", { at: index + 1, count });
    // Not disabled: that would take the focus away from under a finger that walks.
    find("#previous", HTMLButtonElement).ariaDisabled = String(index <= 0);
    find("#next", HTMLButtonElement).ariaDisabled = String(index < 0 || index >= count - 1);
  }

  /** Takes the other side on a feature, or takes a correction back. @param {number} index of the feature */
  correct(index) {
    const cell = this.#session.selected;
    const call = cell && this.#session.decisionOf(cell)?.calls[index];
    if (cell && call) this.#session.correct(cell, call.name, call.human === null ? !call.model : null);
  }

  #showNow() {
    const cell = this.#session.selected;
    const { checked } = find("#show-heat", HTMLInputElement);
    const shown = cell
      ? [cell, cell.state, cell.failure, cell.picture, cell.sha256, cell.reading, this.#session.decisionOf(cell), this.#feature, checked, this.#session.model]
      : [null];
    if (shown.length === this.#shown.length && shown.every((one, index) => one === this.#shown[index])) return;
    this.#shown = shown;
    find("#detail-empty", HTMLElement).hidden = cell !== null;
    find("#detail-body", HTMLElement).hidden = cell === null;
    if (!cell) return;
    const decision = this.#session.decisionOf(cell);
    find("#detail-name", HTMLElement).textContent = cell.name;
    const synthetic = find("#detail-synthetic", HTMLElement);
    synthetic.hidden = cell.synthetic === null;
    synthetic.textContent = t("detail.synthetic", { features: listing((cell.synthetic?.features ?? []).map(featureName)) });
    const notice = find("#detail-notice", HTMLElement);
    notice.hidden = !cell.reading?.notice;
    notice.textContent = cell.reading?.notice ?? "";
    const state = find("#detail-state", HTMLElement);
    state.hidden = cell.state === "done";
    state.dataset.state = cell.state;
    state.textContent = (cell.state === "failed" && cell.failure) || t(`state.${cell.state}`);
    find("#retry", HTMLElement).hidden = !canRetry(cell);
    find("#decision", HTMLElement).hidden = decision === null;
    if (decision) this.#showDecision(cell, decision);
    this.#showProvenance(cell);
    void this.#showPicture(cell);
  }

  /** @param {Cell} cell @param {Decision} decision */
  #showDecision(cell, { calls, risk }) {
    if (!calls.some((call) => call.name === this.#feature)) this.#feature = mostTelling(calls);
    showRiskSum(risk);
    const shown = [...this.#calls.children].map((item) => /** @type {HTMLElement} */ (item).dataset.call);
    if (shown.join("\n") !== calls.map((call) => call.name).join("\n")) {
      this.#calls.replaceChildren(...calls.map((call, index) => this.#newCall(call.name, index)));
    }
    calls.forEach((call, index) => showCall(/** @type {HTMLElement} */ (this.#calls.children[index]), call, call.name === this.#feature));
    const chosen = calls.find((call) => call.name === this.#feature);
    if (!chosen) return;
    find("#meaning", HTMLElement).textContent = featureMeaning(chosen.name);
    find("#heat-feature", HTMLElement).textContent = t("heat.show", { feature: featureName(chosen.name) });
    find("#show-heat", HTMLInputElement).disabled = cell.picture === null;
  }

  /** @param {string} name @param {number} index */
  #newCall(name, index) {
    const item = fromTemplate("#call");
    item.dataset.call = name;
    const choose = find(".call-name", HTMLButtonElement, item);
    choose.textContent = featureName(name);
    choose.addEventListener("click", () => {
      this.#feature = name;
      this.#show();
    });
    find(".correct", HTMLButtonElement, item).addEventListener("click", () => this.correct(index));
    if (index < 9) item.style.setProperty("--key", `"${index + 1}"`);
    return item;
  }

  /** @param {Cell} cell */
  #showProvenance(cell) {
    const { reading } = cell;
    const model = this.#session.modelOf(cell);
    /** @type {Fact[]} */
    const entries = [
      ["provenance.file", cell.name],
      ["provenance.file-hash", cell.sha256],
      ["provenance.model", model && `${model.name} (${model.crateVersion})`],
      ["provenance.model-hash", model?.sha256],
      ["provenance.device", reading && deviceName(reading.device, reading.adapter)],
      ["provenance.program", reading && `Karyolens ${reading.program}`],
      ["provenance.time", reading && moment(reading.time)],
    ];
    find("#provenance", HTMLElement).replaceChildren(...facts(entries));
  }

  /** The picture, and over it the heat map where it is asked for. @param {Cell} cell */
  async #showPicture(cell) {
    const feature = this.#feature;
    const wanted = find("#show-heat", HTMLInputElement).checked && cell.state === "done" && cell.picture ? feature : null;
    find("#heat-controls", HTMLElement).hidden = wanted === null;
    const heat = wanted ? `${cell.id} ${wanted} ${this.#session.model?.id}` : "";
    const isOther = cell !== this.#drawn.cell || cell.picture !== this.#drawn.picture;
    if (!isOther && heat === this.#drawn.heat) return;
    const drawn = { cell, picture: cell.picture, heat };
    this.#drawn = drawn;
    const stillWanted = () => this.#drawn === drawn;
    clearHeat();
    const message = find("#heat-message", HTMLElement);
    message.textContent = "";
    if (isOther) await this.#drawPortrait(cell, stillWanted);
    if (!wanted || !cell.picture || !stillWanted()) return;
    message.textContent = t("heat.computing");
    try {
      const { picture } = cell;
      const map = await this.#engine.run((karyolens) => karyolens.explain(picture, wanted));
      if (!stillWanted()) return;
      showHeat(map);
      message.textContent = "";
    } catch (error) {
      if (stillWanted()) message.textContent = t("heat.failed", { reason: messageOf(error) });
    }
  }

  /** @param {Cell} cell @param {() => boolean} stillWanted */
  async #drawPortrait({ picture, synthetic }, stillWanted) {
    const missing = find("#no-picture", HTMLElement);
    missing.hidden = picture !== null;
    missing.textContent = t(synthetic ? "detail.not-drawn" : "detail.no-picture");
    if (!picture) return clearPortrait();
    // At once as the browser reads it, then as the network gets it; a browser need not know the format.
    const raw = await createImageBitmap(picture).catch(() => null);
    if (!stillWanted()) return;
    if (raw) showPortrait(raw, USUAL_CROP);
    else clearPortrait();
    raw?.close();
    try {
      const { png, crop } = await this.#engine.run(async (karyolens) => ({
        png: await karyolens.cellImage(picture),
        crop: karyolens.card.input.crop,
      }));
      const cell = await createImageBitmap(new Blob([png], { type: "image/png" }));
      if (stillWanted()) showPortrait(cell, crop);
      cell.close();
    } catch {
      // A file that is no picture: its message stands beside this.
      if (stillWanted() && !raw) {
        missing.hidden = false;
        missing.textContent = t("detail.unreadable");
      }
    }
  }
}

/** The feature that a reader asks about first: the surest of those present, else the likeliest. @param {Call[]} calls */
function mostTelling(calls) {
  const present = calls.filter((call) => call.present);
  const candidates = present.length > 0 ? present : calls;
  return candidates.reduce((best, call) => (call.probability > best.probability ? call : best)).name;
}

/** The level, and how the score comes about. @param {RiskSum | null} risk */
function showRiskSum(risk) {
  find("#detail-risk", HTMLElement).hidden = risk === null;
  if (!risk) return;
  showRisk(find("#detail-risk .risk", HTMLElement), risk);
  const { terms, forced } = risk;
  const spelled = terms.length === 0 ? t("risk.nothing") : spelledSum(risk);
  find("#risk-sum", HTMLElement).textContent = forced ? `${spelled}. ${t("risk.forced", { feature: featureName(forced) })}` : spelled;
}

/** @param {HTMLElement} item @param {Call} call @param {boolean} chosen */
function showCall(item, call, chosen) {
  const { probability, threshold, band, human, present, model, unsure, moved } = call;
  Object.assign(item.dataset, {
    present: String(present), unsure: String(unsure && human === null), human: human === null ? "" : String(human),
    probability: String(probability), threshold: String(threshold), chosen: String(chosen),
  });
  find(".call-name", HTMLButtonElement, item).setAttribute("aria-pressed", String(chosen));
  const bar = find(".bar", HTMLElement, item);
  bar.style.setProperty("--probability", String(probability));
  bar.style.setProperty("--threshold", String(threshold));
  bar.style.setProperty("--low", String(band?.[0] ?? threshold));
  bar.style.setProperty("--high", String(band?.[1] ?? threshold));
  bar.dataset.band = String(band !== null);
  find(".percent", HTMLElement, item).textContent = percent(probability, threshold);
  const verdict = human !== null
    ? t(human ? "call.human-present" : "call.human-absent")
    : unsure ? t(model ? "call.unsure-present" : "call.unsure-absent")
    : t(model ? "call.present" : "call.absent");
  find(".verdict", HTMLElement, item).textContent = verdict;
  const at = t(moved ? "call.threshold-moved" : "call.threshold", { value: percent(threshold) });
  find(".threshold-words", HTMLElement, item).textContent = at;
  const correct = find(".correct", HTMLButtonElement, item);
  const action = human !== null ? "correct.undo" : model ? "correct.to-absent" : "correct.to-present";
  correct.textContent = t(`${action}.short`);
  correct.setAttribute("aria-label", `${correct.textContent}: ${t(action, { feature: featureName(call.name) })}`);
  correct.title = t(action, { feature: featureName(call.name) });
}
