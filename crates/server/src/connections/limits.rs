//! The numbers.

use std::time::Duration;

/// Limit of connections: bytes of a request's line and headers; 431.
pub(super) const LARGEST_HEAD: usize = 64 << 10;

/// Limit of connections: headers of a request; 431.
pub(super) const MOST_HEADERS: usize = 100;

/// A browser opens six for a page.
///
/// Limit of connections: open at once, and no more than half of the files that the process may have open; the one that waits longest makes room, else 503.
const MOST_CONNECTIONS: usize = 512;

/// All clients of this machine have one address, so the limit is for others.
///
/// Limit of connections: open at once from one address (or one IPv6 network) elsewhere; its own that waits longest makes room, else 429.
const MOST_PER_CLIENT: usize = 64;

/// What comes beyond it is not refused: its system tries again after a second.
///
/// Limit of connections: that wait to be accepted; tried again.
pub(super) const MOST_WAITING: u32 = 1024;

/// Limit of connections: time from a request's first byte to the end of its headers; 408.
const HEAD_TIME: Duration = Duration::from_secs(15);

/// Limit of connections: time from the end of the headers to the end of the body; 408.
const BODY_TIME: Duration = Duration::from_secs(30);

/// Limit of connections: time from an answer to the next request, or to the first one; closed.
const IDLE_TIME: Duration = Duration::from_secs(60);

/// Limit of connections: time in which a client takes nothing of an answer that lies ready; closed.
const READ_TIME: Duration = Duration::from_secs(120);

/// Limit of connections: time for a client to hang up after its last answer; closed.
const LEAVE_TIME: Duration = Duration::from_secs(2);

/// Limit of connections: time for answers under way when the program ends; closed.
const FAREWELL: Duration = Duration::from_secs(3);

/// How many connections there may be, and how long the server waits for each.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Most connections at once, without those that are on their way out.
    pub connections: usize,
    /// Most connections at once of one client that is not on this machine.
    pub per_client: usize,
    /// Most connections at once of which we do not know yet whose they are. More are accepted later.
    pub admitting: usize,
    /// Most connections at once that are on their way out.
    pub leaving: usize,
    /// From the first byte of a request to the end of its headers.
    pub head: Duration,
    /// From the end of the headers to the end of the body.
    pub body: Duration,
    /// From an answer to the next request, or from the connection to its first one.
    pub idle: Duration,
    /// For how long a client may take nothing of an answer that lies ready.
    pub read: Duration,
    /// For how long a client that has been told all may stay connected.
    pub leave: Duration,
    /// How long answers under way may take when the server ends.
    pub farewell: Duration,
}

impl Limits {
    /// The limits for this process: a system that lets it open few files lets it have few connections, and
    /// files of models need descriptors as well.
    pub fn of_this_process() -> Self {
        Self::with_files(most_open_files())
    }

    /// The limits for a process that may have so many files open, if there is a bound.
    fn with_files(files: Option<u64>) -> Self {
        let half = files.and_then(|files| usize::try_from(files / 2).ok()).unwrap_or(usize::MAX);
        let connections = MOST_CONNECTIONS.min(half).max(1);
        Limits {
            connections,
            per_client: MOST_PER_CLIENT,
            admitting: (connections / 4).max(1),
            leaving: (connections / 4).max(1),
            head: HEAD_TIME,
            body: BODY_TIME,
            idle: IDLE_TIME,
            read: READ_TIME,
            leave: LEAVE_TIME,
            farewell: FAREWELL,
        }
    }
}

/// `ulimit -n`.
#[cfg(unix)]
fn most_open_files() -> Option<u64> {
    rustix::process::getrlimit(rustix::process::Resource::Nofile).current
}

#[cfg(not(unix))]
fn most_open_files() -> Option<u64> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_files_are_few_connections() {
        for (files, connections, leaving) in [
            (None, 512, 128),
            (Some(1 << 20), 512, 128),
            (Some(1024), 512, 128),
            (Some(256), 128, 32),
            (Some(20), 10, 2),
            (Some(0), 1, 1),
        ] {
            let limits = Limits::with_files(files);
            assert_eq!((limits.connections, limits.leaving), (connections, leaving), "{files:?}");
        }
    }
}
