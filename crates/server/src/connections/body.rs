//! Bodies that tell when they are at their end.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::BoxError;
use axum::body::{Body, Bytes};
use hyper::body::{Body as HttpBody, Frame, Incoming, SizeHint};
use tokio::time::{Instant, Sleep, sleep_until};

use super::log::Met;
use super::slot::{Slot, Stage};

/// A request's body did not end in time.
#[derive(Debug, thiserror::Error)]
#[error("the body has not ended within {time:?}")]
pub(crate) struct BodyTimedOut {
    /// The time it had.
    pub(crate) time: Duration,
}

/// A request's body. Until its last byte the connection is one that keeps the server waiting.
pub(super) struct Asked {
    inner: Incoming,
    slot: Arc<Slot>,
    clock: Pin<Box<Sleep>>,
}

impl Asked {
    pub(super) fn new(inner: Incoming, slot: Arc<Slot>) -> Self {
        slot.begin(inner.is_end_stream());
        let clock = Box::pin(sleep_until(Instant::now() + slot.limits().body));
        Asked { inner, slot, clock }
    }
}

impl Drop for Asked {
    fn drop(&mut self) {
        self.slot.set_after(Stage::Body, Stage::Answering);
    }
}

impl HttpBody for Asked {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let frame = Pin::new(&mut self.inner).poll_frame(cx);
        match frame {
            Poll::Pending if self.clock.as_mut().poll(cx).is_ready() => {
                self.slot.log(Met::BodyTime);
                let time = self.slot.limits().body;
                Poll::Ready(Some(Err(BodyTimedOut { time }.into())))
            }
            Poll::Pending => Poll::Pending,
            Poll::Ready(frame) => {
                if !matches!(frame, Some(Ok(_))) || self.inner.is_end_stream() {
                    self.slot.set_after(Stage::Body, Stage::Answering);
                }
                Poll::Ready(frame.map(|frame| frame.map_err(Into::into)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// An answer's body. When hyper drops it, the connection waits for the next request.
pub(super) struct Answer {
    inner: Body,
    slot: Arc<Slot>,
}

impl Answer {
    pub(super) fn new(inner: Body, slot: Arc<Slot>) -> Self {
        Answer { inner, slot }
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        self.slot.set(Stage::Waiting);
    }
}

impl HttpBody for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.inner).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
