// The whole page without a mouse: what a first visit shows, every view, stepping, forcing, knobs,
// search, help. Nothing in here clicks.

import { assert } from "./browser.mjs";
import { check, expect } from "./harness.mjs";
import { tabTo } from "./keyboard.mjs";
import { blur, completionLength, expectLength, previewBy, requestsDuring, settle, stepBy } from "./page.mjs";

check("B73 B83", "the tour is taken with Enter, and comes only once", async ({ blank }) => {
  await blank.goto("/");
  await blank.locator(".row-item").first().waitFor({ timeout: 60_000 });
  const tour = blank.locator(".tour");
  await tour.waitFor();
  await tabTo(blank, ".tour .button-primary");
  const seen = new Set();
  for (let cards = 1; cards <= 5; cards += 1) {
    const title = await tour.locator("h2").innerText();
    seen.add(title);
    await blank.keyboard.press("Enter");
    await expect(tour.locator("h2").filter({ hasText: title }), `what comes after ${title}`).toHaveCount(0);
  }
  assert(seen.size === 5, `the tour should have five cards, and has ${seen.size}.`);
  await expect(tour, "the tour should end").toHaveCount(0);
  await blank.reload();
  await blank.locator(".row-item").first().waitFor({ timeout: 60_000 });
  await expect(tour, "the tour should come only once").toHaveCount(0);
});

check("B73 B83", "arrows, digits, Enter and Undo step, force, delete and bring back", async ({ page }) => {
  await blur(page);
  await stepBy(page, () => page.keyboard.press("ArrowRight"));
  await settle(page);
  const second = await page.locator(".row-item .row-token").nth(1).textContent();
  const byDigit = await stepBy(page, () => page.keyboard.press("2"));
  assert(byDigit.appended[0]?.display === second, `2 should force ${second}, and forced ${byDigit.appended[0]?.display}.`);
  await settle(page);
  await page.keyboard.press("ArrowDown");
  await page.locator(".row-item:first-child .row:focus").waitFor();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowDown");
  const third = await page.locator(".row:focus .row-token").textContent();
  const byEnter = await stepBy(page, () => page.keyboard.press("Enter"));
  assert(byEnter.appended[0]?.display === third, `Enter should force ${third}.`);
  await settle(page);
  await expectLength(page, 3, "After a step, a digit and Enter");
  await previewBy(page, () => page.keyboard.press("ArrowLeft"));
  await expectLength(page, 2, "After the left arrow");
  await page.keyboard.press("Control+z");
  await expectLength(page, 3, "After Undo");
});

check("B62 B73", "Space plays and pauses", async ({ page }) => {
  await blur(page);
  await stepBy(page, () => page.keyboard.press("Space"));
  assert((await completionLength(page)) > 0, "Space should play.");
  await page.keyboard.press("Space");
  await page.getByRole("button", { name: "Play", exact: true }).waitFor();
  await settle(page);
  const length = await completionLength(page);
  const steps = await requestsDuring(page, "/api/step", async () => {}, 900);
  expect(steps.length, "Space should pause").toBe(0);
  await expectLength(page, length, "After Space");
});

check("B83", "a knob is opened and moved", async ({ page }) => {
  for (const open of ["false", "true"]) {
    await tabTo(page, "#sampling-title button");
    await page.keyboard.press("Enter");
    await page.locator(`#sampling-title [aria-expanded="${open}"]`).waitFor();
  }
  await tabTo(page, "#knob-temperature");
  const answer = await previewBy(page, () => page.keyboard.press("ArrowUp"));
  assert(answer.dist?.stages.some((stage) => stage.knobs["temperature"] === 0.71), "the arrow should move the temperature.");
});

check("B56 B83", "any token is found and forced", async ({ page }) => {
  await tabTo(page, "#find-token");
  await page.keyboard.type("Paris");
  await page.locator(".found .row").first().waitFor();
  await tabTo(page, ".found .row", "Shift+Tab");
  const answer = await stepBy(page, () => page.keyboard.press("Enter"));
  assert(answer.appended[0]?.text === "Paris", `the token that was found should be forced, and ${answer.appended[0]?.text} was.`);
});

check("B83", "the arrows switch views, and the running text is walked through", async ({ page }) => {
  await blur(page);
  await stepBy(page, () => page.keyboard.press("ArrowRight"));
  await settle(page);
  await tabTo(page, '[role="tab"]', "Shift+Tab");
  for (const [key, name] of /** @type {const} */ ([["ArrowRight", "Text"], ["ArrowRight", "Branches"], ["ArrowRight", "Flow"], ["End", "Branches"], ["ArrowLeft", "Text"]])) {
    await page.keyboard.press(key);
    await page.getByRole("tab", { name, selected: true }).waitFor();
  }
  await tabTo(page, ".word");
  await page.locator("#history").waitFor();
  await page.keyboard.press("Enter");
  await page.locator("#history button:focus").waitFor();
  await page.keyboard.press("Escape");
  await page.locator(".word:focus").waitFor();
});

check("B73", "? opens the help, Enter its parts, Escape closes it", async ({ page }) => {
  await blur(page);
  await page.keyboard.press("?");
  const help = page.locator(".help-dialog");
  await help.waitFor();
  const summaries = await help.locator("summary").allInnerTexts();
  for (const summary of summaries.slice(1)) {
    await tabTo(page, "summary:not([open] > summary)");
    await page.keyboard.press("Enter");
    await expect(help.locator("details[open] > summary").filter({ hasText: summary }), `${summary} should open`).toHaveCount(1);
  }
  await page.keyboard.press("Escape");
  await help.waitFor({ state: "detached" });
});
