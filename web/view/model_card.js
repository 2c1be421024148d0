// Which model answers, how to load another one, and how that is going.

import { h, html } from "../html.js";
import { useTemplate } from "../state/actions.js";
import * as store from "../state/store.js";
import { ErrorText } from "./error_text.js";
import { LoadProgress } from "./load_progress.js";
import { ModelFacts } from "./model_facts.js";
import { ModelField } from "./model_field.js";

export function ModelCard() {
  const status = store.status.value;
  const answering = status?.ready ? status.model_id : "";
  // Of a server that is gone nobody knows how far it is.
  const load = store.server.value === "error" ? null : store.load.value;
  return html`
    <section class="card model" aria-labelledby="model-title">
      <div class="card-title-row">
        <h2 class="card-title" id="model-title">Model</h2>
        ${h(StatePill, {})}
      </div>
      <div class="card-body">
        ${h(ModelField, {})}
        ${load && h(LoadProgress, { load, answering })}
        ${h(LoadError, { answering })}
        ${status?.notice && html`<p class="note" role="status">${status.notice}</p>`}
        ${status?.ready && h(ModelFacts, { status })}
        ${store.hasTemplate.value && h(TemplateSwitch, {})}
      </div>
    </section>
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

/** @param {{ answering: string }} props */
function LoadError({ answering }) {
  const late = store.status.value?.error;
  const failure = store.loadFailure.value ?? (late ? { detail: late, hint: "" } : null);
  if (failure) return html`
    <div class="note note-error" role="alert">
      <p><strong>The last load failed.</strong>${answering && html` <span class="code">${answering}</span> still answers.`}</p>
      ${h(ErrorText, failure)}
    </div>
  `;
  const nobody = store.server.value === "ok" && store.status.value && !store.status.value.ready && !store.status.value.loading;
  return nobody ? html`<p class="note">No model answers yet. Choose or type one, then press Load.</p>` : null;
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
