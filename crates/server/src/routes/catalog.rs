//! `/api/catalog`

use axum::Json;
use axum::extract::State;
use tokenscope_engine::Engine;

use crate::wire::Catalog;

/// Knobs, stages, presets and models: what the page's controls are built from.
#[utoipa::path(get, path = "/api/catalog", tag = "catalog", responses((status = 200, body = Catalog)))]
pub(crate) async fn catalog(State(engine): State<Engine>) -> Json<Catalog> {
    Json(Catalog::new(engine.suggestions()))
}
