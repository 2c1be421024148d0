//! What can go wrong with a request, in sentences that help.

use tokenscope_grammar::{GrammarError, Preparation};
use tokenscope_sampling::SamplingError;
use tokenscope_tokens::TemplateError;

/// Why a request has no answer.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// No model answers yet, but one is on its way.
    #[error("Model is loading. Try again shortly.")]
    Loading,
    /// No model answers, and the last load failed.
    #[error("{0}")]
    LoadFailed(String),
    /// No model answers and none is on its way.
    #[error("Model is not ready.")]
    NoModel,
    /// A load was asked for without a name.
    #[error("model_id is required")]
    ModelIdRequired,
    /// A load was asked for by a name that no model can have.
    #[error("model_id has {len} bytes, more than the {limit} of the longest path.")]
    ModelIdTooLong {
        /// Its bytes.
        len: usize,
        /// Most bytes.
        limit: usize,
    },
    /// A load was asked for while one is under way.
    #[error("A model is already loading.")]
    AlreadyLoading,
    /// A load was to be cancelled, but none is under way.
    #[error("No model is being loaded.")]
    NothingToCancel,
    /// An id that the model does not have.
    #[error("{field} holds token id {id}, but the model has only ids from 0 to {last}.")]
    UnknownToken {
        /// The request's field.
        field: String,
        /// The id.
        id: i64,
        /// The largest id there is.
        last: u32,
    },
    /// Neither prompt nor completion has a token, so there is no position to predict from.
    #[error("The prompt is empty, so there is nothing to predict from.")]
    EmptyContext,
    /// The input does not fit.
    #[error(
        "The input has {tokens} tokens or more, but the model can take only {limit} \
         (its context length)."
    )]
    ContextTooLong {
        /// Tokens in the input, forced ones included.
        tokens: usize,
        /// The model's context length.
        limit: usize,
    },
    /// More tokens are forced at once than one answer can hold.
    #[error("{tokens} tokens are forced at once, but at most {limit} can be.")]
    TooManyForced {
        /// Tokens of the text or list.
        tokens: usize,
        /// Most tokens at once.
        limit: usize,
    },
    /// More tokens are asked about than one answer shows.
    #[error("probe_ids holds {ids} ids, but at most {limit} can be asked about at once.")]
    TooManyProbes {
        /// Ids asked about.
        ids: usize,
        /// Most ids at once.
        limit: usize,
    },
    /// An attribution by a method that there is not.
    #[error("Unsupported attribution method.")]
    UnsupportedMethod,
    /// An attribution of a generated token that there is not.
    #[error("target_index out of range.")]
    TargetOutOfRange,
    /// An option of an attribution has an impossible value.
    #[error("options.{field} is {found}; expected {expected}.")]
    Option {
        /// The option.
        field: &'static str,
        /// What it is.
        found: String,
        /// What it may be.
        expected: String,
    },
    /// Tokens are to be replaced, but there is nothing neutral to put in their place.
    #[error(
        "The model's vocabulary declares no unknown, padding, end or beginning token, so there is \
         none to put in place of others."
    )]
    NoBaselineToken,
    /// The attention of so many positions to each other does not fit.
    #[error(
        "Attention rollout takes at most {limit} tokens of this model, but these are {tokens}."
    )]
    TooLongForRollout {
        /// Tokens of the context.
        tokens: usize,
        /// Most tokens.
        limit: usize,
    },
    /// The model was replaced while rows of a matrix were still to come.
    #[error("The model was replaced by another one.")]
    ModelReplaced,
    /// A file of the model that answers was changed under it, so nothing that it says is right any more.
    #[error("{0}.")]
    ModelFileChanged(String),
    /// The program is about to end.
    #[error("Tokenscope was told to end, so this is not answered any more.")]
    Ending,
    /// The chat template cannot be used with these messages.
    #[error("{0}")]
    Template(#[from] TemplateError),
    /// The model's vocabulary cannot spell a text.
    #[error("The model's tokenizer refuses this text: {0}.")]
    Tokenizer(String),
    /// The settings leave no distribution.
    #[error("{0}")]
    Sampling(#[from] SamplingError),
    /// A constraint of a kind that there is not.
    #[error("Unsupported constrained sampling type.")]
    UnsupportedConstraint,
    /// A constraint cannot be used, or the completion violates it.
    #[error("{0}")]
    Grammar(#[from] GrammarError),
    /// A constraint has to be compiled first. The engine does that and asks again, so nobody sees this.
    #[error("The constraint is not compiled yet.")]
    Unprepared(Preparation),
    /// A token is to be forced that the constraint forbids.
    #[error("Forced token is invalid under the active constrained sampling schema.")]
    ForcedAgainstGrammar,
    /// A text is to be forced while a constraint is on.
    #[error("Force text is disabled while constrained sampling is active.")]
    ForceTextConstrained,
    /// Options are asked about while no multiple choice is on.
    #[error("Only a multiple choice has options to compare.")]
    NoChoices,
    /// Comparing the options would take too long.
    #[error("The options have {tokens} tokens in all, but at most {limit} can be compared.")]
    TooManyChoices {
        /// Tokens of all options.
        tokens: usize,
        /// Most tokens.
        limit: usize,
    },
    /// The request was dropped by whoever made it.
    #[error("The request was cancelled.")]
    Cancelled,
    /// A defect in this program.
    #[error("Something went wrong inside Tokenscope: {0}")]
    Internal(String),
}

impl EngineError {
    /// A stable name for programs.
    pub fn code(&self) -> &'static str {
        match self {
            EngineError::Loading => "model_loading",
            EngineError::LoadFailed(_) => "model_load_failed",
            EngineError::NoModel => "model_not_ready",
            EngineError::ModelIdRequired => "model_id_required",
            EngineError::ModelIdTooLong { .. } => "model_id_too_long",
            EngineError::AlreadyLoading => "already_loading",
            EngineError::NothingToCancel => "nothing_to_cancel",
            EngineError::UnknownToken { .. } => "unknown_token_id",
            EngineError::EmptyContext => "empty_context",
            EngineError::ContextTooLong { .. } => "context_too_long",
            EngineError::TooManyForced { .. } => "too_many_forced",
            EngineError::TooManyProbes { .. } => "too_many_probes",
            EngineError::UnsupportedMethod => "unsupported_attribution_method",
            EngineError::TargetOutOfRange => "target_out_of_range",
            EngineError::Option { .. } => "invalid_option",
            EngineError::NoBaselineToken => "no_baseline_token",
            EngineError::TooLongForRollout { .. } => "too_long_for_rollout",
            EngineError::ModelReplaced => "model_replaced",
            EngineError::ModelFileChanged(_) => "model_file_changed",
            EngineError::Ending => "server_ending",
            EngineError::Template(_) => "chat_template_failed",
            EngineError::Tokenizer(_) => "tokenizer_failed",
            EngineError::Sampling(SamplingError::Invalid) => "invalid_distribution",
            EngineError::Sampling(SamplingError::NothingAllowed) => "no_valid_token",
            EngineError::UnsupportedConstraint => "unsupported_constraint_type",
            EngineError::Grammar(error) => error.code(),
            EngineError::ForcedAgainstGrammar => "forced_token_invalid",
            EngineError::ForceTextConstrained => "force_text_constrained",
            EngineError::NoChoices => "no_choices",
            EngineError::TooManyChoices { .. } => "too_many_choices",
            EngineError::Unprepared(_) => "constraint_busy",
            EngineError::Cancelled => "cancelled",
            EngineError::Internal(_) => "internal_error",
        }
    }

    /// What the user can do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            EngineError::Loading => "Loading goes on in the background; the status shows how far.",
            EngineError::LoadFailed(_) | EngineError::NoModel => {
                "Load a model: builtin:smollm2-135m-instruct, a Hugging Face id such as \
                 Qwen/Qwen2.5-0.5B-Instruct, or the path of a .gguf file or a folder."
            }
            EngineError::ModelIdRequired | EngineError::ModelIdTooLong { .. } => {
                "Give builtin:smollm2-135m-instruct, a Hugging Face id such as \
                 Qwen/Qwen2.5-0.5B-Instruct, or the path of a .gguf file or a folder."
            }
            EngineError::AlreadyLoading => "Wait until that load has ended, or cancel it.",
            EngineError::NothingToCancel => "The load may have ended by itself; see the status.",
            EngineError::UnknownToken { .. } => {
                "Token ids belong to one model; ids from another model's vocabulary mean nothing."
            }
            EngineError::EmptyContext => "Type a prompt, or switch the chat template on.",
            EngineError::ContextTooLong { .. } => "Shorten the prompt or clear the completion.",
            EngineError::TooManyForced { .. } => "Force the text in several parts.",
            EngineError::TooManyProbes { .. } => "Ask about fewer tokens at once.",
            EngineError::UnsupportedMethod => {
                "The methods are attention, saliency, input_x_gradient, integrated_gradients and \
                 occlusion; off asks for nothing."
            }
            EngineError::TargetOutOfRange => {
                "Give the place of a token in completion_ids, or any token as target_token_id."
            }
            EngineError::Option { .. } => "The options and their values are in /api/catalog.",
            EngineError::NoBaselineToken => "Leave tokens out instead of replacing them.",
            EngineError::TooLongForRollout { .. } => "Shorten the prompt, or switch rollout off.",
            EngineError::ModelFileChanged(_) => "Load the model again.",
            EngineError::Ending => "Start it again and send the request again.",
            EngineError::ModelReplaced => "Ask again to have it from the model that answers now.",
            EngineError::Template(_) => {
                "Try without a system text, or switch the chat template off."
            }
            EngineError::Tokenizer(_) => {
                "Its vocabulary contradicts itself or has no token for unknown text; try other text."
            }
            EngineError::Sampling(SamplingError::Invalid) => {
                "A setting is too extreme: look at the penalties and the temperature."
            }
            EngineError::Sampling(SamplingError::NothingAllowed) => {
                "The constraint allows nothing here; rewind, or change it."
            }
            EngineError::UnsupportedConstraint => {
                "The types are multiple_choice, regex, cfg and json_schema."
            }
            EngineError::Grammar(error) => error.hint(),
            EngineError::ForcedAgainstGrammar => {
                "Force one of the tokens that are valid, or switch the constraint off."
            }
            EngineError::ForceTextConstrained => {
                "Force tokens by their ids, each of which is checked, or switch the constraint off."
            }
            EngineError::NoChoices => "Switch a constraint on that is a multiple choice.",
            EngineError::TooManyChoices { .. } => "Shorten the list of options.",
            EngineError::Unprepared(_) => "Try again in a moment.",
            EngineError::Cancelled => "Send it again if the answer is still wanted.",
            EngineError::Internal(_) => {
                "This is a bug; the log has the details. Other requests are not affected."
            }
        }
    }
}
