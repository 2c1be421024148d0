// The distribution of the next token: rows, what was kept, and how to force one.

import { useRef, useState } from "preact/hooks";
import { h, html } from "../html.js";
import { lostFavourites, runsOf } from "../lib/candidates.js";
import { formatBits, formatCount, formatEnd, formatProbability, plural } from "../lib/format.js";
import { axisEnds, barScale } from "../lib/scale.js";
import { distributionAsPicture, setRows, toggleLlm } from "../state/actions.js";
import { heat } from "../state/heat.js";
import { constraintFailure } from "../state/constraint_check.js";
import { candidateIndex } from "../state/contrast.js";
import { held } from "../state/hand.js";
import { axis, chooseScale, scale, SCALES, scoresShown, toggleScores } from "../state/rows_view.js";
import { samePlace } from "../state/session.js";
import * as store from "../state/store.js";
import { ConstraintFailure } from "./constraint_failure.js";
import { CutRule } from "./cut_rule.js";
import { DistributionRow } from "./distribution_row.js";
import { Favourites } from "./favourites.js";
import { BoundedIntegerField } from "./fields.js";
import { ForceBar } from "./force_bar.js";
import { GrammarPanel } from "./grammar_panel.js";
import { useKeepFocus } from "./keep_focus.js";
import { AT_ONCE, LaterRows } from "./later_rows.js";
import { PictureButton } from "./picture_button.js";
import { TokenSearch } from "./token_search.js";
import { walkOn } from "./walk.js";

/** @import { Distribution as Dist } from "../types/wire" */

const walk = walkOn("button.row");

export function Distribution() {
  const off = !store.llmEnabled.value;
  const dist = store.shown.value?.dist ?? null;
  return html`
    <section class="distribution" aria-labelledby="distribution-title" data-stale=${store.stale.value} data-scores=${scoresShown.value}>
      <div class="column-head" inert=${off}>
        <h2 id="distribution-title">Next token</h2>
        <span class="spacer"></span>
        ${h(ScaleSwitch, {})}
        <button type="button" class="button button-small" aria-pressed=${scoresShown.value} title="Show each token's logit and the logarithm of its raw probability" onClick=${toggleScores}>Logits</button>
        <label class="quiet" for="top-k">Rows</label>
        ${h(BoundedIntegerField, { id: "top-k", value: store.rows.value, min: 1, max: 50, title: "How many tokens are listed (1 to 50). This changes the view only, not the sampling.", onValue: setRows })}
        ${dist && h(PictureButton, { draw: distributionAsPicture, name: "next-token", what: "The distribution" })}
      </div>
      ${dist && !off ? h(Legend, { dist }) : null}
      ${off ? h(Off, {}) : dist ? h(Rows, { dist }) : h(Empty, {})}
      ${!off && h(GrammarPanel, {})}
      ${dist && !off ? h(TokenSearch, { dist }) : null}
      <div class="force-place" inert=${off}>${h(ForceBar, {})}</div>
    </section>
  `;
}

/** @param {{ dist: Dist }} props */
function Legend({ dist }) {
  return html`
    <div class="legend">
      <span class="legend-item" title="What the model says, before any sampling stage"><span class="swatch swatch-raw"></span>raw</span>
      <span class="legend-item" title="After all sampling stages: the chances in the draw"><span class="swatch swatch-final"></span>final</span>
      <span class="legend-kept numbers" role="status" aria-live=${held.value ? "off" : "polite"}>${store.reading.value ? readingText() : keptText(dist)}</span>
    </div>
    <div class="row row-head" aria-hidden="true">
      <span class="row-rank" title="The rank after all stages; of tokens that were cut, the raw rank">#</span><span class="row-name">token</span><span class="row-scale">${axisEnds(axis.value).map((end) => html`<span key=${end}>${formatEnd(end)}</span>`)}</span>
      <span class="row-number row-final">final</span><span class="row-number row-base">raw</span>
      ${scoresShown.value && html`<span class="row-number row-logit" title="The model's raw score">logit</span><span class="row-number row-ln" title="Natural logarithm of the raw probability">ln raw</span>`}
    </div>
  `;
}

/** @param {Dist} dist */
function keptText(dist) {
  const legal = dist.constraint_active ? dist.stages.find(({ id }) => id === "constraint")?.kept : undefined;
  const ended = store.shown.value?.grammar?.ended === true;
  const allowed = legal === undefined ? "" : ended ? "the grammar allows only the end, " : `the grammar allows ${plural(legal, "token")}, `;
  if (store.greedy.value) return `${allowed}greedy: always the top token`;
  if (legal !== undefined) return `${allowed}top-p keeps ${formatCount(dist.kept_token_count)}`;
  const bits = dist.stages.at(-1)?.entropy_bits;
  const all = dist.kept_token_count === store.status.value?.logit_size;
  const kept = `top-p keeps ${all ? "all " : ""}${plural(dist.kept_token_count, "token")}`;
  return bits === undefined ? kept : `${kept} · ${formatBits(bits)}`;
}

function readingText() {
  return `Reading ${plural(store.promptTokens.value.length + store.completion.value.length, "token")}…`;
}

