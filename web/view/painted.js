// How each token on screen is painted by the attribution on screen, if there is one.

import { cellsOf } from "../lib/heat.js";
import { heat } from "../state/heat.js";

/** @import { Heat, HeatCell } from "../types/app" */

/** @typedef {{ cell: HeatCell | null, signed: boolean, target: boolean, soFar: boolean, sink: number | null }} Paint `sink` is what a token had that is left out */

const NOTHING = { heat: null, prompt: () => null, completion: () => null };

/** `heat` is the attribution that all paint comes from. @returns {{ heat: Heat | null, prompt: (index: number) => Paint | null, completion: (index: number) => Paint | null }} */
export function paints() {
  if (!heat.value) return NOTHING;
  const { answer, target, soFar, sink } = heat.value;
  const cells = cellsOf(answer);
  const signed = answer.options.signed === true;
  return {
    heat: heat.value,
    prompt: (index) => ({ cell: (index < answer.prompt_len && cells[index]) || null, signed, target: false, soFar, sink: index === 0 ? sink : null }),
    completion: (index) => ({ cell: cells[answer.prompt_len + index] ?? null, signed, target: index === target.index, soFar, sink: answer.prompt_len + index === 0 ? sink : null }),
  };
}

/** What paints a token, wherever it is drawn. @param {Paint | null} paint */
export function paintAttributes(paint) {
  if (!paint) return {};
  const { cell, target, soFar } = paint;
  return {
    "data-so-far": (cell && soFar) || null,
    "data-heat": cell ? (cell.against ? "against" : "for") : null,
    "data-score": cell?.score ?? null,
    "data-target": target || null,
    style: cell ? { "--heat": cell.strength.toFixed(3) } : null,
  };
}
