// Where wires run: boxes in, SVG path data out. No DOM in here.

/** @import { Box, Point, Wire } from "../types/app" */

/** @param {Box} box */
export function middleLeft(box) {
  return { x: box.left, y: (box.top + box.bottom) / 2 };
}

/** @param {Box} box */
export function middleRight(box) {
  return { x: box.right, y: (box.top + box.bottom) / 2 };
}

/**
 * A cubic curve that leaves and arrives level.
 * @param {Point} from
 * @param {Point} to
 */
export function curve(from, to) {
  const reach = 0.55 * (to.x - from.x);
  const at = (/** @type {number} */ x, /** @type {number} */ y) => `${round(x)} ${round(y)}`;
  return `M${at(from.x, from.y)} C${at(from.x + reach, from.y)} ${at(to.x - reach, to.y)} ${at(to.x, to.y)}`;
}

/**
 * @param {Point} from
 * @param {Point} to
 */
export function line(from, to) {
  return `M${round(from.x)} ${round(from.y)} L${round(to.x)} ${round(to.y)}`;
}

/**
 * Of items one below the other, those whose middle can be seen inside a scrolling frame. Asking the browser
 * for a box takes time, so the first one is searched for by halves.
 * @template T
 * @param {readonly T[]} items
 * @param {(item: T) => Box} boxOf
 * @param {Box} frame
 * @returns {{ item: T, box: Box }[]}
 */
export function runIn(items, boxOf, frame) {
  const middle = (/** @type {Box} */ box) => (box.top + box.bottom) / 2;
  let [first, end] = [0, items.length];
  while (first < end) {
    const half = (first + end) >> 1;
    if (middle(boxOf(/** @type {T} */ (items[half]))) < frame.top) first = half + 1;
    else end = half;
  }
  const run = [];
  for (const item of items.slice(first)) {
    const box = boxOf(item);
    if (middle(box) > frame.bottom) break;
    run.push({ item, box });
  }
  return run;
}

/**
 * From one source to many rows; later rows are drawn a little stronger, so that a dense bundle
 * still has a direction.
 * @param {Point} source
 * @param {Box[]} rows
 * @returns {Wire[]}
 */
export function fanOut(source, rows) {
  return rows.map((row, index) => ({
    d: curve(source, { x: row.left - 2, y: middleLeft(row).y }),
    opacity: Math.min(0.6, 0.28 + 0.012 * index),
  }));
}

/**
 * Level stubs from rows to the side of a box.
 * @param {Box[]} rows
 * @param {number} x
 * @returns {Wire[]}
 */
export function levelStubs(rows, x) {
  return rows.map((row, index) => {
    const from = middleRight(row);
    return { d: line({ x: from.x + 3, y: from.y }, { x: x - 3, y: from.y }), opacity: Math.min(0.55, 0.28 + 0.01 * index) };
  });
}

/**
 * Level stubs from the side of a box to rows, as strong as the row's share.
 * @param {number} x
 * @param {{box: Box, share: number}[]} rows
 * @returns {Wire[]}
 */
export function weightedStubs(x, rows) {
  return rows.map(({ box, share }) => {
    const to = middleLeft(box);
    return { d: line({ x: x + 3, y: to.y }, { x: to.x - 3, y: to.y }), opacity: 0.2 + 0.8 * Math.min(1, Math.max(0, share)) };
  });
}

/**
 * Where a floating card goes: left of its row if it may stand there and there is room, else under it,
 * else over it.
 * @param {Box} row
 * @param {{width: number, height: number}} card
 * @param {{width: number, height: number}} space
 * @param {boolean} [aside]
 */
export function placeCard(row, card, space, aside = true) {
  const gap = 8;
  if (aside && row.left - gap - card.width >= gap) {
    const top = Math.min(row.top, space.height - card.height - gap);
    return { left: row.left - gap - card.width, top: Math.max(gap, top) };
  }
  const left = Math.max(gap, Math.min(row.left, space.width - card.width - gap));
  const below = row.bottom + gap;
  const top = below + card.height <= space.height - gap ? below : Math.max(gap, row.top - gap - card.height);
  return { left, top };
}

/**
 * Where a card goes that must not cover what it is about: right of it, else left, and inside the window.
 * @param {Box} about
 * @param {{width: number, height: number}} card
 * @param {{width: number, height: number}} space
 */
export function placeBeside(about, card, space) {
  const gap = 12;
  const edge = 8;
  const right = about.right + gap;
  const left = about.left - gap - card.width;
  const fits = right + card.width <= space.width - edge ? right : left >= edge ? left : space.width - card.width - edge;
  return { left: Math.max(edge, fits), top: Math.max(edge, Math.min(about.top, space.height - card.height - edge)) };
}

/** @param {number} value */
function round(value) {
  return Math.round(value * 10) / 10;
}
