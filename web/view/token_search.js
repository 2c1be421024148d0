// Any token of the vocabulary, with its rank and its probabilities.

import { useRef } from "preact/hooks";
import { h, html } from "../html.js";
import { runsOf } from "../lib/candidates.js";
import { formatCount, plural } from "../lib/format.js";
import { found, searchText, searchTokens } from "../state/token_search.js";
import { axis } from "../state/rows_view.js";
import * as store from "../state/store.js";
import { CutRule } from "./cut_rule.js";
import { DistributionRow } from "./distribution_row.js";
import { useKeepFocus } from "./keep_focus.js";
import { walkOn } from "./walk.js";

/** @import { Distribution } from "../types/wire" */

const walk = walkOn("button.row");

/** @param {{ dist: Distribution }} props */
export function TokenSearch({ dist }) {
  const list = useRef(/** @type {HTMLElement | null} */ (null));
  useKeepFocus(list, "button.row");
  const rows = searchText.value === "" ? [] : dist.probes.filter((row) => store.probes.value.includes(row.id));
  const runs = runsOf(rows);
  const onInput = (/** @type {Event & { currentTarget: HTMLInputElement }} */ event) => searchTokens(event.currentTarget.value);
  return html`
    <div class="find">
      ${rows.length > 0 && html`
        <ol class="rows found" ref=${list} aria-label="Tokens found" onKeyDown=${walk}>
          ${rows.map((row, index) => [
            runs.filter(({ first }) => first === index).map((run) => h(CutRule, { key: `rule${index}`, run, ranked: false })),
            h(DistributionRow, { key: index, row, axis: axis.value, byRaw: true, chosen: false, pick: false, painted: false, target: null, stop: index === 0 }),
          ])}
        </ol>`}
      <div class="find-line">
        <label class="quiet" for="find-token">Find a token</label>
        <input class="field field-code" type="search" id="find-token" autocomplete="off" spellcheck="false" placeholder="any text; spaces and capitals count"
          value=${searchText.value} onInput=${onInput} />
        <span class="quiet" role="status">${summary()}</span>
      </div>
    </div>
  `;
}

function summary() {
  const answer = found.value;
  if (!answer || searchText.value === "") return "";
  if (answer.found === 0) return "No token contains this.";
  return answer.found > answer.tokens.length ? `best ${answer.tokens.length} of ${plural(answer.found, "token")}` : plural(answer.found, "token");
}
