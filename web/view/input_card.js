// The text that goes in, and the tokens it becomes.

import { h, html } from "../html.js";
import { plural } from "../lib/format.js";
import { clear, typePrompt, typeSystem } from "../state/actions.js";
import * as store from "../state/store.js";
import { HeatLine } from "./heat_line.js";
import { Pills } from "./pills.js";

/** @typedef {Event & { currentTarget: HTMLTextAreaElement }} TextEvent */

export function InputCard() {
  const { name, prompt, system } = store.branch.value;
  const count = store.promptTokens.value.length + store.completion.value.length;
  return html`
    <section class="input" aria-label=${name} data-wire="input">
      <div class="column-head">
        <h2>${name}</h2>
        <span class="quiet numbers">${plural(count, "token")}</span>
        <span class="spacer"></span>
        <button type="button" class="button button-small button-danger" title="Remove the completion"
          aria-disabled=${store.completion.value.length === 0} onClick=${clear}>Clear</button>
      </div>
      ${store.templateInUse.value && h(TextArea, { id: "system-text", label: "System message", rows: 2, value: system, onText: typeSystem })}
      ${h(TextArea, { id: "prompt-text", label: store.templateInUse.value ? "User message" : "Text", rows: 3, value: prompt, onText: typePrompt })}
      ${store.input.value?.note && html`<p class="note" role="note">${store.input.value.note}</p>`}
      ${h(Pills, {})}
      ${h(HeatLine, {})}
    </section>
  `;
}

/** @param {{ id: string, label: string, rows: number, value: string, onText: (text: string) => void }} props */
function TextArea({ id, label, rows, value, onText }) {
  return html`
    <div class="text-block">
      <label for=${id}>${label}</label>
      <textarea class="field" id=${id} rows=${rows} spellcheck="false" value=${value}
        onInput=${(/** @type {TextEvent} */ event) => onText(event.currentTarget.value)}></textarea>
    </div>
  `;
}
