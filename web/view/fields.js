// Fields that let people type freely. A field keeps the text being typed as a draft; the value
// behind it changes only when the draft can be read, and is never changed by the field itself.

import { useState } from "preact/hooks";
import { html } from "../html.js";
import { parseInteger, parseNumber, toBoundedInteger } from "../lib/numbers.js";
import { formatStopSequences, parseStopSequences } from "../lib/stop_sequences.js";
import { sameTexts } from "../state/params.js";

/** @typedef {Event & { currentTarget: HTMLInputElement }} FieldEvent */

/** @typedef {{ typed: boolean }} HowSet typed letter by letter, or chosen by arrows and the like */

/**
 * A number. Values outside min and max may be typed and stay; the limits only guide the arrows.
 * @param {{ id?: string, label?: string, value: number, decimals: number, min: number | null, max: number | null,
 *   step: number | null, disabled?: boolean, describedBy?: string | undefined, onValue: (value: number, how: HowSet) => void }} props
 */
export function NumberField({ id, label, value, decimals, min, max, step, disabled = false, describedBy, onValue }) {
  const [draft, setDraft] = useState(/** @type {string | null} */ (null));
  const onInput = (/** @type {FieldEvent} */ event) => {
    const text = event.currentTarget.value;
    setDraft(text);
    const next = parseNumber(text);
    // The arrows of a field tell of no kind of input.
    if (next !== null && next !== value) onValue(next, { typed: /** @type {Partial<InputEvent>} */ (event).inputType !== undefined });
  };
  return html`<input class="field field-number" type="number" inputmode="decimal" id=${id} aria-label=${label}
    aria-describedby=${describedBy} min=${min} max=${max} step=${step ?? "any"} disabled=${disabled}
    value=${draft ?? showNumber(value, decimals)} onInput=${onInput} onBlur=${() => setDraft(null)} />`;
}

/**
 * A whole number, or nothing. Below `min` counts as not typed to the end.
 * @param {{ id: string, value: number | null, placeholder: string, min?: number, onValue: (value: number | null) => void }} props
 */
export function OptionalIntegerField({ id, value, placeholder, min = -Infinity, onValue }) {
  const [draft, setDraft] = useState(/** @type {string | null} */ (null));
  const onInput = (/** @type {FieldEvent} */ event) => {
    const { value: text, validity } = event.currentTarget;
    setDraft(text);
    const next = parseInteger(text);
    if ((next !== null && next >= min) || (text === "" && !validity?.badInput)) onValue(next);
  };
  return html`<input class="field field-number" type="number" inputmode="numeric" step="1" id=${id}
    placeholder=${placeholder} value=${draft ?? (value === null ? "" : String(value))} onInput=${onInput}
    onBlur=${() => setDraft(null)} />`;
}

/**
 * A whole number between two limits; fractions and numbers outside are corrected in the field as
 * soon as the edit is finished.
 * @param {{ id: string, value: number, min: number, max: number, title?: string, onValue: (value: number) => void }} props
 */
export function BoundedIntegerField({ id, value, min, max, title, onValue }) {
  const onChange = (/** @type {FieldEvent} */ event) => {
    const next = toBoundedInteger(event.currentTarget.value, min, max, value);
    event.currentTarget.value = String(next);
    onValue(next);
  };
  return html`<input class="field field-number" type="number" inputmode="numeric" id=${id} min=${min} max=${max} step="1"
    title=${title} value=${String(value)} onChange=${onChange} />`;
}

/**
 * @param {{ id: string, value: string[], placeholder: string, describedBy?: string, onValue: (value: string[]) => void }} props
 */
export function StopSequencesField({ id, value, placeholder, describedBy, onValue }) {
  const [draft, setDraft] = useState(/** @type {string | null} */ (null));
  const onInput = (/** @type {FieldEvent} */ event) => {
    const text = event.currentTarget.value;
    setDraft(text);
    const next = parseStopSequences(text);
    if (!sameTexts(next, value)) onValue(next);
  };
  const keepsMeaning = draft !== null && sameTexts(parseStopSequences(draft), value);
  return html`<input class="field field-code" type="text" id=${id} placeholder=${placeholder} spellcheck="false"
    autocomplete="off" aria-describedby=${describedBy} value=${keepsMeaning ? draft : formatStopSequences(value)}
    onInput=${onInput} />`;
}

/**
 * Two decimals as on a slider, all digits where there are more.
 * @param {number} value
 * @param {number} decimals
 */
function showNumber(value, decimals) {
  const fixed = value.toFixed(decimals);
  return Number(fixed) === value ? fixed : String(value);
}
