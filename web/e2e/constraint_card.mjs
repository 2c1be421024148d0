// The card of constrained sampling: its kinds with their words, what is kept, and what it bars.

import { assert } from "./browser.mjs";
import { check } from "./checks.mjs";
import { button, openCard, previewAskedBy, requestsDuring, stored } from "./page.mjs";

/** @import { Page } from "@playwright/test" */
/** @import { Visit } from "./behaviour.mjs" */

/** What each kind begins with, and words that say how it is written and what it does. */
const KINDS = /** @type {const} */ ([
  ["multiple_choice", "Multiple choice", "yes\nno\nmaybe", /one choice per line.*list/i, /one of the choices/],
  ["regex", "Regex", "(yes|no)", /regular expression/, /matches the regular expression/],
  ["cfg", "CFG", 'start: "yes" | "no"', /grammar/, /grammar/],
  ["json_schema", "JSON schema", '{"type":"object","properties":{"answer":{"type":"string"}},"required":["answer"],"additionalProperties":false}', /JSON schema object/, /JSON document/],
]);

/** @param {Visit} visit */
export async function constraintCard({ page }) {
  await check("B20", "off at first, four kinds, eight lines, and one constraint for all inputs", () => card(page));
  await check("B21 B22", "each kind has its label, its example and its words", () => kinds(page));
  await check("B23", "a text that was typed stays with its kind", () => texts(page));
  await check("B23 B72", "kinds and the switch ask at once, typing waits a moment", () => delays(page));
  await check("B24", "a row that the grammar forbids is struck, and does nothing under the pointer", () => struck(page));
  await check("B25", "a wrong constraint is told in the header, and there are no candidates", () => wrong(page));
}

/** @param {Page} page */
const kind = (page) => page.getByLabel("Kind", { exact: true });
/** @param {Page} page */
const text = (page) => page.locator("#constraint-text");
/** @param {Page} page */
const toggle = (page) => page.locator("label", { hasText: "Constrain sampling" }).click();

/** @param {Page} page */
async function card(page) {
  await openCard(page, "Constrained sampling");
  assert(!(await page.locator("#constraint-enabled").isChecked()), "the constraint should be off at first.");
  const labels = await kind(page).locator("option").allInnerTexts();
  assert(labels.join() === KINDS.map(([, label]) => label).join(), `the kinds are ${labels}.`);
  assert((await text(page).getAttribute("rows")) === "8", "the text should have eight lines.");
  const off = await previewAskedBy(page, () => button(page, "New input").click());
  assert(!off.constraint, "without the switch nothing should be constrained.");
  const on = await previewAskedBy(page, () => toggle(page));
  const other = await previewAskedBy(page, () => page.locator(".waiting").click());
  assert(on.constraint && JSON.stringify(other.constraint) === JSON.stringify(on.constraint), "all inputs should have the constraint.");
  assert((await stored(page, "llmDemo.constraintEnabled")) === "1", "the switch should be kept.");
}

/** @param {Page} page */
async function kinds(page) {
  for (const [id, label, example, how, what] of KINDS) {
    await kind(page).selectOption(id);
    const name = /schema$/i.test(label) ? label : `${label} schema`;
    await page.getByLabel(name, { exact: true }).waitFor();
    const value = await text(page).inputValue();
    const same = id === "json_schema" ? JSON.stringify(JSON.parse(value)) === example : value === example;
    assert(same, `${label} should begin with ${example}, and begins with ${value}.`);
    assert(how.test((await text(page).getAttribute("placeholder")) ?? ""), `the empty field should say how ${label} is written.`);
    assert(what.test(await page.locator("#constraint-hint").innerText()), `the hint should say what ${label} does.`);
    // The first kind is what an empty storage means.
    assert(((await stored(page, "llmDemo.constraintType")) ?? "multiple_choice") === id, "the kind should be kept.");
  }
}

/** @param {Page} page */
async function texts(page) {
  await kind(page).selectOption("regex");
  await text(page).fill("a+");
  await kind(page).selectOption("cfg");
  assert(/start/.test(await text(page).inputValue()), "another kind should have a text of its own.");
  // What this asks for must not be taken for what is asked for next.
  await previewAskedBy(page, () => kind(page).selectOption("regex"));
  assert((await text(page).inputValue()) === "a+" && (await stored(page, "llmDemo.constraintSchema")) === "a+", "what was typed should come back.");
}

/** @param {Page} page */
async function delays(page) {
  const before = Date.now();
  const typed = await requestsDuring(page, "/api/preview", async () => {
    for (const value of ["(yes", "(yes|n", "(yes|no)"]) await text(page).fill(value);
  }, 800);
  assert((typed[0]?.at ?? 0) - before >= 220 && /yes\|no/.test(JSON.stringify(typed.at(-1)?.body.constraint)), "a preview should wait for the end of typing.");
  assert(typed.length === 1, `one preview should do, and ${typed.length} were asked for.`);
  const chosen = await previewAskedBy(page, () => kind(page).selectOption("cfg"));
  assert(chosen.constraint?.type === "cfg", "another kind should be asked about.");
  await previewAskedBy(page, () => toggle(page));
  await previewAskedBy(page, () => toggle(page));
}

/** @param {Page} page */
async function struck(page) {
  const row = page.locator('.row[data-valid="false"]').first();
  await row.waitFor();
  assert((await row.evaluate((one) => one.tagName)) !== "BUTTON", "a struck row should be no button.");
  const [struckColor, legalColor] = await page.evaluate(() => ['.row[data-valid="false"] .row-token', "button.row .row-token"].map((selector) => getComputedStyle(/** @type {Element} */ (document.querySelector(selector))).color));
  assert(struckColor !== legalColor, "a struck row should be greyed.");
  const background = () => row.evaluate((one) => getComputedStyle(one).backgroundColor);
  const calm = await background();
  await row.hover();
  assert((await background()) === calm, "a struck row should not answer to the pointer.");
  assert(/grammar|invalid/i.test((await row.getAttribute("title")) ?? (await row.innerText())), "a struck row should say why.");
  const steps = await requestsDuring(page, "/api/step", () => row.click(), 200);
  assert(steps.length === 0, "a struck row should do nothing.");
  await page.mouse.move(2, 2);
}

/** @param {Page} page */
async function wrong(page) {
  await kind(page).selectOption("regex");
  await text(page).fill("(yes");
  await page.locator(".header .pill", { hasText: "Constraint error" }).waitFor();
  await page.locator(".constraint-failure").waitFor();
  assert((await page.locator(".row-item").count()) === 0, "under a wrong constraint there should be no candidates.");
  await text(page).fill("(yes|no)");
  await page.locator(".row-item").first().waitFor();
}
