//! The definitions the page builds its controls from.

use serde::Serialize;
use tokenscope_engine::Suggestion;
use tokenscope_engine::attribution::{self, Method, OPTIONS, OptionKind};
use tokenscope_engine::constraint::{EXAMPLES, Example, Kind};
use tokenscope_sampling::{KnobKind, PRESETS, STAGES, all_knobs};
use ts_rs::TS;
use utoipa::ToSchema;

use super::response::json;

/// `GET /api/catalog`
#[derive(Debug, Serialize, ToSchema, TS)]
pub struct Catalog {
    /// All knobs.
    pub knobs: Vec<KnobSpec>,
    /// All stages, in order.
    pub stages: Vec<StageSpec>,
    /// All presets.
    pub presets: Vec<Preset>,
    /// Methods of attribution and their options.
    pub attribution: AttributionSpec,
    /// Kinds of constraints, and some to try.
    pub constraint: ConstraintSpec,
    /// Models to suggest, those on this machine first; every model that has been loaded since the
    /// program started is among them, under the name it was loaded by.
    pub models: Vec<ModelSuggestion>,
}

/// A setting the user can turn.
#[derive(Debug, Serialize, ToSchema, TS)]
pub struct KnobSpec {
    /// Stable name.
    pub id: String,
    /// Its place in a request.
    pub field: String,
    /// What the page calls it.
    pub label: String,
    /// `number`, `integer`, `switch`, `choice` or `texts`.
    pub kind: String,
    /// Its value when a request does not say.
    #[ts(type = "unknown")]
    pub default: serde_json::Value,
    /// Left end of a number's slider; smaller numbers are allowed.
    pub min: Option<f64>,
    /// Right end of a number's slider; larger numbers are allowed.
    pub max: Option<f64>,
    /// Distance between a slider's stops.
    pub step: Option<f64>,
    /// The value at which it does nothing.
    #[ts(type = "unknown")]
    pub off: serde_json::Value,
    /// The names of a choice.
    pub choices: Vec<String>,
    /// What it does, in plain words.
    pub explanation: String,
}

/// A step between raw logits and the token.
#[derive(Debug, Serialize, ToSchema, TS)]
pub struct StageSpec {
    /// Stable name.
    pub id: String,
    /// What the page calls it.
    pub label: String,
    /// Ids of its knobs.
    pub knobs: Vec<String>,
    /// What it does, in plain words.
    pub explanation: String,
}

/// What can be asked of `/api/attribution`.
#[derive(Debug, Serialize, ToSchema, TS)]
pub struct AttributionSpec {
    /// All methods, in the order of a menu.
    pub methods: Vec<MethodSpec>,
    /// All options. Every one is off unless a request says otherwise.
    pub options: Vec<OptionSpec>,
}

/// What can be written as a constraint.
#[derive(Debug, Serialize, ToSchema, TS)]
pub struct ConstraintSpec {
    /// All kinds, in the order of a menu.
    pub kinds: Vec<ConstraintKind>,
    /// Constraints to try, simple ones first.
    pub examples: Vec<ConstraintExample>,
}

/// A kind of constraint.
#[derive(Debug, Serialize, ToSchema, TS)]
pub struct ConstraintKind {
    /// Stable name.
    pub id: String,
    /// What the page calls it.
    pub label: String,
    /// What an empty editor says.
    pub placeholder: String,
    /// The constraint that an editor begins with.
    pub default: String,
    /// What it does, in plain words.
    pub explanation: String,
}

/// A constraint to try.
#[derive(Debug, Serialize, ToSchema, TS)]
pub struct ConstraintExample {
    /// What it is called.
    pub label: String,
    /// The name of its kind.
    pub kind: String,
    /// The constraint.
    pub schema: String,
    /// What to look at.
    pub explanation: String,
}

/// A method of attribution.
#[derive(Debug, Serialize, ToSchema, TS)]
pub struct MethodSpec {
    /// Stable name.
    pub id: String,
    /// What the page calls it.
    pub label: String,
    /// What its answers are evidence of: `correlational`, `gradient` or `causal`.
    pub evidence: String,
    /// What it does, in plain words.
    pub explanation: String,
}

/// An option of an attribution.
#[derive(Debug, Serialize, ToSchema, TS)]
pub struct OptionSpec {
    /// Stable name.
    pub id: String,
    /// Its place in a request.
    pub field: String,
    /// What the page calls it.
    pub label: String,
    /// `switch`, `choice`, `integer`, `token` (an id or null) or `places` (a list of layers or heads
    /// from 0, or null for all).
    pub kind: String,
    /// Its value when a request does not say.
    #[ts(type = "unknown")]
    pub default: serde_json::Value,
    /// The smallest integer.
    pub min: Option<i64>,
    /// The largest integer.
    pub max: Option<i64>,
    /// The names of a choice.
    pub choices: Vec<String>,
    /// Ids of the methods that it has an effect on.
    pub methods: Vec<String>,
    /// What it does, in plain words.
    pub explanation: String,
}

/// A named set of values.
#[derive(Debug, Serialize, ToSchema, TS)]
#[expect(missing_docs, reason = "the fields are the knobs, explained in the catalog itself")]
pub struct Preset {
    pub id: String,
    pub label: String,
    pub explanation: String,
    pub greedy: bool,
    pub temperature: f64,
    pub top_p: f64,
    pub repetition_penalty: f64,
    pub presence_penalty: f64,
    pub frequency_penalty: f64,
}

