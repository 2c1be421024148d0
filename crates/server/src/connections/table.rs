//! All connections, and which of them makes room.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::limits::Limits;
use super::log::{Log, Met};
use super::slot::{Slot, Stage};

pub(super) struct Table {
    limits: Arc<Limits>,
    log: Arc<Log>,
    slots: Mutex<Slots>,
}

#[derive(Default)]
struct Slots {
    by_id: HashMap<u64, Arc<Slot>>,
    next_id: u64,
}

/// A connection's place in the table; dropping it frees the place.
pub(super) struct Entry {
    id: u64,
    slot: Arc<Slot>,
    table: Arc<Table>,
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.table.lock().by_id.remove(&self.id);
    }
}

impl Entry {
    pub(super) fn slot(&self) -> &Arc<Slot> {
        &self.slot
    }
}

/// Why a connection is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Full {
    /// There are as many as there can be, and all are being answered.
    Server,
    /// There are as many of this client as there can be, and all are being answered.
    Client,
}

impl Table {
    pub(super) fn new(limits: Limits) -> Arc<Self> {
        Arc::new(Table { limits: Arc::new(limits), log: Arc::default(), slots: Mutex::default() })
    }

    pub(super) fn limits(&self) -> &Limits {
        &self.limits
    }

    fn lock(&self) -> MutexGuard<'_, Slots> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether another connection may be accepted. If not, one that is on its way out is told to hurry.
    pub(super) fn has_place(&self) -> bool {
        let slots = self.lock();
        let has_place = slots.by_id.len() < self.limits.connections + self.limits.leaving;
        if !has_place && !slots.by_id.values().any(|slot| slot.must_leave().is_cancelled()) {
            slots.make_room(|slot| slot.stage() == Stage::Leaving);
        }
        has_place
    }

    /// Enters a connection. Where there are too many, the one goes that can best be spared; where none can be,
    /// the new one is entered as on its way out, with the reason.
    pub(super) fn enter(self: &Arc<Self>, peer: IpAddr) -> (Entry, Option<Full>) {
        let mut slots = self.lock();
        let client = client(peer);
        let full = self.make_room_for(client, &slots);
        let stage = if full.is_some() { Stage::Leaving } else { Stage::Admitting };
        let slot = Arc::new(Slot::new(client, stage, &self.limits, &self.log));
        let id = slots.next_id;
        slots.next_id += 1;
        slots.by_id.insert(id, Arc::clone(&slot));
        (Entry { id, slot, table: Arc::clone(self) }, full)
    }

    fn make_room_for(&self, client: IpAddr, slots: &Slots) -> Option<Full> {
        if !client.is_loopback() {
            let is_its = |slot: &Slot| slot.is_staying() && slot.client() == client;
            if slots.count(is_its) >= self.limits.per_client {
                self.log.tell(Met::PerClient, &self.limits);
                // Room for its own is room among all.
                return if slots.make_room(is_its) { None } else { Some(Full::Client) };
            }
        }
        if slots.count(Slot::is_staying) >= self.limits.connections {
            self.log.tell(Met::Connections, &self.limits);
            return if slots.make_room(Slot::is_staying) { None } else { Some(Full::Server) };
        }
        None
    }

    /// Lets the connection go that can best be spared, since the system has nothing for another.
    pub(super) fn make_room_for_want_of_files(&self) {
        self.log.tell(Met::Files, &self.limits);
        self.lock().make_room(|_| true);
    }
}

impl Slots {
    fn count(&self, which: impl Fn(&Slot) -> bool) -> usize {
        self.by_id.values().filter(|slot| which(slot)).count()
    }

    /// Tells the connection to leave that can best be spared, if any can.
    fn make_room(&self, which: impl Fn(&Slot) -> bool) -> bool {
        let slots = self.by_id.values();
        let slots = slots.filter(|slot| !slot.must_leave().is_cancelled() && which(slot));
        let spared = slots.filter_map(|slot| Some((slot.worth()?, slot)));
        let least = spared.min_by_key(|(worth, _)| *worth);
        least.inspect(|(_, slot)| slot.must_leave().cancel()).is_some()
    }
}

