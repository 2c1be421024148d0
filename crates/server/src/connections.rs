//! Connections: how many there are, how long they may take, and which one goes when there are too many.
//!
//! A client that sends half a request and then nothing costs the server a descriptor and some memory
//! for as long as it likes. So every stage in which the server waits for a client has a time-out
//! ([`Limits`]), the number of connections has a bound, and at the bound the connection that can best be
//! spared makes room for the new one ([`table`]). A connection whose request is being answered is never cut
//! for another, nor by a time-out while its client reads: a load, an attribution or the stream of events may
//! take hours.
//!
//! 1. [`listen`] and [`serve`]: a connection is accepted and handed to a task.
//! 2. [`table`] knows all of them, and [`slot`] what each is about.
//! 3. [`stream`] and [`body`] notice what that is, byte by byte.
//! 4. [`refusal`] says in JSON what hyper would say with an empty body, or not at all.
//! 5. [`log`] tells people which limits were met.

mod body;
mod limits;
mod log;
mod refusal;
mod slot;
mod stream;
mod table;
#[cfg(test)]
mod tests;

use std::convert::Infallible;
use std::future::poll_fn;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

pub(crate) use body::BodyTimedOut;
pub use limits::Limits;
use log::Met;
use slot::{Stage, TimedOut};
use stream::Watched;
use table::{Entry, Table};

/// The two ends of a connection; an extension of every request on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ends {
    /// The client's address.
    pub peer: SocketAddr,
    /// The address that it has reached us at.
    pub local: SocketAddr,
}

/// Listens at an address, for as many connections that come at once as there can be.
///
/// # Errors
/// Those of the system: the address is taken, or not this machine's.
pub fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    // Else a server could not start again while connections of the one before linger. (On Windows this
    // would let two servers have one port.)
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(limits::MOST_WAITING)
}

/// Serves connections until `ending` is cancelled, and then until those under way have been answered or
/// [`Limits::farewell`] is over. `admit` is asked once about each connection, before anything is read
/// from it, and what it says becomes an extension of every request on that connection, as [`Ends`] does.
pub async fn serve<A, F, T>(
    listener: TcpListener,
    app: Router,
    limits: Limits,
    admit: A,
    ending: CancellationToken,
) where
    A: Fn(Ends) -> F,
    F: Future<Output = T> + Send + 'static,
    T: Clone + Send + Sync + 'static,
{
    let farewell = limits.farewell;
    let admitting = Arc::new(Semaphore::new(limits.admitting));
    let table = Table::new(limits);
    let mut tasks = JoinSet::new();
    let accepting = async {
        loop {
            if !table.has_place() {
                tasks.join_next().await;
                continue;
            }
            // Those of which we do not know yet whose they are cannot make room, so there may not be many.
            let Ok(permit) = Arc::clone(&admitting).acquire_owned().await else { break };
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                Some(_) = tasks.join_next() => continue,
            };
            let (stream, peer) = match accepted {
                Ok(accepted) => accepted,
                Err(error) if is_about_one_client(error.kind()) => continue,
                Err(error) => {
                    // Most likely there are no file descriptors left. To ask again at once would get the
                    // same answer, as fast as the processor can.
                    tracing::debug!("cannot accept a connection: {error}");
                    table.make_room_for_want_of_files();
                    tokio::select! {
                        () = sleep(PAUSE_WITHOUT_FILES) => {}
                        Some(_) = tasks.join_next() => {}
                    }
                    continue;
                }
            };
            let Ok(local) = stream.local_addr() else { continue };
            let ends = Ends { peer, local };
            let (entry, full) = table.enter(peer.ip());
            if let Some(full) = full {
                let error = refusal::full(full, table.limits());
                tasks.spawn(refuse(entry, stream, error));
                continue;
            }
            let connection = Connection { entry, app: app.clone(), ending: ending.clone() };
            let admitted = admit(ends);
            tasks.spawn(async move {
                let admission = admitted.await;
                drop(permit);
                connection.run(stream, ends, admission).await;
            });
        }
    };
    ending.run_until_cancelled(accepting).await;
    drop(listener);
    // Whoever is still there after that is cut: a stream of events has no end of its own.
    let _ = timeout(farewell, async { while tasks.join_next().await.is_some() {} }).await;
}

/// How long to wait for a connection to end when the system has no descriptor for another.
const PAUSE_WITHOUT_FILES: Duration = Duration::from_millis(50);

/// Whether accepting failed because of the client that was to be accepted, and not for lack of anything.
fn is_about_one_client(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::ConnectionAborted
            | ErrorKind::ConnectionReset
            | ErrorKind::ConnectionRefused
            | ErrorKind::HostUnreachable
            | ErrorKind::NetworkUnreachable
            | ErrorKind::NetworkDown
            | ErrorKind::PermissionDenied
            | ErrorKind::Interrupted
    )
}

