// A branch that is not active: its name, its length and its text, as one button that makes it active.

import { useMemo } from "preact/hooks";
import { html } from "../html.js";
import { plural } from "../lib/format.js";
import { selectBranch } from "../state/actions.js";
import { knownInput } from "../state/known_inputs.js";
import { completionOf } from "../state/session.js";
import * as store from "../state/store.js";

/** @import { Branch } from "../types/app" */

/** More is never seen, and long texts cost layout. */
const SHOWN = 240;

/** @param {{ branch: Omit<Branch, "params"> }} props */
export function WaitingCard({ branch }) {
  const { text, count } = useMemo(() => {
    const nodes = completionOf(store.session.peek(), branch.leaf);
    return { text: nodes.map((node) => node.token.text).join(""), count: nodes.length };
  }, [branch.leaf]);
  const input = knownInput(branch);
  const size = input ? plural(input.tokens.length + count, "token") : `${plural(count, "token")} written`;
  // The end of a completion tells more than its beginning, which all forks share.
  const end = text.length > SHOWN ? `… ${text.slice(-SHOWN)}` : text;
  return html`
    <button type="button" class="waiting" title="Make this input the active one" onClick=${() => selectBranch(branch.id)}>
      <span class="waiting-head"><span class="waiting-name">${branch.name}</span><span class="quiet numbers">· ${size}</span></span>
      <span class="waiting-prompt">${branch.prompt.slice(0, SHOWN) || "empty"}</span>
      ${end && html`<span class="waiting-text">${end}</span>`}
    </button>
  `;
}
