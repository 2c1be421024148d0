// The text of a constraint, what the server thinks of it, and a mark where it is wrong.

import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { h, html } from "../html.js";
import { plural } from "../lib/format.js";
import { layoutJson } from "../lib/json_text.js";
import { outerSpace } from "../lib/outer_space.js";
import { rangeOf } from "../lib/text_place.js";
import { requestCheck, typeConstraint } from "../state/actions.js";
import { kind, schemaPlaces, text } from "../state/constraint.js";
import { currentCheck } from "../state/constraint_check.js";
import * as store from "../state/store.js";
import { largeEditor } from "../state/view_switch.js";
import { ErrorText } from "./error_text.js";
import { TokenText } from "./token_text.js";

/** @import { CheckResponse, ConstraintKind, ErrorBody } from "../types/wire" */

const EDITOR = "constraint-text";

/** What is written, where the kind's own name is not the word for it. */
const LABELS = /** @type {Record<string, string>} */ ({ multiple_choice: "Choices", regex: "Regular expression", cfg: "Grammar" });

/** @typedef {{ start: number, end: number, look: "fault" | "place" }} Mark of a part of the text */

/**
 * Large, it has room for long lines, which then have numbers.
 * @param {{ kind: ConstraintKind, large?: boolean }} props
 */
export function ConstraintEditor({ kind, large = false }) {
  const value = text.value;
  const check = currentCheck();
  const fault = check?.error ? rangeOf(value, check.error) : null;
  const places = schemaPlaces.value;
  const marks = /** @type {Mark[]} */ (fault ? [{ ...fault, look: "fault" }] : check?.ok ? places.map((place) => ({ ...place, look: "place" })) : []);
  const laid = large && kind.id === "json_schema" ? layoutJson(value) : null;
  const mirror = useRef(/** @type {HTMLElement | null} */ (null));
  const gutter = useRef(/** @type {HTMLElement | null} */ (null));
  const area = useRef(/** @type {HTMLTextAreaElement | null} */ (null));
  // Lines that nobody sees have to break and scroll as those of the field in front of them.
  const align = () => {
    if (!area.current) return;
    const { scrollTop, scrollLeft } = area.current;
    if (mirror.current) [mirror.current.scrollTop, mirror.current.scrollLeft] = [scrollTop, scrollLeft];
    if (gutter.current) gutter.current.scrollTop = scrollTop;
  };
  useLayoutEffect(align);
  useLayoutEffect(() => {
    if (area.current && area.current !== document.activeElement && places[0]) show(area.current, mirror.current);
  }, [places]);
  useEffect(() => requestCheck(), [store.status.value?.model_id]);
  const onKeyDown = (/** @type {KeyboardEvent} */ event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    toggleLargeEditor();
  };
  return html`
    <div class="text-block">
      <div class="editor-head"><label for=${EDITOR}>${LABELS[kind.id] ?? kind.label}</label>
        ${!large && html`<button type="button" class="button button-small" id="constraint-enlarge" title="A large editor beside the distribution (E, or Ctrl Enter in the text)" onClick=${toggleLargeEditor}>Enlarge</button>`}
        ${laid?.open === "" && laid.text !== value.trim() && html`<button type="button" class="button button-small" title="One line for each part; nothing else changes" onClick=${() => layOut(laid.text)}>Lay out</button>`}</div>
      <div class="editor" data-marked=${marks.length > 0} data-large=${large}>
        ${large && html`<div class="editor-gutter" aria-hidden="true" ref=${gutter}>${numbers(value, fault && check?.error?.line)}</div>`}
        ${marks.length > 0 && html`<div class="editor-mirror field field-code" aria-hidden="true" ref=${mirror}>${marked(value, marks)}${"\n"}</div>`}
        <textarea class="field field-code" id=${EDITOR} rows="8" spellcheck="false" autocomplete="off" autocapitalize="off" placeholder=${kind.placeholder} value=${value}
          aria-invalid=${Boolean(check?.error)} aria-describedby="constraint-hint constraint-state" ref=${area} onScroll=${align} onKeyDown=${onKeyDown}
          onInput=${(/** @type {Event & { currentTarget: HTMLTextAreaElement }} */ event) => typeConstraint(event.currentTarget.value)}></textarea>
      </div>
      <p class="quiet" id="constraint-hint">${kind.explanation}${places.length > 0 && " Violet: where the document is now."}${h(OuterSpace, { id: kind.id, value })}</p>
      ${h(State, { check })}
    </div>
  `;
}

