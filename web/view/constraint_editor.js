// The text of a constraint, what the server thinks of it, and a mark where it is wrong.

import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { h, html } from "../html.js";
import { plural } from "../lib/format.js";
import { rangeOf } from "../lib/text_place.js";
import { requestCheck, typeConstraint } from "../state/actions.js";
import { text } from "../state/constraint.js";
import { currentCheck } from "../state/constraint_check.js";
import * as store from "../state/store.js";
import { ErrorText } from "./error_text.js";

/** @import { CheckResponse, ConstraintKind, ErrorBody } from "../types/wire" */

const EDITOR = "constraint-text";

/** @param {{ kind: ConstraintKind }} props */
export function ConstraintEditor({ kind }) {
  const value = text.value;
  const check = currentCheck();
  const range = check?.error ? rangeOf(value, check.error) : null;
  const mirror = useRef(/** @type {HTMLElement | null} */ (null));
  const area = useRef(/** @type {HTMLTextAreaElement | null} */ (null));
  // Lines that nobody sees have to break and scroll as those of the field in front of them.
  const align = () => {
    if (mirror.current && area.current) [mirror.current.scrollTop, mirror.current.scrollLeft] = [area.current.scrollTop, area.current.scrollLeft];
  };
  useLayoutEffect(align);
  useEffect(() => requestCheck(), [store.status.value?.model_id]);
  return html`
    <div class="text-block">
      <label for=${EDITOR}>${editorLabel(kind)}</label>
      <div class="editor" data-invalid=${range !== null}>
        ${range && html`<div class="editor-mirror field field-code" aria-hidden="true" ref=${mirror}>${value.slice(0, range.start)}<mark
          class="editor-mark">${value.slice(range.start, range.end).trim() === "" ? "\u00a0" : value.slice(range.start, range.end)}</mark>${value.slice(range.end)}${"\n"}</div>`}
        <textarea class="field field-code" id=${EDITOR} rows="8" spellcheck="false" autocomplete="off" autocapitalize="off" placeholder=${kind.placeholder} value=${value}
          aria-invalid=${Boolean(check?.error)} aria-describedby="constraint-hint constraint-state" ref=${area} onScroll=${align}
          onInput=${(/** @type {Event & { currentTarget: HTMLTextAreaElement }} */ event) => typeConstraint(event.currentTarget.value)}></textarea>
      </div>
      <p class="quiet" id="constraint-hint">${kind.explanation}</p>
      ${h(State, { check })}
    </div>
  `;
}

/**
 * The kind says what is written, except where its name says so already.
 * @param {ConstraintKind} kind
 */
function editorLabel({ label }) {
  return /schema$/i.test(label) ? label : `${label} schema`;
}

/**
 * Until the next answer comes the last one stays, dimmed: what is below must not jump with every key.
 * @param {{ check: CheckResponse | null }} props
 */
function State({ check }) {
  const last = check ?? (store.constraintOn.value ? (store.constraintCheck.value?.answer ?? null) : null);
  return html`
    <div class="constraint-state" id="constraint-state" role="status" data-stale=${last !== null && check === null}>
      ${!store.constraintOn.value && html`<p class="quiet">Off. The text is kept, and looked at when you switch it on.</p>`}
      ${last?.error ? h(Fault, { error: last.error }) : last && html`<p class="constraint-fine">${allowance(last)}</p>`}
      ${last?.warnings.map((warning) => html`<p class="note note-warning" key=${warning}>${warning}</p>`)}
    </div>
  `;
}

/** @param {CheckResponse} check */
function allowance({ legal_tokens, may_be_empty }) {
  const allowed = legal_tokens === null ? "This can be used." : `The grammar allows ${plural(legal_tokens, "token")} at its start.`;
  return may_be_empty ? `${allowed} The text may also be empty.` : allowed;
}

/** @param {{ error: ErrorBody }} props */
function Fault({ error }) {
  const place = error.line === undefined ? null : `line ${error.line}${error.column === undefined ? "" : `, column ${error.column}`}`;
  return html`
    <div class="note note-error">
      ${place && html`<p class="fault-place">${error.offending && html`<code class="code">${error.offending}</code>`}
        <button type="button" class="button button-small" onClick=${selectFault}>Go to ${place}</button></p>`}
      ${h(ErrorText, { detail: error.detail, hint: error.hint })}
    </div>
  `;
}

/** Puts the caret where the constraint is wrong. */
function selectFault() {
  const area = /** @type {HTMLTextAreaElement | null} */ (document.getElementById(EDITOR));
  const error = currentCheck()?.error;
  const range = error && area ? rangeOf(area.value, error) : null;
  area?.focus();
  if (range) area?.setSelectionRange(range.start, range.end);
}

/** Opens the card, and in narrow windows the drawer that it is in, where the constraint is wrong. */
export function openEditor() {
  store.constraintCollapsed.value = false;
  const drawer = globalThis.matchMedia?.("(max-width: 1199px)").matches ?? false;
  if (drawer) store.drawerOpen.value = true;
  // After the drawer, which takes the focus when it opens.
  setTimeout(selectFault, 50);
}
