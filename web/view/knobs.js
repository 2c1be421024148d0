// Controls for the knobs of the catalog: name, range, step and explanation come from the server.

import { useState } from "preact/hooks";
import { h, html } from "../html.js";
import { percentScale } from "../lib/scale.js";
import { letGo, takeHold } from "../state/hand.js";
import { NumberField } from "./fields.js";

/** @import { KnobSpec } from "../types/wire" */
/** @import { HowSet } from "./fields.js" */

/** @typedef {Pick<KnobSpec, "id" | "label" | "explanation">} Words */

/**
 * A label with its control under it, and a "?" that opens the explanation.
 * @param {{ knob: Words, value?: any, children?: any }} props
 */
export function Knob({ knob, value = null, children }) {
  const [open, setOpen] = useState(false);
  const helpId = `help-${knob.id}`;
  return html`
    <div class="knob">
      <div class="knob-head">
        <label for=${`knob-${knob.id}`}>${knob.label}</label>
        <button type="button" class="help-button" aria-label=${`About ${knob.label}`} aria-expanded=${open}
          aria-controls=${helpId} title=${knob.explanation} onClick=${() => setOpen(!open)}>?</button>
        ${value}
      </div>
      ${children}
      <p class="help" id=${helpId} hidden=${!open}>${knob.explanation}</p>
    </div>
  `;
}

/**
 * A slider with its exact value beside it. The slider's thumb stops at its ends, the value does not.
 * @param {{ knob: KnobSpec, value: number, disabled?: boolean, onValue: (value: number, how: HowSet) => void }} props
 */
export function SliderKnob({ knob, value, disabled = false, onValue }) {
  const { min, max, step } = { min: knob.min ?? 0, max: knob.max ?? 1, step: knob.step ?? 0.01 };
  const exact = h(NumberField, { label: `${knob.label}, exact value`, value, decimals: 2, min, max, step, disabled, onValue });
  return h(Knob, { knob, value: exact }, h(Slider, { id: `knob-${knob.id}`, min, max, step, value, disabled, onValue }));
}

/**
 * @param {{ id: string, min: number, max: number, step: number, value: number, disabled?: boolean,
 *   valueText?: string, onValue: (value: number, how: HowSet) => void }} props
 */
export function Slider({ id, min, max, step, value, disabled = false, valueText, onValue }) {
  const share = percentScale(min, max)(value);
  return html`<input class="slider" type="range" id=${id} min=${min} max=${max} step=${step} disabled=${disabled}
    aria-valuetext=${valueText} value=${value} style=${{ "--share": share }} onPointerDown=${hold}
    onInput=${(/** @type {Event & { currentTarget: HTMLInputElement }} */ event) => onValue(Number(event.currentTarget.value), { typed: false })} />`;
}

/** Until the pointer is let go, wherever that happens. */
function hold() {
  takeHold();
  const ended = new AbortController();
  const end = () => {
    letGo();
    ended.abort();
  };
  for (const name of ["pointerup", "pointercancel", "blur"]) addEventListener(name, end, { signal: ended.signal });
}

/**
 * @param {{ knob: KnobSpec, value: number, disabled?: boolean, onValue: (value: number, how: HowSet) => void }} props
 */
export function NumberKnob({ knob, value, disabled = false, onValue }) {
  const { min, max, step } = knob;
  return h(Knob, { knob }, h(NumberField, { id: `knob-${knob.id}`, value, decimals: 1, min, max, step, disabled, onValue }));
}

/** Choices as words; a choice without words here shows its own name. */
const CHOICES = /** @type {Record<string, string>} */ ({
  standard: "keep the token that crosses p",
  seed: "drop the token that crosses p",
  all: "prompt and completion",
  completion: "completion only",
  no_specials: "all but special tokens",
  log_probability: "log-probability",
  logit_difference: "difference to another candidate",
  unk: "unknown token",
  zero: "zeros",
  mean: "mean embedding",
  token: "single tokens",
  word: "words",
  line: "lines",
  role: "who wrote it",
  drop: "leaving out",
  baseline: "replacing",
  single: "at most one space",
  flexible: "any white space",
});

/**
 * @param {{ knob: Words & Pick<KnobSpec, "choices">, value: string, onValue: (value: string) => void }} props
 */
export function ChoiceKnob({ knob, value, onValue }) {
  const onChange = (/** @type {Event & { currentTarget: HTMLSelectElement }} */ event) => onValue(event.currentTarget.value);
  return h(
    Knob,
    { knob },
    html`<select class="field" id=${`knob-${knob.id}`} value=${value} onChange=${onChange}>
      ${knob.choices.map((choice) => html`<option value=${choice} selected=${choice === value}>${CHOICES[choice] ?? choice}</option>`)}
    </select>`,
  );
}

/**
 * @param {{ knob: Words, value: boolean, onValue: (value: boolean) => void }} props
 */
export function SwitchKnob({ knob, value, onValue }) {
  const onChange = (/** @type {Event & { currentTarget: HTMLInputElement }} */ event) => onValue(event.currentTarget.checked);
  const control = html`<span class="switch knob-switch"><input type="checkbox" role="switch" id=${`knob-${knob.id}`} checked=${value} onChange=${onChange} /></span>`;
  return h(Knob, { knob, value: control });
}
