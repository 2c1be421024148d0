//! The part of an explained distribution that a screen shows.

use tokenscope_tokens::TokenId;

use crate::knob::KnobValue;
use crate::ranking::Ranking;
use crate::{Explained, STAGES, Settings, StageId};

/// The best tokens with all their numbers, and a summary of every stage.
#[derive(Debug, Clone, PartialEq)]
pub struct DistributionReport {
    /// The rows, best first.
    pub rows: Vec<Row>,
    /// Raw probability of all tokens that have no row.
    pub other_p_base: f64,
    /// Final probability of all tokens that have no row.
    pub other_p_final: f64,
    /// Tokens that can be drawn.
    pub kept_count: usize,
    /// The raw model first, then one entry per stage.
    pub stages: Vec<StageSummary>,
    /// Raw probability of the tokens the grammar allows; none without a grammar.
    pub legal_mass: Option<f64>,
}

/// A token with its numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// The token.
    pub id: TokenId,
    /// The model's logit.
    pub logit: f32,
    /// Softmax of the model's logits.
    pub p_base: f32,
    /// Probability of being drawn; 0 if cut.
    pub p_final: f32,
    /// Place among all tokens by `p_base`, from 1.
    pub rank_base: usize,
    /// Place among kept tokens by `p_final`, from 1; none if cut.
    pub rank_final: Option<usize>,
    /// Whether the grammar allows it (true without one).
    pub valid: bool,
    /// The stage that cut it.
    pub cut_by: Option<StageId>,
    /// Probability after each of the report's stages.
    pub after: Vec<f32>,
}

/// What a stage did to the distribution as a whole.
#[derive(Debug, Clone, PartialEq)]
pub struct StageSummary {
    /// The stage; none for the raw model.
    pub stage: Option<StageId>,
    /// What the page calls it.
    pub label: &'static str,
    /// The values of its knobs.
    pub knobs: Vec<(&'static str, KnobValue)>,
    /// Tokens not cut so far.
    pub kept: usize,
    /// Probability, before it, of the tokens it cut.
    pub removed_mass: f64,
    /// Entropy after it, in bits.
    pub entropy_bits: f64,
}

impl Explained {
    /// Reports the `n_rows` best tokens.
    ///
    /// Rows rank by probability just before the nucleus, so that what the nucleus cut stays in
    /// sight. Under a grammar its legal tokens come first, and the illegal ones the model wanted
    /// most fill what is left.
    pub fn report(&self, settings: &Settings, n_rows: usize) -> DistributionReport {
        let ids = self.best(n_rows);
        let base_ranks = ranks(&ids, &self.raw_logits, |_| true);
        let final_ranks =
            ranks(&ids, self.distribution.logits(), |id| self.distribution.is_kept(id));
        let with_ranks = ids.into_iter().zip(base_ranks).zip(final_ranks);
        let rows: Vec<Row> = with_ranks
            .map(|((id, rank_base), rank_final)| self.row(id, rank_base, rank_final))
            .collect();
        let kept_count = self.snapshots[self.snapshots.len() - 1].kept;
        // Where no other token is left, the rounding of those shown must not look like one.
        let rest = |shown: f64, all: bool| if all { 0.0 } else { (1.0 - shown).max(0.0) };
        let all_base = rows.len() == self.raw_logits.len();
        let all_kept = rows.iter().filter(|row| row.cut_by.is_none()).count() == kept_count;
        DistributionReport {
            other_p_base: rest(rows.iter().map(|row| f64::from(row.p_base)).sum(), all_base),
            other_p_final: rest(rows.iter().map(|row| f64::from(row.p_final)).sum(), all_kept),
            kept_count,
            stages: self.summaries(settings),
            legal_mass: self.constrained.then(|| {
                let legal = self.all_ids().filter(|id| self.is_valid(*id));
                legal.map(|id| f64::from(self.base_probabilities()[id.index()])).sum()
            }),
            rows,
        }
    }

