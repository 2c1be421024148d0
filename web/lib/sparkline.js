// A sparkline of probabilities: where its points are. Probabilities of one run span many decades,
// and what matters is by how many they fall, so the scale is logarithmic. No DOM in here.

/** @import { Point } from "../types/app" */

/** @typedef {{ lines: string[], dots: Point[], last: Point | null, decades: number }} Sparkline */

/** Fewer decades would make a small dip look like a fall. */
const MIN_DECADES = 2;
/** What is less than this is drawn as this. */
const MAX_DECADES = 9;

/**
 * `values` from left to right; null is a gap. One is at the top, ten to the minus `decades` at the
 * bottom. A value between two gaps is a dot, since no line shows it.
 * @param {(number | null)[]} values
 * @param {{ width: number, height: number }} size
 * @returns {Sparkline}
 */
export function sparkline(values, { width, height }) {
  const decades = decadesOf(values);
  const step = values.length > 1 ? width / (values.length - 1) : 0;
  const points = values.map((value, index) => (value === null ? null : {
    x: values.length > 1 ? index * step : width / 2,
    y: (Math.min(decades, depth(value)) / decades) * height,
  }));
  const runs = runsOf(points);
  const at = (/** @type {Point} */ { x, y }) => `${round(x)} ${round(y)}`;
  return {
    lines: runs.filter((run) => run.length > 1).map((run) => `M${run.map(at).join(" L")}`),
    dots: runs.filter((run) => run.length === 1).flat(),
    last: points.at(-1) ?? null,
    decades,
  };
}

/**
 * The place of the smallest value, the first of several.
 * @param {(number | null)[]} values
 */
export function lowest(values) {
  let low = /** @type {{ index: number, value: number } | null} */ (null);
  values.forEach((value, index) => {
    if (value !== null && (low === null || value < low.value)) low = { index, value };
  });
  return low;
}

/** @param {(number | null)[]} values */
function decadesOf(values) {
  const deepest = Math.max(0, ...values.filter((value) => value !== null).map(depth));
  return Math.min(MAX_DECADES, Math.max(MIN_DECADES, Math.ceil(deepest)));
}

/** Decades below one. @param {number} value */
function depth(value) {
  return value > 0 ? Math.max(0, -Math.log10(value)) : MAX_DECADES;
}

/**
 * @param {(Point | null)[]} points
 * @returns {Point[][]}
 */
function runsOf(points) {
  const runs = /** @type {Point[][]} */ ([[]]);
  for (const point of points) {
    if (point === null) runs.push([]);
    else runs.at(-1)?.push(point);
  }
  return runs.filter((run) => run.length > 0);
}

/** @param {number} value */
function round(value) {
  return Math.round(value * 100) / 100;
}
