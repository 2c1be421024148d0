//! The numbers.

use std::time::Duration;

/// Most bytes of a request's line and headers, and of what is read or written at once.
pub(crate) const LARGEST_HEAD: usize = 64 << 10;

/// Most connections at once. A browser opens six for a page.
const MOST_CONNECTIONS: usize = 256;

/// Most connections of one address elsewhere. All of this machine's clients have one address, so
/// there the bound of all connections is the only one, and the one that is slowest makes room.
const MOST_PER_PEER: usize = 64;

/// From the first byte of a request to the end of its headers.
const HEAD_TIME: Duration = Duration::from_secs(15);

/// From the end of the headers to the end of the body, which has 4 MiB at most.
const BODY_TIME: Duration = Duration::from_secs(30);

/// From an answer to the next request, or to the first one.
const IDLE_TIME: Duration = Duration::from_secs(60);

/// For how long a client may take nothing of an answer that lies ready.
const READ_TIME: Duration = Duration::from_secs(120);

/// How long answers under way may take when the program ends.
const FAREWELL: Duration = Duration::from_secs(3);

/// How many connections there may be, and how long the server waits for each.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Most connections at once.
    pub connections: usize,
    /// Most connections at once of one address that is not of this machine.
    pub per_peer: usize,
    /// From the first byte of a request to the end of its headers.
    pub head: Duration,
    /// From the end of the headers to the end of the body.
    pub body: Duration,
    /// From an answer to the next request, or from the connection to its first one.
    pub idle: Duration,
    /// For how long a client may take nothing of an answer that lies ready.
    pub read: Duration,
    /// How long answers under way may take when the server ends.
    pub farewell: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            connections: MOST_CONNECTIONS,
            per_peer: MOST_PER_PEER,
            head: HEAD_TIME,
            body: BODY_TIME,
            idle: IDLE_TIME,
            read: READ_TIME,
            farewell: FAREWELL,
        }
    }
}
