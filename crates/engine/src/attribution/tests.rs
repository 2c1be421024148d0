//! Methods against slow, obvious twins, and what backends do that are not ours. PyTorch's numbers are
//! checked over HTTP, by the server's tests.

use tokenscope_model::{KvCache, Model, Trace};

use super::*;
use crate::backend_double::BackendDouble;
use crate::prefix_cache::Logits;

/// A host with nobody else to serve.
struct Alone {
    model: LoadedModel,
    /// How many more times work may go on.
    patience: usize,
    told: Vec<f64>,
    /// Whether somebody looks at what is known so far, and what has been shown.
    watched: bool,
    shown: Vec<Partial>,
}

impl Alone {
    fn with(model: LoadedModel) -> Self {
        Alone { model, patience: usize::MAX, told: Vec::new(), watched: false, shown: Vec::new() }
    }

    fn tiny() -> Self {
        Alone::with(LoadedModel::tiny("llama/model.gguf"))
    }

    fn answer(&mut self, query: &AttributionQuery) -> Attribution {
        attribute(self, query).unwrap().outcome.unwrap()
    }
}

impl Host for Alone {
    fn model(&mut self) -> &mut LoadedModel {
        &mut self.model
    }

    fn is_wanted(&self) -> bool {
        self.patience == 0
    }

    fn give_way(&mut self) -> Result<(), EngineError> {
        self.patience = self.patience.checked_sub(1).ok_or(EngineError::Cancelled)?;
        Ok(())
    }

    fn tell(&mut self, share: f64) {
        self.told.push(share);
    }

    fn is_watched(&self) -> bool {
        self.watched
    }

    fn show(&mut self, partial: Partial) {
        self.shown.push(partial);
    }
}

/// Why these ids are followed by token 40.
pub(crate) fn query(ids: &[i64], method: Method, options: Options) -> AttributionQuery {
    let context = Context {
        prompt: String::new(),
        system_prompt: String::new(),
        use_chat_template: false,
        completion: ids.to_vec(),
    };
    AttributionQuery { context, target_index: ids.len(), target_id: Some(40), method, options }
}

const IDS: [i64; 6] = [9, 77, 120, 9, 300, 15];

/// The probability of token 40 after these ids, computed from scratch.
fn probability_after(model: &LoadedModel, ids: &[i64]) -> f64 {
    let logits = forward_from_scratch(&*model.model, ids);
    let sum: f64 = logits.iter().map(|logit| f64::from(*logit).exp()).sum();
    f64::from(logits[40]).exp() / sum
}

fn forward_from_scratch(model: &dyn Model, ids: &[i64]) -> Logits {
    let ids: Vec<TokenId> = ids.iter().map(|id| TokenId(*id as u32)).collect();
    let empty = KvCache::empty(model.config().regime(ids.len()));
    Arc::new(model.forward(&empty, &ids, 1, &|| true).unwrap().logits.remove(0))
}

#[track_caller]
fn assert_close(found: &[f32], expected: &[f64]) {
    assert_eq!(found.len(), expected.len() + 1);
    let largest = expected.iter().fold(0.0, |largest, number| f64::max(largest, number.abs()));
    for (found, expected) in found.iter().zip(expected) {
        assert!((f64::from(*found) - expected).abs() <= 1e-5 * largest, "{found} {expected}");
    }
    assert_eq!(found[expected.len()], 0.0);
}

