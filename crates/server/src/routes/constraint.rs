//! `/api/constraint/check` and `/api/constraint/choices`

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use tokenscope_engine::Engine;
use tokenscope_engine::constraint::ConstraintQuery;
use tokenscope_engine::query::PreviewQuery;

use crate::ApiError;
use crate::extract::JsonBody;
use crate::wire::{CheckRequest, CheckResponse, ChoicesResponse, PreviewRequest};

/// Whether a constraint can be used. One that cannot is an answer, too: this is what an editor asks
/// after every key.
#[utoipa::path(post, path = "/api/constraint/check", tag = "constraint", request_body(
    content = CheckRequest,
    example = json!({"constraint": {"type": "regex", "schema": "(yes|no)"}}),
), responses(
    (status = 200, body = CheckResponse, description = "Whether it can be used, and why not."),
))]
pub(crate) async fn check(
    State(engine): State<Engine>,
    JsonBody(request): JsonBody<CheckRequest>,
) -> Result<Json<CheckResponse>, ApiError> {
    match engine.check_constraint(ConstraintQuery::from(request.constraint)).await {
        Ok(report) => Ok(Json(CheckResponse::good(report))),
        Err(error) => {
            let error = ApiError::from(error);
            if error.status == StatusCode::BAD_REQUEST {
                Ok(Json(CheckResponse::bad(error.into())))
            } else {
                Err(error)
            }
        }
    }
}

/// The raw probabilities of all options of a multiple choice, each as one way to write it and end. The
/// completion counts up to the constraint's anchor.
#[utoipa::path(post, path = "/api/constraint/choices", tag = "constraint", request_body(
    content = PreviewRequest,
    example = json!({
        "prompt": "Is the sky blue?", "use_chat_template": false,
        "constraint": {"enabled": true, "type": "multiple_choice", "schema": "yes\nno"},
    }),
), responses(
    (status = 200, body = ChoicesResponse, description = "The options with their probabilities."),
))]
pub(crate) async fn choices(
    State(engine): State<Engine>,
    JsonBody(request): JsonBody<PreviewRequest>,
) -> Result<Json<ChoicesResponse>, ApiError> {
    let report = engine.choices(PreviewQuery::from(request)).await?;
    Ok(Json((&report).into()))
}
