//! All constraints of one vocabulary, and where completions stand in them.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Instant;

use llguidance::toktrie::SimpleVob;
use llguidance::{Matcher, ParserFactory};
use lru::LruCache;
use tokenscope_tokens::{TokenId, TokenMask, Tokenizer};

use crate::compiled::Compiled;
use crate::environment::Environment;
use crate::error::Violation;
use crate::forced::forced;
use crate::trial::Helper;
use crate::workshop::{KEPT_GRAMMARS, Preparation, Workshop, make_room};
use crate::{Constraint, GrammarError, Position};

/// Positions that are kept for each: a mask is a bit per token, 6 to 32 kB.
///
/// Limit of memory: positions that are kept of a constraint; the oldest is forgotten.
const KEPT_POSITIONS: NonZeroUsize = NonZeroUsize::new(256).unwrap();

/// The constraints of a vocabulary. A step consumes one token; what was asked before is looked up.
pub struct Grammars {
    workshop: Arc<Workshop>,
    n_tokens: usize,
    known: LruCache<Constraint, Result<Grammar, GrammarError>>,
}

struct Grammar {
    compiled: Compiled,
    /// Where `matcher` stands: after `consumed`. None after an error, which is final for a matcher.
    matcher: Option<Matcher>,
    consumed: Vec<TokenId>,
    positions: LruCache<Vec<TokenId>, Arc<Position>>,
}

impl Grammars {
    /// Begins to prepare a vocabulary. `n_tokens` is the number of logits, which may be padded
    /// beyond the vocabulary. Constraints that are not plainly cheap are tried by the helper before they are
    /// compiled here; without one they are compiled whatever it takes.
    pub fn new(tokenizer: &Tokenizer, n_tokens: usize, helper: Option<Helper>) -> Self {
        let workshop = Arc::new(Workshop::new(tokenizer, n_tokens, helper));
        Grammars { workshop, n_tokens, known: LruCache::new(KEPT_GRAMMARS) }
    }

    /// What has to be done before a constraint is used, if somebody else is to do it: a constraint that is
    /// used without is compiled then and there.
    pub fn preparation(&self, constraint: &Constraint) -> Option<Preparation> {
        let is_known = self.known.contains(constraint) || self.workshop.known(constraint).is_some();
        let (workshop, constraint) = (Arc::clone(&self.workshop), constraint.clone());
        (!is_known).then_some(Preparation { workshop, constraint })
    }

    /// Where a completion stands in a grammar that begins with it.
    ///
    /// # Errors
    /// If the constraint is wrong, too complex, or violated by the completion.
    pub fn position(
        &mut self,
        tokenizer: &Tokenizer,
        constraint: &Constraint,
        completion: &[TokenId],
    ) -> Result<Arc<Position>, GrammarError> {
        let n_tokens = self.n_tokens;
        let factory = self.workshop.factory(constraint)?;
        let grammar = self.grammar(constraint)?;
        if let Some(position) = grammar.positions.get(completion) {
            return Ok(Arc::clone(position));
        }
        let started = Instant::now();
        let mut matcher = grammar.matcher_after(tokenizer, constraint, completion, n_tokens)?;
        let position = position(&mut matcher, tokenizer, &factory, completion, n_tokens, started);
        // Asking for a mask may have been one thing too many for it.
        if !matcher.is_error() {
            grammar.put_back(matcher, tokenizer, completion);
        }
        let position = Arc::new(position.map_err(|limit| too_complex(constraint, limit))?);
        grammar.positions.put(completion.to_vec(), Arc::clone(&position));
        Ok(position)
    }

    /// How many of a token's bytes a grammar still allows after a completion: the byte at which an
    /// illegal token leaves it. Special tokens leave it at once.
    ///
    /// # Errors
    /// As [`Grammars::position`].
    pub fn legal_bytes(
        &mut self,
        tokenizer: &Tokenizer,
        constraint: &Constraint,
        completion: &[TokenId],
        ids: &[TokenId],
    ) -> Result<Vec<usize>, GrammarError> {
        let n_tokens = self.n_tokens;
        let grammar = self.grammar(constraint)?;
        let mut matcher = grammar.matcher_after(tokenizer, constraint, completion, n_tokens)?;
        let counts =
            ids.iter().map(|id| legal_bytes(&mut matcher, tokenizer, *id, n_tokens)).collect();
        if !matcher.is_error() {
            grammar.put_back(matcher, tokenizer, completion);
        }
        Ok(counts)
    }

    /// What a constraint says but does not enforce.
    ///
    /// # Errors
    /// If the constraint is wrong.
    pub fn warnings(&mut self, constraint: &Constraint) -> Result<Vec<String>, GrammarError> {
        Ok(self.grammar(constraint)?.compiled.warnings.clone())
    }

    fn grammar(&mut self, constraint: &Constraint) -> Result<&mut Grammar, GrammarError> {
        if !self.known.contains(constraint) {
            let compiled = self.workshop.compile(constraint);
            if let Err(error @ (GrammarError::Busy { .. } | GrammarError::NotTried { .. })) =
                compiled
            {
                return Err(error);
            }
            let grammar = compiled.map(|compiled| Grammar {
                compiled,
                matcher: None,
                consumed: Vec::new(),
                positions: LruCache::new(KEPT_POSITIONS),
            });
            self.known.put(constraint.clone(), grammar);
            make_room(&mut self.known, |grammar| {
                grammar.as_ref().map_or(0, |grammar| grammar.compiled.bytes)
            });
        }
        let known = self.known.get_mut(constraint).expect("it was put there");
        known.as_mut().map_err(|error| error.clone())
    }
}

