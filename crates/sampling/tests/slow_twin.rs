//! All of sampling against the obvious way to do it: full sorts, and the softmax in double
//! precision, over random logits and settings, extreme ones among them.

use std::sync::Arc;

use tokenscope_sampling::{
    DistributionReport, Explained, Favourite, History, Inputs, N_FAVOURITES, NucleusRule,
    PenaltyScope, STAGES, Settings, StageId, explain, pick,
};
use tokenscope_tokens::{TokenId, TokenMask};

/// How far probabilities may be from the twin's, relatively. Logits are float32 and may be 87 apart
/// for a probability that is not nothing: the rounding of that difference alone is 4e-6.
const RELATIVE: f64 = 1e-5;

/// Below this, probabilities count as nothing.
const NOTHING: f64 = 1e-36;

/// How far from the limit the nucleus or a coin may cross it: 3,000 float32 roundings, were they
/// all on one side.
const AT_LIMIT: f64 = 1e-6;

#[test]
fn every_number_is_that_of_the_obvious_way() {
    let mut random = Random(1);
    let mut cases = 0;
    for n_vocab in [1, 2, 5, 63, 64, 65, 300, 3000] {
        for kind in 0..5 {
            for _ in 0..60 {
                let logits = logits(&mut random, n_vocab, kind);
                check(&mut random, &logits);
                cases += 1;
            }
        }
    }
    assert_eq!(cases, 8 * 5 * 60);
}

fn logits(random: &mut Random, n_vocab: usize, kind: usize) -> Vec<f32> {
    let mut logits: Vec<f32> = (0..n_vocab)
        .map(|_| {
            let normal = (0..6).map(|_| random.uniform() - 0.5).sum::<f64>() * 2f64.sqrt();
            match kind {
                0 => normal * 3.0,
                1 => normal * 0.01,
                // Many ties.
                2 => (normal * 2.0).round(),
                3 => normal * 1e4,
                _ if random.uniform() < 0.5 => f64::NEG_INFINITY,
                _ => normal,
            }
        })
        .map(|logit| logit as f32)
        .collect();
    logits[random.below(n_vocab)] = 1.0;
    logits
}

fn check(random: &mut Random, logits: &[f32]) {
    let n_vocab = logits.len();
    let settings = Settings {
        temperature: random.one_of(&[1e-6, 0.0, 0.3, 0.7, 1.0, 1.0, 2.0, 1e4]),
        top_p: random.one_of(&[0.0, 0.1, 0.8, 0.95, 0.999, 0.999_999_9, 1.0, 1.0]),
        nucleus_rule: random.one_of(&[NucleusRule::Standard, NucleusRule::Seed]),
        repetition_penalty: random.one_of(&[1.0, 1.0, 1.05, 0.5, 1000.0]),
        presence_penalty: random.one_of(&[0.0, 0.0, 0.2, -2.0, 1e6]),
        frequency_penalty: random.one_of(&[0.0, 0.0, 0.1, -2.0, 1e6]),
        penalty_scope: PenaltyScope::All,
        ..Settings::default()
    };
    let prompt: Vec<TokenId> =
        (0..random.below(20)).map(|_| TokenId(random.below(n_vocab) as u32)).collect();
    let mask = (random.uniform() < 0.3).then(|| {
        let finite = logits.iter().position(|logit| logit.is_finite()).unwrap();
        let allowed = (0..n_vocab).filter(|id| *id == finite || random.uniform() < 0.4);
        TokenMask::from_allowed(n_vocab, allowed.map(|id| TokenId(id as u32)))
    });
    let history = History { prompt: &prompt, ..History::default() };
    let inputs = Inputs { settings: &settings, history, mask: mask.as_ref() };
    let explained = explain(Arc::new(logits.to_vec()), &inputs)
        .unwrap_or_else(|error| panic!("{error} {settings:?} {logits:?}"));
    let twin = Twin::new(logits, &inputs, &explained);
    let context = format!("{n_vocab} tokens, {settings:?}");
    for n_rows in [1, 50, n_vocab] {
        twin.check_report(&explained.report(&settings, n_rows), n_rows, &context);
    }
    let coins = [0.0, random.uniform(), random.uniform(), 1.0 - f64::EPSILON / 2.0];
    for coin in [None].into_iter().chain(coins.map(Some)) {
        twin.check_pick(pick(&explained, coin), coin, &context);
    }
}

/// What each stage leaves, as plain vectors.
struct Twin {
    /// First the raw model's.
    after: Vec<After>,
    cut_by: Vec<Option<StageId>>,
}

struct After {
    logits: Vec<f32>,
    probabilities: Vec<f64>,
    removed_mass: f64,
}

