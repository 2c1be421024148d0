// The constraint's state: texts by kind, what is asked of the server and when, and the anchor.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import * as actions from "../state/actions.js";
import { isCurrent } from "../state/choices.js";
import { anchorIndex, constraint, text } from "../state/constraint.js";
import { recordedAnchor } from "../state/constraint_anchor.js";
import { constraintFailure, currentCheck } from "../state/constraint_check.js";
import { bringBack, chooseKind, editText, kindOf, restoreTexts, takeExample, textOf } from "../state/constraint_texts.js";
import { noteModel } from "../state/model_change.js";
import { DEFAULT_PARAMS } from "../state/params.js";
import { restore, watch } from "../state/persist.js";
import { cancelPreview } from "../state/preview.js";
import { appendTokens, clear, createSession, deleteLast, lastNode, moveLeaf, placeOf } from "../state/session.js";
import { abortStep } from "../state/stepping.js";
import * as store from "../state/store.js";
import { catalog, grammar, KINDS, pill, previewAnswer, status, stepAnswer, unusable, usable } from "./samples.js";
import { pause, serverDouble } from "./server_double.js";

const [CHECK, PREVIEW, STEP, CHOICES] = ["/api/constraint/check", "/api/preview", "/api/step", "/api/constraint/choices"];
/** @type {ReturnType<typeof serverDouble>} */
let server;

beforeEach(() => {
  abortStep();
  cancelPreview();
  server = serverDouble();
  store.server.value = "ok";
  store.status.value = status();
  store.catalog.value = catalog();
  noteModel(status());
  start("Hi");
  store.shown.value = null;
  store.failure.value = null;
  store.message.value = "";
  store.constraintOn.value = false;
  // What an earlier test asked and nobody answered is dropped.
  actions.requestCheck();
  store.constraintTexts.value = { kind: "regex", texts: {}, carried: false };
  store.constraintWhitespace.value = "single";
  store.constraintAnchors.value = {};
  store.constraintCheck.value = null;
  store.comparison.value = null;
});

/** @param {string} prompt */
function start(prompt) {
  store.session.value = createSession({ prompt, system: "", params: DEFAULT_PARAMS });
  store.input.value = { place: placeOf(store.session.value), tokens: [pill(7, "Hello")], note: null };
}

/** @param {number[]} ids */
function append(...ids) {
  const tokens = ids.map((id) => ({ token: pill(id, `t${id}`), model: "tiny", origin: /** @type {const} */ ("sampled"), params: DEFAULT_PARAMS, constraint: null, dist: null, seed_used: null, stop_reason: null }));
  store.session.value = appendTokens(store.session.value, tokens);
}

/** @param {import("../types/wire").CheckResponse} [answer] */
async function answerCheck(answer = usable()) {
  const call = await server.next(CHECK);
  call.answer(answer);
  return call.body.constraint;
}

/** Switches the constraint on and answers what is asked. */
async function switchOn() {
  actions.enableConstraint(true);
  await answerCheck();
  (await server.next(PREVIEW)).answer(previewAnswer({ grammar: grammar() }));
  await pause(10);
}

test("each kind keeps its text", () => {
  const edited = editText({ kind: "regex", texts: {}, carried: false }, "[ab]", KINDS);
  const elsewhere = chooseKind(edited, "json_schema", KINDS);
  assert.equal(textOf(elsewhere, KINDS), "{}");
  assert.equal(textOf(chooseKind(elsewhere, "regex", KINDS), KINDS), "[ab]");
});

const SEED_TEXTS = /** @type {const} */ ([
  // the text that was carried in, the text of the next kind, why
  ["[0-9]+", "[0-9]+", "an edited text goes along"],
  ["(yes|no)", "{}", "a default does not"],
  [" \n", "{}", "nor does a blank one"],
]);
for (const [carried, expected, why] of SEED_TEXTS) test(`a text of the seed's keys, when another kind is chosen: ${why}`, () => {
  const state = restoreTexts("regex", carried, {});
  assert.equal(textOf(state, KINDS), carried);
  assert.equal(textOf(chooseKind(state, "json_schema", KINDS), KINDS), expected);
});

test("an edit makes a carried text the kind's own", () => {
  const edited = editText(restoreTexts("regex", "[0-9]+", {}), "[0-9]*", KINDS);
  assert.equal(textOf(chooseKind(edited, "json_schema", KINDS), KINDS), "{}");
});

