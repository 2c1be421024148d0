//! The routes, and what every response has in common.

use axum::Router;
use axum::http::StatusCode;
use axum::middleware;
use tokenscope_engine::Engine;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use utoipa_swagger_ui::SwaggerUi;

use crate::access::{Access, check_access};
use crate::wire::ErrorBody;
use crate::{ApiError, assets, described, door, routes};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Tokenscope",
        description = "Shows how a language model picks its next token. Requests carry everything; \
                       the server keeps no session. Errors are {detail, code, hint}, also the 404 of an \
                       address that is not listed here."
    ),
    components(schemas(ErrorBody)),
    tags(
        (name = "model", description = "Which model answers, and loading another."),
        (name = "tokens", description = "Tokens, their distribution, and where they come from."),
        (name = "constraint", description = "Constraints themselves."),
        (name = "catalog", description = "What the page's controls are built from."),
    ),
)]
struct ApiDoc;

/// The whole application around an engine, for whoever reaches it.
pub fn app(engine: Engine) -> Router {
    app_for(engine, Access::Anyone)
}

/// The whole application around an engine. With [`Access::Owner`] requests have to carry the
/// [`Caller`](crate::Caller) of their connection as axum's `ConnectInfo`.
pub fn app_for(engine: Engine, access: Access) -> Router {
    // One list makes both, so no address of the API is without its description.
    let (api, mut document) = OpenApiRouter::with_openapi(ApiDoc::openapi())
        .routes(routes!(routes::model::status))
        .routes(routes!(routes::model::load))
        .routes(routes!(routes::model::cancel))
        .routes(routes!(routes::model::events))
        .routes(routes!(routes::generate::preview))
        .routes(routes!(routes::generate::step))
        .routes(routes!(routes::tokens::tokens))
        .routes(routes!(routes::attribution::attribution))
        .routes(routes!(routes::attribution::matrix))
        .routes(routes!(routes::constraint::check))
        .routes(routes!(routes::constraint::choices))
        .routes(routes!(routes::catalog::catalog))
        .split_for_parts();
    described::complete(&mut document);
    let api = api.route("/api/{*rest}", axum::routing::any(not_found)).with_state(engine);
    let docs = Router::new()
        .merge(SwaggerUi::new("/docs").url("/openapi.json", document))
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
