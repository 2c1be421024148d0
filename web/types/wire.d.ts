// Generated from crates/server/src/wire by `cargo xtask docgen`; do not edit.

/**
 * Every error.
 */
export type ErrorBody = { 
/**
 * What is wrong, in a sentence.
 */
detail: string, 
/**
 * A stable name.
 */
code: string, 
/**
 * What to do about it.
 */
hint: string, 
/**
 * Line of a constraint's text, from 1, if what is wrong is at one place in it.
 */
line?: number, 
/**
 * Column in characters, from 1.
 */
column?: number, 
/**
 * The text that offends there; empty at the end of the text.
 */
offending?: string, 
/**
 * Index in `completion_ids` of the first token that a constraint doesn't allow, if that is what is
 * wrong.
 */
token_index?: number, };

/**
 * The model that answers.
 */
export type ModelInfo = { 
/**
 * Its name; "" before there is one.
 */
model_id: string, 
/**
 * Where it computes.
 */
device: string, 
/**
 * Type of its activations.
 */
dtype: string, 
/**
 * Whether it brings a chat template.
 */
has_chat_template: boolean, 
/**
 * Its declared end token.
 */
eos_token_id: number | null, 
/**
 * Tokens in its vocabulary.
 */
vocab_size: number | null, };

/**
 * `GET /api/model/status`
 */
export type ModelStatus = { 
/**
 * A load is under way.
 */
loading: boolean, 
/**
 * A model can answer now. Both may be true.
 */
ready: boolean, 
/**
 * The last load's failure; cleared by the next load.
 */
error: string | null, 
/**
 * Logits per position.
 */
logit_size: number | null, 
/**
 * How most weights are stored.
 */
quantization: string | null, 
/**
 * Longest input, in tokens.
 */
context_length: number | null, 
/**
 * Number of weights.
 */
parameters: number | null, 
/**
 * Number of layers.
 */
layers: number | null, 
/**
 * Attention heads of each layer.
 */
heads: number | null, 
/**
 * Where the model came from: `builtin`, `file`, `folder` or `hub`.
 */
source: string | null, 
/**
 * Seconds it took to load, download included.
 */
load_seconds: number | null, 
/**
 * Threads the model computes with.
 */
threads: number, 
/**
 * The load under way.
 */
load: LoadProgress | null, 
/**
 * Why the built-in model stands in for the one that was wanted.
 */
notice: string | null, 
/**
 * Remembered prefixes.
 */
cache: CacheStatus, 
/**
 * Questions that have been put to the model's thread since the program was started. What is refused at the
 * door is none.
 */
questions: number, 
/**
 * What this version can do.
 */
capabilities: Capabilities, 
/**
 * Its name; "" before there is one.
 */
model_id: string, 
/**
 * Where it computes.
 */
device: string, 
/**
 * Type of its activations.
 */
dtype: string, 
/**
 * Whether it brings a chat template.
 */
has_chat_template: boolean, 
/**
 * Its declared end token.
 */
eos_token_id: number | null, 
/**
 * Tokens in its vocabulary.
 */
vocab_size: number | null, };

/**
 * How far a load has come.
 */
export type LoadProgress = { 
/**
 * The model being loaded.
 */
model_id: string, 
/**
 * `locating`, `downloading`, `verifying` or `reading`.
 */
phase: string, 
/**
 * The file.
 */
file: string | null, 
/**
 * Bytes done.
 */
bytes: number, 
/**
 * Bytes in all.
 */
total: number | null, 
/**
 * Speed of a download.
 */
bytes_per_s: number | null, };

/**
 * The prefix cache.
 */
export type CacheStatus = { 
/**
 * Prefixes held.
 */
entries: number, 
/**
 * Bytes held.
 */
bytes: number, 
/**
 * Bytes that may be held.
 */
max_bytes: number, 
/**
 * Requests whose logits were known.
 */
hits: number, 
/**
 * Requests that had to run the model.
 */
misses: number, 
/**
 * Prefixes, and logits of prefixes, that were dropped to make room.
 */
evictions: number, };

/**
 * What this version can do.
 */
export type Capabilities = { 
/**
 * `/api/attribution`.
 */
attribution: boolean, 
/**
 * `constraint` in requests.
 */
constraint: boolean, };

/**
 * `POST /api/model/load`
 */
