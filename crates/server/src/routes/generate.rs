//! `/api/preview` and `/api/step`

use axum::Json;
use axum::extract::State;
use tokenscope_engine::Engine;
use tokenscope_engine::query::{PreviewQuery, StepQuery};

use crate::ApiError;
use crate::extract::{JsonBody, JsonHalves};
use crate::wire::{PreviewRequest, PreviewResponse, StepChoice, StepRequest, StepResponse};

/// The prompt's tokens and the distribution of the next one. Changes nothing.
#[utoipa::path(post, path = "/api/preview", tag = "tokens", request_body(
    content = PreviewRequest,
    example = json!({
        "prompt": "The capital of France is", "use_chat_template": false, "completion_ids": [260],
        "top_k": 5, "params": {"temperature": 0.7, "top_p": 0.8, "seed": 1},
    }),
), responses(
    (status = 200, body = PreviewResponse, description = "The tokens and the distribution."),
))]
pub(crate) async fn preview(
    State(engine): State<Engine>,
    JsonBody(request): JsonBody<PreviewRequest>,
) -> Result<Json<PreviewResponse>, ApiError> {
    let query = PreviewQuery::from(request);
    let seed = query.settings.seed;
    let report = engine.preview(query).await?;
    Ok(Json(PreviewResponse::new(&report, seed)))
}

/// Appends one token, drawn, greedy or forced, or the tokens of a text.
#[utoipa::path(post, path = "/api/step", tag = "tokens", request_body(
    content = StepRequest,
    example = json!({
        "prompt": "The capital of France is", "use_chat_template": false, "top_k": 5,
        "params": {"temperature": 0.7, "top_p": 0.8, "seed": 1},
    }),
), responses(
    (status = 200, body = StepResponse, description = "What was appended, and how it came to be."),
))]
pub(crate) async fn step(
    State(engine): State<Engine>,
    JsonHalves(preview, choice): JsonHalves<PreviewRequest, StepChoice>,
) -> Result<Json<StepResponse>, ApiError> {
    let query = StepQuery::from(StepRequest { preview, choice });
    let asked = query.choice.clone();
    let report = engine.step(query).await?;
    Ok(Json(StepResponse::new(&report, &asked)))
}
