//! Preview and step, each one straight function from a query to a report.

use std::hash::{BuildHasher as _, RandomState};
use std::ops::RangeInclusive;
use std::sync::Arc;

use tokenscope_sampling::{Explained, History, Inputs, Row, coin, explain, pick};
use tokenscope_tokens::TokenId;

use crate::EngineError;
use crate::constraint::{self, ActiveConstraint, ConstraintQuery, GrammarReport};
use crate::job::Cancelled;
use crate::loaded::LoadedModel;
use crate::prefix_cache::Logits;
use crate::prompt::{PromptIds, encode, known_id, known_ids};
use crate::query::{Choice, PreviewQuery, StepQuery};
use crate::report::{Appended, PreviewReport, ShownDistribution, StepReport, TokenPill};
use crate::stop;

/// Tokens of one forward pass of a long input, at least and at most. The more there are, the less
/// the expansion of weights weighs, and the more memory the pass takes.
const TOKENS_PER_PASS: RangeInclusive<usize> = 64..=512;

/// Multiplications and additions of one layer in one pass. Between layers the job looks whether it
/// is still wanted, and this many take some 20 ms on a laptop.
const OPERATIONS_PER_LAYER: usize = 4_000_000_000;

/// Bytes of logits that one pass may write. A forced text wants the logits of all its positions, and
/// those of a large vocabulary take a megabyte each.
const LOGITS_PER_PASS: usize = 32 << 20;

/// Most tokens that one step may force: each gets a full report, which adds up.
///
/// Limit of requests: tokens that one step forces; 400.
const MOST_FORCED_TOKENS: usize = 512;

/// Most tokens that one preview may be asked about by id.
///
/// Limit of requests: tokens that a preview is asked about by id; 400.
const MOST_PROBES: usize = 50;

/// A report, and what will be asked about next if the user goes on.
pub(crate) struct Answer<R> {
    pub(crate) report: R,
    /// The input one token on; see [`run_ahead`]. None if it is over, or would not fit.
    pub(crate) next: Option<Vec<TokenId>>,
}

/// A query, understood by the model that answers it.
struct Asked<'q> {
    query: &'q PreviewQuery,
    ids: PromptIds,
    constraint: Option<ActiveConstraint>,
}

impl<'q> Asked<'q> {
    /// `constraint` is the query's, unless that does not matter.
    fn of(
        model: &mut LoadedModel,
        query: &'q PreviewQuery,
        constraint: Option<&ConstraintQuery>,
    ) -> Result<Self, EngineError> {
        let ids = PromptIds::of(model, &query.context)?;
        let constraint = ActiveConstraint::of(model, constraint, &ids)?;
        Ok(Asked { query, ids, constraint })
    }
}

/// What is said about one or more positions.
struct Seen {
    distributions: Vec<ShownDistribution>,
    /// About the first of them.
    grammar: Option<GrammarReport>,
}

/// Answers a preview.
pub(crate) fn preview(
    model: &mut LoadedModel,
    query: &PreviewQuery,
    cancelled: &Cancelled,
) -> Result<Answer<PreviewReport>, EngineError> {
    let constraint = query.constraint.as_ref().filter(|_| !query.tokens_only);
    let asked = Asked::of(model, query, constraint)?;
    let ids = &asked.ids;
    ids.check_length(model, 0)?;
    let probes = known_probes(model, &query.probes)?;
    let (distribution, grammar) = if query.tokens_only {
        (None, None)
    } else {
        let logits = logits_after(model, &ids.all(), 1, cancelled)?;
        let explained = explain_at(model, &asked, &[], &logits[0])?;
        let grammar = debug(model, &asked, &explained, cancelled)?;
        (Some(shown(model, &asked, &explained, &probes)), grammar)
    };
    let pills = |ids: &[TokenId]| {
        ids.iter().map(|id| TokenPill::of(model.tokenizer.vocabulary(), *id)).collect()
    };
    let report = PreviewReport {
        model: model.facts.clone(),
        prompt: pills(&ids.prompt),
        system_folded: ids.system_folded,
        completion: pills(&ids.completion),
        distribution,
        grammar,
        elapsed: Default::default(),
    };
    Ok(Answer { report, next: None })
}

