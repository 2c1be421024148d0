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

use tokenscope_model::quadrature::{gauss_legendre, part_of};

use super::question::Question;
use super::{Baseline, Findings, Host, Method, Partial, PathReport, Shown, baseline, passes};
use crate::EngineError;

/// Points whose answer is shown while the others are still to come, and how many times as many there
/// must be in all for that.
const FIRST_POINTS: usize = 8;
const MANY_TIMES: usize = 3;

pub(super) fn find(
    host: &mut dyn Host,
    question: &Question,
    shown: &Shown<'_>,
) -> Result<Findings, EngineError> {
    if question.method == Method::IntegratedGradients {
        return integrated(host, question, shown);
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

/// A point on the path.
struct Point {
    /// Its place, from 0 to 1.
    place: f64,
    /// Its weight in the mean.
    weight: f64,
    /// Its weight in the mean of the first points.
    first_weight: f64,
}

/// The points, those that are shown first at the beginning, and how many these are (all of them, if
/// there are few).
///
/// The first points are some of all, with weights of their own, so that to show them costs nothing but a
/// batch that is not full. A short rule of its own would have nodes of its own, and so cost a sixth of
/// 50 points; sums over a path that is only partly gone would leave its end out. They come first for
/// those who do not look, too: so all get the same answer, to the bit.
fn points(steps: usize) -> (Vec<Point>, usize) {
    let rule = gauss_legendre(steps);
    let part =
        if steps < MANY_TIMES * FIRST_POINTS { Vec::new() } else { part_of(&rule, FIRST_POINTS) };
    let first_weight = |place: usize| part.iter().find(|(known, _)| *known == place);
    let (first, rest): (Vec<Point>, Vec<Point>) = rule
        .into_iter()
        .enumerate()
        .map(|(index, (place, weight))| Point {
            place,
            weight,
            first_weight: first_weight(index).map_or(0.0, |(_, weight)| *weight),
        })
        .partition(|point| point.first_weight != 0.0);
    // The beginning of the path comes before them, for the quantity there; it has no weight in the mean.
    let beginning = Point { place: 0.0, weight: 0.0, first_weight: 0.0 };
    let n_first = if first.is_empty() { rest.len() } else { first.len() } + 1;
    ([beginning].into_iter().chain(first).chain(rest).collect(), n_first)
}

fn integrated(
    host: &mut dyn Host,
    question: &Question,
    shown: &Shown<'_>,
) -> Result<Findings, EngineError> {
    let options = &question.options;
    let value = question.measure().of(&passes::logits(host, &question.context)?);
    let model = host.model();
    let backend = Arc::clone(&model.model);
    let input = backend.embeddings(&question.context);
    let start =
        baseline::embeddings(options.baseline, &*backend, &model.tokenizer, &question.context);
    let way: Vec<f32> = input.iter().zip(&start).map(|(input, start)| input - start).collect();
    let baseline_id = baseline::token(&model.tokenizer, model.facts.logit_size)
        .filter(|_| options.baseline == Baseline::Unknown);

    let (points, n_first) = points(options.steps as usize);
    let at_once = backend.sequences_at_once(question.context.len()).max(1);
    let mut mean = vec![0.0; input.len()];
    let mut first_mean = (n_first < points.len()).then(|| mean.clone());
    let mut baseline_value = f64::NAN;
    let mut done = 0;
    let findings = |mean: &[f64], baseline_value: f64, host: &mut dyn Host| {
        let products: Vec<f32> =
            way.iter().zip(mean).map(|(way, mean)| (f64::from(*way) * mean) as f32).collect();
        let sum: f64 = products.iter().map(|product| f64::from(*product)).sum();
        let difference = value - baseline_value;
        let error = (sum - difference).abs();
        let error_share = (difference != 0.0).then(|| error / difference.abs());
        let path = PathReport { baseline_value, baseline_id, error, error_share };
        Findings { path: Some(path), ..Findings::of(&products, value, host, question) }
    };
    let (first, rest) = points.split_at(n_first);
    for batch in batches(first, at_once).chain(batches(rest, at_once)) {
        let sequences = batch.iter().flat_map(|point| {
            let place = point.place as f32;
            start.iter().zip(&way).map(move |(start, way)| start + place * way)
        });
        let sequences: Vec<f32> = sequences.collect();
        let share = |points_done: usize| points_done as f64 / points.len() as f64;
        let shares = share(done)..share(done + batch.len());
        let (gradients, values) = gradients(host, question, &sequences, shares)?;
        if done == 0 {
            baseline_value = values[0];
        }
        done += batch.len();
        for (point, gradient) in batch.iter().zip(gradients.chunks_exact(mean.len())) {
            // Where a path begins at zeros, the slope there can be infinite, and is nobody's business.
            if point.weight == 0.0 {
                continue;
            }
            add(&mut mean, point.weight, gradient);
            if let Some(first_mean) = &mut first_mean {
                add(first_mean, point.first_weight, gradient);
            }
        }
        if done == n_first
            && let Some(first_mean) = first_mean.take()
            && host.is_watched()
        {
            let findings = findings(&first_mean, baseline_value, host);
            let partial = shown.partial(&findings, shown.pieces.len());
            host.show(Partial { points: Some(FIRST_POINTS), ..partial });
        }
    }
    Ok(findings(&mean, baseline_value, host))
}

/// Equal parts, none larger than `at_once`.
fn batches(points: &[Point], at_once: usize) -> impl Iterator<Item = &[Point]> {
    let n_batches = points.len().div_ceil(at_once).max(1);
    points.chunks(points.len().div_ceil(n_batches).max(1))
}

fn add(sum: &mut [f64], weight: f64, gradient: &[f32]) {
    sum.iter_mut().zip(gradient).for_each(|(sum, g)| *sum += weight * f64::from(*g));
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
