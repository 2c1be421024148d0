//! The status of the model.

use serde::Serialize;
use tokenscope_engine::library::{LoadProgress as EngineProgress, Status};
use tokenscope_engine::report::ModelFacts;
use ts_rs::TS;
use utoipa::ToSchema;

/// The model that answers.
#[derive(Debug, Serialize, ToSchema, TS)]
pub struct ModelInfo {
    /// Its name; "" before there is one.
    pub model_id: String,
    /// Where it computes.
    pub device: String,
    /// Type of its activations.
    pub dtype: String,
    /// Whether it brings a chat template.
    pub has_chat_template: bool,
    /// Its declared end token.
    pub eos_token_id: Option<u32>,
    /// Tokens in its vocabulary.
    pub vocab_size: Option<usize>,
}

/// `GET /api/model/status`
#[derive(Debug, Serialize, ToSchema, TS)]
pub struct ModelStatus {
    /// The model that answers; of a load under way tells `load`.
    #[serde(flatten)]
    #[ts(flatten)]
    pub model: ModelInfo,
    /// A load is under way.
    pub loading: bool,
    /// A model can answer now. Both may be true.
    pub ready: bool,
    /// The last load's failure; cleared by the next load.
    pub error: Option<String>,
    /// Logits per position.
    pub logit_size: Option<usize>,
    /// How most weights are stored.
    pub quantization: Option<String>,
    /// Longest input, in tokens.
    pub context_length: Option<usize>,
    /// Number of weights.
    pub parameters: Option<usize>,
    /// Number of layers.
    pub layers: Option<usize>,
    /// Attention heads of each layer.
    pub heads: Option<usize>,
    /// Where the model came from: `builtin`, `file`, `folder` or `hub`.
    pub source: Option<String>,
    /// Seconds it took to load, download included.
    pub load_seconds: Option<f64>,
    /// Threads the model computes with.
    pub threads: usize,
    /// The load under way.
    pub load: Option<LoadProgress>,
    /// Why the built-in model stands in for the one that was wanted.
    pub notice: Option<String>,
    /// Remembered prefixes.
    pub cache: CacheStatus,
    /// Questions that have been put to the model's thread since the program was started. What is refused at the
    /// door is none.
    pub questions: u64,
    /// What this version can do.
    pub capabilities: Capabilities,
}

/// How far a load has come.
#[derive(Debug, Serialize, ToSchema, TS)]
pub struct LoadProgress {
    /// The model being loaded.
    pub model_id: String,
    /// `locating`, `downloading`, `verifying` or `reading`.
    pub phase: String,
    /// The file.
    pub file: Option<String>,
    /// Bytes done.
    pub bytes: u64,
    /// Bytes in all.
    pub total: Option<u64>,
    /// Speed of a download.
    pub bytes_per_s: Option<f64>,
}

/// The prefix cache.
#[derive(Debug, Serialize, ToSchema, TS)]
pub struct CacheStatus {
    /// Prefixes held.
    pub entries: usize,
    /// Bytes held.
    pub bytes: usize,
    /// Bytes that may be held.
    pub max_bytes: usize,
    /// Requests whose logits were known.
    pub hits: u64,
    /// Requests that had to run the model.
    pub misses: u64,
    /// Prefixes, and logits of prefixes, that were dropped to make room.
    pub evictions: u64,
}

/// What this version can do.
#[derive(Debug, Serialize, ToSchema, TS)]
pub struct Capabilities {
    /// `/api/attribution`.
    pub attribution: bool,
    /// `constraint` in requests.
    pub constraint: bool,
}

impl From<&ModelFacts> for ModelInfo {
    fn from(facts: &ModelFacts) -> Self {
        ModelInfo {
            model_id: facts.model_id.clone(),
            device: facts.device.into(),
            dtype: facts.dtype.into(),
            has_chat_template: facts.has_chat_template,
            eos_token_id: facts.eos.map(|id| id.0),
            vocab_size: Some(facts.vocab_size),
        }
    }
}

impl ModelStatus {
    /// `threads` is the engine's.
    pub fn new(status: &Status, threads: usize) -> Self {
        let nobody = || ModelInfo {
            model_id: String::new(),
            device: "cpu".into(),
            dtype: "float32".into(),
            has_chat_template: false,
            eos_token_id: None,
            vocab_size: None,
        };
        let facts = status.model.as_ref();
        ModelStatus {
            model: facts.map_or_else(nobody, ModelInfo::from),
            loading: status.load.is_some(),
            ready: facts.is_some(),
            error: status.error.clone(),
            logit_size: facts.map(|facts| facts.logit_size),
            quantization: facts.map(|facts| facts.quantization.clone()),
            context_length: facts.map(|facts| facts.context_length),
            parameters: facts.map(|facts| facts.parameters),
            layers: facts.map(|facts| facts.layers),
            heads: facts.map(|facts| facts.heads),
            source: facts.map(|facts| facts.source.into()),
            load_seconds: facts.map(|facts| facts.load_time.as_secs_f64()),
            threads,
            load: status.load.as_ref().map(LoadProgress::from),
            notice: status.notice.clone(),
            cache: CacheStatus {
                entries: status.cache.entries,
                bytes: status.cache.bytes,
                max_bytes: status.cache.max_bytes,
                hits: status.cache.hits,
                misses: status.cache.misses,
                evictions: status.cache.evictions,
            },
            questions: status.questions,
            capabilities: Capabilities { attribution: true, constraint: true },
        }
    }
}

impl From<&EngineProgress> for LoadProgress {
    fn from(progress: &EngineProgress) -> Self {
        LoadProgress {
            model_id: progress.model_id.clone(),
            phase: progress.step.phase.name().into(),
            file: progress.step.file.clone(),
            bytes: progress.step.bytes,
            total: progress.step.total,
            bytes_per_s: progress.step.bytes_per_s,
        }
    }
}
