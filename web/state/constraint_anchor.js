// From which token of a completion the grammar counts. Each branch has a place of its own; the constraint is one for
// all. What people chose is a token and not a number, so that it stays at its place through rewinds and other ways:
// what counts is how much of the way to it the completion has gone.

import { computed } from "@preact/signals";
import { plural } from "../lib/format.js";
import { selectBranch } from "./branches.js";
import { activeBranch, completionOf, lastNode, sharedLength } from "./session.js";
import * as store from "./store.js";
import { written } from "./written_constraint.js";

/** @import { ConstraintParams } from "../types/wire" */
/** @import { Branch, BranchId, Session, TokenNode } from "../types/app" */

/** The completion's index from which the grammar counts. */
export const anchorIndex = computed(() => anchorIn(store.session.value));

/**
 * The same for the active branch of another session. Without a choice of the user's, a completion goes on as its
 * last token was drawn, if that was under this very constraint. Any other completion was not written for it, so the
 * grammar counts from its end.
 * @param {Session} session
 */
export function anchorIn(session) {
  const { id } = activeBranch(session);
  const chosen = store.constraintAnchors.value[id];
  if (chosen !== undefined) return sharedLength(session, chosen);
  const { length } = completionOf(session);
  const { enabled, anchor = 0, ...drawn } = lastNode(session)?.constraint ?? {};
  return enabled && same(drawn) ? Math.min(anchor, length) : length;
}

/**
 * The anchor of the last token that was drawn under any constraint: where a session that was kept goes on counting
 * from. Undefined if there is no such token.
 * @param {Session} session
 * @returns {TokenNode | null | undefined}
 */
export function recordedAnchor(session) {
  const nodes = completionOf(session);
  const last = nodes.findLast((node) => node.constraint?.enabled);
  return last && (nodes[(last.constraint?.anchor ?? 0) - 1] ?? null);
}

/**
 * @param {TokenNode | null} node null is the beginning
 * @param {BranchId} [id]
 */
export function chooseAnchor(node, id = store.branch.value.id) {
  store.constraintAnchors.value = { ...store.constraintAnchors.value, [id]: node };
  left?.ends.delete(id);
}

/** A fork goes on as the branch that it is a copy of. @param {BranchId} from @param {BranchId} to */
export function copyAnchor(from, to) {
  const chosen = store.constraintAnchors.value[from];
  if (chosen !== undefined) chooseAnchor(chosen, to);
}

/** Before the constraint becomes another one while it is on: what was counted so far still does. */
export function keepAnchors() {
  const session = store.session.value;
  const all = session.branches.map(({ id }) => {
    const own = selectBranch(session, id);
    return /** @type {const} */ ([id, completionOf(own)[anchorIn(own) - 1] ?? null]);
  });
  store.constraintAnchors.value = { ...Object.fromEntries(all), ...store.constraintAnchors.value };
}

/** What was chosen before the constraint was switched off: for which constraint, and where the branches ended. */
let left = /** @type {{ rule: string, ends: Map<BranchId, Branch["leaf"]> } | null} */ (null);

/** When the constraint is switched off. */
export function leaveAnchors() {
  const chosen = store.session.value.branches.filter(({ id }) => store.constraintAnchors.value[id] !== undefined);
  left = { rule: JSON.stringify(written.value), ends: new Map(chosen.map(({ id, leaf }) => [id, leaf])) };
}

/** When it is switched on again: choices are about what was there, and not about what was written without it. */
export function resumeAnchors() {
  const { rule, ends } = left ?? { rule: "", ends: new Map() };
  const changed = rule !== JSON.stringify(written.value);
  const isOver = (/** @type {Branch} */ { id, leaf }) => ends.has(id) && (changed || ends.get(id) !== leaf);
  const over = store.session.value.branches.filter(isOver).map(({ id }) => String(id));
  store.constraintAnchors.value = Object.fromEntries(Object.entries(store.constraintAnchors.value).filter(([id]) => !over.includes(id)));
  left = null;
}

/**
 * Says so if an edit took away the token from which the grammar counted.
 * @param {{ id: BranchId, index: number }} before
 */
export function tellLostAnchor({ id, index }) {
  const now = anchorIndex.value;
  if (!store.constraintOn.value || store.branch.value.id !== id || now >= index) return;
  const where = now === 0 ? "from the start" : `after ${plural(now, "token")}, where the text ends now`;
  store.message.value = `${store.message.value} The place from which the grammar counted is gone: it counts ${where}.`.trim();
}

/** Where the grammar counts from at this moment, for `tellLostAnchor`. */
export function anchorNow() {
  return { id: store.branch.value.id, index: anchorIndex.value };
}

/** @param {ConstraintParams} drawn */
function same({ type, schema, whitespace }) {
  const now = written.value;
  return now !== null && type === now.type && schema === now.schema && (whitespace ?? "single") === (now.whitespace ?? "single");
}
