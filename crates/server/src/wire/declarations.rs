//! The wire types as TypeScript declarations, which the page's checks are run against.

use ts_rs::{Config, TS};

use super::{attribution, request, *};

/// The text of `web/types/wire.d.ts`.
pub fn typescript() -> String {
    let config = Config::default().with_large_int("number");
    let mut text = String::from(
        "// Generated from crates/server/src/wire by `cargo xtask docgen`; do not edit.\n",
    );
    macro_rules! declare {
        ($($type:ty),* $(,)?) => {
            $(
                text.push('\n');
                text.push_str(&<$type as TS>::docs().unwrap_or_default());
                text.push_str("export ");
                text.push_str(&<$type as TS>::decl(&config));
                text.push('\n');
            )*
        };
    }
    declare!(
        ErrorBody,
        ModelInfo,
        ModelStatus,
        LoadProgress,
        CacheStatus,
        Capabilities,
        LoadRequest,
        LoadResponse,
        request::NucleusRuleName,
        request::PenaltyScopeName,
        SamplingParams,
        request::WhitespaceName,
        ConstraintParams,
        PreviewRequest,
        StepChoice,
        StepRequest,
        TokenPill,
        DistributionRow,
        RawFavourite,
        StageSummary,
        Distribution,
        GrammarDebug,
        TextRange,
        WantedToken,
        ForcedRun,
        StallAlarm,
        CheckRequest,
        CheckResponse,
        ChoiceScore,
        ChoicesResponse,
        PreviewResponse,
        TokensResponse,
        SelectedToken,
        AppendedMeta,
        StepResponse,
        attribution::QuantityName,
        attribution::BaselineName,
        attribution::GroupingName,
        attribution::ReplacementName,
        AttributionOptions,
        AttributionRequest,
        AttributionGroup,
        AttributionScores,
        NoAttribution,
        AttributionResponse,
        AttributionProgress,
        AttributionSoFar,
        MatrixHeader,
        MatrixRow,
        MatrixEnd,
        MethodSpec,
        OptionSpec,
        AttributionSpec,
        ConstraintKind,
        ConstraintExample,
        ConstraintSpec,
        KnobSpec,
        StageSpec,
        Preset,
        ExamplePrompt,
        ModelSuggestion,
        Catalog,
    );
    text
}
