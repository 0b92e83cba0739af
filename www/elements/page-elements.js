/**
 * The elements of index.html that scripts work with. They are gathered once, when the page starts,
 * and handed to the parts: a part never searches the document. Rooms that come later bring markup
 * of their own (see rooms.js).
 */

import { find } from "./dom.js";

/** @typedef {ReturnType<typeof gatherElements>} PageElements */

/** @throws {Error} where index.html lacks one of them */
export function gatherElements() {
  return {
    /** Carries the states that the stylesheet looks at. */
    page: document.documentElement,
    language: find("#language", HTMLSelectElement),
    openers: {
      models: find("#open-models", HTMLButtonElement),
      session: find("#open-session", HTMLButtonElement),
      teach: find("#open-teach", HTMLButtonElement),
      compare: find("#open-compare", HTMLButtonElement),
      speed: find("#open-speed", HTMLButtonElement),
      diagnostics: find("#open-diagnostics", HTMLButtonElement),
    },
    modelName: find("#model-name", HTMLElement),
    example: find("#example", HTMLButtonElement),
    intake: {
      choose: find("#choose", HTMLButtonElement),
      chooseFolder: find("#choose-folder", HTMLButtonElement),
      files: find("#files", HTMLInputElement),
      folder: find("#folder", HTMLInputElement),
    },
    refusals: {
      box: find("#refusals", HTMLElement),
      list: find("#refusals ul", HTMLElement),
      close: find("#close-refusals", HTMLButtonElement),
    },
    status: {
      page: document.documentElement,
      line: find("#status", HTMLElement),
      undo: find("#undo", HTMLButtonElement),
      figures: find("#progress-figures", HTMLElement),
      bar: find("#progress", HTMLProgressElement),
      recover: find("#recover", HTMLElement),
      again: find("#again", HTMLButtonElement),
      device: find("#device", HTMLElement),
      deviceKind: find("#device .device-kind", HTMLElement),
      deviceReason: find("#device-reason", HTMLElement),
    },
    queue: {
      box: find("#queue", HTMLElement),
      bar: find("#queue-progress", HTMLProgressElement),
      figures: find("#queue-figures", HTMLElement),
      pause: find("#pause", HTMLButtonElement),
      resume: find("#resume", HTMLButtonElement),
      cancel: find("#cancel", HTMLButtonElement),
    },
    workbench: {
      page: document.documentElement,
      /** Out of reach while the cell covers them. */
      covered: [".masthead", ".intake", ".status", ".refusals", ".cells"].map((selector) => find(selector, HTMLElement)),
      results: find("#results", HTMLElement),
      tally: find("#tally", HTMLElement),
      noMatch: find("#no-match", HTMLElement),
      retryAll: find("#retry-all", HTMLButtonElement),
      clear: find("#clear", HTMLButtonElement),
    },
    filters: {
      box: find("#filter-box", HTMLDetailsElement),
      form: find("#filters", HTMLFormElement),
      text: find("#filter-text", HTMLInputElement),
      show: find("#filter-show", HTMLSelectElement),
      feature: find("#filter-feature", HTMLSelectElement),
      risk: find("#filter-risk", HTMLSelectElement),
      sort: find("#sort", HTMLSelectElement),
      direction: find("#direction", HTMLButtonElement),
      showAll: find("#show-all", HTMLButtonElement),
    },
    thresholds: {
      list: find("#thresholds", HTMLElement),
      moved: find("#thresholds-moved", HTMLElement),
      resetAll: find("#reset-thresholds", HTMLButtonElement),
      slider: find("#threshold", HTMLTemplateElement),
    },
    table: {
      scroller: find("#table", HTMLElement),
      head: find("#columns", HTMLElement),
      body: find("#rows", HTMLOListElement),
      row: find("#row", HTMLTemplateElement),
    },
    detail: {
      panel: find("#detail", HTMLElement),
      empty: find("#detail-empty", HTMLElement),
      body: find("#detail-body", HTMLElement),
      name: find("#detail-name", HTMLElement),
      position: find("#position", HTMLElement),
      previous: find("#previous", HTMLButtonElement),
      next: find("#next", HTMLButtonElement),
      close: find("#close-detail", HTMLButtonElement),
      synthetic: find("#detail-synthetic", HTMLElement),
      state: find("#detail-state", HTMLElement),
      notice: find("#detail-notice", HTMLElement),
      decision: find("#decision", HTMLElement),
      risk: find("#detail-risk", HTMLElement),
      riskBadge: find("#detail-risk .risk", HTMLElement),
      riskSum: find("#risk-sum", HTMLElement),
      calls: find("#calls", HTMLElement),
      call: find("#call", HTMLTemplateElement),
      meaning: find("#meaning", HTMLElement),
      size: find("#detail-size", HTMLElement),
      measured: find("#measured", HTMLDetailsElement),
      measurements: find("#measured dl", HTMLElement),
      retry: find("#retry", HTMLButtonElement),
      remove: find("#remove", HTMLButtonElement),
      switchKind: find("#switch-kind", HTMLButtonElement),
      provenance: find("dl#provenance", HTMLElement),
      picture: {
        portrait: find("#portrait", HTMLCanvasElement),
        heat: find("#heat", HTMLCanvasElement),
        missing: find("#no-picture", HTMLElement),
        showHeat: find("#show-heat", HTMLInputElement),
        heatFeature: find("#heat-feature", HTMLElement),
        heatControls: find("#heat-controls", HTMLElement),
        heatOpacity: find("#heat-opacity", HTMLInputElement),
        heatMessage: find("#heat-message", HTMLElement),
      },
    },
    slide: {
      form: find("#slide-form", HTMLFormElement),
      name: find("#slide", HTMLInputElement),
      names: find("#slides", HTMLDataListElement),
      others: find("#slide-others", HTMLElement),
      withOthers: find("#slide-others input", HTMLInputElement),
      othersText: find("#slide-others span", HTMLElement),
    },
    offline: {
      box: find("#offline", HTMLElement),
      text: find("#offline-text", HTMLElement),
      figures: find("#offline-figures", HTMLElement),
      update: find("#update", HTMLButtonElement),
    },
  };
}
