// Why an option of a multiple choice is as likely as it is. The rows look at the first token alone; the whole is
// that, times the rest of the option, times the chance that the model then stops there.

/** @import { ChoiceScore } from "../types/wire" */

/** Natural logarithms of the three factors; 0 where an option has no rest, -Infinity for what never happens. */
/** @typedef {{ first: number, rest: number, end: number }} Logs */

/**
 * The factors and their product as probabilities. `firstShare` is the option's part of all first tokens, each counted
 * once however many options begin with it; `share` is its part of all wholes.
 * @typedef {{ text: string, tokens: ChoiceScore["tokens"], logs: Logs, first: number, rest: number, end: number, whole: number, firstShare: number, share: number }} Option
 */

/**
 * `leader` is an option with the likeliest first token, `winner` the likeliest as a whole, and `turn` the factor that
 * makes them two: null if they begin alike.
 * @typedef {{ leader: Option, winner: Option, turn: "rest" | "end" | null }} Verdict
 */

/**
 * @param {ChoiceScore[]} choices
 * @returns {Option[]}
 */
export function optionsOf(choices) {
  const firsts = new Map(choices.map(({ tokens, log_probabilities }) => [tokens[0]?.id, Math.exp(log_probabilities[0] ?? 0)]));
  const all = sum([...firsts.values()]);
  return choices.map(({ text, tokens, log_probabilities: [first = 0, ...others], end_log_probability, p, p_normalised }) => {
    const logs = { first, rest: sum(others), end: end_log_probability ?? -Infinity };
    return {
      text, tokens, logs, first: Math.exp(logs.first), rest: Math.exp(logs.rest), end: Math.exp(logs.end), whole: p,
      firstShare: all > 0 ? Math.exp(first) / all : 0, share: p_normalised,
    };
  });
}

/**
 * Null where there is nothing to compare.
 * @param {Option[]} options
 * @returns {Verdict | null}
 */
export function verdictOf(options) {
  if (options.length < 2) return null;
  const leader = options.reduce((best, one) => (one.logs.first > best.logs.first ? one : best));
  const winner = options.reduce((best, one) => (whole(one) > whole(best) ? one : best));
  if (leader.tokens[0]?.id === winner.tokens[0]?.id || whole(winner) === -Infinity) return { leader, winner, turn: null };
  const [rest, end] = [winner.logs.rest - leader.logs.rest, winner.logs.end - leader.logs.end];
  // What never happens is infinitely rarer, and two of those do not differ.
  return { leader, winner, turn: (rest || 0) > (end || 0) ? "rest" : "end" };
}

/** Of the logarithms, since the products of long options are zero. @param {Option} option */
function whole({ logs: { first, rest, end } }) {
  return first + rest + end;
}

/** @param {number[]} values */
function sum(values) {
  return values.reduce((total, value) => total + value, 0);
}
