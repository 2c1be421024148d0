//! The one thread that owns the model.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use tokenscope_tokens::TokenId;
use tokio::sync::watch;

use crate::EngineError;
use crate::attribution::{self, AttributionPlan, AttributionReport, Host, Partial, Progress};
use crate::constraint::{self, CheckReport, ChoicesReport};
use crate::job::{Attribute, Cancelled, Install, Job, Request};
use crate::library::Library;
use crate::loaded::LoadedModel;
use crate::queue::Answered;
use crate::report::{PreviewReport, StepReport, TokensReport};
use crate::step::{self, Answer};
use crate::vocabulary_search;

/// Who asks again within this time is a program that goes on at once.
const AT_ONCE: Duration = Duration::from_millis(20);

/// How long a browser is left alone to draw what it has just been told, before the model takes the
/// processor's cores again.
const TIME_TO_DRAW: Duration = Duration::from_millis(100);

/// Serves jobs until every sender is gone.
pub(crate) fn run(jobs: &Receiver<Job>, library: &Arc<Library>) {
    let mut worker = Worker::new(jobs, library);
    while let Some(job) = worker.next_job() {
        match job {
            Job::Attribute(request) => worker.attribute(request),
            Job::Install(install) => worker.install(*install),
            quick => worker.answer_quick(quick),
        }
        worker.drop_changed_model();
    }
}

/// The model and what is to be done with it.
struct Worker<'a> {
    inbox: &'a Receiver<Job>,
    /// Jobs taken out of the inbox to see what they are, in order. Whoever looks at the inbox while
    /// the model computes has no more than a shared reference.
    seen: RefCell<VecDeque<Job>>,
    /// Inputs that were answered, whose questions may pass others.
    known: Answered,
    /// Attributions wait until nobody asks for anything else.
    attributions: VecDeque<Request<Attribute, AttributionReport>>,
    /// The input that will probably be asked about next.
    next: Option<Next>,
    /// When the last quick job was answered.
    answered: Option<Instant>,
    current: Option<LoadedModel>,
    library: &'a Library,
}

/// Work that nobody has asked for yet.
struct Next {
    ids: Vec<TokenId>,
    /// When to do it if nobody asks for anything before.
    due: Instant,
}

impl<'a> Worker<'a> {
    fn new(inbox: &'a Receiver<Job>, library: &'a Library) -> Self {
        let (seen, attributions) = (RefCell::default(), VecDeque::new());
        let known = Answered::default();
        Worker {
            inbox,
            seen,
            known,
            attributions,
            next: None,
            answered: None,
            current: None,
            library,
        }
    }

    /// The next job, in order of arrival except that attributions come last, and what needs no model may come
    /// first. None at the end.
    fn next_job(&mut self) -> Option<Job> {
        loop {
            let seen = self.seen.get_mut();
            seen.extend(self.inbox.try_iter());
            let place = self.known.next(seen, |_| true);
            let job = match place.and_then(|place| seen.remove(place)) {
                Some(job) => Ok(job),
                None => self.inbox.recv_timeout(self.leisure()),
            };
            // Whoever asks goes first: what might be asked is looked at when nobody does, and
            // forgotten if somebody does.
            match job {
                Ok(Job::Attribute(request)) => self.attributions.push_back(request),
                Ok(job) => return Some(job),
                Err(RecvTimeoutError::Disconnected) => return None,
                Err(RecvTimeoutError::Timeout) if self.next.is_some() => self.run_ahead(),
                Err(RecvTimeoutError::Timeout) => {
                    return match self.attributions.pop_front() {
                        Some(request) => Some(Job::Attribute(request)),
                        None => self.inbox.recv().ok(),
                    };
                }
            }
        }
    }

    /// How long to wait for a job before there is something else to do.
    fn leisure(&self) -> Duration {
        match &self.next {
            Some(next) if self.attributions.is_empty() => {
                next.due.saturating_duration_since(Instant::now())
            }
            _ => Duration::ZERO,
        }
    }

    fn install(&mut self, install: Install) {
        self.next = None;
        let Install { model, notice, ticket } = install;
        // A load that was cancelled at the last moment changes nothing.
        if self.library.installed(&ticket, &model, notice) {
            self.known.forget();
            self.current = Some(model);
        }
    }

    /// A model whose files were changed under it goes, and with it all that it has computed.
    fn drop_changed_model(&mut self) {
        if let Some(Err(error)) = self.current.as_ref().map(LoadedModel::check_files) {
            tracing::error!("{error}");
            (self.current, self.next) = (None, None);
            self.library.model_lost(error.to_string());
        }
    }

