// Constraints in a real browser: the four kinds, errors that point, forced runs, and whole choices.

import { assert, isAnswer } from "./browser.mjs";
import { check } from "./checks.mjs";
import { button, clearCompletion, completionLength, expectLength, previewBy, settle, stepBy } from "./page.mjs";

/** @import { Page } from "@playwright/test" */

const PATIENCE = { timeout: 30_000 };

const KINDS = /** @type {const} */ ([
  ["multiple_choice", "Multiple choice schema"],
  ["regex", "Regex schema"],
  ["cfg", "CFG schema"],
  ["json_schema", "JSON schema"],
]);

/**
 * Starts with an empty completion and leaves the constraint off and the completion empty.
 * @param {Page} page
 * @param {string[]} complaints what the visit did wrong so far
 */
export async function constrain(page, complaints) {
  const card = button(page, "Constrained sampling");
  if ((await card.getAttribute("aria-expanded")) === "false") await card.click();
  await previewBy(page, () => toggle(page));
  await check("B21 B24", "four kinds of constraints: legal rows first, the others struck", () => eachKind(page));
  await check("B24", "text cannot be forced, and a press says why", () => barForcedText(page));
  await check("B25", "an error is marked in the editor and asks for no preview", () => pointAtError(page, complaints));
  await takeForcedRun(page);
  await check("B83", "at 360 px everything has room, and an error leads to the editor", () => fitNarrow(page));
  await compareChoices(page);
  await check("B23", "each kind keeps its text, and examples choose theirs", () => keepTexts(page));
  await previewBy(page, () => toggle(page));
  assert((await page.locator(".grammar").count()) === 0, "without a constraint nothing should be said about grammar.");
  await leaveGrammar(page, complaints);
  await card.click();
}

/** The switch itself is drawn by its label. @param {Page} page */
function toggle(page) {
  return page.locator("label", { hasText: "Constrain sampling" }).click();
}

/** @param {Page} page @param {string} kind */
function choose(page, kind) {
  return page.getByLabel("Kind", { exact: true }).selectOption(kind);
}

/** @param {Page} page @param {string} text */
function type(page, text) {
  return page.locator("#constraint-text").fill(text);
}

/** @param {Page} page */
async function eachKind(page) {
  for (const [kind, label] of KINDS) {
    if ((await page.getByLabel("Kind", { exact: true }).inputValue()) !== kind) await previewBy(page, () => choose(page, kind));
    assert(await page.getByLabel(label, { exact: true }).isVisible(), `the editor should be called ${label}.`);
    const text = await page.locator("#constraint-text").inputValue();
    const { dist, grammar } = await previewBy(page, () => type(page, `${text}\n`));
    assert(dist?.constraint_type === kind && grammar, `the preview should be constrained by ${kind}.`);
    const firstInvalid = dist.tokens.findIndex((row) => !row.valid);
    const legal = firstInvalid < 0 ? dist.tokens : dist.tokens.slice(0, firstInvalid);
    assert(legal.length > 0 && legal.length === Math.min(dist.top_k, grammar.legal_tokens), "legal tokens should come first, all of them.");
    await page.locator(".legend-kept", { hasText: "the grammar allows" }).waitFor(PATIENCE);
    const pressable = await page.locator(".row-item button.row").count();
    const struck = await page.locator('.row-item .row[data-valid="false"]').count();
    assert(pressable === legal.length && struck === dist.tokens.length - legal.length, `${pressable} rows can be pressed and ${struck} are struck.`);
    await page.locator(".constraint-fine").waitFor(PATIENCE);
  }
  const before = await completionLength(page);
  await page.locator('.row[data-valid="false"]').first().click();
  await page.waitForTimeout(200);
  assert((await completionLength(page)) === before, "a struck row should do nothing.");
}

