// Generation parameters: presets, sliders and fields, all described by the server's catalog.

import { h, html } from "../html.js";
import { choosePreset, editParam } from "../state/actions.js";
import { knobsOpen, UNFOLDED } from "../state/knob_sheet.js";
import * as store from "../state/store.js";
import { Card } from "./card.js";
import { OptionalIntegerField, StopSequencesField } from "./fields.js";
import { ChoiceKnob, Knob, NumberKnob, SliderKnob } from "./knobs.js";

/** @import { Catalog, KnobSpec, Preset } from "../types/wire" */
/** @import { NumberParam, Params } from "../types/app" */
/** @import { HowSet } from "./fields.js" */

/** @type {NumberParam[]} */
const SLIDERS = ["temperature", "top_p", "repetition_penalty"];
/** @type {NumberParam[]} */
const NUMBERS = ["presence_penalty", "frequency_penalty"];
const UNUSED_WHEN_GREEDY = ["temperature", "top_p"];

const CUSTOM = /** @type {Preset} */ ({ id: "custom", label: "Custom", explanation: "Your own values." });

export function SamplingCard() {
  const catalog = store.catalog.value;
  const { params } = store.branch.value;
  const content = catalog
    ? html`${h(Presets, { catalog, params })}${h(Knobs, { catalog, params })}`
    : html`<p class="quiet">The knobs appear as soon as the server answers.</p>`;
  return h(Card, { id: "sampling", title: "Generation parameters", collapsed: knobsOpen.value ? UNFOLDED : store.decodingCollapsed, summary: summary(params) }, content);
}

/** @param {{ catalog: Catalog, params: Params }} props */
function Presets({ catalog, params }) {
  const presets = [...catalog.presets.filter((preset) => preset.id !== "custom"), CUSTOM];
  return html`
    <div class="presets" role="group" aria-label="Presets">
      ${presets.map(
        (preset) => html`<button type="button" key=${preset.id} class="chip" aria-pressed=${preset.id === params.preset}
          title=${preset.explanation} onClick=${() => choosePreset(preset)}>${preset.label}</button>`,
      )}
    </div>
  `;
}

/** @param {{ catalog: Catalog, params: Params }} props */
function Knobs({ catalog, params }) {
  const knob = (/** @type {string} */ name) => catalog.knobs.find((one) => one.field === `params.${name}`);
  const disabled = (/** @type {string} */ name) => params.greedy && UNUSED_WHEN_GREEDY.includes(name);
  const edit = (/** @type {string} */ name) => (/** @type {number} */ value, /** @type {HowSet} */ how) => editParam({ [name]: value }, how);
  return html`
    ${SLIDERS.map((name) => when(knob(name), (spec) =>
      h(SliderKnob, { key: name, knob: spec, value: params[name], disabled: disabled(name), onValue: edit(name) })))}
    <div class="knob-pair">
      ${NUMBERS.map((name) => when(knob(name), (spec) =>
        h(NumberKnob, { key: name, knob: spec, value: params[name], onValue: edit(name) })))}
    </div>
    <div class="knob-pair">
      ${when(knob("seed"), (spec) => h(Knob, { knob: spec }, h(OptionalIntegerField, {
        id: `knob-${spec.id}`, value: params.seed, placeholder: "random", onValue: (seed) => editParam({ seed }, { typed: true }) })))}
      ${when(knob("stop_sequences"), (spec) => h(Knob, { knob: spec }, h(StopSequencesField, {
        id: `knob-${spec.id}`, value: params.stop_sequences, placeholder: "\\n\\n | ###", describedBy: "stop-hint",
        onValue: (stop_sequences) => editParam({ stop_sequences }, { typed: true }) })))}
    </div>
    <p class="quiet" id="stop-hint">
      Stop texts are looked for in the decoded completion; write | between them, \\n for a line break.
      The model's own end token always stops.
    </p>
    ${when(knob("nucleus_rule"), (spec) => h(ChoiceKnob, { knob: spec, value: params.nucleus_rule,
      onValue: (value) => editParam({ nucleus_rule: /** @type {Params["nucleus_rule"]} */ (value) }) }))}
    ${when(knob("penalty_scope"), (spec) => h(ChoiceKnob, { knob: spec, value: params.penalty_scope,
      onValue: (value) => editParam({ penalty_scope: /** @type {Params["penalty_scope"]} */ (value) }) }))}
  `;
}

/**
 * A knob that this server does not have has no control.
 * @param {KnobSpec | undefined} knob
 * @param {(knob: KnobSpec) => any} view
 */
function when(knob, view) {
  return knob ? view(knob) : null;
}

/** @param {Params} params */
export function presetName(params) {
  const name = store.catalog.value?.presets.find((one) => one.id === params.preset)?.label ?? params.preset;
  return name.charAt(0).toUpperCase() + name.slice(1);
}

/** @param {Params} params */
function summary(params) {
  const parts = [presetName(params)];
  if (!params.greedy) parts.push(`temperature ${params.temperature}`, `top-p ${params.top_p}`);
  parts.push(`repetition ${params.repetition_penalty}`);
  if (params.seed !== null) parts.push(`seed ${params.seed}`);
  return parts.join(" · ");
}
