//! Connections: how many there are, how long they may take, and which one goes when there are too many.
//!
//! A client that sends half a request and then nothing costs the server a descriptor and some memory
//! for as long as it likes. So every stage in which the server waits for a client has a time-out
//! ([`Limits`]), the number of connections has a bound, and at the bound the connection that has kept
//! the server waiting longest makes room for the new one ([`table`]). A connection whose request is
//! being answered is never cut for another, nor by a time-out while its client reads: a load, an attribution
//! or the stream of events may take hours.
//!
//! 1. [`serve`] accepts and hands each connection to a task.
//! 2. [`table`] knows all of them and what each is about.
//! 3. [`stream`] and [`body`] notice what that is, byte by byte.
//! 4. [`refusal`] says in JSON what hyper would say with an empty body, or not at all.

mod body;
mod limits;
mod refusal;
mod stream;
mod table;
#[cfg(test)]
mod tests;

use std::convert::Infallible;
use std::future::poll_fn;
use std::io::ErrorKind;
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
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

pub(crate) use body::BodyTimedOut;
pub use limits::Limits;
use stream::Watched;
use table::{Doing, Entry, Met, Table};

/// The two ends of a connection; an extension of every request on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ends {
    /// The client's address.
    pub peer: SocketAddr,
    /// The address that it has reached us at.
    pub local: SocketAddr,
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
    T: Clone + Send + Sync + Unpin + 'static,
{
    let farewell = limits.farewell;
    let table = Arc::new(Table::new(limits));
    let mut tasks = JoinSet::new();
    while let Some(accepted) = ending.run_until_cancelled(listener.accept()).await {
        while tasks.try_join_next().is_some() {}
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) if is_about_one_client(error.kind()) => continue,
            Err(error) => {
                // Most likely there are no file descriptors left. To ask again at once would get the
                // same answer, as fast as the processor can.
                table.out_of_descriptors(&error);
                let _ = timeout(PAUSE_WITHOUT_DESCRIPTORS, tasks.join_next()).await;
                continue;
            }
        };
        let Ok(local) = stream.local_addr() else { continue };
        let ends = Ends { peer, local };
        let Some(entry) = table.enter(peer.ip()) else {
            let error = refusal::too_many_connections();
            tasks.spawn(refusal::say_and_leave(stream, error));
            continue;
        };
        let connection = Connection { entry, app: app.clone(), ending: ending.clone() };
        let admitted = admit(ends);
        tasks.spawn(async move {
            connection.run(stream, ends, admitted).await;
        });
    }
    drop(listener);
    // Whoever is still there after that is cut: a stream of events has no end of its own.
    let _ = timeout(farewell, async { while tasks.join_next().await.is_some() {} }).await;
}

/// How long to wait for a connection to end when the system has no descriptor for another.
const PAUSE_WITHOUT_DESCRIPTORS: Duration = Duration::from_millis(50);

/// Whether accepting failed because of the client that was to be accepted, and not for lack of anything.
fn is_about_one_client(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::ConnectionAborted
            | ErrorKind::ConnectionReset
            | ErrorKind::ConnectionRefused
            | ErrorKind::Interrupted
    )
}

struct Connection {
    entry: Entry,
    app: Router,
    ending: CancellationToken,
}

/// How serving a connection came to an end.
enum End {
    Done(hyper::Result<()>),
    TimedOut(Doing),
    MakesRoom,
}

impl Connection {
    async fn run<T: Clone + Send + Sync + Unpin + 'static>(
        self,
        stream: TcpStream,
        ends: Ends,
        admitted: impl Future<Output = T>,
    ) {
        let Connection { entry, app, ending } = self;
        // Answers come in few, whole writes, and nobody waits for more of them.
        let _ = stream.set_nodelay(true);
        let slot = entry.slot();
        let makes_room = slot.must_leave();
        let Some(admission) = makes_room.run_until_cancelled(admitted).await else { return };
        // If the client has reset the connection, its address may by now be that of another client's
        // connection, for whom it would have been taken.
        if stream.peer_addr().is_err() {
            return;
        }
        let for_requests = Arc::clone(slot);
        let service = hyper::service::service_fn(move |mut request: hyper::Request<Incoming>| {
            request.extensions_mut().insert(ends);
            request.extensions_mut().insert(admission.clone());
            let (app, slot) = (app.clone(), Arc::clone(&for_requests));
            let request: Request = request.map(|body| Body::new(body::Asked::new(body, &slot)));
            Box::pin(async move {
                let answer = app.oneshot(request).await?;
                Ok::<_, Infallible>(answer.map(|body| body::Answer::new(body, slot)))
            })
        });
        let stream = TokioIo::new(Watched::new(stream, Arc::clone(slot)));
        let mut http = http1::Builder::new()
            // Our own clocks are started by what has been read.
            .header_read_timeout(None)
            .max_buf_size(limits::LARGEST_HEAD)
            .serve_connection(stream, service);
        let mut clock = pin!(sleep_until(Instant::now()));
        let mut ending = pin!(ending.cancelled());
        let mut makes_room = pin!(makes_room.cancelled());
        let mut is_ending = false;
        let end = poll_fn(|cx| {
            if !is_ending && ending.as_mut().poll(cx).is_ready() {
                is_ending = true;
                Pin::new(&mut http).graceful_shutdown();
            }
            if let Poll::Ready(result) = http.poll_without_shutdown(cx) {
                return Poll::Ready(End::Done(result));
            }
            if makes_room.as_mut().poll(cx).is_ready() {
                return Poll::Ready(End::MakesRoom);
            }
            // All that changes what the connection is about happens while it is polled.
            let (doing, deadline) = slot.deadline();
            poll_clock(clock.as_mut(), deadline, cx).map(|()| End::TimedOut(doing))
        })
        .await;
        let stream = http.into_parts().io.into_inner();
        let own_status = stream.own_status();
        let stream = stream.into_inner();
        slot.set(Doing::Leaving);
        let farewell = async {
            match end {
                End::Done(Ok(())) => refusal::leave(stream).await,
                End::Done(Err(error)) if error.is_parse() => {
                    refusal::say_and_leave(stream, refusal::not_http(&error, own_status)).await;
                }
                End::TimedOut(Doing::Head) => {
                    slot.log(Met::HeadTime);
                    refusal::say_and_leave(stream, refusal::slow_head()).await;
                }
                End::TimedOut(Doing::Body) => slot.log(Met::BodyTime),
                End::TimedOut(Doing::Answering) => slot.log(Met::ReadTime),
                End::TimedOut(Doing::Waiting | Doing::Leaving) => refusal::leave(stream).await,
                // A client that has gone away, and one that makes room.
                End::Done(Err(_)) | End::MakesRoom => {}
            }
        };
        // A connection on its way out makes room for others, too.
        let _ = slot.must_leave().run_until_cancelled(farewell).await;
    }
}

/// Ready when `deadline` is over, if there is one.
fn poll_clock(
    mut clock: Pin<&mut tokio::time::Sleep>,
    deadline: Option<Instant>,
    cx: &mut Context<'_>,
) -> Poll<()> {
    let Some(deadline) = deadline else { return Poll::Pending };
    if clock.deadline() != deadline {
        clock.as_mut().reset(deadline);
    }
    clock.poll(cx)
}
