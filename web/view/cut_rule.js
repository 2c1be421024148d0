// The line over a run of rows that one stage cut: it says so once for all of them, and how they are ordered.

import { html } from "../html.js";
import { stageName } from "../lib/format.js";

/** @import { Run } from "../lib/candidates.js" */

/**
 * Where the numbers at the left are raw ranks for all rows, there is nothing to explain about them.
 * @param {{ run: Run, ranked?: boolean }} props
 */
export function CutRule({ run, ranked = true }) {
  const order = run.byRank ? "in order of raw rank" : "with raw ranks";
  return html`
    <li class="cut-rule" data-stage=${run.stage} aria-hidden="true" title=${ranked ? "The numbers at the left are raw ranks; the order is the one from before the cut." : null}>
      <span>${cutText(run.stage)}${ranked && html`<span class="quiet"> · ${order}</span>`}</span>
    </li>
  `;
}

/** @param {string} stage */
export function cutText(stage) {
  if (stage === "constraint") return "the grammar forbids";
  return stage === "" ? "cut" : `cut by ${stageName(stage)}`;
}
