//! Accepting connections, each with what is known of its other end.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use tokio::net::{TcpListener, TcpStream};

use crate::access::{Access, Caller, Ends};

/// How long to wait when the system has nothing left for another connection.
const PAUSE: Duration = Duration::from_millis(50);

/// A listener that looks, before anything is read from a connection, whose it is.
pub(crate) struct Admitting {
    pub(crate) listener: TcpListener,
    pub(crate) access: Access,
}

impl Listener for Admitting {
    type Io = TcpStream;
    type Addr = Caller;

    async fn accept(&mut self) -> (TcpStream, Caller) {
        loop {
            let Ok((stream, peer)) = self.listener.accept().await else {
                tokio::time::sleep(PAUSE).await;
                continue;
            };
            if let Some(caller) = admit(&self.access, &stream, peer).await {
                return (stream, caller);
            }
        }
    }

    fn local_addr(&self) -> io::Result<Caller> {
        Ok(Caller::Welcome)
    }
}

/// What is known of a connection's other end, or nothing if it has been reset. Then the other end's addresses may
/// by now be those of somebody else's connection, for whom it would be taken.
async fn admit(access: &Access, stream: &TcpStream, peer: SocketAddr) -> Option<Caller> {
    let local = stream.local_addr().ok()?;
    let caller = access.clone().admit(Ends { peer, local }).await;
    stream.peer_addr().is_ok().then_some(caller)
}

impl Connected<IncomingStream<'_, Admitting>> for Caller {
    fn connect_info(stream: IncomingStream<'_, Admitting>) -> Self {
        *stream.remote_addr()
    }
}
