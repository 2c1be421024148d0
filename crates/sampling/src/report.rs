//! The part of an explained distribution that a screen shows.

use std::sync::Arc;

use tokenscope_tokens::TokenId;

use crate::knob::KnobValue;
use crate::ranking::{RankKey, places, top};
use crate::{Explained, STAGES, Settings, StageId};

/// How many of the model's favourites are reported wherever they rank in the end.
pub const N_FAVOURITES: usize = 3;

/// The best tokens with all their numbers, and a summary of every stage.
#[derive(Debug, Clone, PartialEq)]
pub struct DistributionReport {
    /// The rows, best first.
    pub rows: Vec<Row>,
    /// The [`N_FAVOURITES`] tokens that the raw model finds most probable, best first, with a row or
    /// without.
    pub favourites: Vec<Favourite>,
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

/// A token that the raw model finds most probable.
#[derive(Debug, Clone, PartialEq)]
pub struct Favourite {
    /// Its numbers.
    pub row: Row,
    /// The stage that cost it most places among all tokens by changing logits; none if no stage cost
    /// it any. A token that is cut keeps its place, so that this can be another stage than the one
    /// that cut it.
    pub sunk_by: Option<StageId>,
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
        let base_ranks = places(&ids, self.raw_logits());
        let mut rows: Vec<Row> =
            ids.iter().zip(base_ranks).map(|(id, p)| self.row(*id, p)).collect();
        // Every kept token that is better than a row's has a row before it.
        for (index, row) in rows.iter_mut().filter(|row| row.cut_by.is_none()).enumerate() {
            row.rank_final = Some(index + 1);
        }
        let kept_count = self.snapshots[self.snapshots.len() - 1].kept;
        // Where no other token is left, the rounding of those shown must not look like one.
        let rest = |shown: f64, all: bool| if all { 0.0 } else { (1.0 - shown).max(0.0) };
        let all_base = rows.len() == self.raw_logits().len();
        let all_kept = rows.iter().filter(|row| row.cut_by.is_none()).count() == kept_count;
        DistributionReport {
            other_p_base: rest(rows.iter().map(|row| f64::from(row.p_base)).sum(), all_base),
            other_p_final: rest(rows.iter().map(|row| f64::from(row.p_final)).sum(), all_kept),
            kept_count,
            stages: self.summaries(settings),
            favourites: self.favourites(&rows),
            legal_mass: self.legal_mass(),
            rows,
        }
    }

    /// Raw probability of the tokens the grammar allows; none without a grammar.
    pub fn legal_mass(&self) -> Option<f64> {
        self.constrained.then(|| {
            let raw = &self.snapshots[0];
            let is_legal = |cut_by| cut_by != Some(StageId::Constraint);
            raw.softmax.mass(&raw.logits, self.distribution.marks(), is_legal)
        })
    }

    /// The `n` tokens that the model wanted most of those the grammar forbids, most wanted first; none
    /// without a grammar.
    pub fn wanted(&self, n: usize) -> Vec<Row> {
        let is_illegal = |cut_by| cut_by == Some(StageId::Constraint);
        let wanted = top(n, self.raw_logits(), self.distribution.marks(), is_illegal);
        let ids: Vec<TokenId> = wanted.into_iter().map(RankKey::id).collect();
        let ranks = places(&ids, self.raw_logits());
        ids.into_iter().zip(ranks).map(|(id, rank_base)| self.row(id, rank_base)).collect()
    }

    /// The numbers of any tokens, each of which is named once.
    pub fn rows_of(&self, ids: &[TokenId]) -> Vec<Row> {
        let (logits, marks) = (self.distribution.logits(), self.distribution.marks());
        let key = |index: usize| RankKey::of(logits[index], index);
        let place = |id: TokenId| {
            let before = |other: &usize| marks[*other].is_none() && key(*other) < key(id.index());
            1 + (0..logits.len()).filter(before).count()
        };
        let ranked = ids.iter().zip(places(ids, self.raw_logits()));
        let rows = ranked.map(|(id, rank_base)| self.row(*id, rank_base));
        rows.map(|row| Row { rank_final: row.cut_by.is_none().then(|| place(row.id)), ..row })
            .collect()
    }

    /// The tokens that the raw model finds most probable; their rows are taken from `rows` where they
    /// are there.
    fn favourites(&self, rows: &[Row]) -> Vec<Favourite> {
        let best = top(N_FAVOURITES, self.raw_logits(), self.distribution.marks(), |_| true);
        let ids: Vec<TokenId> = best.into_iter().map(RankKey::id).collect();
        let missing = |id: &TokenId| rows.iter().all(|row| row.id != *id);
        let others: Vec<TokenId> = ids.iter().copied().filter(missing).collect();
        let others = self.rows_of(&others);
        let row_of = |id: TokenId| rows.iter().chain(&others).find(|row| row.id == id);
        let sunk_by = self.sunk_by(&ids);
        let favourites = ids
            .iter()
            .zip(sunk_by)
            .filter_map(|(id, sunk_by)| Some(Favourite { row: row_of(*id)?.clone(), sunk_by }));
        favourites.collect()
    }

    /// For each of the ids, the stage that cost it most places, the first of several.
    fn sunk_by(&self, ids: &[TokenId]) -> Vec<Option<StageId>> {
        let mut worst = vec![(0, None); ids.len()];
        let mut before = places(ids, self.raw_logits());
        for pair in self.snapshots.windows(2) {
            if Arc::ptr_eq(&pair[0].logits, &pair[1].logits) {
                continue;
            }
            let after = places(ids, &pair[1].logits);
            for ((worst, before), after) in worst.iter_mut().zip(&before).zip(&after) {
                let lost = after.saturating_sub(*before);
                if lost > worst.0 {
                    *worst = (lost, pair[1].stage);
                }
            }
            before = after;
        }
        worst.into_iter().map(|(_, stage)| stage).collect()
    }