test("an example keeps what somebody wrote, and it comes back", () => {
  const { constraint: spec } = catalog();
  const example = spec.examples[0] ?? assert.fail();
  const mine = editText({ kind: "json_schema", texts: { regex: "mine" }, carried: false }, "{1}", KINDS);
  const taken = takeExample(mine, example, spec);
  assert.deepEqual([taken.kind, textOf(taken, KINDS), taken.replaced], ["regex", example.schema, { regex: "mine" }]);
  assert.deepEqual(takeExample(taken, { kind: "regex", schema: "x" }, spec).replaced, { regex: "mine" }, "an example is nobody's text");
  const back = bringBack(taken, spec);
  assert.deepEqual([textOf(back, KINDS), back.replaced, back.texts["json_schema"]], ["mine", {}, "{1}"]);
  const edited = bringBack(editText(taken, "changed", KINDS), spec);
  assert.deepEqual([textOf(edited, KINDS), edited.replaced], ["mine", { regex: "changed" }], "and what was made of the example is kept");
});

test("the seed's text wins where it differs from what was stored for its kind", () => {
  const texts = { regex: "old", json_schema: "mine" };
  assert.deepEqual(restoreTexts("regex", "new", texts), { kind: "regex", texts: { regex: "new", json_schema: "mine" }, carried: true, replaced: {} });
  assert.equal(textOf(chooseKind(restoreTexts("regex", "new", texts), "json_schema", KINDS), KINDS), "mine");
  assert.equal(restoreTexts("regex", "old", texts).carried, false);
});

test("a kind that the server does not know is its first one", () => {
  assert.equal(kindOf({ kind: "poem", texts: {}, carried: false }, KINDS)?.id, "multiple_choice");
  assert.equal(kindOf({ kind: "poem", texts: {}, carried: false }, []), null);
});

test("the seed's keys hold the active text, and a reload brings all texts back", () => {
  /** @type {Record<string, string>} */
  const values = {};
  const storage = { getItem: (/** @type {string} */ key) => values[key] ?? null, setItem: (/** @type {string} */ key, /** @type {string} */ value) => void (values[key] = value) };
  const stop = watch(storage);
  assert.deepEqual(values, {}, "a first visit leaves nothing behind");
  actions.typeConstraint("[ab]");
  actions.chooseConstraintKind("json_schema");
  store.constraintOn.value = true;
  store.constraintCollapsed.value = !store.constraintCollapsed.value;
  stop();
  cancelPreview();
  assert.deepEqual([values["llmDemo.constraintType"], values["llmDemo.constraintSchema"], values["llmDemo.constraintEnabled"]], ["json_schema", "{}", "1"]);
  assert.match(values["llmDemo.constraintCollapsed"] ?? "", /^[01]$/);
  store.constraintTexts.value = { kind: "regex", texts: {}, carried: false };
  restore(storage);
  assert.equal(text.value, "{}");
  actions.chooseConstraintKind("regex");
  assert.equal(text.value, "[ab]");
  cancelPreview();
});

test("requests carry the constraint while it is on, and not otherwise", async () => {
  actions.editParam({});
  const plain = await server.next(PREVIEW);
  assert.equal("constraint" in plain.body, false);
  plain.answer(previewAnswer());
  await switchOn();
  actions.editParam({});
  const { body } = await server.next(PREVIEW);
  assert.deepEqual(body.constraint, { enabled: true, type: "regex", schema: "(yes|no)", anchor: 0 });
});

test("white space is a matter of JSON", async () => {
  store.constraintOn.value = true;
  actions.setWhitespace("flexible");
  assert.equal("whitespace" in (await answerCheck()), false);
  actions.chooseConstraintKind("json_schema");
  assert.equal((await answerCheck()).whitespace, "flexible");
});

test("nothing is sampled before the check, and nothing with a text that is wrong", async () => {
  actions.enableConstraint(true);
  const check = await server.next(CHECK);
  await pause(20);
  assert.deepEqual(server.pending(), []);
  check.answer(unusable());
  await pause(20);
  assert.deepEqual(server.pending(), [], "no preview of a wrong constraint");
  assert.deepEqual([store.shown.value?.dist, store.shown.value?.failure?.code], [null, "constraint_unusable"]);
  assert.equal(await actions.step(), "refused");
  assert.match(store.message.value, /constraint/);
  assert.deepEqual(server.pending(), []);
});

