// Steps at full speed are drawn by frames: what comes between two frames is put up together, and a page
// that draws slowly leaves the next steps half of its time.

import { batch } from "@preact/signals";
import * as store from "./store.js";

/** A frame of most screens. Drawing that fits into one keeps nothing waiting. */
const FRAME_MS = 17;
/** A tab out of sight has no frames. */
const NO_FRAME_MS = 250;

/**
 * @template T
 * @param {(all: T[]) => void} draw
 */
export function byFrames(draw) {
  const began = performance.now();
  let waiting = /** @type {T[]} */ ([]);
  let [taken, drawings, freeAt] = [0, 0, 0];
  let [drawing, planned] = [false, false];

  function put() {
    if (waiting.length === 0) return;
    const all = waiting;
    waiting = [];
    taken += all.length;
    drawings += 1;
    const pace = { perSecond: (1000 * taken) / (performance.now() - began), perDrawing: taken / drawings };
    batch(() => {
      draw(all);
      store.pace.value = pace;
    });
  }

  function plan() {
    if (planned || drawing || waiting.length === 0) return;
    planned = true;
    setTimeout(inFrame, Math.max(0, freeAt - performance.now()));
  }

  function inFrame() {
    let done = false;
    const now = () => {
      if (done) return;
      [done, planned, drawing] = [true, false, true];
      const start = performance.now();
      put();
      // Runs when this has been painted.
      setTimeout(() => {
        const end = performance.now();
        freeAt = end - start > FRAME_MS ? end + (end - start) : end;
        drawing = false;
        plan();
      });
    };
    globalThis.requestAnimationFrame?.(now);
    setTimeout(now, NO_FRAME_MS);
  }

  return {
    /** @param {T} one */
    take(one) {
      waiting.push(one);
      plan();
    },
    /** What was taken and is not drawn yet. */
    waiting: () => waiting,
    put,
  };
}
