//! `/api/attribution` and `/api/attribution/matrix`

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{self, Stream, StreamExt as _};
use serde::Serialize;
use tokenscope_engine::attribution::{AttributionPlan, AttributionQuery, Partial, Progress};
use tokenscope_engine::{Engine, EngineError};
use tokio::sync::watch;

use crate::ApiError;
use crate::extract::JsonBody;
use crate::wire::{
    AttributionProgress, AttributionRequest, AttributionResponse, AttributionSoFar, ErrorBody,
    MatrixEnd, MatrixHeader, MatrixRow,
};

/// JSON values, one a line.
const NDJSON: &str = "application/x-ndjson";

/// Where in the input a token came from: a score for each token of the context. A client that accepts
/// `application/x-ndjson` gets lines of progress before the answer, some of which say what is known so far
/// (`AttributionSoFar`), and errors found on the way as the last line.
#[utoipa::path(post, path = "/api/attribution", tag = "tokens", request_body = AttributionRequest, responses(
    (status = 200, body = AttributionResponse),
    (status = 400, body = ErrorBody, description = "impossible values, or a body that cannot be read"),
    (status = 403, body = ErrorBody, description = "foreign host or origin"),
    (status = 408, body = ErrorBody, description = "a body that does not end in time"),
    (status = 413, body = ErrorBody, description = "too large a body"),
    (status = 415, body = ErrorBody, description = "another content type than JSON"),
    (status = 422, body = ErrorBody, description = "not JSON, or a field of the wrong type"),
    (status = 503, body = ErrorBody, description = "no model is ready"),
))]
pub(crate) async fn attribution(
    State(engine): State<Engine>,
    headers: HeaderMap,
    JsonBody(request): JsonBody<AttributionRequest>,
) -> Result<Response, ApiError> {
    let Some(query) = request.query()? else {
        return Ok(Json(AttributionResponse::off()).into_response());
    };
    if accepts_lines(&headers) {
        engine.plan_attribution(query.clone()).await?;
        return Ok(lines(with_progress(engine, query)));
    }
    let report = engine.attribute(query, watch::Sender::default()).await?;
    Ok(Json(AttributionResponse::from(&report)).into_response())
}

/// The attributions of every generated token over everything before it, as lines of JSON: a
/// `MatrixHeader`, a `MatrixRow` for each token as soon as it is computed, and a `MatrixEnd`, or an error
/// in its place. Hanging up ends it.
#[utoipa::path(post, path = "/api/attribution/matrix", tag = "tokens", request_body = AttributionRequest, responses(
    (status = 200, body = MatrixRow, content_type = "application/x-ndjson"),
    (status = 400, body = ErrorBody, description = "impossible values, or a body that cannot be read"),
    (status = 403, body = ErrorBody, description = "foreign host or origin"),
    (status = 408, body = ErrorBody, description = "a body that does not end in time"),
    (status = 413, body = ErrorBody, description = "too large a body"),
    (status = 415, body = ErrorBody, description = "another content type than JSON"),
    (status = 422, body = ErrorBody, description = "not JSON, or a field of the wrong type"),
    (status = 503, body = ErrorBody, description = "no model is ready"),
))]
pub(crate) async fn matrix(
    State(engine): State<Engine>,
    JsonBody(request): JsonBody<AttributionRequest>,
) -> Result<Response, ApiError> {
    let query = request.query()?.ok_or(EngineError::UnsupportedMethod)?;
    let end = query.context.completion.len();
    // Of the last row, whose context is the longest and contains all others.
    let of_row =
        move |target_index| AttributionQuery { target_index, target_id: None, ..query.clone() };
    let plan = engine.plan_attribution(of_row(end.saturating_sub(1))).await?;
    // Without a prompt nothing stands before the first token.
    let first = usize::from(plan.prompt_len == 0).min(end);
    let header = line(&MatrixHeader::new(&plan, first, end - first));
    let rows = stream::unfold((engine, Some(first)), move |(engine, next)| {
        let query = next.filter(|index| *index < end).map(&of_row);
        let plan = plan.clone();
        async move {
            let index = next?;
            let Some(query) = query else {
                return Some((line(&MatrixEnd { done: true }), (engine, None)));
            };
            Some(match row(&engine, query, &plan).await {
                Ok(row) => (line(&row), (engine, Some(index + 1))),
                Err(error) => (line(&ErrorBody::from(error)), (engine, None)),
            })
        }
    });
    Ok(lines(stream::once(async { header }).chain(rows)))
}

/// One row, from the same model as the others.
async fn row(
    engine: &Engine,
    query: AttributionQuery,
    plan: &AttributionPlan,
) -> Result<MatrixRow, ApiError> {
    let target_index = query.target_index;
    let report = engine.attribute(query, watch::Sender::default()).await?;
    if report.plan.model != plan.model {
        return Err(EngineError::ModelReplaced.into());
    }
    Ok(MatrixRow { target_index, row: AttributionResponse::from(&report) })
}

fn accepts_lines(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(header::ACCEPT).iter();
    let mut accepted = accepted.filter_map(|value| value.to_str().ok());
    accepted.any(|value| value.split([',', ';']).any(|kind| kind.trim() == NDJSON))
}

/// A progress bar needs no more.
const SHORTEST_PAUSE: Duration = Duration::from_millis(50);

/// Lines of progress while an attribution is computed, then the answer or an error.
fn with_progress(engine: Engine, query: AttributionQuery) -> impl Stream<Item = Bytes> + Send {
    let (sender, progress) = watch::channel(Progress::default());
    let answer = async move { engine.attribute(query, sender).await };
    stream::unfold(Some((Box::pin(answer), progress, None)), |state| async move {
        let (mut answer, mut progress, said) = state?;
        let told = async {
            tokio::time::sleep(SHORTEST_PAUSE).await;
            // When its sender is gone, the answer is there.
            if progress.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        };
        let answered = tokio::select! {
            biased;
            answered = &mut answer => answered,
            () = told => {
                let now = progress.borrow_and_update().clone();
                return Some((progress_line(&now, said.as_ref()), Some((answer, progress, now.partial))));
            }
        };
        let last = match answered {
            Ok(report) => line(&AttributionResponse::from(&report)),
            Err(error) => line(&ErrorBody::from(ApiError::from(error))),
        };
        Some((last, None))
    })
}

/// How far it is, and what is known if that has not been said yet.
fn progress_line(now: &Progress, said: Option<&Arc<Partial>>) -> Bytes {
    match &now.partial {
        Some(partial) if said.is_none_or(|said| !Arc::ptr_eq(said, partial)) => {
            line(&AttributionSoFar::new(now.share, partial))
        }
        _ => line(&AttributionProgress { progress: now.share }),
    }
}

fn line<T: Serialize>(value: &T) -> Bytes {
    let mut line = serde_json::to_vec(value).expect("the wire types are JSON");
    line.push(b'\n');
    line.into()
}

fn lines(lines: impl Stream<Item = Bytes> + Send + 'static) -> Response {
    let body = Body::from_stream(lines.map(Ok::<_, Infallible>));
    ([(header::CONTENT_TYPE, NDJSON)], body).into_response()
}
