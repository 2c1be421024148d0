//! Gradients of tiny checkpoints: attributions against those PyTorch computed (`fixtures/tiny`), and
//! all kinds of models against finite differences of their own forward pass.

#[expect(dead_code, reason = "not all of it is needed here")]
mod numbers;

use std::path::PathBuf;

use numbers::{assert_close, fixture, floats, ids, json, softmax, whole};
use serde_json::Value;
use tokenscope_model::quadrature::gauss_legendre;
use tokenscope_model::{Decoder, GgufFile, HfFolder, Model};
use tokenscope_tokens::TokenId;

/// A number that is made of logits.
#[derive(Clone, Copy)]
enum Target {
    Probability,
    Logit,
    /// To the logit of the second token.
    Difference(usize),
}

struct Golden {
    name: String,
    model: Decoder,
    ids: Vec<TokenId>,
    /// The target token.
    id: usize,
    numbers: Value,
}

fn folders(root: &str) -> Vec<PathBuf> {
    let folders = std::fs::read_dir(fixture(root)).unwrap();
    let mut folders: Vec<PathBuf> = folders.map(|folder| folder.unwrap().path()).collect();
    folders.sort();
    folders
}

fn goldens() -> Vec<Golden> {
    let mut goldens = Vec::new();
    for folder in folders("tiny") {
        for file in ["golden.json", "golden_short.json"] {
            let path = folder.join(file);
            if path.is_file() {
                let numbers = json(&path);
                goldens.push(Golden {
                    name: format!("{} {file}", folder.file_name().unwrap().to_str().unwrap()),
                    model: Decoder::from_folder(&HfFolder::open(&folder).unwrap(), 2).unwrap(),
                    ids: ids(&numbers["input_ids"]),
                    id: numbers["target_id"].as_u64().unwrap() as usize,
                    numbers,
                });
            }
        }
    }
    assert_eq!(goldens.len(), 29 + 2);
    goldens
}

/// The target's gradients at sequences of embeddings, and the probabilities of the target token.
fn gradients(golden: &Golden, target: Target, embeddings: &[f32]) -> (Vec<f32>, Vec<f64>) {
    let (model, n) = (&golden.model, golden.ids.len());
    let (mut gradients, mut probabilities) = (Vec::new(), Vec::new());
    let len = model.sequences_at_once(n) * n * model.config().d_model;
    for embeddings in embeddings.chunks(len) {
        let mut slope = |_: usize, logits: &[f32], d_logits: &mut [f32]| {
            let probability = softmax(logits);
            probabilities.push(probability[golden.id]);
            match target {
                Target::Probability => {
                    for ((id, d), p) in d_logits.iter_mut().enumerate().zip(&probability) {
                        let own = f64::from(u8::from(id == golden.id));
                        *d = (probability[golden.id] * (own - p)) as f32;
                    }
                }
                Target::Logit => d_logits[golden.id] = 1.0,
                Target::Difference(other) => {
                    (d_logits[golden.id], d_logits[other]) = (1.0, -1.0);
                }
            }
        };
        gradients.extend(model.gradients(n, embeddings, &mut slope, &mut || true).unwrap());
    }
    (gradients, probabilities)
}

impl Golden {
    /// Sums over the embedding of numbers times gradients, one for each token.
    fn signed_sums(&self, x: &[f32], gradient: &[f64]) -> Vec<f64> {
        let d_model = self.model.config().d_model;
        let products: Vec<f64> = x.iter().zip(gradient).map(|(x, g)| f64::from(*x) * g).collect();
        products.chunks_exact(d_model).map(|token| token.iter().sum()).collect()
    }

    /// Lengths of each token's part, divided by their sum.
    fn scores(&self, x: impl Iterator<Item = f64>) -> Vec<f64> {
        let x: Vec<f64> = x.collect();
        let tokens = x.chunks_exact(self.model.config().d_model);
        let lengths: Vec<f64> =
            tokens.map(|token| token.iter().map(|x| x * x).sum::<f64>().sqrt()).collect();
        let sum: f64 = lengths.iter().sum();
        lengths.iter().map(|length| length / sum).collect()
    }