/** @param {{ dist: Dist }} props */
function Rows({ dist }) {
  const chosen = store.shown.value?.chosen ?? null;
  const greedy = store.greedy.value;
  const pick = greedy && chosen === null ? greedyPick(dist) : null;
  const painted = heat.value?.target ?? null;
  const place = store.method.value ? candidateIndex() : null;
  const measure = axis.value;
  const width = barScale(measure);
  const list = useRef(/** @type {HTMLElement | null} */ (null));
  const moving = useMoving();
  // Tab stops at one row, the arrows go on from there.
  const [stop, setStop] = useState(0);
  const last = dist.tokens.filter((row) => row.valid).length - 1;
  const onFocusIn = (/** @type {Event} */ event) => {
    const rows = [...(list.current?.querySelectorAll("button.row") ?? [])];
    setStop(Math.max(0, rows.indexOf(/** @type {Element} */ (event.target))));
  };
  useKeepFocus(list, "button.row");
  const about = (/** @type {number} */ id, /** @type {string} */ display) => ({
    chosen: id === chosen,
    painted: painted !== null && painted.index === place && painted.id === id,
    target: place === null ? null : { index: place, id, display },
  });
  const draw = (/** @type {Dist} */ dist, /** @type {number} */ first, /** @type {number} */ end) => {
    const runs = runsOf(dist.tokens);
    return dist.tokens.slice(first, end).map((row, offset) => {
      const index = first + offset;
      return [
        runs.filter(({ first }) => first === index).map((run) => h(CutRule, { key: `rule${index}`, run })),
        // The focus stays where it is when other tokens come.
        h(DistributionRow, { key: index, row, axis: measure, pick: row.id === pick, stop: index === Math.min(stop, last), ...about(row.id, row.display) }),
      ];
    });
  };
  const elsewhere = chosen !== null && ![...dist.tokens, ...lostFavourites(dist)].some((row) => row.id === chosen);
  const beyond = Math.max(dist.other_p_final, dist.other_p_base) > measure.top;
  return html`
    <ol class="rows" ref=${list} data-wire="row-frame" data-moving=${moving} aria-label="Most likely tokens" onKeyDown=${walk} onFocusIn=${onFocusIn}>
      ${draw(dist, 0, AT_ONCE)}
      ${h(LaterRows, { dist, first: AT_ONCE, about: [chosen, pick, painted, place, stop, last, measure.kind, measure.top], draw })}
      <li class="row row-other" key="other" data-wire="row" data-share=${dist.other_p_final} data-chosen=${elsewhere}
        title=${`All tokens that are not listed, together${beyond ? ". Their bar goes on beyond the axis." : ""}`}>
        <span class="row-rank"></span>
        <span class="row-token">Other</span>
        <span class="track" data-beyond=${beyond}><span class="bar-final" style=${{ width: width(dist.other_p_final) }}></span><span class="bar-raw" style=${{ width: width(dist.other_p_base) }}></span></span>
        <span class="row-number row-final">${formatProbability(dist.other_p_final)}</span>
        <span class="row-number row-base">${formatProbability(dist.other_p_base)}</span>
      </li>
    </ol>
    ${h(Favourites, { dist, axis: measure, about })}
  `;
}

/**
 * Bars travel where a knob or another scale moved them. Those that a slider moves while it is held jump with
 * the hand: on their way they would be behind it. Those of another position are about other tokens and stand
 * at once, which also spares the browser ten layouts after each step.
 */
function useMoving() {
  const now = { place: store.shown.value?.place, dist: store.shown.value?.dist, axis: axis.value };
  const last = useRef({ ...now, moving: false });
  const before = last.current;
  if (before.dist !== now.dist || before.axis !== now.axis) {
    const samePosition = before.place !== undefined && now.place !== undefined && samePlace(before.place, now.place);
    last.current = { ...now, moving: samePosition && (before.axis.kind !== now.axis.kind || store.shown.value?.byHand !== true) };
  }
  return last.current.moving;
}

/** @type {Record<typeof SCALES[number], string>} */
const SCALE_ABOUT = {
  fit: "Linear, and as long as the likeliest token needs it: the axis ends where its label says",
  linear: "Linear from 0 to 1: twice as likely is twice as long",
  log: "Logarithmic: each power of ten is as long as the next, so that unlikely tokens can be seen",
};

function ScaleSwitch() {
  return html`
    <fieldset class="segmented segmented-words">
      <legend class="sr-only">Scale of the bars</legend>
      ${SCALES.map((name) => html`
        <label key=${name} title=${SCALE_ABOUT[name]}>
          <input type="radio" name="scale" class="sr-only" value=${name} checked=${scale.value === name} onChange=${() => chooseScale(name)} />
          <span>${name}</span>
        </label>`)}
    </fieldset>
  `;
}

function Empty() {
  const failure = store.shown.value?.failure;
  const waiting = store.status.value?.load
    ? "The model is loading. Its first distribution appears here."
    : store.reading.value ? readingText() : "No distribution yet.";
  return html`
    <div class="empty" data-wire="row-frame">
      ${failure && constraintFailure()
        ? h(ConstraintFailure, { failure })
        : failure
        ? html`<p class="empty-title">No distribution for this text</p><p>${failure.detail}</p>${failure.hint && html`<p class="quiet">${failure.hint}</p>`}`
        : html`<p class="quiet">${waiting}</p>`}
    </div>
  `;
}

function Off() {
  return html`
    <div class="empty" data-wire="row-frame">
      <p class="empty-title">The LLM is off</p>
      <p>Only the tokens of the text are shown.</p>
      <button type="button" class="button" onClick=${toggleLlm}>Switch on</button>
    </div>
  `;
}

/** @param {Dist} dist */
function greedyPick(dist) {
  const best = dist.tokens.reduce((top, row) => (row.p_final > top.p_final ? row : top), dist.tokens[0] ?? { id: null, p_final: 0 });
  return best.p_final > 0 ? best.id : null;
}