/** @param {Page} page */
async function barForcedText(page) {
  assert(await page.getByLabel("Text to force").isDisabled(), "text should not be forced under a constraint.");
  await page.locator(".force").click();
  await page.locator(".message", { hasText: "cannot be forced while a constraint is on" }).waitFor(PATIENCE);
}

/** @param {Page} page @param {string[]} complaints */
async function pointAtError(page, complaints) {
  await previewBy(page, () => choose(page, "regex"));
  let previews = 0;
  const count = (/** @type {import("@playwright/test").Request} */ request) => void (previews += Number(request.url().endsWith("/api/preview")));
  page.on("request", count);
  const before = complaints.length;
  await type(page, "yes|\nno|(may|be");
  await page.locator(".constraint-failure").waitFor(PATIENCE);
  page.off("request", count);
  assert(previews === 0 && complaints.length === before, `a constraint that is wrong should be sent to the check alone, but ${previews} previews were asked for.`);
  const marked = await page.locator(".editor-mark").textContent();
  assert(marked === "(", `the mark should be at the open bracket, and is at ${marked}.`);
  await page.locator(".header .pill", { hasText: "Constraint error" }).waitFor(PATIENCE);
  await page.getByRole("button", { name: "Go to line 2, column 4" }).click();
  const selected = await page.locator("#constraint-text").evaluate((one) => {
    const area = /** @type {HTMLTextAreaElement} */ (one);
    return document.activeElement === area ? area.value.slice(area.selectionStart, area.selectionEnd) : "";
  });
  assert(selected === "(", `the caret should go to the error, and ${JSON.stringify(selected)} is selected.`);
  await markIsUnderText(page);
  assert((await button(page, "Step").getAttribute("aria-disabled")) === "true", "nothing should be stepped under a wrong constraint.");
  await previewBy(page, () => type(page, "(yes|no)"));
  await page.locator(".constraint-failure").waitFor({ state: "detached", ...PATIENCE });
}

/** Lines of the mirror have to be those of the field. @param {Page} page */
async function markIsUnderText(page) {
  const sizes = await page.evaluate(() => [".editor-mirror", "#constraint-text"].map((selector) => {
    const one = /** @type {HTMLElement} */ (document.querySelector(selector));
    const { font, lineHeight, padding, whiteSpace } = getComputedStyle(one);
    return JSON.stringify([one.clientWidth, one.getBoundingClientRect().top, font, lineHeight, padding, whiteSpace]);
  }));
  assert(sizes[0] === sizes[1], `the mark is not laid out as the text: ${sizes.join(" and ")}.`);
}

/** @param {Page} page */
async function takeForcedRun(page) {
  await previewBy(page, () => type(page, "certainly not[.!]"));
  await page.locator(".grammar-run").waitFor(PATIENCE);
  const take = page.getByRole("button", { name: /^Take it/ });
  const answer = await stepBy(page, () => take.click());
  assert(answer.appended.map(({ text }) => text).join("").startsWith("certainly"), "the forced run should be appended.");
  assert(answer.appended_meta.every(({ forced_by }) => forced_by === "token"), "the run should be forced by its tokens.");
  await expectLength(page, answer.appended.length, "After Take it");
  await settle(page);
  await page.locator(".grammar-facts", { hasText: "1 in" }).waitFor(PATIENCE);
  assert(/^Legal mass over \d+ positions/.test((await page.locator(".mass-line svg").getAttribute("aria-label")) ?? ""), "the history should be told in words.");
  await clearCompletion(page);
  console.log(`  a forced run of ${answer.appended.length} tokens is taken in one step`);
}

