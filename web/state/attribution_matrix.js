// All attributions at once: a row for each generated token, shown as it comes.

import * as api from "../http/client.js";
import { refusalInWords } from "./attribution_refusal.js";
import { contrasting } from "./contrast.js";
import { pause } from "./playback.js";
import { matrixRequest } from "./requests.js";
import * as store from "./store.js";

/** @import { Matrix } from "../types/app" */

let underWay = /** @type {AbortController | null} */ (null);

export async function openMatrix() {
  pause();
  closeMatrix();
  store.matrix.value = {
    tokens: [...store.promptTokens.value, ...store.completion.value.map((node) => node.token)], expected: null, rows: [], failure: null,
  };
  const mine = new AbortController();
  underWay = mine;
  try {
    for await (const line of api.attributionMatrix(matrixRequest(contrasting.value ? store.contrast.value : null), mine.signal)) {
      if (mine.signal.aborted) return;
      if (!("target_index" in line)) add({ expected: line.rows });
      else if (!("context_len" in line)) return add({ failure: { detail: "This model gave no attention scores.", hint: "Choose another method." } });
      else add({ rows: [...(store.matrix.value?.rows ?? []), { position: line.prompt_len + line.target_index, answer: line, contrast: line.contrast }] });
    }
  } catch (error) {
    if (mine.signal.aborted || api.isAbort(error)) return;
    if (!(error instanceof api.ApiError)) throw error;
    add({ failure: refusalInWords(error) });
  }
}

/** Takes the table away; what has not come yet is cancelled on the server. */
export function closeMatrix() {
  underWay?.abort();
  underWay = null;
  store.matrix.value = null;
}

/** @param {Partial<Matrix>} news */
function add(news) {
  if (store.matrix.value) store.matrix.value = { ...store.matrix.value, ...news };
}
