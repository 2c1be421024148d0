// The line over the tokens that says in words what the heat shows, and for which token.

import { h, html } from "../html.js";
import { formatPercent, formatScore, strongest } from "../lib/heat.js";
import { releaseHeat } from "../state/actions.js";
import { heat, held } from "../state/heat.js";
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
      <p class="heat-words" role="status" aria-live=${work ? "off" : "polite"}>${heat.value ? h(Shown, { heat: heat.value }) : work ? html`Computing what ${code(work.target.display)} depends on…` : h(Idle, {})}</p>
      ${work && h(WorkBar, { progress: work.progress })}
    </div>
  `;
}

function Idle() {
  const failure = store.attributionFailure.value;
  if (failure) return html`<span class="heat-failure">No attribution: ${failure.detail}</span>`;
  return html`<span class="quiet">Point at a token that was generated, or at a candidate, to see where it came from.</span>`;
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
function Shown({ heat }) {
  const { target, answer, soFar, sink } = heat;
  // Without a known candidate the server takes the likeliest other one.
  const contrast = heat.contrast ?? answer.contrast;
  const parts = strongest(answer, NAMED);
  const rather = contrast && html` rather than ${code(contrast.display)}`;
  const before = soFar && html`<span class="heat-so-far">${soFarText(heat)}</span> `;
  if (parts.length === 0) return html`${before}${code(target.display)}${rather}: every score is 0.`;
  const rest = [
    sink !== null && html` <span class="quiet">of what is left without the first token (${formatPercent(sink)} of all)</span>`,
    soFar && heat.points !== null && html` <span class="quiet numbers">· ${heat.points} points</span>`,
    answer.completeness_error_share !== null && html` <span class="quiet numbers">· completeness error ${formatPercent(Math.abs(answer.completeness_error_share))}</span>`,
    !held.value && !soFar && h(KeepHint, { generated: target.index < store.completion.value.length }),
  ];
  if (answer.options.signed) return html`${before}${code(target.display)}${rather}: ${sides(parts)}${rest}`;
  if (answer.evidence === "correlational") return html`${before}Before ${code(target.display)} the model looks at ${listed(parts, false)}${rest}`;
  return html`${before}${code(target.display)}${rather} depends on ${listed(parts, false)}${rest}`;
}

/** Short, since the tokens are what people look for. @param {Heat} heat */
function soFarText({ answer }) {
  return answer.method === "occlusion" ? "Of the parts tried so far:" : "First estimate:";
}

/** What speaks for the token, and what against it. @param {HeatPart[]} parts */
function sides(parts) {
  const [pro, contra] = [parts.filter(({ score }) => score > 0), parts.filter(({ score }) => score < 0)];
  return [pro.length > 0 && html`${listed(pro, true)} ${speak(pro)} for it`, pro.length > 0 && contra.length > 0 && "; ", contra.length > 0 && html`${listed(contra, true)} ${speak(contra)} against it`];
}

/** @param {HeatPart[]} parts */
function speak(parts) {
  return parts.length === 1 ? "speaks" : "speak";
}

/** @param {HeatPart[]} parts @param {boolean} signed */
function listed(parts, signed) {
  return parts.map((part, index) => html`${index > 0 && ", "}<span class="heat-part">${code(textOf(part))} <span class="numbers">${formatScore(part.score, signed)}</span></span>`);
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

/** @param {Pick<HeatPart, "start" | "end">} part */
function textOf({ start, end }) {
  const tokens = [...store.promptTokens.value, ...store.completion.value.map((node) => node.token)];
  const text = tokens.slice(start, end).map((token) => token.display).join("");
  return text.length > 24 ? `${text.slice(0, 22)}…` : text;
}
