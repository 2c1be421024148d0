//! A constraint's text → a matcher at its beginning.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use llguidance::api::TopLevelGrammar;
use llguidance::{Matcher, ParserFactory};

use crate::error::Fault;
use crate::{Constraint, GrammarError, Kind, choices, embedded, lark, pattern, schema};

/// Longest text of a constraint, in bytes. Compiling takes some 10 ms per 100 kB of schema.
///
/// Limit of constraints: bytes of a constraint's text; 400.
const LONGEST_TEXT: usize = 500_000;

/// How long a constraint may take to compile, by the clock. Dear ones have been refused before (`trial.rs`), so
/// only a busy machine takes so long, and it is no verdict about the constraint.
///
/// Limit of constraints: time to compile one that was found bearable; 400, asked again.
const PATIENCE: Duration = Duration::from_secs(10);

/// What grammars nest, llguidance puts on the stack; this is enough for what the checks let through.
pub(crate) const STACK: usize = 64 << 20;

/// A compiled constraint.
#[derive(Clone)]
pub(crate) struct Compiled {
    pub(crate) start: Matcher,
    /// What the grammar does not enforce, though it says so.
    pub(crate) warnings: Vec<String>,
    /// Bytes that compiling it took in another process; 0 if it was not tried there.
    pub(crate) bytes: u64,
}

/// Compiles in a thread of its own, which has the stack for it, and is left behind if it takes too long. Only
/// one can be: as long as it goes on, others wait, and are refused if that takes too long, too.
pub(crate) struct Compiler {
    turn: Arc<Turn>,
}

/// Whether something is being compiled, and the news that it has ended.
#[derive(Default)]
struct Turn {
    is_taken: Mutex<bool>,
    ended: Condvar,
}

impl Turn {
    /// Waits for the turn; false if it was not given up in time.
    fn take(&self) -> bool {
        let is_taken = self.is_taken.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.ended.wait_timeout_while(is_taken, PATIENCE, |is_taken| *is_taken);
        let (mut is_taken, waited) = waited.unwrap_or_else(PoisonError::into_inner);
        if !waited.timed_out() {
            *is_taken = true;
        }
        !waited.timed_out()
    }

    fn give_up(&self) {
        *self.is_taken.lock().unwrap_or_else(PoisonError::into_inner) = false;
        self.ended.notify_one();
    }
}

impl Compiler {
    pub(crate) fn new() -> Self {
        Compiler { turn: Arc::default() }
    }

    /// # Errors
    /// If the text is not what its kind wants, or llguidance makes nothing of it, or takes too long.
    pub(crate) fn compile(
        &self,
        factory: &Arc<ParserFactory>,
        constraint: &Constraint,
    ) -> Result<Compiled, GrammarError> {
        let kind = constraint.kind;
        let unusable = |message: String, hint| {
            let fault = Fault { message, place: None, hint };
            GrammarError::Unusable { kind, fault }
        };
        Self::check_length(constraint)?;
        let (job, factory) = (constraint.clone(), Arc::clone(factory));
        let work = move || grammar(&job).map(|grammar| matcher(&factory, grammar));
        let compiled = match self.within_time(work) {
            Outcome::Done(compiled) => compiled?,
            Outcome::TooLong | Outcome::Busy => return Err(GrammarError::Busy { kind }),
            Outcome::Panic => {
                let message = "llguidance, which compiles it, came upon what it cannot handle";
                return Err(unusable(message.into(), "Simplify the grammar; the program goes on."));
            }
        };
        compiled.map_err(|message| {
            let fault = match kind {
                Kind::JsonSchema => schema::fault(&message),
                Kind::Cfg => {
                    let replaced = embedded::replaced(&constraint.text);
                    let line =
                        |line| replaced.as_ref().map_or(line, |replaced| replaced.line(line));
                    lark::fault(&constraint.text, &message, line)
                }
                Kind::Regex | Kind::MultipleChoice => {
                    let fault = lark::fault("", &message, |line| line);
                    Fault { place: None, ..fault }
                }
            };
            GrammarError::Unusable { kind, fault }
        })
    }