    fn best(&self, n_rows: usize) -> Vec<TokenId> {
        let legal = self.all_ids().filter(|id| self.is_valid(*id));
        let mut best: Vec<TokenId> =
            Ranking::new(legal, self.distribution.logits()).take(n_rows).collect();
        if best.len() < n_rows {
            let illegal = self.all_ids().filter(|id| !self.is_valid(*id));
            best.extend(Ranking::new(illegal, &self.raw_logits).take(n_rows - best.len()));
        }
        best
    }

    fn row(&self, id: TokenId, rank_base: usize, rank_final: usize) -> Row {
        let cut_by = self.distribution.cut_by(id);
        Row {
            id,
            logit: self.raw_logits[id.index()],
            p_base: self.base_probabilities()[id.index()],
            p_final: self.final_probabilities()[id.index()],
            rank_base,
            rank_final: cut_by.is_none().then_some(rank_final),
            valid: self.is_valid(id),
            cut_by,
            after: self.snapshots.iter().map(|s| s.probabilities[id.index()]).collect(),
        }
    }

    fn summaries(&self, settings: &Settings) -> Vec<StageSummary> {
        let describe = |stage: Option<StageId>| {
            let stage = STAGES.iter().find(|known| Some(known.id()) == stage);
            stage.map_or(("Raw model", Vec::new()), |s| (s.label(), s.values(settings)))
        };
        self.snapshots
            .iter()
            .map(|snapshot| {
                let (label, knobs) = describe(snapshot.stage);
                StageSummary {
                    stage: snapshot.stage,
                    label,
                    knobs,
                    kept: snapshot.kept,
                    removed_mass: snapshot.removed_mass,
                    entropy_bits: snapshot.entropy_bits,
                }
            })
            .collect()
    }

