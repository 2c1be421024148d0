//! Constraints are tried in a process that can be ended, before they are compiled here.

use std::ffi::OsString;
use std::io::{self, BufWriter, Write as _};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use crate::Constraint;
use crate::environment::Words;
use crate::trial_child::{self, Verdict};

/// How long the process may take by the clock, on a machine with much else to do. It ends itself after
/// [`trial_child::MOST_SECONDS`] of computing.
const PATIENCE: Duration = Duration::from_secs(20);

/// Growth after which a process is replaced: what was freed stays its own.
const TOO_FAT: u64 = trial_child::MOST_GROWTH / 2;

/// How to start a process that runs [`serve_trials`](crate::serve_trials).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Helper {
    /// The program.
    pub program: PathBuf,
    /// What it is told.
    pub arguments: Vec<OsString>,
}

/// How a trial ended.
pub(crate) enum Tried {
    /// It can be compiled here; it made the process grow by that many bytes.
    Bearable(u64),
    TooSlow,
    TooLarge,
    /// The process broke down.
    Broke,
    /// Nothing is known, for this reason.
    Unknown(String),
}

/// Tries constraints, one after the other.
pub(crate) struct Trial {
    helper: Helper,
    words: Arc<Words>,
    process: Mutex<Option<Process>>,
}

impl Trial {
    pub(crate) fn new(helper: Helper, words: Arc<Words>) -> Self {
        Trial { helper, words, process: Mutex::new(None) }
    }

    /// Whether a constraint can be compiled within the limits. Waits for its turn.
    pub(crate) fn run(&self, constraint: &Constraint) -> Tried {
        let mut process = self.process.lock().unwrap_or_else(PoisonError::into_inner);
        let running = match process.take() {
            Some(running) => Ok(running),
            None => Process::start(&self.helper, &self.words),
        };
        let mut running = match running {
            Ok(running) => running,
            Err(error) => {
                let program = self.helper.program.display();
                return Tried::Unknown(format!(
                    "its process ({program}) cannot be started: {error}"
                ));
            }
        };
        let tried = running.ask(constraint);
        *process = match tried {
            Tried::Bearable(growth) if growth < TOO_FAT => Some(running),
            _ => {
                drop(running);
                // The next one is not to wait until a process has read the vocabulary.
                Process::start(&self.helper, &self.words).ok()
            }
        };
        tried
    }
}

/// A process, with the ends of its pipes. It is ended when this is dropped.
struct Process {
    child: Child,
    input: Option<BufWriter<ChildStdin>>,
    verdicts: Receiver<io::Result<(Verdict, u64)>>,
}

impl Process {
    fn start(helper: &Helper, words: &Words) -> io::Result<Self> {
        let mut command = Command::new(&helper.program);
        command.args(&helper.arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn()?;
        let mut input = BufWriter::new(child.stdin.take().expect("it was asked for"));
        let mut output = child.stdout.take().expect("it was asked for");
        // A pipe cannot be waited at for a while only; a channel can.
        let (sender, verdicts) = sync_channel(1);
        let read = move || {
            loop {
                let verdict = Verdict::read(&mut output);
                let is_end = verdict.is_err();
                if sender.send(verdict).is_err() || is_end {
                    break;
                }
            }
        };
        thread::Builder::new().name("verdicts".into()).spawn(read)?;
        let written = words.write(&mut input);
        let process = Process { child, input: Some(input), verdicts };
        written.map(|()| process)
    }

    fn ask(&mut self, constraint: &Constraint) -> Tried {
        let input = self.input.as_mut().expect("it is there until the end");
        if let Err(error) = trial_child::write(input, constraint) {
            return Tried::Unknown(format!("its process has ended: {error}"));
        }
        match self.verdicts.recv_timeout(PATIENCE) {
            Ok(Ok((Verdict::Bearable, growth))) => Tried::Bearable(growth),
            Ok(Ok((Verdict::TooSlow, _))) => Tried::TooSlow,
            Ok(Ok((Verdict::TooLarge, _))) => Tried::TooLarge,
            Ok(Err(_)) | Err(RecvTimeoutError::Disconnected) => Tried::Broke,
            Err(RecvTimeoutError::Timeout) => {
                Tried::Unknown("its process did not get to it, so the machine is busy".into())
            }
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // At the end of its input it ends by itself, unless something holds it up.
        if let Some(mut input) = self.input.take() {
            let _ = input.flush();
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
