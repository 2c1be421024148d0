//! The routes, and what every response has in common.

use axum::Router;
use axum::http::StatusCode;
use axum::middleware;
use axum::routing::{get, post};
use tokenscope_engine::Engine;
use utoipa::OpenApi;
use utoipa_swagger_ui::SwaggerUi;

use crate::access::{Access, check_access};
use crate::{ApiError, assets, door, routes};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Tokenscope",
        description = "Shows how a language model picks its next token. Requests carry everything; \
                       the server keeps no session. Errors are {detail, code, hint}."
    ),
    paths(
        routes::model::status,
        routes::model::load,
        routes::model::cancel,
        routes::model::events,
        routes::generate::preview,
        routes::generate::step,
        routes::tokens::tokens,
        routes::attribution::attribution,
        routes::attribution::matrix,
        routes::constraint::check,
        routes::constraint::choices,
        routes::catalog::catalog,
    )
)]
struct ApiDoc;

/// The whole application around an engine, for whoever reaches it.
pub fn app(engine: Engine) -> Router {
    app_for(engine, Access::Anyone)
}

/// The whole application around an engine. With [`Access::Owner`] requests have to carry the
/// [`Caller`](crate::Caller) of their connection as axum's `ConnectInfo`.
pub fn app_for(engine: Engine, access: Access) -> Router {
    let api = Router::new()
        .route("/api/model/status", get(routes::model::status))
        .route("/api/model/load", post(routes::model::load))
        .route("/api/model/cancel", post(routes::model::cancel))
        .route("/api/events", get(routes::model::events))
        .route("/api/preview", post(routes::generate::preview))
        .route("/api/step", post(routes::generate::step))
        .route("/api/tokens", get(routes::tokens::tokens))
        .route("/api/attribution", post(routes::attribution::attribution))
        .route("/api/attribution/matrix", post(routes::attribution::matrix))
        .route("/api/constraint/check", post(routes::constraint::check))
        .route("/api/constraint/choices", post(routes::constraint::choices))
        .route("/api/catalog", get(routes::catalog::catalog))
        .route("/api/{*rest}", axum::routing::any(not_found))
        .with_state(engine);
    let docs = Router::new()
        .merge(SwaggerUi::new("/docs").url("/openapi.json", ApiDoc::openapi()))
        .layer(middleware::map_response(door::allow_inline_style));
    Router::new()
        .merge(api)
        .merge(docs)
        .fallback(assets::serve)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(middleware::from_fn(door::check_caller))
        .layer(middleware::from_fn_with_state(access, check_access))
        .layer(middleware::map_response(door::add_headers))
}

async fn not_found() -> ApiError {
    ApiError {
        status: StatusCode::NOT_FOUND,
        detail: "Not Found".into(),
        code: "not_found",
        hint: "The addresses of the API are listed at /docs.".into(),
        about: None,
    }
}

async fn method_not_allowed() -> ApiError {
    ApiError {
        status: StatusCode::METHOD_NOT_ALLOWED,
        detail: "Method Not Allowed".into(),
        code: "method_not_allowed",
        hint: "The methods of each address are listed at /docs.".into(),
        about: None,
    }
}
