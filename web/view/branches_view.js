// The branches of the session: as a tree of tokens, and two of them side by side.

import { useState } from "preact/hooks";
import { h, html } from "../html.js";
import { forkBranch, openSessions, pairAsPicture, treeAsPicture } from "../state/actions.js";
import { nearestBranch } from "../state/compare.js";
import * as store from "../state/store.js";
import { Comparison } from "./comparison.js";
import { movedText } from "./pair_table.js";
import { PictureButton } from "./picture_button.js";
import { TokenOutline } from "./token_outline.js";

/** @import { Branch, BranchId } from "../types/app" */

/** @typedef {Event & { currentTarget: HTMLSelectElement }} SelectEvent */

export function BranchesView() {
  const { branches } = store.session.value;
  const [chosen, setChosen] = useState(/** @type {(BranchId | null)[]} */ ([null, null]));
  const find = (/** @type {BranchId | null | undefined} */ id) => branches.find((branch) => branch.id === id) ?? null;
  const first = find(chosen[0]) ?? store.branch.value;
  const second = find(chosen[1]) ?? nearestBranch(store.session.value, first);
  return html`
    <section class="branches" aria-label="Branches">
      <div class="branches-tree">
        <div class="column-head">
          <h2>Tree of tokens</h2>
          <span class="spacer"></span>
          <button type="button" class="button button-small" onClick=${openSessions}>Save and open</button>
          ${h(PictureButton, { draw: treeAsPicture, name: "tree", what: "The tree" })}
        </div>
        ${h(TokenOutline, {})}
      </div>
      <div class="branches-pair">
        <div class="column-head"><h2>Compare</h2><span class="spacer"></span>${second && second.id !== first.id && h(PictureButton, { draw: (look) => pairAsPicture(look, [first, second], movedText([first.name, second.name])), name: "comparison", what: "The comparison" })}</div>
        ${second === null
          ? html`<div class="empty"><p class="empty-title">There is one input</p><p>Fork it, and go on in another way: then both can be compared here.</p>
            <button type="button" class="button" onClick=${forkBranch}>Fork</button></div>`
          : html`
            <div class="pair-choice">
              ${h(Choice, { label: "First input", value: first, onChoose: (id) => setChosen([id, second.id]) })}
              ${h(Choice, { label: "Second input", value: second, onChoose: (id) => setChosen([first.id, id]) })}
            </div>
            ${first.id === second.id ? html`<p class="quiet">Choose two different inputs.</p>` : h(Comparison, { first, second })}`}
      </div>
    </section>
  `;
}

/** @param {{ label: string, value: Branch, onChoose: (id: BranchId) => void }} props */
function Choice({ label, value, onChoose }) {
  return html`<select class="field" aria-label=${label} onChange=${(/** @type {SelectEvent} */ event) => onChoose(Number(event.currentTarget.value))}>
    ${store.session.value.branches.map((branch) => html`<option key=${branch.id} value=${branch.id} selected=${branch.id === value.id}>${branch.name}</option>`)}
  </select>`;
}
