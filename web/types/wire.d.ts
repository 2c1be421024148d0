// What the server says and hears, as TypeScript. (Draft: from now on this file is generated
// from crates/server/src/wire, same names.)

export type TokenPill = { id: number, text: string, display: string, special: boolean };

/** One row of the distribution. Ranks start at 1; rank_final is null for a token that was cut. */
export type DistributionRow = {
  id: number, text: string, display: string, special: boolean,
  p_base: number, p_final: number, kept: boolean, valid: boolean,
  logit: number, rank_base: number, rank_final: number | null,
  /** stage id that cut the token: "constraint" | "top_p" | null */
  cut_by: string | null,
  /** probability after each of Distribution.stages, same order */
  after: number[],
};

export type StageSummary = {
  /** "raw" | "repetition" | "presence_frequency" | "temperature" | "constraint" | "top_p" */
  id: string, label: string,
  /** the knob values this stage used, e.g. {"temperature": 0.7} */
  knobs: Record<string, unknown>,
  kept: number, removed_mass: number, entropy_bits: number,
};

export type Distribution = {
  top_k: number, tokens: DistributionRow[], other_p_base: number, other_p_final: number,
  kept_token_count: number, constraint_active: boolean, constraint_type: string | null,
  stages: StageSummary[], legal_mass: number | null,
};

export type ModelInfo = { model_id: string, device: string, dtype: string, has_chat_template: boolean,
  eos_token_id: number | null, vocab_size: number | null };

export type LoadProgress = { model_id: string,
  /** "locating" | "downloading" | "verifying" | "reading" */
  phase: string,
  file: string | null, bytes: number, total: number | null, bytes_per_s: number | null };

export type CacheStatus = { entries: number, bytes: number, max_bytes: number, hits: number, misses: number };

export type Capabilities = { attribution: boolean, constraint: boolean };

export type ModelStatus = ModelInfo & { loading: boolean, ready: boolean, error: string | null,
  logit_size: number | null, quantization: string | null, context_length: number | null,
  parameters: number | null, threads: number, load: LoadProgress | null, notice: string | null,
  cache: CacheStatus, capabilities: Capabilities };

export type LoadRequest = { model_id: string };
export type LoadResponse = { ok: boolean, model_id: string };

export type SamplingParams = { greedy?: boolean, temperature?: number, top_p?: number, repetition_penalty?: number,
  presence_penalty?: number, frequency_penalty?: number, seed?: number | null, stop_sequences?: string[],
  nucleus_rule?: "standard" | "seed", penalty_scope?: "all" | "completion" | "no_specials" };

export type ConstraintParams = { enabled?: boolean, type?: string, schema?: string, anchor?: number };

export type PreviewRequest = { branch_id?: string, prompt?: string, system_prompt?: string,
  use_chat_template?: boolean | null, completion_ids?: number[], top_k?: number,
  params?: SamplingParams, constraint?: ConstraintParams, tokens_only?: boolean };

export type PreviewResponse = { model: ModelInfo, prompt_tokens: TokenPill[], completion_tokens: TokenPill[],
  context_token_count: number, /** null when tokens_only */ dist: Distribution | null,
  seed_used: number | null, elapsed_ms: number, grammar: null };

export type StepRequest = PreviewRequest & { reset_rng?: boolean, force_token_id?: number | null,
  force_text?: string | null, force_token_ids?: number[] };

export type SelectedToken = { id: number, text: string, display: string, /** null for a forced token */ p_final: number | null };

export type AppendedMeta = { dist: Distribution, selected_id: number, forced: boolean,
  /** "token" | "text" | null */ forced_by: string | null };

export type StepResponse = { model: ModelInfo, /** before the append; null if the forced text has no token */ dist: Distribution | null,
  /** null for force_text */ selected: SelectedToken | null, appended: TokenPill[], appended_meta: AppendedMeta[],
  new_completion_ids: number[], done: boolean, /** "eos_token" | "stop_sequence" | null */ stop_reason: string | null,
  seed_used: number | null, elapsed_ms: number, grammar: null };

export type KnobSpec = { id: string, /** path in a request body, e.g. "params.temperature" */ field: string, label: string,
  kind: "number" | "integer" | "switch" | "choice" | "texts", default: unknown,
  min: number | null, max: number | null, step: number | null,
  /** value at which the knob does nothing */ off: unknown, choices: string[], explanation: string };

export type StageSpec = { id: string, label: string, knobs: string[], explanation: string };

export type Preset = { id: string, label: string, explanation: string, greedy: boolean, temperature: number, top_p: number, repetition_penalty: number,
  presence_penalty: number, frequency_penalty: number };

export type ModelSuggestion = { id: string, label: string, note: string };

export type Catalog = { knobs: KnobSpec[], stages: StageSpec[], presets: Preset[], models: ModelSuggestion[] };

export type ErrorBody = { detail: string, code: string, hint: string };
