// Two branches side by side: their tokens, where they part, and what was to choose from there.

import { useMemo } from "preact/hooks";
import { h, html } from "../html.js";
import { formatProbability, plural } from "../lib/format.js";
import { percentScale } from "../lib/scale.js";
import { compareBranches } from "../state/compare.js";
import * as store from "../state/store.js";
import { TokenText } from "./token_text.js";

/** @import { DistributionRow } from "../types/wire" */
/** @import { Branch, TokenNode } from "../types/app" */
/** @typedef {ReturnType<typeof compareBranches>} Result */

const width = percentScale(0, 1);

/** @param {{ first: Branch, second: Branch }} props */
export function Comparison({ first, second }) {
  const result = useMemo(() => compareBranches(store.session.peek(), first, second), [first, second]);
  const names = [first.name, second.name];
  return html`
    <div class="pair-scroll" tabindex="0" role="group" aria-label="Comparison">
      <p role="status">${before(result)}${parting(result, names)}</p>
      ${h(Settings, { settings: result.settings, names })}
      <div class="pair">${[0, 1].map((side) => h(Side, { key: side, result, side, name: names[side] ?? "" }))}</div>
      ${h(AtFork, { result, names })}
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
function parting({ fork, atFork, paths }, names) {
  if (fork === null) return "Both completions are the same.";
  const ends = atFork.findIndex((node) => node === null);
  const same = fork === 0 ? "The completions differ from the first token on" : `The first ${plural(fork, "token is", "tokens are")} the same`;
  if (ends >= 0) return `${same}; then ${names[ends]} ends, and ${names[1 - ends]} goes on for ${plural((paths[1 - ends]?.length ?? 0) - fork, "token")}.`;
  const [a, b] = atFork.map((node) => html`<strong class="code fork-token">${h(TokenText, { display: node?.token.display ?? "" })}</strong>`);
  return html`${same}; then ${names[0]} has ${a}, and ${names[1]} has ${b}.`;
}

/** @param {{ settings: Result["settings"], names: string[] }} props */
function Settings({ settings, names }) {
  if (settings.length === 0) return html`<p class="quiet">The settings are the same there.</p>`;
  return html`
    <table class="pair-settings">
      <thead><tr><th scope="col">Settings that differ</th>${names.map((name, side) => html`<th key=${side} scope="col">${name}</th>`)}</tr></thead>
      <tbody>${settings.map(({ name, values }) => html`<tr key=${name}><th scope="row">${name}</th>${values.map((value, side) => html`<td key=${side} class="numbers">${value}</td>`)}</tr>`)}</tbody>
    </table>
  `;
}

/** @param {{ result: Result, side: number, name: string }} props */
function Side({ result: { parts, paths, fork }, side, name }) {
  const mine = side === 0 ? "first" : "second";
  return html`
    <section class="pair-side" aria-label=${name}>
      <h3>${name}</h3>
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
function AtFork({ result: { fork, atFork, rows }, names }) {
  if (fork === null) return null;
  if (rows.length === 0) return html`<p class="quiet">No distribution was recorded where they part.</p>`;
  return html`
    <table class="pair-rows">
      <caption>What token ${fork + 1} was picked from</caption>
      <thead>
        <tr><th scope="col" rowspan="2">token</th>${names.map((name, side) => html`<th key=${side} scope="colgroup" colspan="2">${name}</th>`)}</tr>
        <tr>${names.map((_, side) => [html`<th key=${`f${side}`} scope="col" class="row-number">final</th>`, html`<th key=${`r${side}`} scope="col" class="row-number">raw</th>`])}</tr>
      </thead>
      <tbody>${rows.map((one, index) => html`
        <tr key=${index}>
          <th scope="row" class=${one.special ? "row-special" : ""}>${h(TokenText, { display: one.display, compact: true })}</th>
          ${one.rows.map((row, side) => h(Cells, { key: side, row, node: atFork[side] ?? null }))}
        </tr>`)}</tbody>
    </table>
  `;
}

/** @param {{ row: DistributionRow | null, node: TokenNode | null }} props */
function Cells({ row, node }) {
  if (!row) return html`<td colspan="2" class="quiet">${node?.dist ? "not listed" : "–"}</td>`;
  const taken = row.id === node?.token.id;
  return html`
    <td class="pair-final" data-taken=${taken}>
      <span class="track"><span class="bar-final" style=${{ width: width(row.p_final) }}></span><span class="bar-raw" style=${{ width: width(row.p_base) }}></span></span>
      <span class="numbers">${formatProbability(row.p_final)}${taken && html`<strong> taken</strong>`}</span>
    </td>
    <td class="row-number row-base">${formatProbability(row.p_base)}</td>
  `;
}
