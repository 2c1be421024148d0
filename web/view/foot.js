// The first line of the step bar in windows without a column of settings: the end of the text, which is
// elsewhere on a phone, and the way to the knobs.

import { h, html } from "../html.js";
import { knobsOpen, toggleKnobs } from "../state/knob_sheet.js";
import { lastPart } from "../state/recorded.js";
import * as store from "../state/store.js";
import { Icon } from "./icons.js";
import { narrow } from "./narrow.js";

/** More tokens than a line holds. */
const SHOWN = 40;

export function Foot() {
  const open = knobsOpen.value;
  return html`
    ${narrow.value && h(Tail, {})}
    <button type="button" class="button knobs-button" aria-expanded=${open} aria-controls="settings" title="Temperature, top-p and penalties, with the bars in sight" onClick=${toggleKnobs}>${h(Icon, { name: "settings" })}<span>Knobs</span></button>
  `;
}

/** Screen readers are told of each token by the announcer. */
function Tail() {
  const { prompt } = store.branch.value;
  const { before, last } = lastPart(store.completion.value.slice(-SHOWN));
  return html`<p class="tail" aria-hidden="true"><span class="tail-text">${inLine(prompt.slice(-SHOWN))}<span class="tail-written">${inLine(before)}</span><span class="tail-last">${inLine(last)}</span></span></p>`;
}

/** @param {string} text */
function inLine(text) {
  return text.replaceAll("\n", "⏎");
}
