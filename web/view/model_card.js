// Which model answers, how to load another one, and how that is going.

import { useState } from "preact/hooks";
import { h, html } from "../html.js";
import { useTemplate } from "../state/actions.js";
import * as store from "../state/store.js";
import { ErrorText } from "./error_text.js";
import { Folded } from "./folded.js";
import { LoadProgress } from "./load_progress.js";
import { ModelFacts } from "./model_facts.js";
import { ModelField } from "./model_field.js";

export function ModelCard() {
  const [help, setHelp] = useState(false);
  const status = store.status.value;
  const answering = status?.ready ? status.model_id : "";
  // Of a server that is gone nobody knows how far it is.
  const load = store.server.value === "error" ? null : store.load.value;
  return html`
    <section class="card model" aria-labelledby="model-title">
      <div class="card-title-row">
        <h2 class="card-title" id="model-title">Model</h2>
        <button type="button" class="help-button" aria-label="What can be loaded" aria-expanded=${help} aria-controls="model-help" title="What can be loaded" onClick=${() => setHelp(!help)}>?</button>
        <span class="spacer"></span>
        ${h(StatePill, {})}
      </div>
      <div class="card-body">
        <p class="help" id="model-help" hidden=${!help}>A Hugging Face id, if need be with @revision and :file.gguf; the path of a folder or a .gguf file; or builtin:name.</p>
        ${h(ModelField, {})}
        ${load && h(LoadProgress, { load, answering })}
        ${h(LoadError, { answering })}
        ${status?.notice && html`<div class="note" role="status">${h(Folded, { line: "A stand-in answers: a load failed" }, html`<p>${status.notice}</p>`)}</div>`}
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
      ${h(Folded, { line: html`<strong>The last load failed.</strong> ${failure.detail}` }, html`
        ${answering && html`<p><span class="code">${answering}</span> still answers.</p>`}
        ${h(ErrorText, failure)}
      `)}
    </div>
  `;
  const nobody = store.server.value === "ok" && store.status.value && !store.status.value.ready && !store.status.value.loading;
  return nobody ? html`<p class="note">No model answers yet. Choose or type one, then press Load.</p>` : null;
}

function TemplateSwitch() {
  const onChange = (/** @type {Event & { currentTarget: HTMLInputElement }} */ event) => useTemplate(event.currentTarget.checked);
  return html`
    <label class="switch">
      <input type="checkbox" role="switch" checked=${store.branchText.value.use_template} onChange=${onChange} />
      <span>Use chat template</span>
    </label>
  `;
}
