// Two branches side by side: their texts, where they part, what was to choose from there, and what comes next.

import { useEffect, useMemo } from "preact/hooks";
import { h, html } from "../html.js";
import { formatCount, plural } from "../lib/format.js";
import { askNextPair, questionAbout } from "../state/actions.js";
import { compareBranches } from "../state/compare.js";
import * as store from "../state/store.js";
import { Moved, NoPair, PairTable } from "./pair_table.js";
import { TokenText } from "./token_text.js";

/** @import { Branch } from "../types/app" */
/** @typedef {ReturnType<typeof compareBranches>} Result */

/** @param {{ first: Branch, second: Branch }} props */
export function Comparison({ first, second }) {
  const result = useMemo(() => compareBranches(store.session.peek(), first, second), [first, second]);
  const names = [first.name, second.name];
  const written = result.paths.some((path) => path.length > 0);
  return html`
    <div class="pair-scroll" tabindex="0" role="group" aria-label="Comparison">
      <p role="status">${before(result)}${parting(result, names)}</p>
      ${h(Settings, { settings: result.settings, names, written })}
      ${(written || result.prompts) && html`<div class="pair">${[0, 1].map((side) => h(Side, { key: side, result, side, name: names[side] ?? "" }))}</div>`}
      ${h(AtFork, { result, names })}
      ${h(AtEnd, { ids: [first.id, second.id], names, written })}
    </div>
  `;
}

/** @param {Result} result */
function before({ texts }) {
  return texts.length === 0 ? "" : `They continue different texts: the ${texts.join(", the ")} differ${texts.length === 1 ? "s" : ""}. `;
}

/**
 * @param {Result} result
 * @param {string[]} names
 */
function parting({ fork, atFork, paths, texts }, names) {
  if (fork === null && paths[0]?.length === 0) return texts.length === 0 ? "Both have the same text and no completion yet." : "Neither has a completion yet.";
  if (fork === null) return "Both completions are the same.";
  const ends = atFork.findIndex((node) => node === null);
  const same = fork === 0 ? "The completions differ from the first token on" : fork === 1 ? "The first token is the same" : `The first ${formatCount(fork)} tokens are the same`;
  if (ends >= 0) return `${same}; then ${names[ends]} ends, and ${names[1 - ends]} goes on for ${plural((paths[1 - ends]?.length ?? 0) - fork, "token")}.`;
  const [a, b] = atFork.map((node) => html`<strong class="code fork-token">${h(TokenText, { display: node?.token.display ?? "" })}</strong>`);
  return html`${same}; then ${names[0]} has ${a}, and ${names[1]} has ${b}.`;
}

/** @param {{ settings: Result["settings"], names: string[], written: boolean }} props */
function Settings({ settings, names, written }) {
  if (settings.length === 0) return html`<p class="quiet">The settings are the same${written && " there"}.</p>`;
  return html`
    <table class="pair-settings">
      <thead><tr><th scope="col">Settings that differ</th>${names.map((name, side) => html`<th key=${side} scope="col">${name}</th>`)}</tr></thead>
      <tbody>${settings.map(({ name, values }) => html`<tr key=${name}><th scope="row">${name}</th>${values.map((value, side) => html`<td key=${side} class="numbers">${value}</td>`)}</tr>`)}</tbody>
    </table>
  `;
}

/** @param {{ result: Result, side: number, name: string }} props */
function Side({ result: { parts, paths, fork, prompts }, side, name }) {
  const mine = side === 0 ? "first" : "second";
  return html`
    <section class="pair-side" aria-label=${name}>
      <h3>${name}</h3>
      ${prompts && html`<p class="pair-prompt">${prompts[side]?.map(({ text, apart }, index) => (apart ? html`<mark key=${index}>${text}</mark>` : text))}</p>`}
      <p class="pair-tokens">
        ${parts.map((part) => {
          const place = part[mine];
          const node = place === null ? null : paths[side]?.[place];
          if (!node) return null;
          const apart = part.kind !== "same";
          return html`<span key=${place} class="pair-token" data-apart=${apart} data-fork=${place === fork} title=${place === fork ? "Here they part" : null}>${
            place === fork && html`<span class="sr-only">here they part: </span>`}${apart && place !== fork && html`<span class="sr-only">differs: </span>`}${h(TokenText, { display: node.token.display })}</span>`;
        })}
      </p>
    </section>
  `;
}

/** @param {{ result: Result, names: string[] }} props */
function AtFork({ result: { fork, atFork, pair }, names }) {
  if (fork === null) return null;
  if (pair.rows.length === 0) return html`<p class="quiet">No distribution was recorded where they part.</p>`;
  const [taken, listed] = [atFork.map((node) => node?.token.id ?? null), atFork.map((node) => !!node?.dist)];
  return h(PairTable, { pair, names, taken, listed, caption: `What token ${fork + 1} was picked from` });
}

/** The next token of both, which is asked for. @param {{ ids: number[], names: string[], written: boolean }} props */
function AtEnd({ ids, names, written }) {
  const question = questionAbout(ids);
  // Between the tokens of a run there would be no time to read it.
  const idle = !store.playing.value && !store.stepping.value;
  useEffect(() => {
    if (question && idle) askNextPair(question);
  }, [question?.key, idle]);
  const answer = store.nextPair.value;
  const caption = written ? "The next token at the end of both" : "The next token of both";
  if (!question) return html`<p class="quiet">${store.llmEnabled.value ? "The next token of both is compared here when the model is ready." : "The LLM is off, so the next token of both is not compared."}</p>`;
  if (!answer || answer.about !== question.about) return html`<p class="quiet">Reading both inputs…</p>`;
  return html`
    <section class="pair-next" aria-label=${caption} data-key=${answer.key === question.key}>
      ${answer.pair ? [h(Moved, { key: "moved", pair: answer.pair, names }), h(PairTable, { key: "rows", pair: answer.pair, names, caption })] : h(NoPair, { names, sides: answer.sides })}
    </section>
  `;
}
