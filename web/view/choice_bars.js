// The options of a multiple choice, each as a whole.

import { h, html } from "../html.js";
import { formatMass, formatProbability, plural } from "../lib/format.js";
import { percentScale } from "../lib/scale.js";
import { compareChoices } from "../state/actions.js";
import { isCurrent } from "../state/choices.js";
import * as store from "../state/store.js";
import { ErrorText } from "./error_text.js";
import { TokenText } from "./token_text.js";

/** @import { ChoiceScore } from "../types/wire" */

const width = percentScale(0, 1);

export function ChoiceBars() {
  const comparison = store.comparison.value;
  const current = isCurrent();
  const busy = store.comparing.value;
  return html`
    <div class="choices" data-stale=${comparison !== null && !current}>
      <div class="choices-head">
        <button type="button" class="button button-small" aria-disabled=${busy} onClick=${() => !busy && void compareChoices()}>${comparison ? "Compare again" : "Compare the choices"}</button>
        <span class="quiet" role="status">${stateText(busy, comparison !== null && !current)}</span>
      </div>
      ${comparison?.failure && html`<div class="note note-error">${h(ErrorText, comparison.failure)}</div>`}
      ${comparison && comparison.choices.length > 0 && h(Bars, { choices: comparison.choices })}
    </div>
  `;
}

/**
 * @param {boolean} busy
 * @param {boolean} stale
 */
function stateText(busy, stale) {
  if (busy) return "Comparing…";
  return stale ? "The text or the choices have changed since." : "";
}

/** @param {{ choices: ChoiceScore[] }} props */
function Bars({ choices }) {
  return html`
    <p class="quiet">Raw: along the tokenization that force text would give, times the probability of ending. Share: of all options together.</p>
    <table class="choice-table">
      <thead><tr><th scope="col">option</th><th scope="col"><span class="sr-only">bar</span></th><th scope="col">share</th><th scope="col">raw</th></tr></thead>
      <tbody>${choices.map((choice, index) => html`<tr key=${index}>
        <th scope="row" title=${`${choice.text}: ${plural(choice.tokens.length, "token")}`}><span class="sr-only">${choice.text}</span>
          <span class="choice-tokens code" aria-hidden="true">${choice.tokens.map((token, place) => html`<span key=${place}>${h(TokenText, { display: token.display, compact: true })}</span>`)}</span></th>
        <td class="choice-bar"><span class="track"><span class="bar-final" style=${{ width: width(choice.p_normalised) }}></span></span></td>
        <td class="numbers">${formatMass(choice.p_normalised)}</td>
        <td class="numbers choice-raw">${formatProbability(choice.p)}</td>
      </tr>`)}</tbody>
    </table>
  `;
}
