// What the rows of a distribution are, apart from their numbers: which are cut together, and which of the
// model's favourites are missing. No DOM in here.

/** @import { Distribution, DistributionRow, RawFavourite } from "../types/wire" */

/** @typedef {{ first: number, stage: string, byRank: boolean }} Run */

/**
 * Runs of rows that one stage cut. Each begins at `first`; `byRank` tells that its raw ranks only go up.
 * @template {DistributionRow} Row
 * @param {readonly Row[]} rows
 * @param {(row: Row) => string | null} [stageOf]
 * @returns {Run[]}
 */
export function runsOf(rows, stageOf = cutter) {
  const runs = /** @type {Run[]} */ ([]);
  rows.forEach((row, index) => {
    const stage = stageOf(row);
    const before = rows[index - 1];
    if (stage === null) return;
    const run = runs.at(-1);
    if (run && before && stageOf(before) === stage) run.byRank &&= row.rank_base > before.rank_base;
    else runs.push({ first: index, stage, byRank: true });
  });
  return runs;
}

/** The stage that cut a row, "" where it is not known, null where the row is kept. @param {DistributionRow} row */
export function cutter(row) {
  if (!row.valid) return "constraint";
  return row.kept ? null : (row.cut_by ?? "");
}

/**
 * The raw favourites that would be among the rows if these were ordered by raw rank, and are not. Distributions
 * that were recorded by older versions do not say which these are.
 * @param {Pick<Distribution, "tokens"> & { raw_top?: RawFavourite[] }} dist
 */
export function lostFavourites({ tokens, raw_top = [] }) {
  const listed = new Set(tokens.map((row) => row.id));
  return raw_top.filter((row) => row.rank_base <= tokens.length && !listed.has(row.id));
}