#[test]
fn occlusion_is_the_difference_to_a_run_without_the_token() {
    let mut host = Alone::tiny();
    let all = probability_after(&host.model, &IDS);
    // Token 0 is for unknown text.
    for (replacement, put) in [(Replacement::Drop, &[][..]), (Replacement::Baseline, &[0])] {
        let without =
            |i: usize| probability_after(&host.model, &[&IDS[..i], put, &IDS[i + 1..]].concat());
        let effects: Vec<f64> = (0..IDS.len()).map(|i| all - without(i)).collect();
        let signed = Options { replacement, signed: true, ..Options::default() };
        let shares = Options { replacement, ..Options::default() };
        let answer = host.answer(&query(&IDS, Method::Occlusion, signed));
        assert_close(&answer.scores, &effects);
        assert!((answer.value.unwrap() - all).abs() < 1e-6);
        for (group, effect) in answer.groups.iter().zip(&effects) {
            assert!((group.without.unwrap() - (all - effect)).abs() < 1e-6);
        }
        let sum: f64 = effects.iter().map(|effect| effect.abs()).sum();
        let effects: Vec<f64> = effects.iter().map(|effect| effect.abs() / sum).collect();
        assert_close(&host.answer(&query(&IDS, Method::Occlusion, shares)).scores, &effects);
    }
    assert!(host.told.is_sorted_by(|a, b| a <= b || *b == 0.0) && host.told.len() >= IDS.len());
}

#[test]
fn to_look_on_takes_no_more_passes_and_changes_no_bit() {
    let options = |steps, group| Options { steps, group, signed: true, ..Options::default() };
    let long: Vec<i64> = (0..60).map(|i| 5 + 7 * i % 300).collect();
    for (ids, method, options, n_shown) in [
        (&IDS[..], Method::IntegratedGradients, options(50, Grouping::Token), 1),
        (&IDS, Method::IntegratedGradients, options(24, Grouping::Word), 1),
        // All of them are hardly more than the first.
        (&IDS, Method::IntegratedGradients, options(23, Grouping::Token), 0),
        (&long, Method::IntegratedGradients, options(200, Grouping::Token), 1),
        (&IDS, Method::Occlusion, options(1, Grouping::Token), IDS.len() - 1),
        (&IDS, Method::Saliency, options(1, Grouping::Token), 0),
    ] {
        let query = query(ids, method, options.clone());
        let asked = |watched| {
            let mut model = LoadedModel::tiny("llama/model.gguf");
            let double = Arc::new(BackendDouble::telling(Arc::clone(&model.model), |trace| trace));
            model.model = Arc::clone(&double) as Arc<dyn Model>;
            let mut host = Alone { watched, ..Alone::with(model) };
            let answer = host.answer(&query);
            (answer, double.passes().len(), double.sequences(), host.shown)
        };
        let (alone, passes, sequences, nothing) = asked(false);
        let (answer, passes_watched, sequences_watched, shown) = asked(true);
        assert_eq!(answer, alone, "{method:?}");
        assert_eq!((passes_watched, &sequences_watched), (passes, &sequences), "{method:?}");
        assert_eq!((nothing.len(), shown.len()), (0, n_shown), "{method:?}");
        if method == Method::IntegratedGradients {
            // The beginning of the path and its points, and no others.
            assert_eq!(sequences.iter().sum::<usize>(), 1 + options.steps as usize);
        }
    }
}

#[test]
fn the_first_points_of_integrated_gradients_give_an_answer_of_their_own() {
    let options = |steps| Options { steps, signed: true, ..Options::default() };
    let mut host = Alone { watched: true, ..Alone::tiny() };
    let answer = host.answer(&query(&IDS, Method::IntegratedGradients, options(50)));
    let shown = host.shown.pop().unwrap();
    assert_eq!((shown.points, shown.value), (Some(8), answer.value));
    let scores: Vec<f32> = shown.scores.iter().map(|score| score.unwrap()).collect();
    let sum: f64 = scores.iter().map(|score| f64::from(*score)).sum();
    let path = shown.path.unwrap();
    let error = (sum - (shown.value.unwrap() - path.baseline_value)).abs();
    assert!((error - path.error).abs() < 1e-6, "{error} {}", path.error);
    // A rule of eight points of its own says much the same.
    let eight = host.answer(&query(&IDS, Method::IntegratedGradients, options(8))).scores;
    let largest = answer.scores.iter().fold(0.0, |largest, score| f32::max(largest, score.abs()));
    for ((found, eight), all) in scores.iter().zip(eight).zip(&answer.scores) {
        assert!((found - eight).abs() <= 0.1 * largest, "{found} {eight}");
        assert!((found - all).abs() <= 0.1 * largest, "{found} {all}");
    }
}