    /// Does a job that nothing passes.
    fn answer_quick(&mut self, job: Job) {
        let (current, library) = (&mut self.current, self.library);
        let idle = self.answered.map(|answered| answered.elapsed());
        if let Job::Preview(request) = &job {
            self.known.note(&request.query);
        }
        let next = match job {
            Job::Preview(request) => answer(request, current, library, step::preview),
            Job::Step(request) => answer(request, current, library, step::step),
            Job::Tokens(request) => answer(request, current, library, vocabulary_search::tokens),
            Job::Check(request) => answer(request, current, library, |model, query, _| {
                Ok(Answer { report: constraint::check(model, query)?, next: None })
            }),
            Job::Choices(request) => {
                answer(request, current, library, |model, query, cancelled| {
                    Ok(Answer { report: constraint::choices(model, query, cancelled)?, next: None })
                })
            }
            Job::Plan(request) => answer(request, current, library, |model, query, _| {
                Ok(Answer { report: attribution::plan(model, query)?, next: None })
            }),
            Job::Attribute(_) | Job::Install(_) => unreachable!("these jobs are not quick"),
        };
        let now = Instant::now();
        self.next = next.map(|ids| Next { ids, due: now + pause_before_running_ahead(idle) });
        self.answered = Some(now);
    }

    /// Works ahead of the next request. Whatever goes wrong will go wrong again for whoever asks.
    fn run_ahead(&mut self) {
        if let (Some(model), Some(next)) = (&mut self.current, self.next.take()) {
            let _ = catch_unwind(AssertUnwindSafe(|| step::run_ahead(model, &next.ids)));
            self.library.set_cache_usage(model.cache.usage());
        }
    }

    /// Computes an attribution; quick jobs that come meanwhile are done meanwhile.
    fn attribute(&mut self, request: Request<Attribute, AttributionReport>) {
        let Request { query: Attribute { query, progress }, asked, cancelled, reply } = request;
        let result = if self.current.is_none() {
            Err(self.library.why_not_ready())
        } else {
            let mut turn = Turn { worker: self, cancelled: &cancelled, progress: &progress };
            let result = caught(|| {
                turn.cancelled.check()?;
                turn.model().check_files()?;
                attribution::attribute(&mut turn, &query)
            });
            turn.model().check_files().and(result)
        };
        let result = result.map(|report| timed(report, asked));
        if let Some(model) = &self.current {
            self.library.set_cache_usage(model.cache.usage());
        }
        // A client that has gone away is not an error.
        let _ = reply.send(result);
    }
}

/// An attribution's turn on the model's thread.
struct Turn<'w, 'a> {
    worker: &'w mut Worker<'a>,
    cancelled: &'w Cancelled,
    progress: &'w watch::Sender<Progress>,
}

impl Host for Turn<'_, '_> {
    fn model(&mut self) -> &mut LoadedModel {
        // Nothing installs another one before the turn is over.
        self.worker.current.as_mut().expect("a turn begins with a model")
    }

    fn is_wanted(&self) -> bool {
        let mut seen = self.worker.seen.borrow_mut();
        seen.extend(self.worker.inbox.try_iter());
        self.cancelled.check().is_err() || seen.iter().any(is_quick)
    }

    fn give_way(&mut self) -> Result<(), EngineError> {
        loop {
            let seen = self.worker.seen.get_mut();
            seen.extend(self.worker.inbox.try_iter());
            let place = self.worker.known.next(seen, is_quick);
            match place.and_then(|place| seen.remove(place)) {
                Some(job) => self.worker.answer_quick(job),
                None if self.worker.next.is_some() => self.worker.run_ahead(),
                None => return self.cancelled.check(),
            }
        }
    }

    fn tell(&mut self, share: f64) {
        self.progress.send_modify(|progress| progress.share = share);
    }

    fn is_watched(&self) -> bool {
        self.progress.receiver_count() > 0
    }

    fn show(&mut self, partial: Partial) {
        self.progress.send_modify(|progress| progress.partial = Some(Arc::new(partial)));
    }
}

fn is_quick(job: &Job) -> bool {
    !matches!(job, Job::Attribute(_) | Job::Install(_))
}

/// How long after an answer nothing is run ahead, by how long nobody had asked for anything before the
/// question. A program's next question is there before anything else could be done. A page draws, for
/// which it needs the cores, and asks when its user has seen what it drew.
fn pause_before_running_ahead(idle: Option<Duration>) -> Duration {
    match idle {
        Some(idle) if idle < AT_ONCE => Duration::ZERO,
        _ => TIME_TO_DRAW,
    }
}

