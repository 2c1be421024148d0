//! The JSON shapes, and their conversion from and to the engine's. Rust types here, OpenAPI and
//! the page's TypeScript declarations all come from one definition each.

mod attribution;
mod catalog;
mod declarations;
mod grammar;
mod name;
mod object;
mod request;
mod response;
mod status;
mod whole;

pub use attribution::{
    AttributionGroup, AttributionLine, AttributionOptions, AttributionProgress, AttributionRequest,
    AttributionResponse, AttributionScores, AttributionSoFar, MatrixEnd, MatrixHeader, MatrixLine,
    MatrixRow, NoAttribution,
};
pub use catalog::{
    AttributionSpec, Catalog, ConstraintExample, ConstraintKind, ConstraintSpec, ExamplePrompt,
    KnobSpec, MethodSpec, ModelSuggestion, OptionSpec, Preset, StageSpec,
};
pub use declarations::typescript;
pub use grammar::{
    CheckRequest, CheckResponse, ChoiceScore, ChoicesResponse, ForcedRun, GrammarDebug, StallAlarm,
    TextRange, WantedToken,
};
pub use object::Object;
pub use request::{
    ConstraintParams, LoadRequest, PreviewRequest, SamplingParams, StepChoice, StepRequest,
    TokensRequest,
};
pub use response::{
    AppendedMeta, Distribution, DistributionRow, ErrorBody, LoadResponse, PreviewResponse,
    RawFavourite, SelectedToken, Shared, StageSummary, StepResponse, TokenPill, TokensResponse,
};
pub use status::{CacheStatus, Capabilities, LoadProgress, ModelInfo, ModelStatus};
