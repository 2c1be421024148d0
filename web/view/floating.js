// Cards that float over the page: the room that they may take, and the line of a token that they stand at.

import { lineAt } from "../lib/geometry.js";

/** @import { Box, Point } from "../types/app" */
/** @import { Size, Standing } from "../lib/geometry.js" */

/** Between the header and the controls, which no card covers. @returns {Box} */
function room() {
  const [header, controls] = [".header", ".controls"].map((one) => document.querySelector(one)?.getBoundingClientRect());
  return { left: 0, top: Math.max(0, header?.bottom ?? 0), right: innerWidth, bottom: controls?.height ? Math.min(innerHeight, controls.top) : innerHeight };
}

/**
 * Puts a card where `place` says, and no higher than there is room.
 * @param {HTMLElement} card
 * @param {(size: Size, room: Box) => Standing} place
 */
export function stand(card, place) {
  card.style.maxHeight = "";
  const { left, top, height } = place({ width: card.offsetWidth, height: card.offsetHeight }, room());
  card.style.left = `${left}px`;
  card.style.top = `${top}px`;
  card.style.maxHeight = `${height}px`;
}

/**
 * The box of a token where people look at it. A token may begin at the end of one line, with nothing to
 * see, and go on in the next: so it is the line under the pointer, or without one that of the first mark.
 * @param {HTMLElement} token
 * @param {Point | null} point
 * @returns {Box}
 */
export function lineOf(token, point) {
  const lines = [...token.getClientRects()].filter((line) => line.width > 0);
  const at = point ?? firstMark(token);
  return (at && lineAt(lines, at)) ?? lines[0] ?? token.getBoundingClientRect();
}

/**
 * The middle of the first character that can be seen.
 * @param {HTMLElement} token
 * @returns {Point | null}
 */
function firstMark(token) {
  const texts = document.createTreeWalker(token, NodeFilter.SHOW_TEXT);
  const range = document.createRange();
  for (let text = texts.nextNode(); text; text = texts.nextNode()) {
    const at = (text.textContent ?? "").search(/\S/);
    if (at < 0) continue;
    range.setStart(text, at);
    range.setEnd(text, at + 1);
    const { left, top, width, height } = range.getBoundingClientRect();
    return { x: left + width / 2, y: top + height / 2 };
  }
  return null;
}
