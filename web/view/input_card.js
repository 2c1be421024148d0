// The text that goes in, and the tokens it becomes.

import { useRef } from "preact/hooks";
import { h, html } from "../html.js";
import { plural } from "../lib/format.js";
import { clear, typePrompt, typeSystem } from "../state/actions.js";
import * as store from "../state/store.js";
import { HeatLine } from "./heat_line.js";
import { Icon } from "./icons.js";
import { useKeepFocus } from "./keep_focus.js";
import { usePinnedEnd } from "./pinned_end.js";
import { paints } from "./painted.js";
import { targetOf, Token } from "./token.js";

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

function Pills() {
  const prompt = store.promptTokens.value;
  const completion = store.completion.value;
  const list = useRef(/** @type {HTMLElement | null} */ (null));
  const length = completion.length;
  const paint = paints();
  const asks = store.method.value !== null;
  useKeepFocus(list, "button.token");
  // The newest token is the one to watch.
  usePinnedEnd(list, length > 0, [length]);
  if (prompt.length + length === 0) return html`<p class="quiet">The tokens of this text appear here.</p>`;
  return html`
    <div class="pills" ref=${list} tabindex="0" role="group" aria-label="Tokens" onKeyDown=${walk}>
      ${prompt.map((token, index) => h(Token, { key: `p${index}`, token, kind: "prompt", paint: paint.prompt(index) }))}
      ${length > 0 && html`<span class="pill-arrow" role="img" aria-label="then the model wrote">${h(Icon, { name: "arrow" })}</span>`}
      ${completion.map((node, index) =>
        h(Token, { key: node.id, token: node.token, kind: "completion", last: index === length - 1, fresh: index === length - 1,
          target: asks ? targetOf(node, index) : null, paint: paint.completion(index) }))}
    </div>
  `;
}

/**
 * Up and down go from token to token where tokens can be asked where they came from. Left and right
 * have their meaning everywhere.
 * @param {KeyboardEvent & { currentTarget: HTMLElement }} event
 */
function walk(event) {
  const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  const buttons = [...event.currentTarget.querySelectorAll("button.token")];
  const index = buttons.indexOf(/** @type {Element} */ (event.target));
  const next = step && index >= 0 ? buttons[index + step] : null;
  if (!next) return;
  event.preventDefault();
  /** @type {HTMLElement} */ (next).focus();
}
