//! A model that is ready to answer, with everything that belongs to it. All caches hang here, so
//! they die with the model they are about.

use std::panic::resume_unwind;
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use tokenscope_grammar::Grammars;
use tokenscope_model::format::StorageFormat;
use tokenscope_model::{Decoder, GgufFile, HfFolder, KvCache, Model, ModelError};
use tokenscope_tokens::{ChatTemplate, TemplateError, TokenId, Tokenizer};

use crate::attribution::AttributionCache;
use crate::constraint::Trails;
use crate::hf_vocabulary::{self, FolderTexts};
use crate::prefix_cache::PrefixCache;
use crate::report::ModelFacts;
use crate::{EngineError, EngineOptions, gguf_vocabulary};

pub(crate) struct LoadedModel {
    pub(crate) facts: ModelFacts,
    /// Bytes of its files of weights; 0 until its opener sets them.
    pub(crate) weight_bytes: u64,
    /// Shared, so that work which gives way to other requests can hold on to it meanwhile.
    pub(crate) model: Arc<dyn Model>,
    /// The same model on the CPU, for what the other backend cannot give; none where that is the
    /// CPU's, which gives everything.
    pub(crate) fallback: Option<Arc<dyn Model>>,
    pub(crate) tokenizer: Tokenizer,
    /// A template that does not compile does not cost the user the model: plain prompts work.
    pub(crate) template: Option<Result<ChatTemplate, TemplateError>>,
    pub(crate) cache: PrefixCache,
    pub(crate) attributions: AttributionCache,
    pub(crate) grammars: Grammars,
    pub(crate) trails: Trails,
}

/// Bytes of attributions that are remembered: some thousand of short contexts.
///
/// Limit of memory: bytes of attributions that are remembered; the oldest is forgotten.
const ATTRIBUTION_BYTES: usize = 8 << 20;

impl LoadedModel {
    /// Opens a GGUF file. `model_id` is the name it will be known by.
    ///
    /// # Errors
    /// A sentence for the user.
    pub(crate) fn open_gguf(
        model_id: &str,
        path: &Path,
        options: &EngineOptions,
    ) -> Result<Self, String> {
        let file = GgufFile::open(path).map_err(|error| error.to_string())?;
        let (text, decoder) = open_both(
            || {
                let source = gguf_vocabulary::read(&file)?;
                let tokenizer = Tokenizer::from_gguf(&source).map_err(|error| error.to_string())?;
                Ok(Text { tokenizer, chat_template: source.chat_template })
            },
            || {
                if options.prefault {
                    file.prefault();
                }
                Decoder::from_gguf(&file, options.threads)
            },
        )?;
        let (quantization, parameters) = (file.main_format(), file.n_parameters());
        Parts { text, decoder, quantization, parameters }.assemble(model_id, options)
    }

    /// Opens a folder in Hugging Face's layout.
    ///
    /// # Errors
    /// A sentence for the user.
    pub(crate) fn open_folder(
        model_id: &str,
        path: &Path,
        options: &EngineOptions,
    ) -> Result<Self, String> {
        let folder = HfFolder::open(path).map_err(|error| error.to_string())?;
        let (text, decoder) = open_both(
            || {
                let texts = hf_vocabulary::read(path, folder.config())?;
                let FolderTexts { vocabulary, chat_template } = texts;
                let tokenizer =
                    Tokenizer::from_hf(&vocabulary).map_err(|error| error.to_string())?;
                Ok(Text { tokenizer, chat_template })
            },
            || {
                if options.prefault {
                    folder.prefault();
                }
                Decoder::from_folder(&folder, options.threads)
            },
        )?;
        let (quantization, parameters) = (folder.main_format(), folder.n_parameters());
        Parts { text, decoder, quantization, parameters }.assemble(model_id, options)
    }
}

impl LoadedModel {
    /// Whether the files still are what was loaded from them; see [`Model::check_files`].
    ///
    /// # Errors
    /// [`EngineError::ModelFileChanged`].
    pub(crate) fn check_files(&self) -> Result<(), EngineError> {
        let mut all = [Some(&self.model), self.fallback.as_ref()].into_iter().flatten();
        let checked = all.try_for_each(|model| model.check_files());
        checked.map_err(|error| EngineError::ModelFileChanged(capitalized(&error.to_string())))
    }
}

