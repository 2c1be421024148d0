//! All connections, and which of them makes room.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::limits::Limits;

/// What a connection is about. Those before `Answering` keep the server waiting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Doing {
    /// Nothing of the next request has come.
    Waiting,
    /// The first bytes of a request have come.
    Head,
    /// A request's headers have come, and not all of its body.
    Body,
    /// A request is being answered, or its answer is being read.
    Answering,
    /// All has been said; the client has not hung up yet.
    Leaving,
}

/// A bound that was met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Met {
    Connections,
    PerPeer,
    Descriptors,
    HeadTime,
    BodyTime,
    ReadTime,
}

impl Met {
    const ALL: usize = 6;
}

/// A bound that is met again within this time gets no line of its own: who attacks must not fill a log.
const BETWEEN_LINES: Duration = Duration::from_secs(60);

/// How many descriptors to set free when there is none left: a model's files need some, too.
const DESCRIPTORS_TO_FREE: usize = 32;

/// Fewest connections, however few descriptors there are.
const FEWEST_CONNECTIONS: usize = 8;

pub(super) struct Table {
    limits: Limits,
    state: Mutex<State>,
}

struct State {
    slots: HashMap<u64, Arc<Slot>>,
    next_id: u64,
    /// Most connections: less than the limit when the system has not had descriptors for so many.
    most: usize,
    lines: [Line; Met::ALL],
}

#[derive(Default, Clone, Copy)]
struct Line {
    written: Option<Instant>,
    /// How often the bound was met since.
    silent: u64,
}

/// One connection. Its task changes it, the table looks at it.
pub(super) struct Slot {
    table: Arc<Table>,
    peer: IpAddr,
    now: Mutex<Now>,
    must_leave: CancellationToken,
}

#[derive(Clone, Copy)]
struct Now {
    doing: Doing,
    since: Instant,
    /// Whether a request has been answered here.
    has_served: bool,
    /// Since when the client has taken nothing of what lies ready for it.
    unread_since: Option<Instant>,
    /// Whether a request was handed on whose answer has not been written to its end.
    owes_answer: bool,
}

/// A connection's place in the table; dropping it frees the place.
pub(super) struct Entry {
    id: u64,
    slot: Arc<Slot>,
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.slot.table.lock().slots.remove(&self.id);
    }
}

impl Entry {
    pub(super) fn slot(&self) -> &Arc<Slot> {
        &self.slot
    }
}

impl Table {
    pub(super) fn new(limits: Limits) -> Self {
        let state = State {
            slots: HashMap::new(),
            next_id: 0,
            most: limits.connections,
            lines: [Line::default(); Met::ALL],
        };
        Table { limits, state: Mutex::new(state) }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place for one more connection. If there is none, the connection that keeps the server waiting
    /// longest makes room; none if all are being answered.
    pub(super) fn enter(self: &Arc<Self>, peer: IpAddr) -> Option<Entry> {
        let mut state = self.lock();
        let peer = peer.to_canonical();
        if !peer.is_loopback() {
            let here = |slot: &Slot| slot.peer == peer;
            if state.open(here) >= self.limits.per_peer {
                state.log(Met::PerPeer, &self.limits);
                state.make_room(here).then_some(())?;
            }
        }
        if state.open(|_| true) >= state.most {
            state.log(Met::Connections, &self.limits);
            state.make_room(|_| true).then_some(())?;
        }
        let slot = Arc::new(Slot {
            table: Arc::clone(self),
            peer,
            now: Mutex::new(Now {
                doing: Doing::Waiting,
                since: Instant::now(),
                has_served: false,
                unread_since: None,
                owes_answer: false,
            }),
            must_leave: CancellationToken::new(),
        });
        let id = state.next_id;
        state.next_id += 1;
        state.slots.insert(id, Arc::clone(&slot));
        Some(Entry { id, slot })
    }

    /// Sets some descriptors free, and keeps them free from then on.
    pub(super) fn out_of_descriptors(&self, error: &std::io::Error) {
        let mut state = self.lock();
        let open = state.open(|_| true);
        state.most =
            open.saturating_sub(DESCRIPTORS_TO_FREE).max(FEWEST_CONNECTIONS).min(state.most);
        tracing::debug!("cannot accept a connection: {error}");
        state.log(Met::Descriptors, &self.limits);
        for _ in state.most..open {
            state.make_room(|_| true);
        }
    }
}

impl State {
    /// Connections that have not been told to leave.
    fn open(&self, which: impl Fn(&Slot) -> bool) -> usize {
        let slots = self.slots.values();
        slots.filter(|slot| which(slot) && !slot.must_leave.is_cancelled()).count()
    }

