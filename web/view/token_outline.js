// The tree of tokens as an outline: runs of tokens, indented where paths part.

import { useMemo } from "preact/hooks";
import { h, html } from "../html.js";
import { plural } from "../lib/format.js";
import { openPath, selectBranch } from "../state/actions.js";
import { completionText } from "../state/recorded.js";
import { outlineOf } from "../state/outline.js";
import * as store from "../state/store.js";

/** @import { Branch } from "../types/app" */
/** @import { Root, Run } from "../state/outline.js" */

/** A run says where it comes from and where it ends; its middle is in the text view. */
const EDGE = 70;

export function TokenOutline() {
  const { nodes, branches } = store.session.value;
  const roots = useMemo(() => outlineOf(store.session.peek()), [nodes, branches]);
  return html`<ul class="outline">${roots.map((root, index) => html`
    <li key=${index} class="outline-root">
      <p class="outline-prompt">${root.prompt || "empty text"}</p>
      ${h(Ends, { ends: root.ends })}
      ${h(Ways, { ways: root.ways, root })}
    </li>`)}</ul>`;
}

/** @param {{ ways: Run[], root: Root }} props */
function Ways({ ways, root }) {
  if (ways.length === 0) return null;
  return html`<ul class="outline-ways">${ways.map((run) => h(RunItem, { key: run.nodes[0]?.id ?? 0, run, root }))}</ul>`;
}

/** @param {{ run: Run, root: Root }} props */
function RunItem({ run: { nodes, ends, ways }, root }) {
  const leaf = nodes.at(-1)?.id ?? 0;
  const left = ends.length === 0 && ways.length === 0;
  return html`
    <li class="outline-run" data-left=${left}>
      <p><span class="outline-text">${shorten(completionText(nodes))}</span> <span class="quiet numbers">${plural(nodes.length, "token")}${left && ", left behind"}</span></p>
      ${h(Ends, { ends })}
      ${left && html`<button type="button" class="button button-small" onClick=${() => openPath(leaf, root)}>Open as an input</button>`}
      ${h(Ways, { ways, root })}
    </li>
  `;
}

/** @param {{ ends: Branch[] }} props */
function Ends({ ends }) {
  if (ends.length === 0) return null;
  return html`<p class="outline-ends">${ends.map((branch) => {
    const active = branch.id === store.branch.value.id;
    return html`<button type="button" key=${branch.id} class="button button-small" aria-pressed=${active} title=${active ? "The active input" : "Make it the active input"}
      onClick=${() => selectBranch(branch.id)}>${branch.name}${active && html`<span class="quiet"> active</span>`}</button>`;
  })}</p>`;
}

/** @param {string} text */
function shorten(text) {
  return text.length <= 2 * EDGE + 3 ? text : `${text.slice(0, EDGE)} … ${text.slice(-EDGE)}`;
}
