//! Which of the waiting jobs is next.
//!
//! They are done in the order in which they came, with one exception: a question about an input that was answered
//! lately needs no model, and takes a millisecond where the others take a hundred. Somebody is moving a knob then, and
//! sees every delay. So it passes those that wait for the model, though not for ever.

use std::collections::VecDeque;

use crate::job::Job;
use crate::query::{Context, PreviewQuery};

/// Inputs that are remembered as answered. The cache of prefixes has more; a person who moves a knob stays with one.
const REMEMBERED: usize = 32;

/// How many may pass the oldest job in a row.
const MOST_PASSING: usize = 16;

/// Inputs that were answered lately by the model that is there now, and how many have passed.
#[derive(Default)]
pub(crate) struct Answered {
    inputs: VecDeque<Context>,
    passed: usize,
}

impl Answered {
    pub(crate) fn note(&mut self, query: &PreviewQuery) {
        if query.tokens_only || self.inputs.back() == Some(&query.context) {
            return;
        }
        self.inputs.retain(|input| *input != query.context);
        self.inputs.push_back(query.context.clone());
        if self.inputs.len() > REMEMBERED {
            self.inputs.pop_front();
        }
    }

    /// A new model has answered nothing.
    pub(crate) fn forget(&mut self) {
        self.inputs.clear();
    }

    /// The place of the next of the jobs that may be done now, if there is one. Nobody passes a model that is to be
    /// installed: who asks behind it means the new one.
    pub(crate) fn next(
        &mut self,
        jobs: &VecDeque<Job>,
        may_be_done: impl Fn(&Job) -> bool,
    ) -> Option<usize> {
        let first = jobs.iter().position(&may_be_done)?;
        let before_install = jobs.iter().take_while(|job| !matches!(job, Job::Install(_)));
        let known = before_install.into_iter().position(|job| self.is_known(job));
        match known {
            Some(place) if place > first && self.passed < MOST_PASSING => {
                self.passed += 1;
                Some(place)
            }
            _ => {
                self.passed = 0;
                Some(first)
            }
        }
    }

    /// Whether a job is about an input that was answered. A mask may have to be found first, so constraints wait.
    fn is_known(&self, job: &Job) -> bool {
        match job {
            Job::Preview(request) => {
                let PreviewQuery { context, constraint, .. } = &request.query;
                constraint.is_none() && self.inputs.contains(context)
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use tokio::sync::oneshot;

    use super::*;
    use crate::job::{Cancelled, Request};
    use crate::query::Choice;
    use crate::step::tests::query;

    fn preview(id: i64) -> Job {
        let (query, (reply, _)) = (query(&[id], Choice::Sample).preview, oneshot::channel());
        Job::Preview(Request {
            query,
            asked: Instant::now(),
            cancelled: Cancelled::default(),
            reply,
        })
    }

    fn step(id: i64) -> Job {
        let (query, (reply, _)) = (query(&[id], Choice::Sample), oneshot::channel());
        Job::Step(Request { query, asked: Instant::now(), cancelled: Cancelled::default(), reply })
    }

    #[test]
    fn what_was_answered_passes_what_needs_the_model_but_not_for_ever() {
        let mut answered = Answered::default();
        answered.note(&query(&[7], Choice::Sample).preview);
        let all = |_: &Job| true;
        let jobs: VecDeque<Job> = [preview(1), step(7), preview(7), preview(2)].into();
        for _ in 0..MOST_PASSING {
            assert_eq!(answered.next(&jobs, all), Some(2));
        }
        assert_eq!(answered.next(&jobs, all), Some(0));
        assert_eq!(answered.next(&jobs, all), Some(2));
        answered.forget();
        assert_eq!(answered.next(&jobs, all), Some(0));
        assert_eq!(answered.next(&jobs, |job| matches!(job, Job::Step(_))), Some(1));
        assert_eq!(answered.next(&VecDeque::new(), all), None);
    }

    #[test]
    fn only_the_last_inputs_are_remembered() {
        let mut answered = Answered::default();
        for id in 0..=REMEMBERED as i64 {
            answered.note(&query(&[id], Choice::Sample).preview);
        }
        let place = |answered: &mut Answered, id| {
            answered.next(&[step(0), preview(id)].into(), |_: &Job| true)
        };
        assert_eq!(place(&mut answered, 0), Some(0));
        assert_eq!(place(&mut answered, 1), Some(1));
        assert_eq!(place(&mut answered, REMEMBERED as i64), Some(1));
    }
}
