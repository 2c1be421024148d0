//! `/api/tokens`

use axum::Json;
use axum::extract::State;
use tokenscope_engine::Engine;

use crate::ApiError;
use crate::extract::UrlQuery;
use crate::wire::{TokensRequest, TokensResponse};

/// The tokens of the model's vocabulary that contain a text.
#[utoipa::path(get, path = "/api/tokens", tag = "tokens", params(TokensRequest), responses(
    (status = 200, body = TokensResponse, description = "The best matches, and how many there are."),
))]
pub(crate) async fn tokens(
    State(engine): State<Engine>,
    UrlQuery(request): UrlQuery<TokensRequest>,
) -> Result<Json<TokensResponse>, ApiError> {
    let report = engine.find_tokens(request.into()).await?;
    Ok(Json((&report).into()))
}
