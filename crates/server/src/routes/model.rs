//! `/api/model/*`

use std::convert::Infallible;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::stream::{self, Stream};
use tokenscope_engine::Engine;

use crate::ApiError;
use crate::extract::JsonBody;
use crate::wire::{ErrorBody, LoadRequest, LoadResponse, ModelStatus};

/// Which model answers, and which one is on its way.
#[utoipa::path(get, path = "/api/model/status", tag = "model", responses((
    status = 200, body = ModelStatus, description = "The status now."
)))]
pub(crate) async fn status(State(engine): State<Engine>) -> Json<ModelStatus> {
    Json(status_of(&engine))
}

fn status_of(engine: &Engine) -> ModelStatus {
    ModelStatus::new(&engine.status(), engine.options().threads)
}

/// Starts to load a model and returns at once; the status tells how it goes. The model that answers
/// goes on answering, and stays if the load fails.
#[utoipa::path(post, path = "/api/model/load", tag = "model", request_body(
    content = LoadRequest,
    example = json!({"model_id": "builtin:smollm2-135m-instruct"}),
), responses(
    (status = 200, body = LoadResponse, description = "The load has begun."),
    (status = 409, body = ErrorBody, description = "A load is under way."),
))]
pub(crate) async fn load(
    State(engine): State<Engine>,
    JsonBody(request): JsonBody<LoadRequest>,
) -> Result<Json<LoadResponse>, ApiError> {
    engine.load(&request.model_id)?;
    Ok(Json(LoadResponse { ok: true, model_id: request.model_id.trim().to_owned() }))
}

/// Ends the load under way. The model that answers goes on answering.
#[utoipa::path(post, path = "/api/model/cancel", tag = "model", responses(
    (status = 200, body = LoadResponse, description = "What was being loaded."),
    (status = 409, body = ErrorBody, description = "No load is under way."),
))]
pub(crate) async fn cancel(State(engine): State<Engine>) -> Result<Json<LoadResponse>, ApiError> {
    let model_id = engine.cancel_load()?;
    Ok(Json(LoadResponse { ok: true, model_id }))
}

/// Progress bars need no more.
const SHORTEST_PAUSE: Duration = Duration::from_millis(100);

/// The status as server-sent events of the name `status`: at once, and whenever the model or the
/// load under way has changed, at most ten times a second.
#[utoipa::path(get, path = "/api/events", tag = "model", responses(
    (status = 200, body = ModelStatus, content_type = "text/event-stream",
        description = "The data of each event is such a value."),
))]
pub(crate) async fn events(
    State(engine): State<Engine>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let changes = engine.watch_status();
    let events =
        stream::unfold((engine, changes, true), |(engine, mut changes, first)| async move {
            if !first {
                tokio::time::sleep(SHORTEST_PAUSE).await;
                // A stream without an end would keep the program from ending.
                engine.ending().run_until_cancelled(changes.changed()).await?.ok()?;
            }
            // Marked as seen before it is read, so that a change in between is not lost.
            changes.mark_unchanged();
            let event = Event::default().event("status").json_data(status_of(&engine)).ok()?;
            Some((Ok(event), (engine, changes, false)))
        });
    Sse::new(events).keep_alive(KeepAlive::default())
}
