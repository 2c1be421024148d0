// A page of somebody else's in the user's browser: it makes all kinds of requests that a page can make, 100 from
// another port of this machine, 100 from a foreign name, and 100 to that name rebound to the server. None may be
// read, change anything, or reach the model's thread. Meanwhile the user's own page goes on asking, and how long its
// answers take is printed; at first while the foreign page asks a server of its own, which is what browsers cost,
// and at last while this program asks as foreign pages do, which is what the server costs. In Chromium and, where there is one, in Firefox.
//
//   node e2e/foreign_page.mjs --server ../target/debug/tokenscope [--model PATH] [--chromium PATH] [--firefox PATH]
//   node e2e/foreign_page.mjs --url http://127.0.0.1:PORT ...
//
// With --server the program is started here, with a tiny model unless one is named; its log then tells, too, that
// every request came to its door. With --url nobody else may use the server meanwhile.

import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { Agent, createServer, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "@playwright/test";
import { FLAGS, assert, fail, findChromium } from "./browser.mjs";

/** @import { ChildProcess } from "node:child_process" */
/** @import { AddressInfo } from "node:net" */
/** @import { Browser, Page } from "@playwright/test" */

/** @typedef {{ kind: string, read: string }} Outcome of a request: what the page has learned by it, "" for nothing */
/** @typedef {{ page: number, server: number }} Times in ms from question to answer, as whoever asks counts and as the server does */
/** @typedef {{ url: string, refused: () => number }} Server */
/** @typedef {{ port: number, nextReport: () => Promise<Outcome[]>, end: () => void }} Stranger a server of somebody else's */
/** @typedef {{ visit: (address: string) => Promise<void>, end: () => Promise<void> }} Visitor a browser that opens foreign pages */

const REQUESTS = 100;
/** A name that both browsers are told to look for on this machine. */
const FOREIGN_NAME = "evil.test";
const TINY_MODEL = new URL("../../fixtures/tiny/llama/model.gguf", import.meta.url).pathname;
/** The user's own page asks again after so long. */
const PAUSE_MS = 3;
/** What the user's own page asks: it is known from the second time on, so it costs no forward pass. */
const QUESTION = { prompt: "t5 the end", use_chat_template: false, top_k: 10, params: { seed: 1 } };

const options = readOptions(process.argv.slice(2));
/** What has to be ended, the latest first. @type {{ end: () => unknown }[]} */
const opened = [];
try {
  const server = options.url ? running(options.url) : await started(options.server, options.model);
  const stranger = await strangersServer();
  opened.push(stranger);
  const own = await ownPage(server.url);
  opened.push({ end: () => own.browser.close() });
  for (const [name, open] of /** @type {const} */ ([["Chromium", openChromium], ["Firefox", openFirefox]])) {
    const visitor = await open();
    if (!visitor) {
      console.log(`  ${name}: none was found; name one with --${name.toLowerCase()}`);
      continue;
    }
    opened.push(visitor);
    await attack(name, visitor, server, stranger, own.page);
    await visitor.end();
  }
  await withoutBrowsers(server.url);
  console.log("foreign_page: passed");
} catch (error) {
  console.error(`foreign_page: FAILED: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
} finally {
  for (const one of opened.reverse()) await one.end();
}

/** @param {string[]} words */
function readOptions(words) {
  const read = { url: "", server: "", model: TINY_MODEL, chromium: process.env["CHROMIUM"] ?? "", firefox: process.env["FIREFOX"] ?? "" };
  for (let index = 0; index < words.length; index += 2) {
    const name = /** @type {keyof typeof read} */ ((words[index] ?? "").replace(/^--/, ""));
    if (!(name in read)) fail(`${words[index]} is not an option; there are --${Object.keys(read).join(", --")}.`);
    read[name] = words[index + 1] ?? fail(`--${name} needs a value.`);
  }
  if ((read.url === "") === (read.server === "")) fail("--server PATH is needed, the program to start, or --url http://127.0.0.1:PORT, the address of one that runs.");
  return read;
}

/**
 * All three ways to come from elsewhere. Before them the page asks its own server the same: what that costs is the
 * browser's and the machine's.
 * @param {string} name of the browser
 * @param {Visitor} visitor
 * @param {Server} server
 * @param {Stranger} stranger
 * @param {Page} own
 */
async function attack(name, visitor, server, stranger, own) {
  const [here, elsewhere] = [`http://127.0.0.1:${stranger.port}`, `http://${FOREIGN_NAME}:${stranger.port}`];
  const alone = await visited(visitor, stranger, own, here, here);
  const seen = new Set(alone.outcomes.filter((one) => one.read !== "").map((one) => one.kind));
  assert(seen.size >= 8, `${name}: of its own server a page should read much, or this check sees nothing; it read by ${seen.size} kinds.`);
  console.log(`  ${name}, while it asks somebody else (and reads by ${seen.size} kinds): the user's questions took ${spread(alone.times)}`);
  for (const [way, page, target] of /** @type {const} */ ([
    ["another port", here, server.url],
    ["a foreign name", elsewhere, server.url],
    ["a rebound name", elsewhere, `http://${FOREIGN_NAME}:${new URL(server.url).port}`],
  ])) {
    const [before, refusedBefore] = [await statusOf(server.url), server.refused()];
    const { outcomes, times } = await visited(visitor, stranger, own, page, target);
    const after = await statusOf(server.url);
    const refused = server.refused() - refusedBefore;
    const from = `${name}, ${way}`;
    const read = outcomes.filter((one) => one.read !== "").map((one) => `${one.kind}: ${one.read}`);
    assert(read.length === 0, `${from}: a foreign page has read something:\n  ${read.join("\n  ")}`);
    assert(outcomes.length === REQUESTS, `${from}: ${outcomes.length} of ${REQUESTS} requests were made.`);
    const asked = after.questions - before.questions;
    assert(asked === times.length, `${from}: the model's thread was asked ${asked} questions, and ${times.length} are its user's.`);
    assert(withoutCounts(before) === withoutCounts(after), `${from}: the status was\n  ${withoutCounts(before)} and is\n  ${withoutCounts(after)}`);
    if (options.server) assert(refused >= REQUESTS, `${from}: only ${refused} of ${REQUESTS} requests came to the door.`);
    const kinds = new Set(outcomes.map((one) => one.kind)).size;
    console.log(`  ${from}: ${outcomes.length} requests of ${kinds} kinds, ${options.server ? `${refused} refused at the door, ` : ""}none read, none asked the model, nothing changed; the user's ${times.length} questions took ${spread(times)}`);
  }
}

/**
 * A visit to the foreign page, while the user's own one goes on asking.
 * @param {Visitor} visitor
 * @param {Stranger} stranger
 * @param {Page} own
 * @param {string} page
 * @param {string} target
 */
async function visited(visitor, stranger, own, page, target) {
  const report = stranger.nextReport();
  await own.evaluate(startAsking, { question: QUESTION, pause: PAUSE_MS });
  await visitor.visit(`${page}/stranger?${new URLSearchParams({ target, requests: String(REQUESTS) })}`);
  const outcomes = await report;
  const times = await own.evaluate(stopAsking);
  return { outcomes, times };
}

/** The user's questions while requests of foreign pages come without a browser that takes the processor. @param {string} url */
async function withoutBrowsers(url) {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const body = JSON.stringify(QUESTION);
  const foreign = { "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors", "sec-fetch-dest": "image" };
  const before = await statusOf(url);
  const times = /** @type {Times[]} */ ([]);
  let on = true;
  const user = (async () => {
    while (on) {
      const start = performance.now();
      const { status, text } = await answered(`${url}/api/preview`, { method: "POST", agent, headers: { "content-type": "application/json" } }, body);
      assert(status === 200, `the user got ${status}: ${text}`);
      times.push({ page: performance.now() - start, server: JSON.parse(text).elapsed_ms });
      await pause(PAUSE_MS);
    }
  })();
  const requests = Array.from({ length: REQUESTS }, async (_, number) => {
    await pause(number * 25);
    return answered(`${url}/api/tokens?text=${"a".repeat(1500)}&n=${number}`, { headers: foreign });
  });
  const answers = await Promise.all(requests);
  on = false;
  await user;
  agent.destroy();
  const asked = (await statusOf(url)).questions - before.questions;
  assert(answers.every(({ status }) => status === 403), "each of them should be refused.");
  assert(asked === times.length, `the model's thread was asked ${asked} questions, and ${times.length} are its user's.`);
  console.log(`  without a browser: ${answers.length} requests refused, none asked the model; the user's ${times.length} questions took ${spread(times)}`);
}

/**
 * @param {string} address
 * @param {import("node:http").RequestOptions} how
 * @param {string} [body]
 * @returns {Promise<{ status: number, text: string }>}
 */
function answered(address, how, body) {
  return new Promise((resolve, reject) => {
    const asking = request(address, how, (answer) => {
      let text = "";
      answer.setEncoding("utf8");
      answer.on("data", (part) => (text += part));
      answer.on("end", () => resolve({ status: answer.statusCode ?? 0, text }));
    });
    asking.on("error", reject);
    asking.end(body);
  });
}

/** What no question of the user's changes, either. @param {any} status */
function withoutCounts({ questions: _questions, cache: { hits: _hits, ...cache }, ...rest }) {
  return JSON.stringify({ ...rest, cache });
}

/** @param {Times[]} times */
function spread(times) {
  const of = (/** @type {"page" | "server"} */ whose) => {
    const sorted = times.map((one) => one[whose]).sort((a, b) => a - b);
    return [0.5, 0.99, 1].map((share) => (sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? NaN).toFixed(1)).join(" / ");
  };
  return `${of("page")} ms for whoever asks, ${of("server")} ms in the server (half, 99 %, all)`;
}

/** @param {string} url */
async function statusOf(url) {
  return (await fetch(`${url}/api/model/status`)).json();
}

/** @param {string} url @returns {Server} */
function running(url) {
  return { url, refused: () => 0 };
}

/** @param {string} program @param {string} model @returns {Promise<Server>} */
async function started(program, model) {
  const child = spawn(program, ["--port", "0", "--offline", "--model", model, "--log-level", "debug"], { stdio: ["ignore", "ignore", "pipe"] });
  let log = "";
  child.stderr.on("data", (part) => (log += part));
  opened.push({ end: () => ended(child) });
  for (let tries = 0; tries < 600; tries += 1) {
    if (child.exitCode !== null) fail(`${program} ended with ${child.exitCode}: ${log}`);
    const url = log.match(/http:\/\/127\.0\.0\.1:\d+/)?.[0];
    if (url && (await statusOf(url)).ready) return { url, refused: () => log.match(/ refused [A-Z]+ \//g)?.length ?? 0 };
    await pause(100);
  }
  return fail(`the program did not become ready within a minute: ${log}`);
}

/** @param {ChildProcess} child */
async function ended(child) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGKILL");
  await new Promise((wake) => child.once("exit", wake));
}

/** @param {number} ms */
function pause(ms) {
  return new Promise((wake) => setTimeout(wake, ms));
}

/** Gives out the page and takes what it reports. @returns {Promise<Stranger>} */
async function strangersServer() {
  let listener = /** @type {((outcomes: Outcome[]) => void) | null} */ (null);
  const script = readFileSync(new URL("foreign_page_client.mjs", import.meta.url), "utf8");
  const server = createServer((asked, response) => {
    const path = asked.url?.split("?")[0];
    if (asked.method === "POST" && path === "/report") {
      let body = "";
      asked.on("data", (part) => (body += part));
      asked.on("end", () => listener?.(JSON.parse(body)));
      response.end();
    } else if (path === "/stranger") {
      response.setHeader("content-type", "text/html; charset=utf-8");
      response.end(`<!doctype html><title>Somebody else's page</title><script type="module">${script}</script>`);
    } else {
      response.statusCode = 404;
      response.end();
    }
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(null)));
  const nextReport = () => /** @type {Promise<Outcome[]>} */ (new Promise((resolve, reject) => {
    listener = resolve;
    setTimeout(() => reject(new Error("the foreign page did not come to its end within two minutes.")), 120_000).unref();
  }));
  return { port: /** @type {AddressInfo} */ (server.address()).port, nextReport, end: () => (server.close(), server.closeAllConnections()) };
}

/** The user's own page, in a browser of its own. @param {string} url */
async function ownPage(url) {
  const browser = await chromium.launch({ executablePath: options.chromium || findChromium(), args: FLAGS });
  const page = await browser.newPage();
  await page.addInitScript(() => localStorage.setItem("tokenscope.tourSeen", "1"));
  await page.goto(url);
  await page.locator(".row-item").first().waitFor({ timeout: 60_000 });
  // What it asks by itself it asks now, and its question is known from now on.
  await pause(2000);
  await page.evaluate(startAsking, { question: QUESTION, pause: PAUSE_MS });
  await page.evaluate(stopAsking);
  return { browser, page };
}

/** Runs in the user's own page. @param {{ question: object, pause: number }} plan */
function startAsking({ question, pause }) {
  const body = JSON.stringify(question);
  const asking = { times: /** @type {Times[]} */ ([]), on: true, done: Promise.resolve() };
  asking.done = (async () => {
    while (asking.on) {
      const start = performance.now();
      const response = await fetch("/api/preview", { method: "POST", headers: { "content-type": "application/json" }, body });
      const answer = await response.json();
      if (!response.ok) throw new Error(`the user's own page got ${response.status}`);
      asking.times.push({ page: performance.now() - start, server: answer.elapsed_ms });
      await new Promise((wake) => setTimeout(wake, pause));
    }
  })();
  Object.assign(window, { asking });
}

/** Runs in the user's own page. @returns {Promise<Times[]>} */
async function stopAsking() {
  const { asking } = /** @type {any} */ (window);
  asking.on = false;
  await asking.done;
  return asking.times;
}

/** @returns {Promise<Visitor | null>} */
async function openChromium() {
  const args = [...FLAGS, `--host-resolver-rules=MAP ${FOREIGN_NAME} 127.0.0.1`];
  const browser = await chromium.launch({ executablePath: options.chromium || findChromium(), args });
  const page = await browser.newPage();
  return { visit: async (address) => void (await page.goto(address)), end: () => browser.close() };
}

/** By its own command line: to open a page is all that it is needed for. @returns {Promise<Visitor | null>} */
async function openFirefox() {
  const program = options.firefox || findFirefox();
  if (!program) return null;
  const profile = mkdtempSync(join(tmpdir(), "tokenscope-firefox-"));
  const settings = {
    "network.dns.localDomains": FOREIGN_NAME,
    "network.proxy.type": 0,
    "dom.disable_open_during_load": false,
    "browser.shell.checkDefaultBrowser": false,
    "browser.aboutwelcome.enabled": false,
    "browser.startup.homepage_override.mstone": "ignore",
    "datareporting.policy.dataSubmissionEnabled": false,
    "toolkit.telemetry.enabled": false,
    "app.update.enabled": false,
    "network.captive-portal-service.enabled": false,
    "network.connectivity-service.enabled": false,
  };
  writeFileSync(join(profile, "user.js"), Object.entries(settings).map(([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`).join(""));
  /** @type {ChildProcess | null} */
  let child = null;
  const end = async () => {
    if (child) await ended(child);
    child = null;
  };
  return {
    visit: async (address) => {
      await end();
      child = spawn(program, ["--headless", "--no-remote", "--profile", profile, address], { stdio: "ignore" });
    },
    end: async () => {
      await end();
      rmSync(profile, { recursive: true, force: true, maxRetries: 20 });
    },
  };
}

function findFirefox() {
  for (const name of ["firefox-esr", "firefox"]) {
    try {
      return execFileSync("which", [name], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
    } catch {
      // Try the next name.
    }
  }
  return "";
}
