//! A fake hub, an empty cache, and what the client says meanwhile.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;
use tokenscope_engine::hub::{self, HubError, HubModel, HubReference, HubSettings};
use tokenscope_engine::library::LoadStep;
use tokio_util::sync::CancellationToken;

use crate::fake_hub::FakeHub;

pub(crate) const REPO: &str = "org/model";

pub(crate) struct World {
    pub(crate) hub: FakeHub,
    pub(crate) settings: HubSettings,
    pub(crate) steps: RefCell<Vec<LoadStep>>,
    pub(crate) cancelled: CancellationToken,
    _cache: TempDir,
}

impl World {
    /// An empty hub and an empty cache.
    pub(crate) fn new() -> Self {
        let (hub, cache) = (FakeHub::start(), tempfile::tempdir().unwrap());
        let mut settings = HubSettings::from_variables(&|_| None);
        settings.endpoint = hub.endpoint();
        settings.cache = cache.path().join("hub");
        settings.token = None;
        settings.proxies = false;
        settings.first_pause = Duration::from_millis(1);
        World {
            hub,
            settings,
            steps: RefCell::default(),
            cancelled: CancellationToken::new(),
            _cache: cache,
        }
    }

    /// With a model in safetensors of that many bytes.
    pub(crate) fn with_model(bytes: usize) -> Self {
        let world = World::new();
        world.hub.add(REPO, "config.json", r#"{"model_type": "llama"}"#);
        world.hub.add(REPO, "tokenizer.json", "{}");
        world.hub.add(REPO, "tokenizer_config.json", "{\"x\": 1}");
        world.hub.add(REPO, "README.md", "not needed");
        world.hub.add_large(REPO, "model.safetensors", content(bytes));
        world
    }

    pub(crate) fn fetch(&self, reference: &str) -> Result<HubModel, HubError> {
        let reference = HubReference::parse(reference).unwrap();
        let report = |step| self.steps.borrow_mut().push(step);
        hub::fetch(&reference, &self.settings, &|_| Ok(()), &report, &self.cancelled)
    }

    /// The part of the cache that belongs to [`REPO`].
    pub(crate) fn repo_cache(&self) -> PathBuf {
        self.settings.cache.join("models--org--model")
    }

    /// Sizes of the files whose download has begun and not ended.
    pub(crate) fn incomplete(&self) -> Vec<u64> {
        let blobs = std::fs::read_dir(self.repo_cache().join("blobs")).into_iter().flatten();
        let incomplete = blobs.flatten().filter(|blob| is_incomplete(&blob.path()));
        incomplete.map(|blob| blob.metadata().unwrap().len()).collect()
    }
}

fn is_incomplete(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == "incomplete")
}

/// Bytes without a pattern, so that a part in the wrong place is noticed.
pub(crate) fn content(bytes: usize) -> Vec<u8> {
    let mut state = 1_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    (0..bytes).map(|_| next()).collect()
}
