//! Reading a JSON body or the parameters in an address, with errors that name the field.

use std::error::Error;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{FromRequest, FromRequestParts, Query, Request};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use http_body_util::LengthLimitError;
use serde::de::DeserializeOwned;

use crate::ApiError;
use crate::connections::BodyTimedOut;
use crate::wire::Object;

/// Largest body: far more than the longest context as text or as ids.
///
/// Limit of requests: bytes of a body; 413.
const MAX_BODY_BYTES: usize = 4 << 20;

/// A body of type `T`, or an [`ApiError`]: 415 for another content type, 413 if it is too large,
/// 422 if it is not JSON or not a `T`.
pub(crate) struct JsonBody<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for JsonBody<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request<Body>, _state: &S) -> Result<Self, ApiError> {
        parse(&read(request).await?).map(JsonBody)
    }
}

/// A body read as two types, each of which ignores the other's fields. Errors as [`JsonBody`].
pub(crate) struct JsonHalves<A, B>(pub(crate) A, pub(crate) B);

impl<S, A, B> FromRequest<S> for JsonHalves<A, B>
where
    S: Send + Sync,
    A: DeserializeOwned,
    B: DeserializeOwned,
{
    type Rejection = ApiError;

    async fn from_request(request: Request<Body>, _state: &S) -> Result<Self, ApiError> {
        let bytes = read(request).await?;
        Ok(JsonHalves(parse(&bytes)?, parse(&bytes)?))
    }
}

/// The parameters behind the `?` of an address, or an [`ApiError`] 422.
pub(crate) struct UrlQuery<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for UrlQuery<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let query = Query::<T>::from_request_parts(parts, state).await;
        query.map(|Query(query)| UrlQuery(query)).map_err(|error| ApiError {
            status: StatusCode::UNPROCESSABLE_ENTITY,
            detail: format!("{}.", error.body_text()),
            code: "invalid_field",
            hint: "The parameters and their types are listed at /docs.".into(),
            about: None,
        })
    }
}

async fn read(request: Request<Body>) -> Result<Bytes, ApiError> {
    let content_type = request.headers().get(header::CONTENT_TYPE);
    let content_type = content_type.and_then(|value| value.to_str().ok()).unwrap_or("");
    let essence = content_type.split(';').next().unwrap_or("").trim();
    if !essence.eq_ignore_ascii_case("application/json") {
        return Err(ApiError {
            status: StatusCode::UNSUPPORTED_MEDIA_TYPE,
            detail: format!("The body's content type is {essence:?}, not application/json."),
            code: "not_json",
            hint: "Send the header Content-Type: application/json.".into(),
            about: None,
        });
    }
    read_any(request).await
}

/// A request's body, of any type.
pub(crate) async fn read_any(request: Request<Body>) -> Result<Bytes, ApiError> {
    to_bytes(request.into_body(), MAX_BODY_BYTES).await.map_err(|error| unreadable(&error))
}

/// Why a body could not be read: its size, its slowness, or its chunks. (Or its client has gone away,
/// who will not read the answer.)
fn unreadable(error: &(dyn Error + 'static)) -> ApiError {
    let causes = || std::iter::successors(Some(error), |&error| error.source());
    let (status, code, detail, hint) = if causes().any(|error| error.is::<LengthLimitError>()) {
        let detail = format!("The body is larger than {} MiB.", MAX_BODY_BYTES >> 20);
        (StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", detail, "Shorten the prompt.")
    } else if let Some(slow) = causes().find_map(|error| error.downcast_ref::<BodyTimedOut>()) {
        let detail = format!("The body has not ended within {:?}.", slow.time);
        (StatusCode::REQUEST_TIMEOUT, "request_timeout", detail, "Send the whole body at once.")
    } else {
        let why = causes().last().map(ToString::to_string).unwrap_or_default();
        let hint = "Send it with its Content-Length, or in well-formed chunks.";
        (
            StatusCode::BAD_REQUEST,
            "unreadable_body",
            format!("The body cannot be read: {why}."),
            hint,
        )
    };
    ApiError { status, detail, code, hint: hint.into(), about: None }
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiError> {
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let invalid = |code, detail| ApiError {
        status: StatusCode::UNPROCESSABLE_ENTITY,
        detail,
        code,
        hint: "The fields and their types are listed at /docs.".into(),
        about: None,
    };
    let Object(parsed) = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let path = error.path().to_string();
        let inner = error.into_inner();
        let text = inner.to_string();
        // serde_json adds the place in the text, which the path says better.
        let what = in_plain_words(text.split(" at line ").next().unwrap_or(&text));
        // A path that is "." or ends in "?" leads to no field.
        match (path.ends_with(['.', '?']), inner.is_data()) {
            (true, true) => invalid("invalid_field", format!("The body: {what}.")),
            (true, false) => invalid("invalid_json", format!("The body is not JSON: {inner}.")),
            (false, true) => invalid("invalid_field", format!("Field {path}: {what}.")),
            (false, false) => invalid("invalid_json", format!("Field {path}: {inner}.")),
        }
    })?;
    json.end()
        .map_err(|error| invalid("invalid_json", format!("The body is not JSON: {error}.")))?;
    Ok(parsed)
}

/// An error of serde in the words of JSON.
fn in_plain_words(error: &str) -> String {
    let words = [
        ("invalid type: sequence", "invalid type: list"),
        ("invalid type: map", "invalid type: object"),
        ("invalid type: integer", "invalid type: number"),
        ("invalid type: floating point", "invalid type: number"),
        ("expected f64", "expected a number"),
        ("expected a sequence", "expected a list"),
    ];
    let plain = words.iter().fold(error.to_owned(), |text, (from, to)| text.replace(from, to));
    match plain.split_once("expected struct ") {
        Some((before, _)) => format!("{before}expected an object"),
        None => plain,
    }
}
