// One candidate: what the raw model gave it and what the stages left of it.

import { useRef } from "preact/hooks";
import { h, html } from "../html.js";
import { cutter } from "../lib/candidates.js";
import { formatCount, formatProbability, formatSigned } from "../lib/format.js";
import { isEqual } from "../lib/same.js";
import { barScale } from "../lib/scale.js";
import { aim, forceToken, leave } from "../state/actions.js";
import { scoresShown } from "../state/rows_view.js";
import { cutText } from "./cut_rule.js";
import { InvalidRow } from "./invalid_row.js";
import { isMovingFocus } from "./keep_focus.js";
import { hideDetail, showDetail, showDetailSoon, toggleDetail } from "./row_detail.js";
import { isStill } from "./still_pointer.js";
import { TokenText } from "./token_text.js";

/** @import { DistributionRow as Row } from "../types/wire" */
/** @import { Axis } from "../lib/scale.js" */
/** @import { Target } from "../types/app" */

/** @typedef {Event & { currentTarget: HTMLElement }} RowEvent */

/** @typedef {{ row: Row, axis: Axis, chosen: boolean, pick: boolean, painted: boolean, target: Target | null, stop: boolean, byRaw?: boolean }} RowProps */

/**
 * A step is told with the distribution that was there before it, so most rows stay as they are: those are not
 * drawn again.
 * @param {RowProps} props
 */
export function DistributionRow(props) {
  const last = useRef(/** @type {{ props: RowProps, drawn: any } | null} */ (null));
  if (!last.current || !isEqual(last.current.props, props)) last.current = { props, drawn: props.row.valid ? h(LegalRow, props) : h(InvalidRow, props) };
  return last.current.drawn;
}

/**
 * `pick` marks the row that greedy decoding is about to take, `painted` the one that the heat is about.
 * `stop` makes it the row that Tab stops at; `byRaw` counts it by its raw rank, as those that were cut always are.
 * @param {RowProps} props
 */
function LegalRow({ row, axis, chosen, pick, painted, target, stop, byRaw = false }) {
  const pointer = useRef("");
  const final = formatProbability(row.p_final);
  const base = formatProbability(row.p_base);
  const width = barScale(axis);
  const cut = cutter(row);
  const raw = byRaw || row.rank_final === null;
  const [logit, logRaw] = scoresShown.value ? [formatSigned(row.logit, 2), formatSigned(Math.log(row.p_base), 2)] : [];
  // For screen readers the token is a picture whose description says the row, and the rest of it is hidden.
  // Words that only they read, whether between the numbers or as a sentence beside them, took the browser a
  // third of the layout of fifty rows; a label of the button would have to repeat what is seen, word for word.
  const said = [`${raw ? `raw rank ${row.rank_base}` : `rank ${row.rank_final}`} ${row.display}`, `final ${final}`, `raw ${base}`];
  if (logit !== undefined) said.push(`logit ${logit}`, `logarithm of raw ${logRaw}`);
  if (pick) said.push("will be picked");
  if (cut !== null) said.push(cutText(cut));
  const onClick = (/** @type {RowEvent} */ event) => {
    const tapped = pointer.current === "touch";
    pointer.current = "";
    // A finger cannot look before it presses.
    if (tapped) {
      if (target) aim(target, { keep: true });
      return toggleDetail(row.id, event.currentTarget);
    }
    hideDetail();
    void forceToken(row.id);
  };
  const onFocus = (/** @type {RowEvent} */ { currentTarget }) => {
    if (isMovingFocus() || !currentTarget.matches(":focus-visible")) return;
    showDetail(row.id, currentTarget);
    if (target) aim(target);
  };
  const onBlur = () => {
    hideDetail("focus");
    leave();
  };
  const onPointerEnter = (/** @type {PointerEvent & RowEvent} */ event) => {
    if (event.pointerType !== "mouse" || isStill(event)) return;
    showDetailSoon(row.id, event.currentTarget);
    if (target) aim(target);
  };
  const onPointerLeave = (/** @type {PointerEvent} */ { pointerType }) => {
    hideDetail("hover");
    if (pointerType === "mouse") leave();
  };
  return html`
    <li class="row-item" data-wire="row" data-share=${row.p_final}>
      <button type="button" class="row" tabindex=${stop ? 0 : -1} data-kept=${row.kept} data-chosen=${chosen} data-pick=${pick} data-target=${painted}
        aria-describedby="row-detail" onClick=${onClick} onFocus=${onFocus} onBlur=${onBlur}
        onPointerDown=${(/** @type {PointerEvent} */ event) => (pointer.current = event.pointerType)}
        onPointerEnter=${onPointerEnter} onPointerLeave=${onPointerLeave}>
        <span class="row-rank" aria-hidden="true">${raw ? formatCount(row.rank_base) : html`${row.rank_final}${rankChange(row)}`}</span>
        <span class=${`row-token ${row.special ? "row-special" : ""}`} role="img" aria-label=${`${said.join(", ")}. Force this token.`}>${h(TokenText, { display: row.display, compact: true })}</span>
        ${pick && html`<span class="row-note" aria-hidden="true">will be picked</span>`}
        <span class="track" aria-hidden="true">
          <span class="bar-final" style=${{ width: width(row.p_final) }}></span>
          <span class="bar-raw" style=${{ width: width(row.p_base) }}></span>
        </span>
        <span class="row-number row-final" aria-hidden="true">${final}</span>
        <span class="row-number row-base" aria-hidden="true">${base}</span>
        ${logit !== undefined && html`<span class="row-number row-logit" aria-hidden="true">${logit}</span><span class="row-number row-ln" aria-hidden="true">${logRaw}</span>`}
      </button>
    </li>
  `;
}

/** @param {Row} row */
function rankChange(row) {
  const change = row.rank_final === null ? 0 : row.rank_base - row.rank_final;
  if (change === 0) return null;
  // A grammar moves tokens by thousands of places, and the column has room for two digits.
  return html`<span class="rank-change">${change > 0 ? "▴" : "▾"}${Math.abs(change) > 99 ? "99+" : Math.abs(change)}</span>`;
}
