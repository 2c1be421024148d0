// Pictures: what stands where, and that it is SVG whatever the text. Letters are 10 pixels wide here.

import assert from "node:assert/strict";
import { test } from "node:test";
import { parseHTML } from "linkedom";
import { pairPicture, treePicture } from "../picture/branches.js";
import { distributionPicture } from "../picture/distribution.js";
import { escape, shorten, wrap } from "../picture/svg.js";
import { linesOf, textPicture } from "../picture/text.js";
import { pairOf } from "../lib/pair_rows.js";
import { dist, PARIS, row } from "./samples.js";

/** @import { Look } from "../picture/svg.js" */
/** @import { Piece } from "../picture/text.js" */

const names = /** @type {const} */ (["paper", "ink", "soft", "line", "blue", "teal", "tealFill", "amber", "red"]);
/** @type {Look} */
const look = { colours: /** @type {Look["colours"]} */ (Object.fromEntries(names.map((name) => [name, name]))), font: "Sans", mono: "Mono", measure: (text) => 10 * [...text].length };
const words = { title: "Next token after: A & B", under: "temperature 0.7", source: "Tokenscope, tiny" };
const linear = { share: (/** @type {number} */ p) => p, ends: ["0", "1"] };

/** The picture as elements, in the order in which they are drawn. @param {{ svg: string, height: number }} picture */
function drawn({ svg, height }) {
  const root = parseHTML(`<html><body>${svg}</body></html>`).document.querySelector("svg");
  const all = [...(root?.children ?? [])];
  for (const one of all) for (const side of ["x", "y"]) assert.ok(!one.getAttribute(side) || Number(one.getAttribute(side)) < Math.max(960, height), one.outerHTML);
  return { texts: all.filter((one) => one.localName === "text").map((one) => one.textContent ?? ""), of: (/** @type {string} */ fill) => all.filter((one) => one.getAttribute("fill") === fill), all };
}

test("text is written so that XML can hold it", () => {
  /** @type {[string, string][]} */
  const rows = [["a<b>&\"c\"", "a&lt;b&gt;&amp;&quot;c&quot;"], ["\u0000\u001b", "\u2400\u241b"], ["\ud800x", "\ufffdx"], ["😀", "😀"], ["\uffff", "\ufffd"], ["</svg>", "&lt;/svg&gt;"]];
  for (const [text, expected] of rows) assert.equal(escape(text), expected, JSON.stringify(text));
});

test("long texts wrap between words, within one that is too long, and never within a character", () => {
  /** @type {[string, number, string[]][]} */
  const rows = [
    ["", 50, [""]], ["one two", 100, ["one two"]], ["one two", 60, ["one", "two"]], ["abcdefgh", 30, ["abc", "def", "gh"]], ["a bcdefgh", 40, ["a", "bcde", "fgh"]],
    ["👩‍👩‍👧👩‍👩‍👧", 50, ["👩‍👩‍👧", "👩‍👩‍👧"]],
  ];
  for (const [text, width, expected] of rows) assert.deepEqual(wrap(look, text, 10, "Sans", width), expected, text);
  assert.deepEqual([shorten(look, "abcdef", 10, "Sans", 60), shorten(look, "abcdef", 10, "Sans", 40)], ["abcdef", "abc…"]);
});

test("a distribution has rows, bars on its axis, the stage that cut, and says what it is", () => {
  const { texts, of } = drawn(distributionPicture(look, words, PARIS, { share: (p) => p / 0.5, ends: ["0", "0.5"] }, 2));
  assert.deepEqual(texts, ["Next token after: A & B", "temperature 0.7", "raw: what the model says", "final: the chances in the draw", "#", "token", "0", "0.5", "final", "raw",
    "1", "Paris", "0.600", "0.582", "2", "␣The", "0.400", "0.382", "cut by top-p", "raw 14", "London", "0", "1.2e-5", "all others", "0", "0.100", "Tokenscope, tiny"]);
  // The first is the legend's. What is beyond the axis ends with it.
  const widths = of("blue").slice(1).map((bar) => Number(bar.getAttribute("width")));
  const [track = 0] = widths;
  assert.deepEqual(widths.map((width) => Math.round((100 * width) / track)), [100, 80, 0, 0]);
  assert.equal(of("tealFill").length, 1);
});