    /// Tells the connection to leave that can best be spared, if any can.
    fn make_room(&self, which: impl Fn(&Slot) -> bool) -> bool {
        let slots = self.slots.values();
        let slots = slots.filter(|slot| which(slot) && !slot.must_leave.is_cancelled());
        let spared = slots.filter_map(|slot| Some((slot.now().worth()?, slot)));
        let least = spared.min_by_key(|(worth, _)| *worth);
        least.inspect(|(_, slot)| slot.must_leave.cancel()).is_some()
    }

    /// A line about a bound, unless there has just been one.
    fn log(&mut self, met: Met, limits: &Limits) {
        let most = self.most;
        let line = &mut self.lines[met as usize];
        if line.written.is_some_and(|written| written.elapsed() < BETWEEN_LINES) {
            line.silent += 1;
            return;
        }
        let what = match met {
            Met::Connections => format!(
                "There are {most} connections, which is the most; each new one takes the place of the \
                 one that has kept the server waiting longest."
            ),
            Met::PerPeer => format!(
                "One address has {} connections, which is the most; its slowest make room for its new \
                 ones.",
                limits.per_peer
            ),
            Met::Descriptors => format!(
                "The system gives no more file descriptors (ulimit -n); from now on there are at most \
                 {most} connections."
            ),
            Met::HeadTime => {
                format!("A connection was closed: no whole request within {:?}.", limits.head)
            }
            Met::BodyTime => {
                format!("A connection was closed: no whole body within {:?}.", limits.body)
            }
            Met::ReadTime => format!(
                "A connection was closed: its client took nothing of the answer for {:?}.",
                limits.read
            ),
        };
        match std::mem::take(&mut line.silent) {
            0 => tracing::warn!("{what}"),
            more => tracing::warn!("{what} ({more} more times since the last such line)"),
        }
        line.written = Some(Instant::now());
    }
}

impl Slot {
    fn now(&self) -> Now {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut Now)) {
        change(&mut self.now.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Tells what the connection is about from now on.
    pub(super) fn set(&self, doing: Doing) {
        self.change(|now| {
            now.has_served |= now.doing == Doing::Answering;
            (now.doing, now.since) = (doing, Instant::now());
        });
    }

    /// As [`Slot::set`], if it was about `before`.
    pub(super) fn set_after(&self, before: Doing, doing: Doing) {
        if self.now().doing == before {
            self.set(doing);
        }
    }

    /// Tells that a request is handed on.
    pub(super) fn begin(&self, doing: Doing) {
        self.set(doing);
        self.change(|now| now.owes_answer = true);
    }

    /// Tells that all that there was to write has been written.
    pub(super) fn flushed(&self) {
        self.change(|now| now.owes_answer &= now.doing != Doing::Waiting);
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

    /// What the connection is about, and until when it may be.
    pub(super) fn deadline(&self) -> (Doing, Option<Instant>) {
        let (now, limits) = (self.now(), &self.table.limits);
        if let Some(since) = now.unread_since {
            return (Doing::Answering, Some(since + limits.read));
        }
        let time = match now.doing {
            Doing::Waiting => limits.idle,
            Doing::Head => limits.head,
            // The body ends itself, with an answer; this is for whom that does not reach.
            Doing::Body => limits.body + TIME_TO_SAY_SO,
            Doing::Answering | Doing::Leaving => return (now.doing, None),
        };
        (now.doing, Some(now.since + time))
    }

    /// Until when the body that is being read may take.
    pub(super) fn body_time(&self) -> Duration {
        self.table.limits.body
    }

    /// Cancelled when the connection is to make room for another.
    pub(super) fn must_leave(&self) -> &CancellationToken {
        &self.must_leave
    }

    pub(super) fn log(&self, met: Met) {
        self.table.lock().log(met, &self.table.limits);
    }
}

/// For an answer that says that the body took too long.
const TIME_TO_SAY_SO: Duration = Duration::from_secs(5);

impl Now {
    /// What it would cost to lose the connection, least first; none if it must not be lost. Who has begun a
    /// request and does not end it comes before who has been served and may come back, and among those
    /// the one that has waited longest.
    fn worth(&self) -> Option<(u8, Instant)> {
        let rank = match self.doing {
            Doing::Leaving => 0,
            _ if self.unread_since.is_some() => 1,
            Doing::Head => 1,
            Doing::Waiting if !self.has_served => 1,
            Doing::Body => 2,
            Doing::Waiting => 3,
            Doing::Answering => return None,
        };
        Some((rank, self.unread_since.unwrap_or(self.since)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(connections: usize) -> Arc<Table> {
        Arc::new(Table::new(Limits { connections, per_peer: 2, ..Limits::default() }))
    }

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    #[tokio::test]
    async fn the_one_that_can_best_be_spared_makes_room() {
        let table = table(6);
        let entries: Vec<Entry> = (0..6).map(|_| table.enter(HERE).unwrap()).collect();
        // What each has been through, and in which order they are told to go.
        let histories: [(&[Doing], Option<usize>); 6] = [
            (&[Doing::Head, Doing::Answering, Doing::Waiting], Some(4)),
            (&[Doing::Head, Doing::Answering], None),
            (&[Doing::Head, Doing::Body], Some(3)),
            (&[Doing::Head], Some(1)),
            (&[], Some(2)),
            (&[Doing::Head, Doing::Answering, Doing::Leaving], Some(0)),
        ];
        for (entry, (history, _)) in entries.iter().zip(histories) {
            for doing in history {
                entry.slot().set(*doing);
            }
        }
        // The untouched one is the oldest but for this.
        entries[3].slot().change(|now| now.since -= Duration::from_secs(1));
        entries[4].slot().change(|now| now.since -= Duration::from_millis(500));
        let mut order = [None; 6];
        for turn in 0..5 {
            let new = table.enter(HERE).unwrap();
            new.slot().set(Doing::Answering);
            std::mem::forget(new);
            for (place, entry) in order.iter_mut().zip(&entries) {
                if entry.slot().must_leave().is_cancelled() {
                    place.get_or_insert(turn);
                }
            }
        }
        assert_eq!(order, histories.map(|(_, place)| place));
        assert!(table.enter(HERE).is_none(), "all are being answered");
    }

    #[tokio::test]
    async fn an_address_elsewhere_has_a_bound_of_its_own() {
        let table = table(100);
        let far: [IpAddr; 2] = ["10.0.0.1".parse().unwrap(), "::ffff:10.0.0.1".parse().unwrap()];
        let other: IpAddr = "10.0.0.2".parse().unwrap();
        let first: Vec<Entry> = far.map(|peer| table.enter(peer).unwrap()).into();
        let _neighbour = (table.enter(other).unwrap(), table.enter(HERE).unwrap());
        let third = table.enter(far[0]).unwrap();
        let left: Vec<bool> =
            first.iter().map(|entry| entry.slot().must_leave().is_cancelled()).collect();
        assert_eq!(left, [true, false], "the oldest of that address goes");
        for entry in [&first[1], &third] {
            entry.slot().set(Doing::Answering);
        }
        assert!(table.enter(far[1]).is_none());
        assert!(table.enter(other).is_some());
        let here: Vec<_> = (0..50).map(|_| table.enter(HERE)).collect();
        assert!(here.iter().all(Option::is_some), "this machine is not one client");
    }

    #[tokio::test]
    async fn without_descriptors_some_are_set_free_and_stay_free() {
        let table = table(256);
        let entries: Vec<Entry> = (0..100).map(|_| table.enter(HERE).unwrap()).collect();
        table.out_of_descriptors(&std::io::Error::from_raw_os_error(24));
        let left = || entries.iter().filter(|e| e.slot().must_leave().is_cancelled()).count();
        assert_eq!(left(), DESCRIPTORS_TO_FREE);
        let _one_more = table.enter(HERE).unwrap();
        assert_eq!(left(), DESCRIPTORS_TO_FREE + 1);
    }
}
