// The line over the tokens that says in words what the heat shows, and for which token.

import { h, html } from "../html.js";
import { formatScore, strongest } from "../lib/heat.js";
import { releaseHeat } from "../state/actions.js";
import { heat, held } from "../state/attribution.js";
import * as store from "../state/store.js";
import { isText } from "./keyboard.js";
import { TokenText } from "./token_text.js";

/** @import { Heat, HeatPart } from "../types/app" */

/** So many parts are read at a glance. */
const NAMED = 3;

export function HeatLine() {
  if (!store.method.value) return null;
  const work = store.attributionWork.value;
  return html`
    <div class="heat-line">
      ${(work || held.value) && h(EndButton, {})}
      <p class="heat-words" role="status">${work ? html`Computing what ${code(work.target.display)} depends on…` : heat.value ? h(Shown, { heat: heat.value }) : h(Idle, {})}</p>
      ${work && h(WorkBar, { progress: work.progress })}
    </div>
  `;
}

function Idle() {
  const failure = store.attributionFailure.value;
  if (failure) return html`<span class="heat-failure">No attribution: ${failure.detail}</span>`;
  return html`<span class="quiet">Point at a generated or candidate token to see where it came from.</span>`;
}

/** Hangs up on the server, or lets go of what was kept. */
export function EndButton() {
  return html`<button type="button" class="button button-small" onClick=${releaseHeat}>${store.attributionWork.value ? "Cancel" : "Release"}</button>`;
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
  const rest = held.value ? null : h(KeepHint, { generated: target.index < store.completion.value.length });
  if (answer.evidence === "correlational") return html`Before ${code(target.display)} the model looks at ${list}${rest}`;
  return html`${code(target.display)}${rather} depends on ${list}${rest}`;
}

/** A click on a candidate forces it, and a key in a text is a letter. @param {{ generated: boolean }} props */
function KeepHint({ generated }) {
  const ways = [generated && "a click", !isText(document.activeElement) && html`<kbd>K</kbd>`].filter(Boolean);
  return ways.length > 0 && html` <span class="quiet heat-hint">${ways.map((way, index) => [index > 0 && " or ", way])} keeps it</span>`;
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
