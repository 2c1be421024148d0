//! Which model answers, which one is on its way, and how that came about.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::EngineError;
use crate::loaded::LoadedModel;
pub use crate::prefix_cache::CacheUsage;
use crate::report::ModelFacts;

/// A load under way.
#[derive(Debug, Clone, PartialEq)]
pub struct LoadProgress {
    /// The model that is being loaded.
    pub model_id: String,
    /// How far it has come.
    pub step: LoadStep,
}

/// How far a load has come.
#[derive(Debug, Clone, PartialEq)]
pub struct LoadStep {
    /// What is being done.
    pub phase: LoadPhase,
    /// The file it is done to.
    pub file: Option<String>,
    /// Bytes done.
    pub bytes: u64,
    /// Bytes in all, if known.
    pub total: Option<u64>,
    /// Speed, if it is a download.
    pub bytes_per_s: Option<f64>,
}

impl LoadStep {
    /// The beginning of a phase.
    pub fn of(phase: LoadPhase) -> Self {
        LoadStep { phase, file: None, bytes: 0, total: None, bytes_per_s: None }
    }
}

/// The phases of a load.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoadPhase {
    /// Finding out where the model is.
    Locating,
    /// Fetching it.
    Downloading,
    /// Comparing its checksum.
    Verifying,
    /// Reading weights and vocabulary.
    Reading,
}

impl LoadPhase {
    /// The stable name, as in the API.
    pub fn name(self) -> &'static str {
        match self {
            LoadPhase::Locating => "locating",
            LoadPhase::Downloading => "downloading",
            LoadPhase::Verifying => "verifying",
            LoadPhase::Reading => "reading",
        }
    }
}

/// All of the status.
#[derive(Debug, Clone, Default)]
pub struct Status {
    /// The model that answers, if one does.
    pub model: Option<ModelFacts>,
    /// The load under way, if one is.
    pub load: Option<LoadProgress>,
    /// The last load's failure; cleared by the next load.
    pub error: Option<String>,
    /// Why the built-in model stands in for the one that was wanted.
    pub notice: Option<String>,
    /// The prefix cache of the model that answers.
    pub cache: CacheUsage,
    /// Questions that have been put to the model's thread since the program was started, whatever came of them.
    pub questions: u64,
}

/// The status, shared between threads. Locks are held for assignments only, so that asking for
/// the status never waits for a model.
pub(crate) struct Library {
    state: Mutex<State>,
    changed: watch::Sender<()>,
    questions: AtomicU64,
}

/// A model that has been loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LoadedName {
    /// The name it was asked for by.
    pub(crate) model_id: String,
    /// Bytes of its weights.
    pub(crate) bytes: u64,
}

#[derive(Default)]
struct State {
    status: Status,
    /// Each model that has been loaded, once; the latest last.
    loaded: Vec<LoadedName>,
    /// The load under way. Whatever an earlier one still has to say is ignored.
    current: Option<LoadTicket>,
    loads: u64,
}

/// The right to load, held by one load at a time. A cancelled load loses it at once, though its
/// thread may need a moment to notice.
#[derive(Debug, Clone)]
pub(crate) struct LoadTicket {
    number: u64,
    pub(crate) cancelled: CancellationToken,
}

impl Default for Library {
    fn default() -> Self {
        let (changed, questions) = (watch::Sender::new(()), AtomicU64::new(0));
        Library { state: Mutex::default(), changed, questions }
    }
}

impl Library {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Whoever panicked while holding the lock was only assigning; the status is still whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn status(&self) -> Status {
        let questions = self.questions.load(Ordering::Relaxed);
        Status { questions, ..self.lock().status.clone() }
    }

    /// Counts a question to the model's thread.
    pub(crate) fn count_question(&self) {
        self.questions.fetch_add(1, Ordering::Relaxed);
    }