    /// # Errors
    /// If a text is longer than any may be.
    pub(crate) fn check_length(constraint: &Constraint) -> Result<(), GrammarError> {
        let len = constraint.text.len();
        if len <= LONGEST_TEXT {
            return Ok(());
        }
        let message = format!("{len} bytes are more than {LONGEST_TEXT}");
        let fault = Fault { message, place: None, hint: "Make the grammar smaller." };
        Err(GrammarError::Unusable { kind: constraint.kind, fault })
    }

    fn within_time<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Outcome<T> {
        if !self.turn.take() {
            return Outcome::Busy;
        }
        let (sender, receiver) = sync_channel(1);
        let turn = Arc::clone(&self.turn);
        let work = move || {
            let result = catch_unwind(AssertUnwindSafe(work));
            turn.give_up();
            // Nobody may be waiting any more.
            let _ = sender.send(result);
        };
        let thread = thread::Builder::new().name("grammar".into()).stack_size(STACK);
        thread.spawn(work).expect("the system can start a thread");
        match receiver.recv_timeout(PATIENCE) {
            Ok(Ok(done)) => Outcome::Done(done),
            Ok(Err(_)) => Outcome::Panic,
            Err(_) => Outcome::TooLong,
        }
    }
}

/// How work in a thread of its own went.
enum Outcome<T> {
    Done(T),
    TooLong,
    /// Earlier work still goes on.
    Busy,
    Panic,
}

/// Reads a constraint's text.
pub(crate) fn grammar(constraint: &Constraint) -> Result<TopLevelGrammar, GrammarError> {
    let Constraint { kind, text, whitespace } = constraint;
    match kind {
        Kind::MultipleChoice => {
            let choices = choices(text).map_err(GrammarError::Invalid)?;
            Ok(TopLevelGrammar::from_regex(&choices::pattern(&choices)))
        }
        Kind::Regex => {
            let pattern = pattern::checked(text).map_err(|fault| match fault.place {
                // There is none.
                None if text.trim().is_empty() => GrammarError::Invalid(fault),
                _ => GrammarError::Unusable { kind: *kind, fault },
            })?;
            Ok(TopLevelGrammar::from_regex(&pattern))
        }
        Kind::Cfg => {
            lark::check(text).map_err(GrammarError::Invalid)?;
            let replaced = embedded::replaced(text)
                .map_err(|fault| GrammarError::Unusable { kind: *kind, fault })?;
            Ok(TopLevelGrammar::from_lark(replaced.text))
        }
        Kind::JsonSchema => Ok(TopLevelGrammar::from_lark(schema::grammar(text, *whitespace)?)),
    }
}

/// Compiles a grammar.
///
/// # Errors
/// What llguidance says is wrong with it.
pub(crate) fn matcher(
    factory: &ParserFactory,
    grammar: TopLevelGrammar,
) -> Result<Compiled, String> {
    let mut start = Matcher::new(factory.create_parser(grammar));
    match start.get_error() {
        Some(message) => Err(message),
        None => {
            let warnings = start.grammar_warnings();
            Ok(Compiled { start, warnings, bytes: 0 })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_comes_while_something_is_compiled_waits_for_its_end() {
        let compiler = Compiler::new();
        let (begun, has_begun) = sync_channel(1);
        let (end, ends) = sync_channel::<()>(1);
        thread::scope(|scope| {
            let first = scope.spawn(|| {
                compiler.within_time(move || {
                    begun.send(()).unwrap();
                    ends.recv().unwrap();
                    1
                })
            });
            has_begun.recv().unwrap();
            let second = scope.spawn(|| compiler.within_time(|| 2));
            end.send(()).unwrap();
            assert!(matches!(first.join().unwrap(), Outcome::Done(1)));
            assert!(matches!(second.join().unwrap(), Outcome::Done(2)));
        });
        assert!(matches!(compiler.within_time(|| -> u8 { panic!("on purpose") }), Outcome::Panic));
        assert!(matches!(compiler.within_time(|| 3), Outcome::Done(3)));
    }
}
