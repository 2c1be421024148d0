//! From a model's name to a model that is ready to answer. This runs on a thread of its own, beside
//! the model that answers meanwhile.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::Instant;

use tokenscope_model::HfFolder;

use crate::hub::{self, Download, HubReference, HubSettings};
use crate::library::{Library, LoadPhase, LoadStep, LoadTicket};
use crate::loaded::LoadedModel;
use crate::source::{self, Source};
use crate::worker::panic_text;
use crate::{BUILTIN_MODEL, EngineOptions, builtin, memory};

/// A load under way: what it may use and whom it tells.
pub(crate) struct Loading<'a> {
    pub(crate) options: &'a EngineOptions,
    pub(crate) library: &'a Library,
    pub(crate) ticket: &'a LoadTicket,
}

/// A model, and why it stands in for another if it does.
pub(crate) type Loaded = (LoadedModel, Option<String>);

impl Loading<'_> {
    /// Loads a model. If it cannot be had and `stand_in` is set, the built-in one in its place.
    ///
    /// # Errors
    /// A sentence for the user, which names the model.
    pub(crate) fn run(&self, model_id: &str, stand_in: bool) -> Result<Loaded, String> {
        let error = match self.open_safely(model_id) {
            Ok(model) => return Ok((model, None)),
            Err(error) => error,
        };
        // Whoever cancels a load does not want another one in its place.
        let cancelled = self.ticket.cancelled.is_cancelled();
        if !stand_in || model_id == BUILTIN_MODEL || cancelled {
            return Err(could_not_load(model_id, &error));
        }
        let notice = format!(
            "{} The built-in model, SmolLM2-135M-Instruct, answers in its place.",
            could_not_load(model_id, &error)
        );
        tracing::warn!("{notice}");
        self.library.progress(self.ticket, |load| load.model_id = BUILTIN_MODEL.to_owned());
        let model = self.open_safely(BUILTIN_MODEL).map_err(|second| {
            format!(
                "{} {}",
                could_not_load(model_id, &error),
                could_not_load(BUILTIN_MODEL, &second)
            )
        })?;
        Ok((model, Some(notice)))
    }

    /// A panic over an odd file is an error like others: the stand-in may still be had.
    fn open_safely(&self, model_id: &str) -> Result<LoadedModel, String> {
        catch_unwind(AssertUnwindSafe(|| self.open(model_id))).unwrap_or_else(|panic| {
            Err(format!("something went wrong inside Tokenscope: {}", panic_text(&*panic)))
        })
    }

    fn open(&self, model_id: &str) -> Result<LoadedModel, String> {
        let started = Instant::now();
        let source = Source::parse(model_id)?;
        let mut model = match &source {
            Source::Builtin => {
                let report = |step| self.report(step);
                let open = |path: &Path| self.open_path(model_id, path);
                builtin::fetch_and_open(self.options, &report, &self.ticket.cancelled, &open)?
            }
            Source::GgufFile(path) | Source::Folder(path) => self.open_path(model_id, path)?,
            Source::Hub(name) => {
                let path = self.fetch(name)?;
                self.open_path(model_id, &path)?
            }
        };
        model.facts.source = source.kind();
        model.facts.load_time = started.elapsed();
        tracing::info!(
            "{} is ready after {:.1} s ({} weights, {} threads)",
            model.facts.model_id,
            model.facts.load_time.as_secs_f32(),
            model.facts.quantization,
            self.options.threads
        );
        Ok(model)
    }

    /// Makes sure that a model of the hub is here, and says where.
    fn fetch(&self, name: &str) -> Result<PathBuf, String> {
        let reference = HubReference::parse(name)?;
        let settings = &self.options.hub;
        let offline = settings.offline || self.options.offline;
        let settings = HubSettings { offline, ..settings.clone() };
        let approve = |download: &Download| self.refuse_if_too_big(download.weight_bytes);
        let report = |step| self.report(step);
        let cancelled = &self.ticket.cancelled;
        let model = hub::fetch(&reference, &settings, &approve, &report, cancelled);
        model.map(|model| model.path).map_err(|error| {
            let here = if source::has_ending(Path::new(name), "gguf") && !name.contains(':') {
                "There is no such file here, either. "
            } else {
                ""
            };
            format!("{error} {here}{}", error.hint()).trim_end().to_owned()
        })
    }

    /// Opens a file or a folder.
    fn open_path(&self, model_id: &str, path: &Path) -> Result<LoadedModel, String> {
        let is_folder = path.is_dir();
        let weights = if is_folder { folder_bytes(path)? } else { file_bytes(path)? };
        self.refuse_if_too_big(weights)?;
        // The name of a folder in the hub's cache says nothing.
        let name = path.file_name().filter(|_| !is_folder);
        let name = name.map(|name| name.to_string_lossy().into_owned());
        self.report(LoadStep {
            file: name,
            total: Some(weights),
            ..LoadStep::of(LoadPhase::Reading)
        });
        let mut model = if is_folder {
            LoadedModel::open_folder(model_id, path, self.options)?
        } else {
            LoadedModel::open_gguf(model_id, path, self.options)?
        };
        model.weight_bytes = weights;
        Ok(model)
    }

    fn refuse_if_too_big(&self, weights: u64) -> Result<(), String> {
        let available = self.options.available_memory.or_else(memory::available);
        memory::check(weights, available)
    }

    fn report(&self, step: LoadStep) {
        self.library.progress(self.ticket, |load| load.step = step);
    }
}

/// A full sentence, whether or not the reason is one.
fn could_not_load(model_id: &str, reason: &str) -> String {
    format!("{model_id} could not be loaded: {}.", reason.trim_end_matches('.'))
}

fn file_bytes(path: &Path) -> Result<u64, String> {
    let metadata = path.metadata();
    metadata.map(|m| m.len()).map_err(|error| format!("Cannot read {}: {error}.", path.display()))
}

/// Bytes of the weights in a folder of Hugging Face's layout.
///
/// # Errors
/// A sentence, if it is no such folder.
fn folder_bytes(folder: &Path) -> Result<u64, String> {
    if !folder.join("config.json").is_file() {
        let files: Vec<String> =
            source::gguf_files(folder).iter().map(|file| file.display().to_string()).collect();
        return Err(if files.is_empty() {
            format!("The folder {} has no config.json and no .gguf file.", folder.display())
        } else {
            format!(
                "The folder {} has no config.json. To use a .gguf file in it, name that file: {}.",
                folder.display(),
                files.join(", ")
            )
        });
    }
    let files = HfFolder::weight_files(folder).map_err(|error| error.to_string())?;
    files.iter().map(|path| file_bytes(path)).sum()
}
