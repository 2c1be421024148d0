//! When to ask again and when to give up.

use std::time::Duration;

use super::answers::Failure;
use super::error::HubError;
use super::progress::Progress;
use super::settings::HubSettings;
use crate::library::LoadPhase;

/// Counts the failures of one thing that is asked for again and again.
pub(super) struct Patience<'a> {
    settings: &'a HubSettings,
    progress: &'a Progress<'a>,
    phase: LoadPhase,
    what: &'a str,
    attempts: u32,
    failures: u32,
}

impl<'a> Patience<'a> {
    /// `phase` and `what` are shown while we wait; after `attempts` failures in a row it is over.
    pub(super) fn new(
        settings: &'a HubSettings,
        progress: &'a Progress<'a>,
        phase: LoadPhase,
        what: &'a str,
        attempts: u32,
    ) -> Self {
        Patience { settings, progress, phase, what, attempts, failures: 0 }
    }

    /// Something came: the next failure is the first one again.
    pub(super) fn succeeded(&mut self) {
        self.failures = 0;
    }

    /// Waits until it is time to ask again.
    ///
    /// # Errors
    /// The failure, if asking again would not help, has been tried often enough, or is not wanted
    /// for longer than anybody would wait: asking earlier would only be refused.
    pub(super) async fn wait(&mut self, failure: Failure) -> Result<(), HubError> {
        let (error, wait) = match failure {
            Failure::Final(error) => return Err(error),
            Failure::Passing { error, wait } => (error, wait),
        };
        if let Some(wait) = wait.filter(|&wait| wait > self.settings.longest_wait) {
            return Err(HubError::NotNow { because: Box::new(error), wait });
        }
        self.failures += 1;
        if self.failures >= self.attempts {
            return Err(error);
        }
        let asked_to = if wait.is_some() { "the hub asks to wait" } else { "trying again in" };
        let pause = wait.unwrap_or_else(|| self.own_pause());
        tracing::warn!("{error} {asked_to} {pause:?}");
        let text = format!("{} ({asked_to} {} s)", self.what, pause.as_secs_f64().ceil());
        self.progress.announce(self.phase, &text);
        tokio::time::sleep(pause).await;
        Ok(())
    }

    fn own_pause(&self) -> Duration {
        let pause = self.settings.first_pause.saturating_mul(1 << (self.failures - 1).min(16));
        pause.min(self.settings.longest_wait)
    }
}
