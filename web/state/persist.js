// What survives a reload. The llmDemo.* keys and their formats are the ones of the program this
// page continues, so that its users keep their settings; everything new is under tokenscope.*.
// A value that cannot be read counts as absent, and a storage that refuses is no error.

import { effect } from "@preact/signals";
import { clamp, parseNumber } from "../lib/numbers.js";
import { restoreTexts } from "./constraint_texts.js";
import { readMeasure } from "../lib/tint.js";
import { tourSeen } from "./learning.js";
import { DEFAULT_PARAMS } from "./params.js";
import { guessFirst } from "./projector.js";
import { measure } from "./reading.js";
import { readScale, scale, scoresShown } from "./rows_view.js";
import { setParams } from "./session.js";
import * as store from "./store.js";
import { readView, view } from "./view_switch.js";

/** @import { ConstraintTexts, Params } from "../types/app" */

/** @typedef {Pick<Storage, "getItem" | "setItem">} Store */

const PRESETS = ["greedy", "balanced", "reliable", "creative", "custom"];

/** Speeds below this one were stored by old versions and would only flicker. */
const MIN_SPEED_MS = 80;

/** @param {Store} storage */
export function restore(storage) {
  const read = reader(storage);
  store.latestParams.value = restoreParams(read("llmDemo.params"), read("tokenscope.params"));
  store.session.value = setParams(store.session.value, store.latestParams.value);
  store.savedModel.value = read("llmDemo.modelId")?.trim() ?? "";
  store.modelField.value = store.savedModel.value || store.DEFAULT_MODEL;
  store.llmEnabled.value = readFlag(read("llmDemo.llmEnabled"), true);
  store.decodingCollapsed.value = readFlag(read("llmDemo.decodingCollapsed"), false);
  store.stepSpeedCollapsed.value = readFlag(read("llmDemo.stepSpeedCollapsed"), true);
  store.attributionCollapsed.value = readFlag(read("llmDemo.attrCollapsed"), true);
  store.attributionMethod.value = read("llmDemo.attrMethod") ?? "off";
  store.attributionOptions.value = readObject(read("tokenscope.attrOptions"));
  store.rows.value = clamp(Math.round(readNumber(read("llmDemo.topK")) ?? store.DEFAULT_ROWS), 1, 50);
  store.speedMs.value = Math.max(MIN_SPEED_MS, readNumber(read("llmDemo.stepSpeedMs")) ?? store.DEFAULT_SPEED_MS);
  store.fullSpeed.value = readFlag(read("tokenscope.fullSpeed"), false);
  const constraint = readObject(read("tokenscope.constraint"));
  store.constraintOn.value = readFlag(read("llmDemo.constraintEnabled"), false);
  store.constraintCollapsed.value = readFlag(read("llmDemo.constraintCollapsed"), true);
  store.constraintTexts.value = restoreTexts(read("llmDemo.constraintType"), read("llmDemo.constraintSchema"), readObject(constraint["texts"]), readObject(constraint["replaced"]));
  store.constraintWhitespace.value = constraint["whitespace"] === "flexible" ? "flexible" : "single";
  store.grammarCollapsed.value = readFlag(read("tokenscope.grammarCollapsed"), false);
  const most = readNumber(read("tokenscope.maxTokens"));
  store.maxTokens.value = most !== null && most >= 1 ? Math.round(most) : null;
  const theme = read("tokenscope.theme");
  store.theme.value = theme === "light" || theme === "dark" ? theme : "auto";
  tourSeen.value = readFlag(read("tokenscope.tourSeen"), false);
  scale.value = readScale(read("tokenscope.scale"));
  scoresShown.value = readFlag(read("tokenscope.scores"), false);
  measure.value = readMeasure(read("tokenscope.tint"));
  view.value = readView(read("tokenscope.view"));
  guessFirst.value = readFlag(read("tokenscope.guessFirst"), false);
}

/**
 * Writes each value when it changes, and only then: a first visit leaves nothing behind.
 * @param {Store} storage
 */
