// The tokens that a step brought, with what is worth knowing of that moment.

/** @import { AppendedMeta, ConstraintParams, StepResponse } from "../types/wire" */
/** @import { NewToken, Origin, Params } from "../types/app" */

/** @typedef {{ params: Params, constraint: ConstraintParams | null }} Settings what a token was picked under */

/**
 * @param {StepResponse} answer
 * @param {Settings} settings
 * @param {Origin | null} given
 * @returns {NewToken[]}
 */
export function newTokens(answer, { params, constraint }, given) {
  const last = answer.appended.length - 1;
  return answer.appended.map((token, index) => {
    const origin = given ?? originOf(answer.appended_meta[index], params);
    return {
      token,
      model: answer.model.model_id,
      origin,
      params,
      constraint,
      dist: answer.appended_meta[index]?.dist ?? null,
      seed_used: origin === "sampled" ? answer.seed_used : null,
      stop_reason: answer.done && index === last ? (answer.stop_reason ?? "eos_token") : null,
    };
  });
}

/**
 * @param {AppendedMeta | undefined} meta
 * @param {Params} params
 * @returns {Origin}
 */
function originOf(meta, params) {
  if (meta?.forced_by === "token") return "forced:token";
  if (meta?.forced_by === "text") return "forced:text";
  return params.greedy ? "greedy" : "sampled";
}