test("a check is asked for once: a knob moves without one", async () => {
  await switchOn();
  actions.editParam({ temperature: 1 });
  (await server.next(PREVIEW)).answer(previewAnswer());
  await pause(10);
  assert.deepEqual(server.pending(), []);
  store.status.value = status({ model_id: "other" });
  assert.equal(currentCheck(), null, "another vocabulary is another question");
});

test("typing settles before anything is asked, and a newer text aborts the older check", async () => {
  await switchOn();
  actions.typeConstraint("(");
  await pause(100);
  assert.deepEqual(server.pending(), []);
  actions.typeConstraint("(a");
  const old = await server.next(CHECK);
  assert.equal(old.body.constraint.schema, "(a");
  actions.chooseConstraintKind("json_schema");
  const young = await server.next(CHECK);
  assert.equal(old.aborted, true);
  young.answer(usable());
  assert.equal((await server.next(PREVIEW)).body.constraint.type, "json_schema");
});

test("what is off asks nothing and says nothing, whatever is typed and whichever model answers", async () => {
  actions.typeConstraint("(");
  actions.requestCheck();
  await pause(300);
  assert.deepEqual([server.pending(), text.value], [[], "("]);
  actions.enableConstraint(true);
  await answerCheck(unusable());
  await pause(20);
  assert.equal(currentCheck()?.error?.line, 2);
  actions.enableConstraint(false);
  await server.next(PREVIEW);
  assert.deepEqual([currentCheck(), constraintFailure(), text.value], [null, null, "("]);
  store.status.value = status({ model_id: "other" });
  actions.requestCheck();
  await pause(20);
  assert.deepEqual(server.pending(), []);
});

test("a text too long to be checked cannot be used, a server that is gone says nothing about it", async () => {
  store.constraintOn.value = true;
  actions.typeConstraint("long");
  (await server.next(CHECK)).answer({ detail: "Too long.", code: "too_large", hint: "Shorten it." }, 413);
  await pause(10);
  assert.equal(currentCheck()?.error?.detail, "Too long.");
  actions.typeConstraint("gone");
  (await server.next(CHECK)).drop();
  await pause(10);
  assert.equal(currentCheck(), null);
});

test("tokens are shown whatever the constraint is worth", async () => {
  store.constraintOn.value = true;
  actions.typePrompt("Ho");
  const tokens = await server.next(PREVIEW);
  assert.deepEqual([tokens.body.tokens_only, "constraint" in tokens.body], [true, false]);
  tokens.answer(previewAnswer({ dist: null, prompt_tokens: [pill(8, "Ho")] }));
  await answerCheck(unusable());
  await pause(20);
  assert.deepEqual(store.promptTokens.value.map(({ display }) => display), ["Ho"]);
});

test("a token remembers the constraint it was picked under", async () => {
  await switchOn();
  const stepped = actions.step();
  (await server.next(STEP)).answer(stepAnswer([pill(1, "yes")], { grammar: grammar({ legal_tokens: 7 }) }));
  await stepped;
  assert.equal(lastNode(store.session.value)?.constraint?.schema, "(yes|no)");
  assert.equal(store.shown.value?.grammar?.legal_tokens, 7);
});

test("a forced run is one step at the position on screen", async () => {
  await switchOn();
  const forced = actions.forceTokens([3, 4]);
  assert.equal(await actions.step(), "refused", "one step is in flight");
  const call = await server.next(STEP);
  assert.deepEqual([call.body.force_token_ids, call.body.completion_ids, call.body.constraint.type], [[3, 4], [], "regex"]);
  const answer = stepAnswer([pill(3, "a"), pill(4, "b")]);
  call.answer({ ...answer, selected: null, appended_meta: answer.appended_meta.map((meta) => ({ ...meta, forced: true, forced_by: "token" })) });
  assert.equal(await forced, "ok");
  assert.deepEqual(store.completion.value.map(({ token, origin }) => [token.id, origin]), [[3, "forced:token"], [4, "forced:token"]]);
});

test("text is not forced under a constraint, and it is said why", async () => {
  store.constraintOn.value = true;
  assert.equal(await actions.forceText("x"), "refused");
  assert.match(store.message.value, /cannot be forced while a constraint is on/);
  assert.deepEqual(server.pending(), []);
});

