//! Lines about limits that were met, few however often that is: who attacks must not fill a log.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::limits::Limits;

/// A limit that was met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Met {
    Connections,
    PerClient,
    Files,
    HeadTime,
    BodyTime,
    ReadTime,
}

impl Met {
    const COUNT: usize = 6;
}

/// Between two lines about one limit.
const BETWEEN_LINES: Duration = Duration::from_secs(60);

/// What has been said lately.
#[derive(Default)]
pub(super) struct Log {
    lines: Mutex<[Line; Met::COUNT]>,
}

#[derive(Default, Clone, Copy)]
struct Line {
    written: Option<Instant>,
    /// How often the limit was met since, without a line.
    silent: u64,
}

impl Line {
    /// Whether a line is due now; if so, how often there was none.
    fn due(&mut self, now: Instant) -> Option<u64> {
        if self.written.is_some_and(|written| now.duration_since(written) < BETWEEN_LINES) {
            self.silent += 1;
            return None;
        }
        self.written = Some(now);
        Some(std::mem::take(&mut self.silent))
    }
}

impl Log {
    /// Writes a line about a limit, unless there has just been one.
    pub(super) fn tell(&self, met: Met, limits: &Limits) {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(silent) = lines[met as usize].due(Instant::now()) else { return };
        drop(lines);
        let what = sentence(met, limits);
        match silent {
            0 => tracing::warn!("{what}"),
            more => tracing::warn!("{what} ({more} more times since the last such line)"),
        }
    }
}

fn sentence(met: Met, limits: &Limits) -> String {
    match met {
        Met::Connections => format!(
            "There are {} connections, which is the most; for a new one the one that has waited longest goes.",
            limits.connections
        ),
        Met::PerClient => format!(
            "One address has {} connections, which is the most; for a new one of its own the one that has \
             waited longest goes.",
            limits.per_client
        ),
        Met::Files => {
            "The system gives no file descriptor for another connection (ulimit -n); for a new one the one \
             that has waited longest goes."
                .into()
        }
        Met::HeadTime => {
            format!("A connection was closed: no whole request within {:?}.", limits.head)
        }
        Met::BodyTime => {
            format!("A request was refused: no whole body within {:?}.", limits.body)
        }
        Met::ReadTime => format!(
            "A connection was closed: its client took nothing of the answer for {:?}.",
            limits.read
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_writes_one_line_a_minute_and_how_often_it_was() {
        let (start, mut line) = (Instant::now(), Line::default());
        for (second, due) in [
            (0, Some(0)),
            (0, None),
            (59, None),
            (60, Some(2)),
            (61, None),
            (300, Some(1)),
            (360, Some(0)),
        ] {
            assert_eq!(line.due(start + Duration::from_secs(second)), due, "second {second}");
        }
    }
}
