//! `/api/catalog`

use axum::Json;

use crate::wire::Catalog;

/// Knobs, stages, presets and models: what the page's controls are built from.
#[utoipa::path(get, path = "/api/catalog", tag = "catalog", responses((status = 200, body = Catalog)))]
pub(crate) async fn catalog() -> Json<Catalog> {
    Json(Catalog::new())
}
