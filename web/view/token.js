// One token, as a pill in the text or as a row of the stack.

import { h, html } from "../html.js";
import { deleteLast } from "../state/actions.js";
import { TokenText } from "./token_text.js";

/** @import { TokenPill } from "../types/wire" */

/**
 * `last` marks the end of the completion, which can be deleted right there.
 * @param {{ token: TokenPill, kind: "prompt" | "completion", last?: boolean, fresh?: boolean }} props
 */
export function Token({ token, kind, last = false, fresh = false }) {
  const classes = ["token", token.special ? "token-special" : `token-${kind}`, fresh ? "token-fresh" : ""].join(" ");
  const about = `${JSON.stringify(token.text)} · id ${token.id}`;
  if (!last) return html`<span class=${classes} title=${about}>${h(TokenText, { display: token.display })}</span>`;
  return html`
    <button type="button" class=${`${classes} token-last`} aria-label=${`${token.display}: remove this token`}
      title=${`${about} · click to remove`} onClick=${deleteLast}>
      <span class="token-text">${h(TokenText, { display: token.display })}</span><span class="token-remove" aria-hidden="true">×</span>
    </button>
  `;
}