test("the anchor stays at its place", () => {
  append(1, 2, 3);
  actions.countFromHere();
  cancelPreview();
  assert.equal(anchorIndex.value, 3);
  append(4);
  const far = store.session.value;
  assert.equal(anchorIndex.value, 3, "tokens after it do not move it");
  store.session.value = deleteLast(deleteLast(far));
  assert.equal(anchorIndex.value, 2, "a rewind takes it along");
  append(5, 6);
  assert.equal(anchorIndex.value, 2, "other tokens begin where it was left");
  store.session.value = moveLeaf(store.session.value, lastNode(far)?.id ?? null);
  assert.equal(anchorIndex.value, 3, "going back brings it back");
  store.session.value = clear(far);
  assert.equal(anchorIndex.value, 0, "a cleared completion counts from the start");
  append(7, 8);
  assert.equal(anchorIndex.value, 0);
  start("Hi");
  append(1, 2, 3);
  assert.equal(anchorIndex.value, 0, "another session has other tokens, whatever their numbers");
});

test("a kept session goes on counting where its last constrained token did", () => {
  append(1, 2, 3, 4);
  const nodes = store.completion.value;
  /** @param {(number | null)[]} anchors */
  const recorded = (...anchors) => {
    const changed = nodes.map((node, index) => {
      const anchor = anchors[index] ?? null;
      return { ...node, constraint: anchor === null ? null : { enabled: true, type: "regex", schema: "a", anchor } };
    });
    const anchor = recordedAnchor({ ...store.session.value, nodes: Object.fromEntries(changed.map((node) => [node.id, node])) });
    return anchor && anchor.id;
  };
  for (const [anchors, expected] of /** @type {const} */ ([
    [[null, null, null, null], undefined],
    [[0, 0, null, null], null],
    [[null, null, 2, 2], 1],
    [[0, 0, 0, 3], 2],
    [[null, null, 2, null], 1],
  ]))
    assert.equal(recorded(...anchors), expected == null ? expected : nodes[expected]?.id, anchors.join());
});

/** Appends tokens that were drawn under the constraint as it is. @param {number[]} ids */
function draw(...ids) {
  for (const id of ids) {
    const one = { token: pill(id, `t${id}`), model: "tiny", origin: /** @type {const} */ ("sampled"), params: DEFAULT_PARAMS, constraint: constraint.value, dist: null, seed_used: null, stop_reason: null };
    store.session.value = appendTokens(store.session.value, [one]);
  }
}

/** The server's answers do not matter here. @param {boolean} on */
function enable(on) {
  actions.enableConstraint(on);
  cancelPreview();
}

test("switched on in the midst of a completion it counts from here, switched on before, from the start", () => {
  enable(true);
  assert.deepEqual([anchorIndex.value, store.message.value], [0, ""]);
  draw(1, 2);
  assert.equal(anchorIndex.value, 0, "what was on at the start stays so");
  start("Hi");
  enable(false);
  append(1, 2);
  enable(true);
  assert.deepEqual([anchorIndex.value, store.message.value], [2, "The grammar counts from here on: it does not look at the 2 tokens before."]);
  draw(3);
  assert.equal(anchorIndex.value, 2, "here is where it was switched on");
  actions.countFromStart();
  cancelPreview();
  assert.equal(anchorIndex.value, 0);
  draw(4);
  assert.equal(anchorIndex.value, 0, "what was chosen stays");
});

const AGAIN = /** @type {[string, () => void, number][]} */ ([
  ["nothing was done meanwhile", () => {}, 0],
  ["tokens came without it", () => append(5), 3],
  ["it is another one", () => actions.typeConstraint("[ab]"), 2],
  ["a place was chosen meanwhile", () => (append(5), actions.countFromStart()), 0],
]);
for (const [what, meanwhile, expected] of AGAIN) test(`switched off and on again: ${what}`, () => {
  append(1);
  enable(true);
  actions.countFromStart();
  draw(2);
  enable(false);
  meanwhile();
  enable(true);
  assert.equal(anchorIndex.value, expected);
});

test("switched off and on again without a choice, tokens drawn under the same constraint go on where it began", () => {
  append(1);
  enable(true);
  draw(2, 3);
  enable(false);
  enable(true);
  assert.equal(anchorIndex.value, 1);
});

test("a constraint that is edited while it is on counts from where it did", () => {
  enable(true);
  draw(1, 2);
  actions.typeConstraint("[abc]");
  cancelPreview();
  assert.equal(anchorIndex.value, 0);
});

