//! `/api/catalog`

use axum::Json;
use axum::extract::State;
use tokenscope_engine::{Engine, EngineError};

use crate::ApiError;
use crate::wire::Catalog;

/// Knobs, stages, presets and models: what the page's controls are built from.
#[utoipa::path(get, path = "/api/catalog", tag = "catalog", responses((
    status = 200, body = Catalog, description = "All of it."
)))]
pub(crate) async fn catalog(State(engine): State<Engine>) -> Result<Json<Catalog>, ApiError> {
    // It looks through the cache's folders, and a disk may take its time.
    let suggestions = tokio::task::spawn_blocking(move || engine.suggestions()).await;
    let suggestions = suggestions.map_err(|error| EngineError::Internal(error.to_string()))?;
    Ok(Json(Catalog::new(suggestions)))
}