/// Tells a client that there is no place for it.
async fn refuse(entry: Entry, stream: TcpStream, error: crate::ApiError) {
    let slot = entry.slot();
    let farewell = refusal::say_and_leave(stream, error, slot.limits().leave);
    slot.must_leave().run_until_cancelled(farewell).await;
}

struct Connection {
    entry: Entry,
    app: Router,
    ending: CancellationToken,
}

/// How serving a connection came to an end.
enum End {
    /// By the client, or after an answer that was the last one.
    Done(hyper::Result<()>),
    /// It has met a limit of time.
    TimedOut(TimedOut),
    /// Another one takes its place.
    MakesRoom,
    /// The server ends, and owes it nothing.
    Dismissed,
}

impl Connection {
    async fn run<T: Clone + Send + Sync + 'static>(
        self,
        stream: TcpStream,
        ends: Ends,
        admission: T,
    ) {
        let Connection { entry, app, ending } = self;
        // Answers come in few, whole writes, and nobody waits for more of them.
        let _ = stream.set_nodelay(true);
        let slot = entry.slot();
        let must_leave = slot.must_leave();
        // If the client has reset the connection, its address may by now be that of another client's
        // connection, for whom it would have been taken.
        if stream.peer_addr().is_err() {
            return;
        }
        slot.set(Stage::Waiting);
        let for_requests = Arc::clone(slot);
        let service = hyper::service::service_fn(move |mut request: hyper::Request<Incoming>| {
            request.extensions_mut().insert(ends);
            request.extensions_mut().insert(admission.clone());
            let (app, slot) = (app.clone(), Arc::clone(&for_requests));
            let request: Request =
                request.map(|body| Body::new(body::Asked::new(body, Arc::clone(&slot))));
            async move {
                let answer = app.oneshot(request).await?;
                Ok::<_, Infallible>(answer.map(|body| body::Answer::new(body, slot)))
            }
        });
        let stream = TokioIo::new(Watched::new(stream, Arc::clone(slot)));
        let mut http = http1::Builder::new()
            // Our own clocks are started by what has been read, and tell waiting from a slow head.
            .header_read_timeout(None)
            .max_headers(limits::MOST_HEADERS)
            .max_header_size(limits::LARGEST_HEAD)
            // Of what is read and written at once.
            .max_buf_size(limits::LARGEST_HEAD)
            .serve_connection(stream, service);
        let mut clock = pin!(sleep_until(Instant::now()));
        let mut ending = pin!(ending.cancelled());
        let mut makes_room = pin!(must_leave.cancelled());
        let mut is_ending = false;
        let end = poll_fn(|cx| {
            if let Poll::Ready(result) = Pin::new(&mut http).poll(cx) {
                return Poll::Ready(End::Done(result));
            }
            if !is_ending && ending.as_mut().poll(cx).is_ready() {
                is_ending = true;
                Pin::new(&mut http).graceful_shutdown();
            }
            if is_ending && slot.owes_nothing() {
                return Poll::Ready(End::Dismissed);
            }
            if makes_room.as_mut().poll(cx).is_ready() {
                return Poll::Ready(End::MakesRoom);
            }
            // All that changes what the connection is about happens while it is polled.
            let Some((what, deadline)) = slot.deadline() else { return Poll::Pending };
            poll_clock(clock.as_mut(), deadline, cx).map(|()| End::TimedOut(what))
        })
        .await;
        let parts = http.into_parts();
        let (stream, own_status) = parts.io.into_inner().into_parts();
        slot.set(Stage::Leaving);
        let last_words = match end {
            End::Done(Ok(())) if is_ending => return,
            End::Done(Ok(())) => None,
            End::Done(Err(error)) if error.is_parse() => {
                Some(refusal::not_http(&error, own_status))
            }
            // The beginning of a request that came along with the one before is in hyper's buffer alone.
            End::TimedOut(TimedOut::Idle) if parts.read_buf.is_empty() => return,
            End::TimedOut(TimedOut::Idle | TimedOut::Head) => {
                slot.log(Met::HeadTime);
                Some(refusal::slow_head(slot.limits()))
            }
            End::TimedOut(TimedOut::Body) => return slot.log(Met::BodyTime),
            End::TimedOut(TimedOut::Read) => return slot.log(Met::ReadTime),
            // A client that has gone away, and those that are to go.
            End::Done(Err(_)) | End::MakesRoom | End::Dismissed => return,
        };
        let farewell = async {
            match last_words {
                Some(error) => refusal::say_and_leave(stream, error, slot.limits().leave).await,
                None => refusal::leave(stream, slot.limits().leave).await,
            }
        };
        // A connection on its way out makes room for others, too.
        must_leave.run_until_cancelled(farewell).await;
    }
}

/// Ready when `deadline` is over.
fn poll_clock(
    mut clock: Pin<&mut tokio::time::Sleep>,
    deadline: Instant,
    cx: &mut Context<'_>,
) -> Poll<()> {
    if clock.deadline() != deadline {
        clock.as_mut().reset(deadline);
    }
    clock.poll(cx)
}
