// Constraints at work: the four kinds, errors that point, forced runs, and whole choices.

import { assert, isAnswer } from "./browser.mjs";
import { KINDS, editor, kindField, toggleConstraint } from "./constraint.mjs";
import { check, expect } from "./harness.mjs";
import { button, completionLength, expectLength, openCard, previewBy, requestsDuring, settle, step, stepBy, stored } from "./page.mjs";

/** @import { Page } from "@playwright/test" */

const FORCED = "certainly not[.!]";

check("B21 B24", "four kinds of constraints: legal rows first, the others struck", async ({ page }) => {
  await openCard(page, "Constrained sampling");
  await previewBy(page, () => toggleConstraint(page));
  for (const { id, name } of KINDS) {
    if ((await kindField(page).inputValue()) !== id) await previewBy(page, () => kindField(page).selectOption(id));
    await expect(page.getByLabel(name, { exact: true })).toBeVisible();
    const text = await editor(page).inputValue();
    const { dist, grammar } = await previewBy(page, () => editor(page).fill(`${text}\n`));
    assert(dist?.constraint_type === id && grammar, `the preview should be constrained by ${id}.`);
    const firstInvalid = dist.tokens.findIndex((row) => !row.valid);
    const legal = firstInvalid < 0 ? dist.tokens : dist.tokens.slice(0, firstInvalid);
    assert(legal.length > 0 && legal.length === Math.min(dist.top_k, grammar.legal_tokens), "legal tokens should come first, all of them.");
    await expect(page.locator(".legend-kept")).toContainText("the grammar allows");
    await expect(page.locator(".rows:not(.favourites) .row-item button.row"), "legal rows can be pressed").toHaveCount(legal.length);
    await expect(page.locator('.rows:not(.favourites) .row-item .row[data-valid="false"]'), "the others are struck").toHaveCount(dist.tokens.length - legal.length);
    await page.locator(".constraint-fine").waitFor();
  }
  const before = await completionLength(page);
  const steps = await requestsDuring(page, "/api/step", () => page.locator('.row[data-valid="false"]').first().click(), 200);
  expect(steps.length, "a struck row should do nothing").toBe(0);
  await expectLength(page, before, "After a click on a struck row");
});

check("B24", "text cannot be forced, and a press says why", async ({ page }) => {
  await openCard(page, "Constrained sampling");
  await previewBy(page, () => toggleConstraint(page));
  await expect(page.getByLabel("Text to force")).toBeDisabled();
  await page.locator(".force").click();
  await expect(page.locator(".message")).toContainText("cannot be forced while a constraint is on");
});

check("B25", "an error is marked in the editor and asks for no preview", async ({ page }) => {
  await constrain(page, "regex", "(yes|no)");
  const previews = await requestsDuring(page, "/api/preview", async () => {
    await editor(page).fill("yes|\nno|(may|be");
    await page.locator(".constraint-failure").waitFor();
  });
  expect(previews.length, "a constraint that is wrong should be sent to the check alone").toBe(0);
  await expect(page.locator(".editor-mark"), "the mark should be at the open bracket").toHaveText("(");
  await page.locator(".header .pill", { hasText: "Constraint error" }).waitFor();
  await page.getByRole("button", { name: "Go to line 2, column 4" }).click();
  const selected = await editor(page).evaluate((one) => {
    const area = /** @type {HTMLTextAreaElement} */ (one);
    return document.activeElement === area ? area.value.slice(area.selectionStart, area.selectionEnd) : "";
  });
  expect(selected, "the caret should go to the error").toBe("(");
  await expectMarkUnderText(page);
  await expect(button(page, "Step"), "nothing should be stepped under a wrong constraint").toHaveAttribute("aria-disabled", "true");
  await previewBy(page, () => editor(page).fill("(yes|no|maybe)"));
  await page.locator(".constraint-failure").waitFor({ state: "detached" });
});

/** Lines of the mirror have to be those of the field. @param {Page} page */
async function expectMarkUnderText(page) {
  const [mirror, field] = await page.evaluate(() => [".editor-mirror", "#constraint-text"].map((selector) => {
    const one = /** @type {HTMLElement} */ (document.querySelector(selector));
    const { font, lineHeight, padding, whiteSpace } = getComputedStyle(one);
    return [one.clientWidth, one.getBoundingClientRect().top, font, lineHeight, padding, whiteSpace];
  }));
  expect(mirror, "the mark should be laid out as the text").toEqual(field);
}

