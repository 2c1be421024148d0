//! `/api/preview` and `/api/step`

use axum::Json;
use axum::extract::State;
use tokenscope_engine::Engine;
use tokenscope_engine::query::{PreviewQuery, StepQuery};

use crate::ApiError;
use crate::extract::{JsonBody, JsonHalves};
use crate::wire::{
    ErrorBody, PreviewRequest, PreviewResponse, StepChoice, StepRequest, StepResponse,
};

/// The prompt's tokens and the distribution of the next one. Changes nothing.
#[utoipa::path(post, path = "/api/preview", tag = "tokens", request_body = PreviewRequest, responses(
    (status = 200, body = PreviewResponse),
    (status = 400, body = ErrorBody, description = "impossible values, or a body that cannot be read"),
    (status = 403, body = ErrorBody, description = "foreign host or origin"),
    (status = 408, body = ErrorBody, description = "a body that does not end in time"),
    (status = 413, body = ErrorBody, description = "too large a body"),
    (status = 415, body = ErrorBody, description = "another content type than JSON"),
    (status = 422, body = ErrorBody, description = "not JSON, or a field of the wrong type"),
    (status = 503, body = ErrorBody, description = "no model is ready"),
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
#[utoipa::path(post, path = "/api/step", tag = "tokens", request_body = StepRequest, responses(
    (status = 200, body = StepResponse),
    (status = 400, body = ErrorBody, description = "impossible values, or a body that cannot be read"),
    (status = 403, body = ErrorBody, description = "foreign host or origin"),
    (status = 408, body = ErrorBody, description = "a body that does not end in time"),
    (status = 413, body = ErrorBody, description = "too large a body"),
    (status = 415, body = ErrorBody, description = "another content type than JSON"),
    (status = 422, body = ErrorBody, description = "not JSON, or a field of the wrong type"),
    (status = 503, body = ErrorBody, description = "no model is ready"),
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