#[test]
fn occlusion_shows_the_pieces_that_are_done() {
    let options = Options { signed: true, ..Options::default() };
    let mut host = Alone { watched: true, ..Alone::tiny() };
    let answer = host.answer(&query(&IDS, Method::Occlusion, options));
    for (done, partial) in (1..).zip(&host.shown) {
        let known = answer.scores[..done].iter().copied().map(Some);
        let unknown = vec![None; IDS.len() - done];
        let expected: Vec<_> = known.chain(unknown).chain([Some(0.0)]).collect();
        assert_eq!((&partial.scores, &partial.groups[..]), (&expected, &answer.groups[..done]));
        assert_eq!((partial.value, partial.points), (answer.value, None));
    }
    // Shares are of what is known.
    let mut host = Alone { watched: true, ..Alone::tiny() };
    host.answer(&query(&IDS, Method::Occlusion, Options::default()));
    for partial in &host.shown {
        let sum: f32 = partial.scores.iter().flatten().sum();
        assert!((sum - 1.0).abs() < 1e-5, "{sum}");
    }
}

#[test]
fn what_is_occluded_together_shares_the_effect() {
    // Lines of the tiny model: token 13 is the line break.
    let mut host = Alone::tiny();
    let break_id =
        (0..320).find(|id| host.model.tokenizer.vocabulary().bytes(TokenId(*id)) == b"\n");
    let line_break = i64::from(break_id.unwrap());
    let ids = [9, line_break, 120, 77];
    let options = Options { group: Grouping::Line, signed: true, ..Options::default() };
    let answer = host.answer(&query(&ids, Method::Occlusion, options));
    let all = probability_after(&host.model, &ids);
    let effects =
        [&ids[2..], &ids[..2]].map(|rest| (all - probability_after(&host.model, rest)) / 2.0);
    assert_close(&answer.scores, &[effects[0], effects[0], effects[1], effects[1]]);
    let ranges: Vec<Range<usize>> = answer.groups.iter().map(|group| group.range.clone()).collect();
    assert_eq!(ranges, [0..2, 2..4]);
    assert!((f64::from(answer.groups[1].score) - 2.0 * effects[1]).abs() < 1e-6);
}

#[test]
fn occlusion_crosses_the_border_between_rope_regimes() {
    // Positions are turned otherwise from 17 tokens on.
    let mut host = Alone::with(LoadedModel::tiny("phi3_longrope"));
    let ids: Vec<i64> = (0..17).map(|i| 5 + 7 * i).collect();
    let options = Options { signed: true, ..Options::default() };
    let answer = host.answer(&query(&ids, Method::Occlusion, options));
    let all = probability_after(&host.model, &ids);
    let effects =
        (0..17).map(|i| all - probability_after(&host.model, &[&ids[..i], &ids[i + 1..]].concat()));
    assert_close(&answer.scores, &effects.collect::<Vec<f64>>());
}

#[test]
fn nothing_is_left_of_one_token() {
    let mut host = Alone::tiny();
    for method in Method::ALL {
        for signed in [false, true] {
            let options = Options { signed, mask_sink: signed, ..Options::default() };
            let answer = host.answer(&query(&IDS[..1], method, options));
            assert_eq!(answer.scores.len(), 2, "{method:?}");
            assert!(answer.scores.iter().all(|score| score.is_finite()), "{method:?}");
        }
    }
    let occluded = host.answer(&query(&IDS[..1], Method::Occlusion, Options::default()));
    assert_eq!(occluded.scores, [0.0, 0.0]);
}