    fn all_ids(&self) -> impl Iterator<Item = TokenId> {
        (0..self.raw_logits.len() as u32).map(TokenId)
    }
}

/// The places, from 1, of some tokens by logit among the counted; ties go to the lower id.
///
/// One pass over the vocabulary for all of them: each counted token is sorted in among the few.
fn ranks(ids: &[TokenId], logits: &[f32], counts: impl Fn(TokenId) -> bool) -> Vec<usize> {
    let is_before = |a: TokenId, b: TokenId| {
        let (logit_a, logit_b) = (logits[a.index()], logits[b.index()]);
        logit_a > logit_b || (logit_a == logit_b && a < b)
    };
    let sorted: Vec<TokenId> = Ranking::new(ids.iter().copied(), logits).collect();
    // Counted tokens that come before sorted[i], but not before sorted[i - 1].
    let mut between = vec![0; sorted.len() + 1];
    for id in (0..logits.len() as u32).map(TokenId).filter(|id| counts(*id)) {
        between[sorted.partition_point(|known| !is_before(id, *known))] += 1;
    }
    let mut rank_of = vec![0; sorted.len()];
    let mut before = 0;
    for (place, id) in sorted.iter().enumerate() {
        before += between[place];
        let row = ids.iter().position(|known| known == id).expect("sorted holds the same ids");
        rank_of[row] = before + 1;
    }
    rank_of
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{assert_close, logits_of};
    use crate::{History, Inputs, explain};
    use tokenscope_tokens::TokenMask;

    const RAW: [f32; 5] = [0.1, 0.35, 0.2, 0.3, 0.05];

    fn report(
        settings: &Settings,
        seen: &[u32],
        mask: Option<&[u32]>,
        n: usize,
    ) -> DistributionReport {
        let completion: Vec<TokenId> = seen.iter().copied().map(TokenId).collect();
        let mask = mask.map(|ids| TokenMask::from_allowed(5, ids.iter().copied().map(TokenId)));
        let history = History { completion: &completion, ..History::default() };
        let inputs = Inputs { settings, history, mask: mask.as_ref() };
        explain(&logits_of(&RAW), &inputs).unwrap().report(settings, n)
    }

    fn plain() -> Settings {
        Settings { temperature: 1.0, top_p: 1.0, repetition_penalty: 1.0, ..Settings::default() }
    }

    fn ids(report: &DistributionReport) -> Vec<u32> {
        report.rows.iter().map(|row| row.id.0).collect()
    }

    #[test]
    fn what_the_nucleus_cut_stays_in_sight() {
        let settings = Settings { top_p: 0.6, ..plain() };
        let report = report(&settings, &[], None, 3);
        assert_eq!(ids(&report), [1, 3, 2]);
        assert_eq!(report.kept_count, 2);
        let finals: Vec<f32> = report.rows.iter().map(|row| row.p_final).collect();
        assert_close(&finals, &[35.0 / 65.0, 30.0 / 65.0, 0.0]);
        assert_eq!(report.rows[2].cut_by, Some(StageId::TopP));
        assert_eq!(report.rows[2].rank_final, None);
        assert_close(&[report.other_p_base as f32], &[0.15]);
        assert_eq!(report.other_p_final, 0.0);
        assert_close(&report.rows[2].after, &[0.2, 0.2, 0.2, 0.2, 0.2, 0.0]);
        assert_eq!(report.legal_mass, None);
    }

    #[test]
    fn penalties_change_ranks() {
        // A presence penalty of ln 7 takes the best token from .35 to .05.
        let settings = Settings { presence_penalty: 7f64.ln(), ..plain() };
        let report = report(&settings, &[1], None, 5);
        assert_eq!(ids(&report), [3, 2, 0, 1, 4]);
        let ranks: Vec<_> = report.rows.iter().map(|r| (r.rank_base, r.rank_final)).collect();
        let expected = [(2, Some(1)), (3, Some(2)), (4, Some(3)), (1, Some(4)), (5, Some(5))];
        assert_eq!(ranks, expected);
    }

    #[test]
    fn under_a_grammar_legal_tokens_come_first_and_then_what_the_model_wanted() {
        let settings = Settings { top_p: 0.5, ..plain() };
        let report = report(&settings, &[], Some(&[0, 4]), 4);
        assert_eq!(ids(&report), [0, 4, 1, 3]);
        let valid: Vec<bool> = report.rows.iter().map(|row| row.valid).collect();
        assert_eq!(valid, [true, true, false, false]);
        let cut: Vec<_> = report.rows.iter().map(|row| row.cut_by.map(StageId::name)).collect();
        assert_eq!(cut, [None, Some("top_p"), Some("constraint"), Some("constraint")]);
        assert_eq!(report.kept_count, 1);
        assert_close(&[report.legal_mass.unwrap() as f32], &[0.15]);
    }

    #[test]
    fn ranks_are_what_counting_gives() {
        let logits: Vec<f32> = (0..300).map(|i| ((i * 31) % 17) as f32).collect();
        let counted = |id: TokenId| id.0 % 3 != 1;
        let ids: Vec<TokenId> = [7, 0, 299, 150, 17, 34].map(TokenId).to_vec();
        let slow = |id: TokenId| {
            let better = (0..300).map(TokenId).filter(|other| {
                let (own, others) = (logits[id.index()], logits[other.index()]);
                counted(*other) && (others > own || (others == own && *other < id))
            });
            1 + better.count()
        };
        let expected: Vec<usize> = ids.iter().map(|id| slow(*id)).collect();
        assert_eq!(ranks(&ids, &logits, counted), expected);
    }

    #[test]
    fn tokens_of_vanishing_probability_still_rank_by_their_logits() {
        // At this temperature all but the best underflow to zero.
        let settings = Settings { temperature: 1e-4, ..plain() };
        assert_eq!(ids(&report(&settings, &[], None, 5)), [1, 3, 2, 0, 4]);
    }
}