export type LoadRequest = { 
/**
 * `builtin:smollm2-135m-instruct`, the path of a `.gguf` file, or that of a folder with a
 * Hugging Face checkpoint.
 */
model_id: string, };

/**
 * `POST /api/model/load`
 */
export type LoadResponse = { 
/**
 * Always true; the load goes on in the background.
 */
ok: boolean, 
/**
 * The name, trimmed.
 */
model_id: string, };

/**
 * Names of [`NucleusRule`].
 */
export type NucleusRuleName = "standard" | "seed";

/**
 * Names of [`PenaltyScope`].
 */
export type PenaltyScopeName = "all" | "completion" | "no_specials";

/**
 * The sampling knobs; `/api/catalog` explains each.
 */
export type SamplingParams = { 
/**
 * Take the most probable token instead of drawing.
 */
greedy?: boolean, 
/**
 * Zero or less counts as 1e-6.
 */
temperature?: number, 
/**
 * 1 or more is off; 0 or less keeps one token.
 */
top_p?: number, 
/**
 * 1 is off.
 */
repetition_penalty?: number, 
/**
 * 0 is off.
 */
presence_penalty?: number, 
/**
 * 0 is off.
 */
frequency_penalty?: number, 
/**
 * Null lets the server draw one.
 */
seed?: number | null, 
/**
 * Texts that end generation; empty ones are ignored.
 */
stop_sequences?: Array<string>, 
/**
 * What happens to the token that carries the sum across top-p.
 */
nucleus_rule?: NucleusRuleName, 
/**
 * Which occurrences count for the penalties.
 */
penalty_scope?: PenaltyScopeName, };

/**
 * Names of [`Whitespace`].
 */
export type WhitespaceName = "single" | "flexible";

/**
 * A grammar for the completion.
 */
export type ConstraintParams = { 
/**
 * Whether it applies; if not, the rest is not looked at.
 */
enabled?: boolean, 
/**
 * `multiple_choice`, `regex`, `cfg` or `json_schema`.
 */
type?: string, 
/**
 * The choices, pattern, grammar or schema.
 */
schema?: string, 
/**
 * Another name for `schema`, which wins if it is not empty.
 */
schema_text?: string, 
/**
 * White space between the parts of a JSON document.
 */
whitespace?: WhitespaceName, 
/**
 * The completion's index from which the grammar counts.
 */
anchor?: number, };

/**
 * `POST /api/preview`
 */
export type PreviewRequest = { 
/**
 * Accepted for compatibility; has no effect, since the server keeps no session.
 */
branch_id?: string, 
/**
 * The user's text, verbatim.
 */
prompt?: string, 
/**
 * The system text; blank means none. Used only with the chat template.
 */
system_prompt?: string, 
/**
 * Only `false` switches the chat template off.
 */
use_chat_template?: boolean | null, 
/**
 * Token ids that follow the prompt.
 */
completion_ids?: Array<number>, 
/**
 * Rows to show, clamped to 1..50. Has no effect on sampling.
 */
top_k?: number, 
/**
 * The sampling knobs.
 */
params?: SamplingParams, 
/**
 * A grammar for the completion.
 */
constraint?: ConstraintParams, 
/**
 * Tokens to report in `dist.probes`, wherever they rank; at most 50. A step ignores them: it
 * reports the token that it appends.
 */
probe_ids?: Array<number>, 
/**
 * Only tokenize: the model does not run and `dist` is null. A step, which needs the model, ignores it.
 */
tokens_only?: boolean, };

/**
 * What `POST /api/step` has beyond a preview.
 */
export type StepChoice = { 
/**
 * Accepted for compatibility; has no effect, since chance depends on seed and position only.
 */
reset_rng?: boolean, 
/**
 * Append this token, whatever its probability.
 */
force_token_id?: number | null, 
/**
 * Append the tokens of this text. Wins over the other two; empty means absent.
 */
force_text?: string | null, 
/**
 * Append these tokens in one go.
 */
force_token_ids?: Array<number>, };

/**
 * `POST /api/step`: as preview, and how to come by the token.
 *
 * The two halves are read from one body one after the other: serde's `flatten` would lose the
 * names of fields from error messages.
 */