test("each input has its own place, and a fork that of its original", () => {
  append(1, 2);
  enable(true);
  actions.countFromStart();
  const first = store.branch.value.id;
  actions.forkBranch();
  assert.equal(anchorIndex.value, 0);
  actions.newInput();
  assert.equal(anchorIndex.value, 0);
  store.constraintOn.value = false;
  append(5, 6, 7);
  store.constraintOn.value = true;
  assert.equal(anchorIndex.value, 3, "what another input wrote is not its business");
  actions.selectBranch(first);
  assert.equal(anchorIndex.value, 0);
  cancelPreview();
});

const LOST = /** @type {[string, () => void, string][]} */ ([
  ["a rewind before it", () => actions.rewindTo(1), "The place from which the grammar counted is gone: it counts after 1 token, where the text ends now."],
  ["an undo", () => (append(3), actions.deleteLast(), actions.rewindTo(1)), "The place from which the grammar counted is gone: it counts after 1 token, where the text ends now."],
  ["another text", () => actions.typePrompt("Ho"), "The completion was removed, because the text changed. Undo shows it again. The place from which the grammar counted is gone: it counts from the start."],
  ["a token after it", () => (draw(3), actions.deleteLast()), ""],
]);
for (const [what, how, expected] of LOST) test(`when the place goes by ${what}, it is said`, () => {
  append(1, 2);
  enable(true);
  how();
  cancelPreview();
  assert.equal(store.message.value, expected);
});

test("from here and from the start are asked for at once", async () => {
  append(1, 2);
  await switchOn();
  for (const [choose, anchor] of /** @type {const} */ ([[actions.countFromHere, 2], [actions.countFromStart, 0]])) {
    choose();
    const call = await server.next(PREVIEW);
    assert.equal(call.body.constraint.anchor, anchor);
    call.answer(previewAnswer());
    await pause(10);
  }
});

test("a completion that has left the grammar is no place to step from, until it is rewound", async () => {
  append(1, 2);
  actions.enableConstraint(true);
  await answerCheck();
  (await server.next(PREVIEW)).answer({ detail: "token 2 of the completion is none that the grammar allows there.", code: "constraint_violated", hint: "Rewind.", token_index: 1 }, 400);
  await pause(10);
  assert.match(constraintFailure()?.detail ?? "", /token 2/);
  assert.equal(await actions.step(), "refused");
  actions.rewindTo(1);
  assert.deepEqual(store.completion.value.map(({ token }) => token.id), [1]);
  assert.equal(constraintFailure(), null);
});

test("choices are compared by hand, from where the grammar begins, and go stale", async () => {
  append(1, 2);
  actions.countFromHere();
  cancelPreview();
  append(3);
  store.constraintTexts.value = { kind: "multiple_choice", texts: {}, carried: false };
  store.constraintOn.value = true;
  const compared = actions.compareChoices();
  await answerCheck();
  const call = await server.next(CHOICES);
  assert.deepEqual([call.body.completion_ids, call.body.constraint.anchor, call.body.constraint.schema], [[1, 2], 2, "yes\nno"]);
  call.answer({ model: status(), choices: [], elapsed_ms: 1 });
  await compared;
  assert.equal(isCurrent(), true);
  append(4);
  assert.equal(isCurrent(), true, "what comes after the anchor changes nothing");
  actions.typeConstraint("yes\nperhaps");
  assert.equal(isCurrent(), false);
  cancelPreview();
});

test("a comparison that fails says why, and a newer one aborts it", async () => {
  store.constraintTexts.value = { kind: "multiple_choice", texts: {}, carried: false };
  store.constraintOn.value = true;
  const first = actions.compareChoices();
  await answerCheck();
  const old = await server.next(CHOICES);
  const second = actions.compareChoices();
  const young = await server.next(CHOICES);
  assert.equal(old.aborted, true);
  await first;
  assert.equal(store.comparing.value, true);
  young.answer({ detail: "Too many.", code: "x", hint: "" }, 400);
  await second;
  assert.deepEqual([store.comparing.value, store.comparison.value?.failure?.detail], [false, "Too many."]);
});

test("without a constraint nothing is compared", async () => {
  await actions.compareChoices();
  assert.equal(constraint.value, null);
  assert.deepEqual(server.pending(), []);
});
