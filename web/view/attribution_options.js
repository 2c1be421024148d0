// The options of the chosen method, made from the catalog. What most people need comes first, the
// rest is folded.

import { useState } from "preact/hooks";
import { h, html } from "../html.js";
import { formatPlaces, parsePlaces } from "../lib/places.js";
import { chooseContrast, setAttributionOptions } from "../state/actions.js";
import { defaultOf, LEAVE_OUT_FIRST, optionsOf, optionValue } from "../state/attribution_options.js";
import { contrasting } from "../state/contrast.js";
import * as store from "../state/store.js";
import { BoundedIntegerField } from "./fields.js";
import { ChoiceKnob, Knob, SwitchKnob } from "./knobs.js";

/** @import { OptionSpec } from "../types/wire" */

const FIRST = ["quantity", "contrast_id", "signed", "group", LEAVE_OUT_FIRST];

/** @param {{ method: string, specs: OptionSpec[] }} props */
export function AttributionOptions({ method, specs }) {
  const options = optionsOf(specs, method);
  const rest = options.filter((spec) => !FIRST.includes(spec.id));
  const changed = rest.some((spec) => optionValue(spec, store.attributionOptions.value) !== defaultOf(spec));
  return html`
    ${options.filter((spec) => FIRST.includes(spec.id)).map((spec) => h(Option, { key: spec.id, spec }))}
    ${rest.length > 0 && html`
      <details class="more">
        <summary>More options${changed && html`<span class="quiet"> · changed</span>`}</summary>
        <div class="more-body">${rest.map((spec) => h(Option, { key: spec.id, spec }))}</div>
      </details>
    `}
  `;
}

/** @param {{ spec: OptionSpec }} props */
function Option({ spec }) {
  const knob = { ...spec, id: `attribution-${spec.id}` };
  const value = optionValue(spec, store.attributionOptions.value);
  const set = (/** @type {unknown} */ next) => setAttributionOptions({ [spec.id]: next });
  if (spec.kind === "switch") return h(SwitchKnob, { knob, value: value === true, onValue: set });
  if (spec.kind === "choice") return h(ChoiceKnob, { knob, value: String(value), onValue: set });
  if (spec.kind === "places") return h(Knob, { knob }, h(PlacesField, {
    id: `knob-${knob.id}`, count: spec.id === "heads" ? store.status.value?.heads : store.status.value?.layers,
    value: /** @type {number[] | null} */ (value), onValue: set }));
  if (spec.kind === "integer") return h(Knob, { knob }, h(BoundedIntegerField, {
    id: `knob-${knob.id}`, value: Number(value), min: spec.min ?? 0, max: spec.max ?? Number.MAX_SAFE_INTEGER, onValue: set }));
  if (spec.kind === "token" && contrasting.value) return h(Knob, { knob }, h(ContrastSelect, { id: `knob-${knob.id}` }));
  return null;
}

/** @param {{ id: string }} props */
function ContrastSelect({ id }) {
  const chosen = store.contrast.value;
  const rows = store.shown.value?.dist?.tokens ?? [];
  const candidates = chosen && !rows.some((row) => row.id === chosen.id) ? [chosen, ...rows] : rows;
  const onChange = (/** @type {Event & { currentTarget: HTMLSelectElement }} */ { currentTarget }) => {
    const row = candidates.find((one) => String(one.id) === currentTarget.value);
    chooseContrast(row ? { id: row.id, display: row.display } : null);
  };
  return html`
    <select class="field" id=${id} value=${String(chosen?.id ?? "")} onChange=${onChange}>
      <option value="" selected=${!chosen}>the likeliest other candidate</option>
      ${candidates.map((row) => html`<option key=${row.id} value=${String(row.id)} selected=${row.id === chosen?.id}>${row.display}</option>`)}
    </select>
  `;
}

/** @param {{ id: string, count: number | null | undefined, value: number[] | null, onValue: (value: number[] | null) => void }} props */
function PlacesField({ id, count, value, onValue }) {
  const [draft, setDraft] = useState(/** @type {string | null} */ (null));
  const unreadable = draft !== null && parsePlaces(draft) === undefined;
  const onInput = (/** @type {Event & { currentTarget: HTMLInputElement }} */ event) => {
    const text = event.currentTarget.value;
    setDraft(text);
    const next = parsePlaces(text);
    if (next !== undefined && formatPlaces(next) !== formatPlaces(value)) onValue(next);
  };
  return html`
    <input class="field field-code" type="text" id=${id} autocomplete="off" spellcheck="false" aria-invalid=${unreadable}
      aria-describedby=${unreadable ? `${id}-error` : null} placeholder=${count ? `all: 0-${count - 1}` : "all"}
      value=${draft ?? formatPlaces(value)} onInput=${onInput} onBlur=${() => !unreadable && setDraft(null)} />
    ${unreadable && html`<p class="field-error" id=${`${id}-error`}>Write numbers from 0 and ranges, as in 0-3, 7.</p>`}
  `;
}
