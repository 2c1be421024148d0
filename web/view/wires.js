// Wires between the columns. They are drawn from the boxes as the browser laid them out, once per
// frame at most, after anything that could have moved a box.

import { useLayoutEffect, useMemo, useState } from "preact/hooks";
import { html } from "../html.js";
import { fanOut, levelStubs, runIn, weightedStubs } from "../lib/geometry.js";
import { clamp } from "../lib/numbers.js";
import { scoresShown } from "../state/rows_view.js";
import * as store from "../state/store.js";

/** @import { Box, Wire } from "../types/app" */

/** @typedef {{ tokens: Wire[], stubs: Wire[], outputs: Wire[] }} Drawing */

const NOTHING = /** @type {Drawing} */ ({ tokens: [], stubs: [], outputs: [] });

/** @param {{ flow: { current: HTMLElement | null } }} props */
export function Wires({ flow }) {
  const [drawing, setDrawing] = useState(NOTHING);
  // Read, so that a change of any of them draws again.
  const moved = [store.shown.value, store.completion.value, store.promptCollapsed.value, store.llmEnabled.value, store.failure.value, store.templateInUse.value, store.branchTexts.value, scoresShown.value, store.grammarCollapsed.value];
  useLayoutEffect(() => {
    const element = flow.current;
    if (!element) return;
    let frame = 0;
    const redraw = () => {
      cancelAnimationFrame(frame);
      frame = requestAnimationFrame(() => setDrawing(measure(element)));
    };
    // It calls once at the beginning, too, when all has been laid out: so wires follow a frame later, and
    // the frame that changes the rows has less to do.
    const observer = new ResizeObserver(redraw);
    observer.observe(element);
    // What a list has beside it may take its room without anything else changing its size.
    for (const box of [...element.children, ...element.querySelectorAll('[data-wire$="frame"]')]) observer.observe(box);
    element.addEventListener("scroll", redraw, { capture: true, passive: true });
    return () => {
      cancelAnimationFrame(frame);
      observer.disconnect();
      element.removeEventListener("scroll", redraw, { capture: true });
    };
  }, moved);
  // What makes it measure again leaves the wires as they are until it has.
  return useMemo(() => drawn(drawing), [drawing]);
}

/** @param {Drawing} drawing */
function drawn({ tokens, stubs, outputs }) {
  const paths = (/** @type {Wire[]} */ wires, /** @type {string} */ kind) =>
    wires.map((wire, index) => html`<path key=${kind + index} class=${kind} d=${wire.d} stroke-opacity=${wire.opacity.toFixed(3)} />`);
  return html`
    <svg class="wires" aria-hidden="true">
      ${paths(tokens, "wire-token")} ${paths(stubs, "wire-stub")} ${paths(outputs, "wire-output")}
    </svg>
  `;
}

/**
 * @param {HTMLElement} flow
 * @returns {Drawing}
 */
function measure(flow) {
  const origin = flow.getBoundingClientRect();
  const boxOf = (/** @type {Element} */ element) => {
    const box = element.getBoundingClientRect();
    return { left: box.left - origin.left, top: box.top - origin.top, right: box.right - origin.left, bottom: box.bottom - origin.top };
  };
  const boxes = (/** @type {string} */ name) => [...flow.querySelectorAll(`[data-wire="${name}"]`)];
  const first = (/** @type {string} */ name) => boxes(name).map(boxOf)[0];
  const [input, inputFrame, llm, frame, rowFrame] = [first("input"), first("input-frame"), first("llm"), first("token-frame"), first("row-frame")];
  // Without columns side by side there is nothing to connect.
  if (!input || !llm || !frame || !rowFrame || frame.left < input.right || llm.left < frame.right || rowFrame.left < llm.right) return NOTHING;
  const toggle = boxes("token").filter((row) => !row.closest("ol")).map(boxOf);
  const listed = boxes("token").filter((row) => row.closest("ol"));
  const rows = [...toggle, ...runIn(listed, boxOf, frame).map(({ box }) => box)];
  const within = (/** @type {string} */ list) => [...flow.querySelectorAll(`${list} [data-wire="row"]`)];
  const favourites = within(".favourites").map((item) => ({ item, box: boxOf(item) }));
  const outputs = [...runIn(within('[data-wire="row-frame"]'), boxOf, rowFrame), ...favourites].map(({ item, box }) => ({ box, share: Number(item.getAttribute("data-share")) }));
  // The card may be scrolled, with its middle out of sight.
  const middle = input.top + (input.bottom - input.top) * 0.45;
  const source = { x: input.right, y: inputFrame ? clamp(middle, inputFrame.top, inputFrame.bottom) : middle };
  return {
    tokens: fanOut(source, rows),
    stubs: levelStubs(rows, llm.left),
    outputs: weightedStubs(llm.right, outputs),
  };
}