impl Twin {
    fn new(raw: &[f32], inputs: &Inputs<'_>, explained: &Explained) -> Self {
        let settings = inputs.settings;
        let mut logits = raw.to_vec();
        let mut cut_by = vec![None; raw.len()];
        let mut after = vec![After {
            probabilities: softmax(&logits, &cut_by),
            logits: logits.clone(),
            removed_mass: 0.0,
        }];
        for (index, stage) in STAGES.iter().enumerate() {
            let counts = inputs.history.counts(settings.penalty_scope);
            let before = &after[after.len() - 1].probabilities;
            match stage.id() {
                StageId::Repetition => {
                    for (id, _) in counts {
                        let (logit, penalty) =
                            (&mut logits[id.index()], settings.repetition_penalty as f32);
                        *logit = if *logit < 0.0 { *logit * penalty } else { *logit / penalty };
                    }
                }
                StageId::PresenceFrequency => {
                    for (id, count) in counts {
                        logits[id.index()] -= settings.presence_penalty as f32
                            + settings.frequency_penalty as f32 * count as f32;
                    }
                }
                StageId::Temperature => {
                    let temperature = settings.temperature.max(1e-6) as f32;
                    logits.iter_mut().for_each(|logit| *logit /= temperature);
                }
                StageId::Constraint => {
                    for (id, mark) in cut_by.iter_mut().enumerate() {
                        if inputs.mask.is_some_and(|mask| !mask.allows(TokenId(id as u32))) {
                            *mark = Some(StageId::Constraint);
                        }
                    }
                }
                StageId::TopP => {
                    let kept = explained.snapshots()[index + 1].kept;
                    let order = order(&logits, |id| cut_by[id].is_none());
                    check_nucleus(&order, before, kept, settings);
                    for id in &order[kept..] {
                        cut_by[*id] = Some(StageId::TopP);
                    }
                }
            }
            let is_cut_here = |id: &usize| cut_by[*id] == Some(stage.id());
            after.push(After {
                probabilities: softmax(&logits, &cut_by),
                logits: logits.clone(),
                removed_mass: (0..raw.len()).filter(is_cut_here).map(|id| before[id]).sum(),
            });
        }
        Twin { after, cut_by }
    }

    fn last(&self) -> &After {
        &self.after[self.after.len() - 1]
    }

    fn check_report(&self, report: &DistributionReport, n_rows: usize, context: &str) {
        let is_legal = |id: usize| self.cut_by[id] != Some(StageId::Constraint);
        let mut rows = order(&self.last().logits, is_legal);
        rows.extend(order(&self.after[0].logits, |id| !is_legal(id)));
        rows.truncate(n_rows);
        let ids: Vec<usize> = report.rows.iter().map(|row| row.id.index()).collect();
        assert_eq!(ids, rows, "{context}");

        let places = |order: Vec<usize>| {
            let mut places = vec![None; self.cut_by.len()];
            order.iter().enumerate().for_each(|(place, id)| places[*id] = Some(place + 1));
            places
        };
        let base_places = places(order(&self.after[0].logits, |_| true));
        let final_places = places(order(&self.last().logits, |id| self.cut_by[id].is_none()));
        let favourites = order(&self.after[0].logits, |_| true).into_iter().take(N_FAVOURITES);
        let found = report.favourites.iter().map(|favourite| favourite.row.id.index());
        assert_eq!(found.collect::<Vec<_>>(), favourites.collect::<Vec<_>>(), "{context}");
        for Favourite { row, sunk_by } in &report.favourites {
            assert_eq!(*sunk_by, self.sunk_by(row.id.index()), "{context}");
        }
        for row in report.rows.iter().chain(report.favourites.iter().map(|f| &f.row)) {
            let id = row.id.index();
            assert_eq!(Some(row.rank_base), base_places[id], "{context}");
            assert_eq!(row.rank_final, final_places[id], "{context}");
            assert_eq!(row.cut_by, self.cut_by[id], "{context}");
            assert_eq!(row.valid, is_legal(id), "{context}");
            assert_eq!(row.logit.to_bits(), self.after[0].logits[id].to_bits(), "{context}");
            for (found, after) in row.after.iter().zip(&self.after) {
                assert_close(f64::from(*found), after.probabilities[id], context);
            }
            assert_eq!((row.p_base, row.p_final), (row.after[0], row.after[STAGES.len()]));
        }
        for (found, after) in report.stages.iter().zip(&self.after) {
            assert_close(found.removed_mass, after.removed_mass, context);
            let positive = after.probabilities.iter().filter(|p| **p > 0.0);
            let entropy = -positive.map(|p| p * p.log2()).sum::<f64>();
            // Near 0 bits, what the entropy is made of has the error of 1 - p.
            let error = (found.entropy_bits - entropy).abs();
            assert!(
                error <= RELATIVE * entropy + 1e-12,
                "{} {entropy} {context}",
                found.entropy_bits
            );
        }
        let kept = self.cut_by.iter().filter(|mark| mark.is_none()).count();
        assert_eq!(report.kept_count, kept, "{context}");
        if let Some(legal_mass) = report.legal_mass {
            let legal = (0..self.cut_by.len()).filter(|id| is_legal(*id));
            let expected = legal.map(|id| self.after[0].probabilities[id]).sum();
            assert_close(legal_mass, expected, context);
        }
    }