/// The same words as the beginning of a sentence.
fn capitalized(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

/// What a model's files say about text.
struct Text {
    tokenizer: Tokenizer,
    /// The chat template's source.
    chat_template: Option<String>,
}

/// Opens both halves of a model at the same time, since they take about as long, and tries the
/// decoder. A panic in either is one here.
fn open_both(
    text: impl FnOnce() -> Result<Text, String> + Send,
    decoder: impl FnOnce() -> Result<Decoder, ModelError>,
) -> Result<(Text, Decoder), String> {
    let (text, decoder) = thread::scope(|scope| {
        let text = scope.spawn(text);
        let decoder = decoder().map_err(|error| error.to_string()).and_then(checked);
        (text.join().unwrap_or_else(|panic| resume_unwind(panic)), decoder)
    });
    Ok((text?, decoder?))
}

/// Runs the model once. Weights of its layers that are NaN or infinite, in a damaged file or after a
/// training run that diverged, spread to all logits, whichever token it is; better to hear of it now
/// than at the first prompt. (Rows of the embedding that this token does not read are not looked at.)
fn checked(decoder: Decoder) -> Result<Decoder, String> {
    let empty = KvCache::empty(decoder.config().regime(1));
    let forward = decoder.forward(&empty, &[TokenId(0)], 1, &|| true).expect("it is never stopped");
    // What was read of a file that is still being written means nothing.
    decoder.check_files().map_err(|error| error.to_string())?;
    if forward.logits[0].iter().all(|logit| logit.is_finite()) {
        Ok(decoder)
    } else {
        Err("Its logits are not finite: some of its weights are NaN or infinite.".into())
    }
}

/// What both kinds of files give.
struct Parts {
    text: Text,
    decoder: Decoder,
    quantization: Option<StorageFormat>,
    parameters: usize,
}

impl Parts {
    fn assemble(self, model_id: &str, options: &EngineOptions) -> Result<LoadedModel, String> {
        let Parts { text, decoder, quantization, parameters } = self;
        let Text { tokenizer, chat_template } = text;
        let template = chat_template
            .map(|template| ChatTemplate::new(&template, tokenizer.special_tokens().clone()));
        let config = decoder.config();
        let facts = ModelFacts {
            model_id: model_id.to_owned(),
            device: "cpu",
            dtype: "float32",
            quantization: quantization.map_or("none", StorageFormat::name).to_owned(),
            has_chat_template: template.is_some(),
            eos: tokenizer.eos(),
            vocab_size: tokenizer.base_size(),
            logit_size: config.n_vocab,
            context_length: config.context_length,
            parameters,
            layers: config.layers.len(),
            heads: config.n_heads,
            // The loader fills these in.
            source: "",
            load_time: Duration::ZERO,
        };
        // Tokens added later may lie beyond (Gemma 3's for images do in its models that only
        // read); a prompt that contains one is refused.
        let n_tokens = tokenizer.base_size();
        if n_tokens > facts.logit_size {
            return Err(format!(
                "the vocabulary has {n_tokens} tokens but the model only {} embeddings",
                facts.logit_size
            ));
        }
        Ok(LoadedModel {
            grammars: Grammars::new(&tokenizer, facts.logit_size, options.trials.clone()),
            trails: Trails::default(),
            facts,
            weight_bytes: 0,
            model: Arc::new(decoder),
            fallback: None,
            tokenizer,
            template,
            cache: PrefixCache::new(options.cache_bytes),
            attributions: AttributionCache::new(ATTRIBUTION_BYTES),
        })
    }
}

#[cfg(test)]
impl LoadedModel {
    /// One of the tiny models with random weights.
    pub(crate) fn tiny(name: &str) -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/tiny").join(name);
        let options = EngineOptions { threads: 1, prefault: true, ..EngineOptions::default() };
        let open = if path.is_dir() { Self::open_folder } else { Self::open_gguf };
        open(name, &path, &options).unwrap()
    }
}
