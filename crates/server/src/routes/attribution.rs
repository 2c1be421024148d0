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
    AttributionLine, AttributionProgress, AttributionRequest, AttributionResponse,
    AttributionSoFar, MatrixEnd, MatrixHeader, MatrixLine, MatrixRow,
};

/// JSON values, one a line.
const NDJSON: &str = "application/x-ndjson";

/// Where in the input a token came from: a score for each token of the context. A client that accepts
/// `application/x-ndjson` gets lines of progress before the answer, some of which say what is known so far
/// (`AttributionSoFar`), and errors found on the way as the last line.
#[utoipa::path(post, path = "/api/attribution", tag = "tokens", request_body(
    content = AttributionRequest,
    example = json!({
        "prompt": "The capital of France is", "use_chat_template": false, "completion_ids": [260],
        "method": "saliency",
    }),
), responses(
    (status = 200, description = "The scores, or why there are none.", content(
        (AttributionResponse = "application/json"),
        (AttributionLine = "application/x-ndjson"),
    )),
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
#[utoipa::path(post, path = "/api/attribution/matrix", tag = "tokens", request_body(
    content = AttributionRequest,
    example = json!({
        "prompt": "The capital of France is", "use_chat_template": false,
        "completion_ids": [260, 261], "method": "attention",
    }),
), responses(
    (status = 200, body = MatrixLine, content_type = "application/x-ndjson",
        description = "One such value a line."),
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
    let header = line(&MatrixLine::Header(MatrixHeader::new(&plan, first, end - first)));
    let rows = stream::unfold((engine, Some(first)), move |(engine, next)| {
        let query = next.filter(|index| *index < end).map(&of_row);
        let plan = plan.clone();
        async move {
            let index = next?;
            let Some(query) = query else {
                return Some((line(&MatrixLine::End(MatrixEnd { done: true })), (engine, None)));
            };
            Some(match row(&engine, query, &plan).await {
                Ok(row) => (line(&MatrixLine::Row(row)), (engine, Some(index + 1))),
                Err(error) => (line(&MatrixLine::Error(error.into())), (engine, None)),
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
            Ok(report) => AttributionLine::Answer((&report).into()),
            Err(error) => AttributionLine::Error(ApiError::from(error).into()),
        };
        Some((line(&last), None))
    })
}

/// How far it is, and what is known if that has not been said yet.
fn progress_line(now: &Progress, said: Option<&Arc<Partial>>) -> Bytes {
    match &now.partial {
        Some(partial) if said.is_none_or(|said| !Arc::ptr_eq(said, partial)) => {
            line(&AttributionLine::SoFar(AttributionSoFar::new(now.share, partial)))
        }
        _ => line(&AttributionLine::Progress(AttributionProgress { progress: now.share })),
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
