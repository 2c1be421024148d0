// Steps for which people choose the token: a row, a run of tokens, an alternative, a text.

import { constraint, NO_FORCED_TEXT } from "./constraint.js";
import { edit, newRun } from "./edits.js";
import { requestPreview } from "./preview.js";
import { isOnPath, moveLeaf, placeOf, samePlace } from "./session.js";
import { abortStep, refuse, step } from "./stepping.js";
import * as store from "./store.js";

/** @import { Force, Origin, StepOutcome, TokenNode } from "../types/app" */

/**
 * Forces a token at the position that is shown, which right after a step is the one before.
 * @param {number} tokenId
 * @returns {Promise<StepOutcome>}
 */
export async function forceToken(tokenId) {
  return forceAtShown({ force_token_id: tokenId }, "forced token");
}

/**
 * Several tokens in one go, at the same position.
 * @param {number[]} tokenIds
 * @returns {Promise<StepOutcome>}
 */
export async function forceTokens(tokenIds) {
  return forceAtShown({ force_token_ids: tokenIds }, "forced run");
}

/**
 * @param {Force} force
 * @param {string} label
 */
function forceAtShown(force, label) {
  const place = store.shown.value?.place;
  if (!place || !isOnPath(store.session.value, place)) return refuse("The list is being updated.");
  abortStep();
  const how = { label, run: newRun() };
  edit(how.label, (session) => moveLeaf(session, place.leaf), how.run);
  return step(force, how);
}

/**
 * Another token in the place of a generated one. What stood there stays in the session, and comes
 * back if the step fails.
 * @param {TokenNode} node
 * @param {number} tokenId
 * @returns {Promise<StepOutcome>}
 */
export async function forceInstead(node, tokenId) {
  abortStep();
  const { leaf } = placeOf(store.session.value);
  const how = { label: "alternative", run: newRun(), origin: /** @type {Origin} */ ("forced:overlay") };
  edit(how.label, (session) => moveLeaf(session, node.parent), how.run);
  const rewound = placeOf(store.session.value);
  const outcome = await step({ force_token_id: tokenId }, how);
  if ((outcome === "failed" || outcome === "refused") && samePlace(rewound, placeOf(store.session.value))) {
    edit(how.label, (session) => moveLeaf(session, leaf), how.run);
    requestPreview();
  }
  return outcome;
}

/**
 * @param {string} text
 * @returns {Promise<StepOutcome>}
 */
export async function forceText(text) {
  if (text === "") return "refused";
  if (constraint.value) return refuse(NO_FORCED_TEXT);
  abortStep();
  return step({ force_text: text }, { label: "forced text" });
}
