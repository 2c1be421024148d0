// Every item of the list of behaviours has a check that runs, and the table names what there is.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

const ITEMS = Array.from({ length: 83 }, (_, index) => `B${index + 1}`);
const folder = new URL("../e2e/", import.meta.url);
const read = (/** @type {string} */ name) => readFileSync(new URL(name, folder), "utf8");
const scripts = new Map(readdirSync(folder).filter((name) => name.endsWith(".mjs")).map((name) => [name, read(name)]));

/** "steps.mjs: each step ..." by item, as the scripts say it. */
function checksOfScripts() {
  const checks = new Map(ITEMS.map((item) => [item, /** @type {string[]} */ ([])]));
  for (const [name, source] of scripts)
    for (const [, items = "", what] of source.matchAll(/await check\("([^"]*)", "([^"]*)"/g))
      for (const item of items.split(" ")) {
        assert.ok(checks.has(item), `${name} names ${item}, which is no item.`);
        checks.get(item)?.push(`${name}: ${what}`);
      }
  return checks;
}

/** The same as the table says it. */
function checksOfTable() {
  const rows = read("README.md").matchAll(/^\| (B\d+) \|[^|]*\| ([^|]*) \|[^|]*\|$/gm);
  return new Map([...rows].map(([, item = "", cell = ""]) => [item, cell.split("<br>").map((one) => one.trim())]));
}

/** The scripts that `cargo xtask test` runs, and what they import. */
function scriptsThatRun() {
  const list = readFileSync(new URL("../../xtask/src/browser.rs", import.meta.url), "utf8").match(/const CHECKS: [^=]*=\s*\[([^\]]*)\]/)?.[1] ?? "";
  const running = new Set([...list.matchAll(/"(\w+)"/g)].map(([, name]) => `${name}.mjs`));
  for (const name of running)
    for (const [, other = ""] of (scripts.get(name) ?? "").matchAll(/from "\.\/(\w+\.mjs)"/g)) running.add(other);
  return running;
}

test("each item has a check, and the table names exactly these", () => {
  const [made, told] = [checksOfScripts(), checksOfTable()];
  assert.deepEqual([...told.keys()], ITEMS);
  for (const item of ITEMS) {
    assert.notDeepEqual(made.get(item), [], `${item} has no check.`);
    assert.deepEqual(told.get(item)?.sort(), made.get(item)?.sort(), `the row of ${item} in e2e/README.md`);
  }
});

test("each script with checks is run", () => {
  const running = scriptsThatRun();
  const idle = [...scripts].filter(([name, source]) => /await check\("/.test(source) && !running.has(name)).map(([name]) => name);
  assert.deepEqual(idle, []);
});

test("each check that is written is found", () => {
  for (const [name, source] of scripts) {
    if (!source.includes("./checks.mjs")) continue;
    const calls = source.match(/(?<![.\w])check\(/g)?.length ?? 0;
    const found = [...source.matchAll(/await check\("[^"]*", "[^"]*"/g)].length;
    assert.equal(found, calls, `${name} calls check in a way that the table cannot see`);
  }
});