#[test]
fn rollout_is_a_product_of_matrices() {
    let mut host = Alone::tiny();
    // More tokens than are traced at once.
    let ids: Vec<i64> = (0..40).map(|i| 5 + 7 * i).collect();
    let n = ids.len();
    let all: Vec<TokenId> = ids.iter().map(|id| TokenId(*id as u32)).collect();
    let model = Arc::clone(&host.model.model);
    let config = model.config();
    let trace = model.trace(&KvCache::empty(config.regime(n)), &all);
    for heads in [None, Some(vec![1])] {
        // From the first layer up: the flow from each position to each position below.
        let identity = |i: usize, j: usize| f64::from(u8::from(i == j));
        let mut flow: Vec<Vec<f64>> =
            (0..n).map(|i| (0..n).map(|j| identity(i, j)).collect()).collect();
        for layer in &trace.attention {
            let chosen: Vec<usize> = match heads {
                None => (0..config.n_heads).collect(),
                Some(_) => vec![1],
            };
            let mixed = |i: usize, j: usize| {
                let weight = |head: &usize| f64::from(layer[(i * config.n_heads + head) * n + j]);
                let mean: f64 = chosen.iter().map(weight).sum::<f64>() / chosen.len() as f64;
                (mean + identity(i, j)) / 2.0
            };
            let next = |i: usize, k: usize| (0..n).map(|j| mixed(i, j) * flow[j][k]).sum();
            flow = (0..n).map(|i| (0..n).map(|k| next(i, k)).collect()).collect();
        }
        let expected = &flow[n - 1];
        assert!((expected.iter().sum::<f64>() - 1.0).abs() < 1e-5);
        let options = Options { rollout: true, heads: heads.clone(), ..Options::default() };
        let answer = host.answer(&query(&ids, Method::Attention, options.clone()));
        assert_close(&answer.scores, expected);
        let masked = Options { mask_sink: true, ..options };
        let answer = host.answer(&query(&ids, Method::Attention, masked));
        let rest = 1.0 - expected[0];
        let masked = [0.0].into_iter().chain(expected[1..].iter().map(|flow| flow / rest));
        assert_close(&answer.scores, &masked.collect::<Vec<f64>>());
    }
}

#[test]
fn what_was_asked_before_is_not_computed_again() {
    let default = Options::default;
    let options = |signed, group| Options { signed, group, ..default() };
    let replaced = |group| Options { replacement: Replacement::Baseline, group, ..default() };
    let mut host = Alone::tiny();
    for (ids, target, method, options, computes) in [
        (&IDS[..], 40, Method::Saliency, default(), true),
        (&IDS, 40, Method::Saliency, default(), false),
        (&IDS, 41, Method::Saliency, default(), true),
        (&IDS[1..], 40, Method::Saliency, default(), true),
        (&IDS, 40, Method::InputXGradient, default(), true),
        // Other signs and groups are made of the same findings.
        (&IDS, 40, Method::InputXGradient, options(true, Grouping::Word), false),
        (&IDS, 40, Method::Saliency, options(true, Grouping::Role), false),
        // Saliency knows no path, and attention is about no target.
        (&IDS, 40, Method::Saliency, Options { steps: 60, ..default() }, false),
        (&IDS, 40, Method::Attention, default(), true),
        (&IDS, 41, Method::Attention, options(true, Grouping::Line), false),
        (&IDS, 40, Method::Attention, Options { layers: Some(vec![1]), ..default() }, true),
        (&IDS, 40, Method::Occlusion, default(), true),
        (&IDS, 40, Method::Occlusion, options(true, Grouping::Token), false),
        // What is taken out together is another question.
        (&IDS, 40, Method::Occlusion, replaced(Grouping::Token), true),
        (&IDS, 40, Method::Occlusion, replaced(Grouping::Role), true),
    ] {
        let query =
            AttributionQuery { target_id: Some(target), ..query(ids, method, options.clone()) };
        let before = host.patience;
        let answer = host.answer(&query);
        assert_eq!(host.patience < before, computes, "{target} {method:?} {options:?}");
        // What another host finds by other passes differs by rounding.
        let alone = Alone::tiny().answer(&query).scores;
        let alone: Vec<f64> = alone[..ids.len()].iter().map(|score| f64::from(*score)).collect();
        assert_close(&answer.scores, &alone);
    }
}

