// Where things are on the page, in which colours, and the wires between them.

import { assert } from "./browser.mjs";
import { check, expect, test } from "./harness.mjs";
import { blur, button, forceText, previewAskedBy, previewBy, stepBy, stored } from "./page.mjs";

/** @import { Page } from "@playwright/test" */

const CARDS = ["Model", "Generation parameters", "Constrained sampling", "Step speed", "Attribution"];
const COLUMNS = [".inputs", ".stack", ".llm", ".distribution"];
const near = (/** @type {number} */ a, /** @type {number} */ b) => Math.abs(a - b) <= 1;

check("B1 B2", "settings in order at the left, the title above, the controls below", async ({ page }) => {
  const titles = await page.locator(".sidebar .card h2").allInnerTexts();
  assert(titles.join() === CARDS.join(), `the cards should be ${CARDS.join()} and are ${titles.join()}.`);
  const [sidebar, stage, header, controls] = [await boxOf(page, ".sidebar"), await boxOf(page, ".stage"), await boxOf(page, ".header"), await boxOf(page, ".controls")];
  assert(sidebar.left === 0 && sidebar.width === 288 && sidebar.right <= stage.left, "the settings should be 288 px at the left.");
  assert(header.bottom <= stage.top && stage.bottom <= controls.top, "the title should be above and the controls below.");
  for (const selector of [".header .title", ".header .subtitle", ".header .server-ok"]) assert(await page.locator(selector).isVisible(), `${selector} should be in the title bar.`);
  for (const name of ["Play", "Step"]) assert(await page.locator(".controls").getByRole("button", { name, exact: true }).isVisible(), `${name} should be in the control bar.`);
});

check("B3 B4 B5", "four columns from left to right, the rows get most of the width", async ({ page }) => {
  const grown = /** @type {number[]} */ ([]);
  for (const width of [1280, 1920]) {
    await page.setViewportSize({ width, height: 720 });
    const boxes = /** @type {Awaited<ReturnType<typeof boxOf>>[]} */ ([]);
    for (const selector of COLUMNS) boxes.push(await boxOf(page, selector));
    boxes.slice(1).forEach((box, index) => assert((boxes[index]?.right ?? 0) + 16 <= box.left, `at ${width} px ${COLUMNS[index + 1]} should be right of ${COLUMNS[index]}.`));
    for (const [index, selector] of [[0, ".inputs"], [1, ".distribution"]]) grown[Number(index)] = (await boxOf(page, String(selector))).width - (grown[Number(index)] ?? 0);
    assert((boxes[3]?.width ?? 0) >= (width === 1280 ? 400 : 460), `at ${width} px the rows have only ${boxes[3]?.width} px.`);
  }
  assert((grown[1] ?? 0) > (grown[0] ?? 0), `the rows should get more of the width than the inputs, and they get ${grown[1]} to ${grown[0]}.`);
  await page.setViewportSize({ width: 1280, height: 720 });
  const [cards, fresh, clear] = [await boxOf(page, ".input-cards"), await boxOf(page, ".input-buttons .button:first-child"), await boxOf(page, ".input-buttons .button-danger")];
  assert(cards.bottom <= fresh.top && fresh.width > clear.width, "New input, the wider one, and Clear should be under the cards.");
  assert((await page.locator(".input-cards").evaluate((one) => getComputedStyle(one).overflowY)) === "auto", "the cards should scroll.");
  const parts = /** @type {Awaited<ReturnType<typeof boxOf>>[]} */ ([]);
  for (const selector of [".distribution .column-head", ".legend", ".rows", ".force"]) parts.push(await boxOf(page, selector));
  parts.slice(1).forEach((part, index) => assert((parts[index]?.bottom ?? 0) <= part.top, "head, legend, rows and the text to force should be below each other."));
  assert((await page.locator(".rows").first().evaluate((one) => getComputedStyle(one).overflowY)) === "auto", "the rows should scroll.");
});

