// Generation parameters and the speed of Play.

import { assert, openReady } from "./browser.mjs";
import { check } from "./checks.mjs";
import { button, clearCompletion, completionLength, expectSoon, openCard, previewAskedBy, previewBy, requestsDuring, settle, stepBy, stored } from "./page.mjs";

/** @import { Page } from "@playwright/test" */
/** @import { Visit } from "./behaviour.mjs" */

/** Temperature, top-p, repetition, presence, frequency. */
const PRESETS = /** @type {const} */ ([
  ["Greedy", [1, 1, 1, 0, 0]],
  ["Balanced", [0.7, 0.8, 1.05, 0, 0]],
  ["Reliable", [0.25, 0.7, 1.1, 0, 0]],
  ["Creative", [1.05, 0.95, 1.02, 0.2, 0.1]],
]);

const RANGES = /** @type {const} */ ([
  ["knob-temperature", "0", "2", "0.01", "0.70"],
  ["knob-top_p", "0", "1", "0.01", "0.80"],
  ["knob-repetition_penalty", "1", "2", "0.01", "1.05"],
]);

/** @param {Visit} visit */
export async function parameters({ page, url }) {
  await check("B19", "four cards are closed at first, open by their button and are kept so", () => openAndClose(page));
  await check("B14", "three sliders with their ranges and two decimals", () => sliders(page));
  await check("B13", "presets set five numbers, seed and stop sequences stay", () => presets(page));
  await check("B15 B18", "numbers, seed and stop sequences as they are typed", () => fields(page));
  await check("B16 B72", "greedy bars two knobs, edits wait a moment and make values custom", () => greedyAndCustom(page));
  await check("B17", "parameters belong to an input, the latest to the next one and to the storage", () => perInput(page));
  await check("B37", "a seed gives the same tokens again, wherever they are stepped from", () => sameLuck(page));
  await check("B26", "the speed of Play has its range, and old values are raised", () => speed(page, url));
}

/** @param {Page} page */
async function openAndClose(page) {
  for (const [title, key] of [["Generation parameters", "decodingCollapsed"], ["Constrained sampling", "constraintCollapsed"], ["Step speed", "stepSpeedCollapsed"], ["Attribution", "attrCollapsed"]]) {
    const toggle = button(page, String(title));
    const body = page.locator(`#${await toggle.getAttribute("aria-controls")}`);
    assert((await toggle.getAttribute("aria-expanded")) === "false" && (await body.isHidden()), `${title} should be closed at first.`);
    await toggle.click();
    await body.waitFor();
    assert((await stored(page, `llmDemo.${key}`)) === "0", `that ${title} is open should be kept.`);
    await toggle.click();
    await body.waitFor({ state: "hidden" });
    assert((await stored(page, `llmDemo.${key}`)) === "1", `that ${title} is closed should be kept.`);
  }
  await openCard(page, "Generation parameters");
}

/** @param {Page} page */
async function sliders(page) {
  for (const [id, min, max, step, value] of RANGES) {
    const slider = page.locator(`#${id}`);
    for (const [name, expected] of [["type", "range"], ["min", min], ["max", max], ["step", step]])
      assert((await slider.getAttribute(String(name))) === expected, `${id} should have ${name} ${expected}.`);
    const exact = page.locator(".knob", { has: slider }).locator(".field-number");
    assert((await exact.inputValue()) === value, `beside ${id} should stand ${value}, and ${await exact.inputValue()} does.`);
  }
}

/** @param {Page} page */
async function presets(page) {
  await page.locator("#knob-seed").fill("7");
  await page.locator("#knob-stop_sequences").fill("###");
  await page.waitForTimeout(300);
  for (const [name, values] of PRESETS) {
    const { params } = await previewAskedBy(page, () => button(page, name).click());
    const seen = [params?.temperature, params?.top_p, params?.repetition_penalty, params?.presence_penalty, params?.frequency_penalty];
    assert(seen.join() === values.join(), `${name} should be ${values} and is ${seen}.`);
    assert(params?.greedy === (name === "Greedy") && params.seed === 7 && params.stop_sequences?.join() === "###", `${name} should leave seed and stop sequences.`);
    assert((await page.locator(".presets .chip[aria-pressed=true]").allInnerTexts()).join() === name, `${name} should be marked.`);
  }
  const { params } = await previewAskedBy(page, () => button(page, "Custom").click());
  assert(params?.greedy === false && params.temperature === 1.05, "Custom should keep the values.");
  await page.locator("#knob-seed").fill("");
  await page.locator("#knob-stop_sequences").fill("");
}

