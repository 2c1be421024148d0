// How each token on screen is painted by the attribution on screen, if there is one.

import { cellsOf } from "../lib/heat.js";
import { heat } from "../state/attribution.js";

/** @import { Heat, HeatCell } from "../types/app" */

/** @typedef {{ cell: HeatCell | null, signed: boolean, target: boolean }} Paint */

const NOTHING = { heat: null, prompt: () => null, completion: () => null };

/** `heat` is the attribution that all paint comes from. @returns {{ heat: Heat | null, prompt: (index: number) => Paint | null, completion: (index: number) => Paint | null }} */
export function paints() {
  if (!heat.value) return NOTHING;
  const { answer, target } = heat.value;
  const cells = cellsOf(answer);
  const signed = answer.options.signed === true;
  return {
    heat: heat.value,
    prompt: (index) => ({ cell: (index < answer.prompt_len && cells[index]) || null, signed, target: false }),
    completion: (index) => ({ cell: cells[answer.prompt_len + index] ?? null, signed, target: index === target.index }),
  };
}
