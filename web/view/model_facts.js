// What is known about the model that answers: how large it is in one line, the rest behind it.

import { h, html } from "../html.js";
import { formatCount, formatParameters } from "../lib/format.js";
import * as store from "../state/store.js";
import { Folded } from "./folded.js";

/** @import { ModelStatus } from "../types/wire" */

const SOURCES = /** @type {Record<string, string>} */ ({
  builtin: "built in",
  file: "a file",
  folder: "a folder",
  hub: "Hugging Face",
});

/** @param {{ status: ModelStatus }} props */
export function ModelFacts({ status }) {
  const facts = html`
    <dl class="model-facts numbers" aria-label="The model that answers">
      ${modelFacts(status, store.branchText.value.use_template).map(
        ([term, fact]) => html`<div key=${term}><dt>${term}</dt><dd class=${term === "Model" ? "code" : ""}>${fact}</dd></div>`,
      )}
    </dl>
  `;
  return h(Folded, { line: html`<span class="numbers">${modelLine(status)}</span>` }, facts);
}

/**
 * What tells one model from another at a glance; its name stands in the field.
 * @param {ModelStatus} status
 */
export function modelLine({ parameters, quantization, device, dtype }) {
  return [parameters && `${formatParameters(parameters)} parameters`, quantization, `${device} / ${dtype}`].filter(Boolean).join(" · ");
}

/**
 * Terms and facts; what is not known is left out.
 * @param {ModelStatus} status
 * @param {boolean} useTemplate
 */
export function modelFacts(status, useTemplate) {
  const { parameters, context_length, logit_size, eos_token_id, source, load_seconds } = status;
  /** @type {[string, string | null | false | 0][]} */
  const facts = [
    ["Model", status.model_id],
    ["Runs on", `${status.device} / ${status.dtype}`],
    ["Weights", list([parameters && `${formatParameters(parameters)} parameters`, status.quantization])],
    ["Context", context_length && `${formatCount(context_length)} tokens`],
    ["Logits", logit_size && `${formatCount(logit_size)} per position`],
    ["End token", eos_token_id === null ? null : `eos=${eos_token_id}`],
    ["Template", status.has_chat_template && `chat template ${useTemplate ? "on" : "off"}`],
    ["Source", list([source && (SOURCES[source] ?? source), load_seconds !== null && `loaded in ${seconds(load_seconds)}`])],
  ];
  return /** @type {[string, string][]} */ (facts.filter(([, fact]) => fact));
}

/** @param {(string | false | 0 | null)[]} parts */
function list(parts) {
  return parts.filter(Boolean).join(", ");
}

/** @param {number} value */
function seconds(value) {
  if (value < 99.5) return `${value.toPrecision(2)} s`;
  return `${Math.round(value / 60)} min`;
}
