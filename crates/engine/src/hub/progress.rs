//! How far a download has come: bytes of all files together, and a speed that follows the moment.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::convert::Infallible;
use std::time::{Duration, Instant};

use crate::library::{LoadPhase, LoadStep};

/// Reports come at most this often.
const INTERVAL: Duration = Duration::from_millis(100);
/// A report comes at least about this often, once there was one.
const QUIET: Duration = Duration::from_millis(250);
/// The speed is that of this last stretch.
const RECENT: Duration = Duration::from_secs(4);

/// Adds up what all downloads of one model do, and reports it.
pub(super) struct Progress<'a> {
    report: &'a dyn Fn(LoadStep),
    counts: RefCell<Counts>,
}

struct Counts {
    bytes: u64,
    total: Option<u64>,
    /// Bytes that came over the network.
    received: u64,
    /// When how many bytes had come, oldest first.
    recent: VecDeque<(Instant, u64)>,
    last_report: Option<Instant>,
    /// What the last event was about, reported or not.
    current: Option<(LoadPhase, String)>,
}

impl<'a> Progress<'a> {
    pub(super) fn new(report: &'a dyn Fn(LoadStep)) -> Self {
        let counts = Counts {
            bytes: 0,
            total: None,
            received: 0,
            recent: VecDeque::new(),
            last_report: None,
            current: None,
        };
        Progress { report, counts: RefCell::new(counts) }
    }

    /// The bytes of all files that belong to the model.
    pub(super) fn set_total(&self, total: u64) {
        self.counts.borrow_mut().total = Some(total);
    }

    /// One of the files has another size than was thought.
    pub(super) fn resized(&self, from: u64, to: u64) {
        let mut counts = self.counts.borrow_mut();
        counts.total = counts.total.map(|total| total.saturating_sub(from).saturating_add(to));
    }

    /// Bytes that need not be fetched.
    pub(super) fn present(&self, bytes: u64) {
        self.counts.borrow_mut().bytes += bytes;
    }

    /// Bytes that have to be fetched again.
    pub(super) fn lost(&self, bytes: u64) {
        let mut counts = self.counts.borrow_mut();
        counts.bytes = counts.bytes.saturating_sub(bytes);
    }

    /// Bytes that have come.
    pub(super) fn received(&self, file: &str, bytes: u64) {
        {
            let mut counts = self.counts.borrow_mut();
            counts.bytes += bytes;
            counts.received += bytes;
        }
        self.tell(LoadPhase::Downloading, file, false);
    }

    /// Bytes that came and are being checked.
    pub(super) fn verifying(&self, file: &str) {
        self.tell(LoadPhase::Verifying, file, false);
    }

    /// Something that is worth a report even if the last one was a moment ago. `what` is shown in
    /// the place of the file.
    pub(super) fn announce(&self, phase: LoadPhase, what: &str) {
        self.tell(phase, what, true);
    }

    /// Goes on telling when nothing happens, so that the last bytes before a pause are counted
    /// and the speed falls in it. Never ends.
    pub(super) async fn keep_telling(&self) -> Infallible {
        loop {
            tokio::time::sleep(QUIET).await;
            let current = self.counts.borrow().current.clone();
            if let Some((phase, file)) = current {
                self.tell(phase, &file, false);
            }
        }
    }

    fn tell(&self, phase: LoadPhase, file: &str, always: bool) {
        let now = Instant::now();
        let step = {
            let mut counts = self.counts.borrow_mut();
            let is_current = |(then, what): &(LoadPhase, String)| *then == phase && what == file;
            if !counts.current.as_ref().is_some_and(is_current) {
                counts.current = Some((phase, file.to_owned()));
            }
            let is_early = counts.last_report.is_some_and(|last| now - last < INTERVAL);
            if is_early && !always {
                return;
            }
            counts.last_report = Some(now);
            let bytes_per_s = counts.speed(now).filter(|_| phase == LoadPhase::Downloading);
            let (bytes, total) = (counts.bytes, counts.total);
            LoadStep { phase, file: Some(file.to_owned()), bytes, total, bytes_per_s }
        };
        (self.report)(step);
    }
}

impl Counts {
    /// Bytes per second over the recent past, once there is one.
    fn speed(&mut self, now: Instant) -> Option<f64> {
        // One point older than the stretch stays, or a slow line would have no speed at all.
        while self.recent.get(1).is_some_and(|(then, _)| now - *then >= RECENT) {
            self.recent.pop_front();
        }
        self.recent.push_back((now, self.received));
        let (then, received) = self.recent[0];
        let seconds = (now - then).as_secs_f64();
        (seconds > 0.0).then(|| (self.received - received) as f64 / seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_speed_forgets_what_is_long_past() {
        let progress = Progress::new(&|_| {});
        let mut counts = progress.counts.borrow_mut();
        let start = Instant::now();
        // (second, bytes received until then, speed)
        for (second, received, expected) in [
            (0, 0, None),
            (2, 200, Some(100.0)),
            (4, 400, Some(100.0)),
            // From second 2 on; then from 4 on, in which nothing came.
            (6, 400, Some(50.0)),
            (8, 400, Some(0.0)),
        ] {
            counts.received = received;
            assert_eq!(counts.speed(start + Duration::from_secs(second)), expected, "{second}");
        }
    }

    #[test]
    fn reports_are_few_and_announcements_always_come() {
        let steps = RefCell::new(Vec::new());
        let report = |step| steps.borrow_mut().push(step);
        let progress = Progress::new(&report);
        progress.set_total(100);
        progress.present(40);
        for _ in 0..10 {
            progress.received("a", 1);
        }
        progress.lost(20);
        progress.announce(LoadPhase::Downloading, "done");
        let steps = steps.borrow();
        let (first, last) = (&steps[0], steps.last().unwrap());
        assert_eq!((first.bytes, first.total), (41, Some(100)));
        assert_eq!((last.bytes, last.file.as_deref()), (30, Some("done")));
    }
}
