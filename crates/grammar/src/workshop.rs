//! Where constraints are compiled, away from whoever uses them, and kept.

use std::num::NonZeroUsize;
use std::panic::resume_unwind;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use llguidance::ParserFactory;
use lru::LruCache;
use tokenscope_tokens::Tokenizer;

use crate::compiled::{Compiled, Compiler};
use crate::cost;
use crate::environment::{Environment, Words};
use crate::error::Fault;
use crate::trial::{Helper, Trial, Tried};
use crate::trial_child::{MOST_GROWTH, MOST_SECONDS};
use crate::{Constraint, GrammarError, Kind};

/// Constraints that are kept compiled. Somebody who edits one leaves many behind.
///
/// Limit of memory: constraints that are kept compiled; the oldest is forgotten.
pub(crate) const KEPT_GRAMMARS: NonZeroUsize = NonZeroUsize::new(16).unwrap();

/// Bytes that they may take together, by what each took when it was tried.
///
/// Limit of memory: bytes of constraints that are kept compiled; the oldest is forgotten.
const KEPT_BYTES: u64 = 128 << 20;

/// A constraint, compiled, or why it is not.
type Outcome = Result<Compiled, GrammarError>;

/// The compiled constraints of a vocabulary.
pub(crate) struct Workshop {
    factory: Mutex<Factory>,
    compiler: Compiler,
    trial: Option<Trial>,
    known: Mutex<LruCache<Constraint, Outcome>>,
}

/// The vocabulary's trie takes longer than a request should, so it is made beforehand.
enum Factory {
    Coming(Option<JoinHandle<Result<ParserFactory, String>>>),
    Here(Arc<ParserFactory>),
    Failed(String),
}

impl Workshop {
    /// Begins to prepare a vocabulary.
    pub(crate) fn new(tokenizer: &Tokenizer, n_tokens: usize, helper: Option<Helper>) -> Self {
        let words = Arc::new(Words::new(tokenizer.vocabulary(), n_tokens, tokenizer.ends()));
        let trial = helper.map(|helper| Trial::new(helper, Arc::clone(&words)));
        let make = move || {
            // The meta-schemas are compiled when they are first needed; now is a better time.
            let _ = jsonschema::meta::validate(&serde_json::json!({}));
            Environment::new(&words).factory()
        };
        let thread = thread::Builder::new().name("vocabulary".into()).spawn(make);
        let thread = thread.expect("the system can start a thread");
        Workshop {
            factory: Mutex::new(Factory::Coming(Some(thread))),
            compiler: Compiler::new(),
            trial,
            known: Mutex::new(LruCache::new(KEPT_GRAMMARS)),
        }
    }

    /// The factory of the vocabulary's matchers; waits for it if need be.
    ///
    /// # Errors
    /// If llguidance cannot use the vocabulary.
    pub(crate) fn factory(
        &self,
        constraint: &Constraint,
    ) -> Result<Arc<ParserFactory>, GrammarError> {
        let mut kept = lock(&self.factory);
        if let Factory::Coming(thread) = &mut *kept {
            let thread = thread.take().expect("it is taken once");
            *kept = match thread.join().unwrap_or_else(|panic| resume_unwind(panic)) {
                Ok(factory) => Factory::Here(Arc::new(factory)),
                Err(message) => Factory::Failed(message),
            };
        }
        match &*kept {
            Factory::Here(factory) => Ok(Arc::clone(factory)),
            Factory::Coming(_) => unreachable!("it has just come"),
            Factory::Failed(message) => {
                let message = format!("the model's vocabulary cannot be used: {message}");
                let hint = "Constraints work with other models.";
                let fault = Fault { message, place: None, hint };
                Err(GrammarError::Unusable { kind: constraint.kind, fault })
            }
        }
    }

    /// What is known about a constraint, if it has been here lately.
    pub(crate) fn known(&self, constraint: &Constraint) -> Option<Outcome> {
        lock(&self.known).get(constraint).cloned()
    }

    /// Compiles a constraint, or finds it.
    ///
    /// # Errors
    /// What is wrong with it. Only what another time may be otherwise is forgotten.
    pub(crate) fn compile(&self, constraint: &Constraint) -> Outcome {
        if let Some(known) = self.known(constraint) {
            return known;
        }
        let outcome = self.compile_now(constraint);
        if matches!(outcome, Err(GrammarError::Busy { .. } | GrammarError::NotTried { .. })) {
            return outcome;
        }
        let mut known = lock(&self.known);
        known.put(constraint.clone(), outcome.clone());
        make_room(&mut known, |outcome| outcome.as_ref().map_or(0, |compiled| compiled.bytes));
        outcome
    }

    fn compile_now(&self, constraint: &Constraint) -> Outcome {
        let kind = constraint.kind;
        let dear = |limit: String| {
            let fault = cost::too_dear(constraint, &limit);
            GrammarError::Unusable { kind, fault }
        };
        let factory = self.factory(constraint)?;
        let mut bytes = 0;
        if let Some(trial) = self.trial.as_ref().filter(|_| !cost::is_cheap(constraint)) {
            Compiler::check_length(constraint)?;
            bytes = match trial.run(constraint) {
                Tried::Bearable(bytes) => bytes,
                Tried::TooSlow => {
                    return Err(dear(format!("more than {MOST_SECONDS} s of computing")));
                }
                Tried::TooLarge => {
                    return Err(dear(format!("more than {} MB of memory", MOST_GROWTH >> 20)));
                }
                Tried::Broke => return Err(dear("more than can be nested".into())),
                Tried::Unknown(reason) => return Err(GrammarError::NotTried { kind, reason }),
            };
        }
        let mut compiled = self.compiler.compile(&factory, constraint)?;
        compiled.bytes = bytes;
        Ok(compiled)
    }
}

/// Drops what was used longest ago until the rest is within [`KEPT_BYTES`]; the latest stays.
pub(crate) fn make_room<T>(known: &mut LruCache<Constraint, T>, bytes: impl Fn(&T) -> u64) {
    while known.len() > 1 && known.iter().map(|(_, kept)| bytes(kept)).sum::<u64>() > KEPT_BYTES {
        known.pop_lru();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A constraint that has to be compiled before it is used. That may take seconds, for which nobody else
/// has to wait.
#[derive(Clone)]
pub struct Preparation {
    pub(crate) workshop: Arc<Workshop>,
    pub(crate) constraint: Constraint,
}

impl Preparation {
    /// The constraint's kind.
    pub fn kind(&self) -> Kind {
        self.constraint.kind
    }

    /// Compiles it. What is wrong with the constraint itself is told to whoever uses it.
    ///
    /// # Errors
    /// If nothing is known, and another time may be otherwise.
    pub fn run(self) -> Result<(), GrammarError> {
        match self.workshop.compile(&self.constraint) {
            Err(error @ (GrammarError::Busy { .. } | GrammarError::NotTried { .. })) => Err(error),
            _ => Ok(()),
        }
    }
}

impl std::fmt::Debug for Preparation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Preparation").field("constraint", &self.constraint).finish_non_exhaustive()
    }
}
