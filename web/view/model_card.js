// Which model answers, how to load another one, and how that is going.

import { h, html } from "../html.js";
import { formatBytes, formatCount } from "../lib/format.js";
import { loadModel, useTemplate } from "../state/actions.js";
import * as store from "../state/store.js";

/** @import { LoadProgress, ModelStatus } from "../types/wire" */

export function ModelCard() {
  const status = store.status.value;
  return html`
    <section class="card model" aria-labelledby="model-title">
      <div class="card-title-row">
        <h2 class="card-title" id="model-title">Model</h2>
        ${h(StatePill, {})}
      </div>
      <div class="card-body">
        ${h(LoadForm, {})}
        ${store.load.value && h(Progress, { load: store.load.value })}
        ${status?.error && html`<div class="note note-error" role="alert"><strong>The last load failed.</strong>${status.ready && html` <span class="code">${status.model_id}</span> still answers.`}<p class="note-text">${status.error}</p></div>`}
        ${status?.notice && html`<p class="note">${status.notice}</p>`}
        ${status?.ready && html`<p class="model-meta">${metaLine(status)}</p>`}
        ${store.hasTemplate.value && h(TemplateSwitch, {})}
      </div>
    </section>
  `;
}

function LoadForm() {
  const onSubmit = (/** @type {Event} */ event) => {
    event.preventDefault();
    void loadModel(store.modelField.value);
  };
  const onInput = (/** @type {Event & { currentTarget: HTMLInputElement }} */ event) => {
    store.modelField.value = event.currentTarget.value;
  };
  return html`
    <form class="field-row" onSubmit=${onSubmit}>
      <input class="field" type="text" aria-label="Model id" list="model-suggestions" spellcheck="false" autocomplete="off"
        title="A hub id, a folder, a .gguf file or a built-in model" value=${store.modelField.value} onInput=${onInput} />
      <button type="submit" class="button" aria-disabled=${store.status.value?.loading === true}>Load</button>
      <datalist id="model-suggestions">
        ${store.catalog.value?.models.map((model) => html`<option key=${model.id} value=${model.id}>${suggestionText(model)}</option>`)}
      </datalist>
    </form>
  `;
}

function StatePill() {
  const state = modelState();
  return html`<span class=${`pill state-${state.toLowerCase()}`}>${state}</span>`;
}

function modelState() {
  const status = store.status.value;
  if (store.server.value === "error") return "ERROR";
  if (status === null || status.loading) return "LOADING";
  return status.ready ? "READY" : "ERROR";
}

const PHASES = /** @type {Record<string, string>} */ ({
  locating: "Looking for",
  downloading: "Downloading",
  verifying: "Checking",
  reading: "Reading",
});

/** @param {{ load: LoadProgress }} props */
function Progress({ load }) {
  const { bytes, total, bytes_per_s } = load;
  const amount = total === null ? (bytes > 0 ? formatBytes(bytes) : "") : `${formatBytes(bytes)} of ${formatBytes(total)}`;
  const speed = bytes_per_s ? `${formatBytes(Math.round(bytes_per_s))}/s` : "";
  return html`
    <div class="progress">
      <p>${PHASES[load.phase] ?? load.phase} <span class="code">${load.file ?? load.model_id}</span></p>
      <progress aria-label="Load progress" max=${total ?? undefined} value=${total === null ? undefined : bytes}></progress>
      <p class="quiet numbers">${[amount, speed].filter(Boolean).join(" · ")}</p>
    </div>
  `;
}

function TemplateSwitch() {
  const onChange = (/** @type {Event & { currentTarget: HTMLInputElement }} */ event) => useTemplate(event.currentTarget.checked);
  return html`
    <label class="switch">
      <input type="checkbox" role="switch" checked=${store.branch.value.use_template} onChange=${onChange} />
      <span>Use chat template</span>
    </label>
  `;
}

/** @param {ModelStatus} status */
function metaLine(status) {
  const parts = [status.model_id, `${status.device} / ${status.dtype}`];
  if (status.quantization) parts.push(status.quantization);
  if (status.has_chat_template) parts.push(`chat template ${store.branch.value.use_template ? "on" : "off"}`);
  if (status.eos_token_id !== null) parts.push(`eos=${status.eos_token_id}`);
  if (status.context_length !== null) parts.push(`context ${formatCount(status.context_length)}`);
  return parts.join(" · ");
}

/** @param {{ label: string, note: string }} model */
function suggestionText(model) {
  return [model.label, model.note].filter(Boolean).join(", ");
}
