// What both browser checks share: arguments, Chromium, and the promises every page visit must keep:
// no errors, no foreign hosts.

import { execFileSync } from "node:child_process";
import { chromium } from "@playwright/test";

/** @import { Browser, BrowserContext, Page, Response } from "@playwright/test" */

/** @typedef {{ url: string, out: string, steps: number, only: string, chromium: string, server: string }} Options */

export const FLAGS = [
  "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync",
];

/**
 * Reads --url, --out, --steps, --only, --chromium and --server.
 * @param {string[]} words
 * @param {number} steps
 * @returns {Options}
 */
export function readOptions(words, steps) {
  const options = { url: "", out: "", steps, only: "", chromium: process.env["CHROMIUM"] ?? "", server: "" };
  for (let index = 0; index < words.length; index += 2) {
    const [name, value] = [words[index], words[index + 1]];
    if (value === undefined) fail(`${name} needs a value.`);
    if (name === "--url") options.url = value;
    else if (name === "--out") options.out = value;
    else if (name === "--only") options.only = value;
    else if (name === "--chromium") options.chromium = value;
    else if (name === "--server") options.server = value;
    else if (name === "--steps") options.steps = Number(value);
    else fail(`${name} is not an option; there are --url, --out, --steps, --only, --chromium and --server.`);
  }
  if (!/^https?:\/\//.test(options.url)) fail("--url http://127.0.0.1:PORT is needed: the address of a running Tokenscope.");
  if (!Number.isInteger(options.steps) || options.steps < 1) fail("--steps needs a whole number above 0.");
  return { ...options, chromium: options.chromium || findChromium() };
}

/** @param {Options} options */
export function launch(options) {
  return chromium.launch({ executablePath: options.chromium, args: FLAGS });
}

/**
 * Collects everything a visit must not do, on any page of it. An answer of 400 and above counts, too:
 * Chromium reports it as a console error.
 * @param {BrowserContext} context
 * @param {string} url
 */
export function watch(context, url) {
  /** @type {string[]} */
  const complaints = [];
  const host = new URL(url).host;
  context.on("console", (message) => {
    if (message.type() === "error") complaints.push(`console error: ${message.text()}`);
  });
  context.on("weberror", (event) => {
    const error = event.error();
    complaints.push(`page error: ${error.stack ?? error.message}`);
  });
  context.on("request", (request) => {
    const address = new URL(request.url());
    if (address.protocol !== "data:" && address.host !== host) complaints.push(`request to another host: ${request.url()}`);
  });
  return complaints;
}

/**
 * @param {string[]} complaints
 */
export function assertNoComplaints(complaints) {
  if (complaints.length > 0) fail(`the page misbehaved:\n  ${complaints.join("\n  ")}`);
}

/**
 * Opens the page and waits until a distribution is on screen.
 * @param {Page} page
 * @param {string} url
 */
export async function openReady(page, url) {
  // Most checks are those of somebody who has been here before.
  await page.addInitScript(() => localStorage.setItem("tokenscope.tourSeen", "1"));
  // They begin with the usual text and the chat template, whatever example the model has.
  await giveExamples(page, () => null);
  await page.goto(url);
  await page.getByText("READY", { exact: true }).waitFor({ state: "attached", timeout: 120_000 });
  await page.locator(".row-item").first().waitFor({ timeout: 60_000 });
}

/**
 * Has the catalog name other examples than the server does.
 * @param {Page} page
 * @param {(model: string) => { prompt: string, use_chat_template: boolean } | null} exampleOf
 */
export async function giveExamples(page, exampleOf) {
  await page.route("**/api/catalog", async (route) => {
    // Not if the page has gone meanwhile.
    const response = await route.fetch().catch(() => null);
    if (!response) return;
    const catalog = await response.json();
    const models = catalog.models.map((/** @type {{ id: string }} */ model) => ({ ...model, example: exampleOf(model.id) }));
    await route.fulfill({ response, json: { ...catalog, models } }).catch(() => {});
  });
}

/**
 * @param {Response} response
 * @param {string} path
 */
export function isAnswer(response, path) {
  return new URL(response.url()).pathname === path;
}

/**
 * @param {unknown} condition
 * @param {string} sentence
 * @returns {asserts condition}
 */
export function assert(condition, sentence) {
  if (condition) return;
  const error = new Error(sentence);
  // A report shows the line that asked.
  Error.captureStackTrace?.(error, assert);
  throw error;
}

/**
 * @param {string} sentence
 * @returns {never}
 */
export function fail(sentence) {
  throw new Error(sentence);
}

/**
 * Runs a check and ends the process with its verdict.
 * @param {string} name
 * @param {(options: Options, browser: Browser) => Promise<void>} check
 * @param {number} steps
 */
export async function run(name, check, steps) {
  let browser = /** @type {Browser | null} */ (null);
  try {
    const options = readOptions(process.argv.slice(2), steps);
    browser = await launch(options);
    await check(options, browser);
    console.log(`${name}: passed`);
  } catch (error) {
    console.error(`${name}: FAILED: ${error instanceof Error ? error.message : error}`);
    process.exitCode = 1;
  } finally {
    await browser?.close();
  }
}

export function findChromium() {
  for (const name of ["chromium", "chromium-browser", "google-chrome"]) {
    try {
      return execFileSync("which", [name], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
    } catch {
      // Try the next name.
    }
  }
  return fail("no Chromium was found; name one with --chromium or CHROMIUM.");
}