/// Answers a step.
pub(crate) fn step(
    model: &mut LoadedModel,
    query: &StepQuery,
    cancelled: &Cancelled,
) -> Result<Answer<StepReport>, EngineError> {
    let asked = Asked::of(model, &query.preview, query.preview.constraint.as_ref())?;
    let ids = &asked.ids;
    let (appended, seen, luck) = match &query.choice {
        Choice::Sample => {
            let (id, seen, luck) = draw(model, &asked, cancelled)?;
            (vec![id], seen, Some(luck))
        }
        forced => {
            let tokens = match forced {
                Choice::Sample => Vec::new(),
                Choice::Token(token) => vec![known_id(model, "force_token_id", *token)?],
                Choice::Tokens(tokens) => known_ids(model, "force_token_ids", tokens)?,
                Choice::Text(_) if asked.constraint.is_some() => {
                    return Err(EngineError::ForceTextConstrained);
                }
                Choice::Text(text) => encode(model, text)?,
            };
            let seen = force(model, &asked, &tokens, cancelled)?;
            (tokens, seen, None)
        }
    };
    let Seen { distributions, grammar } = seen;

    let completion = [ids.completion.as_slice(), &appended].concat();
    let stop = stop::reason(&model.tokenizer, &completion, &appended, &query.stop_sequences);
    let pills = appended.iter().map(|id| TokenPill::of(model.tokenizer.vocabulary(), *id));
    // Only after one token is it clear that just one more will have to be decoded.
    let goes_on = appended.len() == 1 && stop.is_none() && ids.check_length(model, 1).is_ok();
    let next = goes_on.then(|| [&ids.prompt[..], &completion].concat());
    let report = StepReport {
        model: model.facts.clone(),
        appended: pills
            .zip(distributions)
            .map(|(pill, distribution)| Appended { pill, distribution })
            .collect(),
        p_final: luck.as_ref().map(|luck| luck.p_final),
        completion,
        stop,
        seed_used: luck.and_then(|luck| luck.seed),
        grammar,
        elapsed: Default::default(),
    };
    Ok(Answer { report, next })
}

/// Decodes the token that a step has appended before anyone asks for what follows it: the page will,
/// and its user is looking at the new token meanwhile. Nothing is run if more than this one token is
/// missing.
///
/// # Panics
/// If `ids` is shorter than one token, or too long for the model.
pub(crate) fn run_ahead(model: &mut LoadedModel, ids: &[TokenId]) -> Result<(), EngineError> {
    let regime = model.model.config().regime(ids.len());
    let before = &ids[..ids.len() - 1];
    if model.cache.longest_prefix(regime, before).len() == before.len()
        && model.cache.logits(regime, ids, ids.len()).is_empty()
    {
        run(model, ids, ids.len(), &Cancelled::default())?;
    }
    Ok(())
}

/// How a drawn token came about.
struct Luck {
    p_final: f32,
    /// The seed that decided; none if the choice was greedy.
    seed: Option<i64>,
}

/// Takes the next token greedily or by chance.
fn draw(
    model: &mut LoadedModel,
    asked: &Asked<'_>,
    cancelled: &Cancelled,
) -> Result<(TokenId, Seen, Luck), EngineError> {
    let Asked { query, ids, .. } = asked;
    let settings = &query.settings;
    ids.check_length(model, 0)?;
    let logits = logits_after(model, &ids.all(), 1, cancelled)?;
    let explained = explain_at(model, asked, &[], &logits[0])?;
    let seed = (!settings.greedy).then(|| settings.seed.unwrap_or_else(draw_seed));
    let position = ids.completion.len() as u64;
    let id = pick(&explained, seed.map(|seed| coin(seed, position)));
    let luck = Luck { p_final: explained.final_probability(id), seed };
    let grammar = debug(model, asked, &explained, cancelled)?;
    Ok((id, Seen { distributions: vec![shown(model, asked, &explained, &[id])], grammar }, luck))
}

