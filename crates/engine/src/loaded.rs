//! A model that is ready to answer, with everything that belongs to it. All caches hang here, so
//! they die with the model they are about.

use std::path::Path;
use std::time::Duration;

use tokenscope_model::format::StorageFormat;
use tokenscope_model::{Decoder, GgufFile, HfFolder, Model};
use tokenscope_tokens::{ChatTemplate, TemplateError, Tokenizer};

use crate::prefix_cache::PrefixCache;
use crate::report::ModelFacts;
use crate::{gguf_vocabulary, hf_vocabulary};

pub(crate) struct LoadedModel {
    pub(crate) facts: ModelFacts,
    pub(crate) model: Box<dyn Model>,
    pub(crate) tokenizer: Tokenizer,
    /// A template that does not compile does not cost the user the model: plain prompts work.
    pub(crate) template: Option<Result<ChatTemplate, TemplateError>>,
    pub(crate) cache: PrefixCache,
}

impl LoadedModel {
    /// Opens a GGUF file. `model_id` is the name it will be known by.
    ///
    /// # Errors
    /// A sentence for the user.
    pub(crate) fn open_gguf(
        model_id: &str,
        path: &Path,
        threads: usize,
        cache_bytes: usize,
    ) -> Result<Self, String> {
        let file = GgufFile::open(path).map_err(|error| error.to_string())?;
        let source = gguf_vocabulary::read(&file)?;
        let parts = Parts {
            tokenizer: Tokenizer::from_gguf(&source).map_err(|error| error.to_string())?,
            chat_template: source.chat_template,
            decoder: Decoder::from_gguf(&file, threads).map_err(|error| error.to_string())?,
            quantization: file.main_format(),
            parameters: file.n_parameters(),
        };
        parts.assemble(model_id, cache_bytes)
    }

    /// Opens a folder in Hugging Face's layout.
    ///
    /// # Errors
    /// A sentence for the user.
    pub(crate) fn open_folder(
        model_id: &str,
        path: &Path,
        threads: usize,
        cache_bytes: usize,
    ) -> Result<Self, String> {
        let folder = HfFolder::open(path).map_err(|error| error.to_string())?;
        let texts = hf_vocabulary::read(path, folder.config())?;
        let parts = Parts {
            tokenizer: Tokenizer::from_hf(&texts.vocabulary).map_err(|error| error.to_string())?,
            chat_template: texts.chat_template,
            decoder: Decoder::from_folder(&folder, threads).map_err(|error| error.to_string())?,
            quantization: folder.main_format(),
            parameters: folder.n_parameters(),
        };
        parts.assemble(model_id, cache_bytes)
    }
}

/// What both kinds of files give.
struct Parts {
    tokenizer: Tokenizer,
    chat_template: Option<String>,
    decoder: Decoder,
    quantization: Option<StorageFormat>,
    parameters: usize,
}

impl Parts {
    fn assemble(self, model_id: &str, cache_bytes: usize) -> Result<LoadedModel, String> {
        let Parts { tokenizer, chat_template, decoder, quantization, parameters } = self;
        let text_of = |id| tokenizer.vocabulary().text(id).into_owned();
        let (bos, eos) = (tokenizer.bos().map(text_of), tokenizer.eos().map(text_of));
        let template = chat_template
            .map(|template| ChatTemplate::new(&template, bos.as_deref(), eos.as_deref()));
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
            // Whoever loads it knows these.
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
        let cache = PrefixCache::new(cache_bytes);
        Ok(LoadedModel { facts, model: Box::new(decoder), tokenizer, template, cache })
    }
}