check("B6", "kinds of tokens differ in colour, nothing has a shadow", async ({ page }) => {
  await forceText(page, " Paris is nice");
  await page.mouse.move(2, 2);
  for (const place of [".stack-rows"]) {
    const seen = await page.locator(place).evaluate((list) => ["token-prompt", "token-completion", "token-special"].map((kind) => {
      const { backgroundColor, fontFamily } = getComputedStyle(/** @type {Element} */ (list.querySelector(`.${kind}:not(.token-last)`)));
      return { backgroundColor, mono: /mono/i.test(fontFamily) };
    }));
    assert(new Set(seen.map((one) => one.backgroundColor)).size === 3, `prompt, generated and special tokens in ${place} should differ.`);
    assert(seen.every((one) => one.mono), `the tokens in ${place} should be monospaced.`);
  }
  const dressed = await page.locator(".button, .icon-button, .card, .input, .token, .row").evaluateAll((all) =>
    all.filter((one) => getComputedStyle(one).boxShadow !== "none" || getComputedStyle(one).backgroundImage !== "none").map((one) => one.className));
  assert(dressed.length === 0, `no shadows and gradients, but: ${dressed.join(", ")}`);
  const [ready, danger] = await page.evaluate(() => [".pill.state-ready", ".button-danger"].map((selector) => getComputedStyle(/** @type {Element} */ (document.querySelector(selector))).color));
  assert(ready !== danger, "ready and destructive should differ in colour.");
});

check("B45", "curves from the input to each row of the stack", async ({ page }) => {
  await forceText(page, " Paris is nice");
  await expectCurves(page);
});

check("B46 B47", "level lines from the stack to the model and on to each candidate", async ({ page }) => {
  await forceText(page, " Paris is nice");
  await expectLines(page);
});

check("B48", "wires let the pointer through and follow what they connect", async ({ page }) => {
  const caught = await page.locator(".wires path").evaluateAll((all) =>
    all.filter((one) => {
      const path = /** @type {SVGPathElement} */ (one);
      const { x, y } = path.getPointAtLength(path.getTotalLength() / 2).matrixTransform(path.getScreenCTM() ?? undefined);
      return document.elementFromPoint(x, y)?.closest(".wires");
    }).length);
  assert(caught === 0, `wires should let the pointer through, and ${caught} of them catch it.`);
  const drawn = () => page.locator("path.wire-token").evaluateAll((all) => all.map((one) => one.getAttribute("d")).join());
  await forceText(page, " and so on".repeat(20));
  await expectCurves(page);
  let before = await drawn();
  await page.locator(".stack-rows").evaluate((one) => (one.scrollTop = 0));
  await expect.poll(drawn, "a new drawing after a scroll").not.toBe(before);
  await expectCurves(page);
  await expectLines(page);
  before = await drawn();
  await page.setViewportSize({ width: 1400, height: 720 });
  await expect.poll(drawn, "a new drawing in a window of another size").not.toBe(before);
  await expectCurves(page);
  await expectLines(page);
});

check("B44", "the model can be switched off, and the tokens stay", async ({ page }) => {
  const pills = await page.locator(".stack-rows .token").count();
  await stepBy(page, () => button(page, "Play").click());
  // Play itself may ask once more before it is switched off.
  const off = await previewAskedBy(page, () => page.locator(".llm").click());
  assert(off.tokens_only === true, "only the tokens should be asked for.");
  await page.locator('.llm[data-on="false"]').waitFor();
  await button(page, "Play").waitFor();
  await page.locator(".distribution", { hasText: "The LLM is off" }).waitFor();
  assert((await page.locator(".row-item").count()) === 0 && (await page.locator("path.wire-output").evaluateAll((all) => all.filter((one) => getComputedStyle(one).display !== "none").length)) === 0, "no candidates while the model is off.");
  assert((await page.locator(".force-place").getAttribute("inert")) !== null, "nothing should be forced while the model is off.");
  const length = await page.locator(".stack-rows .token").count();
  assert(length >= pills, "the tokens should stay.");
  for (const name of ["Step", "Play"]) {
    await button(page, name).click({ force: true });
    await page.locator(".message", { hasText: "The LLM is off" }).waitFor();
  }
  assert((await page.locator(".stack-rows .token").count()) === length && (await stored(page, "llmDemo.llmEnabled")) === "0", "nothing should be stepped, and the switch should be kept.");
  await page.locator("#prompt-text").fill("The sea is");
  await expect(page.locator(".stack-rows"), "the new tokens without the model").toContainText("sea");
  await blur(page);
  const on = await previewBy(page, () => page.locator(".llm").click());
  assert(on.dist !== null && (await stored(page, "llmDemo.llmEnabled")) === "1", "switched on, the model should answer at once.");
});