/// The distributions at the positions of given tokens. They come from passes over many tokens at
/// once, and their logits are let go pass by pass: those of a long text would fill the memory.
///
/// Under a constraint each of them must be legal at its place.
fn force(
    model: &mut LoadedModel,
    asked: &Asked<'_>,
    tokens: &[TokenId],
    cancelled: &Cancelled,
) -> Result<Seen, EngineError> {
    let ids = &asked.ids;
    if tokens.len() > MOST_FORCED_TOKENS {
        return Err(EngineError::TooManyForced { tokens: tokens.len(), limit: MOST_FORCED_TOKENS });
    }
    ids.check_length(model, tokens.len().saturating_sub(1))?;
    let mut distributions = Vec::with_capacity(tokens.len());
    let mut grammar = None;
    for chunk in tokens.chunks(logits_per_pass(model)) {
        let first = distributions.len();
        // The last token of a chunk is not input for any of the chunk's distributions.
        let input = [&ids.all(), &tokens[..first + chunk.len() - 1]].concat();
        let all_logits = logits_after(model, &input, chunk.len(), cancelled)?;
        for (place, logits) in (first..).zip(&all_logits) {
            cancelled.check()?;
            let explained = explain_at(model, asked, &tokens[..place], logits)?;
            if !explained.is_valid(tokens[place]) {
                return Err(EngineError::ForcedAgainstGrammar);
            }
            if place == 0 {
                grammar = debug(model, asked, &explained, cancelled)?;
            }
            distributions.push(shown(model, asked, &explained, &[tokens[place]]));
        }
    }
    Ok(Seen { distributions, grammar })
}

/// How many positions a pass may give the logits of.
pub(crate) fn logits_per_pass(model: &LoadedModel) -> usize {
    let fitting = LOGITS_PER_PASS / (size_of::<f32>() * model.facts.logit_size);
    fitting.clamp(1, tokens_per_pass(model))
}

/// How many tokens of a long input a model takes at once.
pub(crate) fn tokens_per_pass(model: &LoadedModel) -> usize {
    let layers = model.model.config().layers.len();
    // A multiplication and an addition for every weight.
    let operations_per_token = 2 * model.facts.parameters / layers;
    let tokens = OPERATIONS_PER_LAYER / operations_per_token.max(1);
    tokens.clamp(*TOKENS_PER_PASS.start(), *TOKENS_PER_PASS.end())
}

/// The logits that follow each of the last `n_outputs` ids, in order; from the cache as far as it
/// goes.
pub(crate) fn logits_after(
    model: &mut LoadedModel,
    ids: &[TokenId],
    n_outputs: usize,
    cancelled: &Cancelled,
) -> Result<Vec<Logits>, EngineError> {
    if ids.len() < n_outputs || ids.is_empty() {
        return Err(EngineError::EmptyContext);
    }
    let shortest = ids.len() + 1 - n_outputs;
    let (mut outputs, mut hit) = (Vec::with_capacity(n_outputs), true);
    // Where the wanted lengths go over into the other regime, the input is run in both.
    while outputs.len() < n_outputs {
        let first = shortest + outputs.len();
        let regime = |length| model.model.config().regime(length);
        let n_alike = (first..=ids.len()).take_while(|length| regime(*length) == regime(first));
        let last = first + n_alike.count() - 1;
        outputs.extend(model.cache.logits(regime(first), &ids[..last], first));
        let unknown = shortest + outputs.len();
        if unknown <= last {
            if hit {
                model.cache.count(false);
            }
            hit = false;
            outputs.extend(run(model, &ids[..last], unknown, cancelled)?);
        }
    }
    if hit {
        model.cache.count(true);
    }
    Ok(outputs)
}

/// The logits after each beginning of `ids` from length `shortest` on, which must all be of one
/// regime.
fn run(
    model: &mut LoadedModel,
    ids: &[TokenId],
    shortest: usize,
    cancelled: &Cancelled,
) -> Result<Vec<Logits>, EngineError> {
    let regime = model.model.config().regime(ids.len());
    // Every position whose logits are wanted must be run, known or not.
    let mut kv = model.cache.longest_prefix(regime, &ids[..shortest - 1]);
    let mut outputs = Vec::new();
    while kv.len() < ids.len() {
        cancelled.check()?;
        let start = kv.len();
        let end = (start + tokens_per_pass(model)).min(ids.len());
        let wanted = (end + 1).saturating_sub(shortest.max(start + 1));
        let go_on = || cancelled.check().is_ok();
        let forward = model.model.forward(&kv, &ids[start..end], wanted, &go_on);
        let forward = forward.ok_or(EngineError::Cancelled)?;
        kv = forward.cache;
        let logits: Vec<Logits> = forward.logits.into_iter().map(Arc::new).collect();
        // A pass without outputs is remembered too, so that a cancelled prompt resumes there.
        model.cache.insert(&ids[..end], kv.clone(), logits.clone());
        outputs.extend(logits);
    }
    Ok(outputs)
}

