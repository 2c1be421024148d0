//! What sampling costs when a knob moves: all stages over known logits, and the report of 50 rows.
//!
//! `cargo bench -p tokenscope-sampling`, with the vocabularies of SmolLM2 and Qwen2.5.

use std::hint::black_box;
use std::sync::Arc;

use divan::Bencher;
use tokenscope_sampling::{History, Inputs, Settings, explain, pick};
use tokenscope_tokens::TokenId;

const VOCABULARIES: [usize; 2] = [49_152, 151_936];

/// Logits as a model gives them that knows what comes (spread out), or that knows nothing.
#[derive(Debug, Clone, Copy)]
enum Model {
    Sure,
    Clueless,
}

#[derive(Debug)]
struct Case {
    name: &'static str,
    model: Model,
    settings: Settings,
}

impl std::fmt::Display for Case {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

fn cases() -> Vec<Case> {
    use Model::{Clueless, Sure};
    let defaults = Settings::default;
    let off = || Settings { temperature: 1.0, top_p: 1.0, repetition_penalty: 1.0, ..defaults() };
    let all = || Settings {
        top_p: 0.95,
        repetition_penalty: 1.1,
        presence_penalty: 0.2,
        frequency_penalty: 0.1,
        ..defaults()
    };
    let boosted = || Settings { presence_penalty: -2.0, frequency_penalty: -2.0, ..all() };
    [
        ("all off", Sure, off()),
        ("defaults", Sure, defaults()),
        ("all on, top-p .95", Sure, all()),
        ("all on, repetition invited", Sure, boosted()),
        ("temperature 2", Sure, Settings { temperature: 2.0, ..all() }),
        ("flat, top-p .999", Clueless, Settings { top_p: 0.999, ..all() }),
        ("flat, all off", Clueless, off()),
    ]
    .map(|(name, model, settings)| Case { name, model, settings })
    .into()
}

/// Roughly normal, from a linear congruential generator (Knuth's MMIX).
fn logits(model: Model, n_vocab: usize) -> Arc<Vec<f32>> {
    let spread = match model {
        Model::Sure => 3.0,
        Model::Clueless => 0.3,
    };
    let mut state = 1u64;
    let mut uniform = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1 << 23) as f32 - 1.0
    };
    let mut normal = || (0..12).map(|_| uniform()).sum::<f32>() / 2.0;
    Arc::new((0..n_vocab).map(|_| normal() * spread).collect())
}

#[divan::bench(args = cases(), consts = VOCABULARIES)]
fn explain_and_report<const N_VOCAB: usize>(bencher: Bencher<'_, '_>, case: &Case) {
    run::<N_VOCAB>(bencher, case, |explained, settings| {
        black_box(explained.report(settings, 50));
    });
}

#[divan::bench(args = cases(), consts = VOCABULARIES)]
fn explain_and_pick<const N_VOCAB: usize>(bencher: Bencher<'_, '_>, case: &Case) {
    run::<N_VOCAB>(bencher, case, |explained, _| {
        black_box(pick(explained, Some(0.9)));
    });
}

fn run<const N_VOCAB: usize>(
    bencher: Bencher<'_, '_>,
    case: &Case,
    then: impl Fn(&tokenscope_sampling::Explained, &Settings) + Sync,
) {
    let logits = logits(case.model, N_VOCAB);
    let prompt: Vec<TokenId> = (0..500).map(|i| TokenId(i * i % N_VOCAB as u32)).collect();
    let history = History { prompt: &prompt, ..History::default() };
    let inputs = Inputs { settings: &case.settings, history, mask: None };
    bencher.bench(|| then(&explain(Arc::clone(&logits), &inputs).unwrap(), &case.settings));
}

fn main() {
    divan::main();
}
