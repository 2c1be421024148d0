//! A socket that tells what goes over it.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::http::StatusCode;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::slot::{Slot, Stage};

/// A connection's socket. It notes the first byte of each request, and whether its client reads.
///
/// To what is no HTTP, hyper answers by itself, with an empty body and before any request was handed on.
/// Such an answer is dropped here and its status kept, so that one with a body can be given.
pub(super) struct Watched {
    inner: TcpStream,
    slot: Arc<Slot>,
    own_status: Option<StatusCode>,
}

impl Watched {
    pub(super) fn new(inner: TcpStream, slot: Arc<Slot>) -> Self {
        Watched { inner, slot, own_status: None }
    }

    /// The socket, and the status of hyper's own answer if it gave one.
    pub(super) fn into_parts(self) -> (TcpStream, Option<StatusCode>) {
        (self.inner, self.own_status)
    }

    /// Takes what hyper says by itself, if that is what it writes now.
    fn take_own_answer(&mut self, bytes: &[u8]) -> bool {
        let is_own = self.slot.owes_nothing();
        if is_own {
            self.own_status = self.own_status.or_else(|| status_of(bytes));
        }
        is_own
    }
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let result = Pin::new(&mut self.inner).poll_read(cx, buffer);
        if buffer.filled().len() > before {
            self.slot.set_after(Stage::Waiting, Stage::Head);
        }
        result
    }
}

impl AsyncWrite for Watched {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.take_own_answer(bytes) {
            return Poll::Ready(Ok(bytes.len()));
        }
        let result = Pin::new(&mut self.inner).poll_write(cx, bytes);
        self.slot.client_reads(result.is_ready());
        result
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let first = parts.iter().find(|part| !part.is_empty()).map_or(&[][..], |part| part);
        if self.take_own_answer(first) {
            return Poll::Ready(Ok(parts.iter().map(|part| part.len()).sum()));
        }
        let result = Pin::new(&mut self.inner).poll_write_vectored(cx, parts);
        self.slot.client_reads(result.is_ready());
        result
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // hyper flushes when all that it had to say has been written.
        self.slot.flushed();
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    /// hyper has said all, but we may have something to add, and hang up only then.
    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_flush(cx)
    }
}

/// The status in `HTTP/1.1 400 ...`.
fn status_of(answer: &[u8]) -> Option<StatusCode> {
    let number = answer.strip_prefix(b"HTTP/1.")?.get(2..5)?;
    StatusCode::from_bytes(number).ok()
}