export type StepRequest = { 
/**
 * Accepted for compatibility; has no effect, since the server keeps no session.
 */
branch_id?: string, 
/**
 * The user's text, verbatim.
 */
prompt?: string, 
/**
 * The system text; blank means none. Used only with the chat template.
 */
system_prompt?: string, 
/**
 * Only `false` switches the chat template off.
 */
use_chat_template?: boolean | null, 
/**
 * Token ids that follow the prompt.
 */
completion_ids?: Array<number>, 
/**
 * Rows to show, clamped to 1..50. Has no effect on sampling.
 */
top_k?: number, 
/**
 * The sampling knobs.
 */
params?: SamplingParams, 
/**
 * A grammar for the completion.
 */
constraint?: ConstraintParams, 
/**
 * Tokens to report in `dist.probes`, wherever they rank; at most 50. A step ignores them: it
 * reports the token that it appends.
 */
probe_ids?: Array<number>, 
/**
 * Only tokenize: the model does not run and `dist` is null. A step, which needs the model, ignores it.
 */
tokens_only?: boolean, 
/**
 * Accepted for compatibility; has no effect, since chance depends on seed and position only.
 */
reset_rng?: boolean, 
/**
 * Append this token, whatever its probability.
 */
force_token_id?: number | null, 
/**
 * Append the tokens of this text. Wins over the other two; empty means absent.
 */
force_text?: string | null, 
/**
 * Append these tokens in one go.
 */
force_token_ids?: Array<number>, };

/**
 * A token as the page shows it.
 */
export type TokenPill = { 
/**
 * The token.
 */
id: number, 
/**
 * Its text.
 */
text: string, 
/**
 * Its text with every invisible character marked.
 */
display: string, 
/**
 * Whether it is a declared special token.
 */
special: boolean, };

/**
 * A candidate with all its numbers.
 */
export type DistributionRow = { 
/**
 * Raw probability.
 */
p_base: number, 
/**
 * Probability of being drawn; 0 if cut.
 */
p_final: number, 
/**
 * Whether it can be drawn.
 */
kept: boolean, 
/**
 * Whether the constraint allows it; true without one.
 */
valid: boolean, 
/**
 * Raw logit.
 */
logit: number, 
/**
 * Place by raw probability among all tokens, from 1.
 */
rank_base: number, 
/**
 * Place by final probability among kept tokens, from 1; null if cut.
 */
rank_final: number | null, 
/**
 * Id of the stage that cut it.
 */
cut_by: string | null, 
/**
 * Probability after each of the distribution's stages.
 */
after: Array<number>, 
/**
 * The token.
 */
id: number, 
/**
 * Its text.
 */
text: string, 
/**
 * Its text with every invisible character marked.
 */
display: string, 
/**
 * Whether it is a declared special token.
 */
special: boolean, };

/**
 * A token that the raw model finds most probable.
 */
export type RawFavourite = { 
/**
 * Id of the stage that cost it most places by changing logits; null if none cost it any. A cut
 * costs no place, so this can be another stage than `cut_by`.
 */
sunk_by: string | null, 
/**
 * Raw probability.
 */
p_base: number, 
/**
 * Probability of being drawn; 0 if cut.
 */
p_final: number, 
/**
 * Whether it can be drawn.
 */
kept: boolean, 
/**
 * Whether the constraint allows it; true without one.
 */
valid: boolean, 
/**
 * Raw logit.
 */
logit: number, 
/**
 * Place by raw probability among all tokens, from 1.
 */
rank_base: number, 
/**
 * Place by final probability among kept tokens, from 1; null if cut.
 */
rank_final: number | null, 
/**
 * Id of the stage that cut it.
 */
cut_by: string | null, 
/**
 * Probability after each of the distribution's stages.
 */
after: Array<number>, 
/**
 * The token.
 */
id: number, 
/**
 * Its text.
 */
text: string, 
/**
 * Its text with every invisible character marked.
 */
display: string, 
/**
 * Whether it is a declared special token.
 */
special: boolean, };

/**
 * What one stage did to the whole distribution.
 */
export type StageSummary = { 
/**
 * `raw`, or the stage's id.
 */
id: string, 
/**
 * What the page calls it.
 */
label: string, 
/**
 * The values of its knobs.
 */
knobs: Record<string, unknown>, 
/**
 * Tokens not cut so far.
 */
kept: number, 
/**
 * Probability, before it, of the tokens it cut.
 */
removed_mass: number, 
/**
 * Entropy after it, in bits.
 */
entropy_bits: number, };

/**
 * A next-token distribution.
 */
