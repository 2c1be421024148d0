// The card of constrained sampling: its kinds with their words, what is kept, and what it bars.

import { assert } from "./browser.mjs";
import { KINDS, editor, kindField, toggleConstraint } from "./constraint.mjs";
import { check, expect } from "./harness.mjs";
import { button, openCard, previewAskedBy, previewBy, requestsBy, requestsDuring, stored } from "./page.mjs";

/** @import { Page } from "@playwright/test" */

/** What each kind begins with, and words that say how it is written and what it does. */
const WORDS = /** @type {const} */ ({
  multiple_choice: ["yes\nno\nmaybe", /one choice per line.*list/i, /one of the choices/],
  regex: ["(yes|no)", /regular expression/, /matches the regular expression/],
  cfg: ['start: "yes" | "no"', /grammar/, /grammar/],
  json_schema: ['{"type":"object","properties":{"answer":{"type":"string"}},"required":["answer"],"additionalProperties":false}', /JSON schema object/, /JSON document/],
});

/** @param {Page} page */
const open = (page) => openCard(page, "Constrained sampling");

check("B20", "off at first, four kinds, eight lines, and one constraint for all inputs", async ({ page }) => {
  await open(page);
  await expect(page.locator("#constraint-enabled")).not.toBeChecked();
  await expect(kindField(page).locator("option")).toHaveText(KINDS.map(({ label }) => label));
  await expect(editor(page)).toHaveAttribute("rows", "8");
  const off = await previewAskedBy(page, () => button(page, "New input").click());
  expect(off.constraint, "without the switch nothing should be constrained").toBeFalsy();
  const on = await previewAskedBy(page, () => toggleConstraint(page));
  const other = await previewAskedBy(page, () => page.locator(".waiting").click());
  expect(on.constraint).toBeTruthy();
  expect(other.constraint, "all inputs should have the constraint").toEqual(on.constraint);
  expect(await stored(page, "llmDemo.constraintEnabled"), "the switch should be kept").toBe("1");
});

check("B21 B22", "each kind has its label, its example and its words", async ({ page }) => {
  await open(page);
  for (const { id, name } of KINDS) {
    const [example, how, what] = WORDS[id];
    await kindField(page).selectOption(id);
    await page.getByLabel(name, { exact: true }).waitFor();
    const value = await editor(page).inputValue();
    expect(id === "json_schema" ? JSON.stringify(JSON.parse(value)) : value, `what ${id} begins with`).toBe(example);
    await expect(editor(page), "the empty field should say how it is written").toHaveAttribute("placeholder", how);
    await expect(page.locator("#constraint-hint"), "the hint should say what it does").toContainText(what);
    // The first kind is what an empty storage means.
    expect((await stored(page, "llmDemo.constraintType")) ?? "multiple_choice", "the kind should be kept").toBe(id);
  }
});

check("B23", "a text that was typed stays with its kind", async ({ page }) => {
  await open(page);
  await kindField(page).selectOption("regex");
  await editor(page).fill("a+");
  await kindField(page).selectOption("cfg");
  await expect(editor(page), "another kind should have a text of its own").toHaveValue(/start/);
  await kindField(page).selectOption("regex");
  await expect(editor(page), "what was typed should come back").toHaveValue("a+");
  expect(await stored(page, "llmDemo.constraintSchema")).toBe("a+");
});

check("B23 B72", "kinds and the switch ask at once, typing waits a moment", async ({ page }) => {
  await open(page);
  await kindField(page).selectOption("regex");
  await previewAskedBy(page, () => toggleConstraint(page));
  const before = Date.now();
  const typed = await requestsBy(page, "/api/preview", async () => {
    for (const value of ["(yes", "(yes|n", "(yes|no|maybe)"]) await editor(page).fill(value);
  });
  assert((typed[0]?.at ?? 0) - before >= 220, "a preview should wait for the end of typing.");
  expect(JSON.stringify(typed.at(-1)?.body.constraint)).toContain("yes|no|maybe");
  expect(typed.length, "one preview should do").toBe(1);
  const chosen = await previewAskedBy(page, () => kindField(page).selectOption("cfg"));
  expect(chosen.constraint?.type, "another kind should be asked about").toBe("cfg");
  const off = await previewAskedBy(page, () => toggleConstraint(page));
  expect(off.constraint, "the switch should be asked about").toBeFalsy();
});

check("B24", "a row that the grammar forbids is struck, and does nothing under the pointer", async ({ page }) => {
  await open(page);
  await previewAskedBy(page, () => toggleConstraint(page));
  const row = page.locator('.row[data-valid="false"]').first();
  await row.waitFor();
  expect(await row.evaluate((one) => one.tagName), "a struck row should be no button").not.toBe("BUTTON");
  const [struckColor, legalColor] = await page.evaluate(() => ['.row[data-valid="false"] .row-token', "button.row .row-token"].map((selector) => getComputedStyle(/** @type {Element} */ (document.querySelector(selector))).color));
  assert(struckColor !== legalColor, "a struck row should be greyed.");
  const background = () => row.evaluate((one) => getComputedStyle(one).backgroundColor);
  const calm = await background();
  await row.hover();
  assert((await background()) === calm, "a struck row should not answer to the pointer.");
  assert(/grammar|invalid/i.test((await row.getAttribute("title")) ?? (await row.innerText())), "a struck row should say why.");
  const steps = await requestsDuring(page, "/api/step", () => row.click(), 200);
  assert(steps.length === 0, "a struck row should do nothing.");
});

check("B25", "a wrong constraint is told in the header, and there are no candidates", async ({ page }) => {
  await open(page);
  await previewAskedBy(page, () => toggleConstraint(page));
  await kindField(page).selectOption("regex");
  await editor(page).fill("(yes");
  await page.locator(".header .pill", { hasText: "Constraint error" }).waitFor();
  await page.locator(".constraint-failure").waitFor();
  await expect(page.locator(".row-item"), "under a wrong constraint there should be no candidates").toHaveCount(0);
  await editor(page).fill("(yes|no)");
  await page.locator(".row-item").first().waitFor();
});

check("B21", "white space at the ends of a pattern or of a listed choice counts and is told", async ({ page }) => {
  await openCard(page, "Constrained sampling");
  const told = page.locator("#constraint-hint");
  await previewBy(page, () => toggleConstraint(page));
  await previewBy(page, () => kindField(page).selectOption("regex"));
  await previewBy(page, () => editor(page).fill("yes"));
  await expect(told).not.toContainText("counts");
  await previewBy(page, () => editor(page).fill(" yes"));
  await expect(told).toContainText("begins with a space, which counts");
  await expect(editor(page), "it should be read with the field").toHaveAttribute("aria-describedby", /constraint-hint/);
  await expect(page.locator("button.row .row-token").first(), "the space should be asked for").toHaveText(/^␠/);
  await previewBy(page, () => kindField(page).selectOption("multiple_choice"));
  await previewBy(page, () => editor(page).fill(" yes\nno"));
  await expect(told).toContainText("around a choice does not count");
  await expect(page.locator("button.row .row-token").first(), "a line should begin with its first sign").not.toHaveText(/^␠/);
  await previewBy(page, () => editor(page).fill('[" yes", " no"]'));
  await expect(told.locator("code")).toHaveText(["␠yes", "␠no"]);
  await expect(page.locator("button.row .row-token").first()).toHaveText(/^␠/);
});
