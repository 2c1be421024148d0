// The distribution of the next token: rows, what was kept, and how to force one.

import { useRef, useState } from "preact/hooks";
import { h, html } from "../html.js";
import { formatBits, formatCount, formatProbability, formatScientific, plural, stageName } from "../lib/format.js";
import { SMALLEST } from "../lib/scale.js";
import { setRows, toggleLlm } from "../state/actions.js";
import { heat } from "../state/attribution.js";
import { constraintFailure } from "../state/constraint_check.js";
import { candidateIndex } from "../state/contrast.js";
import { held } from "../state/hand.js";
import { chooseScale, scale, SCALES, scoresShown, toggleScores } from "../state/rows_view.js";
import { samePlace } from "../state/session.js";
import * as store from "../state/store.js";
import { rowWidth } from "./bar.js";
import { ConstraintFailure } from "./constraint_failure.js";
import { DistributionRow } from "./distribution_row.js";
import { BoundedIntegerField } from "./fields.js";
import { ForceBar } from "./force_bar.js";
import { GrammarPanel } from "./grammar_panel.js";
import { useKeepFocus } from "./keep_focus.js";
import { AT_ONCE, LaterRows } from "./later_rows.js";
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
      <span class="row-rank">#</span><span>token</span><span class="row-scale"><span>${scale.value === "log" ? formatScientific(SMALLEST).replace(".0", "") : "0"}</span><span>1</span></span>
      <span class="row-number">final</span><span class="row-number">raw</span>
      ${scoresShown.value && html`<span class="row-number" title="The model's raw score">logit</span><span class="row-number" title="Natural logarithm of the raw probability">ln raw</span>`}
    </div>
  `;
}

/** @param {Dist} dist */
function keptText(dist) {
  const legal = dist.constraint_active ? dist.stages.find(({ id }) => id === "constraint")?.kept : undefined;
  const allowed = legal === undefined ? "" : `the grammar allows ${plural(legal, "token")}, `;
  if (store.branch.value.params.greedy) return `${allowed}greedy: always the top token`;
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
  const { greedy } = store.branch.value.params;
  const pick = greedy && chosen === null ? greedyPick(dist) : null;
  const painted = heat.value?.target ?? null;
  const place = store.method.value ? candidateIndex() : null;
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
  const draw = (/** @type {Dist} */ dist, /** @type {number} */ first, /** @type {number} */ end) => {
    const rule = cutRule(dist);
    return dist.tokens.slice(first, end).map((row, offset) => {
      const index = first + offset;
      return [
        index === rule?.before && html`<li class="cut-rule" key="rule" aria-hidden="true"><span>cut by ${stageName(rule.stage)}</span></li>`,
        // The focus stays where it is when other tokens come.
        h(DistributionRow, { key: index, row, chosen: row.id === chosen, pick: row.id === pick, stop: index === Math.min(stop, last), painted: painted !== null && painted.index === place && painted.id === row.id,
          target: place === null ? null : { index: place, id: row.id, display: row.display } }),
      ];
    });
  };
  const elsewhere = chosen !== null && !dist.tokens.some((row) => row.id === chosen);
  return html`
    <ol class="rows" ref=${list} data-wire="row-frame" data-moving=${moving} aria-label="Most likely tokens" onKeyDown=${walk} onFocusIn=${onFocusIn}>
      ${draw(dist, 0, AT_ONCE)}
      ${h(LaterRows, { dist, first: AT_ONCE, about: [chosen, pick, painted, place, stop, last], draw })}
      <li class="row row-other" key="other" data-wire="row" data-share=${dist.other_p_final} data-chosen=${elsewhere}
        title="All tokens that are not listed, together">
        <span class="row-rank"></span>
        <span class="row-token">Other</span>
        <span class="track"><span class="bar-final" style=${{ width: rowWidth(dist.other_p_final) }}></span><span class="bar-raw" style=${{ width: rowWidth(dist.other_p_base) }}></span></span>
        <span class="row-number row-final">${formatProbability(dist.other_p_final)}</span>
        <span class="row-number row-base">${formatProbability(dist.other_p_base)}</span>
      </li>
    </ol>
  `;
}

/**
 * Bars travel where a knob or another scale moved them. Those that a slider moves while it is held jump with
 * the hand: on their way they would be behind it. Those of another position are about other tokens and stand
 * at once, which also spares the browser ten layouts after each step.
 */
function useMoving() {
  const now = { place: store.shown.value?.place, dist: store.shown.value?.dist, scale: scale.value };
  const last = useRef({ ...now, moving: false });
  const before = last.current;
  if (before.dist !== now.dist || before.scale !== now.scale) {
    const samePosition = before.place !== undefined && now.place !== undefined && samePlace(before.place, now.place);
    last.current = { ...now, moving: samePosition && (before.scale !== now.scale || store.shown.value?.byHand !== true) };
  }
  return last.current.moving;
}

function ScaleSwitch() {
  return html`
    <fieldset class="segmented segmented-words">
      <legend class="sr-only">Scale of the bars</legend>
      ${SCALES.map((name) => html`
        <label key=${name} title=${name === "log" ? "Logarithmic: each power of ten is as long as the next, so that unlikely tokens can be seen" : "Linear: twice as likely is twice as long"}>
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

/**
 * Where one stage cut everything from some row on, one line says it for all of them.
 * @param {Dist} dist
 */
function cutRule({ tokens }) {
  const before = tokens.findIndex((row) => !row.kept);
  const stage = tokens[before]?.cut_by;
  if (before < 1 || !stage) return null;
  return tokens.slice(before).every((row) => row.cut_by === stage) ? { before, stage } : null;
}

/** @param {Dist} dist */
function greedyPick(dist) {
  const best = dist.tokens.reduce((top, row) => (row.p_final > top.p_final ? row : top), dist.tokens[0] ?? { id: null, p_final: 0 });
  return best.p_final > 0 ? best.id : null;
}
