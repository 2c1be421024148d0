// Prompt and completion as running text beside the distribution of its next token.

import { h, html } from "../html.js";
import { plural } from "../lib/format.js";
import { LEVELS, MEASURES } from "../lib/tint.js";
import { textAsPicture } from "../state/actions.js";
import { heat } from "../state/heat.js";
import { chooseMeasure, measure } from "../state/reading.js";
import { completionText } from "../state/recorded.js";
import * as store from "../state/store.js";
import { CopyButton } from "./copy_button.js";
import { Distribution } from "./distribution.js";
import { HeatLine } from "./heat_line.js";
import { PictureButton } from "./picture_button.js";
import { Prose } from "./prose.js";

export function TextView() {
  const count = store.completion.value.length;
  return html`
    <div class="reading">
      <section class="reading-column" aria-labelledby="reading-title">
        <div class="column-head">
          <h2 id="reading-title">Prompt and completion</h2>
          <span class="quiet numbers">${plural(count, "token")}</span>
          <span class="spacer"></span>
          ${count > 0 && h(CopyButton, { text: completionText(store.completion.value), label: "Copy the completion" })}
          ${h(PictureButton, { draw: textAsPicture, name: "text", what: "The text" })}
        </div>
        ${h(MeasureSwitch, {})}
        ${h(Prose, {})}
        ${h(HeatLine, {})}
      </section>
      ${h(Distribution, {})}
    </div>
  `;
}

function MeasureSwitch() {
  const chosen = MEASURES.find((one) => one.id === measure.value);
  return html`
    <div class="tint-head">
      <fieldset class="segmented segmented-words">
        <legend class="sr-only">Tint by</legend>
        ${MEASURES.map(({ id, label, about }) => html`
          <label key=${id} title=${about}>
            <input type="radio" name="measure" class="sr-only" value=${id} checked=${id === measure.value} onChange=${() => chooseMeasure(id)} />
            <span>${label}</span>
          </label>`)}
      </fieldset>
      ${heat.value ? h(HeatLegend, { signed: heat.value.answer.options.signed === true }) : html`
        <p class="tint-legend" title=${chosen?.about}>
          <span>${chosen?.low}</span>
          <span class="tint-scale" aria-hidden="true">${Array.from({ length: LEVELS }, (_, level) => html`<span key=${level} class="tint-swatch" data-tint=${level}></span>`)}</span>
          <span>${chosen?.high}</span>
        </p>`}
    </div>
  `;
}

/** While there is heat, it takes the tint's place. @param {{ signed: boolean }} props */
function HeatLegend({ signed }) {
  if (signed) return html`<p class="tint-legend"><span class="heat-swatch" data-heat="for"></span><span>speaks for the token</span><span class="heat-swatch" data-heat="against"></span><span>against it</span></p>`;
  return html`<p class="tint-legend"><span>small part</span><span class="heat-scale" aria-hidden="true"></span><span>large part in the token</span></p>`;
}