check("B24", "a forced run of tokens is taken in one step", async ({ page }) => {
  await constrain(page, "regex", FORCED);
  await page.locator(".grammar-run").waitFor();
  const answer = await stepBy(page, () => page.getByRole("button", { name: /^Take it/ }).click());
  assert(answer.appended.length > 1, "the run should be several tokens.");
  assert(answer.appended.map(({ text }) => text).join("").startsWith("certainly"), "the forced run should be appended.");
  assert(answer.appended_meta.every(({ forced_by }) => forced_by === "token"), "the run should be forced by its tokens.");
  await expectLength(page, answer.appended.length, "After Take it");
  await settle(page);
  await expect(page.locator(".grammar-facts").filter({ hasText: "1 in" })).toBeVisible();
  await expect(page.locator(".mass-line svg"), "the history should be told in words").toHaveAttribute("aria-label", /^Legal mass over \d+ positions/);
});

check("B83", "at 360 px everything has room, and an error leads to the editor", async ({ page }) => {
  await constrain(page, "regex", FORCED);
  const fits = async (/** @type {string} */ what) => {
    const wide = await page.evaluate(() => document.scrollingElement?.scrollWidth ?? 0);
    assert(wide <= 360, `with ${what} the page is ${wide} px wide in a window of 360.`);
  };
  await page.setViewportSize({ width: 360, height: 740 });
  await page.locator(".grammar-run").waitFor();
  await fits("the debugger");
  await button(page, "Settings").click();
  await editor(page).fill("(a");
  await page.getByRole("button", { name: "Close settings" }).click();
  await page.locator(".constraint-failure").waitFor();
  await fits("an error");
  await page.getByRole("button", { name: "Correct it at line 1, column 1" }).click();
  await expect(editor(page)).toBeFocused();
  await previewBy(page, () => editor(page).fill(FORCED));
});

check("B24", "choices are compared as wholes, and marked when they are out of date", async ({ page }) => {
  await constrain(page, "multiple_choice", "Paris\nLondon\nBerlin");
  await button(page, "Compare the choices").click();
  const rows = page.locator(".choice-table tbody");
  await expect(rows).toHaveCount(3);
  const shares = await rows.locator("td:last-child .bar-final").evaluateAll((bars) => bars.map((bar) => Number.parseFloat(/** @type {HTMLElement} */ (bar).style.width)));
  const sum = shares.reduce((total, share) => total + share, 0);
  assert(Math.abs(sum - 100) < 0.01, `the shares of the choices add up to ${sum} %.`);
  await previewBy(page, () => editor(page).fill("Paris\nLondon"));
  await page.locator('.choices[data-stale="true"]').waitFor();
  await button(page, "Compare again").click();
  await page.locator('.choices[data-stale="false"]').waitFor();
  await expect(rows, "the newer choices should be compared").toHaveCount(2);
});

check("B23", "each kind keeps its text, and examples choose theirs", async ({ page }) => {
  await constrain(page, "regex", FORCED);
  await previewBy(page, () => kindField(page).selectOption("multiple_choice"));
  await previewBy(page, () => kindField(page).selectOption("regex"));
  await expect(editor(page), "each kind should keep its text").toHaveValue(FORCED);
  expect([await stored(page, "llmDemo.constraintType"), await stored(page, "llmDemo.constraintSchema")]).toEqual(["regex", FORCED]);
  await previewBy(page, () => page.getByLabel("Example", { exact: true }).selectOption({ label: "Person" }));
  await expect(kindField(page), "an example should choose its kind").toHaveValue("json_schema");
  await expect(page.locator(".grammar-facts").filter({ hasText: "$" })).toBeVisible();
});

check("B20", "a completion that leaves the grammar can be left out of it", async ({ page, allow }) => {
  // Only the server knows where the completion leaves the grammar.
  allow(/status of 400/);
  await step(page);
  await openCard(page, "Constrained sampling");
  await previewBy(page, () => toggleConstraint(page));
  const refused = page.waitForResponse((one) => isAnswer(one, "/api/preview") && one.status() === 400);
  await button(page, "from the start").click();
  await refused;
  await page.getByRole("button", { name: /^Rewind to before/ }).waitFor();
  const { grammar } = await previewBy(page, () => button(page, "Count from here").click());
  expect(grammar?.anchor, "the grammar should count from token 1").toBe(1);
  await previewBy(page, () => toggleConstraint(page));
  await expect(page.locator(".grammar"), "without a constraint nothing should be said about grammar").toHaveCount(0);
});

/** Switches a constraint on. @param {Page} page @param {typeof KINDS[number]["id"]} kind @param {string} text */
async function constrain(page, kind, text) {
  await openCard(page, "Constrained sampling");
  await kindField(page).selectOption(kind);
  await editor(page).fill(text);
  await previewBy(page, () => toggleConstraint(page));
  await page.locator(".constraint-fine").waitFor();
}
