// The active input: the text that goes in, the tokens it becomes, and what can be done with all of it.

import { useRef } from "preact/hooks";
import { h, html } from "../html.js";
import { plural } from "../lib/format.js";
import { rowsFor } from "../lib/text_rows.js";
import { deleteBranch, duplicateBranch, forkBranch, openLibrary, removeCompletion, startRenaming, typePrompt, typeSystem } from "../state/actions.js";
import * as store from "../state/store.js";
import { BranchName } from "./branch_name.js";
import { HeatLine } from "./heat_line.js";
import { Icon } from "./icons.js";
import { LeftBehind } from "./left_behind.js";
import { narrow } from "./narrow.js";
import { Pills } from "./pills.js";

/** @typedef {Event & { currentTarget: HTMLTextAreaElement }} TextEvent */

export function InputCard() {
  const { name, prompt, system } = store.branchText.value;
  const card = useRef(/** @type {HTMLElement | null} */ (null));
  const count = store.promptTokens.value.length + store.completion.value.length;
  return html`
    <section class="input" aria-label=${name} data-wire="input" tabindex="-1" ref=${card}>
      <div class="input-head">
        ${h(BranchName, { onEnd: () => card.current?.focus({ preventScroll: true }) })}
        <span class="quiet numbers">· ${plural(count, "token")}</span>
        ${h(Tools, {})}
      </div>
      ${store.templateInUse.value && h(TextArea, { id: "system-text", label: "System message", rows: 2, value: system, onText: typeSystem })}
      ${h(TextArea, { id: "prompt-text", label: store.templateInUse.value ? "User message" : "Text", rows: 3, value: prompt, onText: typePrompt })}
      ${store.input.value?.note && html`<p class="note" role="note">${store.input.value.note}</p>`}
      ${narrow.value && h(Pills, {})}
      ${h(LeftBehind, {})}
      ${h(HeatLine, {})}
    </section>
  `;
}

function Tools() {
  const only = store.branchTexts.value.length === 1;
  return html`
    <div class="tools" role="toolbar" aria-label="This input">
      <button type="button" class="button button-small tool-words" title="Texts to begin with, by topic" onClick=${openLibrary}>${h(Icon, { name: "library" })}Examples</button>
      <button type="button" class="button button-small tool-words" title="Copy with the completion, to go on in another way (b)" onClick=${forkBranch}>${h(Icon, { name: "fork" })}Fork</button>
      <span class="tool-icons">
        ${h(Tool, { icon: "duplicate", label: "Duplicate", about: "Copy the text without the completion", onPress: duplicateBranch })}
        ${h(Tool, { icon: "rename", label: "Rename", about: "Rename (F2)", onPress: startRenaming })}
        ${h(Tool, { icon: "restart", label: "Remove completion", off: store.completion.value.length === 0, onPress: removeCompletion })}
        ${h(Tool, { icon: "trash", label: "Delete input", about: only ? "The only input stays" : "Delete this input", off: only, onPress: deleteBranch })}
      </span>
    </div>
  `;
}

/** @param {{ icon: Parameters<typeof Icon>[0]["name"], label: string, about?: string, off?: boolean, onPress: () => void }} props */
function Tool({ icon, label, about = label, off = false, onPress }) {
  return html`<button type="button" class="icon-button tool" aria-label=${label} title=${about} aria-disabled=${off} onClick=${onPress}>${h(Icon, { name: icon })}</button>`;
}

/** Higher fields scroll, or are made higher by hand. */
const MOST_ROWS = 12;

/**
 * A field that is as high as its text; browsers that cannot do that are told by `rows`.
 * @param {{ id: string, label: string, rows: number, value: string, onText: (text: string) => void }} props
 */
function TextArea({ id, label, rows, value, onText }) {
  return html`
    <div class="text-block">
      <label for=${id}>${label}</label>
      <textarea class="field" id=${id} rows=${rowsFor(value, rows, MOST_ROWS)} style=${{ "--rows": rows }} spellcheck="false" value=${value}
        onInput=${(/** @type {TextEvent} */ event) => onText(event.currentTarget.value)}></textarea>
    </div>
  `;
}
