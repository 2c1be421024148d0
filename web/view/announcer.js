// Tells people who do not see the page what each step brought. While it plays, only the end is told:
// nobody can listen to a token each half second.

import { useRef } from "preact/hooks";
import { html } from "../html.js";
import { formatProbability } from "../lib/format.js";
import { isForced, ownRow } from "../state/recorded.js";
import { lastNode } from "../state/session.js";
import * as store from "../state/store.js";

export function Announcer() {
  const last = useRef({ text: "", length: 0 });
  const length = store.completion.value.length;
  const node = lastNode(store.session.value);
  if (!store.playing.value) {
    // What was deleted, or is on another branch, is no news.
    if (node && length > last.current.length) last.current.text = `${node.token.display}${isForced(node) ? ", forced" : ""}${chance(ownRow(node))}. ${length} tokens.`;
    last.current.length = length;
  }
  return html`<p class="sr-only" aria-live="polite">${last.current.text}</p>`;
}

/** @param {import("../types/wire").DistributionRow | null} row */
function chance(row) {
  return row ? `, final ${formatProbability(row.p_final)}, raw ${formatProbability(row.p_base)}` : "";
}
