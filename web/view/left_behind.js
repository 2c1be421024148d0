// What an edit left behind can be had back where it was left.

import { useMemo } from "preact/hooks";
import { h, html } from "../html.js";
import { plural } from "../lib/format.js";
import { openPath, returnTo } from "../state/actions.js";
import { leftBehind } from "../state/left_behind.js";
import { completionText } from "../state/recorded.js";
import * as store from "../state/store.js";
import { Folded } from "./folded.js";

/** @import { Left } from "../state/left_behind.js" */

const SHOWN = 60;

export function LeftBehind() {
  // The list would change with each token that comes.
  return store.playing.value || store.stepping.value ? null : h(Ways, {});
}

function Ways() {
  const { nodes, branches, active } = store.session.value;
  const { past } = store.history.value;
  const owner = store.tokenOwner.value;
  const ways = useMemo(() => leftBehind(store.session.peek(), past), [nodes, branches, active, past]).filter(({ nodes }) => nodes.at(-1)?.model === owner);
  if (ways.length === 0) return null;
  return html`
    <div class="left-behind">
      ${h(Folded, { line: `${plural(ways.length, "way")} left behind` }, html`<ul>${ways.map((way) => h(Way, { key: way.leaf, way }))}</ul>`)}
    </div>
  `;
}

/** @param {{ way: Left }} props */
function Way({ way: { leaf, nodes, text, here } }) {
  const words = completionText(nodes.slice(0, SHOWN)).slice(0, SHOWN);
  return html`
    <li>
      <p>${!here && html`<span class="quiet">${text.prompt.slice(0, SHOWN)}</span>`}<span class="outline-text">${words}</span> <span class="quiet numbers">${plural(nodes.length, "token")}</span></p>
      ${here
        ? html`<button type="button" class="button button-small" aria-label=${`Bring back ${words}`} onClick=${() => returnTo(leaf)}>Bring back</button>`
        : html`<button type="button" class="button button-small" title="It followed another text" aria-label=${`Open ${words} as an input`} onClick=${() => openPath(leaf, text)}>Open as an input</button>`}
    </li>
  `;
}
