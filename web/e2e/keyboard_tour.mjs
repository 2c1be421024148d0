// The whole page without a mouse: what a first visit shows, every view, stepping, forcing, knobs,
// search, help. Nothing in here clicks.
//
//   node e2e/keyboard_tour.mjs --url http://127.0.0.1:PORT [--chromium PATH]

import { assert, assertNoComplaints, run, watch } from "./browser.mjs";
import { check } from "./checks.mjs";
import { completionLength, expectLength, previewBy, settle, stepBy } from "./page.mjs";

/** @import { Page } from "@playwright/test" */

await run("keyboard_tour", async (options, browser) => {
  const page = await browser.newPage({ viewport: { width: 1280, height: 720 } });
  const complaints = watch(page.context(), options.url);
  await page.goto(options.url);
  await page.locator(".row-item").first().waitFor({ timeout: 60_000 });
  await takeTour(page);
  await check("B73 B83", "arrows, digits, Enter and Undo step, force, delete and bring back", () => stepAndForce(page));
  await check("B62 B73", "Space plays and pauses", () => playAndPause(page));
  await check("B83", "a knob is opened and moved", () => moveKnob(page));
  await findToken(page);
  await check("B83", "the arrows switch views, and the running text is walked through", () => switchViews(page));
  await check("B73", "? opens the help, Enter its parts, Escape closes it", () => readHelp(page));
  await page.reload();
  await page.locator(".row-item").first().waitFor({ timeout: 60_000 });
  assert((await page.locator(".tour").count()) === 0, "the tour should come only once.");
  console.log("  the tour comes only once");
  assertNoComplaints(complaints);
}, 1);

/**
 * Presses Tab, or Shift+Tab, until the element has the focus, as people do.
 * @param {Page} page
 * @param {string} selector
 * @param {string} [key]
 */
async function tabTo(page, selector, key = "Tab") {
  for (let presses = 0; presses < 120; presses += 1) {
    const focused = await page.evaluate((wanted) => {
      const focus = document.activeElement;
      return focus?.matches(wanted) === true;
    }, selector);
    if (focused) return assertFocusSeen(page, selector);
    await page.keyboard.press(key);
  }
  throw new Error(`${selector} cannot be reached with ${key}.`);
}

/** @param {Page} page @param {string} selector */
async function assertFocusSeen(page, selector) {
  const { outline, visible } = await page.evaluate(() => {
    const focus = /** @type {Element} */ (document.activeElement);
    const shown = focus.classList.contains("sr-only") ? (focus.closest("label") ?? focus) : focus;
    const { width, height, top, bottom } = shown.getBoundingClientRect();
    return { outline: getComputedStyle(shown).outlineStyle, visible: width > 0 && height > 0 && bottom > 0 && top < innerHeight };
  });
  assert(outline !== "none" && visible, `the focus on ${selector} should be seen.`);
}

/** @param {Page} page */
async function takeTour(page) {
  const tour = page.locator(".tour");
  await tour.waitFor();
  await tabTo(page, ".tour .button-primary");
  const seen = new Set();
  for (let cards = 0; cards < 10 && (await tour.count()) > 0; cards += 1) {
    seen.add(await tour.locator("h2").innerText());
    await page.keyboard.press("Enter");
    await page.waitForTimeout(60);
  }
  assert(seen.size === 5 && (await tour.count()) === 0, `the tour should have five cards and end, and had ${seen.size}.`);
  console.log("  the tour is taken with Enter");
}

/** @param {Page} page */
async function stepAndForce(page) {
  await page.evaluate(() => document.activeElement instanceof HTMLElement && document.activeElement.blur());
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
  await page.waitForTimeout(300);
}

/** @param {Page} page */
async function playAndPause(page) {
  await page.evaluate(() => document.activeElement instanceof HTMLElement && document.activeElement.blur());
  const before = await completionLength(page);
  await stepBy(page, () => page.keyboard.press("Space"));
  await page.keyboard.press("Space");
  await page.waitForTimeout(900);
  assert((await completionLength(page)) > before, "Space should play.");
  const length = await completionLength(page);
  await page.waitForTimeout(900);
  assert((await completionLength(page)) === length, "Space should pause.");
}

/** @param {Page} page */
async function moveKnob(page) {
  for (const open of ["false", "true"]) {
    await tabTo(page, "#sampling-title button");
    await page.keyboard.press("Enter");
    await page.locator(`#sampling-title [aria-expanded="${open}"]`).waitFor();
  }
  await tabTo(page, "#knob-temperature");
  const answer = await previewBy(page, () => page.keyboard.press("ArrowUp"));
  assert(answer.dist?.stages.some((stage) => stage.knobs["temperature"] === 0.71), "the arrow should move the temperature.");
}

/** @param {Page} page */
async function findToken(page) {
  await tabTo(page, "#find-token");
  await page.keyboard.type("Paris");
  await page.locator(".found .row").first().waitFor();
  await tabTo(page, ".found .row", "Shift+Tab");
  const answer = await stepBy(page, () => page.keyboard.press("Enter"));
  assert(answer.appended[0]?.text === "Paris", `the token that was found should be forced, and ${answer.appended[0]?.text} was.`);
  await settle(page);
  console.log("  any token is found and forced");
}

/** @param {Page} page */
async function switchViews(page) {
  await tabTo(page, '[role="tab"]', "Shift+Tab");
  for (const [key, name] of [["ArrowRight", "Text"], ["ArrowRight", "Branches"], ["ArrowRight", "Flow"], ["End", "Branches"], ["ArrowLeft", "Text"]]) {
    await page.keyboard.press(/** @type {string} */ (key));
    await page.getByRole("tab", { name: /** @type {string} */ (name), selected: true }).waitFor();
  }
  await tabTo(page, ".word");
  await page.locator("#history").waitFor();
  await page.keyboard.press("Enter");
  await page.locator("#history button:focus").waitFor();
  await page.keyboard.press("Escape");
  await page.locator(".word:focus").waitFor();
}

/** @param {Page} page */
async function readHelp(page) {
  await page.keyboard.press("?");
  const help = page.locator(".help-dialog");
  await help.waitFor();
  const summaries = await help.locator("summary").allInnerTexts();
  for (const summary of summaries.slice(1)) {
    await tabTo(page, "summary:not([open] > summary)");
    await page.keyboard.press("Enter");
    assert((await help.locator("details[open] > summary").allInnerTexts()).includes(summary), `${summary} should open.`);
  }
  await page.keyboard.press("Escape");
  await help.waitFor({ state: "detached" });
}