    /// The stage that cost a token most places.
    fn sunk_by(&self, id: usize) -> Option<StageId> {
        let place = |after: &After| {
            let order = order(&after.logits, |_| true);
            order.iter().position(|known| *known == id).unwrap()
        };
        let mut worst = (0, None);
        for (index, stage) in STAGES.iter().enumerate() {
            let lost = place(&self.after[index + 1]).saturating_sub(place(&self.after[index]));
            if lost > worst.0 {
                worst = (lost, Some(stage.id()));
            }
        }
        worst.1
    }

    fn check_pick(&self, picked: TokenId, coin: Option<f64>, context: &str) {
        let order = order(&self.last().logits, |id| self.cut_by[id].is_none());
        let place = order.iter().position(|id| *id == picked.index()).expect("a cut token");
        let Some(coin) = coin else { return assert_eq!(place, 0, "{context}") };
        let mass = |n| order[..n].iter().map(|id| self.last().probabilities[*id]).sum::<f64>();
        assert!(self.last().probabilities[picked.index()] > 0.0, "{context}");
        assert!(mass(place) <= coin + AT_LIMIT, "{context}");
        assert!(mass(place + 1) > coin - AT_LIMIT, "{context}");
    }
}

/// Whether the nucleus is the first `kept` tokens of the order.
fn check_nucleus(order: &[usize], probabilities: &[f64], kept: usize, settings: &Settings) {
    let mass = |n: usize| order[..n].iter().map(|id| probabilities[*id]).sum::<f64>();
    let top_p = settings.top_p;
    if top_p >= 1.0 {
        return assert_eq!(kept, order.len());
    }
    let (last_is_in, next_is_out) = match settings.nucleus_rule {
        NucleusRule::Standard => {
            (mass(kept - 1) - AT_LIMIT < top_p, mass(kept) + AT_LIMIT >= top_p)
        }
        NucleusRule::Seed => {
            let next = (kept + 1).min(order.len());
            (mass(kept) - AT_LIMIT <= top_p, mass(next) + AT_LIMIT > top_p)
        }
    };
    assert!(last_is_in || kept == 1, "{kept} {settings:?}");
    assert!(next_is_out || kept == order.len(), "{kept} {settings:?}");
}

/// The counted ids by logit, ties by lower id.
fn order(logits: &[f32], counts: impl Fn(usize) -> bool) -> Vec<usize> {
    let mut ids: Vec<usize> = (0..logits.len()).filter(|id| counts(*id)).collect();
    ids.sort_by(|a, b| logits[*b].partial_cmp(&logits[*a]).unwrap());
    ids
}

fn softmax(logits: &[f32], cut_by: &[Option<StageId>]) -> Vec<f64> {
    let kept = || logits.iter().zip(cut_by).filter(|(_, mark)| mark.is_none()).map(|(l, _)| *l);
    let max = f64::from(kept().fold(f32::NEG_INFINITY, f32::max));
    let sum: f64 = kept().map(|logit| (f64::from(logit) - max).exp()).sum();
    let p = |logit: f32| (f64::from(logit) - max).exp() / sum;
    logits.iter().zip(cut_by).map(|(l, mark)| if mark.is_none() { p(*l) } else { 0.0 }).collect()
}

#[track_caller]
fn assert_close(found: f64, expected: f64, context: &str) {
    let error = (found - expected).abs();
    assert!(error <= RELATIVE * expected + NOTHING, "{found} is not {expected}: {context}");
}

/// A linear congruential generator (Knuth's MMIX).
struct Random(u64);

impl Random {
    fn uniform(&mut self) -> f64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }

    fn below(&mut self, n: usize) -> usize {
        (self.uniform() * n as f64) as usize
    }

    fn one_of<T: Copy>(&mut self, values: &[T]) -> T {
        values[self.below(values.len())]
    }
}
