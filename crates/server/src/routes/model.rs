//! `/api/model/*`

use axum::Json;
use axum::extract::State;
use tokenscope_engine::Engine;

use crate::ApiError;
use crate::extract::JsonBody;
use crate::wire::{ErrorBody, LoadRequest, LoadResponse, ModelStatus};

/// Which model answers, and which one is on its way.
#[utoipa::path(get, path = "/api/model/status", tag = "model", responses((status = 200, body = ModelStatus)))]
pub(crate) async fn status(State(engine): State<Engine>) -> Json<ModelStatus> {
    Json(ModelStatus::new(&engine.status(), engine.options().threads))
}

/// Starts to load a model and returns at once; the status tells how it goes. The model that answers
/// goes on answering, and stays if the load fails.
#[utoipa::path(post, path = "/api/model/load", tag = "model", request_body = LoadRequest, responses(
    (status = 200, body = LoadResponse),
    (status = 400, body = ErrorBody, description = "no model_id"),
    (status = 409, body = ErrorBody, description = "a load is under way"),
    (status = 403, body = ErrorBody, description = "foreign host or origin"),
    (status = 413, body = ErrorBody, description = "too large a body"),
    (status = 415, body = ErrorBody, description = "another content type than JSON"),
    (status = 422, body = ErrorBody, description = "not JSON, or a field of the wrong type"),
))]
pub(crate) async fn load(
    State(engine): State<Engine>,
    JsonBody(request): JsonBody<LoadRequest>,
) -> Result<Json<LoadResponse>, ApiError> {
    engine.load(&request.model_id)?;
    Ok(Json(LoadResponse { ok: true, model_id: request.model_id.trim().to_owned() }))
}
