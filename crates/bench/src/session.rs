//! A model under the clock.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokenscope_model::{Decoder, Forward, GgufFile, HfFolder, KvCache, Model as _};
use tokenscope_tokens::TokenId;

use crate::weight_bytes;

/// A model and the ids it is run over.
pub struct Session {
    path: PathBuf,
    decoder: Decoder,
    format: &'static str,
    n_parameters: usize,
    bytes_per_token: u64,
    prompt: Vec<TokenId>,
    /// The last beginning of the prompt that was decoded after: repeating costs no second prefill.
    known: Option<KvCache>,
}

/// What a run took and what came out.
#[derive(Debug, Clone, Copy)]
pub struct Run {
    /// Wall time.
    pub elapsed: Duration,
    /// The most probable next token in the end, so that programs can be compared.
    pub top: TokenId,
}

impl Session {
    /// Opens a GGUF file or a folder in Hugging Face's layout. No tokenizer is needed.
    ///
    /// # Errors
    /// A sentence, if it cannot be run.
    pub fn open(path: &Path, threads: usize) -> Result<Self, String> {
        let failed = |error: tokenscope_model::ModelError| format!("{}: {error}", path.display());
        let (decoder, format, n_parameters) = if path.is_dir() {
            let folder = HfFolder::open(path).map_err(failed)?;
            let decoder = Decoder::from_folder(&folder, threads).map_err(failed)?;
            (decoder, folder.main_format(), folder.n_parameters())
        } else {
            let file = GgufFile::open(path).map_err(failed)?;
            let decoder = Decoder::from_gguf(&file, threads).map_err(failed)?;
            (decoder, file.main_format(), file.n_parameters())
        };
        Ok(Session {
            path: path.to_owned(),
            prompt: scattered_ids(decoder.config().context_length, decoder.config().n_vocab),
            decoder,
            format: format.map_or("none", |format| format.name()),
            n_parameters,
            bytes_per_token: weight_bytes::per_token(path)?,
            known: None,
        })
    }

    /// The model's facts.
    pub fn facts(&self) -> Value {
        let config = self.decoder.config();
        json!({
            "path": self.path,
            "format": self.format,
            "parameters": self.n_parameters,
            "vocabulary": config.n_vocab,
            "width": config.d_model,
            "context_length": config.context_length,
            "bytes_per_token": self.bytes_per_token,
        })
    }

    /// Replaces the ids that runs are made of.
    ///
    /// # Errors
    /// If the model does not have one of them.
    pub fn set_prompt(&mut self, ids: Vec<TokenId>) -> Result<(), String> {
        let n_vocab = self.decoder.config().n_vocab;
        if let Some(id) = ids.iter().find(|id| id.index() >= n_vocab) {
            return Err(format!("the model has {n_vocab} tokens, so none of id {id}"));
        }
        self.prompt = ids;
        self.known = None;
        Ok(())
    }

    /// Runs the prompt's first `n` ids in one pass and takes the logits that follow.
    ///
    /// # Errors
    /// If the prompt is shorter, or `n` is 0.
    pub fn prefill(&mut self, n: usize) -> Result<Run, String> {
        self.check(n, 0)?;
        let started = Instant::now();
        let forward = self.forward(&self.empty(n), &self.prompt[..n]);
        Ok(Run { elapsed: started.elapsed(), top: top(&forward) })
    }

    /// Runs `n` ids one by one after the prompt's first `after`, and takes the logits each time. The
    /// ids are the prompt's next ones, whatever the model thinks, so that every program does the
    /// same work.
    ///
    /// # Errors
    /// If the prompt is shorter than both together, or either is 0.
    pub fn decode(&mut self, n: usize, after: usize) -> Result<Run, String> {
        self.check(after, n)?;
        if n == 0 {
            return Err("there is nothing to decode".into());
        }
        let empty = self.empty(after + n);
        let known = self.known.take();
        let known = known.filter(|known| known.len() == after && known.regime() == empty.regime());
        let start = known.unwrap_or_else(|| self.forward(&empty, &self.prompt[..after]).cache);
        let mut past = start.clone();
        let mut last = None;
        let started = Instant::now();
        for id in &self.prompt[after..after + n] {
            let forward = self.forward(&past, &[*id]);
            past = forward.cache.clone();
            last = Some(forward);
        }
        let elapsed = started.elapsed();
        self.known = Some(start);
        Ok(Run { elapsed, top: top(&last.expect("n is not 0")) })
    }

    /// Runs the prompt's first `n` ids and takes the gradient of the largest logit that follows with
    /// respect to their embeddings.
    ///
    /// # Errors
    /// As [`Session::prefill`].
    pub fn gradient(&mut self, n: usize) -> Result<Run, String> {
        self.check(n, 0)?;
        let embeddings = self.decoder.embeddings(&self.prompt[..n]);
        let mut found = TokenId(0);
        let mut slope = |_: usize, logits: &[f32], slope: &mut [f32]| {
            found = largest(logits);
            slope[found.index()] = 1.0;
        };
        let started = Instant::now();
        let gradient = self.decoder.gradients(n, &embeddings, &mut slope, &mut || true);
        let elapsed = started.elapsed();
        gradient.expect("nobody stops it");
        Ok(Run { elapsed, top: found })
    }

    /// The one place that runs the model forward.
    fn forward(&self, past: &KvCache, ids: &[TokenId]) -> Forward {
        self.decoder.forward(past, ids, 1, &|| true).expect("nobody stops it")
    }

    fn empty(&self, n: usize) -> KvCache {
        KvCache::empty(self.decoder.config().regime(n))
    }

    fn check(&self, first: usize, more: usize) -> Result<(), String> {
        let (n, limit) = (first + more, self.prompt.len());
        if first == 0 || n > limit {
            return Err(format!("expected 1 to {limit} tokens, the length of the prompt; got {n}"));
        }
        Ok(())
    }
}

/// `n` ids all over the vocabulary, the same every time.
fn scattered_ids(n: usize, n_vocab: usize) -> Vec<TokenId> {
    (0..n).map(|i| TokenId((i * 7919 % n_vocab) as u32)).collect()
}

/// The last position's most probable token.
fn top(forward: &Forward) -> TokenId {
    largest(forward.logits.last().expect("logits were asked for"))
}

fn largest(logits: &[f32]) -> TokenId {
    let best = (0..logits.len()).max_by(|a, b| logits[*a].total_cmp(&logits[*b]));
    TokenId(best.expect("a vocabulary is not empty") as u32)
}
