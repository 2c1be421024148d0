//! Errors as responses: a sentence, a stable code, and what to do.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use tokenscope_engine::EngineError;
use tokenscope_engine::constraint::Place;

use crate::wire::ErrorBody;

/// An error response.
#[derive(Debug)]
pub struct ApiError {
    /// The HTTP status.
    pub status: StatusCode,
    /// What was being done and what is wrong.
    pub detail: String,
    /// A stable name for programs.
    pub code: &'static str,
    /// What the user can do.
    pub hint: String,
    /// What in the request it is about, if that is one thing.
    pub about: Option<About>,
}

/// What in a request is wrong.
#[derive(Debug)]
pub enum About {
    /// A place in a constraint's text.
    Place(Place),
    /// A token of the completion, by its index.
    Token(usize),
}

impl From<EngineError> for ApiError {
    fn from(error: EngineError) -> Self {
        let status = match &error {
            EngineError::Loading
            | EngineError::LoadFailed(_)
            | EngineError::NoModel
            | EngineError::ModelFileChanged(_)
            | EngineError::Ending => StatusCode::SERVICE_UNAVAILABLE,
            EngineError::AlreadyLoading
            | EngineError::NothingToCancel
            | EngineError::ModelReplaced => StatusCode::CONFLICT,
            EngineError::ModelIdRequired
            | EngineError::ModelIdTooLong { .. }
            | EngineError::UnknownToken { .. }
            | EngineError::EmptyContext
            | EngineError::ContextTooLong { .. }
            | EngineError::TooManyForced { .. }
            | EngineError::TooManyProbes { .. }
            | EngineError::UnsupportedMethod
            | EngineError::TargetOutOfRange
            | EngineError::Option { .. }
            | EngineError::NoBaselineToken
            | EngineError::TooLongForRollout { .. }
            | EngineError::Template(_)
            | EngineError::Tokenizer(_)
            | EngineError::Sampling(_)
            | EngineError::UnsupportedConstraint
            | EngineError::Grammar(_)
            | EngineError::ForcedAgainstGrammar
            | EngineError::ForceTextConstrained
            | EngineError::NoChoices
            | EngineError::TooManyChoices { .. } => StatusCode::BAD_REQUEST,
            EngineError::Unprepared(_) | EngineError::Cancelled | EngineError::Internal(_) => {
                StatusCode::INTERNAL_SERVER_ERROR
            }
        };
        if status == StatusCode::INTERNAL_SERVER_ERROR {
            tracing::error!("{error}");
        }
        ApiError {
            status,
            code: error.code(),
            hint: error.hint().into(),
            detail: error.to_string(),
            about: match &error {
                EngineError::Grammar(error) => {
                    let place = error.place().cloned().map(About::Place);
                    place.or_else(|| error.token_index().map(About::Token))
                }
                _ => None,
            },
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        (self.status, Json(ErrorBody::from(self))).into_response()
    }
}

impl From<ApiError> for ErrorBody {
    fn from(error: ApiError) -> Self {
        let ApiError { detail, code, hint, about, .. } = error;
        let (place, token_index) = match about {
            Some(About::Place(place)) => (Some(place), None),
            Some(About::Token(index)) => (None, Some(index)),
            None => (None, None),
        };
        let (line, column) = (place.as_ref().map(|p| p.line), place.as_ref().map(|p| p.column));
        let offending = place.map(|place| place.offending);
        ErrorBody { detail, code: code.into(), hint, line, column, offending, token_index }
    }
}