/// Who counts as one client: an address, or the network of which an IPv6 client has all addresses to itself.
fn client(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V6(ip) if !ip.is_loopback() => {
            let network = u128::from(ip) >> 64 << 64;
            Ipv6Addr::from(network).into()
        }
        ip => ip,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    fn table(connections: usize) -> Arc<Table> {
        let limits = Limits::of_this_process();
        Table::new(Limits { connections, per_client: 2, leaving: 2, ..limits })
    }

    fn welcome(table: &Arc<Table>, peer: IpAddr) -> Entry {
        let (entry, full) = table.enter(peer);
        assert_eq!(full, None);
        entry.slot().set(Stage::Waiting);
        entry
    }

    fn has_to_leave(entry: &Entry) -> bool {
        entry.slot().must_leave().is_cancelled()
    }

    #[tokio::test]
    async fn the_one_that_can_best_be_spared_makes_room() {
        use Stage::{Answering, Body, Head, Waiting};
        let served = [Head, Answering, Waiting];
        let (answered, unread) = (&[Head, Answering][..], true);
        // What each has been through, for how many seconds it has done the last, whether it takes nothing of its
        // answer, and its turn to go.
        let histories: [(&[Stage], u64, bool, Option<usize>); 10] = [
            (&served, 40, false, Some(4)),
            (&served, 0, false, Some(5)),
            (answered, 100, false, None),
            (answered, 100, unread, Some(0)),
            (answered, 1, unread, None),
            (&[Head, Body], 10, false, Some(3)),
            (&[Head, Body], 0, false, Some(7)),
            (&[Head], 20, false, Some(2)),
            (&[], 1, false, Some(6)),
            (&[], 30, false, Some(1)),
        ];
        let table = table(histories.len());
        let entries = histories.map(|(history, seconds, unread, _)| {
            let entry = welcome(&table, HERE);
            for stage in history {
                entry.slot().set(*stage);
            }
            if unread {
                entry.slot().client_reads(false);
            }
            entry.slot().age(Duration::from_secs(seconds));
            entry
        });
        let mut turns = [None; 10];
        let mut new = Vec::new();
        for turn in 0..8 {
            new.push(welcome(&table, HERE));
            new[turn].slot().set(Answering);
            for (place, entry) in turns.iter_mut().zip(&entries) {
                if has_to_leave(entry) {
                    place.get_or_insert(turn);
                }
            }
        }
        assert_eq!(turns, histories.map(|(.., turn)| turn));
        let (refused, full) = table.enter(HERE);
        assert_eq!(full, Some(Full::Server), "all are being answered");
        assert!(!refused.slot().is_staying());
    }

    #[tokio::test]
    async fn places_are_free_again_when_connections_have_ended() {
        let table = table(2);
        let first = [welcome(&table, HERE), welcome(&table, HERE)];
        for entry in &first {
            entry.slot().set(Stage::Answering);
        }
        let refused = [table.enter(HERE), table.enter(HERE)];
        assert!(refused.iter().all(|(entry, full)| full.is_some() && !has_to_leave(entry)));
        assert!(!table.has_place(), "two, and two on their way out");
        let told = refused.iter().filter(|(entry, _)| has_to_leave(entry)).count();
        assert_eq!(told, 1, "one has to hurry");
        assert!(!table.has_place());
        let told = refused.iter().filter(|(entry, _)| has_to_leave(entry)).count();
        assert_eq!(told, 1, "and is waited for");
        drop(refused);
        assert!(table.has_place());
        drop(first);
        let _next = [welcome(&table, HERE), welcome(&table, HERE)];
    }

    #[tokio::test]
    async fn a_client_elsewhere_has_a_limit_of_its_own() {
        for (what, one, same, other) in [
            ("IPv4", "10.0.0.1", "::ffff:10.0.0.1", "10.0.0.2"),
            ("IPv6", "2001:db8::1", "2001:db8::ffff:1", "2001:db8:0:1::1"),
        ] {
            let [one, same, other]: [IpAddr; 3] = [one, same, other].map(|ip| ip.parse().unwrap());
            let table = table(100);
            let (first, second) = (welcome(&table, one), welcome(&table, same));
            let _neighbours = (welcome(&table, other), welcome(&table, HERE));
            first.slot().age(Duration::from_secs(10));
            let third = welcome(&table, one);
            let left = [&first, &second].map(has_to_leave);
            assert_eq!(left, [true, false], "{what}: the one that has waited longest goes");
            for entry in [&second, &third] {
                entry.slot().set(Stage::Answering);
            }
            assert_eq!(table.enter(same).1, Some(Full::Client), "{what}");
            let _other = welcome(&table, other);
            let _here: Vec<Entry> = (0..50).map(|_| welcome(&table, HERE)).collect();
        }
    }

    #[tokio::test]
    async fn without_files_one_goes_for_each_that_comes() {
        let table = table(100);
        let entries: Vec<Entry> = (0..10).map(|_| welcome(&table, HERE)).collect();
        entries[4].slot().age(Duration::from_secs(10));
        table.make_room_for_want_of_files();
        let left = |entries: &[Entry]| entries.iter().filter(|entry| has_to_leave(entry)).count();
        assert!(has_to_leave(&entries[4]));
        assert_eq!(left(&entries), 1);
        table.make_room_for_want_of_files();
        assert_eq!(left(&entries), 2);
    }
}
