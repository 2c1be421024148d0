//! Model files with random damage: a load ends with an error that says so or with a model that
//! answers, never with a panic and never with gigabytes of memory. The damage is the same in every
//! run.

use std::fs;
use std::path::{Path, PathBuf};

use peak_alloc::PeakAlloc;
use serde_json::{Value, json};
use tokenscope_engine::query::{Context, PreviewQuery};
use tokenscope_engine::{Engine, EngineOptions};

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// The tiny models take well below a megabyte, their caches and threads a few.
const MOST_MEGABYTES: f32 = 100.0;

/// Cases per kind of file.
const CASES: usize = 400;

/// Numbers that look random and are the same every time (splitmix64, doi:10.1145/2660193.2660195).
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: usize) -> usize {
        (self.roll() % n as u64) as usize
    }

    fn pick<T: Clone>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())].clone()
    }
}

/// Numbers at which counts, sizes and signs turn over.
const EDGES: [u64; 9] =
    [0, 1, 0x7F, 0xFFFF, 1 << 31, u32::MAX as u64, 1 << 40, i64::MAX as u64, u64::MAX];

/// Damages some of the first `region` bytes.
fn damage_bytes(dice: &mut Dice, bytes: &mut Vec<u8>, region: usize) {
    if bytes.is_empty() {
        return;
    }
    let at = dice.below(region.min(bytes.len()));
    match dice.below(6) {
        0 => bytes[at] ^= 1 << dice.below(8),
        1 => bytes[at] = dice.roll() as u8,
        2 | 3 => {
            let edge = dice.pick(&EDGES).to_le_bytes();
            let n = dice.pick(&[4, 8]).min(bytes.len() - at);
            bytes[at..at + n].copy_from_slice(&edge[..n]);
        }
        4 => bytes.truncate(at.max(1)),
        _ => {
            let n = dice.below(64).min(bytes.len() - at);
            bytes.drain(at..at + n);
        }
    }
}

/// Replaces or removes one value somewhere inside.
fn damage_json(dice: &mut Dice, value: &mut Value) {
    let odd = [
        json!(null),
        json!(true),
        json!(0),
        json!(-1),
        json!(1e308),
        json!(u32::MAX),
        json!(u64::MAX),
        json!(0.5),
        json!(""),
        json!("\u{2581}"),
        json!([]),
        json!({}),
        json!([[[[]]]]),
    ];
    match value {
        Value::Object(entries) if !entries.is_empty() && dice.below(8) > 0 => {
            let keys: Vec<String> = entries.keys().cloned().collect();
            let key = dice.pick(&keys);
            if dice.below(8) == 0 {
                entries.remove(&key);
            } else {
                damage_json(dice, &mut entries[&key]);
            }
        }
        Value::Array(items) if !items.is_empty() && dice.below(8) > 0 => {
            let at = dice.below(items.len());
            damage_json(dice, &mut items[at]);
        }
        other => *other = dice.pick(&odd),
    }
}

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