/// Runs one request. Returns the input that this client will probably ask about next.
fn answer<Q, R: Timed>(
    request: Request<Q, R>,
    current: &mut Option<LoadedModel>,
    library: &Library,
    work: fn(&mut LoadedModel, &Q, &Cancelled) -> Result<Answer<R>, EngineError>,
) -> Option<Vec<TokenId>> {
    let result = match current {
        None => Err(library.why_not_ready()),
        Some(model) => {
            let result = caught(|| {
                request.cancelled.check()?;
                model.check_files()?;
                work(model, &request.query, &request.cancelled)
            });
            // Whatever came of a file that was changed meanwhile, an answer or a panic.
            model.check_files().and(result)
        }
    };
    let (result, next) = match result {
        Ok(Answer { report, next }) => (Ok(timed(report, request.asked)), next),
        Err(error) => (Err(error), None),
    };
    // Before the reply, so that whoever has it and asks for the status sees it counted.
    if let Some(model) = current {
        library.set_cache_usage(model.cache.usage());
    }
    // A client that has gone away is not an error, but will not go on.
    request.reply.send(result).ok().and(next)
}

/// Keeps a panic in the request that had it: the client gets an error, the next job runs.
fn caught<R>(work: impl FnOnce() -> Result<R, EngineError>) -> Result<R, EngineError> {
    catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|panic| Err(EngineError::Internal(panic_text(&*panic))))
}