impl Grammar {
    /// Takes the matcher and moves it to the end of a completion.
    fn matcher_after(
        &mut self,
        tokenizer: &Tokenizer,
        constraint: &Constraint,
        completion: &[TokenId],
        n_tokens: usize,
    ) -> Result<Matcher, GrammarError> {
        let alike = self.consumed.iter().zip(completion).take_while(|(a, b)| a == b).count();
        let too_far = self.consumed.len() - alike;
        // To the very beginning, a copy is quicker.
        let is_near = alike > 0 || too_far == 0;
        let moved = self.matcher.take().filter(|_| is_near).and_then(|mut matcher| {
            matcher.rollback(too_far).ok()?;
            Some((matcher, alike))
        });
        // Some lexers cannot go back.
        let (mut matcher, n_consumed) = moved.unwrap_or_else(|| (self.compiled.start.clone(), 0));
        for (index, id) in completion.iter().enumerate().skip(n_consumed) {
            let id = *id;
            let has_ended = index > 0 && tokenizer.is_end(completion[index - 1]);
            let is_legal = !has_ended
                && if tokenizer.is_end(id) {
                    may_end(&mut matcher)
                } else {
                    is_word(tokenizer, id) && matcher.validate_tokens(&[id.0]).is_ok_and(|n| n == 1)
                };
            if let Some(limit) = matcher.get_error() {
                return Err(too_complex(constraint, limit));
            }
            if !is_legal {
                let ended = has_ended || matcher.is_stopped();
                let legal_bytes = legal_bytes(&mut matcher, tokenizer, id, n_tokens);
                self.put_back(matcher, tokenizer, &completion[..index]);
                let text = tokenizer.vocabulary().text(id).into_owned();
                let violation = Violation { index, token: id, text, legal_bytes, ended };
                return Err(GrammarError::Violated { kind: constraint.kind, violation });
            }
            // An end is not for the matcher: it would stop there for good.
            if !tokenizer.is_end(id) {
                matcher
                    .consume_token(id.0)
                    .map_err(|error| too_complex(constraint, error.to_string()))?;
            }
        }
        Ok(matcher)
    }

    /// Keeps a matcher, which stands at the end of a completion without its end token.
    fn put_back(&mut self, matcher: Matcher, tokenizer: &Tokenizer, completion: &[TokenId]) {
        self.matcher = Some(matcher);
        self.consumed.clear();
        let is_word = |id: &&TokenId| !tokenizer.is_end(**id);
        self.consumed.extend(completion.iter().take_while(is_word));
    }
}

/// Whether the text is complete as it is. A matcher stops where nothing can follow.
fn may_end(matcher: &mut Matcher) -> bool {
    matcher.is_stopped() || matcher.is_accepting().unwrap_or(false)
}

/// Tokens without bytes would pass every grammar.
fn is_word(tokenizer: &Tokenizer, id: TokenId) -> bool {
    !tokenizer.vocabulary().bytes(id).is_empty()
}

fn too_complex(constraint: &Constraint, message: String) -> GrammarError {
    let limit = message.lines().next().unwrap_or_default().trim_end_matches('.').to_owned();
    GrammarError::TooComplex { kind: constraint.kind, limit }
}

fn legal_bytes(
    matcher: &mut Matcher,
    tokenizer: &Tokenizer,
    id: TokenId,
    n_tokens: usize,
) -> usize {
    if tokenizer.vocabulary().is_special(id) || matcher.is_stopped() {
        return 0;
    }
    let bytes = tokenizer.vocabulary().bytes(id).iter();
    let bytes: Vec<u32> = bytes.map(|byte| Environment::byte_token(n_tokens, *byte)).collect();
    matcher.validate_tokens(&bytes).unwrap_or(0)
}

fn position(
    matcher: &mut Matcher,
    tokenizer: &Tokenizer,
    factory: &ParserFactory,
    completion: &[TokenId],
    n_tokens: usize,
    started: Instant,
) -> Result<Position, String> {
    let trie = factory.tok_env().tok_trie();
    let has_ended = completion.last().is_some_and(|id| tokenizer.is_end(*id));
    let may_end = may_end(matcher);
    let allowed = matcher.clone().compute_mask_or_eos();
    let mask = match allowed {
        Ok(allowed) => to_mask(&allowed, n_tokens),
        // The grammar goes on, but not with any token there is.
        Err(error) if error.to_string().contains("NoExtension") => TokenMask::none(n_tokens),
        Err(error) => return Err(error.to_string()),
    };
    let mask_time = started.elapsed();
    let forced = Some(&mask)
        .filter(|mask| mask.count() > 0 && !has_ended)
        .and_then(|mask| forced(matcher, mask, tokenizer, trie));
    Ok(Position { n_legal: mask.count(), mask, may_end, has_ended, forced, mask_time })
}

fn to_mask(allowed: &SimpleVob, n_tokens: usize) -> TokenMask {
    let words = allowed.as_slice();
    let word = |index: usize| u64::from(words.get(index).copied().unwrap_or(0));
    TokenMask::from_words(n_tokens, |index| word(2 * index) | word(2 * index + 1) << 32)
}
