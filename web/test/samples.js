// Small, friendly answers of a server, for every test that needs one.

import { DEFAULT_PARAMS } from "../state/params.js";

/** @import { NewToken } from "../types/app" */
/** @import { AttributionScores, Catalog, CheckResponse, ChoiceScore, ConstraintExample, ConstraintKind, Distribution, DistributionRow, ErrorBody, GrammarDebug, LoadProgress, ModelStatus, ModelSuggestion, OptionSpec, PreviewResponse, StepResponse, TokenPill } from "../types/wire" */

/**
 * @param {number} id
 * @param {string} display
 * @param {Partial<TokenPill>} [change]
 * @returns {TokenPill}
 */
export function pill(id, display, change = {}) {
  return { id, text: display.replaceAll("␠", " "), display, special: false, ...change };
}

/**
 * @param {number} id
 * @param {string} display
 * @param {Partial<DistributionRow>} [change]
 * @returns {DistributionRow}
 */
export function row(id, display, change = {}) {
  return {
    ...pill(id, display), p_base: 0.25, p_final: 0.5, kept: true, valid: true, logit: 3, rank_base: 1, rank_final: 1,
    cut_by: null, after: [0.25, 0.5], ...change,
  };
}

/**
 * @param {DistributionRow[]} tokens
 * @returns {Distribution}
 */
export function dist(tokens) {
  return {
    top_k: tokens.length, tokens, raw_top: [], probes: [], other_p_base: 0.1, other_p_final: 0, kept_token_count: 2, constraint_active: false,
    constraint_type: null, legal_mass: null,
    stages: [
      { id: "raw", label: "Raw", knobs: {}, kept: 100, removed_mass: 0, entropy_bits: 2 },
      { id: "top_p", label: "Top-p", knobs: { top_p: 0.8 }, kept: 2, removed_mass: 0.2, entropy_bits: 0.93 },
    ],
  };
}

export const PARIS = dist([
  row(1, "Paris", { p_base: 0.582, p_final: 0.6 }),
  row(2, "␠The", { p_base: 0.382, p_final: 0.4, rank_base: 3, rank_final: 2 }),
  row(3, "London", { p_base: 0.000012, p_final: 0, kept: false, rank_base: 14, rank_final: null, cut_by: "top_p" }),
]);

/**
 * @param {Partial<ModelStatus>} [change]
 * @returns {ModelStatus}
 */
export function status(change = {}) {
  return {
    model_id: "tiny", device: "cpu", dtype: "float32", has_chat_template: true, eos_token_id: 9, vocab_size: 100,
    loading: false, ready: true, error: null, logit_size: 100, quantization: "Q4_1", context_length: 512,
    parameters: 1000, source: "file", layers: 4, heads: 2, load_seconds: 0.5, threads: 2, load: null, notice: null,
    cache: { entries: 0, bytes: 0, max_bytes: 0, hits: 0, misses: 0, evictions: 0 }, questions: 0, capabilities: { attribution: false, constraint: false },
    ...change,
  };
}

/**
 * A load of another model, while `tiny` answers.
 * @param {Partial<LoadProgress>} [change]
 * @returns {ModelStatus}
 */
export function loading(change = {}) {
  return status({ loading: true, load: { model_id: "other", phase: "downloading", file: "m.gguf", bytes: 5e6, total: 1e7, bytes_per_s: null, ...change } });
}

/** @type {ModelSuggestion[]} */
export const MODELS = [
  { id: "builtin:small", label: "Small, built in", bytes: 98_400_000, cached: true, example: null },
  { id: "Qwen/Qwen3-0.6B", label: "Qwen 3 0.6B", bytes: 1_520_000_000, cached: false, example: null },
  { id: "openai/gpt2", label: "GPT-2 124M", bytes: 551_000_000, cached: false, example: null },
];

/** @param {Partial<PreviewResponse>} [change] @returns {PreviewResponse} */
export function previewAnswer(change = {}) {
  return {
    model: status(), prompt_tokens: [pill(7, "Hello")], prompt_note: null, completion_tokens: [], context_token_count: 1, dist: PARIS,
    seed_used: null, elapsed_ms: 1, grammar: null, ...change,
  };
}

/**
 * The answer to a step that appended these tokens.
 * @param {TokenPill[]} appended
 * @param {Partial<StepResponse>} [change]
 * @returns {StepResponse}
 */
export function stepAnswer(appended, change = {}) {
  const first = appended[0];
  return {
    model: status(), dist: PARIS, selected: first ? { id: first.id, text: first.text, display: first.display, p_final: 0.6 } : null,
    appended, appended_meta: appended.map((token) => ({ dist: PARIS, selected_id: token.id, forced: false, forced_by: null })),
    new_completion_ids: appended.map((token) => token.id), done: false, stop_reason: null, seed_used: 5, elapsed_ms: 2, grammar: null,
    ...change,
  };
}

/**
 * @param {string} id
 * @param {string} kind
 * @param {unknown} value its default
 * @param {string[]} methods
 * @param {Partial<OptionSpec>} [change]
 * @returns {OptionSpec}
 */