#[test]
fn work_ends_where_nobody_wants_it() {
    let options = [
        (Method::Attention, Options::default()),
        (Method::Attention, Options { rollout: true, ..Options::default() }),
        (Method::Saliency, Options::default()),
        (Method::IntegratedGradients, Options::default()),
        (Method::Occlusion, Options::default()),
    ];
    for (method, options) in options {
        let query = query(&IDS, method, options);
        // As long as somebody does, it goes on, to the end at last.
        let mut patience = 0;
        loop {
            let mut host = Alone { patience, ..Alone::tiny() };
            match attribute(&mut host, &query) {
                Ok(report) => break assert!(report.outcome.is_ok() && patience > 0, "{method:?}"),
                Err(EngineError::Cancelled) => assert_eq!(host.patience, 0),
                Err(error) => panic!("{method:?}: {error}"),
            }
            patience += 1;
        }
    }
}

/// All of the attention, with one weight everywhere.
fn filled(trace: Trace, weight: f32) -> Trace {
    let layers = trace.attention.iter().map(|layer| vec![weight; layer.len()]);
    Trace { attention: layers.collect(), ..trace }
}

#[test]
fn attention_that_a_backend_cannot_give_is_asked_of_the_cpu() {
    let nothing: fn(Trace) -> Trace = |_| Trace::default();
    let layers_without: fn(Trace) -> Trace =
        |trace| Trace { attention: vec![Vec::new(); trace.attention.len()], ..trace };
    let zeros: fn(Trace) -> Trace = |trace| filled(trace, 0.0);
    let nans: fn(Trace) -> Trace = |trace| filled(trace, f32::NAN);
    let all: fn(Trace) -> Trace = |trace| trace;
    for rollout in [false, true] {
        let query = query(&IDS, Method::Attention, Options { rollout, ..Options::default() });
        let expected = Alone::tiny().answer(&query);
        assert_eq!(expected.device, "cpu");
        for (tells, failure) in [
            (nothing, Some(SoftFailure::AttentionNotSupported)),
            (layers_without, Some(SoftFailure::AttentionNotSupported)),
            (zeros, Some(SoftFailure::NoAttentionScores)),
            (nans, Some(SoftFailure::NoAttentionScores)),
            (all, None),
        ] {
            let mut model = LoadedModel::tiny("llama/model.gguf");
            let cpu = Arc::clone(&model.model);
            model.model = Arc::new(BackendDouble::telling(Arc::clone(&cpu), tells));
            model.facts.device = "other";
            let mut host = Alone::with(model);
            let found = attribute(&mut host, &query).unwrap().outcome;
            assert_eq!(found.as_ref().err(), failure.as_ref());
            if let Ok(found) = found {
                assert_eq!((found.device, &found.scores), ("other", &expected.scores));
                continue;
            }
            host.model.fallback = Some(cpu);
            let found = attribute(&mut host, &query).unwrap().outcome.unwrap();
            assert_eq!((found.device, &found.scores), ("cpu", &expected.scores));
        }
    }
}

#[test]
fn numbers_that_are_none_count_as_zero_and_tiny_sums_are_not_divided_by() {
    for (sizes, expected) in [
        (&[1.0, 3.0][..], &[0.25, 0.75, 0.0][..]),
        (&[f64::NAN, 2.0, f64::INFINITY], &[0.0, 1.0, 0.0, 0.0]),
        (&[0.0, 0.0], &[0.0, 0.0, 0.0]),
    ] {
        assert_eq!(shares(sizes), expected);
    }
    assert_eq!(signed(&[1.0, -3.0, f64::NAN, f64::INFINITY]), [1.0, -3.0, 0.0, 0.0, 0.0]);
    assert!(shares(&[1e-20, 1e-20]).iter().all(|score| *score < 1e-7));
}
