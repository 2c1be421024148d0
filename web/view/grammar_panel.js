// The grammar debugger: how much of what the model wants the grammar allows, what it wanted
// instead, what must come next, and how it has been so far.

import { h, html } from "../html.js";
import { formatBits, formatMass, formatOdds, formatProbability, plural } from "../lib/format.js";
import { forceTokens } from "../state/actions.js";
import { constraint, kind } from "../state/constraint.js";
import * as store from "../state/store.js";
import { ChoiceBars } from "./choice_bars.js";
import { Icon } from "./icons.js";
import { MassLine } from "./mass_line.js";
import { TokenText } from "./token_text.js";

/** @import { ForcedRun, GrammarDebug, StallAlarm, WantedToken } from "../types/wire" */

export function GrammarPanel() {
  const grammar = store.shown.value?.grammar;
  if (!constraint.value || !grammar) return null;
  const open = !store.grammarCollapsed.value;
  return html`
    <section class="grammar" aria-labelledby="grammar-title">
      <h3 class="grammar-title" id="grammar-title">
        <button type="button" class="grammar-toggle" aria-expanded=${open} aria-controls="grammar-body" onClick=${() => (store.grammarCollapsed.value = open)}>
          <span>Grammar</span><span class="quiet numbers">${open ? kind.value?.label : foldedText(grammar)}</span>${h(Icon, { name: "chevron" })}
        </button>
      </h3>
      <div class="grammar-body" id="grammar-body" hidden=${!open}>${open && h(Debugger, { grammar })}</div>
    </section>
  `;
}

/** @param {GrammarDebug} grammar */
function foldedText(grammar) {
  const parts = [`${formatMass(grammar.legal_mass)} legal`, ...(grammar.ended ? [] : [plural(grammar.legal_tokens, "token")]), endText(grammar)];
  if (grammar.stall) parts.push("going in circles");
  return parts.join(" · ");
}

/** @param {GrammarDebug} grammar */
function endText({ ended, may_end }) {
  if (ended) return "the text has ended";
  return may_end ? "may end here" : "may not end here";
}

/** @param {{ grammar: GrammarDebug }} props */
function Debugger({ grammar }) {
  const { stall, forced, wanted, warnings, path } = grammar;
  return html`
    <div class="grammar-now">
      <p class="grammar-mass"><span class="big numbers">${formatMass(grammar.legal_mass)}</span>
        <span class="quiet">of what the model wants is legal</span></p>
      ${h(MassLine, { history: grammar.history, anchor: grammar.anchor })}
    </div>
    <dl class="grammar-facts">
      ${h(Fact, { name: "legal", value: grammar.ended ? "only the end" : plural(grammar.legal_tokens, "token") })}
      ${h(Fact, grammar.ended ? { name: "the text", value: "has ended" } : { name: "may end here", value: grammar.may_end ? "yes" : "no" })}
      ${h(Cost, { logCost: grammar.log_cost })}
      ${path !== null && h(Fact, { name: "place", value: html`<code class="code">${path}</code>`, about: "Where in the document the next token goes" })}
    </dl>
    ${kind.value?.id === "multiple_choice" && h(ChoiceBars, {})}
    ${stall && html`<p class="note note-warning" role="alert">${stallText(stall)}</p>`}
    ${forced && h(Forced, { forced })}
    ${wanted.length > 0 && h(Wanted, { wanted })}
    ${warnings.map((warning) => html`<p class="note note-warning" key=${warning}>${warning}</p>`)}
  `;
}

/** @param {{ name: string, value: any, about?: string }} props */
function Fact({ name, value, about }) {
  return html`<div title=${about}><dt>${name}</dt><dd class="numbers">${value}</dd></div>`;
}

/** @param {{ logCost: number | null }} props */
function Cost({ logCost }) {
  const about = "The product of the legal masses before this token: how likely the model alone would have kept to the grammar along this way";
  if (logCost === null) return h(Fact, { name: "cost so far", value: "beyond measure", about: `${about}. Here that is zero.` });
  if (logCost >= 0) return h(Fact, { name: "cost so far", value: "none yet", about });
  return h(Fact, { name: "cost so far", value: `${formatBits(-logCost / Math.LN2)} (${formatOdds(logCost)})`, about });
}

/** @param {{ forced: ForcedRun }} props */
function Forced({ forced }) {
  const { text, tokens } = forced;
  return html`
    <div class="grammar-forced">
      <p><span class="quiet">must come next</span> <span class="code grammar-run">${h(TokenText, { display: marked(text) })}</span></p>
      ${tokens.length > 0
        ? html`<button type="button" class="button button-small" title=${`Append ${tokens.map(({ display }) => display).join(" ")}`}
            onClick=${() => void forceTokens(tokens.map(({ id }) => id))}>Take it · ${plural(tokens.length, "token")}</button>`
        : html`<span class="quiet" title="The same text may be the beginning of a longer token">split into tokens in a way still open</span>`}
    </div>
  `;
}

/** @param {{ wanted: WantedToken[] }} props */
function Wanted({ wanted }) {
  return html`
    <div>
      <p class="quiet" id="wanted-title">the model wanted instead</p>
      <ol class="wanted" aria-labelledby="wanted-title">
        ${wanted.map((token) => html`<li key=${token.id} class="wanted-item" title=${wantedTitle(token)}>
          <span class="code wanted-token">${token.legal_display && html`<span class="wanted-legal">${h(TokenText, { display: token.legal_display, compact: true })}</span>`}<s
            class="wanted-illegal">${h(TokenText, { display: token.illegal_display, compact: true })}</s></span>
          <span class="numbers">${formatProbability(token.p_base)}</span><span class="quiet numbers">#${token.rank_base}</span></li>`)}
      </ol>
    </div>
  `;
}

/** @param {WantedToken} token */
function wantedTitle({ display, rank_base, legal_bytes }) {
  const leaves = legal_bytes === 0 ? "leaves the grammar at its first byte" : `leaves the grammar after ${plural(legal_bytes, "byte")}`;
  return `${display}: ${rank_base === 1 ? "the likeliest token" : `number ${rank_base} by probability`}, ${leaves}`;
}

/** @param {StallAlarm} stall */
function stallText({ kind, tokens, text }) {
  if (kind === "whitespace") return `The last ${plural(tokens, "token")} are only white space. The grammar allows it, and the model may go on like this for ever: delete them, or allow only single white space.`;
  return html`The last ${plural(tokens, "token")} repeat “${h(TokenText, { display: marked(text) })}”. The grammar allows it, and the model may go on like this for ever: delete them, or limit the repetition in the grammar.`;
}

/** The server's signs for what cannot be seen. @param {string} text */
function marked(text) {
  return text.replaceAll(" ", "␠").replaceAll("\n", "⏎").replaceAll("\t", "⇥");
}
