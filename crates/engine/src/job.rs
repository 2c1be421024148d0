//! What the worker can be told to do, and how it is told to stop.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use tokio::sync::{oneshot, watch};

use crate::EngineError;
use crate::attribution::{AttributionPlan, AttributionQuery, AttributionReport, Progress};
use crate::constraint::{CheckReport, ChoicesReport, ConstraintQuery};
use crate::library::LoadTicket;
use crate::loaded::LoadedModel;
use crate::query::{PreviewQuery, StepQuery, TokenQuery};
use crate::report::{PreviewReport, StepReport, TokensReport};

/// All that the model's thread does.
pub(crate) enum Job {
    Preview(Request<PreviewQuery, PreviewReport>),
    Step(Request<StepQuery, StepReport>),
    Tokens(Request<TokenQuery, TokensReport>),
    Check(Request<ConstraintQuery, CheckReport>),
    Choices(Request<PreviewQuery, ChoicesReport>),
    Plan(Request<AttributionQuery, AttributionPlan>),
    Attribute(Request<Attribute, AttributionReport>),
    Install(Box<Install>),
}

/// An attribution to be computed, and whom to tell how far that has come.
pub(crate) struct Attribute {
    pub(crate) query: AttributionQuery,
    pub(crate) progress: watch::Sender<Progress>,
}

/// Replaces the model; the old one is dropped with its caches.
pub(crate) struct Install {
    pub(crate) model: LoadedModel,
    /// Why it stands in for another, if it does.
    pub(crate) notice: Option<String>,
    pub(crate) ticket: LoadTicket,
}

/// A question and the way back for its answer.
pub(crate) struct Request<Q, R> {
    pub(crate) query: Q,
    pub(crate) asked: Instant,
    pub(crate) cancelled: Cancelled,
    pub(crate) reply: oneshot::Sender<Result<R, EngineError>>,
}

/// Whether the answer is still wanted.
#[derive(Clone, Default)]
pub(crate) struct Cancelled(Arc<AtomicBool>);

impl Cancelled {
    /// Fails if it is not.
    pub(crate) fn check(&self) -> Result<(), EngineError> {
        if self.0.load(Ordering::Relaxed) { Err(EngineError::Cancelled) } else { Ok(()) }
    }

    pub(crate) fn on_drop(&self) -> CancelOnDrop {
        CancelOnDrop(self.clone())
    }
}

/// Cancels when it is dropped, as a future is when its client goes away.
pub(crate) struct CancelOnDrop(Cancelled);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.0.store(true, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dropping_the_guard_cancels() {
        let cancelled = Cancelled::default();
        let guard = cancelled.on_drop();
        assert!(cancelled.check().is_ok());
        drop(guard);
        assert!(matches!(cancelled.check(), Err(EngineError::Cancelled)));
    }
}
