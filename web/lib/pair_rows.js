// Two distributions of the next token beside each other: the candidates of both, and how much of the
// probability lies elsewhere. Numbers in, numbers out.

/** @import { Distribution, DistributionRow } from "../types/wire" */

/** @typedef {{ low: number, high: number }} Bounds the same number twice where all of it is known */
/** @typedef {{ id: number, display: string, special: boolean, rows: (DistributionRow | null)[], change: number | null }} PairRow `change` is that of the final probability; null where one of them is not listed */
/** @typedef {{ rows: PairRow[], moved: { final: Bounds, raw: Bounds } | null }} Pair `moved` is null where a row is not listed on both sides */

/** @typedef {"p_final" | "p_base"} Field */

/** Two passes over one text differ by this much at most, by rounding alone. */
const SAME = 1e-5;

/**
 * The candidates of both. Those come first that change most in the draw; among equals those that change most
 * before it, and then the likelier.
 * @param {readonly (Distribution | null | undefined)[]} two
 * @returns {Pair}
 */
export function pairOf(two) {
  const lists = two.map((dist) => new Map([...(dist?.tokens ?? []), ...(dist?.probes ?? [])].map((row) => [row.id, row])));
  const all = new Map(lists.flatMap((list) => [...list]));
  const rows = [...all.values()].map(({ id, display, special }) => {
    const pair = lists.map((list) => list.get(id) ?? null);
    return { id, display, special, rows: pair, change: pair.includes(null) ? null : changeOf(pair, "p_final") };
  });
  const size = (/** @type {PairRow} */ one, /** @type {Field} */ field) => Math.abs(changeOf(one.rows, field));
  const height = (/** @type {PairRow} */ one, /** @type {Field} */ field) => Math.max(...one.rows.map((row) => row?.[field] ?? 0));
  rows.sort((a, b) => size(b, "p_final") - size(a, "p_final") || size(b, "p_base") - size(a, "p_base") || height(b, "p_final") - height(a, "p_final") || height(b, "p_base") - height(a, "p_base"));
  const known = rows.every((one) => one.change !== null);
  return { rows, moved: known ? { final: movedIn(rows, "p_final"), raw: movedIn(rows, "p_base") } : null };
}

/** All probabilities that are drawn. @param {readonly PairRow[]} rows */
export function probabilitiesIn(rows) {
  return rows.flatMap((one) => one.rows.flatMap((row) => (row ? [row.p_final, row.p_base] : [])));
}

/**
 * What is not listed is small, and counts as nothing.
 * @param {PairRow["rows"]} pair
 * @param {Field} field
 */
function changeOf([a, b], field) {
  return difference(a?.[field] ?? 0, b?.[field] ?? 0);
}

/**
 * @param {number} a
 * @param {number} b
 */
function difference(a, b) {
  return Math.abs(b - a) < SAME ? 0 : b - a;
}

/**
 * The total variation: how much probability has to move from some tokens to others to make one distribution of
 * the other, from 0, the same, to 1, nothing in common. Of the tokens without a row only the sum is known: they
 * may be the same on both sides or all different.
 * @param {PairRow[]} rows
 * @param {Field} field
 * @returns {Bounds}
 */
function movedIn(rows, field) {
  const [a = 0, b = 0] = [0, 1].map((side) => Math.max(0, 1 - rows.reduce((sum, one) => sum + (one.rows[side]?.[field] ?? 0), 0)));
  const listed = rows.reduce((sum, one) => sum + Math.abs(changeOf(one.rows, field)), 0);
  return { low: Math.min(1, (listed + Math.abs(difference(a, b))) / 2), high: Math.min(1, (listed + a + b) / 2) };
}
