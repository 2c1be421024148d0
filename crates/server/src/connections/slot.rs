//! One connection: what it is about, since when, and until when it may be.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::limits::Limits;
use super::log::{Log, Met};

/// What a connection is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// We do not know yet whose it is: it waits for us.
    Admitting,
    /// Nothing of the next request has come.
    Waiting,
    /// The first bytes of a request have come.
    Head,
    /// A request's headers have come, and not all of its body.
    Body,
    /// A request is being answered, or its answer is being read.
    Answering,
    /// All has been said, and the client has not hung up yet.
    Leaving,
}

/// For how long a client that keeps the server waiting may just be about to go on. Before that it is not taken for
/// one that could best be spared.
const GRACE: Duration = Duration::from_secs(2);

/// How long an answer may take that says that the body took too long.
const TIME_TO_SAY_SO: Duration = Duration::from_secs(5);

/// One connection. Its task changes it, and the table looks at it.
pub(super) struct Slot {
    client: IpAddr,
    limits: Arc<Limits>,
    log: Arc<Log>,
    now: Mutex<Now>,
    must_leave: CancellationToken,
}

#[derive(Clone, Copy)]
struct Now {
    stage: Stage,
    since: Instant,
    /// Whether a request has been answered here.
    has_served: bool,
    /// Since when the client has taken nothing of what lies ready for it.
    unread_since: Option<Instant>,
    /// Whether a request was handed on whose answer has not been written to its end.
    owes_answer: bool,
}

impl Slot {
    pub(super) fn new(client: IpAddr, stage: Stage, limits: &Arc<Limits>, log: &Arc<Log>) -> Self {
        Slot {
            client,
            limits: Arc::clone(limits),
            log: Arc::clone(log),
            now: Mutex::new(Now {
                stage,
                since: Instant::now(),
                has_served: false,
                unread_since: None,
                owes_answer: false,
            }),
            must_leave: CancellationToken::new(),
        }
    }

    fn now(&self) -> Now {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut Now)) {
        change(&mut self.now.lock().unwrap_or_else(PoisonError::into_inner));
    }

    pub(super) fn client(&self) -> IpAddr {
        self.client
    }

    pub(super) fn limits(&self) -> &Limits {
        &self.limits
    }

    pub(super) fn stage(&self) -> Stage {
        self.now().stage
    }

    /// Cancelled when the connection is to make room for another.
    pub(super) fn must_leave(&self) -> &CancellationToken {
        &self.must_leave
    }

    /// Whether it counts: it is not on its way out.
    pub(super) fn is_staying(&self) -> bool {
        self.stage() != Stage::Leaving && !self.must_leave.is_cancelled()
    }

    /// Tells what the connection is about from now on.
    pub(super) fn set(&self, stage: Stage) {
        self.change(|now| {
            now.has_served |= now.stage == Stage::Answering;
            (now.stage, now.since) = (stage, Instant::now());
        });
    }

    /// As [`Slot::set`], if it was about `before`.
    pub(super) fn set_after(&self, before: Stage, stage: Stage) {
        if self.stage() == before {
            self.set(stage);
        }
    }

    /// Tells that a request is handed on, with all of its body or not.
    pub(super) fn begin(&self, has_all: bool) {
        self.set(if has_all { Stage::Answering } else { Stage::Body });
        self.change(|now| now.owes_answer = true);
    }

    /// Tells that all that there was to write has been written.
    pub(super) fn flushed(&self) {
        self.change(|now| {
            now.unread_since = None;
            now.owes_answer &= now.stage != Stage::Waiting;
        });
    }

    /// Whether nothing has been asked that is still to be answered.
    pub(super) fn owes_nothing(&self) -> bool {
        !self.now().owes_answer
    }

    /// Tells whether the client takes what lies ready for it.
    pub(super) fn client_reads(&self, reads: bool) {
        self.change(|now| match reads {
            true => now.unread_since = None,
            false => now.unread_since = now.unread_since.or(Some(Instant::now())),
        });
    }

    /// The limit of time that the connection may meet next, and when that is.
    pub(super) fn deadline(&self) -> Option<(TimedOut, Instant)> {
        let (now, limits) = (self.now(), &self.limits);
        if let Some(since) = now.unread_since {
            return Some((TimedOut::Read, since + limits.read));
        }
        let (what, time) = match now.stage {
            Stage::Waiting => (TimedOut::Idle, limits.idle),
            Stage::Head => (TimedOut::Head, limits.head),
            // The body ends itself, with an answer. This is for a request that nobody reads.
            Stage::Body => (TimedOut::Body, limits.body + TIME_TO_SAY_SO),
            Stage::Admitting | Stage::Answering | Stage::Leaving => return None,
        };
        Some((what, now.since + time))
    }

    /// What it would cost to lose the connection, least first; none if it must not be lost. First those go
    /// that have long kept the server waiting in the midst of something or before they ever asked, then those
    /// that have been served and may come back, then those that have only just begun; and among their like, who
    /// has waited longest.
    pub(super) fn worth(&self) -> Option<(u8, Instant)> {
        let now = self.now();
        let is_slow = |since: Instant| since.elapsed() >= GRACE;
        match (now.stage, now.unread_since) {
            (Stage::Leaving, _) => Some((0, now.since)),
            (_, Some(since)) => is_slow(since).then_some((1, since)),
            (Stage::Admitting | Stage::Answering, _) => None,
            (Stage::Waiting, _) if now.has_served => Some((2, now.since)),
            (Stage::Waiting | Stage::Head | Stage::Body, _) => {
                Some((if is_slow(now.since) { 1 } else { 3 }, now.since))
            }
        }
    }

    pub(super) fn log(&self, met: Met) {
        self.log.tell(met, &self.limits);
    }

    /// Lets it have been about this for longer than it has.
    #[cfg(test)]
    pub(super) fn age(&self, time: Duration) {
        self.change(|now| {
            now.since -= time;
            now.unread_since = now.unread_since.map(|since| since - time);
        });
    }
}

/// A limit of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TimedOut {
    Idle,
    Head,
    Body,
    Read,
}
