// One token, as a pill in the text or as a row of the stack.

import { h, html } from "../html.js";
import { formatScore } from "../lib/heat.js";
import { deleteLast, keepAt } from "../state/actions.js";
import { aimHandlers } from "./aim.js";
import { TokenText } from "./token_text.js";

/** @import { TokenPill } from "../types/wire" */
/** @import { Target } from "../types/app" */
/** @import { Paint } from "./painted.js" */

/** @typedef {{ token: TokenPill, kind: "prompt" | "completion", last?: boolean, fresh?: boolean, target?: Target | null, paint?: Paint | null }} TokenProps */

/**
 * `last` marks the end of the completion, which can be deleted right there. A token with a `target`
 * can be asked where it came from.
 * @param {TokenProps} props
 */
export function Token({ token, kind, last = false, fresh = false, target = null, paint = null }) {
  const classes = ["token", token.special ? "token-special" : `token-${kind}`, fresh ? "token-fresh" : ""].join(" ");
  const score = paint?.cell ? scoreText(paint) : "";
  const about = `${JSON.stringify(token.text)} · id ${token.id}${score && ` · ${score}`}`;
  const look = {
    "data-heat": paint?.cell ? (paint.cell.against ? "against" : "for") : null,
    "data-score": paint?.cell?.score ?? null,
    "data-target": paint?.target ?? null,
    style: paint?.cell ? { "--heat": paint.cell.strength.toFixed(3) } : null,
    ...aimHandlers(target),
  };
  const text = h(TokenText, { display: token.display });
  const spoken = score && html`<span class="sr-only"> ${score}</span>`;
  if (last) return html`
    <button type="button" class=${`${classes} token-last`} aria-label=${`${token.display}: remove this token${score && `, ${score}`}`}
      title=${`${about} · click to remove`} ...${look} onClick=${deleteLast}>
      <span class="token-text">${text}</span><span class="token-remove" aria-hidden="true">×</span>
    </button>
  `;
  if (target) return html`
    <button type="button" class=${`${classes} token-aim`} tabindex="-1" title=${`${about} · click to keep where it came from`} ...${look}
      onClick=${() => keepAt(target)}>${text}${spoken}</button>
  `;
  return html`<span class=${classes} title=${about} ...${look}>${text}${spoken}</span>`;
}

/**
 * What a token of the completion is asked about.
 * @param {{ token: TokenPill }} node
 * @param {number} index
 * @returns {Target}
 */
export function targetOf({ token }, index) {
  return { index, id: token.id, display: token.display };
}

/** @param {Paint} paint */
function scoreText({ cell, signed }) {
  if (!cell) return "";
  const score = formatScore(cell.score, signed);
  const together = cell.size > 1 ? ` for these ${cell.size} tokens together` : "";
  const without = cell.without === null ? "" : `, without it ${cell.without.toPrecision(3)}`;
  return `${score}${together}${without}`;
}