/** @param {Page} page */
async function fields(page) {
  for (const id of ["knob-presence_penalty", "knob-frequency_penalty"]) {
    const field = page.locator(`#${id}`);
    const limits = await field.evaluate((one) => ["min", "max", "step"].map((name) => one.getAttribute(name)).join());
    assert(limits === "-2,2,0.1", `${id} should go from -2 to 2 by 0.1, and has ${limits}.`);
  }
  const typed = await previewAskedBy(page, () => page.locator("#knob-presence_penalty").fill("2.5"));
  assert(typed.params?.presence_penalty === 2.5, "a typed value beyond the range should count.");
  assert((await page.locator("#knob-seed").getAttribute("step")) === "1", "the seed should be a whole number.");
  const seeded = await previewAskedBy(page, () => page.locator("#knob-seed").fill("12"));
  const blank = await previewAskedBy(page, () => page.locator("#knob-seed").fill(""));
  assert(seeded.params?.seed === 12 && blank.params?.seed === null, "a blank seed should be none.");
  const stops = await previewAskedBy(page, () => page.locator("#knob-stop_sequences").fill(" a | b b ||\\n"));
  assert(JSON.stringify(stops.params?.stop_sequences) === JSON.stringify(["a", "b b", "\n"]), `stop sequences should be trimmed and read, and are ${JSON.stringify(stops.params?.stop_sequences)}.`);
  await previewAskedBy(page, () => page.locator("#knob-stop_sequences").fill(""));
  const hint = await page.locator("#stop-hint").innerText();
  assert(/decoded completion/.test(hint) && /end token always stops/.test(hint), `the hint should tell of both ways to stop: ${hint}`);
}

/** @param {Page} page */
async function greedyAndCustom(page) {
  await previewBy(page, () => button(page, "Greedy").click());
  const disabled = await page.locator("#sampling-body :is(input, select):disabled").evaluateAll((all) => all.filter((one) => one.id !== "").map((one) => one.id));
  assert(disabled.join() === "knob-temperature,knob-top_p", `greedy should bar temperature and top-p, and bars ${disabled}.`);
  await previewBy(page, () => page.locator("#knob-repetition_penalty").fill("1.2"));
  assert((await button(page, "Greedy").getAttribute("aria-pressed")) === "true", "an edit under Greedy should leave it.");
  await previewBy(page, () => button(page, "Balanced").click());
  const before = Date.now();
  const asked = await requestsDuring(page, "/api/preview", async () => {
    for (const value of ["0.8", "0.9", "1.0"]) await page.locator("#knob-temperature").fill(value);
  });
  assert(asked.length >= 1 && asked.at(-1)?.body.params.temperature === 1, "the last edit should be asked about.");
  assert((asked[0]?.at ?? 0) - before >= 220, "edits should wait 220 ms for the next one.");
  assert((await button(page, "Custom").getAttribute("aria-pressed")) === "true", "an edit should make the values custom.");
}

/** @param {Page} page */
async function perInput(page) {
  await previewBy(page, () => page.locator("#knob-temperature").fill("1.3"));
  const value = () => page.locator("#knob-temperature").inputValue();
  await button(page, "New input").click();
  await expectSoon(page, value, "1.3", "The temperature of a new input");
  await previewBy(page, () => page.locator("#knob-temperature").fill("0.4"));
  assert(JSON.parse((await stored(page, "llmDemo.params")) ?? "{}").params?.temperature === 0.4, "the latest edit should be kept.");
  await page.locator(".waiting").click();
  await expectSoon(page, value, "1.3", "The temperature of the first input");
  await page.locator(".waiting").click();
  await button(page, "Delete input").click();
}

/** @param {Page} page */
async function sameLuck(page) {
  await previewBy(page, () => button(page, "Creative").click());
  await page.locator("#knob-seed").fill("41");
  await page.waitForTimeout(300);
  const draw = async (/** @type {number} */ count) => {
    const ids = [];
    for (let steps = 0; steps < count; steps += 1) {
      ids.push((await stepBy(page, () => button(page, "Step").click())).appended[0]?.id);
      await settle(page);
    }
    return ids.join();
  };
  await clearCompletion(page);
  const first = await draw(4);
  await previewBy(page, () => button(page, "Delete last token").click());
  const again = await draw(1);
  assert(first.endsWith(`,${again}`), "the token that was deleted should come again.");
  await clearCompletion(page);
  assert((await draw(4)) === first, "the same seed should draw the same tokens.");
  await page.locator("#knob-seed").fill("42");
  await page.waitForTimeout(300);
  await clearCompletion(page);
  assert((await draw(4)) !== first, "another seed should draw others.");
  assert((await completionLength(page)) === 4, "four tokens should have been drawn.");
}

/** @param {Page} page @param {string} url */
async function speed(page, url) {
  await openCard(page, "Step speed");
  const slider = page.getByRole("slider", { name: "One step every" });
  const limits = await slider.evaluate((one) => ["min", "max", "step"].map((name) => one.getAttribute(name)).join());
  assert(limits === "120,2000,10" && (await slider.inputValue()) === "650", `the speed should go from 120 to 2000 by 10 and begin at 650, and has ${limits}.`);
  const shown = page.locator("output[for=step-speed]");
  assert((await shown.innerText()) === "650 ms", "the speed should be told in milliseconds.");
  await slider.fill("900");
  assert((await stored(page, "llmDemo.stepSpeedMs")) === "900", "the speed should be kept.");
  await page.evaluate(() => localStorage.setItem("llmDemo.stepSpeedMs", "50"));
  await openReady(page, url);
  assert((await shown.innerText()) === "80 ms", `a kept speed below 80 should be raised, and is ${await shown.innerText()}.`);
}