export type Distribution = { 
/**
 * Rows that were asked for, clamped.
 */
top_k: number, 
/**
 * The rows, by probability before the nucleus.
 */
tokens: Array<DistributionRow>, 
/**
 * The three tokens that the raw model finds most probable, best first, wherever they rank after
 * the stages and whether they have a row or not.
 */
raw_top: Array<RawFavourite>, 
/**
 * The tokens of a preview's `probe_ids`, each once; in a step, the token that was appended.
 */
probes: Array<DistributionRow>, 
/**
 * Raw probability of all tokens without a row.
 */
other_p_base: number, 
/**
 * Final probability of all tokens without a row.
 */
other_p_final: number, 
/**
 * Tokens that can be drawn.
 */
kept_token_count: number, 
/**
 * Whether a constraint is on.
 */
constraint_active: boolean, 
/**
 * Its kind.
 */
constraint_type: string | null, 
/**
 * The raw model, then every stage in order.
 */
stages: Array<StageSummary>, 
/**
 * Raw probability of the tokens the constraint allows; null without one.
 */
legal_mass: number | null, };

/**
 * What a grammar does to one position, and has done on the way there.
 */
export type GrammarDebug = { 
/**
 * Raw probability of all tokens that it allows.
 */
legal_mass: number, 
/**
 * How many they are.
 */
legal_tokens: number, 
/**
 * Whether the completion may end here.
 */
may_end: boolean, 
/**
 * Whether it has ended.
 */
ended: boolean, 
/**
 * The completion's index from which the grammar counts.
 */
anchor: number, 
/**
 * The forbidden tokens that the model wanted most.
 */
wanted: Array<WantedToken>, 
/**
 * What must come next; null where there is a choice.
 */
forced: ForcedRun | null, 
/**
 * For JSON, the place in the document, such as `$.items[0].name`; null if it cannot be told.
 */
path: string | null, 
/**
 * The parts of the schema's text that are about that place: a property with its name, the schema of
 * an array's items, or all of it. More than one where two options of an anyOf have the property.
 */
schema_places: Array<TextRange>, 
/**
 * Whether the completion goes round in circles.
 */
stall: StallAlarm | null, 
/**
 * The legal mass at every position from the anchor to this one; null where there was no
 * distribution.
 */
history: Array<number | null>, 
/**
 * Log-probability that the constraint has cost so far: the sum of the natural logarithms of the
 * masses before this one. Null if one of them was zero.
 */
log_cost: number | null, 
/**
 * What the constraint says but does not enforce.
 */
warnings: Array<string>, 
/**
 * How long the mask took when it was found; it is remembered.
 */
mask_ms: number, };

/**
 * A part of a text. Lines and columns count from 1, columns in characters.
 */
export type TextRange = { 
/**
 * Line of its first character.
 */
line: number, 
/**
 * Column of its first character.
 */
column: number, 
/**
 * Line of the first character behind it.
 */
end_line: number, 
/**
 * Column of that.
 */
end_column: number, };

/**
 * A forbidden token.
 */
export type WantedToken = { 
/**
 * Raw probability.
 */
p_base: number, 
/**
 * Place by raw probability among all tokens, from 1.
 */
rank_base: number, 
/**
 * How many of its bytes the grammar allows, and so the index of the byte at which it leaves it.
 */
legal_bytes: number, 
/**
 * Those bytes as shown on screen.
 */
legal_display: string, 
/**
 * The bytes after them.
 */
illegal_display: string, 
/**
 * The token.
 */
id: number, 
/**
 * Its text.
 */
text: string, 
/**
 * Its text with every invisible character marked.
 */
display: string, 
/**
 * Whether it is a declared special token.
 */
special: boolean, };

/**
 * What a grammar leaves no choice about.
 */
export type ForcedRun = { 
/**
 * The text.
 */
text: string, 
/**
 * Its tokens, to be taken with `force_token_ids`; without the last ones if they might become
 * others together with what follows.
 */
tokens: Array<TokenPill>, };

/**
 * A completion that goes round in circles.
 */
export type StallAlarm = { 
/**
 * `whitespace` or `repetition`.
 */
kind: string, 
/**
 * How many tokens of it.
 */
tokens: number, 
/**
 * What is repeated.
 */
text: string, };

/**
 * `POST /api/constraint/check`
 */
export type CheckRequest = { 
/**
 * The constraint; whether it is enabled, and its anchor, do not matter.
 */
constraint?: ConstraintParams, };

