// The view for a class: the text, the chances and the controls, in type that is read from the last row.

import { useLayoutEffect, useRef } from "preact/hooks";
import { h, html } from "../html.js";
import { formatEnd, formatProbability, stageName } from "../lib/format.js";
import { barScale } from "../lib/scale.js";
import { deleteLast, editParam, forceToken, step, togglePlay, whyNoStep } from "../state/actions.js";
import { guessFirst, guessing, leaveProjector, toggleChances, toggleGuess } from "../state/projector.js";
import { lastPart } from "../state/recorded.js";
import { axis } from "../state/rows_view.js";
import * as store from "../state/store.js";
import { Announcer } from "./announcer.js";
import { ErrorText } from "./error_text.js";
import { Icon } from "./icons.js";
import { SliderKnob } from "./knobs.js";
import { usePinnedEnd } from "./pinned_end.js";
import { presetName } from "./sampling_card.js";
import { TokenText } from "./token_text.js";

/** @import { Distribution } from "../types/wire" */

/** As many as stand in the window at once: a teacher does not scroll in front of a class. */
const ROWS = 8;
/** Longer texts have their beginning out of sight anyway. */
const SHOWN = 1200;
const KNOBS = /** @type {const} */ (["temperature", "top_p"]);

export function Projector() {
  const frame = useRef(/** @type {HTMLElement | null} */ (null));
  useLayoutEffect(() => {
    frame.current?.focus({ preventScroll: true });
    // The button that opens this view is drawn again after it.
    return () => void setTimeout(() => /** @type {HTMLElement | null} */ (document.querySelector(".projector-button"))?.focus({ preventScroll: true }));
  }, []);
  return html`
    <main class="projector" tabindex="-1" aria-label="Projector" ref=${frame} aria-busy=${store.busy.value}>
      <h1 class="sr-only">Tokenscope</h1>
      ${h(Announcer, {})}
      ${h(Text, {})}
      ${h(Chances, {})}
      ${h(Controls, {})}
    </main>
  `;
}

function Text() {
  const list = useRef(/** @type {HTMLElement | null} */ (null));
  const completion = store.completion.value;
  const { prompt } = store.branch.value;
  const { before, last } = lastPart(completion);
  usePinnedEnd(list, true, [completion.length, prompt]);
  return html`
    <div class="projector-text" ref=${list} tabindex="0" role="group" aria-label="Text">
      <p><span class="projector-prompt" data-question=${store.templateInUse.value}>${tail(prompt)}</span><span class="projector-written">${tail(before)}</span>${last && html`<span class="projector-last">${last}</span>`}<span class="projector-slot" aria-hidden="true">?</span></p>
    </div>
  `;
}

/** @param {string} text */
function tail(text) {
  return text.length > SHOWN ? `… ${text.slice(-SHOWN)}` : text;
}

function Chances() {
  const { dist, failure } = store.shown.value ?? { dist: null, failure: null };
  const wrong = failure ?? store.failure.value;
  return html`
    <section class="projector-chances" aria-label="Next token">
      ${wrong && h(ErrorText, wrong)}
      ${dist ? h(guessing.value ? Cover : Rows, { dist }) : !wrong && html`<p class="quiet">No distribution yet.</p>`}
    </section>
  `;
}

/** @param {{ dist: Distribution }} _props */
function Cover(_props) {
  return html`
    <button type="button" class="projector-cover" onClick=${toggleChances}>
      <span class="projector-question">What comes next?</span>
      <span>Show the chances <kbd>R</kbd></span>
    </button>
  `;
}

/** @param {{ dist: Distribution }} props */
function Rows({ dist }) {
  const chosen = store.shown.value?.chosen ?? null;
  const rows = dist.tokens.slice(0, ROWS);
  const width = barScale(axis.value);
  return html`
    <p class="projector-legend" aria-hidden="true"><span><i class="projector-swatch-raw"></i>raw: what the model says</span><span><i class="projector-swatch-final"></i>final: the chances in the draw</span><span>bars end at ${formatEnd(axis.value.top)}</span><span>${presetName(store.branch.value.params)}</span></p>
    <ol class="projector-rows" aria-label="Most likely tokens">
      ${rows.map(({ id, display, valid, kept, special, p_base, p_final, cut_by }, index) => {
        // Once for all rows that the same stage cut.
        const note = cut_by && cut_by !== rows[index - 1]?.cut_by ? `cut by ${stageName(cut_by)}` : "";
        return html`
          <li key=${index}>
            <button type="button" class="projector-row" data-kept=${kept} data-chosen=${id === chosen} aria-disabled=${!valid} onClick=${() => valid && void forceToken(id)}
              title="Take this token">
              <span class="projector-token" data-special=${special} role="img" aria-label=${`${display}, final ${formatProbability(p_final)}, raw ${formatProbability(p_base)}${cut_by ? `, cut by ${stageName(cut_by)}` : ""}. Force this token.`}>${h(TokenText, { display, compact: true })}</span>
              <span class="projector-track" aria-hidden="true"><span class="projector-final" style=${{ width: width(p_final) }}></span><span class="projector-raw" style=${{ width: width(p_base) }}></span></span>
              <span class="projector-number" aria-hidden="true">${formatProbability(p_final)}</span>
              <span class="projector-note" aria-hidden="true">${note}</span>
            </button>
          </li>
        `;
      })}
    </ol>
  `;
}

function Controls() {
  const playing = store.playing.value;
  const reason = playing ? null : whyNoStep();
  const { params } = store.branch.value;
  const knobs = KNOBS.flatMap((name) => store.catalog.value?.knobs.find((one) => one.field === `params.${name}`) ?? []);
  return html`
    <div class="projector-controls">
      <div class="projector-knobs">
        ${KNOBS.map((name, index) => knobs[index] && h(SliderKnob, { key: name, knob: knobs[index], value: params[name], disabled: params.greedy, onValue: (/** @type {number} */ value) => editParam({ [name]: value }) }))}
      </div>
      <p class="message" aria-live="polite">${store.message.value}</p>
      <div class="projector-buttons">
        <button type="button" class="button" title="Hide the chances until they are asked for (G)" aria-pressed=${guessFirst.value} onClick=${toggleGuess}>Guess first</button>
        <button type="button" class="button" aria-label="Delete last token" title="Delete last token (left arrow)" aria-disabled=${store.completion.value.length === 0} onClick=${deleteLast}>${h(Icon, { name: "back" })}</button>
        <button type="button" class="button" title=${playing ? "Pause (space)" : (reason ?? "Play (space)")} aria-disabled=${reason !== null} onClick=${togglePlay}>${h(Icon, { name: playing ? "pause" : "play" })}<span>${playing ? "Pause" : "Play"}</span></button>
        <button type="button" class="button button-primary" title=${reason ?? "Step (right arrow)"} aria-disabled=${reason !== null} onClick=${() => void step()}>${h(Icon, { name: "step" })}<span>Step</span></button>
        <button type="button" class="button" aria-label="Leave the projector view" title="Leave the projector view (P or Esc)" onClick=${leaveProjector}>${h(Icon, { name: "close" })}</button>
      </div>
    </div>
  `;
}
