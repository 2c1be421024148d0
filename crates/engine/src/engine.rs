//! The handle the rest of the program holds.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::Instant;

use tokio::sync::oneshot;

use crate::job::{Cancelled, Job, Request};
use crate::library::{Library, LoadPhase, LoadStep, Source, Status};
use crate::loaded::LoadedModel;
use crate::query::{PreviewQuery, StepQuery};
use crate::report::{PreviewReport, StepReport};
use crate::worker::{self, panic_text};
use crate::{BUILTIN_MODEL, EngineError, builtin};

/// How an engine works.
#[derive(Debug, Clone)]
pub struct EngineOptions {
    /// Threads the model computes with.
    pub threads: usize,
    /// Whether nothing may be fetched.
    pub offline: bool,
    /// Where fetched models are kept; none means the user's cache folder.
    pub cache_folder: Option<PathBuf>,
    /// Bytes for remembered prefixes.
    pub cache_bytes: usize,
}

impl Default for EngineOptions {
    fn default() -> Self {
        EngineOptions {
            // A container may be allowed fewer than the machine has.
            threads: num_cpus::get_physical().min(num_cpus::get()),
            offline: false,
            cache_folder: None,
            cache_bytes: 512 << 20,
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
}

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
        Engine { jobs, library, options }
    }

    /// The options it was started with.
    pub fn options(&self) -> &EngineOptions {
        &self.options
    }

    /// Which model answers, which one is on its way. Never waits.
    pub fn status(&self) -> Status {
        self.library.status()
    }

    /// The next token's distribution.
    ///
    /// # Errors
    /// Any [`EngineError`] about requests.
    pub async fn preview(&self, query: PreviewQuery) -> Result<PreviewReport, EngineError> {
        self.ask(query, Job::Preview).await
    }

    /// Appends one or more tokens.
    ///
    /// # Errors
    /// Any [`EngineError`] about requests.
    pub async fn step(&self, query: StepQuery) -> Result<StepReport, EngineError> {
        self.ask(query, Job::Step).await
    }

    async fn ask<Q, R>(&self, query: Q, job: fn(Request<Q, R>) -> Job) -> Result<R, EngineError> {
        let (reply, answer) = oneshot::channel();
        let cancelled = Cancelled::default();
        let _cancel_if_dropped = cancelled.on_drop();
        let request = Request { query, asked: Instant::now(), cancelled, reply };
        let gone = |_| EngineError::Internal("the model's thread has ended".into());
        self.jobs.send(job(request)).map_err(|_| gone(()))?;
        answer.await.map_err(|_| gone(()))?
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
        self.library.begin_load(&model_id)?;
        let engine = self.clone();
        let body = move || {
            let work = std::panic::AssertUnwindSafe(|| engine.load_now(&model_id, stand_in));
            let result = std::panic::catch_unwind(work).unwrap_or_else(|panic| {
                Err(format!("Something went wrong inside Tokenscope: {}", panic_text(&*panic)))
            });
            if let Err(error) = result {
                let error = could_not_load(&model_id, &error);
                tracing::error!("{error}");
                engine.library.load_failed(error);
            }
        };
        thread::Builder::new()
            .name("loader".into())
            .spawn(body)
            .expect("the system can start a thread");
        Ok(())
    }

    fn load_now(&self, model_id: &str, stand_in: bool) -> Result<(), String> {
        let started = Instant::now();
        let (model, notice) = match self.open(model_id) {
            Ok(model) => (model, None),
            Err(error) if stand_in && model_id != BUILTIN_MODEL => {
                let notice = format!(
                    "{} The built-in model, SmolLM2-135M-Instruct, answers in its place.",
                    could_not_load(model_id, &error)
                );
                tracing::warn!("{notice}");
                self.library.progress(|load| load.model_id = BUILTIN_MODEL.to_owned());
                let stand_in = self.open(BUILTIN_MODEL).map_err(|second| {
                    format!("{error} {}", could_not_load(BUILTIN_MODEL, &second))
                })?;
                (stand_in, Some(notice))
            }
            Err(error) => return Err(error),
        };
        tracing::info!(
            "{} is ready after {:.1} s ({} weights, {} threads)",
            model.facts.model_id,
            started.elapsed().as_secs_f32(),
            model.facts.quantization,
            self.options.threads
        );
        let install = Job::Install(Box::new(model), notice);
        self.jobs.send(install).map_err(|_| "The engine has stopped.".into())
    }

    fn open(&self, model_id: &str) -> Result<LoadedModel, String> {
        let (threads, cache_bytes) = (self.options.threads, self.options.cache_bytes);
        let open_gguf = |path: &Path| {
            self.reading(path);
            LoadedModel::open_gguf(model_id, path, threads, cache_bytes)
        };
        match Source::parse(model_id)? {
            // A pipe or a device would block or never end.
            Source::GgufFile(path) if !path.is_file() => {
                Err(format!("There is no file {}.", path.display()))
            }
            Source::GgufFile(path) => open_gguf(&path),
            Source::Builtin => open_gguf(&builtin::fetch(&self.options, &|step| {
                self.library.progress(|load| load.step = step);
            })?),
            Source::Folder(path) => {
                self.reading(&path);
                LoadedModel::open_folder(model_id, &path, threads, cache_bytes)
            }
            Source::Hub => Err(
                "It is not a file or folder here, and this version cannot fetch from the Hugging \
                 Face hub yet."
                    .into(),
            ),
        }
    }

    /// Reports that a file or folder is being read.
    fn reading(&self, path: &Path) {
        let file = path.file_name().map(|name| name.to_string_lossy().into_owned());
        let step = LoadStep { file, ..LoadStep::of(LoadPhase::Reading) };
        self.library.progress(|load| load.step = step);
    }
}

/// A full sentence, whether or not the reason is one.
fn could_not_load(model_id: &str, reason: &str) -> String {
    format!("{model_id} could not be loaded: {}.", reason.trim_end_matches('.'))
}