/**
 * Whether a constraint can be used.
 */
export type CheckResponse = { 
/**
 * Whether it can.
 */
ok: boolean, 
/**
 * Why not; what a preview would answer with status 400.
 */
error: ErrorBody | null, 
/**
 * How many tokens it allows at its beginning; null if it cannot be used.
 */
legal_tokens: number | null, 
/**
 * Whether the empty text is one it allows.
 */
may_be_empty: boolean | null, 
/**
 * What it says but does not enforce.
 */
warnings: Array<string>, 
/**
 * Time taken on the server.
 */
elapsed_ms: number | null, };

/**
 * One option: the raw probability of one way to write it, the tokens that the tokenizer gives, and of
 * ending after it.
 */
export type ChoiceScore = { 
/**
 * The option.
 */
text: string, 
/**
 * Its tokens.
 */
tokens: Array<TokenPill>, 
/**
 * Natural logarithms of the tokens' probabilities, each given those before.
 */
log_probabilities: Array<number>, 
/**
 * Natural logarithm of the summed probability of the model's end tokens; null if that is zero.
 */
end_log_probability: number | null, 
/**
 * The sum of them all; null if the probability is zero.
 */
log_probability: number | null, 
/**
 * The product of the probabilities.
 */
p: number, 
/**
 * Its share of the sum over all options.
 */
p_normalised: number, };

/**
 * The options of a multiple choice as whole texts.
 */
export type ChoicesResponse = { 
/**
 * The model that answered.
 */
model: ModelInfo, 
/**
 * The options, in the order in which they were written.
 */
choices: Array<ChoiceScore>, 
/**
 * Time taken on the server.
 */
elapsed_ms: number, };

/**
 * `POST /api/preview`
 */
export type PreviewResponse = { 
/**
 * The model that answered.
 */
model: ModelInfo, 
/**
 * The prompt as the model gets it.
 */
prompt_tokens: Array<TokenPill>, 
/**
 * What was done to the texts before they became tokens, if it may surprise.
 */
prompt_note: string | null, 
/**
 * The completion.
 */
completion_tokens: Array<TokenPill>, 
/**
 * Both lengths together.
 */
context_token_count: number, 
/**
 * For the next position; null if only tokens were asked for.
 */
dist: Distribution | null, 
/**
 * The request's seed; a preview draws none.
 */
seed_used: number | null, 
/**
 * Time taken on the server.
 */
elapsed_ms: number, 
/**
 * The grammar at that position; null while no constraint is on.
 */
grammar: GrammarDebug | null, };

/**
 * `GET /api/tokens`
 */
export type TokensResponse = { 
/**
 * The model whose tokens they are.
 */
model_id: string, 
/**
 * The best matches: the text itself, then what begins with it, then what contains it.
 */
tokens: Array<TokenPill>, 
/**
 * How many tokens match.
 */
found: number, };

/**
 * A token that was taken.
 */
export type SelectedToken = { 
/**
 * The token.
 */
id: number, 
/**
 * Its text.
 */
text: string, 
/**
 * Its text with every invisible character marked.
 */
display: string, 
/**
 * The probability it was drawn with; null if forced.
 */
p_final: number | null, };

/**
 * The record of an appended token.
 */
export type AppendedMeta = { 
/**
 * The distribution at its position.
 */
dist: Distribution, 
/**
 * The token.
 */
selected_id: number, 
/**
 * Whether it was forced.
 */
forced: boolean, 
/**
 * `token` or `text`; null if drawn.
 */
forced_by: string | null, };

/**
 * `POST /api/step`
 */
export type StepResponse = { 
/**
 * The model that answered.
 */
model: ModelInfo, 
/**
 * Before the append (of the first token, if there are several); null if nothing was appended.
 */
dist: Distribution | null, 
/**
 * The token; null for forced text and lists.
 */
selected: SelectedToken | null, 
/**
 * All appended tokens.
 */
appended: Array<TokenPill>, 
/**
 * One record per appended token.
 */
appended_meta: Array<AppendedMeta>, 
/**
 * The completion with the appended tokens.
 */
new_completion_ids: Array<number>, 
/**
 * Whether generation is over.
 */
done: boolean, 
/**
 * `eos_token` or `stop_sequence`; null if it is not over.
 */
stop_reason: string | null, 
/**
 * The seed that decided; null if chance did not.
 */
seed_used: number | null, 
/**
 * Time taken on the server.
 */
elapsed_ms: number, 
/**
 * The grammar at that position; null while no constraint is on.
 */
grammar: GrammarDebug | null, };