/** @param {...(string | [string, number])} parts @returns {Piece[]} */
const pieces = (...parts) => parts.map((part) => (typeof part === "string" ? { text: part, level: null, kind: "plain" } : { text: part[0], level: part[1], kind: "plain" }));
/** Lines as their runs, in the order in which they stand, and where the tokens are. @param {Piece[]} all @param {number} width */
const lines = (all, width) => linesOf(look, all, width).map(({ placed, runs }) => [runs.map(({ content, x, rtl }) => `${x}${rtl ? "<" : ">"}${content}`).join(" "), placed.map(({ text, x }) => `${text}@${x}`).join(" ")]);

test("running text breaks where words end, and shows its line breaks", () => {
  assert.deepEqual(lines(pieces("Hello", " wor", "ld"), 110), [["0>Hello world", "Hello@0  @50 wor@60 ld@90"]]);
  assert.deepEqual(lines(pieces("Hello", " wor", "ld"), 60), [["0>Hello ", "Hello@0  @50"], ["0>world", "wor@0 ld@30"]]);
  assert.deepEqual(lines(pieces("a\nb"), 60), [["0>a⏎", "a@0 ⏎@10"], ["0>b", "b@0"]]);
  assert.deepEqual(lines(pieces("a", "\n", "\n"), 60), [["0>a⏎", "a@0 ⏎@10"], ["0>⏎", "⏎@0"]]);
  assert.deepEqual(lines(pieces("abcdefg"), 30).map(([run]) => run), ["0>abc", "0>def", "0>g"]);
  assert.deepEqual(lines(pieces("東京は日本"), 30).map(([run]) => run), ["0>東京は", "0>日本"]);
});

test("what is read from right to left stands so, and numbers in it go along", () => {
  assert.deepEqual(lines(pieces("שלום"), 100), [["60<שלום", "שלום@60"]]);
  assert.deepEqual(lines(pieces("אב", " גד"), 100), [["50<אב גד", "אב@80  @70 גד@50"]]);
  assert.deepEqual(lines(pieces("a ", "אב", " 12", " c"), 200), [["0>a  20<אב 12 70> c", "a@0  @10 אב@50  @40 12@20  @70 c@80"]]);
});

test("tokens are tinted where they stand, and what has no level is not", () => {
  const { of, texts } = drawn(textPicture(look, words, pieces("Hi", ["you", 7], [" there", 2]), { low: "sure", high: "surprised" }));
  // Seven shades and four lines of the legend, then one shade and one line, then the halves of " there".
  assert.deepEqual(of("blue").slice(11).map((one) => [one.getAttribute("x"), one.getAttribute("width"), one.getAttribute("fill-opacity")]), [["52", "30", "0.44"], ["52", "30", null], ["82", "10", "0.12"], ["92", "50", "0.12"]]);
  assert.ok(["sure", "surprised", "Hiyou there"].every((one) => texts.includes(one)), texts.join("|"));
});

test("of a text that is too long for a picture the end is drawn, and that is said", () => {
  const { texts } = drawn(textPicture(look, words, pieces(...Array.from({ length: 300 }, (_, line) => `${line}\n`)), { low: "", high: "" }));
  assert.ok(texts.includes("… 100 lines before are left out") && texts.includes("299⏎") && !texts.includes("99⏎"));
});

test("the tree steps in where it parts, and names the inputs where they end", () => {
  const { all, texts } = drawn(treePicture(look, words, [{ depth: 0, text: "Hi", kind: "prompt", names: [] }, { depth: 1, text: " you", kind: "run", names: ["Input 1", "x"] }, { depth: 2, text: "left", kind: "left", names: [] }]));
  assert.ok(texts.includes("Input 1") && texts.includes("left behind"));
  const at = (/** @type {string} */ text) => Number(all.find((one) => one.textContent === text)?.getAttribute("x"));
  assert.deepEqual([at("Hi"), at("\u00a0you"), at("left")], [32, 60, 88]);
});

test("two inputs stand beside each other with both numbers and the change", () => {
  const pair = pairOf([dist([row(1, "a", { p_final: 1, p_base: 0.5 })]), dist([row(1, "a", { p_final: 0.25, p_base: 0.5 })])]);
  const { texts, of } = drawn(pairPicture(look, words, { names: ["One", "Two"], texts: ["A", "B"], pair, axis: linear, sum: "Much is elsewhere." }));
  assert.ok(["One:", "Two:", "A", "B", "Much is elsewhere.", "a", "−0.750"].every((one) => texts.includes(one)), texts.join("|"));
  const [one = 0, two = 0] = of("blue").slice(1).map((bar) => Number(bar.getAttribute("width")));
  assert.equal(two / one, 0.25);
});
