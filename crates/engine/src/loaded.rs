//! A model that is ready to answer, with everything that belongs to it. All caches hang here, so
//! they die with the model they are about.

use std::path::Path;

use tokenscope_model::{Decoder, GgufFile, Model};
use tokenscope_tokens::{ChatTemplate, TemplateError, Tokenizer};

use crate::gguf_vocabulary;
use crate::prefix_cache::PrefixCache;
use crate::report::ModelFacts;

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
        let tokenizer = Tokenizer::from_gguf(&source).map_err(|error| error.to_string())?;
        let decoder = Decoder::from_gguf(&file, threads).map_err(|error| error.to_string())?;
        let text_of = |id| tokenizer.vocabulary().text(id).into_owned();
        let (bos, eos) = (tokenizer.bos().map(text_of), tokenizer.eos().map(text_of));
        let template = source
            .chat_template
            .as_ref()
            .map(|template| ChatTemplate::new(template, bos.as_deref(), eos.as_deref()));
        let config = decoder.config();
        let facts = ModelFacts {
            model_id: model_id.to_owned(),
            device: "cpu",
            dtype: "float32",
            quantization: file.main_format().map_or("none", |format| format.name()).to_owned(),
            has_chat_template: template.is_some(),
            eos: tokenizer.eos(),
            vocab_size: tokenizer.vocabulary().len(),
            logit_size: config.n_vocab,
            context_length: config.context_length,
            parameters: file.n_parameters(),
        };
        if facts.vocab_size > facts.logit_size {
            return Err(format!(
                "the file has {} tokens but only {} embeddings",
                facts.vocab_size, facts.logit_size
            ));
        }
        let cache = PrefixCache::new(cache_bytes);
        Ok(LoadedModel { facts, model: Box::new(decoder), tokenizer, template, cache })
    }
}
