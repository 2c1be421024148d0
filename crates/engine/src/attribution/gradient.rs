//! What small changes of the embeddings would do: saliency, input × gradient, integrated gradients
//! (Sundararajan et al. 2017, arXiv:1703.01365).
//!
//! With `e` the embedding of a token, `g` the gradient of the quantity with respect to it, `b` the
//! baseline's embedding in its place, and `G` the mean of `g` along the path from `b` to `e`, a token's
//! size and contribution are, with `||x||` the Euclidean length:
//!
//! | | size | contribution |
//! |---|---|---|
//! | saliency | `||g||` | |
//! | input × gradient | `||e * g||` (elementwise) | sum of `e * g` |
//! | integrated gradients | `||(e - b) * G||` | sum of `(e - b) * G` |

use std::ops::Range;
use std::sync::Arc;

use tokenscope_model::quadrature::gauss_legendre;

use super::question::Question;
use super::{Baseline, Findings, Host, Method, PathReport, baseline, passes};
use crate::EngineError;

pub(super) fn find(host: &mut dyn Host, question: &Question) -> Result<Findings, EngineError> {
    if question.method == Method::IntegratedGradients {
        return integrated(host, question);
    }
    let embeddings = host.model().model.embeddings(&question.context);
    let (gradients, values) = gradients(host, question, &embeddings, 0.0..1.0)?;
    if question.method == Method::Saliency {
        let findings = Findings::of(&gradients, values[0], host, question);
        // A slope in no direction in particular has no sign.
        return Ok(Findings { contributions: None, ..findings });
    }
    let products: Vec<f32> = embeddings.iter().zip(&gradients).map(|(e, g)| e * g).collect();
    Ok(Findings::of(&products, values[0], host, question))
}

fn integrated(host: &mut dyn Host, question: &Question) -> Result<Findings, EngineError> {
    let options = &question.options;
    let value = question.measure().of(&passes::logits(host, &question.context)?);
    let model = host.model();
    let backend = Arc::clone(&model.model);
    let input = backend.embeddings(&question.context);
    let start =
        baseline::embeddings(options.baseline, &*backend, &model.tokenizer, &question.context);
    let way: Vec<f32> = input.iter().zip(&start).map(|(input, start)| input - start).collect();
    let baseline_id =
        baseline::token(&model.tokenizer).filter(|_| options.baseline == Baseline::Unknown);

    // The beginning of the path comes first, for the quantity there; it has no weight in the mean.
    let nodes = gauss_legendre(options.steps as usize);
    let points: Vec<(f64, f64)> = [(0.0, 0.0)].into_iter().chain(nodes).collect();
    let n_batches = points.len().div_ceil(backend.sequences_at_once(question.context.len()).max(1));
    let mut mean = vec![0.0; input.len()];
    let mut baseline_value = f64::NAN;
    let mut done = 0;
    for batch in points.chunks(points.len().div_ceil(n_batches)) {
        let sequences = batch.iter().flat_map(|(place, _)| {
            let place = *place as f32;
            start.iter().zip(&way).map(move |(start, way)| start + place * way)
        });
        let sequences: Vec<f32> = sequences.collect();
        let share = |points_done: usize| points_done as f64 / points.len() as f64;
        let shares = share(done)..share(done + batch.len());
        let (gradients, values) = gradients(host, question, &sequences, shares)?;
        if done == 0 {
            baseline_value = values[0];
        }
        let weighted = batch.iter().zip(gradients.chunks_exact(mean.len()));
        // Where a path begins at zeros, the slope there can be infinite, and is nobody's business.
        for ((_, weight), gradient) in weighted.filter(|((_, weight), _)| *weight != 0.0) {
            mean.iter_mut().zip(gradient).for_each(|(mean, g)| *mean += weight * f64::from(*g));
        }
        done += batch.len();
    }

    let products: Vec<f32> =
        way.iter().zip(&mean).map(|(way, mean)| (f64::from(*way) * mean) as f32).collect();
    let sum: f64 = products.iter().map(|product| f64::from(*product)).sum();
    let difference = value - baseline_value;
    let error = (sum - difference).abs();
    let error_share = (difference != 0.0).then(|| error / difference.abs());
    let path = PathReport { baseline_value, baseline_id, error, error_share };
    Ok(Findings { path: Some(path), ..Findings::of(&products, value, host, question) })
}

impl Findings {
    /// Of products `[n][d_model]`: the length of each token's is its size, the sum its contribution.
    fn of(products: &[f32], value: f64, host: &mut dyn Host, question: &Question) -> Self {
        let tokens = products.chunks_exact(products.len() / question.context.len());
        let square = |product: &f32| f64::from(*product) * f64::from(*product);
        let sum = |products: &[f32]| products.iter().map(|product| f64::from(*product)).sum();
        Findings {
            sizes: tokens.clone().map(|t| t.iter().map(square).sum::<f64>().sqrt()).collect(),
            contributions: Some(tokens.map(sum).collect()),
            device: host.model().facts.device,
            value: Some(value),
            ..Findings::default()
        }
    }
}

/// Gradients of the quantity with respect to `embeddings: [sequences][n][d_model]`, and the quantity
/// of each sequence. `shares` is the share of all the work before and after.
fn gradients(
    host: &mut dyn Host,
    question: &Question,
    embeddings: &[f32],
    shares: Range<f64>,
) -> Result<(Vec<f32>, Vec<f64>), EngineError> {
    let (n, measure) = (question.context.len(), question.measure());
    let backend = Arc::clone(&host.model().model);
    let config = backend.config();
    let mut values = vec![f64::NAN; embeddings.len() / (n * config.d_model)];
    // It is asked before each layer at least, on the way there and back.
    let n_slices = 2.0 * config.layers.len() as f64;
    let mut asked = 0.0;
    let gradients = backend.gradients(
        n,
        embeddings,
        &mut |sequence, logits, slope| {
            values[sequence] = measure.with_slope(logits, slope);
        },
        &mut || {
            let done = f64::min(asked / n_slices, 1.0);
            host.tell(shares.start + done * (shares.end - shares.start));
            asked += 1.0;
            host.give_way().is_ok()
        },
    );
    // What its host refuses is to go on without anyone who wants the answer.
    Ok((gradients.ok_or(EngineError::Cancelled)?, values))
}
