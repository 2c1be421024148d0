// The options of a multiple choice, compared as wholes.

import { assert } from "./browser.mjs";
import { check, expect } from "./harness.mjs";
import { button, openCard, previewBy } from "./page.mjs";

check("C9", "an option is shown with the factors whose product it is, and a sentence says which one decides", async ({ page }) => {
  await openCard(page, "Constrained sampling");
  await previewBy(page, () => page.locator("label", { hasText: "Constrain sampling" }).click());
  await previewBy(page, () => page.locator("#constraint-text").fill("Paris\nLondon\na city"));
  const [response] = await Promise.all([page.waitForResponse((one) => one.url().endsWith("/api/constraint/choices")), button(page, "Compare the choices").click()]);
  const { choices } = /** @type {import("../types/wire").ChoicesResponse} */ (await response.json());
  const table = page.getByRole("table");
  await expect(table.getByRole("columnheader")).toHaveText(["first token", "the rest", "ends there", "whole"]);
  const first = choices.map(({ log_probabilities }) => Math.exp(log_probabilities[0] ?? NaN));
  const all = first.reduce((sum, p) => sum + p, 0);
  const bars = await table.locator(".bar-final").evaluateAll((all) => all.map((bar) => Number.parseFloat(/** @type {HTMLElement} */ (bar).style.width)));
  for (const [index, { text, p_normalised }] of choices.entries()) {
    const expected = [(100 * (first[index] ?? NaN)) / all, 100 * p_normalised];
    expected.forEach((share, side) => assert(Math.abs((bars[2 * index + side] ?? NaN) - share) < 0.01, `the bars of ${text} should be ${expected} % long, and are ${bars.slice(2 * index, 2 * index + 2)}.`));
  }
  // What stands below the bars is the product, as far as three digits go.
  for (const [index, { text, tokens }] of choices.entries()) {
    const factors = (await table.locator("tbody").nth(index).locator("td").allInnerTexts()).map((cell) => Number(cell.split(/[\s×=]+/).at(-1)));
    const [whole, ...others] = factors.reverse();
    const product = others.reduce((result, factor, place) => result * (place === 1 && tokens.length === 1 ? 1 : factor), 1);
    assert(Math.abs(product / (whole ?? NaN) - 1) < 0.1, `the factors of ${text} should make the whole: ${factors}.`);
  }
  await expect(page.locator(".choice-verdict")).toContainText("as a whole", { ignoreCase: true });
});
