// Play, step, delete, and what the last answer was like.

import { h, html } from "../html.js";
import { formatBits, formatCount, formatMilliseconds, plural } from "../lib/format.js";
import { deleteLast, goPastEnd, keepSeed, mostToFinish, redo, step, toggleFinish, togglePlay, undo, whyNoStep } from "../state/actions.js";
import { canGoPastEnd } from "../state/past_end.js";
import * as store from "../state/store.js";
import { Foot } from "./foot.js";
import { Icon } from "./icons.js";

export function ControlBar() {
  const playing = store.playing.value;
  const finishing = store.finishing.value;
  const reason = playing ? null : whyNoStep();
  return html`
    <footer class="controls" inert=${store.drawerOpen.value}>
      ${h(Foot, {})}
      <div class="message-line">
        <p class="message" aria-live="polite" title=${store.message.value || null}>${store.message.value}</p>
        ${!playing && canGoPastEnd() && html`<button type="button" class="button button-small" title="The end token becomes a forced one that ends nothing" onClick=${goPastEnd}>Go past the end</button>`}
      </div>
      <div class="control-buttons">
        ${h(Travel, { icon: "undo", name: "Undo", keys: "Ctrl+Z", label: store.history.value.past.at(-1)?.label, go: undo })}
        ${h(Travel, { icon: "redo", name: "Redo", keys: "Ctrl+Shift+Z", label: store.history.value.future.at(-1)?.label, go: redo })}
        <button type="button" class="button" title="Delete last token (left arrow)" aria-disabled=${store.completion.value.length === 0}
          onClick=${deleteLast}>${h(Icon, { name: "back" })}<span class="wide-text">Delete last token</span></button>
        <button type="button" class="button" title=${playing ? "Pause (space)" : (reason ?? "Play (space)")}
          aria-disabled=${reason !== null} onClick=${togglePlay}>${h(Icon, { name: playing ? "pause" : "play" })}<span>${playing ? "Pause" : "Play"}</span></button>
        <button type="button" class="button button-primary" title=${reason ?? "Step (right arrow)"}
          aria-disabled=${reason !== null} onClick=${() => void step()}>${h(Icon, { name: "step" })}<span>Step</span></button>
        <button type="button" class="button" title=${finishing ? "Stop (F)" : (reason ?? `Finish: to the end as fast as it goes, ${plural(mostToFinish(), "token")} at most (F)`)}
          aria-disabled=${reason !== null} onClick=${toggleFinish}>${h(Icon, { name: finishing ? "stop" : "finish" })}<span>${finishing ? "Stop" : "Finish"}</span></button>
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
  const [elapsed, seed, pace] = [store.elapsedMs.value, store.seedUsed.value, store.pace.value];
  const entropy = store.shown.value?.dist?.stages.at(-1)?.entropy_bits;
  return html`
    <dl class="facts">
      ${pace !== null
        ? h(PaceFacts, pace)
        : html`
          ${entropy !== undefined && h(Fact, { name: "entropy", value: formatBits(entropy), about: "How open the choice is after all stages: 0 bits is certain, 1 bit is a coin toss." })}
          ${elapsed !== null && h(Fact, { name: "answer", value: formatMilliseconds(elapsed), about: "Time the server took for the last answer." })}
        `}
      ${seed !== null && h(SeedFact, { seed })}
    </dl>
  `;
}

/** @param {{ name: string, value: any, about: string }} props */
function Fact({ name, value, about }) {
  return html`<div class="fact" title=${about}><dt>${name}</dt><dd>${value}</dd></div>`;
}

/** @param {{ seed: number }} props */
function SeedFact({ seed }) {
  const kept = store.branch.value.params.seed === seed;
  const value = kept
    ? String(seed)
    : html`<button type="button" class="fact-button" aria-label=${`Keep seed ${seed}`} title="Keep this seed for the next tokens" onClick=${keepSeed}>${seed}</button>`;
  return h(Fact, { name: "seed", value, about: kept ? "The seed that drew the last token, and those to come." : "The seed that drew the last token. Press it to keep it." });
}

/**
 * After a run at full speed, in place of what is told of single answers.
 * @param {{ perSecond: number, perDrawing: number }} pace
 */
function PaceFacts({ perSecond, perDrawing }) {
  const each = Math.round(perDrawing);
  return html`
    ${h(Fact, { name: "tokens/s", value: formatCount(Math.round(perSecond)), about: "How fast the last run at full speed went." })}
    ${each > 1 && h(Fact, { name: "drawn", value: `1 step in ${each}`, about: "Steps came faster than the page can draw them, so some were drawn together." })}
  `;
}
