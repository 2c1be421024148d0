// What an attribution has found on its way, in the shape of an answer. Pure.

/** @import { AttributionLine } from "../types/app" */
/** @import { AttributionRequest, AttributionScores, MethodSpec } from "../types/wire" */

/**
 * Null where nothing has been found yet.
 * @param {AttributionLine} line
 * @param {AttributionRequest} request
 * @param {MethodSpec | null} method
 * @returns {AttributionScores | null}
 */
export function scoresSoFar({ attributions, groups = [], completeness_error = null, completeness_error_share = null }, request, method) {
  if (!attributions || !method) return null;
  const { target_index = 0, options = {} } = request;
  // The target has a score, too, as in every answer. Tokens about which nothing is known yet come last.
  const unknown = attributions.indexOf(null);
  const context_len = unknown < 0 ? attributions.length - 1 : unknown;
  return {
    ok: true, attributions: attributions.map((score) => score ?? 0), source_len: attributions.length, context_len, prompt_len: attributions.length - 1 - target_index,
    target_id: request.target_token_id ?? 0, model_id: "", method: method.id, evidence: method.evidence, device: "", options, groups,
    value: null, baseline_value: null, baseline_id: null, completeness_error, completeness_error_share, contrast: null, elapsed_ms: 0,
  };
}
