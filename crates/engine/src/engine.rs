//! The handle the rest of the program holds.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use tokenscope_grammar::{GrammarError, Helper};
use tokio::sync::{Semaphore, oneshot, watch};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::EngineError;
use crate::attribution::{AttributionPlan, AttributionQuery, AttributionReport, Progress};
use crate::constraint::{CheckReport, ChoicesReport, ConstraintQuery};
use crate::hub::HubSettings;
use crate::job::{Attribute, Cancelled, Install, Job, Request};
use crate::library::{Library, LoadTicket, Status};
use crate::loading::Loading;
use crate::query::{PreviewQuery, StepQuery, TokenQuery};
use crate::report::{PreviewReport, StepReport, TokensReport};
use crate::suggestions::{Suggestion, suggestions};
use crate::{memory, worker};

/// Most bytes of a model's name: it may be a path, and those have a limit of their own.
///
/// Limit of requests: bytes of a model's name; 400.
const LONGEST_MODEL_ID: usize = 4096;

/// How often a constraint is compiled for one question. Others' may have crowded it out meanwhile.
const MOST_PREPARATIONS: usize = 4;

/// Questions that may wait for constraints to be compiled, one after the other. Those beyond are told that
/// it is busy.
///
/// Limit of constraints: questions that wait for one to be compiled; 400, asked again.
const MOST_WAITING: usize = 16;

/// How an engine works.
#[derive(Debug, Clone)]
pub struct EngineOptions {
    /// Threads the model computes with.
    pub threads: usize,
    /// Whether nothing may be fetched.
    pub offline: bool,
    /// Where the Hugging Face hub and its cache are.
    pub hub: HubSettings,
    /// Where the built-in model is kept; none means the user's cache folder.
    pub cache_folder: Option<PathBuf>,
    /// Bytes for remembered prefixes; by default an eighth of the memory that is available, between
    /// 64 and 512 MiB.
    pub cache_bytes: usize,
    /// Whether weights are read in while the model is being loaded, rather than page by page when
    /// they are first used.
    pub prefault: bool,
    /// Memory that a model may take, in bytes; none means what the system has available.
    pub available_memory: Option<u64>,
    /// The process in which constraints are tried that are not plainly cheap; none means that they are
    /// compiled whatever it takes.
    pub trials: Option<Helper>,
}

impl Default for EngineOptions {
    fn default() -> Self {
        EngineOptions {
            threads: tokenscope_model::default_threads(),
            offline: false,
            hub: HubSettings::from_environment(),
            cache_folder: None,
            cache_bytes: memory::default_cache_bytes(memory::available()),
            prefault: false,
            available_memory: None,
            trials: None,
        }
    }
}

/// Questions go in, reports come out. Cloning copies the handle; the model's thread ends with the
/// last one.
#[derive(Clone)]
pub struct Engine {
    jobs: Sender<Job>,
    library: Arc<Library>,
    options: EngineOptions,
    preparing: Arc<Semaphore>,
    ending: CancellationToken,
    /// How many threads are loading, those of cancelled loads included.
    loaders: watch::Sender<usize>,
}

/// How long loads may take to notice that the program ends, and to remove what is not whole.
const LONGEST_FAREWELL: Duration = Duration::from_secs(2);

impl Engine {
    /// Starts the model's thread, without a model.
    pub fn start(options: EngineOptions) -> Self {
        let (jobs, inbox) = channel();
        let library = Arc::new(Library::default());
        let for_worker = Arc::clone(&library);
        thread::Builder::new()
            .name("model".into())
            .spawn(move || worker::run(&inbox, &for_worker))
            .expect("the system can start a thread");
        let (ending, loaders) = (CancellationToken::new(), watch::Sender::new(0));
        let preparing = Arc::new(Semaphore::new(MOST_WAITING));
        Engine { jobs, library, options, preparing, ending, loaders }
    }

