//! The one thread that owns the model.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::Duration;

use crate::EngineError;
use crate::job::{Cancelled, Install, Job, Request};
use crate::library::Library;
use crate::loaded::LoadedModel;
use crate::report::{PreviewReport, StepReport};
use crate::step;

/// Serves jobs until every sender is gone.
pub(crate) fn run(jobs: &Receiver<Job>, library: &Arc<Library>) {
    let mut current: Option<LoadedModel> = None;
    while let Ok(job) = jobs.recv() {
        match job {
            Job::Preview(request) => answer(request, &mut current, library, step::preview),
            Job::Step(request) => answer(request, &mut current, library, step::step),
            Job::Install(install) => {
                let Install { model, notice, ticket } = *install;
                // A load that was cancelled at the last moment changes nothing.
                if library.installed(&ticket, &model, notice) {
                    current = Some(model);
                }
            }
        }
    }
}

/// Runs one request. A panic in it stays in it: the client gets an error, the next job runs.
fn answer<Q, R: Timed>(
    request: Request<Q, R>,
    current: &mut Option<LoadedModel>,
    library: &Library,
    work: fn(&mut LoadedModel, &Q, &Cancelled) -> Result<R, EngineError>,
) {
    let result = match current {
        None => Err(library.why_not_ready()),
        Some(model) => catch_unwind(AssertUnwindSafe(|| {
            request.cancelled.check()?;
            work(model, &request.query, &request.cancelled)
        }))
        .unwrap_or_else(|panic| Err(EngineError::Internal(panic_text(&*panic)))),
    };
    let result = result.map(|mut report| {
        report.set_elapsed(request.asked.elapsed());
        report
    });
    // Before the reply, so that whoever has it and asks for the status sees it counted.
    if let Some(model) = current {
        library.set_cache_usage(model.cache.usage());
    }
    // A client that has gone away is not an error.
    let _ = request.reply.send(result);
}

/// A report that says how long it took.
trait Timed {
    fn set_elapsed(&mut self, elapsed: Duration);
}

impl Timed for PreviewReport {
    fn set_elapsed(&mut self, elapsed: Duration) {
        self.elapsed = elapsed;
    }
}

impl Timed for StepReport {
    fn set_elapsed(&mut self, elapsed: Duration) {
        self.elapsed = elapsed;
    }
}

pub(crate) fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    text.unwrap_or_else(|| "a panic without a message".to_owned())
}
