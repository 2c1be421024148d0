// How fast Play goes.

import { h, html } from "../html.js";
import { setFullSpeed, setMaxTokens, setSpeed } from "../state/actions.js";
import { MOST_TO_FINISH } from "../state/playback.js";
import * as store from "../state/store.js";
import { plural } from "../lib/format.js";
import { Card } from "./card.js";
import { OptionalIntegerField } from "./fields.js";
import { Slider, SwitchKnob } from "./knobs.js";

const FULL_SPEED = {
  id: "full-speed",
  label: "As fast as it goes",
  explanation: "No pause between steps, and no look ahead after each. Where steps come faster than they can be drawn, some are drawn together, and the bar below says so.",
};

export function SpeedCard() {
  const ms = store.speedMs.value;
  const most = store.maxTokens.value;
  const full = store.fullSpeed.value;
  const text = `${ms} ms`;
  const content = html`
    <div class="knob">
      <div class="knob-head">
        <label for="step-speed">One step every</label>
        <output class="knob-value" for="step-speed">${text}</output>
      </div>
      ${h(Slider, { id: "step-speed", min: 120, max: 2000, step: 10, value: ms, valueText: text, disabled: full, onValue: setSpeed })}
      <p class="quiet">From the start of one step to the start of the next. A slower model sets its own pace.</p>
    </div>
    ${h(SwitchKnob, { knob: FULL_SPEED, value: full, onValue: setFullSpeed })}
    <div class="knob">
      <div class="knob-head">
        <label for="max-tokens">Stop Play after</label>
        ${h(OptionalIntegerField, { id: "max-tokens", value: most, min: 1, placeholder: "no limit", onValue: (count) => setMaxTokens(count) })}
      </div>
      <p class="quiet">Tokens in one go. Without a number, Play goes on until the text ends, and Finish for ${plural(MOST_TO_FINISH, "token")} at most.</p>
    </div>
  `;
  const speed = full ? "as fast as it goes" : `${text} per step`;
  return h(Card, { id: "speed", title: "Step speed", collapsed: store.stepSpeedCollapsed, summary: `${speed}${most === null ? "" : ` · ${plural(most, "token")} at most`}` }, content);
}
