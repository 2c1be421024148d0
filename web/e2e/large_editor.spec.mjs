// The constraint's text with room, beside the distribution.

import axe from "axe-core";
import { check, expect } from "./harness.mjs";
import { blur, button, openCard, previewBy, settle, stepBy } from "./page.mjs";

/** @import { Page } from "@playwright/test" */

const SCHEMA = `{
  "type": "object",
  "properties": {
    "size": { "enum": ["small", "large"] },
    "home": { "$ref": "#/$defs/place" }
  },
  "required": ["size", "home"],
  "additionalProperties": false,
  "$defs": {
    "place": { "type": "object", "properties": { "city": { "const": "Paris" } }, "required": ["city"], "additionalProperties": false }
  }
}`;

/** @param {Page} page */
const text = (page) => page.locator("#constraint-text");

/** @param {Page} page @param {string} schema */
async function constrain(page, schema) {
  await openCard(page, "Constrained sampling");
  await previewBy(page, () => page.locator("label", { hasText: "Constrain sampling" }).click());
  await previewBy(page, () => page.getByLabel("Kind", { exact: true }).selectOption("json_schema"));
  await previewBy(page, () => text(page).fill(schema));
}

check("C25", "a button and keys open the large editor, Escape gives the focus back, and the text is the same", async ({ page }) => {
  await constrain(page, SCHEMA);
  const small = await text(page).evaluate((one) => one.clientWidth * one.clientHeight);
  await button(page, "Enlarge").click();
  await expect(text(page)).toBeFocused();
  await expect(text(page)).toHaveValue(SCHEMA);
  expect(await text(page).evaluate((one) => one.clientWidth), "a line should have room").toBeGreaterThan(500);
  expect(await text(page).evaluate((one) => one.clientWidth * one.clientHeight), "the editor should be larger").toBeGreaterThan(small);
  await page.keyboard.press("Escape");
  await expect(button(page, "Enlarge")).toBeFocused();
  await text(page).focus();
  await page.keyboard.press("Control+Enter");
  await expect(page.locator(".large-editor")).toBeVisible();
  await page.keyboard.press("Control+Enter");
  await expect(text(page)).toBeFocused();
  await blur(page);
  await page.keyboard.press("e");
  await expect(text(page)).toBeFocused();
  await button(page, "Close").click();
  await expect(page.locator(".flow")).toBeVisible();
});

check("C25", "the large editor marks an error by line and column, and takes examples", async ({ page }) => {
  await constrain(page, SCHEMA);
  await button(page, "Enlarge").click();
  await text(page).fill(SCHEMA.replace('"size": {', '"size" {'));
  await button(page, "Go to line 4, column 12").click();
  await expect(page.locator(".editor-gutter b")).toHaveText("4");
  await expect(page.locator(".editor-mark")).toHaveText("{");
  expect(await text(page).evaluate((one) => /** @type {HTMLTextAreaElement} */ (one).selectionStart)).toBe(SCHEMA.indexOf('"size": {') + 7);
  const sizes = await page.evaluate(() => [".editor-mirror", "#constraint-text"].map((selector) => {
    const one = /** @type {HTMLElement} */ (document.querySelector(selector));
    const { font, lineHeight, padding, whiteSpace } = getComputedStyle(one);
    return [one.clientWidth, one.getBoundingClientRect().top, font, lineHeight, padding, whiteSpace];
  }));
  expect(sizes[0], "the mark should be laid out as the text").toEqual(sizes[1]);
  await previewBy(page, () => page.getByLabel("Example", { exact: true }).selectOption({ label: "Person" }));
  await expect(text(page)).toHaveValue(/"name"/);
  await expect(button(page, "Bring your text back")).toBeVisible();
});

check("C25", "the place in the schema is marked, and the completion laid out as JSON", async ({ page }) => {
  await constrain(page, SCHEMA);
  await button(page, "Enlarge").click();
  await blur(page);
  const take = page.getByRole("button", { name: /^Take it/ });
  const place = page.locator(".grammar-facts code");
  for (let steps = 0; steps < 30 && (await place.textContent()) !== "$.home.city"; steps += 1) {
    const forced = (await take.count()) > 0;
    await stepBy(page, () => (forced ? take.click() : button(page, "Step").click()));
    await settle(page);
  }
  await expect(page.locator(".editor-place")).toHaveText('"city": { "const": "Paris" }');
  await expect(page.locator(".large-text")).toHaveText(/^\{\n {2}"size": "(small|large)",\n {2}"home": \{\n {4}"city": ?/);
  await expect(page.locator(".large-completion")).toContainText("still to be closed:");
  await expect(page.locator(".open-end")).toBeVisible();
  await page.evaluate(axe.source);
  const faults = await page.evaluate(async () => (await /** @type {any} */ (window).axe.run(document, { runOnly: ["wcag2a", "wcag2aa"] })).violations.map((/** @type {any} */ one) => `${one.id}: ${one.nodes.map((/** @type {any} */ node) => node.html).join(" ")}`));
  expect(faults).toEqual([]);
  await page.setViewportSize({ width: 360, height: 740 });
  expect(await page.evaluate(() => document.scrollingElement?.scrollWidth), "the page should fit").toBeLessThanOrEqual(360);
});

check("C25", "a schema of one line is laid out, and means the same", async ({ page }) => {
  await constrain(page, JSON.stringify(JSON.parse(SCHEMA)));
  await button(page, "Enlarge").click();
  await button(page, "Lay out").click();
  await expect(text(page)).toBeFocused();
  await expect(button(page, "Lay out")).toHaveCount(0);
  const laid = await text(page).inputValue();
  expect(laid.split("\n").length, "each part should have a line").toBeGreaterThan(10);
  expect(JSON.parse(laid)).toEqual(JSON.parse(SCHEMA));
});
