// Every item of the list of behaviours has a check that runs, and the table names what there is.

import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

const numbered = (/** @type {string} */ letter, /** @type {number} */ first, /** @type {number} */ last) =>
  Array.from({ length: last - first + 1 }, (_, index) => `${letter}${first + index}`);
const ITEMS = [...numbered("B", 1, 83), ...numbered("C", 0, 27)];

const folder = new URL("../e2e/", import.meta.url);
const read = (/** @type {string} */ name, from = folder) => readFileSync(new URL(name, from), "utf8");
const scripts = new Map(readdirSync(folder).filter((name) => name.endsWith(".mjs")).map((name) => [name, read(name)]));

const CHECK = /(?<![.\w])check(?:\.alone)?\(\s*"([^"]*)",\s*"([^"]*)"/g;

/** "steps.spec.mjs: each step ..." by item, as the scripts say it. */
function checksOfScripts() {
  const checks = new Map(ITEMS.map((item) => [item, /** @type {string[]} */ ([])]));
  for (const [name, source] of scripts)
    for (const [, items = "", what] of source.matchAll(CHECK))
      for (const item of items.split(" ")) {
        assert.ok(checks.has(item), `${name} names ${item}, which is no item.`);
        checks.get(item)?.push(`${name}: ${what}`);
      }
  return checks;
}

/** The same as the table says it. */
function checksOfTable() {
  const rows = read("README.md").matchAll(/^\| ([BC]\d+) \|[^|]*\| ([^|]*) \|[^|]*\|$/gm);
  const cells = [...rows].map(([, item = "", cell = ""]) => /** @type {[string, string]} */ ([item, cell]));
  return new Map(cells.map(([item, cell]) => [item, cell.split("<br>").map((one) => one.trim())]));
}

/** Whether a cell names a test of this folder, as "format.test.js: small numbers". @param {string} one */
const isUnitTest = (one) => /^[\w-]+\.test\.js: /.test(one);

/** Whether a title is this one, where `${...}` stands for anything. @param {string} written @param {string} title */
function says(written, title) {
  const parts = written.split(/\$\{[^}]*\}/).map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${parts.join(".*")}$`).test(title);
}

test("each item has a check, and the table names exactly these", () => {
  const [made, told] = [checksOfScripts(), checksOfTable()];
  assert.deepEqual([...told.keys()], ITEMS);
  for (const item of ITEMS) {
    const cell = told.get(item) ?? [];
    if (item.startsWith("B")) assert.notDeepEqual(cell, [], `${item} has no check.`);
    assert.deepEqual(cell.filter((one) => !isUnitTest(one)).sort(), made.get(item)?.sort(), `the row of ${item} in e2e/README.md`);
  }
});

test("each unit test that the table names is there", () => {
  for (const [item, cell] of checksOfTable())
    for (const one of cell.filter(isUnitTest)) {
      const [, name = "", title = ""] = one.match(/^([\w-]+\.test\.js): (.*)$/) ?? [];
      const file = new URL(name, import.meta.url);
      assert.ok(existsSync(file), `${item} names ${name}, which is not there.`);
      const titles = read(name, new URL(".", import.meta.url)).matchAll(/\btest\(\s*(["`])((?:\\.|(?!\1)[^\\])*)\1/g);
      assert.ok([...titles].some(([, , written = ""]) => says(written, title)), `${item} names "${title}", which is no test of ${name}.`);
    }
});

test("each check that is written is found, and runs", () => {
  for (const [name, source] of scripts) {
    if (name === "harness.mjs" || !/\bcheck\b[^;]*\} from "\.\/harness\.mjs"/.test(source)) continue;
    assert.ok(name.endsWith(".spec.mjs"), `${name} has checks and is no *.spec.mjs, so it is not run`);
    const calls = source.match(/(?<![.\w])check(?:\.alone)?\(/g)?.length ?? 0;
    assert.equal([...source.matchAll(CHECK)].length, calls, `${name} calls check in a way that the table cannot see`);
  }
});