/** The button goes with the disorder, and the focus back to the text. @param {string} laid */
function layOut(laid) {
  typeConstraint(laid);
  openEditor();
}

/** What cannot be seen at the ends of a text. @param {{ id: string, value: string }} props */
function OuterSpace({ id, value }) {
  const { words, items } = outerSpace(id, value);
  if (words === "") return null;
  return html` <span id="constraint-space">${words}${items.map((item, index) => html`${index > 0 && ","} <code class="code" key=${index}>${h(TokenText, { display: item })}</code>`)}</span>`;
}

/**
 * The text in pieces. What offends at an end of a line has no width of its own.
 * @param {string} value
 * @param {Mark[]} marks in their order, none within another
 */
function marked(value, marks) {
  const pieces = marks.map(({ start, end, look }, index) => {
    const part = value.slice(start, end);
    return html`${value.slice(marks[index - 1]?.end ?? 0, start)}<mark class=${look === "fault" ? "editor-mark" : "editor-place"}>${part.trim() === "" ? "\u00a0" : part}</mark>`;
  });
  return [...pieces, value.slice(marks.at(-1)?.end ?? 0)];
}

/**
 * A number for each line; that of a fault stands out.
 * @param {string} value
 * @param {number | null | undefined} fault
 */
function numbers(value, fault) {
  const all = value.split("\n").map((_, index) => index + 1);
  if (!fault) return all.join("\n");
  return html`${all.slice(0, fault - 1).map((one) => `${one}\n`).join("")}<b>${fault}</b>${all.slice(fault).map((one) => `\n${one}`).join("")}`;
}

/**
 * Scrolls to the first place if it is out of sight.
 * @param {HTMLTextAreaElement} area
 * @param {HTMLElement | null} mirror
 */
function show(area, mirror) {
  const mark = /** @type {HTMLElement | null} */ (mirror?.querySelector(".editor-place"));
  if (!mark || (mark.offsetTop >= area.scrollTop && mark.offsetTop + 20 <= area.scrollTop + area.clientHeight)) return;
  area.scrollTop = Math.max(0, mark.offsetTop - area.clientHeight / 3);
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
  if (largeEditor.value) return selectFault();
  store.constraintCollapsed.value = false;
  const drawer = globalThis.matchMedia?.("(max-width: 1199px)").matches ?? false;
  if (drawer) store.drawerOpen.value = true;
  // After the drawer, which takes the focus when it opens.
  setTimeout(selectFault, 50);
}

/** What had the focus when the large editor was opened. */
let opener = "";

/** Opens the large editor with the focus in it, or closes it and gives the focus back. */
export function toggleLargeEditor() {
  if (!kind.value) return false;
  largeEditor.value = !largeEditor.value;
  if (largeEditor.value) opener = document.activeElement?.id ?? "";
  store.drawerOpen.value = false;
  setTimeout(() => focusFirst(largeEditor.value ? [EDITOR] : [opener, "constraint-enlarge", "constraint-title"]));
  return true;
}

/** @param {string[]} ids */
function focusFirst(ids) {
  for (const id of ids) {
    const one = id === "" ? null : document.getElementById(id);
    one?.focus();
    if (one && document.activeElement === one) return;
  }
  /** @type {HTMLElement | null} */ (document.querySelector(".drawer-button"))?.focus();
}
