// Completions leave with their model and come back with it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { record, NO_HISTORY } from "../state/history.js";
import { DEFAULT_PARAMS } from "../state/params.js";
import { appendTokens, clear, completionOf, createSession, editText, setTemplate } from "../state/session.js";
import { bringBack, dropForeign, MODEL_CHANGE, resetTemplates } from "../state/set_aside.js";
import { newToken } from "./samples.js";

/** @import { History, Session } from "../types/app" */

const start = createSession({ prompt: "Hi", system: "", params: DEFAULT_PARAMS });

/** A page that edits and changes models. */
function page() {
  let session = start;
  /** @type {History} */
  let history = NO_HISTORY;
  const edit = (/** @type {string} */ label, /** @type {(session: Session) => Session} */ how) => {
    const after = how(session);
    if (after !== session) history = record(history, session, { label });
    session = after;
  };
  return {
    write: (/** @type {string} */ display, /** @type {string} */ model) => edit("step", (one) => appendTokens(one, [{ ...newToken(display), model }])),
    answer: (/** @type {string} */ model) => edit(MODEL_CHANGE, (one) => bringBack(dropForeign(one, model), history.past, model)),
    edit: (/** @type {(session: Session) => Session} */ how) => edit("edit", how),
    get text() {
      return completionOf(session).map((node) => node.token.display).join("");
    },
    get session() {
      return session;
    },
  };
}

test("a model finds what it wrote, as it left it", () => {
  const one = page();
  one.edit((session) => setTemplate(session, false));
  one.write("a", "A");
  one.write("b", "A");
  one.answer("B");
  const before = one.session.nodes;
  assert.equal(one.text, "");
  one.write("c", "B");
  one.answer("A");
  assert.deepEqual([one.text, one.session.branches[0]?.use_template], ["ab", false]);
  one.answer("B");
  assert.equal(one.text, "c", "and so does the other one");
  one.answer("A");
  assert.equal(one.text, "ab");
  assert.equal(one.session.nodes[1], before[1]);
});

test("what people took away or wrote over does not come back", () => {
  const clears = page();
  clears.write("a", "A");
  clears.edit(clear);
  clears.answer("B");
  clears.answer("A");
  assert.equal(clears.text, "");

  const later = page();
  later.write("a", "A");
  later.answer("B");
  later.answer("A");
  later.edit(clear);
  later.answer("B");
  later.answer("A");
  assert.equal(later.text, "", "taken away after it had come back");

  const types = page();
  types.write("a", "A");
  types.answer("B");
  types.edit((session) => editText(session, { prompt: "Ho" }));
  types.answer("A");
  assert.equal(types.text, "");
});

test("the same model changes nothing, and templates are reset where no completion stands", () => {
  const one = appendTokens(setTemplate(start, false), [newToken("a")]);
  assert.equal(dropForeign(one, "tiny"), one);
  assert.equal(bringBack(one, [], "tiny"), one);
  assert.equal(resetTemplates(one), one);
  assert.equal(resetTemplates(dropForeign(one, "other")).branches[0]?.use_template, true);
});