/** With the debugger on screen, and with an error that is mended from where it is told. @param {Page} page */
async function fitNarrow(page) {
  const before = page.viewportSize() ?? { width: 1280, height: 720 };
  const fits = async (/** @type {string} */ what) => {
    const wide = await page.evaluate(() => document.scrollingElement?.scrollWidth ?? 0);
    assert(wide <= 360, `with ${what} the page is ${wide} px wide in a window of 360.`);
  };
  await page.setViewportSize({ width: 360, height: 740 });
  await page.locator(".grammar-run").waitFor(PATIENCE);
  await fits("the debugger");
  await button(page, "Settings").click();
  await type(page, "(a");
  await page.getByRole("button", { name: "Close settings" }).click();
  await page.locator(".constraint-failure").waitFor(PATIENCE);
  await fits("an error");
  await page.getByRole("button", { name: "Mend it at line 1, column 1" }).click();
  await page.locator("#constraint-text:focus").waitFor(PATIENCE);
  await previewBy(page, () => type(page, "certainly not[.!]"));
  await page.keyboard.press("Escape");
  await page.setViewportSize(before);
}

/** @param {Page} page */
async function compareChoices(page) {
  await previewBy(page, () => choose(page, "multiple_choice"));
  await previewBy(page, () => type(page, "Paris\nLondon\nBerlin"));
  await button(page, "Compare the choices").click();
  const rows = page.locator(".choice-table tbody");
  await rows.nth(2).waitFor(PATIENCE);
  const shares = await rows.locator("td:last-child .bar-final").evaluateAll((bars) => bars.map((bar) => Number.parseFloat(/** @type {HTMLElement} */ (bar).style.width)));
  const sum = shares.reduce((total, share) => total + share, 0);
  assert(Math.abs(sum - 100) < 0.01, `the shares of the choices add up to ${sum} %.`);
  await previewBy(page, () => type(page, "Paris\nLondon"));
  await page.locator('.choices[data-stale="true"]').waitFor(PATIENCE);
  await button(page, "Compare again").click();
  await page.locator('.choices[data-stale="false"]').waitFor(PATIENCE);
  assert((await rows.count()) === 2, "the newer choices should be compared.");
  console.log("  choices are compared as wholes, and marked when they are out of date");
}

/** @param {Page} page */
async function keepTexts(page) {
  const field = page.locator("#constraint-text");
  await previewBy(page, () => choose(page, "regex"));
  assert((await field.inputValue()) === "certainly not[.!]", "each kind should keep its text.");
  const stored = await page.evaluate(() => [localStorage.getItem("llmDemo.constraintType"), localStorage.getItem("llmDemo.constraintSchema")]);
  assert(stored.join() === "regex,certainly not[.!]", `the active text should be stored, and ${stored.join()} is.`);
  await previewBy(page, () => page.getByLabel("Example", { exact: true }).selectOption({ label: "Person" }));
  assert((await page.getByLabel("Kind", { exact: true }).inputValue()) === "json_schema", "an example should choose its kind.");
  await page.locator(".grammar-facts", { hasText: "$" }).waitFor(PATIENCE);
}

/** @param {Page} page @param {string[]} complaints */
async function leaveGrammar(page, complaints) {
  await stepBy(page, () => button(page, "Step").click());
  await settle(page);
  const before = complaints.length;
  await previewBy(page, () => toggle(page));
  await Promise.all([page.waitForResponse((one) => isAnswer(one, "/api/preview"), PATIENCE), button(page, "from the start").click()]);
  await page.getByRole("button", { name: /^Rewind to before/ }).waitFor(PATIENCE);
  await page.waitForTimeout(100);
  // Chromium tells of the answer; only the server knows where the completion leaves the grammar.
  const [refusal, ...others] = complaints.splice(before);
  assert(/status of 400/.test(refusal ?? "") && others.length === 0, `expected one refused preview, but: ${[refusal, ...others].join("; ")}`);
  const { grammar } = await previewBy(page, () => button(page, "Count from here").click());
  assert(grammar?.anchor === 1, `the grammar should count from token 1, and counts from ${grammar?.anchor}.`);
  await previewBy(page, () => toggle(page));
  await clearCompletion(page);
  console.log("  a completion that leaves the grammar can be left out of it");
}
