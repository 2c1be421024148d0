// The line over the tokens that says in words what the heat shows, and for which token.

import { h, html } from "../html.js";
import { formatScore, strongest } from "../lib/heat.js";
import { releaseHeat } from "../state/actions.js";
import { heat } from "../state/attribution.js";
import * as store from "../state/store.js";
import { TokenText } from "./token_text.js";

/** @import { Heat, HeatPart } from "../types/app" */

/** So many parts are read at a glance. */
const NAMED = 3;

export function HeatLine() {
  if (!store.method.value) return null;
  const work = store.attributionWork.value;
  return html`
    <div class="heat-line" role="status" data-kept=${store.heatKept.value}>
      <p>${work ? html`Computing where ${code(work.target.display)} came from…` : heat.value ? h(Shown, { heat: heat.value }) : h(Idle, {})}</p>
      ${work && h(WorkBar, { progress: work.progress })}
      ${(work || store.heatKept.value) && html`<button type="button" class="button button-small" onClick=${releaseHeat}>${work ? "Cancel" : "Release"}</button>`}
    </div>
  `;
}

function Idle() {
  const failure = store.attributionFailure.value;
  if (failure) return html`<span class="heat-failure">No attribution: ${failure.detail}</span>`;
  return html`<span class="quiet">Point at a generated or candidate token to see where it came from.</span>`;
}

/** @param {{ progress: number }} props */
export function WorkBar({ progress }) {
  return html`<progress aria-label="Attribution progress" max="1" value=${progress}></progress>`;
}

/** @param {{ heat: Heat }} props */
function Shown({ heat: { target, contrast, answer } }) {
  const signed = answer.options.signed === true;
  const parts = strongest(answer, NAMED);
  const rather = contrast && html` rather than ${code(contrast.display)}`;
  if (parts.length === 0) return html`${code(target.display)}${rather}: every score is 0.`;
  const list = parts.map((part, index) => html`${index > 0 && ", "}<span class="heat-part">${code(textOf(part))} <span class="numbers">${formatScore(part.score, signed)}</span></span>`);
  const rest = store.heatKept.value ? null : html` <span class="quiet heat-hint"><kbd>K</kbd> keeps it</span>`;
  return html`${code(target.display)}${rather} came from ${list}${rest}`;
}

/** @param {string} display */
function code(display) {
  return html`<span class="code heat-token">${h(TokenText, { display, compact: true })}</span>`;
}

/** @param {HeatPart} part */
function textOf({ start, end }) {
  const tokens = [...store.promptTokens.value, ...store.completion.value.map((node) => node.token)];
  const text = tokens.slice(start, end).map((token) => token.display).join("");
  return text.length > 24 ? `${text.slice(0, 22)}…` : text;
}