/// The distribution that follows the completion and what has been appended to it.
fn explain_at(
    model: &mut LoadedModel,
    asked: &Asked<'_>,
    appended: &[TokenId],
    logits: &Logits,
) -> Result<Explained, EngineError> {
    let completion = [asked.ids.completion.as_slice(), appended].concat();
    let position = match &asked.constraint {
        Some(constraint) => Some(constraint.position(model, &completion)?),
        None => None,
    };
    let vocabulary = model.tokenizer.vocabulary();
    let ids = asked.ids.prompt.iter().chain(&completion).copied();
    let mut specials: Vec<TokenId> = ids.filter(|id| vocabulary.is_special(*id)).collect();
    specials.sort_unstable();
    specials.dedup();
    let history =
        History { prompt: &asked.ids.prompt, completion: &completion, specials: &specials };
    let mask = position.as_ref().map(|position| &position.mask);
    let inputs = Inputs { settings: &asked.query.settings, history, mask };
    Ok(explain(Arc::clone(logits), &inputs)?)
}

/// What the grammar says about the position after the completion.
fn debug(
    model: &mut LoadedModel,
    asked: &Asked<'_>,
    explained: &Explained,
    cancelled: &Cancelled,
) -> Result<Option<GrammarReport>, EngineError> {
    let Some(constraint) = &asked.constraint else { return Ok(None) };
    Ok(Some(constraint::debug(model, constraint, &asked.ids, explained, cancelled)?))
}

fn shown(
    model: &LoadedModel,
    asked: &Asked<'_>,
    explained: &Explained,
    probes: &[TokenId],
) -> ShownDistribution {
    let numbers = explained.report(&asked.query.settings, asked.query.n_rows);
    let vocabulary = model.tokenizer.vocabulary();
    let pill_of = |row: &Row| TokenPill::of(vocabulary, row.id);
    let pills = numbers.rows.iter().map(pill_of).collect();
    let favourites = numbers.favourites.iter().map(|favourite| pill_of(&favourite.row)).collect();
    // A token that has a row already, as those that are drawn mostly have, is not ranked again.
    let is_shown = |id: &TokenId| numbers.rows.iter().any(|row| row.id == *id);
    let others: Vec<TokenId> = probes.iter().copied().filter(|id| !is_shown(id)).collect();
    let others = explained.rows_of(&others);
    let row_of = |id: &TokenId| numbers.rows.iter().chain(&others).find(|row| row.id == *id);
    let with_pill = |row: &Row| (pill_of(row), row.clone());
    let probes = probes.iter().filter_map(row_of).map(with_pill).collect();
    let constraint = asked.constraint.as_ref().map(ActiveConstraint::kind);
    let n_rows = asked.query.n_rows;
    ShownDistribution { n_rows, numbers, pills, favourites, constraint, probes }
}

/// Each id once, however often it is named.
fn known_probes(model: &LoadedModel, ids: &[i64]) -> Result<Vec<TokenId>, EngineError> {
    if ids.len() > MOST_PROBES {
        return Err(EngineError::TooManyProbes { ids: ids.len(), limit: MOST_PROBES });
    }
    let mut probes: Vec<TokenId> = Vec::with_capacity(ids.len());
    for id in known_ids(model, "probe_ids", ids)? {
        if !probes.contains(&id) {
            probes.push(id);
        }
    }
    Ok(probes)
}

/// A seed from the system's randomness, short enough to read aloud and exact in JSON.
fn draw_seed() -> i64 {
    i64::from(RandomState::new().hash_one(()) as u32)
}

#[cfg(test)]
pub(crate) mod tests {
    use tokenscope_sampling::Settings;

    use super::*;
    use crate::query::Context;

    fn ids(ids: &[i64]) -> Vec<TokenId> {
        ids.iter().map(|id| TokenId(*id as u32)).collect()
    }

    /// Asks for a step after these ids, greedily if nothing is forced.
    pub(crate) fn query(completion: &[i64], choice: Choice) -> StepQuery {
        let context = Context {
            prompt: String::new(),
            system_prompt: String::new(),
            use_chat_template: false,
            completion: completion.to_vec(),
        };
        let settings = Settings { greedy: true, ..Settings::default() };
        let (n_rows, constraint, tokens_only) = (5, None, false);
        let probes = Vec::new();
        let preview = PreviewQuery { context, settings, n_rows, constraint, probes, tokens_only };
        StepQuery { preview, choice, stop_sequences: vec!["xy".into()] }
    }

