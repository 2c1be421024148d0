// The options of a multiple choice, each as a whole: by how it begins, how it goes on, and whether it ends there.

import { h, html } from "../html.js";
import { optionsOf, verdictOf } from "../lib/choice_factors.js";
import { formatMass, formatProbability, plural } from "../lib/format.js";
import { linearWidth } from "../lib/scale.js";
import { compareChoices } from "../state/actions.js";
import { isCurrent } from "../state/choices.js";
import * as store from "../state/store.js";
import { ErrorText } from "./error_text.js";
import { TokenText } from "./token_text.js";

/** @import { Option, Verdict } from "../lib/choice_factors.js" */


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
      ${comparison && comparison.choices.length > 0 && h(Factors, { options: optionsOf(comparison.choices) })}
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

/** @param {{ options: Option[] }} props */
function Factors({ options }) {
  const verdict = verdictOf(options);
  const long = options.some(({ tokens }) => tokens.length > 1);
  return html`
    ${verdict && html`<p class="choice-verdict">${verdictText(verdict)}</p>`}
    <table class="choice-table">
      <thead><tr>
        <th scope="col" title="How often the model begins with this token: the rows look no further">first token</th>
        ${long && html`<th scope="col" title="How often it then goes on with the rest of the option">the rest</th>`}
        <th scope="col" title="How often it then stops right there">ends there</th>
        <th scope="col" title="The product: how often the model writes exactly this option">whole</th>
      </tr></thead>
      ${options.map((option, index) => html`<tbody key=${index} data-winner=${option === verdict?.winner}>
        <tr><th scope="rowgroup" colspan=${long ? 4 : 3} title=${`${option.text}: ${plural(option.tokens.length, "token")}`}><span class="sr-only">${option.text}</span>
          <span class="choice-tokens code" aria-hidden="true">${option.tokens.map((token, place) => html`<span key=${place}>${h(TokenText, { display: token.display, compact: true })}</span>`)}</span></th></tr>
        <tr>
          ${h(Share, { p: option.first, share: option.firstShare })}
          ${long && html`<td class="numbers">${option.tokens.length > 1 ? times(option.rest) : ""}</td>`}
          <td class="numbers">${times(option.end)}</td>
          ${h(Share, { p: option.whole, share: option.share, sign: "= " })}
        </tr>
      </tbody>`)}
    </table>
    <p class="quiet">Bars: an option's share of all. Below them: raw probabilities of the option as forced text is split into tokens. Other ways to split it, whose pieces the rows may list, are not counted.</p>
  `;
}

/** @param {number} p */
const times = (p) => `× ${formatProbability(p)}`;

/** @param {{ p: number, share: number, sign?: string }} props */
function Share({ p, share, sign = "" }) {
  return html`<td class="numbers choice-share"><span class="choice-bar"><span class="track track-small"><span class="bar-final" style=${{ width: linearWidth(share) }}></span></span><span>${formatMass(share)}</span></span>
    <span class="choice-raw">${sign}${formatProbability(p)}</span></td>`;
}

/** Which factor makes the whole another one than the rows. @param {Verdict} verdict */
function verdictText({ leader, winner, turn }) {
  const [first, best] = [quoted(leader.text), quoted(winner.text)];
  if (winner.whole === 0) return "All of them are too unlikely as a whole to be compared.";
  if (turn === null && leader !== winner) return `Likeliest as a whole is ${best}. Its first token is also that of ${first}.`;
  if (turn === null) return `${best} begins with the likeliest first token, and is the likeliest as a whole, too.`;
  const begins = `The model begins with ${first} more often (${formatMass(leader.firstShare)} against ${formatMass(winner.firstShare)})`;
  if (turn === "rest") return `${begins}, but then goes on with the rest of it less often: ${formatMass(leader.rest)} of the time${winner.tokens.length > 1 ? `, with that of ${best} ${formatMass(winner.rest)}` : `, and ${best} is a single token`}. As a whole, ${best} is likelier.`;
  return `${begins}, but then stops there less often: ${formatMass(leader.end)} of the time, after ${best} ${formatMass(winner.end)}. As a whole, ${best} is likelier.`;
}

/** @param {string} text */
const quoted = (text) => `“${text}”`;
