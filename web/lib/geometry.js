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

/** How far a card stays from what it is about, and from the edges of the room. */
const GAP = 8;

/** @typedef {{ width: number, height: number }} Size */
/** @typedef {{ left: number, top: number, height: number }} Standing `height` is the most that the card may take there */

/**
 * Where a floating card goes in a room: left of its row if it may stand there and there is space, else
 * under it, over it, right or left of it, so that it never covers what it is about. Where it fits nowhere,
 * it is made lower, under it or over it.
 * @param {Box} row
 * @param {Size} card
 * @param {Box} room
 * @param {boolean} [aside]
 * @returns {Standing}
 */
export function placeCard(row, card, room, aside = true) {
  const [first, last] = [room.top + GAP, room.bottom - GAP];
  const height = last - first;
  const [right, left] = [row.right + GAP, row.left - GAP - card.width];
  const level = within(row.top, first, Math.max(first, last - card.height));
  const fitsLeft = left >= room.left + GAP;
  if (aside && fitsLeft) return { left, top: level, height };
  const along = within(row.left, room.left + GAP, Math.max(room.left + GAP, room.right - card.width - GAP));
  const [below, above] = [last - row.bottom - GAP, row.top - GAP - first];
  if (card.height <= below) return { left: along, top: row.bottom + GAP, height: below };
  if (card.height <= above) return { left: along, top: row.top - GAP - card.height, height: above };
  if (right + card.width + GAP <= room.right) return { left: right, top: level, height };
  if (fitsLeft) return { left, top: level, height };
  if (below >= above) return { left: along, top: Math.min(row.bottom + GAP, last), height: Math.max(0, below) };
  return { left: along, top: first, height: above };
}

/**
 * Where a card goes that must not cover what it is about: right of it, else left, else as `placeCard` says.
 * @param {Box} about
 * @param {Size} card
 * @param {Box} room
 * @returns {Standing}
 */
export function placeBeside(about, card, room) {
  const gap = 12;
  const right = about.right + gap;
  const left = about.left - gap - card.width;
  const [first, last] = [room.top + GAP, room.bottom - GAP];
  const top = within(about.top, first, Math.max(first, last - card.height));
  if (right + card.width <= room.right - GAP) return { left: right, top, height: last - first };
  if (left >= room.left + GAP) return { left, top, height: last - first };
  return placeCard(about, card, room, false);
}

/**
 * Of the lines that a piece of text is broken into, the one that a point is on, or the nearest to it.
 * @template {Box} T
 * @param {readonly T[]} lines
 * @param {Point} point
 */
export function lineAt(lines, { x, y }) {
  const away = (/** @type {T} */ line) => Math.hypot(x - within(x, line.left, line.right), y - within(y, line.top, line.bottom));
  return lines.reduce((/** @type {T | undefined} */ best, line) => (best && away(best) <= away(line) ? best : line), undefined);
}

/** @param {number} value */
function round(value) {
  return Math.round(value * 10) / 10;
}

/**
 * @param {number} value
 * @param {number} low
 * @param {number} high
 */
function within(value, low, high) {
  return Math.min(high, Math.max(low, value));
}