function option(id, kind, value, methods, change = {}) {
  return { id, field: `options.${id}`, label: id, kind, default: value, min: null, max: null, choices: [], methods, explanation: `About ${id}.`, ...change };
}

/** @type {ConstraintKind[]} */
export const KINDS = [
  { id: "multiple_choice", label: "Multiple choice", placeholder: "one a line", default: "yes\nno", explanation: "One of the choices." },
  { id: "regex", label: "Regex", placeholder: "a pattern", default: "(yes|no)", explanation: "Matches the pattern." },
  { id: "json_schema", label: "JSON schema", placeholder: "a schema", default: "{}", explanation: "A document of the schema." },
];

/** @type {ConstraintExample[]} */
export const EXAMPLES = [
  { label: "Date", kind: "regex", schema: "[0-9]{4}", explanation: "Four digits." },
  { label: "Person", kind: "json_schema", schema: '{"type":"object"}', explanation: "An object." },
];

/** @param {Partial<CheckResponse>} [change] @returns {CheckResponse} */
export function usable(change = {}) {
  return { ok: true, error: null, legal_tokens: 5, may_be_empty: false, warnings: [], elapsed_ms: 1, ...change };
}

/** @param {Partial<ErrorBody>} [change] @returns {CheckResponse} */
export function unusable(change = {}) {
  const error = { detail: "unclosed group (line 2, column 3).", code: "constraint_unusable", hint: "Close the group.", line: 2, column: 3, offending: "(", ...change };
  return usable({ ok: false, error, legal_tokens: null, may_be_empty: null, elapsed_ms: null });
}

/** @param {Partial<GrammarDebug>} [change] @returns {GrammarDebug} */
export function grammar(change = {}) {
  return {
    legal_mass: 0.0009, legal_tokens: 2, may_end: false, ended: false, anchor: 0, wanted: [], forced: null, path: null, schema_places: [], stall: null,
    history: [0.0009], log_cost: 0, mask_ms: 0.1, warnings: [], ...change,
  };
}

/**
 * An option of a multiple choice whose tokens have these probabilities, each given those before.
 * @param {string} text
 * @param {number[]} probabilities
 * @param {number} end the probability of stopping after it
 * @param {number} [share] of all options
 * @returns {ChoiceScore}
 */
export function choice(text, probabilities, end, share = 0) {
  const p = probabilities.reduce((product, one) => product * one, end);
  return {
    text, tokens: probabilities.map((_, index) => pill(1000 * text.charCodeAt(0) + index, index === 0 ? text : `+${index}`)),
    log_probabilities: probabilities.map(Math.log), end_log_probability: end > 0 ? Math.log(end) : null,
    log_probability: p > 0 ? Math.log(p) : null, p, p_normalised: share,
  };
}

/** @param {Partial<Catalog>} [change] @returns {Catalog} */
export function catalog(change = {}) {
  const [looks, slopes] = [["attention"], ["saliency", "integrated_gradients"]];
  return {
    knobs: [], stages: [], presets: [], models: [],
    constraint: { kinds: KINDS, examples: EXAMPLES },
    attribution: {
      methods: [
        { id: "attention", label: "Attention", evidence: "correlational", explanation: "Where it looks." },
        { id: "saliency", label: "Saliency", evidence: "gradient", explanation: "How it bends." },
        { id: "integrated_gradients", label: "Integrated gradients", evidence: "gradient", explanation: "The whole path." },
      ],
      options: [
        option("quantity", "choice", "probability", slopes, { choices: ["probability", "logit_difference"] }),
        option("contrast_id", "token", null, slopes),
        option("signed", "switch", false, ["integrated_gradients"]),
        option("layers", "places", null, looks),
        option("mask_sink", "switch", false, looks),
        option("steps", "integer", 50, ["integrated_gradients"], { min: 1, max: 1000 }),
      ],
    },
    ...change,
  };
}

/**
 * Scores of a context of one prompt token and then the completion's.
 * @param {number[]} scores
 * @param {Partial<AttributionScores>} [change]
 * @returns {AttributionScores}
 */
export function scores(scores, change = {}) {
  return {
    ok: true, attributions: [...scores, 0], source_len: scores.length + 1, context_len: scores.length, prompt_len: 1, target_id: 1,
    model_id: "tiny", method: "saliency", evidence: "gradient", device: "cpu", options: {}, contrast: null, groups: [], value: 0.6, baseline_value: null,
    baseline_id: null, completeness_error: null, completeness_error_share: null, elapsed_ms: 1, ...change,
  };
}

/**
 * A token as a step appends it to a completion.
 * @param {string} display
 * @param {Partial<NewToken>} [change]
 * @returns {NewToken}
 */
export function newToken(display, change = {}) {
  return { token: pill(display.charCodeAt(0), display), model: "tiny", origin: "sampled", params: DEFAULT_PARAMS, constraint: null, dist: null, seed_used: null, stop_reason: null, ...change };
}
