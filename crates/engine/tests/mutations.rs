//! Model files with random damage: a load ends with an error that says so or with a model that
//! answers, never with a panic and never with gigabytes of memory. The damage is the same in every
//! run.

mod damage;

use std::fs;
use std::path::{Path, PathBuf};

use damage::{Dice, damage_bytes, damage_json};
use peak_alloc::PeakAlloc;
use serde_json::Value;
use tokenscope_engine::query::{Context, PreviewQuery};
use tokenscope_engine::{Engine, EngineOptions};

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// The tiny models take well below a megabyte, their caches and threads a few.
const MOST_MEGABYTES: f32 = 100.0;

/// Cases per kind of file.
const CASES: usize = 400;

fn tiny(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/tiny").join(path)
}

/// An engine, and how its loads ended.
struct Bench {
    engine: Engine,
    refused: usize,
    loaded: usize,
}

impl Bench {
    fn new() -> Self {
        let options = EngineOptions {
            threads: 1,
            offline: true,
            cache_bytes: 1 << 20,
            available_memory: Some(1 << 30),
            ..EngineOptions::default()
        };
        Bench { engine: Engine::start(options), refused: 0, loaded: 0 }
    }

    /// Loads what lies at a path, and asks the model for a token if there is one.
    async fn load(&mut self, path: &Path, what: &str) {
        let mut changes = self.engine.watch_status();
        self.engine.load(path.to_str().unwrap()).unwrap();
        while self.engine.status().load.is_some() {
            changes.changed().await.unwrap();
        }
        match self.engine.status().error {
            Some(error) => {
                assert!(!error.contains("inside Tokenscope"), "{what} panics: {error}");
                self.refused += 1;
            }
            None => {
                let error = self.engine.preview(query()).await.err();
                let panic = error.filter(|error| error.code() == "internal_error");
                assert!(panic.is_none(), "{what}: {panic:?}");
                self.loaded += 1;
            }
        }
        let peak = MEMORY.peak_usage_as_mb();
        assert!(peak < MOST_MEGABYTES, "{what} takes {peak} MB");
    }

    /// Both ends are reached often enough for the test to mean something.
    fn finish(self) {
        let Bench { refused, loaded, .. } = self;
        eprintln!("{refused} refused, {loaded} loaded; peak {} MB", MEMORY.peak_usage_as_mb());
        assert!(refused > CASES / 4 && loaded > CASES / 20, "{refused} refused, {loaded} loaded");
    }
}

fn query() -> PreviewQuery {
    PreviewQuery {
        context: Context {
            prompt: "t5 the end".into(),
            system_prompt: "t17".into(),
            use_chat_template: true,
            completion: vec![3],
        },
        settings: Default::default(),
        n_rows: 5,
        constraint: None,
        probes: Vec::new(),
        tokens_only: false,
    }
}

#[tokio::test]
async fn damaged_gguf_files() {
    let (mut bench, mut dice) = (Bench::new(), Dice(1));
    let whole = fs::read(tiny("llama3_scaled_rope/model.gguf")).unwrap();
    for case in 0..CASES {
        let mut bytes = whole.clone();
        // Mostly the header: damage among the weights is only another number.
        let region = dice.pick(&[400, 2_000, 12_000, bytes.len()]);
        for _ in 0..=dice.below(3) {
            damage_bytes(&mut dice, &mut bytes, region);
        }
        // A folder of its own: the model that answers may still have its file mapped.
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.gguf");
        fs::write(&path, bytes).unwrap();
        bench.load(&path, &format!("GGUF file {case}")).await;
    }
    bench.finish();
}

#[tokio::test]
async fn damaged_folders() {
    let (mut bench, mut dice) = (Bench::new(), Dice(2));
    let files = ["config.json", "tokenizer.json", "tokenizer_config.json", "model.safetensors"];
    for case in 0..CASES {
        let family = dice.pick(&["llama", "gemma2", "gpt2", "phi3", "gpt_neox", "smollm3"]);
        let folder = tempfile::tempdir().unwrap();
        for file in files {
            fs::copy(tiny(family).join(file), folder.path().join(file)).unwrap();
        }
        let file = dice.pick(&files);
        let path = folder.path().join(file);
        let mut bytes = fs::read(&path).unwrap();
        if file.ends_with(".json") && dice.below(4) > 0 {
            let mut value: Value = serde_json::from_slice(&bytes).unwrap();
            damage_json(&mut dice, &mut value);
            bytes = serde_json::to_vec(&value).unwrap();
        } else {
            damage_bytes(&mut dice, &mut bytes, 4_000);
        }
        fs::write(&path, bytes).unwrap();
        bench.load(folder.path(), &format!("{family} {case} with another {file}")).await;
    }
    bench.finish();
}
