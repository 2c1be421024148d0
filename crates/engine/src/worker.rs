//! The one thread that owns the model.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, TryRecvError};
use std::time::Duration;

use tokenscope_tokens::TokenId;

use crate::EngineError;
use crate::job::{Cancelled, Install, Job, Request};
use crate::library::Library;
use crate::loaded::LoadedModel;
use crate::report::{PreviewReport, StepReport};
use crate::step::{self, Answer};

/// Serves jobs until every sender is gone.
pub(crate) fn run(jobs: &Receiver<Job>, library: &Arc<Library>) {
    let mut current: Option<LoadedModel> = None;
    let mut next: Option<Vec<TokenId>> = None;
    loop {
        // Whoever asks goes first: what might be asked is looked at when nobody does, and forgotten
        // if somebody does.
        let job = match (jobs.try_recv(), next.take()) {
            (Ok(job), _) => job,
            (Err(TryRecvError::Empty), Some(ids)) => {
                run_ahead(&ids, &mut current, library);
                continue;
            }
            (Err(TryRecvError::Empty), None) => match jobs.recv() {
                Ok(job) => job,
                Err(_) => return,
            },
            (Err(TryRecvError::Disconnected), _) => return,
        };
        match job {
            Job::Preview(request) => next = answer(request, &mut current, library, step::preview),
            Job::Step(request) => next = answer(request, &mut current, library, step::step),
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

/// Runs one request. A panic in it stays in it: the client gets an error, the next job runs. Returns
/// the input that this client will probably ask about next.
fn answer<Q, R: Timed>(
    request: Request<Q, R>,
    current: &mut Option<LoadedModel>,
    library: &Library,
    work: fn(&mut LoadedModel, &Q, &Cancelled) -> Result<Answer<R>, EngineError>,
) -> Option<Vec<TokenId>> {
    let result = match current {
        None => Err(library.why_not_ready()),
        Some(model) => catch_unwind(AssertUnwindSafe(|| {
            request.cancelled.check()?;
            work(model, &request.query, &request.cancelled)
        }))
        .unwrap_or_else(|panic| Err(EngineError::Internal(panic_text(&*panic)))),
    };
    let (result, next) = match result {
        Ok(Answer { mut report, next }) => {
            report.set_elapsed(request.asked.elapsed());
            (Ok(report), next)
        }
        Err(error) => (Err(error), None),
    };
    // Before the reply, so that whoever has it and asks for the status sees it counted.
    if let Some(model) = current {
        library.set_cache_usage(model.cache.usage());
    }
    // A client that has gone away is not an error, but will not go on.
    request.reply.send(result).ok().and(next)
}

/// Works ahead of the next request. Whatever goes wrong will go wrong again for whoever asks.
fn run_ahead(ids: &[TokenId], current: &mut Option<LoadedModel>, library: &Library) {
    if let Some(model) = current {
        let _ = catch_unwind(AssertUnwindSafe(|| step::run_ahead(model, ids)));
        library.set_cache_usage(model.cache.usage());
    }
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

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;
    use std::thread;
    use std::time::Instant;

    use tokio::sync::oneshot;

    use super::*;
    use crate::query::{Choice, StepQuery};
    use crate::step::tests::query;

    /// A worker with a model, these steps in its inbox from the start, each after one token of its
    /// own. Returns when all have been answered and nothing is left to do.
    fn entries_after(steps: &[i64], expected: usize) -> usize {
        let (jobs, inbox) = channel();
        let library = Arc::new(Library::default());
        let ticket = library.begin_load("tiny").unwrap();
        let model = LoadedModel::tiny("llama/model.gguf");
        let install = Install { model, notice: None, ticket };
        assert!(jobs.send(Job::Install(Box::new(install))).is_ok());
        let ask = |query: StepQuery| {
            let (reply, answer) = oneshot::channel();
            let cancelled = Cancelled::default();
            let request = Request { query, asked: Instant::now(), cancelled, reply };
            assert!(jobs.send(Job::Step(request)).is_ok());
            answer
        };
        let answers: Vec<_> = steps.iter().map(|id| ask(query(&[*id], Choice::Sample))).collect();
        let worker = thread::spawn({
            let library = Arc::clone(&library);
            move || run(&inbox, &library)
        });
        answers.into_iter().for_each(|answer| drop(answer.blocking_recv().unwrap().unwrap()));
        let entries = || library.status().cache.entries;
        // Whatever is done beyond the answers is done now.
        let patience = Instant::now() + Duration::from_secs(20);
        while entries() < expected && Instant::now() < patience {
            thread::sleep(Duration::from_millis(1));
        }
        drop(jobs);
        worker.join().unwrap();
        entries()
    }

    #[test]
    fn an_idle_worker_decodes_the_token_it_has_just_appended() {
        // One entry per step, and one for the token appended by the last: after the others somebody
        // was waiting.
        assert_eq!(entries_after(&[9], 2), 2);
        assert_eq!(entries_after(&[9, 10, 11], 4), 4);
    }

    #[test]
    fn nothing_is_decoded_for_a_client_that_has_gone() {
        let mut model = Some(LoadedModel::tiny("llama/model.gguf"));
        for (stays, goes_on) in [(true, true), (false, false)] {
            let (reply, answer) = oneshot::channel();
            let kept = Some(answer).filter(|_| stays);
            let (query, asked) = (query(&[9], Choice::Sample), Instant::now());
            let request = Request { query, asked, cancelled: Cancelled::default(), reply };
            let next = super::answer(request, &mut model, &Library::default(), step::step);
            assert_eq!(next.is_some(), goes_on);
            drop(kept);
        }
    }
}
