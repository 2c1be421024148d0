// All attributions as a table: a row for each generated token, a column for each token before it.

import { useLayoutEffect, useMemo, useRef } from "preact/hooks";
import { h, html } from "../html.js";
import { plural } from "../lib/format.js";
import { cellsOf, formatPercent, formatScore, strongest, withoutFirst } from "../lib/heat.js";
import { closeMatrix } from "../state/actions.js";
import { withoutSink } from "../state/heat.js";
import * as store from "../state/store.js";
import { ErrorText } from "./error_text.js";
import { WorkBar } from "./heat_line.js";
import { Icon } from "./icons.js";
import { TokenText } from "./token_text.js";

/** @import { Matrix } from "../types/app" */
/** @import { TokenPill } from "../types/wire" */

/** @param {{ matrix: Matrix }} props */
export function AttributionMatrix({ matrix }) {
  const dialog = useRef(/** @type {HTMLDialogElement | null} */ (null));
  // Closing, by whichever way, gives the focus back before the table goes.
  useLayoutEffect(() => dialog.current?.showModal(), []);
  const { expected, rows, failure } = matrix;
  const signed = rows[0]?.answer.options.signed;
  return html`
    <dialog class="matrix" aria-labelledby="matrix-title" ref=${dialog} onClose=${closeMatrix}>
      <div class="column-head">
        <h2 id="matrix-title">${store.method.value?.label} of all generated tokens</h2>
        <span class="spacer"></span>
        <button type="button" class="icon-button" aria-label="Close" title="Close" onClick=${() => dialog.current?.close()}>${h(Icon, { name: "close" })}</button>
      </div>
      <p class="quiet">Each row is one generated token, and each column a token before it. The stronger the colour, the larger the score, up to the largest one of its row.${signed && " What speaks against the token has a dashed edge."}${withoutSink.value && " The first token, which gets attention in any text, is left out, and the numbers are shares of the rest; a switch in the attribution card shows it."}</p>
      ${failure && html`<div class="note note-error" role="alert">${h(ErrorText, failure)}</div>`}
      ${!failure && rows.length !== expected && html`<div class="matrix-progress">${h(WorkBar, { progress: expected ? rows.length / expected : 0 })}
        <span class="quiet numbers" role="status">${rows.length} of ${plural(expected ?? 0, "row")}</span></div>`}
      <div class="matrix-frame" tabindex="0" role="group" aria-label="Table">${h(Table, { matrix })}</div>
    </dialog>
  `;
}

/** @param {{ matrix: Matrix }} props */
function Table({ matrix: { tokens, rows } }) {
  const comparing = rows.some(({ contrast }) => contrast !== null);
  const columns = Math.max(0, ...rows.map(({ answer }) => answer.context_len));
  return html`
    <table>
      <thead><tr>
        <th scope="col">token</th>${comparing && html`<th scope="col">rather than</th>`}<th scope="col">most of all</th>
        ${tokens.slice(0, columns).map((token, index) => html`<th key=${index} scope="col" class="matrix-column">${h(Name, { token })}</th>`)}
      </tr></thead>
      <tbody>${rows.map((row) => h(Row, { key: row.position, row, tokens, whole: !withoutSink.value }))}</tbody>
    </table>
  `;
}

/**
 * A row never changes, and is not drawn again for every one that comes after it.
 * `whole` keeps the first token.
 * @param {{ row: Matrix["rows"][number], tokens: TokenPill[], whole: boolean }} props
 */
function Row({ row, tokens, whole }) {
  return useMemo(() => {
    const { position, contrast } = row;
    const { answer, sink } = whole ? { answer: row.answer, sink: null } : withoutFirst(row.answer);
    const score = (/** @type {number} */ value) => formatScore(value, answer.options.signed === true);
    return html`
      <tr>
        <th scope="row">${h(Name, { token: tokens[position] })}</th>
        ${contrast && html`<td class="matrix-contrast">${h(Name, { token: contrast })}</td>`}
        <td class="matrix-words">${strongest(answer, 2).map((part, index) => [
          index > 0 && ", ", tokens.slice(part.start, part.end).map((token) => h(Name, { token })), " ", score(part.score)])}</td>
        ${cellsOf(answer).map((cell, index) => html`<td key=${index} class="matrix-cell" data-heat=${cell.against ? "against" : "for"} data-score=${cell.score}
          style=${{ "--heat": cell.strength.toFixed(3) }} title=${`${tokens[position]?.display} from ${tokens[index]?.display}: ${index === 0 && sink !== null ? `${formatPercent(sink)}, left out` : score(cell.score)}`}><span
          class="sr-only">${score(cell.score)}</span></td>`)}
      </tr>
    `;
  }, [row, whole]);
}

/** @param {{ token: { display: string } | undefined }} props */
function Name({ token }) {
  return html`<span class="code">${h(TokenText, { display: token?.display ?? "", compact: true })}</span>`;
}