export function watch(storage) {
  const flag = (/** @type {boolean} */ on) => (on ? "1" : "0");
  const params = () => store.latestParams.value;
  /** @type {[string, () => string][]} */
  const keys = [
    ["llmDemo.params", () => seedParams(params())],
    ["tokenscope.params", () => newParams(params())],
    ["llmDemo.modelId", () => store.savedModel.value],
    ["llmDemo.llmEnabled", () => flag(store.llmEnabled.value)],
    ["llmDemo.decodingCollapsed", () => flag(store.decodingCollapsed.value)],
    ["llmDemo.stepSpeedCollapsed", () => flag(store.stepSpeedCollapsed.value)],
    ["llmDemo.attrCollapsed", () => flag(store.attributionCollapsed.value)],
    ["llmDemo.attrMethod", () => store.attributionMethod.value],
    ["tokenscope.attrOptions", () => JSON.stringify(store.attributionOptions.value)],
    ["llmDemo.constraintEnabled", () => flag(store.constraintOn.value)],
    ["llmDemo.constraintCollapsed", () => flag(store.constraintCollapsed.value)],
    ["llmDemo.constraintType", () => store.constraintTexts.value.kind],
    ["llmDemo.constraintSchema", () => store.constraintTexts.value.texts[store.constraintTexts.value.kind] ?? ""],
    ["tokenscope.constraint", () => newConstraint(store.constraintTexts.value, store.constraintWhitespace.value)],
    ["tokenscope.grammarCollapsed", () => flag(store.grammarCollapsed.value)],
    ["llmDemo.topK", () => String(store.rows.value)],
    ["llmDemo.stepSpeedMs", () => String(store.speedMs.value)],
    ["tokenscope.fullSpeed", () => flag(store.fullSpeed.value)],
    ["tokenscope.maxTokens", () => String(store.maxTokens.value ?? "")],
    ["tokenscope.theme", () => store.theme.value],
    ["tokenscope.tourSeen", () => flag(tourSeen.value)],
    ["tokenscope.scale", () => scale.value],
    ["tokenscope.scores", () => flag(scoresShown.value)],
    ["tokenscope.tint", () => measure.value],
    ["tokenscope.view", () => view.value],
    ["tokenscope.guessFirst", () => flag(guessFirst.value)],
  ];
  const stops = keys.map(([key, write]) => {
    let written = /** @type {string | null} */ (null);
    return effect(() => {
      const text = write();
      if (written !== null && text !== written) put(storage, key, text);
      written = text;
    });
  });
  return () => stops.forEach((stop) => stop());
}

/**
 * @param {string | null} seedText
 * @param {string | null} newText
 * @returns {Params}
 */
export function restoreParams(seedText, newText) {
  const stored = readObject(seedText);
  const old = readObject(stored["params"]);
  const added = readObject(newText);
  const number = (/** @type {unknown} */ value, /** @type {number} */ fallback) =>
    typeof value === "number" && Number.isFinite(value) ? value : fallback;
  const preset = PRESETS.find((id) => id === stored["preset"]) ?? DEFAULT_PARAMS.preset;
  return {
    greedy: preset === "greedy",
    temperature: number(old["temperature"], DEFAULT_PARAMS.temperature),
    top_p: number(old["top_p"], DEFAULT_PARAMS.top_p),
    repetition_penalty: number(old["repetition_penalty"], DEFAULT_PARAMS.repetition_penalty),
    presence_penalty: number(old["presence_penalty"], DEFAULT_PARAMS.presence_penalty),
    frequency_penalty: number(old["frequency_penalty"], DEFAULT_PARAMS.frequency_penalty),
    seed: Number.isSafeInteger(old["seed"]) ? /** @type {number} */ (old["seed"]) : null,
    stop_sequences: Array.isArray(old["stop_sequences"])
      ? old["stop_sequences"].filter((text) => typeof text === "string" && text !== "")
      : [],
    nucleus_rule: added["nucleus_rule"] === "seed" ? "seed" : "standard",
    penalty_scope:
      added["penalty_scope"] === "completion" || added["penalty_scope"] === "no_specials" ? added["penalty_scope"] : "all",
    preset,
  };
}

/** @param {Params} params */
export function seedParams({ preset, nucleus_rule: _rule, penalty_scope: _scope, ...params }) {
  return JSON.stringify({ params, preset });
}

/** @param {Params} params */
export function newParams({ nucleus_rule, penalty_scope }) {
  return JSON.stringify({ nucleus_rule, penalty_scope });
}

/**
 * @param {ConstraintTexts} state
 * @param {string} whitespace
 */
function newConstraint({ texts, replaced = {} }, whitespace) {
  return JSON.stringify({ texts, replaced, whitespace });
}

/**
 * An object from JSON text or from an already parsed value; anything else is an empty one.
 * @param {unknown} value
 * @returns {Record<string, unknown>}
 */
function readObject(value) {
  try {
    const parsed = typeof value === "string" ? JSON.parse(value) : value;
    return typeof parsed === "object" && parsed !== null ? parsed : {};
  } catch {
    return {};
  }
}

/**
 * @param {string | null} text
 * @param {boolean} fallback
 */
function readFlag(text, fallback) {
  return text === "1" ? true : text === "0" ? false : fallback;
}

/** @param {string | null} text */
function readNumber(text) {
  return text === null ? null : parseNumber(text);
}

/** @param {Store} storage */
function reader(storage) {
  return (/** @type {string} */ key) => {
    try {
      return storage.getItem(key);
    } catch {
      return null;
    }
  };
}

/**
 * @param {Store} storage
 * @param {string} key
 * @param {string} text
 */
function put(storage, key, text) {
  try {
    storage.setItem(key, text);
  } catch {
    // A full or forbidden storage costs the memory of a setting and nothing else.
  }
}
