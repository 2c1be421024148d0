// From an attribution's scores to what is painted on tokens: numbers in, numbers and words out.

/** @import { AttributionScores } from "../types/wire" */
/** @import { HeatCell, HeatPart } from "../types/app" */

/**
 * The parts of the context that have a score of their own: groups where there are any, else tokens.
 * @param {AttributionScores} answer
 * @returns {HeatPart[]}
 */
export function partsOf({ attributions, context_len, groups }) {
  if (groups.length > 0) return groups.map(({ start, end, score, value_without }) => ({ start, end, score, without: value_without }));
  return attributions.slice(0, context_len).map((score, index) => ({ start: index, end: index + 1, score, without: null }));
}

/**
 * Scores without those of the first token: what is left, as shares of what is left. `sink` is what it had, null
 * where nothing would be left without it.
 * @param {AttributionScores} answer whose scores are shares
 * @returns {{ answer: AttributionScores, sink: number | null }}
 */
export function withoutFirst(answer) {
  const [sink = 0, ...others] = answer.attributions;
  const rest = others.reduce((sum, score) => sum + score, 0);
  if (!(rest > 0)) return { answer, sink: null };
  const groups = answer.groups.map((group) => (group.start === 0 ? { ...group, start: 1, score: group.score - sink } : group));
  return {
    answer: {
      ...answer,
      attributions: [0, ...others.map((score) => score / rest)],
      groups: groups.filter(({ start, end }) => start < end).map((group) => ({ ...group, score: group.score / rest })),
    },
    sink,
  };
}

/**
 * One cell for each token of the context. Strength is relative to the largest score, so that one
 * token is always at full strength; without any score there is no heat.
 * @param {AttributionScores} answer
 * @returns {HeatCell[]}
 */
export function cellsOf(answer) {
  const parts = partsOf(answer);
  const largest = Math.max(0, ...parts.map((part) => Math.abs(part.score)));
  const nothing = { score: 0, strength: 0, against: false, without: null, size: 1 };
  const cells = Array.from({ length: answer.context_len }, () => /** @type {HeatCell} */ (nothing));
  for (const { start, end, score, without } of parts) {
    const strength = largest > 0 ? Math.abs(score) / largest : 0;
    cells.fill({ score, strength, against: score < 0, without, size: end - start }, start, end);
  }
  return cells;
}

/**
 * The parts with the largest scores, largest first.
 * @param {AttributionScores} answer
 * @param {number} count
 */
export function strongest(answer, count) {
  const parts = partsOf(answer).filter((part) => part.score !== 0);
  return parts.sort((a, b) => Math.abs(b.score) - Math.abs(a.score)).slice(0, count);
}

/**
 * A share of the whole as people read it; a contribution with its sign.
 * @param {number} score
 * @param {boolean} signed
 */
export function formatScore(score, signed) {
  if (!signed) return formatPercent(score);
  const size = Math.abs(score);
  const text = size === 0 || size >= 0.001 ? size.toFixed(3) : size.toExponential(1);
  return `${score < 0 ? "\u2212" : "+"}${text}`;
}

/**
 * 0.312 as 31 %, and what is small with the digits that tell it from nothing.
 * @param {number} share
 */
export function formatPercent(share) {
  const percent = share * 100;
  if (percent === 0) return "0 %";
  if (Math.abs(percent) < 0.1) return "under 0.1 %";
  return `${percent.toFixed(Math.abs(percent) < 9.95 ? 1 : 0)} %`;
}
