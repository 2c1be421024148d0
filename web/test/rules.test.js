// Rules of this folder that no type checker sees: who may import whom, what the content security
// policy allows, and that vendored files are the ones their list names.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

const root = new URL("../", import.meta.url);
const read = (/** @type {string} */ path) => readFileSync(new URL(path, root), "utf8");
const files = (/** @type {string} */ folder) => readdirSync(new URL(folder, root)).map((name) => `${folder}/${name}`);
const imports = (/** @type {string} */ path) => [...read(path).matchAll(/^(?:import|export)\b[^"(=]*"([^"]+)";/gm)].map((match) => match[1] ?? "");
const source = [...files("http"), ...files("lib"), ...files("picture"), ...files("replay"), ...files("state"), ...files("storage"), ...files("view"), "extras.js", "html.js", "main.js"];

/** The name of a language; nothing is there to be fetched. */
const SVG_NAME = "http://www.w3.org/2000/svg";

test("what is fetched only when it is asked for is not in the page's own script", () => {
  for (const path of source) {
    const apart = /^(picture|replay)\/(?!data\.js)|^extras\.js/.test(path);
    if (!apart) for (const name of imports(path)) assert.doesNotMatch(name, /\/picture\/|\/replay\/(?!data\.js)/, path);
    // These would be there twice, with a state of their own.
    else for (const name of imports(path)) assert.doesNotMatch(name, /signals|preact|store\.js/, path);
  }
});

test("pictures are made of what they are given", () => {
  for (const path of files("picture")) for (const name of imports(path)) assert.match(name, /^\.\/|^\.\.\/lib\//, path);
});

test("lib imports nothing, and session and params no signals", () => {
  for (const path of files("lib")) assert.deepEqual(imports(path), [], path);
  assert.deepEqual(imports("state/session.js"), ["./params.js"]);
  assert.deepEqual(imports("state/branches.js"), ["./session.js"]);
  assert.deepEqual([...imports("state/params.js"), ...imports("state/history.js")], []);
});

test("only the client fetches, and views reach it through actions", () => {
  for (const path of source) if (path !== "http/client.js") assert.doesNotMatch(read(path), /\bfetch\(/, path);
  for (const path of source) if (path !== "http/events.js") assert.doesNotMatch(read(path), /\bEventSource\b/, path);
  for (const path of files("view")) for (const name of imports(path)) assert.doesNotMatch(name, /\/http\/|stepping|preview|model_change/, path);
});

test("state knows no document", () => {
  for (const path of files("state")) assert.doesNotMatch(read(path), /\bdocument\.|\bwindow\.|\blocalStorage\b|\bindexedDB\b/, path);
});

test("nothing needs more than the policy grants", () => {
  const page = read("index.html");
  assert.doesNotMatch(page, / style=|<style|javascript:| on[a-z]+=/);
  assert.doesNotMatch(page, /<script(?![^>]*src=)/);
  for (const path of [...source, "index.html", ...files("style")]) assert.doesNotMatch(read(path).replace(SVG_NAME, ""), /https?:\/\//, path);
  for (const path of source) assert.doesNotMatch(read(path), /innerHTML|\beval\(|new Function/, path);
});

test("files stay small", () => {
  for (const path of source) assert.ok(read(path).split("\n").length <= 250, `${path} is too long`);
});

test("vendored files are the listed ones", () => {
  /** @type {Record<string, { sha256: string }>} */
  const versions = JSON.parse(read("vendor/versions.json"));
  assert.deepEqual(readdirSync(new URL("vendor", root)).filter((name) => name !== "versions.json").sort(), Object.keys(versions).sort());
  for (const [name, { sha256 }] of Object.entries(versions)) {
    assert.equal(createHash("sha256").update(readFileSync(new URL(`vendor/${name}`, root))).digest("hex"), sha256, name);
  }
});
