// Play, step, delete, and what the last answer was like.

import { h, html } from "../html.js";
import { formatBits, formatMilliseconds } from "../lib/format.js";
import { deleteLast, redo, step, togglePlay, undo, whyNoStep } from "../state/actions.js";
import * as store from "../state/store.js";
import { Icon } from "./icons.js";

export function ControlBar() {
  const playing = store.playing.value;
  const reason = playing ? null : whyNoStep();
  return html`
    <footer class="controls" inert=${store.drawerOpen.value}>
      <p class="message" aria-live="polite" title=${store.message.value || null}>${store.message.value}</p>
      <div class="control-buttons">
        ${h(Travel, { icon: "undo", name: "Undo", keys: "Ctrl+Z", label: store.history.value.past.at(-1)?.label, go: undo })}
        ${h(Travel, { icon: "redo", name: "Redo", keys: "Ctrl+Shift+Z", label: store.history.value.future.at(-1)?.label, go: redo })}
        <button type="button" class="button" title="Delete last token (left arrow)" aria-disabled=${store.completion.value.length === 0}
          onClick=${deleteLast}>${h(Icon, { name: "back" })}<span class="wide-text">Delete last token</span></button>
        <button type="button" class="button" title=${playing ? "Pause (space)" : (reason ?? "Play (space)")}
          aria-disabled=${reason !== null} onClick=${togglePlay}>${h(Icon, { name: playing ? "pause" : "play" })}<span>${playing ? "Pause" : "Play"}</span></button>
        <button type="button" class="button button-primary" title=${reason ?? "Step (right arrow)"}
          aria-disabled=${reason !== null} onClick=${() => void step()}>${h(Icon, { name: "step" })}<span>Step</span></button>
      </div>
      ${h(Facts, {})}
    </footer>
  `;
}

/**
 * `label` is the edit it goes over; without one there is nowhere to go.
 * @param {{ icon: "undo" | "redo", name: string, keys: string, label: string | undefined, go: () => void }} props
 */
function Travel({ icon, name, keys, label, go }) {
  const about = label === undefined ? `Nothing to ${name.toLowerCase()}` : `${name}: ${label} (${keys})`;
  return html`<button type="button" class="button button-travel" aria-label=${name} title=${about} aria-disabled=${label === undefined} onClick=${go}>${h(Icon, { name: icon })}</button>`;
}

function Facts() {
  const [elapsed, seed] = [store.elapsedMs.value, store.seedUsed.value];
  const entropy = store.shown.value?.dist?.stages.at(-1)?.entropy_bits;
  return html`
    <dl class="facts">
      ${entropy !== undefined && h(Fact, { name: "entropy", value: formatBits(entropy), about: "How open the choice is after all stages: 0 bits is certain, 1 bit is a coin toss." })}
      ${elapsed !== null && h(Fact, { name: "answer", value: formatMilliseconds(elapsed), about: "Time the server took for the last answer." })}
      ${seed !== null && h(Fact, { name: "seed", value: String(seed), about: "The seed that drew the last token." })}
    </dl>
  `;
}

/** @param {{ name: string, value: string, about: string }} props */
function Fact({ name, value, about }) {
  return html`<div class="fact" title=${about}><dt>${name}</dt><dd>${value}</dd></div>`;
}
