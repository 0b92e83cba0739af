/** One cell in full: its picture, the call on each feature with its reason, and the means to correct it. */

import { showRisk, spelledSum } from "../decisions/risk-badge.js";
import { descriptions } from "../elements/description-list.js";
import { make, oncePerFrame, onPress } from "../elements/dom.js";
import { featureMeaning, featureName, listing, moment, number, onLanguage, t } from "../language/language.js";
import { deviceName } from "../reading/device-name.js";
import { inUnit, measurementName } from "../reading/measured-words.js";
import { canRetry } from "../session/cell.js";
import { newCallRow, showCall } from "./call-row.js";
import { Portrait } from "./portrait.js";

/** @import { Call, Decision, RiskSum } from "../pkg/index.js" */
/** @import { PageElements } from "../elements/page-elements.js" */
/** @import { Engine } from "../reading/engine.js" */
/** @import { Pictures } from "../reading/pictures.js" */
/** @import { Measurements } from "../reading/measurements.js" */
/** @import { Cell } from "../session/cell.js" */
/** @import { Session } from "../session/session.js" */

/** The feature that means nothing at another scale than the model's. */
const OF_SIZE = "Enlargement";
/** The measurement of a nucleus beside the others of its field. */
const AREA_RATIO = "area_ratio";

export class Detail {
  #elements;
  #session;
  #measurements;
  #portrait;
  /** The feature that is explained. @type {string | null} */
  #feature = null;
  /** The facts that are on show; they are written again only when one has changed. @type {unknown[]} */
  #shown = [];
  #show = oncePerFrame(() => this.#showNow());