fn timed<R: Timed>(mut report: R, asked: Instant) -> R {
    report.set_elapsed(asked.elapsed());
    report
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

impl Timed for CheckReport {
    fn set_elapsed(&mut self, elapsed: Duration) {
        self.elapsed = elapsed;
    }
}

impl Timed for ChoicesReport {
    fn set_elapsed(&mut self, elapsed: Duration) {
        self.elapsed = elapsed;
    }
}

impl Timed for AttributionReport {
    fn set_elapsed(&mut self, elapsed: Duration) {
        self.elapsed = elapsed;
    }
}

impl Timed for TokensReport {
    fn set_elapsed(&mut self, _: Duration) {}
}

impl Timed for AttributionPlan {
    fn set_elapsed(&mut self, _: Duration) {}
}

pub(crate) fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    text.unwrap_or_else(|| "a panic without a message".to_owned())
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::mpsc::{Sender, channel};
    use std::thread;

    use tokenscope_model::Model;
    use tokio::sync::oneshot;

    use super::*;
    use crate::EngineOptions;
    use crate::attribution::{Method, Options};
    use crate::backend_double::BackendDouble;
    use crate::library::Status;
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
    fn a_page_is_left_to_draw_and_a_program_is_not() {
        let pause = |idle_ms: u64| pause_before_running_ahead(Some(Duration::from_millis(idle_ms)));
        assert_eq!(pause(0), Duration::ZERO);
        assert_eq!(pause(19), Duration::ZERO);
        assert_eq!(pause(20), TIME_TO_DRAW);
        assert_eq!(pause(650), TIME_TO_DRAW);
        assert_eq!(pause_before_running_ahead(None), TIME_TO_DRAW);
    }

    /// A model in a file of its own, and that file.
    fn of_its_own() -> (LoadedModel, tempfile::NamedTempFile) {
        let file = tempfile::NamedTempFile::new().unwrap();
        let tiny =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/tiny/llama/model.gguf");
        std::fs::copy(tiny, file.path()).unwrap();
        let options = EngineOptions { threads: 1, ..EngineOptions::default() };
        (LoadedModel::open_gguf("own", file.path(), &options).unwrap(), file)
    }

    /// Asks a worker for two steps of a model. Returns what comes of them, and what the status says then.
    fn two_steps(model: LoadedModel) -> ([Result<StepReport, EngineError>; 2], Status) {
        let (jobs, inbox) = channel();
        let library = Arc::new(Library::default());
        let ticket = library.begin_load("own").unwrap();
        let install = Install { model, notice: None, ticket };
        assert!(jobs.send(Job::Install(Box::new(install))).is_ok());
        let answers = [9, 10].map(|id| {
            let (reply, answer) = oneshot::channel();
            let (query, cancelled) = (query(&[id], Choice::Sample), Cancelled::default());
            let request = Request { query, asked: Instant::now(), cancelled, reply };
            assert!(jobs.send(Job::Step(request)).is_ok());
            answer
        });
        drop(jobs);
        run(&inbox, &library);
        (answers.map(|answer| answer.blocking_recv().unwrap()), library.status())
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_model_whose_file_is_cut_goes_and_says_why() {
        // Before it is asked, and in the midst of an answer, whose weights are gone when it reads them.
        for (in_the_midst, code) in [(false, "model_load_failed"), (true, "model_file_changed")] {
            let (mut model, file) = of_its_own();
            if in_the_midst {
                let handle = file.reopen().unwrap();
                let cuts = move || handle.set_len(4096).unwrap();
                model.model = Arc::new(BackendDouble::doing(Arc::clone(&model.model), 0, cuts));
            } else {
                file.as_file().set_len(4096).unwrap();
            }
            let ([first, second], status) = two_steps(model);
            let first = first.err().unwrap();
            assert_eq!(first.code(), code);
            let expected = format!("The model file {} was shortened from ", file.path().display());
            assert!(first.to_string().starts_with(&expected), "{first}");
            // There is no model any more, and nothing of its caches.
            assert_eq!(second.err().unwrap().to_string(), first.to_string());
            assert_eq!((status.model, status.error), (None, Some(first.to_string())));
            assert_eq!(status.cache, crate::prefix_cache::CacheUsage::default());
        }
    }

    #[test]
    fn a_model_whose_file_is_replaced_goes_on() {
        let (model, file) = of_its_own();
        let other = tempfile::NamedTempFile::new_in(file.path().parent().unwrap()).unwrap();
        std::fs::rename(other.path(), file.path()).unwrap();
        let (answers, status) = two_steps(model);
        assert!(answers.iter().all(Result::is_ok));
        assert_eq!((status.model.unwrap().model_id, status.error), ("own".to_owned(), None));
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

    /// Runs a worker that is asked for the occlusion of ten tokens, of which the last is 15. Something is
    /// done at the fourth pass. Returns the answer and the last token of each pass.
    fn occlude(
        does: impl FnOnce(Sender<Job>, Cancelled) + Send + 'static,
    ) -> (Result<AttributionReport, EngineError>, Vec<(TokenId, bool)>) {
        let (jobs, inbox) = channel();
        let library = Arc::new(Library::default());
        let ticket = library.begin_load("tiny").unwrap();
        let mut model = LoadedModel::tiny("llama/model.gguf");
        let cancelled = Cancelled::default();
        let interlude = {
            let (jobs, cancelled) = (jobs.clone(), cancelled.clone());
            move || does(jobs, cancelled)
        };
        let double = Arc::new(BackendDouble::doing(Arc::clone(&model.model), 3, interlude));
        model.model = Arc::clone(&double) as Arc<dyn Model>;
        let install = Install { model, notice: None, ticket };
        assert!(jobs.send(Job::Install(Box::new(install))).is_ok());
        let ids: Vec<i64> = (6..16).collect();
        let query = attribution::tests::query(&ids, Method::Occlusion, Options::default());
        let (reply, answer) = oneshot::channel();
        let query = Attribute { query, progress: watch::Sender::new(Progress::default()) };
        let request = Request { query, asked: Instant::now(), cancelled, reply };
        assert!(jobs.send(Job::Attribute(request)).is_ok());
        drop(jobs);
        run(&inbox, &library);
        (answer.blocking_recv().unwrap(), double.passes())
    }

    #[test]
    fn a_preview_passes_an_attribution_under_way() {
        let (sender, preview) = channel();
        let (answer, passes) = occlude(move |jobs, _| {
            let (reply, answer) = oneshot::channel();
            let query = query(&[99], Choice::Sample).preview;
            let cancelled = Cancelled::default();
            let request = Request { query, asked: Instant::now(), cancelled, reply };
            assert!(jobs.send(Job::Preview(request)).is_ok());
            sender.send(answer).unwrap();
        });
        // The pass under way is dropped, the preview served, and the pass begun again.
        let place = passes.iter().position(|(last, _)| *last == TokenId(99)).unwrap();
        assert_eq!(passes[place - 1], (TokenId(15), false));
        assert_eq!(passes[place..place + 2], [(TokenId(99), true), (TokenId(15), true)]);
        assert!(passes.len() > place + 5, "{passes:?}");
        let undisturbed = occlude(|_, _| {});
        assert_eq!(undisturbed.1.len() + 2, passes.len());
        let scores = |answer: Result<AttributionReport, EngineError>| {
            answer.unwrap().outcome.unwrap().scores
        };
        assert_eq!(scores(answer), scores(undisturbed.0));
        assert!(preview.recv().unwrap().blocking_recv().unwrap().is_ok());
    }

    #[test]
    fn a_cancelled_attribution_ends_within_a_pass() {
        let (answer, passes) = occlude(|_, cancelled| drop(cancelled.on_drop()));
        assert!(matches!(answer, Err(EngineError::Cancelled)));
        assert_eq!((passes.len(), passes[3].1), (4, false));
    }

    #[test]
    fn a_model_is_not_replaced_before_an_attribution_has_ended() {
        let (answer, _) = occlude(|jobs, _| {
            let library = Library::default();
            let ticket = library.begin_load("other").unwrap();
            let model = LoadedModel::tiny("gpt2");
            let install = Install { model, notice: None, ticket };
            assert!(jobs.send(Job::Install(Box::new(install))).is_ok());
        });
        let report = answer.unwrap();
        assert_eq!(report.plan.model.model_id, "llama/model.gguf");
        assert!(report.outcome.is_ok());
    }
}
