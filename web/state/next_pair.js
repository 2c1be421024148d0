// What two inputs would write next, beside each other: previews of both at their ends, each with its own
// parameters. Only the newest question counts.

import * as api from "../http/client.js";
import { pairOf } from "../lib/pair_rows.js";
import * as branches from "./branches.js";
import { requireUsable } from "./constraint_check.js";
import { newestOnly } from "./newest.js";
import { endRequest } from "./requests.js";
import { lastNode } from "./session.js";
import * as store from "./store.js";

/** @import { PreviewRequest } from "../types/wire" */
/** @import { BranchId, NextSide } from "../types/app" */

/** @typedef {{ request: PreviewRequest, foreign: string | null }} End `foreign` is the model whose tokens mean something else to the one that answers */
/** @typedef {{ key: string, about: string, sameText: boolean, ends: End[] }} Question `about` leaves out what only knobs change */

let wanted = /** @type {Question | null} */ (null);
const asking = newestOnly(async (signal) => {
  if (wanted) await answer(wanted, signal);
});

/**
 * What is to be asked about two branches; null while it cannot be: then the page says why.
 * @param {BranchId[]} ids
 * @returns {Question | null}
 */
export function questionAbout(ids) {
  const owner = store.tokenOwner.value;
  if (!store.ready.value || !store.llmEnabled.value || owner === "") return null;
  const ends = ids.map((id) => {
    const session = branches.selectBranch(store.session.value, id);
    const { model = owner } = lastNode(session) ?? {};
    return { request: endRequest(session), foreign: model === owner ? null : model };
  });
  const texts = ends.map(({ request: { prompt, system_prompt, use_chat_template, completion_ids } }) => JSON.stringify([prompt, system_prompt, use_chat_template, completion_ids]));
  return { key: JSON.stringify([owner, ends]), about: JSON.stringify([owner, texts]), sameText: texts[0] === texts[1], ends };
}

/**
 * While a knob moves, each answer is worth seeing; that of other texts is not.
 * @param {Question} question
 */
export function askNextPair(question) {
  const sameTexts = wanted?.about === question.about;
  wanted = question;
  if (sameTexts) asking.next();
  else asking.instead();
}

/**
 * @param {Question} question
 * @param {AbortSignal} signal
 */
async function answer({ key, about, sameText, ends }, signal) {
  try {
    const first = await Promise.all(ends.map((end) => ask(end, [], signal)));
    // What only one of them lists the other is asked about, so that every row has both numbers.
    const listed = first.map(({ dist }) => dist?.tokens.map((row) => row.id) ?? []);
    const sides = await Promise.all(ends.map((end, index) => {
      const missing = (listed[1 - index] ?? []).filter((id) => !listed[index]?.includes(id));
      const side = first[index];
      return side && (side.dist === null || missing.length === 0) ? side : ask(end, missing, signal);
    }));
    if (signal.aborted) return;
    const pair = sides.some(({ dist }) => dist === null) ? null : pairOf(sides.map(({ dist }) => dist));
    // After one text raw is one distribution, also where no row says so.
    if (sameText && pair?.moved) pair.moved.raw = { low: 0, high: 0 };
    store.nextPair.value = { key, about, sides, pair };
  } catch (error) {
    if (!signal.aborted && !api.isAbort(error)) throw error;
  }
}

/**
 * @param {End} end
 * @param {number[]} probes
 * @param {AbortSignal} signal
 * @returns {Promise<NextSide>}
 */
async function ask({ request, foreign }, probes, signal) {
  if (foreign !== null) return { dist: null, failure: { detail: `${foreign} wrote this completion, and its tokens mean something else to the model that answers now.`, hint: "" } };
  try {
    if (request.constraint) await requireUsable();
    const { dist, model } = await api.preview({ ...request, probe_ids: probes }, signal);
    // The page will hear of it and ask again.
    if (model.model_id !== store.tokenOwner.value) return { dist: null, failure: { detail: "Another model answers now.", hint: "" } };
    return { dist, failure: null };
  } catch (error) {
    if (!(error instanceof api.ApiError)) throw error;
    return { dist: null, failure: error.failure() };
  }
}
