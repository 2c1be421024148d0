// How fast Play goes.

import { h, html } from "../html.js";
import { setMaxTokens, setSpeed } from "../state/actions.js";
import * as store from "../state/store.js";
import { plural } from "../lib/format.js";
import { Card } from "./card.js";
import { OptionalIntegerField } from "./fields.js";
import { Slider } from "./knobs.js";

export function SpeedCard() {
  const ms = store.speedMs.value;
  const most = store.maxTokens.value;
  const text = `${ms} ms`;
  const content = html`
    <div class="knob">
      <div class="knob-head">
        <label for="step-speed">One step every</label>
        <output class="knob-value" for="step-speed">${text}</output>
      </div>
      ${h(Slider, { id: "step-speed", min: 120, max: 2000, step: 10, value: ms, valueText: text, onValue: setSpeed })}
      <p class="quiet">From the start of one step to the start of the next. A slower model sets its own pace.</p>
    </div>
    <div class="knob">
      <div class="knob-head">
        <label for="max-tokens">Stop Play after</label>
        ${h(OptionalIntegerField, { id: "max-tokens", value: most, min: 1, placeholder: "no limit", onValue: (count) => setMaxTokens(count) })}
      </div>
      <p class="quiet">Tokens in one go. Without a number, Play goes on until the text ends.</p>
    </div>
  `;
  return h(Card, { id: "speed", title: "Step speed", collapsed: store.stepSpeedCollapsed, summary: `${text} per step${most === null ? "" : ` · ${plural(most, "token")} at most`}` }, content);
}