/// A model that can be loaded by name.
#[derive(Debug, Serialize, ToSchema, TS)]
pub struct ModelSuggestion {
    /// What to put into `model_id`.
    pub id: String,
    /// What the page calls it.
    pub label: String,
    /// Bytes of its files: exact if it is here, else about what will be fetched.
    pub bytes: u64,
    /// Whether it is on this machine.
    pub cached: bool,
    /// What shows somebody new how it goes on; null for a model that is not known here.
    pub example: Option<ExamplePrompt>,
}

/// A prompt to begin with.
#[derive(Debug, Serialize, ToSchema, TS)]
pub struct ExamplePrompt {
    /// The text.
    pub prompt: String,
    /// Whether the chat template goes around it.
    pub use_chat_template: bool,
}

impl Catalog {
    /// Collects all definitions.
    pub fn new(suggestions: Vec<Suggestion>) -> Self {
        let knobs = all_knobs().into_iter().map(KnobSpec::from).collect();
        let stages = STAGES.iter().map(|stage| StageSpec {
            id: stage.id().name().into(),
            label: stage.label().into(),
            knobs: stage.knobs().iter().map(|knob| knob.id.to_owned()).collect(),
            explanation: stage.explanation().into(),
        });
        let presets = PRESETS.iter().map(|preset| Preset {
            id: preset.id.into(),
            label: preset.label.into(),
            explanation: preset.explanation.into(),
            greedy: preset.greedy,
            temperature: preset.temperature,
            top_p: preset.top_p,
            repetition_penalty: preset.repetition_penalty,
            presence_penalty: preset.presence_penalty,
            frequency_penalty: preset.frequency_penalty,
        });
        let models = suggestions.into_iter().map(ModelSuggestion::from).collect();
        let attribution = AttributionSpec {
            methods: Method::ALL.into_iter().map(MethodSpec::from).collect(),
            options: OPTIONS.iter().map(OptionSpec::from).collect(),
        };
        let constraint = ConstraintSpec {
            kinds: Kind::ALL.into_iter().map(ConstraintKind::from).collect(),
            examples: EXAMPLES.iter().map(ConstraintExample::from).collect(),
        };
        let (stages, presets) = (stages.collect(), presets.collect());
        Catalog { knobs, stages, presets, attribution, constraint, models }
    }
}

impl From<Suggestion> for ModelSuggestion {
    fn from(suggestion: Suggestion) -> Self {
        let Suggestion { id, label, bytes, cached, example } = suggestion;
        let example = example.map(|example| ExamplePrompt {
            prompt: example.prompt.to_owned(),
            use_chat_template: example.use_chat_template,
        });
        ModelSuggestion { id, label, bytes, cached, example }
    }
}

impl From<Kind> for ConstraintKind {
    fn from(kind: Kind) -> Self {
        ConstraintKind {
            id: kind.name().into(),
            label: kind.label().into(),
            placeholder: kind.placeholder().into(),
            default: kind.first_text().into(),
            explanation: kind.explanation().into(),
        }
    }
}

impl From<&Example> for ConstraintExample {
    fn from(example: &Example) -> Self {
        ConstraintExample {
            label: example.label.into(),
            kind: example.kind.name().into(),
            schema: example.text.into(),
            explanation: example.explanation.into(),
        }
    }
}

impl From<Method> for MethodSpec {
    fn from(method: Method) -> Self {
        MethodSpec {
            id: method.name().into(),
            label: method.label().into(),
            evidence: method.evidence().name().into(),
            explanation: method.explanation().into(),
        }
    }
}

impl From<&attribution::OptionSpec> for OptionSpec {
    fn from(option: &attribution::OptionSpec) -> Self {
        let (kind, default, range, choices) = match option.kind {
            OptionKind::Switch => ("switch", false.into(), None, &[][..]),
            OptionKind::Choice(names) => ("choice", names[0].into(), None, names),
            OptionKind::Number { range, default } => {
                ("integer", default.into(), Some(range), &[][..])
            }
            OptionKind::Token => ("token", serde_json::Value::Null, None, &[][..]),
            OptionKind::Places => ("places", serde_json::Value::Null, None, &[][..]),
        };
        OptionSpec {
            id: option.id.into(),
            field: format!("options.{}", option.id),
            label: option.label.into(),
            kind: kind.into(),
            default,
            min: range.map(|(min, _)| min),
            max: range.map(|(_, max)| max),
            choices: choices.iter().map(|choice| (*choice).to_owned()).collect(),
            methods: option.methods.iter().map(|method| method.name().to_owned()).collect(),
            explanation: option.explanation.into(),
        }
    }
}

impl From<&tokenscope_sampling::KnobSpec> for KnobSpec {
    fn from(knob: &tokenscope_sampling::KnobSpec) -> Self {
        let (kind, range, choices) = match knob.kind {
            KnobKind::Number { min, max, step } => ("number", Some((min, max, step)), &[][..]),
            KnobKind::Integer => ("integer", None, &[][..]),
            KnobKind::Switch => ("switch", None, &[][..]),
            KnobKind::Choice(choices) => ("choice", None, choices),
            KnobKind::Texts => ("texts", None, &[][..]),
        };
        KnobSpec {
            id: knob.id.into(),
            field: format!("params.{}", knob.id),
            label: knob.label.into(),
            kind: kind.into(),
            default: json(knob.default),
            min: range.map(|(min, _, _)| min),
            max: range.map(|(_, max, _)| max),
            step: range.map(|(_, _, step)| step),
            off: knob.off.map_or(serde_json::Value::Null, json),
            choices: choices.iter().map(|choice| (*choice).to_owned()).collect(),
            explanation: knob.explanation.into(),
        }
    }
}