    fn best(&self, n_rows: usize) -> Vec<TokenId> {
        let is_illegal = |cut_by| cut_by == Some(StageId::Constraint);
        let (logits, marks) = (self.distribution.logits(), self.distribution.marks());
        let mut best = top(n_rows, logits, marks, |cut_by| !is_illegal(cut_by));
        if best.len() < n_rows && self.constrained {
            best.extend(top(n_rows - best.len(), self.raw_logits(), marks, is_illegal));
        }
        best.into_iter().map(RankKey::id).collect()
    }

    /// `rank_final` is left open.
    fn row(&self, id: TokenId, rank_base: usize) -> Row {
        let after = self.probabilities(id);
        Row {
            id,
            logit: self.raw_logits()[id.index()],
            p_base: after[0],
            p_final: after[after.len() - 1],
            rank_base,
            rank_final: None,
            valid: self.is_valid(id),
            cut_by: self.distribution.cut_by(id),
            after,
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
        explain(logits_of(&RAW).into(), &inputs).unwrap().report(settings, n)
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
    fn the_favourites_are_there_wherever_they_rank_and_say_what_sank_them() {
        // A presence penalty of ln 7 takes .35 to .05, and one of ln 2 .3 to .15.
        let sinking = |penalty: f64| Settings { presence_penalty: penalty.ln(), ..plain() };
        let repeated = Settings { repetition_penalty: 100.0, ..sinking(2.0) };
        let presence = Some("presence_frequency");
        for (settings, seen, mask, expected) in [
            (plain(), &[][..], None, [(1, Some(1), None), (3, Some(2), None), (2, Some(3), None)]),
            (
                sinking(7.0),
                &[1],
                None,
                [(1, Some(4), presence), (3, Some(1), None), (2, Some(2), None)],
            ),
            // The logits are below 0, so that a penalty makes them smaller.
            (
                repeated,
                &[1],
                None,
                [(1, Some(5), Some("repetition")), (3, Some(1), None), (2, Some(2), None)],
            ),
            // Sunk first, and then cut by another stage.
            (
                Settings { top_p: 0.3, ..sinking(7.0) },
                &[1],
                None,
                [(1, None, presence), (3, Some(1), None), (2, None, None)],
            ),
            (
                plain(),
                &[],
                Some(&[0u32, 2][..]),
                [(1, None, None), (3, None, None), (2, Some(1), None)],
            ),
        ] {
            for n_rows in [1, 3, 5] {
                let report = report(&settings, seen, mask, n_rows);
                assert_eq!(report.rows.len(), n_rows);
                let found = report.favourites.iter().map(|favourite| {
                    let Favourite { row, sunk_by } = favourite;
                    (row.id.0, row.rank_final, sunk_by.map(StageId::name))
                });
                assert_eq!(found.collect::<Vec<_>>(), expected, "{settings:?}, {n_rows}");
                let ranks = report.favourites.iter().map(|favourite| favourite.row.rank_base);
                assert_eq!(ranks.collect::<Vec<_>>(), [1, 2, 3]);
            }
        }
    }

    #[test]
    fn tokens_that_are_asked_for_have_the_rows_of_a_full_report() {
        let settings = Settings { presence_penalty: 7f64.ln(), top_p: 0.8, ..plain() };
        for mask in [None, Some(&[0, 1, 4][..])] {
            let mask = mask.map(|ids| TokenMask::from_allowed(5, ids.iter().copied().map(TokenId)));
            let history = History { completion: &[TokenId(1)], ..History::default() };
            let inputs = Inputs { settings: &settings, history, mask: mask.as_ref() };
            let explained = explain(logits_of(&RAW).into(), &inputs).unwrap();
            let full = explained.report(&settings, 5).rows;
            for ids in [&[][..], &[4], &[3, 0, 1], &[0, 1, 2, 3, 4]] {
                let ids: Vec<TokenId> = ids.iter().copied().map(TokenId).collect();
                let of = |id: &TokenId| full.iter().find(|row| row.id == *id).unwrap().clone();
                assert_eq!(explained.rows_of(&ids), ids.iter().map(of).collect::<Vec<Row>>());
            }
        }
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
    fn what_the_model_wanted_is_the_best_that_is_forbidden() {
        let settings = plain();
        for (mask, expected) in [
            (Some(&[0u32, 4][..]), &[(1, 1), (3, 2), (2, 3)][..]),
            (Some(&[1]), &[(3, 2), (2, 3), (0, 4)]),
            (None, &[]),
        ] {
            let mask = mask.map(|ids| TokenMask::from_allowed(5, ids.iter().copied().map(TokenId)));
            let inputs =
                Inputs { settings: &settings, history: History::default(), mask: mask.as_ref() };
            let explained = explain(logits_of(&RAW).into(), &inputs).unwrap();
            let wanted = explained.wanted(3);
            let found: Vec<_> = wanted.iter().map(|row| (row.id.0, row.rank_base)).collect();
            assert_eq!(found, expected);
        }
    }

    #[test]
    fn tokens_of_vanishing_probability_still_rank_by_their_logits() {
        // At this temperature all but the best underflow to zero.
        let settings = Settings { temperature: 1e-4, ..plain() };
        assert_eq!(ids(&report(&settings, &[], None, 5)), [1, 3, 2, 0, 4]);
    }
}