    /// Ends all work: whoever waits for an answer gets [`EngineError::Ending`], and so does whoever asks
    /// from now on; a load is cancelled, and what it has fetched in part is removed. Returns when that is
    /// done, or after two seconds.
    pub async fn end(&self) {
        self.ending.cancel();
        self.library.cancel_load();
        let mut loaders = self.loaders.subscribe();
        let _ = timeout(LONGEST_FAREWELL, loaders.wait_for(|loaders| *loaders == 0)).await;
    }

    /// Cancelled when [`Engine::end`] is called.
    pub fn ending(&self) -> &CancellationToken {
        &self.ending
    }

    /// The options it was started with.
    pub fn options(&self) -> &EngineOptions {
        &self.options
    }

    /// Which model answers, which one is on its way. Never waits.
    pub fn status(&self) -> Status {
        self.library.status()
    }

    /// Tells of every change of the model that answers or of the load under way.
    pub fn watch_status(&self) -> watch::Receiver<()> {
        self.library.watch()
    }

    /// Models to offer by name, those on this machine first; among them all that have been loaded.
    pub fn suggestions(&self) -> Vec<Suggestion> {
        suggestions(&self.options, self.library.loaded())
    }

    /// The next token's distribution.
    ///
    /// # Errors
    /// Any [`EngineError`] about requests.
    pub async fn preview(&self, query: PreviewQuery) -> Result<PreviewReport, EngineError> {
        self.ask_constrained(query, Job::Preview).await
    }

    /// Appends one or more tokens.
    ///
    /// # Errors
    /// Any [`EngineError`] about requests.
    pub async fn step(&self, query: StepQuery) -> Result<StepReport, EngineError> {
        self.ask_constrained(query, Job::Step).await
    }

    /// Whether a constraint can be used, and what it allows at its beginning.
    ///
    /// # Errors
    /// Any [`EngineError`] about requests; what is wrong with the constraint is one.
    pub async fn check_constraint(
        &self,
        query: ConstraintQuery,
    ) -> Result<CheckReport, EngineError> {
        self.ask_constrained(query, Job::Check).await
    }

    /// The probabilities of all options of a multiple choice, as whole texts.
    ///
    /// # Errors
    /// Any [`EngineError`] about requests.
    pub async fn choices(&self, query: PreviewQuery) -> Result<ChoicesReport, EngineError> {
        self.ask_constrained(query, Job::Choices).await
    }

    /// The tokens of the vocabulary that contain a text.
    ///
    /// # Errors
    /// If no model answers.
    pub async fn find_tokens(&self, query: TokenQuery) -> Result<TokensReport, EngineError> {
        self.ask(query, Job::Tokens).await
    }

    /// Where in the input a token came from. `progress` is told how far that has come, and, if anybody
    /// listens to it, what is known so far. Previews and steps that are asked for meanwhile are answered first.
    ///
    /// # Errors
    /// Any [`EngineError`] about requests.
    pub async fn attribute(
        &self,
        query: AttributionQuery,
        progress: watch::Sender<Progress>,
    ) -> Result<AttributionReport, EngineError> {
        self.ask(Attribute { query, progress }, Job::Attribute).await
    }

    /// Checks a query and tells what [`Engine::attribute`] would answer, but computes nothing.
    ///
    /// # Errors
    /// As [`Engine::attribute`].
    pub async fn plan_attribution(
        &self,
        query: AttributionQuery,
    ) -> Result<AttributionPlan, EngineError> {
        self.ask(query, Job::Plan).await
    }