    /// The acceptance bound: a thousandth of each number and of their mean size.
    #[track_caller]
    fn assert_scores(&self, key: &str, found: &[f64]) {
        let expected = &self.numbers["attribution"][key];
        let expected: Vec<f64> = floats(expected).into_iter().map(f64::from).collect();
        assert_eq!(found.len(), expected.len(), "{} {key}", self.name);
        let mean = expected.iter().map(|x| x.abs()).sum::<f64>() / expected.len() as f64;
        for (i, (found, expected)) in found.iter().zip(&expected).enumerate() {
            let bound = 1e-3 * expected.abs() + 1e-3 * mean;
            assert!(
                (found - expected).abs() <= bound,
                "{} {key}[{i}]: {found} is not {expected} +- {bound:e}",
                self.name
            );
        }
    }
}

fn double(x: &[f32]) -> Vec<f64> {
    x.iter().map(|x| f64::from(*x)).collect()
}

#[test]
fn saliency_and_input_times_gradient_are_pytorchs() {
    for golden in goldens() {
        let x = golden.model.embeddings(&golden.ids);
        let contrast = golden.numbers["contrast_id"].as_u64().unwrap() as usize;
        let (gradient, probabilities) = gradients(&golden, Target::Probability, &x);
        let expected = golden.numbers["target_probability"].as_f64().unwrap();
        assert!((probabilities[0] - expected).abs() < 1e-6, "{}", golden.name);

        golden.assert_scores("saliency", &golden.scores(double(&gradient).into_iter()));
        let products = x.iter().zip(&gradient).map(|(x, g)| f64::from(*x) * f64::from(*g));
        golden.assert_scores("input_x_gradient", &golden.scores(products));
        for (name, target) in [
            ("probability", Target::Probability),
            ("logit", Target::Logit),
            ("logit_difference", Target::Difference(contrast)),
        ] {
            let gradient = double(&gradients(&golden, target, &x).0);
            let key = format!("input_x_gradient_signed_sum_{name}");
            golden.assert_scores(&key, &golden.signed_sums(&x, &gradient));
        }
    }
}

#[test]
fn integrated_gradients_are_pytorchs_and_complete() {
    for golden in goldens() {
        let x = golden.model.embeddings(&golden.ids);
        let baseline = golden.model.embeddings(&vec![TokenId(0); golden.ids.len()]);
        let rule = gauss_legendre(50);
        let points: Vec<f32> = rule
            .iter()
            .flat_map(|(node, _)| {
                let pairs = x.iter().zip(&baseline);
                pairs.map(|(x, base)| base + *node as f32 * (x - base))
            })
            .collect();
        let (all, _) = gradients(&golden, Target::Probability, &points);
        let mut mean = vec![0.0; x.len()];
        for (gradient, (_, weight)) in all.chunks_exact(x.len()).zip(&rule) {
            for (mean, gradient) in mean.iter_mut().zip(gradient) {
                *mean += weight * f64::from(*gradient);
            }
        }
        let way: Vec<f32> = x.iter().zip(&baseline).map(|(x, base)| x - base).collect();
        let products = way.iter().zip(&mean).map(|(way, mean)| f64::from(*way) * mean);
        let key = "integrated_gradients_50_gauss_legendre_baseline_id0";
        golden.assert_scores(key, &golden.scores(products));
        let signed = golden.signed_sums(&way, &mean);
        golden.assert_scores("integrated_gradients_signed_sum", &signed);

        let ends = [x, baseline].concat();
        let (_, probabilities) = gradients(&golden, Target::Probability, &ends);
        let error = signed.iter().sum::<f64>() - (probabilities[0] - probabilities[1]);
        let key = "integrated_gradients_completeness_delta";
        let expected = golden.numbers["attribution"][key].as_f64().unwrap();
        let size = signed.iter().map(|x| x.abs()).sum::<f64>() / signed.len() as f64;
        assert!((error - expected).abs() < 1e-3 * (expected.abs() + size), "{}", golden.name);
    }
}

