//! The process in which constraints are tried. It ends itself when one takes too much.

use std::io::{self, Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use llguidance::ParserFactory;
use sysinfo::{Pid, ProcessRefreshKind, ProcessesToUpdate, System};

use crate::compiled::{STACK, grammar, matcher};
use crate::environment::{Environment, Words, read_bytes, read_number};
use crate::{Constraint, Kind, Whitespace};

/// Seconds of computing that a constraint may take, masks of its first positions included. The processor's
/// time counts, not the clock's: how busy the machine is says nothing about a constraint.
///
/// Limit of constraints: seconds of computing in which one is tried; 400.
pub(crate) const MOST_SECONDS: f64 = 1.0;

/// Bytes by which a constraint may make the process grow.
///
/// Limit of constraints: bytes that one may take when it is tried; 400.
pub(crate) const MOST_GROWTH: u64 = 96 << 20;

/// How often the process looks at itself.
const GLANCE: Duration = Duration::from_millis(4);

/// Positions that are looked at, along one way through the grammar.
const POSITIONS: usize = 8;

/// What the process answers about a constraint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It can be compiled, or is refused, within the limits.
    Bearable,
    /// It took more than [`MOST_SECONDS`]; the process has ended.
    TooSlow,
    /// It took more than [`MOST_GROWTH`]; the process has ended.
    TooLarge,
}

impl Verdict {
    const ALL: [Verdict; 3] = [Verdict::Bearable, Verdict::TooSlow, Verdict::TooLarge];

    /// Reads what [`Verdict::tell`] wrote, with the bytes by which the process has grown.
    pub(crate) fn read(from: &mut impl Read) -> io::Result<(Self, u64)> {
        let mut answer = [0; 9];
        from.read_exact(&mut answer)?;
        let verdict = Verdict::ALL.get(usize::from(answer[0])).ok_or(io::ErrorKind::InvalidData)?;
        let growth = answer[1..].try_into().expect("eight bytes are left");
        Ok((*verdict, u64::from_le_bytes(growth)))
    }

    fn tell(self, growth: u64) {
        let mut answer = vec![self as u8];
        answer.extend(growth.to_le_bytes());
        let mut out = io::stdout().lock();
        // Whoever asked may be gone; then the next read finds the end.
        let _ = out.write_all(&answer).and_then(|()| out.flush());
    }
}

/// Serves trials until standard input ends: first the words of a vocabulary, then constraints, each of
/// which is answered with a [`Verdict`]. Never returns.
pub fn serve_trials() -> ! {
    let mut input = io::BufReader::new(io::stdin());
    let Ok(words) = Words::read(&mut input) else { process::exit(0) };
    let (sender, constraints) = channel::<Constraint>();
    let tries = Arc::new(AtomicBool::new(false));
    let for_tries = Arc::clone(&tries);
    let work = move || {
        let Ok(factory) = Environment::new(&words).factory() else { process::exit(1) };
        drop(words);
        // The meta-schemas are no part of any constraint's cost.
        let _ = jsonschema::meta::validate(&serde_json::json!({}));
        let factory = Arc::new(factory);
        for constraint in constraints {
            let before = Usage::now();
            let watch = Watch::begin(before, &for_tries);
            // A panic is found again, and told, by whoever compiles it in earnest.
            let _ = catch_unwind(AssertUnwindSafe(|| attempt(&factory, &constraint)));
            watch.end();
            Verdict::Bearable.tell(Usage::now().bytes.saturating_sub(before.bytes));
        }
    };
    let thread = thread::Builder::new().name("trial".into()).stack_size(STACK).spawn(work);
    thread.expect("the system can start a thread");
    while let Ok(constraint) = read(&mut input) {
        if sender.send(constraint).is_err() {
            break;
        }
    }
    // The server has ended, or has enough of this process.
    process::exit(0)
}

/// Writes a constraint for [`read`].
pub(crate) fn write(to: &mut impl Write, constraint: &Constraint) -> io::Result<()> {
    use crate::environment::{write_bytes, write_number};
    write_number(to, constraint.kind as u32)?;
    write_number(to, constraint.whitespace as u32)?;
    write_bytes(to, constraint.text.as_bytes())?;
    to.flush()
}

fn read(from: &mut impl Read) -> io::Result<Constraint> {
    let [kind, whitespace] = [read_number(from)?, read_number(from)?];
    let invalid = || io::Error::from(io::ErrorKind::InvalidData);
    let kind = *Kind::ALL.iter().find(|each| **each as u32 == kind).ok_or_else(invalid)?;
    let is_single = whitespace == Whitespace::Single as u32;
    let whitespace = if is_single { Whitespace::Single } else { Whitespace::Flexible };
    let text = String::from_utf8(read_bytes(from)?).map_err(|_| invalid())?;
    Ok(Constraint { kind, text, whitespace })
}

/// Does what a step does, at the first positions of some text of the grammar.
fn attempt(factory: &ParserFactory, constraint: &Constraint) {
    let Ok(grammar) = grammar(constraint) else { return };
    let Ok(compiled) = matcher(factory, grammar) else { return };
    let mut matcher = compiled.start;
    for position in 0..POSITIONS {
        if matcher.is_stopped() {
            return;
        }
        let Ok(mask) = matcher.clone().compute_mask_or_eos() else { return };
        let _ = matcher.clone().compute_ff_bytes();
        let legal: Vec<u32> = mask.iter().collect();
        // Any way will do; this one takes other tokens at other positions.
        let Some(id) = legal.get((position * 7919 + 3) % legal.len().max(1)) else { return };
        if matcher.consume_token(*id).is_err() {
            return;
        }
    }
}

/// What the process has taken so far.
#[derive(Clone, Copy)]
struct Usage {
    seconds: f64,
    bytes: u64,
}

impl Usage {
    fn now() -> Self {
        Self::of(&mut System::new())
    }

    fn of(system: &mut System) -> Self {
        let own = Pid::from_u32(process::id());
        let what = ProcessRefreshKind::nothing().with_cpu().with_memory().without_tasks();
        system.refresh_processes_specifics(ProcessesToUpdate::Some(&[own]), false, what);
        // A system that tells nothing leaves it to the clock of whoever waits.
        system.process(own).map_or(Usage { seconds: 0.0, bytes: 0 }, |process| Usage {
            seconds: process.accumulated_cpu_time() as f64 / 1e3,
            bytes: process.memory(),
        })
    }
}

/// A thread that ends the process when a constraint has taken too much.
struct Watch<'a> {
    tries: &'a AtomicBool,
    thread: thread::JoinHandle<()>,
}

impl<'a> Watch<'a> {
    fn begin(before: Usage, tries: &'a Arc<AtomicBool>) -> Self {
        tries.store(true, Ordering::Release);
        let is_on = Arc::clone(tries);
        let watch = move || {
            let mut system = System::new();
            while is_on.load(Ordering::Acquire) {
                let now = Usage::of(&mut system);
                let growth = now.bytes.saturating_sub(before.bytes);
                let too_slow = now.seconds - before.seconds > MOST_SECONDS;
                if too_slow || growth > MOST_GROWTH {
                    let verdict = if too_slow { Verdict::TooSlow } else { Verdict::TooLarge };
                    verdict.tell(growth);
                    process::exit(0);
                }
                thread::sleep(GLANCE);
            }
        };
        let thread = thread::Builder::new().name("watch".into()).spawn(watch);
        Watch { tries, thread: thread.expect("the system can start a thread") }
    }

    fn end(self) {
        self.tries.store(false, Ordering::Release);
        let _ = self.thread.join();
    }
}
