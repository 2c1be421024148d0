// JSON as a completion writes it, laid out.

import assert from "node:assert/strict";
import { test } from "node:test";
import { layoutJson } from "../lib/json_text.js";

const LAYOUTS = /** @type {[string, string, string][]} */ ([
  // as it was written, in lines, what would close it
  ["{", "{", "}"],
  ["{}", "{}", ""],
  [' {"a" : 1,"b":[true , null]} ', '{\n  "a": 1,\n  "b": [\n    true,\n    null\n  ]\n}', ""],
  ['{"na', '{\n  "na', '"}'],
  ['{"name"', '{\n  "name"', "}"],
  ['{"name":', '{\n  "name": ', "}"],
  ['{"name":"Jo \\" {', '{\n  "name": "Jo \\" {', '"}'],
  ['{"a":"\\u00e9\\n\\', '{\n  "a": "\\u00e9\\n\\', '"}'],
  ['{"a":1,', '{\n  "a": 1,\n  ', "}"],
  ["[[],{}", "[\n  [],\n  {}", "]"],
  ["[1, -", "[\n  1,\n  -", "]"],
  ["[12.", "[\n  12.", "]"],
  ["[1.5e", "[\n  1.5e", "]"],
  ["[tru", "[\n  tru", "]"],
  ['[{"x":[', '[\n  {\n    "x": [', "]}]"],
  ['"Paris"', '"Paris"', ""],
  ["-0.5", "-0.5", ""],
]);
for (const [written, lines, open] of LAYOUTS) test(`${written} is laid out`, () => assert.deepEqual(layoutJson(written), { text: lines, open }));

const OTHERS = ["", "  ", "Paris", "yes\nno", "{]", "[}", "[1 2]", "{1:2}", '{"a" 1}', '{"a":}', "[,1]", "[1,]", "{} {}", "[tru,", "[01]", "[1e]", "{'a'", '{"a":1}x', "}"];
for (const text of OTHERS) test(`${JSON.stringify(text)} is no JSON`, () => assert.equal(layoutJson(text), null));