    /// Tells of every change of model or load.
    pub(crate) fn watch(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    /// All models that have been loaded so far.
    pub(crate) fn loaded(&self) -> Vec<LoadedName> {
        self.lock().loaded.clone()
    }

    /// Claims the right to load; there is one load at a time.
    pub(crate) fn begin_load(&self, model_id: &str) -> Result<LoadTicket, EngineError> {
        let mut state = self.lock();
        if state.current.is_some() {
            return Err(EngineError::AlreadyLoading);
        }
        state.loads += 1;
        let ticket = LoadTicket { number: state.loads, cancelled: CancellationToken::new() };
        state.current = Some(ticket.clone());
        state.status.error = None;
        state.status.load = Some(LoadProgress {
            model_id: model_id.to_owned(),
            step: LoadStep::of(LoadPhase::Locating),
        });
        drop(state);
        self.changed.send_replace(());
        Ok(ticket)
    }

    /// Ends the load under way; returns what was being loaded, if anything was.
    pub(crate) fn cancel_load(&self) -> Option<String> {
        let mut state = self.lock();
        state.current.take()?.cancelled.cancel();
        let load = state.status.load.take();
        drop(state);
        self.changed.send_replace(());
        load.map(|load| load.model_id)
    }

    /// Changes the status on behalf of a load, unless that load has been cancelled. Returns
    /// whether it did.
    fn change(&self, ticket: &LoadTicket, change: impl FnOnce(&mut State)) -> bool {
        let mut state = self.lock();
        let is_current = state.current.as_ref().is_some_and(|held| held.number == ticket.number);
        if is_current {
            change(&mut state);
            drop(state);
            self.changed.send_replace(());
        }
        is_current
    }

    /// Changes the progress of a load.
    pub(crate) fn progress(&self, ticket: &LoadTicket, change: impl FnOnce(&mut LoadProgress)) {
        self.change(ticket, |state| {
            if let Some(load) = &mut state.status.load {
                change(load);
            }
        });
    }

    /// Ends a load without a model. Returns false if it had been cancelled already.
    pub(crate) fn load_failed(&self, ticket: &LoadTicket, error: String) -> bool {
        self.change(ticket, |state| {
            state.current = None;
            state.status.load = None;
            state.status.error = Some(error);
        })
    }

    /// Ends a load with a model. Returns false if it was cancelled and nobody wants the model.
    pub(crate) fn installed(
        &self,
        ticket: &LoadTicket,
        model: &LoadedModel,
        notice: Option<String>,
    ) -> bool {
        self.change(ticket, |state| {
            state.current = None;
            let loaded =
                LoadedName { model_id: model.facts.model_id.clone(), bytes: model.weight_bytes };
            state.loaded.retain(|known| known.model_id != loaded.model_id);
            state.loaded.push(loaded);
            state.status = Status {
                model: Some(model.facts.clone()),
                notice,
                cache: model.cache.usage(),
                ..Status::default()
            };
        })
    }

    /// Takes away the model that answers, and says why.
    pub(crate) fn model_lost(&self, why: String) {
        let mut state = self.lock();
        let status = &mut state.status;
        (status.model, status.cache, status.notice) = (None, CacheUsage::default(), None);
        status.error = Some(why);
        drop(state);
        self.changed.send_replace(());
    }

    pub(crate) fn set_cache_usage(&self, usage: CacheUsage) {
        self.lock().status.cache = usage;
    }

    /// The error for a request that found no model.
    pub(crate) fn why_not_ready(&self) -> EngineError {
        let status = &self.lock().status;
        match (&status.load, &status.error) {
            (Some(_), _) => EngineError::Loading,
            (None, Some(error)) => EngineError::LoadFailed(error.clone()),
            (None, None) => EngineError::NoModel,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_load_at_a_time_and_the_next_clears_the_error() {
        let library = Library::default();
        assert!(matches!(library.why_not_ready(), EngineError::NoModel));
        let first = library.begin_load("a").unwrap();
        assert!(matches!(library.why_not_ready(), EngineError::Loading));
        assert!(matches!(library.begin_load("b"), Err(EngineError::AlreadyLoading)));
        assert!(library.load_failed(&first, "no luck".into()));
        assert_eq!(library.why_not_ready().to_string(), "no luck");
        library.begin_load("b").unwrap();
        assert_eq!(library.status().error, None);
    }

    #[test]
    fn a_cancelled_load_has_no_more_say() {
        let library = Library::default();
        assert_eq!(library.cancel_load(), None);
        let first = library.begin_load("a").unwrap();
        assert_eq!(library.cancel_load().as_deref(), Some("a"));
        assert!(first.cancelled.is_cancelled());
        let second = library.begin_load("b").unwrap();
        library.progress(&first, |load| load.step.bytes = 7);
        assert!(!library.load_failed(&first, "too late".into()));
        let status = library.status();
        assert_eq!((status.load.unwrap().step.bytes, status.error), (0, None));
        assert!(!second.cancelled.is_cancelled());
    }

    #[test]
    fn those_who_watch_hear_of_every_change() {
        let library = Library::default();
        let mut watch = library.watch();
        let mut heard = || std::mem::replace(&mut watch, library.watch()).has_changed().unwrap();
        assert!(!heard());
        let ticket = library.begin_load("a").unwrap();
        assert!(heard());
        library.progress(&ticket, |load| load.step.bytes = 7);
        assert!(heard());
        library.cancel_load();
        assert!(heard());
        library.progress(&ticket, |load| load.step.bytes = 9);
        assert!(!heard());
    }
}
