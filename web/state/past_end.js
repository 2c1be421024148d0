// Where the model ended the text, people may have it go on. Nodes never change, so the end token is appended
// once more in its place, as a token that was forced and ends nothing.

import { change } from "./changes.js";
import { appendTokens, lastNode, moveLeaf } from "./session.js";
import * as store from "./store.js";

/** Only an end token is a place to go on from: a stop text ends the next step as well, as long as it is asked for. */
export function canGoPastEnd() {
  return store.stopped.value === "eos_token" && store.foreign.value === null;
}

export function goPastEnd() {
  const last = lastNode(store.session.value);
  if (!last || !canGoPastEnd()) return;
  const { id: _id, parent, ...end } = last;
  change("going on after the end", (session) => appendTokens(moveLeaf(session, parent), [{ ...end, origin: "forced:past_end", seed_used: null, stop_reason: null }]));
  store.message.value = "The end token stays, forced to end nothing. What comes now stands behind it. Undo takes this back.";
}