/**
 * What is attributed, from raw logits.
 */
export type QuantityName = "probability" | "log_probability" | "logit" | "logit_difference";

/**
 * Where the path of integrated gradients begins.
 */
export type BaselineName = "unk" | "zero" | "mean";

/**
 * What belongs together.
 */
export type GroupingName = "token" | "word" | "line" | "role";

/**
 * What occlusion puts in a token's place.
 */
export type ReplacementName = "drop" | "baseline";

/**
 * The options; `/api/catalog` explains each, and names the methods that it has an effect on.
 */
export type AttributionOptions = { 
/**
 * What is attributed.
 */
quantity?: QuantityName, 
/**
 * The other candidate of `logit_difference`; null means the likeliest other one at the target's
 * place, which the answer's options name.
 */
contrast_id?: number | null, 
/**
 * Signed contributions instead of shares of 1.
 */
signed?: boolean, 
/**
 * Layers to average over, from 0; null means all.
 */
layers?: Array<number> | null, 
/**
 * Heads to average over in each layer, from 0; null means all.
 */
heads?: Array<number> | null, 
/**
 * Follow attention through the layers instead of averaging over them.
 */
rollout?: boolean, 
/**
 * Attention on the first token counts for nothing.
 */
mask_sink?: boolean, 
/**
 * Where the path of integrated gradients begins.
 */
baseline?: BaselineName, 
/**
 * Points on the path, 1 to 1000.
 */
steps?: number, 
/**
 * What scores are summed over, or occluded at once.
 */
group?: GroupingName, 
/**
 * What occlusion puts in a token's place.
 */
replacement?: ReplacementName, };

/**
 * `POST /api/attribution`. For `POST /api/attribution/matrix` the same, with `target_index` and
 * `target_token_id` ignored.
 */
export type AttributionRequest = { 
/**
 * Accepted for compatibility; has no effect, since the server keeps no session.
 */
branch_id?: string, 
/**
 * The user's text, verbatim.
 */
prompt?: string, 
/**
 * The system text; blank means none. Used only with the chat template.
 */
system_prompt?: string, 
/**
 * Only `false` switches the chat template off.
 */
use_chat_template?: boolean | null, 
/**
 * Token ids that follow the prompt. Those from the target on do not count.
 */
completion_ids?: Array<number>, 
/**
 * The target's place in `completion_ids`; negative counts as 0.
 */
target_index?: number, 
/**
 * The target, if it is another than the completion's token in that place: any candidate. Then the
 * place may also be after the completion.
 */
target_token_id?: number | null, 
/**
 * `off`, or a method of `/api/catalog`.
 */
method?: string, 
/**
 * What can be set about it.
 */
options?: AttributionOptions, };

/**
 * A run of tokens that belong together.
 */
export type AttributionGroup = { 
/**
 * The first token's place in the context.
 */
start: number, 
/**
 * One past the last token's.
 */
end: number, 
/**
 * `template`, `system`, `user`, `prompt` (where those cannot be told apart) or `completion`; null
 * unless grouped by role.
 */
label: string | null, 
/**
 * The sum of its tokens' scores.
 */
score: number, 
/**
 * What the quantity becomes without it; null unless occluded, or if nothing is left then.
 */
value_without: number | null, };

/**
 * Scores and what belongs to them.
 */
export type AttributionScores = { 
/**
 * Always true.
 */
ok: boolean, 
/**
 * A score for each token of the context, and 0 for the target. Without `signed` they add up to 1
 * (or are all 0); with it they are contributions in units of the quantity.
 */
attributions: Array<number>, 
/**
 * Their number.
 */
source_len: number, 
/**
 * Tokens of the context.
 */
context_len: number, 
/**
 * Those of them that are the prompt's.
 */
prompt_len: number, 
/**
 * The target.
 */
target_id: number, 
/**
 * The model that answered.
 */
model_id: string, 
/**
 * The method.
 */
method: string, 
/**
 * `correlational`, `gradient` or `causal`.
 */
evidence: string, 
/**
 * Where the work was done.
 */
device: string, 
/**
 * The options; those without effect on the method are at their defaults.
 */
options: AttributionOptions, 
/**
 * The other candidate of `logit_difference`; null for other quantities.
 */
contrast: TokenPill | null, 
/**
 * The groups that were asked for; empty for single tokens, except that occlusion lists what it
 * took out.
 */
groups: Array<AttributionGroup>, 
/**
 * The quantity after the context; null for attention.
 */
value: number | null, 
/**
 * The quantity of the neutral input; null unless by integrated gradients, as the next three.
 */
baseline_value: number | null, 
/**
 * The token that the neutral input consists of; null if it does not consist of one.
 */
baseline_id: number | null, 
/**
 * By how much the signed scores fail to add up to `value - baseline_value`.
 */
completeness_error: number | null, 
/**
 * The same as a share of that difference; null also if the difference is 0.
 */
completeness_error_share: number | null, 
/**
 * Time taken on the server.
 */
elapsed_ms: number, };