test.describe(() => {
  test.use({ reducedMotion: "reduce" });
  check("B83", "without motion nothing moves", async ({ page }) => {
    await forceText(page, " wide");
    const moving = await page.evaluate(() => [...document.querySelectorAll("*")].filter((one) => {
      const { animationName, transitionDuration, transitionProperty } = getComputedStyle(one);
      return animationName !== "none" || (transitionProperty !== "none" && /[1-9]/.test(transitionDuration));
    }).map((one) => one.className));
    assert(moving.length === 0, `these would move: ${moving.slice(0, 5).join(", ")}`);
  });
});

/** Wires follow a frame behind what they connect. @param {Page} page */
async function expectCurves(page) {
  await expect(async () => {
    const rows = await boxes(page, ".stack-rows", "li[data-wire]");
    const seen = await wires(page, "wire-token");
    assert(seen.length === rows.length, `there should be ${rows.length} curves and are ${seen.length}.`);
    const card = await boxOf(page, ".input");
    const frame = await boxOf(page, ".input-cards");
    const source = Math.min(Math.max(card.top + 0.45 * card.height, frame.top), frame.bottom);
    seen.forEach((wire, index) => {
      assert(wire.curved && wire.bends[0]?.y === wire.from.y && wire.bends[1]?.y === wire.to.y, "a curve should leave and arrive level.");
      assert(near(wire.from.x, card.right) && near(wire.from.y, source), "a curve should begin at 45 % of the card's height.");
      assert(near(wire.to.x, (rows[index]?.left ?? 0) - 2) && near(wire.to.y, rows[index]?.middle ?? 0), `curve ${index} should end at its row.`);
    });
    assert((seen[0]?.opacity ?? 1) < (seen.at(-1)?.opacity ?? 0), "later curves should be stronger.");
  }).toPass({ timeout: 10_000 });
}

/** @param {Page} page */
async function expectLines(page) {
  await expect(async () => {
    const rows = await boxes(page, ".stack-rows", "li[data-wire]");
    const llm = await boxOf(page, ".llm");
    const stubs = await wires(page, "wire-stub");
    assert(stubs.length === rows.length, `there should be ${rows.length} lines to the model and are ${stubs.length}.`);
    stubs.forEach(({ from, to }, index) => assert(near(from.y, to.y) && near(from.x, (rows[index]?.right ?? 0) + 3) && near(to.x, llm.left - 3), "a line should go level from its row to the model."));
    const candidates = await boxes(page, ".rows", "[data-wire=row]");
    const outputs = await wires(page, "wire-output");
    assert(outputs.length === candidates.length, `there should be ${candidates.length} lines to candidates, Other among them, and are ${outputs.length}.`);
    outputs.forEach(({ from, to }, index) => assert(near(from.x, llm.right + 3) && near(to.x, (candidates[index]?.left ?? 0) - 3) && near(to.y, candidates[index]?.middle ?? 0), "a line should go from the model to its candidate."));
  }).toPass({ timeout: 10_000 });
}

/** @param {Page} page @param {string} selector */
async function boxOf(page, selector) {
  const box = await page.locator(selector).first().boundingBox();
  assert(box, `${selector} should be on the page.`);
  return { left: box.x, top: box.y, right: box.x + box.width, bottom: box.y + box.height, width: box.width, height: box.height };
}

/**
 * The numbers of each path and where its ends lie, all in the window's pixels.
 * @param {Page} page
 * @param {string} kind
 */
async function wires(page, kind) {
  return page.locator(`path.${kind}`).evaluateAll((paths) => {
    const origin = /** @type {Element} */ (document.querySelector(".flow")).getBoundingClientRect();
    return paths.map((path) => {
      const numbers = (path.getAttribute("d")?.match(/-?[\d.]+/g) ?? []).map(Number);
      const at = (/** @type {number} */ index) => ({ x: (numbers[index] ?? NaN) + origin.left, y: (numbers[index + 1] ?? NaN) + origin.top });
      return { curved: numbers.length === 8, from: at(0), to: at(numbers.length - 2), bends: [at(2), at(4)], opacity: Number(path.getAttribute("stroke-opacity")) };
    });
  });
}

/** Rows that are in sight. @param {Page} page @param {string} list @param {string} row */
function boxes(page, list, row) {
  return page.locator(list).first().evaluate((frame, selector) => {
    const space = frame.getBoundingClientRect();
    return [...frame.querySelectorAll(selector)].map((one) => {
      const { left, right, top, bottom } = one.getBoundingClientRect();
      return { left, right, middle: (top + bottom) / 2 };
    }).filter(({ middle }) => middle >= space.top && middle <= space.bottom);
  }, row);
}
