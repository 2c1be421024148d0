// Attribution as a person uses it: a method, a pointer on a token, and the heat on those before it.

import { answerBy, openCard } from "./page.mjs";

/** @import { Page } from "@playwright/test" */
/** @import { AttributionRequest } from "../types/wire" */

export const PATH = "/api/attribution";

/** An answer needs the model, several times over for some methods. */
export const PATIENCE = { timeout: 60_000 };

/** @param {Page} page */
export function methodField(page) {
  return page.getByRole("combobox", { name: "Where did a token come from?" });
}

/** @param {Page} page @param {string} label */
export async function chooseMethod(page, label) {
  await openCard(page, "Attribution");
  await methodField(page).selectOption({ label });
}

/** The tokens that are painted. @param {Page} page */
export function heat(page) {
  return page.locator(".stack-rows .token[data-heat]");
}

/**
 * Does something that makes the page ask, and returns what it asked.
 * @param {Page} page
 * @param {() => Promise<unknown>} act
 * @returns {Promise<AttributionRequest>}
 */
export async function askBy(page, act) {
  return (await answerBy(page, PATH, act)).request().postDataJSON();
}

/** Takes the pointer away, and waits until the heat is gone. @param {Page} page */
export async function leave(page) {
  await page.mouse.move(2, 2);
  await heat(page).first().waitFor({ state: "detached" });
}
