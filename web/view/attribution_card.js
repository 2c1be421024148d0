// Attribution: which method, what its colours mean, how far it is and what went wrong.

import { h, html } from "../html.js";
import { formatMilliseconds } from "../lib/format.js";
import { formatPercent } from "../lib/heat.js";
import { chooseMethod, openMatrix } from "../state/actions.js";
import { effectiveOptions } from "../state/attribution_options.js";
import { heat, held, withoutSink } from "../state/heat.js";
import * as store from "../state/store.js";
import { AttributionOptions } from "./attribution_options.js";
import { Card } from "./card.js";
import { ErrorText } from "./error_text.js";
import { EndButton, WorkBar } from "./heat_line.js";

/** @import { AttributionScores, AttributionSpec, MethodSpec } from "../types/wire" */

const EVIDENCE = /** @type {Record<string, string>} */ ({
  correlational: "Correlational: it shows where the model looks, not what it uses.",
  gradient: "Gradient: it shows what small changes around this very input would do.",
  causal: "Causal: the model was run again without each part.",
});

const QUANTITIES = /** @type {Record<string, string>} */ ({
  probability: "the token's probability",
  log_probability: "the token's log-probability",
  logit: "the token's logit",
  logit_difference: "the difference between the two logits",
});

/** From here on the sum says little about the parts. */
const INCOMPLETE = 0.05;

export function AttributionCard() {
  const spec = store.catalog.value?.attribution;
  const { method } = store;
  const content = spec
    ? html`${h(MethodSelect, { spec })}${method.value && h(Chosen, { method: method.value, spec })}`
    : html`<p class="quiet">The methods appear as soon as the server answers.</p>`;
  const summary = method.value ? `${method.value.label} · point at a token` : "Off";
  return h(Card, { id: "attribution", title: "Attribution", collapsed: store.attributionCollapsed, summary }, content);
}

/** @param {{ spec: AttributionSpec }} props */
function MethodSelect({ spec }) {
  const value = store.method.value?.id ?? "off";
  return html`
    <div class="knob">
      <div class="knob-head"><label for="attribution-method">Where did a token come from?</label></div>
      <select class="field" id="attribution-method" value=${value}
        onChange=${(/** @type {Event & { currentTarget: HTMLSelectElement }} */ event) => chooseMethod(event.currentTarget.value)}>
        ${[{ id: "off", label: "Off" }, ...spec.methods].map((one) => html`<option key=${one.id} value=${one.id} selected=${one.id === value}>${one.label}</option>`)}
      </select>
      ${value === "off" && html`<p class="help">Choose a method, then hover a generated or candidate token: the tokens before it are painted by their part in it.</p>`}
    </div>
  `;
}

/** @param {{ method: MethodSpec, spec: AttributionSpec }} props */
function Chosen({ method, spec }) {
  const failure = store.attributionFailure.value;
  return html`
    <p class="quiet">${method.explanation}</p>
    ${h(State, {})}
    ${failure && html`<div class="note note-error">${h(ErrorText, failure)}</div>`}
    ${h(Legend, { method, spec })}
    ${h(AttributionOptions, { method: method.id, specs: spec.options })}
    <button type="button" class="button" disabled=${store.completion.value.length === 0} onClick=${() => void openMatrix()}>All generated tokens</button>
    <p class="quiet">By keyboard: Tab to a candidate or to the last token, <kbd>↑</kbd> <kbd>↓</kbd> to the ones before. <kbd>K</kbd> keeps the colours, <kbd>Esc</kbd> takes them away.</p>
  `;
}

/** Always one line, so that nothing below it moves with the pointer. */
function State() {
  const work = store.attributionWork.value;
  const shown = heat.value;
  return html`
    <div class="attribution-state">
      ${work ? h(WorkBar, { progress: work.progress }) : html`<span class="quiet numbers">${shown ? `Answered in ${formatMilliseconds(shown.answer.elapsed_ms)}` : "Point at a token that was generated, or at a candidate."}</span>`}
      ${(work || held.value) && h(EndButton, {})}
    </div>
  `;
}

/** @param {{ method: MethodSpec, spec: AttributionSpec }} props */
function Legend({ method, spec }) {
  const { answer = null, sink = null, soFar = false } = heat.value ?? {};
  const { signed, quantity } = effectiveOptions(spec.options, method.id, store.attributionOptions.value);
  return html`
    <div class="heat-legend">
      ${signed
        ? html`<p><span class="heat-swatch" data-heat="for"></span>speaks for the token</p>
            <p><span class="heat-swatch" data-heat="against"></span>speaks against it (dashed)</p>
            <p class="quiet">The stronger the colour, the larger the contribution. Numbers are in units of ${QUANTITIES[quantity ?? "probability"] ?? quantity}.</p>`
        : html`<p><span class="heat-scale" aria-hidden="true"></span></p>
            <p class="quiet">The stronger the colour, the larger the share, up to the largest one. All shares add up to 100 %.</p>`}
      ${withoutSink.value && html`<p class="quiet">The first token is left out${sink !== null && html`: it has <span class="numbers">${formatPercent(sink)}</span> of all attention`}. The shares are those of the rest; the switch below shows it.</p>`}
      ${soFar && html`<p class="quiet">This is an estimate so far, hatched until the answer is there.</p>`}
      <p class="quiet">${EVIDENCE[method.evidence] ?? method.evidence}</p>
      ${answer && h(Completeness, { answer })}
    </div>
  `;
}

/** @param {{ answer: AttributionScores }} props */
function Completeness({ answer }) {
  if (answer.completeness_error === null) return null;
  const share = answer.completeness_error_share === null ? null : Math.abs(answer.completeness_error_share);
  const amount = share === null ? Math.abs(answer.completeness_error).toExponential(1) : formatPercent(share);
  if (share === null || share <= INCOMPLETE) return html`<p class="quiet numbers">Completeness error: ${amount}.</p>`;
  return html`<p class="note note-warning numbers" role="status">Completeness error: ${amount}. The contributions do not add up to what they should explain, so do not trust small ones. More points than ${answer.options.steps} bring them closer.</p>`;
}