/**
 * Nothing to show.
 */
export type NoAttribution = { 
/**
 * True if nothing was asked for.
 */
ok: boolean, 
/**
 * `attention_not_supported` or `attention_no_scores`, if this model cannot answer.
 */
error?: string, 
/**
 * Always empty.
 */
attributions: Array<number>, 
/**
 * Always 0.
 */
source_len: number, };

/**
 * `POST /api/attribution`
 */
export type AttributionResponse = AttributionScores | NoAttribution;

/**
 * A line that says how far an attribution is, and nothing else.
 */
export type AttributionProgress = { 
/**
 * The share of the work that is done, from 0 to 1.
 */
progress: number, };

/**
 * A line of progress that says what is known so far. Some lines of integrated gradients and occlusion
 * are of this kind; those between them have only `progress`, and change nothing of what is known. By
 * integrated gradients it is the answer of fewer points, by occlusion the part of the answer that is
 * about the pieces taken out so far.
 */
export type AttributionSoFar = { 
/**
 * The share of the work that is done, from 0 to 1.
 */
progress: number, 
/**
 * As in the answer; null for tokens about which nothing is known. Without `signed`, shares of what
 * is known.
 */
attributions: Array<number | null>, 
/**
 * Tokens of the context.
 */
context_len: number, 
/**
 * As in the answer; those that are known.
 */
groups: Array<AttributionGroup>, 
/**
 * The quantity after the context.
 */
value: number | null, 
/**
 * The points that integrated gradients have used; null for occlusion, as the next three.
 */
points: number | null, 
/**
 * The quantity of the neutral input.
 */
baseline_value: number | null, 
/**
 * As in the answer, of the points used.
 */
completeness_error: number | null, 
/**
 * As in the answer, of the points used.
 */
completeness_error_share: number | null, };

/**
 * The first line of a matrix.
 */
export type MatrixHeader = { 
/**
 * Rows that will come.
 */
rows: number, 
/**
 * The first row's `target_index`: 0, or 1 if nothing stands before the completion.
 */
first_index: number, 
/**
 * Tokens of the prompt; they come first in each row.
 */
prompt_len: number, 
/**
 * The model that answers.
 */
model_id: string, 
/**
 * The method.
 */
method: string, 
/**
 * `correlational`, `gradient` or `causal`.
 */
evidence: string, 
/**
 * The options; those without effect on the method are at their defaults.
 */
options: AttributionOptions, };

/**
 * One row of a matrix.
 */
export type MatrixRow = { 
/**
 * The target's place in the completion.
 */
target_index: number, } & (AttributionScores | NoAttribution);

/**
 * The last line of a matrix that is complete.
 */
export type MatrixEnd = { 
/**
 * Always true.
 */
done: boolean, };

/**
 * A method of attribution.
 */
export type MethodSpec = { 
/**
 * Stable name.
 */
id: string, 
/**
 * What the page calls it.
 */
label: string, 
/**
 * What its answers are evidence of: `correlational`, `gradient` or `causal`.
 */
evidence: string, 
/**
 * What it does, in plain words.
 */
explanation: string, };

/**
 * An option of an attribution.
 */
export type OptionSpec = { 
/**
 * Stable name.
 */
id: string, 
/**
 * Its place in a request.
 */
field: string, 
/**
 * What the page calls it.
 */
label: string, 
/**
 * `switch`, `choice`, `integer`, `token` (an id or null) or `places` (a list of layers or heads
 * from 0, or null for all).
 */
kind: string, 
/**
 * Its value when a request does not say.
 */
default: unknown, 
/**
 * The smallest integer.
 */
min: number | null, 
/**
 * The largest integer.
 */
max: number | null, 
/**
 * The names of a choice.
 */
choices: Array<string>, 
/**
 * Ids of the methods that it has an effect on.
 */
methods: Array<string>, 
/**
 * What it does, in plain words.
 */
explanation: string, };