  /**
   * @param {PageElements["detail"]} elements
   * @param {Session} session
   * @param {Engine} engine
   * @param {Pictures} pictures
   * @param {Measurements} measurements
   * @param {object} actions
   * @param {(by: number) => void} actions.onStep to the next or the previous cell
   * @param {(cell: Cell) => void} actions.onRetry
   * @param {(cell: Cell) => void} actions.onRemove
   * @param {(cell: Cell) => void} actions.onSwitchKind its source is of the other kind
   */
  constructor(elements, session, engine, pictures, measurements, { onStep, onRetry, onRemove, onSwitchKind }) {
    this.#elements = elements;
    this.#session = session;
    this.#measurements = measurements;
    this.#portrait = new Portrait(elements.picture, engine, pictures);
    session.listen(this.#show);
    measurements.listen(() => {
      this.#shown = [];
      this.#show();
    });
    onLanguage(() => {
      elements.calls.replaceChildren();
      this.#shown = [];
      this.#portrait.forget();
      this.#show();
    });
    onPress(elements.previous, () => onStep(-1));
    onPress(elements.next, () => onStep(1));
    onPress(elements.remove, () => session.selected && onRemove(session.selected));
    onPress(elements.switchKind, () => session.selected && onSwitchKind(session.selected));
    onPress(elements.retry, () => session.selected && onRetry(session.selected));
    elements.picture.showHeat.addEventListener("change", this.#show);
  }

  /** Says where the selected cell is among those shown. @param {number} index -1 if it is not shown @param {number} count */
  showPosition(index, count) {
    const { position, previous, next } = this.#elements;
    position.textContent = index < 0 ? "" : t("detail.position", { at: index + 1, count });
    // Not disabled: a disabled button would lose the focus of a person who walks with it.
    previous.ariaDisabled = String(index <= 0);
    next.ariaDisabled = String(index < 0 || index >= count - 1);
  }

  /** Takes the other side on a feature, or takes a correction back. @param {number} index of the feature */
  correct(index) {
    const cell = this.#session.selected;
    const call = cell && this.#session.decisionOf(cell)?.calls[index];
    if (cell && call) this.#session.correct(cell, call.name, call.answer === null ? !call.model : null);
  }

  #showNow() {
    const elements = this.#elements;
    const session = this.#session;
    const cell = session.selected;
    const { checked } = elements.picture.showHeat;
    const shown = cell
      ? [cell, cell.state, cell.failure, cell.source.bytes, cell.source.kind, cell.source.sha256, cell.source.micrometresPerPixel, cell.source.isScaleEstimated, cell.contour, cell.isConfirmed, cell.reading, session.decisionOf(cell), this.#feature, checked, session.model]
      : [null];
    if (shown.length === this.#shown.length && shown.every((one, index) => one === this.#shown[index])) return;
    this.#shown = shown;
    elements.empty.hidden = cell !== null;
    elements.body.hidden = cell === null;
    if (!cell) return;
    const decision = session.decisionOf(cell);
    const { synthetic } = cell.source;
    elements.name.textContent = session.nameOf(cell);
    elements.synthetic.hidden = synthetic === null;
    elements.synthetic.textContent = t("detail.synthetic", { features: listing((synthetic?.features ?? []).map(featureName)) });
    elements.notice.hidden = !cell.reading?.notice;
    elements.notice.textContent = cell.reading?.notice ?? "";
    elements.state.hidden = cell.state === "done";
    elements.state.dataset.state = cell.state;
    elements.state.textContent = (cell.state === "failed" && cell.failure) || t(`state.${cell.state}`);
    elements.retry.hidden = !canRetry(cell);
    elements.switchKind.hidden = synthetic !== null || cell.source.bytes === null;
    elements.switchKind.textContent = t(cell.source.kind === "field" ? "detail.is-cell-image" : "detail.is-field");
    elements.decision.hidden = decision === null;
    if (decision) this.#showDecision(cell, decision);
    this.#showMeasurements(cell);
    this.#showProvenance(cell);
    void this.#portrait.show(cell, this.#feature, session.model?.id ?? "");
  }

  /** @param {Cell} cell @param {Decision} decision */
  #showDecision(cell, { calls, risk }) {
    if (!calls.some((call) => call.name === this.#feature)) this.#feature = mostTelling(calls);
    this.#showRiskSum(risk);
    const list = this.#elements.calls;
    const shown = [...list.children].map((row) => /** @type {HTMLElement} */ (row).dataset.call);
    if (shown.join("\n") !== calls.map((call) => call.name).join("\n")) {
      list.replaceChildren(...calls.map(({ name }, index) => newCallRow(this.#elements.call, name, index, {
        onChoose: () => {
          this.#feature = name;
          this.#show();
        },
        onCorrect: () => this.correct(index),
      })));
    }
    const doubt = scaleDoubt(cell);
    calls.forEach((call, index) => {
      const remark = call.name === OF_SIZE ? doubt : "";
      showCall(/** @type {HTMLElement} */ (list.children[index]), call, call.name === this.#feature, remark);
    });
    const chosen = calls.find((call) => call.name === this.#feature);
    if (!chosen) return;
    this.#elements.meaning.textContent = featureMeaning(chosen.name);
    this.#elements.picture.heatFeature.textContent = t("heat.show", { feature: featureName(chosen.name) });
    this.#elements.picture.showHeat.disabled = cell.source.bytes === null;
  }

  /** The level, and the sum that leads to the score. @param {RiskSum | null} risk */
  #showRiskSum(risk) {
    const { risk: box, riskBadge, riskSum } = this.#elements;
    box.hidden = risk === null;
    if (!risk) return;
    showRisk(riskBadge, risk);
    const { terms, forced } = risk;
    const spelled = terms.length === 0 ? t("risk.nothing") : spelledSum(risk);
    riskSum.textContent = forced ? `${spelled}. ${t("risk.forced", { feature: featureName(forced) })}` : spelled;
  }

  /** @param {Cell} cell */
  #showMeasurements(cell) {
    const { size, measured, measurements } = this.#elements;
    const ratio = this.#measurements.of(cell, AREA_RATIO);
    size.hidden = ratio === null;
    measured.hidden = ratio === null;
    if (ratio === null) return;
    size.textContent = t("measurement.of-median", { ratio: number(ratio, { maximumSignificantDigits: 2 }) });
    const rows = this.#measurements.kinds.flatMap(({ name, unit }) => {
      const value = this.#measurements.of(cell, name);
      return value === null ? [] : [make("dt", {}, measurementName(name)), make("dd", {}, inUnit(unit, value, cell.source.micrometresPerPixel))];
    });
    measurements.replaceChildren(...rows);
  }

  /** @param {Cell} cell */
  #showProvenance(cell) {
    const { reading } = cell;
    const model = this.#session.modelOf(cell);
    this.#elements.provenance.replaceChildren(...descriptions([
      ["provenance.file", this.#session.nameOf(cell)],
      ["provenance.file-hash", cell.source.sha256],
      ["provenance.model", model && `${model.name} (${model.crateVersion})`],
      ["provenance.model-hash", model?.sha256],
      ["provenance.device", reading && deviceName(reading.device, reading.adapter)],
      ["provenance.program", reading && `Karyolens ${reading.program}`],
      ["provenance.time", reading && moment(reading.time)],
      ["provenance.outline", cell.origin && listing([
        t(`outline.${cell.origin}`),
        ...(cell.isEdited ? [t("outline.edited")] : []),
        ...(cell.isConfirmed ? [t("outline.confirmed")] : []),
      ])],
    ]));
  }
}

/** Why the size of a nucleus in a field is not certain; empty where it is. @param {Cell} cell */
function scaleDoubt({ contour, source }) {
  if (contour === null) return "";
  if (source.micrometresPerPixel === null) return t("scale.needed");
  return source.isScaleEstimated ? t("scale.by-red-cells") : "";
}

/** The feature that a reader asks about first: the surest of those present, else the likeliest. @param {Call[]} calls */
function mostTelling(calls) {
  const present = calls.filter((call) => call.present);
  const candidates = present.length > 0 ? present : calls;
  return candidates.reduce((best, call) => (call.probability > best.probability ? call : best)).name;
}
