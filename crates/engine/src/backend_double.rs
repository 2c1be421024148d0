//! A backend for tests: the CPU's, which is watched and meddled with.

use std::sync::{Arc, Mutex};

use tokenscope_model::{Config, Forward, KvCache, Model, ModelError, Slope, Trace};
use tokenscope_tokens::TokenId;

pub(crate) struct BackendDouble {
    cpu: Arc<dyn Model>,
    /// What becomes of traces.
    tells: fn(Trace) -> Trace,
    /// The last id of each forward pass, and whether the pass was seen to its end.
    passes: Mutex<Vec<(TokenId, bool)>>,
    /// Sequences of each call for gradients.
    sequences: Mutex<Vec<usize>>,
    /// Something to do before the pass of this index.
    interlude: Mutex<Option<(usize, Interlude)>>,
}

type Interlude = Box<dyn FnOnce() + Send>;

impl BackendDouble {
    /// A backend that says about its attention what `tells` makes of it.
    pub(crate) fn telling(cpu: Arc<dyn Model>, tells: fn(Trace) -> Trace) -> Self {
        let (passes, sequences, interlude) = Default::default();
        BackendDouble { cpu, tells, passes, sequences, interlude }
    }

    /// A backend that does something before one of its forward passes.
    pub(crate) fn doing(
        cpu: Arc<dyn Model>,
        at: usize,
        what: impl FnOnce() + Send + 'static,
    ) -> Self {
        let double = BackendDouble::telling(cpu, |trace| trace);
        BackendDouble { interlude: Mutex::new(Some((at, Box::new(what)))), ..double }
    }

    pub(crate) fn sequences(&self) -> Vec<usize> {
        self.sequences.lock().unwrap().clone()
    }

    pub(crate) fn passes(&self) -> Vec<(TokenId, bool)> {
        self.passes.lock().unwrap().clone()
    }
}

impl Model for BackendDouble {
    fn config(&self) -> &Config {
        self.cpu.config()
    }

    fn check_files(&self) -> Result<(), ModelError> {
        self.cpu.check_files()
    }

    fn forward(
        &self,
        past: &KvCache,
        ids: &[TokenId],
        outputs: usize,
        go_on: &dyn Fn() -> bool,
    ) -> Option<Forward> {
        let index = self.passes.lock().unwrap().len();
        if let Some((_, what)) = self.interlude.lock().unwrap().take_if(|(at, _)| *at == index) {
            what();
        }
        let forward = self.cpu.forward(past, ids, outputs, go_on);
        self.passes.lock().unwrap().push((ids[ids.len() - 1], forward.is_some()));
        forward
    }

    fn trace(&self, past: &KvCache, ids: &[TokenId]) -> Trace {
        (self.tells)(self.cpu.trace(past, ids))
    }

    fn embeddings(&self, ids: &[TokenId]) -> Vec<f32> {
        self.cpu.embeddings(ids)
    }

    fn mean_embedding(&self) -> &[f32] {
        self.cpu.mean_embedding()
    }

    fn gradients(
        &self,
        n: usize,
        embeddings: &[f32],
        slope: &mut Slope<'_>,
        go_on: &mut dyn FnMut() -> bool,
    ) -> Option<Vec<f32>> {
        self.sequences.lock().unwrap().push(embeddings.len() / (n * self.config().d_model));
        self.cpu.gradients(n, embeddings, slope, go_on)
    }

    fn sequences_at_once(&self, n: usize) -> usize {
        self.cpu.sequences_at_once(n)
    }
}