/**
 * What can be asked of `/api/attribution`.
 */
export type AttributionSpec = { 
/**
 * All methods, in the order of a menu.
 */
methods: Array<MethodSpec>, 
/**
 * All options. Every one is off unless a request says otherwise.
 */
options: Array<OptionSpec>, };

/**
 * A kind of constraint.
 */
export type ConstraintKind = { 
/**
 * Stable name.
 */
id: string, 
/**
 * What the page calls it.
 */
label: string, 
/**
 * What an empty editor says.
 */
placeholder: string, 
/**
 * The constraint that an editor begins with.
 */
default: string, 
/**
 * What it does, in plain words.
 */
explanation: string, };

/**
 * A constraint to try.
 */
export type ConstraintExample = { 
/**
 * What it is called.
 */
label: string, 
/**
 * The name of its kind.
 */
kind: string, 
/**
 * The constraint.
 */
schema: string, 
/**
 * What to look at.
 */
explanation: string, };

/**
 * What can be written as a constraint.
 */
export type ConstraintSpec = { 
/**
 * All kinds, in the order of a menu.
 */
kinds: Array<ConstraintKind>, 
/**
 * Constraints to try, simple ones first.
 */
examples: Array<ConstraintExample>, };

/**
 * A setting the user can turn.
 */
export type KnobSpec = { 
/**
 * Stable name.
 */
id: string, 
/**
 * Its place in a request.
 */
field: string, 
/**
 * What the page calls it.
 */
label: string, 
/**
 * `number`, `integer`, `switch`, `choice` or `texts`.
 */
kind: string, 
/**
 * Its value when a request does not say.
 */
default: unknown, 
/**
 * Left end of a number's slider; smaller numbers are allowed.
 */
min: number | null, 
/**
 * Right end of a number's slider; larger numbers are allowed.
 */
max: number | null, 
/**
 * Distance between a slider's stops.
 */
step: number | null, 
/**
 * The value at which it does nothing.
 */
off: unknown, 
/**
 * The names of a choice.
 */
choices: Array<string>, 
/**
 * What it does, in plain words.
 */
explanation: string, };

/**
 * A step between raw logits and the token.
 */
export type StageSpec = { 
/**
 * Stable name.
 */
id: string, 
/**
 * What the page calls it.
 */
label: string, 
/**
 * Ids of its knobs.
 */
knobs: Array<string>, 
/**
 * What it does, in plain words.
 */
explanation: string, };

/**
 * A named set of values.
 */
export type Preset = { id: string, label: string, explanation: string, greedy: boolean, temperature: number, top_p: number, repetition_penalty: number, presence_penalty: number, frequency_penalty: number, };

/**
 * A prompt to begin with.
 */
export type ExamplePrompt = { 
/**
 * The text.
 */
prompt: string, 
/**
 * Whether the chat template goes around it.
 */
use_chat_template: boolean, };

/**
 * A model that can be loaded by name.
 */
export type ModelSuggestion = { 
/**
 * What to put into `model_id`.
 */
id: string, 
/**
 * What the page calls it.
 */
label: string, 
/**
 * Bytes of its files: exact if it is here, else about what will be fetched.
 */
bytes: number, 
/**
 * Whether it is on this machine.
 */
cached: boolean, 
/**
 * What shows somebody new how it goes on; null for a model that is not known here.
 */
example: ExamplePrompt | null, };

/**
 * `GET /api/catalog`
 */
export type Catalog = { 
/**
 * All knobs.
 */
knobs: Array<KnobSpec>, 
/**
 * All stages, in order.
 */
stages: Array<StageSpec>, 
/**
 * All presets.
 */
presets: Array<Preset>, 
/**
 * Methods of attribution and their options.
 */
attribution: AttributionSpec, 
/**
 * Kinds of constraints, and some to try.
 */
constraint: ConstraintSpec, 
/**
 * Models to suggest, those on this machine first; every model that has been loaded since the
 * program started is among them, under the name it was loaded by.
 */
models: Array<ModelSuggestion>, };