    #[test]
    fn a_step_goes_on_where_one_token_more_is_wanted_and_fits() {
        let mut model = LoadedModel::tiny("llama/model.gguf");
        // 123 is x, 2 is the end token, and the context has 256 places.
        let full = [9; 256];
        for (completion, choice, goes_on) in [
            (&[9][..], Choice::Sample, true),
            (&[9], Choice::Token(3), true),
            (&[9], Choice::Tokens(vec![3]), true),
            (&[9], Choice::Tokens(vec![3, 4]), false),
            (&[9], Choice::Token(2), false),
            (&[9], Choice::Text("y".into()), true),
            (&[123], Choice::Text("y".into()), false),
            (&full[1..], Choice::Token(3), true),
            (&full, Choice::Token(3), false),
        ] {
            let query = query(completion, choice);
            let answer = step(&mut model, &query, &Cancelled::default()).unwrap();
            let expected = goes_on.then_some(answer.report.completion);
            assert_eq!(answer.next, expected, "{} ids, {:?}", completion.len(), query.choice);
        }
    }

    #[test]
    fn running_ahead_makes_the_next_request_a_hit_and_counts_as_none() {
        let mut model = LoadedModel::tiny("llama/model.gguf");
        let cancelled = Cancelled::default();
        let counts = |model: &LoadedModel| (model.cache.usage().hits, model.cache.usage().misses);
        let answer = step(&mut model, &query(&[9, 10], Choice::Sample), &cancelled).unwrap();
        let next = answer.next.unwrap();
        let entries = model.cache.usage().entries;
        for _ in 0..2 {
            run_ahead(&mut model, &next).unwrap();
            assert_eq!(model.cache.usage().entries, entries + 1);
        }
        // Two tokens on is too far.
        run_ahead(&mut model, &[&next[..], &ids(&[5, 6])].concat()).unwrap();
        assert_eq!((counts(&model), model.cache.usage().entries), ((0, 1), entries + 1));
        let completion: Vec<i64> = next.iter().map(|id| i64::from(id.0)).collect();
        preview(&mut model, &query(&completion, Choice::Sample).preview, &cancelled).unwrap();
        assert_eq!(counts(&model), (1, 1));
    }

    #[test]
    fn nothing_is_run_ahead_where_all_of_it_would_have_to_be_run_again() {
        // Beyond 16 tokens all numbers of this model are others.
        let mut model = LoadedModel::tiny("phi3_longrope");
        for (length, more) in [(14, 1), (15, 1), (16, 0), (17, 1)] {
            let query = query(&[9; 17][..length], Choice::Token(9));
            let next = step(&mut model, &query, &Cancelled::default()).unwrap().next.unwrap();
            let entries = model.cache.usage().entries;
            run_ahead(&mut model, &next).unwrap();
            assert_eq!(model.cache.usage().entries, entries + more, "{length}");
        }
    }

    #[test]
    fn of_forced_tokens_only_those_are_run_that_are_not_known() {
        let mut model = LoadedModel::tiny("llama/model.gguf");
        let cancelled = Cancelled::default();
        let mut force = |completion: &[i64], tokens: &[i64]| {
            let query = query(completion, Choice::Tokens(tokens.to_vec()));
            let answer = step(&mut model, &query, &cancelled).unwrap();
            let rows = answer.report.appended.into_iter().map(|appended| {
                appended.distribution.numbers.rows.iter().map(|row| row.id).collect::<Vec<_>>()
            });
            let usage = model.cache.usage();
            (rows.collect::<Vec<_>>(), (usage.entries, usage.hits, usage.misses))
        };
        let (whole, counts) = force(&[9], &[10, 11, 12, 13]);
        assert_eq!(counts, (4, 0, 1));
        assert_eq!(force(&[9], &[10, 11, 12, 13]), (whole.clone(), (4, 1, 1)));
        // The logits after 9, 10 and 11 are known, and two more are wanted.
        let (other, counts) = force(&[9], &[10, 11, 20, 21]);
        assert_eq!((&other[..3], counts), (&whole[..3], (5, 1, 2)));
        assert_eq!(force(&[9, 10], &[11]), (whole[1..2].to_vec(), (5, 2, 2)));
    }
}