/// Models of all families, as folders and as GGUF files, some of them quantized, with an input.
fn all_models() -> Vec<(String, Decoder, Vec<TokenId>)> {
    let goldens = goldens().into_iter().map(|golden| (golden.name, golden.model, golden.ids));
    let mut models: Vec<(String, Decoder, Vec<TokenId>)> = goldens.collect();
    for folder in [folders("tiny"), folders("tiny_gguf")].concat() {
        for file in ["model.gguf", "model-q8_0.gguf"] {
            let path = folder.join(file);
            if path.is_file() {
                let model = Decoder::from_gguf(&GgufFile::open(&path).unwrap(), 2).unwrap();
                let input = ids(&json(&folder.join("golden_gguf.json"))["input_ids"]);
                models.push((path.display().to_string(), model, input));
            }
        }
    }
    assert_eq!(models.len(), 31 + 44);
    models
}

/// `n` numbers in -1..1 that look random.
fn noise(seed: u64, n: usize) -> Vec<f64> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 40) as f64 / f64::from(1 << 23) - 1.0
    };
    (0..n).map(|_| next()).collect()
}

/// The step of finite differences, as a part of the embeddings' size.
const STEP: f64 = 0.02;

/// The number is a random sum of all logits; the embeddings go all at once a little way in random
/// directions.
#[test]
fn gradients_are_finite_differences_of_the_forward_pass() {
    for (name, model, ids) in all_models() {
        let n = ids.len();
        let x = model.embeddings(&ids);
        let logit_weights = noise(1, model.config().n_vocab);
        let mut expected_logits = None;
        let mut slope = |_: usize, logits: &[f32], d_logits: &mut [f32]| {
            expected_logits = Some(logits.to_vec());
            for (d, weight) in d_logits.iter_mut().zip(&logit_weights) {
                *d = *weight as f32;
            }
        };
        let gradient = model.gradients(n, &x, &mut slope, &mut || true).unwrap();
        let forward = whole(&model, &ids, 1).logits;
        assert_close(&name, &expected_logits.unwrap(), &forward[0], 1e-6);

        let size = (x.iter().map(|x| f64::from(x * x)).sum::<f64>() / x.len() as f64).sqrt();
        for seed in 2..5 {
            let way: Vec<f64> = noise(seed, x.len()).iter().map(|way| way * size).collect();
            // The five-point formula.
            let steps = [-2.0, -1.0, 1.0, 2.0].map(|step: f64| step * STEP);
            let moved: Vec<f32> = steps
                .iter()
                .flat_map(|step| x.iter().zip(&way).map(move |(x, way)| x + (step * way) as f32))
                .collect();
            let mut numbers = Vec::new();
            let mut record = |_: usize, logits: &[f32], _: &mut [f32]| {
                let terms = logits.iter().zip(&logit_weights);
                numbers.push(terms.map(|(logit, w)| f64::from(*logit) * w).sum::<f64>());
            };
            model.gradients(n, &moved, &mut record, &mut || true).unwrap();
            let expected =
                (numbers[0] - 8.0 * numbers[1] + 8.0 * numbers[2] - numbers[3]) / (12.0 * STEP);
            let terms: Vec<f64> =
                gradient.iter().zip(&way).map(|(d, way)| f64::from(*d) * way).collect();
            let found: f64 = terms.iter().sum();
            // How large such a sum is for random directions.
            let scale = terms.iter().map(|term| term * term).sum::<f64>().sqrt();
            assert!((found - expected).abs() < 1e-3 * scale, "{name}: {found} is not {expected}");
        }
    }
}
