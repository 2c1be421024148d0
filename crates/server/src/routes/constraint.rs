//! `/api/constraint/check` and `/api/constraint/choices`

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use tokenscope_engine::Engine;
use tokenscope_engine::constraint::ConstraintQuery;
use tokenscope_engine::query::PreviewQuery;

use crate::ApiError;
use crate::extract::JsonBody;
use crate::wire::{CheckRequest, CheckResponse, ChoicesResponse, ErrorBody, PreviewRequest};

/// Whether a constraint can be used. One that cannot is an answer, too: this is what an editor asks
/// after every key.
#[utoipa::path(post, path = "/api/constraint/check", tag = "constraint", request_body = CheckRequest, responses(
    (status = 200, body = CheckResponse),
    (status = 400, body = ErrorBody, description = "a body that cannot be read"),
    (status = 403, body = ErrorBody, description = "foreign host or origin"),
    (status = 408, body = ErrorBody, description = "a body that does not end in time"),
    (status = 413, body = ErrorBody, description = "too large a body"),
    (status = 415, body = ErrorBody, description = "another content type than JSON"),
    (status = 422, body = ErrorBody, description = "not JSON, or a field of the wrong type"),
    (status = 503, body = ErrorBody, description = "no model is ready"),
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
#[utoipa::path(post, path = "/api/constraint/choices", tag = "constraint", request_body = PreviewRequest, responses(
    (status = 200, body = ChoicesResponse),
    (status = 400, body = ErrorBody, description = "no multiple choice, impossible values, or a body that cannot be read"),
    (status = 403, body = ErrorBody, description = "foreign host or origin"),
    (status = 408, body = ErrorBody, description = "a body that does not end in time"),
    (status = 413, body = ErrorBody, description = "too large a body"),
    (status = 415, body = ErrorBody, description = "another content type than JSON"),
    (status = 422, body = ErrorBody, description = "not JSON, or a field of the wrong type"),
    (status = 503, body = ErrorBody, description = "no model is ready"),
))]
pub(crate) async fn choices(
    State(engine): State<Engine>,
    JsonBody(request): JsonBody<PreviewRequest>,
) -> Result<Json<ChoicesResponse>, ApiError> {
    let report = engine.choices(PreviewQuery::from(request)).await?;
    Ok(Json((&report).into()))
}