    /// Asks what may have a constraint that is not compiled yet. That is done here, so that the model's
    /// thread goes on with others' questions.
    async fn ask_constrained<Q: Clone, R>(
        &self,
        query: Q,
        job: fn(Request<Q, R>) -> Job,
    ) -> Result<R, EngineError> {
        for _ in 0..MOST_PREPARATIONS {
            let preparation = match self.ask(query.clone(), job).await {
                Err(EngineError::Unprepared(preparation)) => preparation,
                answer => return answer,
            };
            let Ok(_place) = self.preparing.try_acquire() else {
                return Err(GrammarError::Busy { kind: preparation.kind() }.into());
            };
            tokio::task::spawn_blocking(move || preparation.run())
                .await
                .map_err(|error| EngineError::Internal(error.to_string()))??;
        }
        Err(EngineError::Internal("a constraint was forgotten again and again".into()))
    }

    async fn ask<Q, R>(&self, query: Q, job: fn(Request<Q, R>) -> Job) -> Result<R, EngineError> {
        let (reply, answer) = oneshot::channel();
        let cancelled = Cancelled::default();
        let _cancel_if_dropped = cancelled.on_drop();
        let request = Request { query, asked: Instant::now(), cancelled, reply };
        let gone = |_| EngineError::Internal("the model's thread has ended".into());
        if self.ending.is_cancelled() {
            return Err(EngineError::Ending);
        }
        // Nothing else asks the model's thread, so this is all the work that anybody gives it.
        self.library.count_question();
        self.jobs.send(job(request)).map_err(|_| gone(()))?;
        match self.ending.run_until_cancelled(answer).await {
            Some(answer) => answer.map_err(|_| gone(()))?,
            None => Err(EngineError::Ending),
        }
    }

    /// Starts to load a model and returns at once; [`Engine::status`] tells how it goes. The model
    /// that answers now goes on answering, and stays if the load fails.
    ///
    /// # Errors
    /// If there is no name, or a load is under way.
    pub fn load(&self, model_id: &str) -> Result<(), EngineError> {
        self.start_load(model_id, false)
    }

    /// As [`Engine::load`], for the start of the program: if the model cannot be had, the built-in
    /// one is loaded in its place and the status says so.
    ///
    /// # Errors
    /// As [`Engine::load`].
    pub fn load_or_stand_in(&self, model_id: &str) -> Result<(), EngineError> {
        self.start_load(model_id, true)
    }

    fn start_load(&self, model_id: &str, stand_in: bool) -> Result<(), EngineError> {
        let model_id = model_id.trim().to_owned();
        if model_id.is_empty() {
            return Err(EngineError::ModelIdRequired);
        }
        if model_id.len() > LONGEST_MODEL_ID {
            let (len, limit) = (model_id.len(), LONGEST_MODEL_ID);
            return Err(EngineError::ModelIdTooLong { len, limit });
        }
        if self.ending.is_cancelled() {
            return Err(EngineError::Ending);
        }
        let ticket = self.library.begin_load(&model_id)?;
        let engine = self.clone();
        self.loaders.send_modify(|loaders| *loaders += 1);
        let load = move || {
            // A load catches its panics.
            engine.load_now(&model_id, stand_in, ticket);
            engine.loaders.send_modify(|loaders| *loaders -= 1);
        };
        thread::Builder::new()
            .name("loader".into())
            .spawn(load)
            .expect("the system can start a thread");
        Ok(())
    }

    fn load_now(&self, model_id: &str, stand_in: bool, ticket: LoadTicket) {
        let loading = Loading { options: &self.options, library: &self.library, ticket: &ticket };
        match loading.run(model_id, stand_in) {
            Ok((model, notice)) => {
                let install = Job::Install(Box::new(Install { model, notice, ticket }));
                // Without a model's thread the program is about to end.
                let _ = self.jobs.send(install);
            }
            Err(error) => {
                if self.library.load_failed(&ticket, error.clone()) {
                    tracing::error!("{error}");
                }
            }
        }
    }

    /// Ends the load under way and returns what was being loaded. The model that answers stays.
    ///
    /// # Errors
    /// If no load is under way.
    pub fn cancel_load(&self) -> Result<String, EngineError> {
        self.library.cancel_load().ok_or(EngineError::NothingToCancel)
    }
}
