// The text of a first visit: the model's example, and never in place of a text of one's own.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import * as actions from "../state/actions.js";
import { showExample } from "../state/example.js";
import { NO_HISTORY } from "../state/history.js";
import { cancelPreview } from "../state/preview.js";
import * as sessions from "../state/session.js";
import * as store from "../state/store.js";
import { catalog, MODELS, newToken } from "./samples.js";
import { serverDouble } from "./server_double.js";

const first = store.session.value;
const models = MODELS.map((model, index) => ({ ...model, example: [{ prompt: "The sky is", use_chat_template: false }, null, { prompt: "Once", use_chat_template: true }][index] ?? null }));
const USUAL = ["The capital of France is", true];

const seen = () => [store.branch.value.prompt, store.branch.value.use_template];

beforeEach(() => {
  serverDouble();
  cancelPreview();
  store.session.value = first;
  store.history.value = NO_HISTORY;
  store.catalog.value = catalog({ models });
});

test("each model brings its own, and one without brings the usual text", () => {
  assert.equal(store.branch.value.prompt, "", "no text is seen before the right one");
  for (const [model, expected] of /** @type {[string, unknown[]][]} */ ([
    ["builtin:small", ["The sky is", false]], ["Qwen/Qwen3-0.6B", USUAL], ["openai/gpt2", ["Once", true]], ["/a/file.gguf", USUAL], ["builtin:small", ["The sky is", false]],
  ])) {
    showExample(model);
    assert.deepEqual(seen(), expected, model);
  }
  assert.deepEqual(store.history.value.past, [], "it is no edit");
});

test("without a model, or a server, there is the usual text, which replaces none", () => {
  showExample("");
  assert.deepEqual(seen(), USUAL);
  showExample("openai/gpt2");
  showExample("");
  assert.deepEqual(seen(), ["Once", true]);
});

test("a session that people have touched stays as it is", () => {
  /** @type {Record<string, () => unknown>} */
  const touches = {
    "a text of their own": () => actions.typePrompt("The sea is"),
    "the same text, typed": () => (actions.typePrompt("The sky i"), actions.typePrompt("The sky is")),
    "an undone edit": () => (actions.typePrompt("x"), actions.undo()),
    "an emptied text": () => actions.clear(),
    "another system message": () => actions.typeSystem("Be brief."),
    "the template": () => actions.useTemplate(true),
    "a new input": () => actions.newInput(),
    "a text of the library": () => actions.takePrompt("Once"),
    "a completion": () => (store.session.value = sessions.appendTokens(store.session.value, [newToken("a")])),
    "a completion taken back": () => (store.session.value = sessions.clear(sessions.appendTokens(store.session.value, [newToken("a")]))),
    "a kept text": () => (store.session.value = sessions.changeBranch(store.session.value, { prompt: "Kept" })),
  };
  for (const [name, touch] of Object.entries(touches)) {
    store.session.value = first;
    store.history.value = NO_HISTORY;
    showExample("builtin:small");
    touch();
    const before = store.session.value;
    showExample("openai/gpt2");
    assert.equal(store.session.value, before, name);
  }
  cancelPreview();
});

test("knobs are no text", () => {
  showExample("builtin:small");
  actions.editParam({ temperature: 0.3 });
  showExample("openai/gpt2");
  assert.deepEqual([seen(), store.branch.value.params.temperature], [["Once", true], 0.3]);
  cancelPreview();
});
