//! Whose connection it is, asked about one socket: Linux looks it up as it looks up the socket of a packet, which takes
//! microseconds however many sockets there are (`sock_diag(7)`).
//!
//! The kernel may be built without this, or a container may forbid it, and a socket that is bound to an
//! interface is found by that one only. So a socket that is not found here is looked for in the tables
//! ([`proc_net`](crate::proc_net)), which list all.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream};

use netlink_packet_core::{NLM_F_REQUEST, NetlinkHeader, NetlinkMessage, NetlinkPayload};
use netlink_packet_sock_diag::inet::{
    ExtensionFlags, InetRequest, InetResponse, SocketId, StateFlags,
};
use netlink_packet_sock_diag::{AF_INET, AF_INET6, IPPROTO_TCP, SockDiagMessage};
use rustix::fd::OwnedFd;
use rustix::io::Errno;
use rustix::net::netlink::{SOCK_DIAG, SocketAddrNetlink};
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType};

use crate::proc_net::Whose;

/// A socket to ask the kernel by. It is kept open, so that to ask takes no file descriptor.
#[derive(Debug)]
pub(crate) struct SockDiag {
    socket: OwnedFd,
    /// Of the last request.
    sequence: u32,
}

/// No cookie: whichever socket has the addresses.
const ANY: [u8; 8] = [0xFF; 8];

/// More bytes than an answer about one socket has.
const LARGEST_ANSWER: usize = 4096;

impl SockDiag {
    /// Opens a socket to the kernel and asks it about a connection of our own, of which we know whose it is.
    pub(crate) fn open(user: u32) -> io::Result<Self> {
        let (family, kind) = (AddressFamily::NETLINK, SocketType::DGRAM);
        let socket = rustix::net::socket_with(family, kind, SocketFlags::CLOEXEC, Some(SOCK_DIAG))?;
        // From now on nobody but the kernel can send to it.
        rustix::net::connect(&socket, &SocketAddrNetlink::new(0, 0))?;
        let mut asked = SockDiag { socket, sequence: 0 };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let client = TcpStream::connect(listener.local_addr()?)?;
        match asked.whose(client.local_addr()?, client.peer_addr()?)? {
            Whose::User(found) if found == user => Ok(asked),
            other => Err(io::Error::other(format!("our own connection is {other:?}"))),
        }
    }

    /// Whose socket is at `peer` in the connection from `peer` to `local`.
    pub(crate) fn whose(&mut self, peer: SocketAddr, local: SocketAddr) -> io::Result<Whose> {
        self.sequence = self.sequence.wrapping_add(1);
        rustix::net::send(&self.socket, &request(peer, local, self.sequence), SendFlags::empty())?;
        let mut answer = [0; LARGEST_ANSWER];
        loop {
            // The kernel has answered before it has taken the request.
            let (_, size) = rustix::net::recv(&self.socket, &mut answer[..], RecvFlags::DONTWAIT)?;
            let answer = NetlinkMessage::<SockDiagMessage>::deserialize(&answer[..size]);
            let (header, payload) = answer.map_err(io::Error::other)?.into_parts();
            // One to a request that failed half way.
            if header.sequence_number != self.sequence {
                continue;
            }
            return match payload {
                NetlinkPayload::InnerMessage(SockDiagMessage::InetResponse(response)) => {
                    Ok(whose(&response, peer, local))
                }
                NetlinkPayload::Error(error) if is_not_found(error.to_io()) => Ok(Whose::NotListed),
                NetlinkPayload::Error(error) => Err(error.to_io()),
                other => Err(io::Error::other(format!("an answer of another kind: {other:?}"))),
            };
        }
    }
}

fn is_not_found(error: io::Error) -> bool {
    error.raw_os_error() == Some(Errno::NOENT.raw_os_error())
}

fn request(peer: SocketAddr, local: SocketAddr, sequence: u32) -> Vec<u8> {
    // The kernel finds IPv4 connections of IPv6 sockets by their IPv4 addresses, too.
    let (source_address, destination_address) =
        (peer.ip().to_canonical(), local.ip().to_canonical());
    let request = SockDiagMessage::InetRequest(InetRequest {
        family: if source_address.is_ipv4() { AF_INET } else { AF_INET6 },
        protocol: IPPROTO_TCP,
        extensions: ExtensionFlags::empty(),
        states: StateFlags::all(),
        socket_id: SocketId {
            source_port: peer.port(),
            destination_port: local.port(),
            source_address,
            destination_address,
            interface_id: 0,
            cookie: ANY,
        },
    });
    let mut header = NetlinkHeader::default();
    header.flags = NLM_F_REQUEST;
    header.sequence_number = sequence;
    let mut message = NetlinkMessage::new(header, request.into());
    message.finalize();
    let mut bytes = vec![0; message.buffer_len()];
    message.serialize(&mut bytes);
    bytes
}

/// What the kernel says about a socket, if it is the one that was asked about: where nobody is connected, the kernel
/// says who listens at the address instead.
fn whose(response: &InetResponse, peer: SocketAddr, local: SocketAddr) -> Whose {
    let found = &response.header;
    let id = &found.socket_id;
    let end = |ip: IpAddr, port| (ip.to_canonical(), port);
    let is_asked = end(id.source_address, id.source_port) == end(peer.ip(), peer.port())
        && end(id.destination_address, id.destination_port) == end(local.ip(), local.port());
    match is_asked {
        true => Whose::of_socket(found.state, found.uid, found.inode.into()),
        false => Whose::NotListed,
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv6Addr;

    use super::*;

    fn own_user() -> u32 {
        rustix::process::geteuid().as_raw()
    }

    fn diag() -> SockDiag {
        SockDiag::open(own_user()).unwrap()
    }

    /// A connection, and the addresses of its client's end and of the server's as the server sees them.
    fn connection(
        listener: &TcpListener,
        to: SocketAddr,
    ) -> (TcpStream, TcpStream, SocketAddr, SocketAddr) {
        let client = TcpStream::connect(to).unwrap();
        let (ours, peer) = listener.accept().unwrap();
        let local = ours.local_addr().unwrap();
        (client, ours, peer, local)
    }

    #[test]
    fn the_kernel_tells_our_own_connections_and_those_that_nobody_holds() {
        let mut diag = diag();
        for (listens, called) in [
            ("127.0.0.1:0", "127.0.0.1"),
            ("[::1]:0", "::1"),
            // An IPv6 socket with an IPv4 connection.
            ("[::]:0", "127.0.0.1"),
        ] {
            let Ok(listener) = TcpListener::bind(listens) else { continue };
            let port = listener.local_addr().unwrap().port();
            let called = SocketAddr::new(called.parse().unwrap(), port);
            let (client, ours, peer, local) = connection(&listener, called);
            let ours_is = Whose::User(own_user());
            assert_eq!(diag.whose(peer, local).unwrap(), ours_is, "{listens}");
            assert_eq!(diag.whose(local, peer).unwrap(), ours_is, "{listens}, the other end");
            client.shutdown(std::net::Shutdown::Write).unwrap();
            assert_eq!(diag.whose(peer, local).unwrap(), ours_is, "{listens}, sends no more");
            drop(client);
            let closed = diag.whose(peer, local).unwrap();
            assert!(!matches!(closed, Whose::User(_)), "{listens}, closed: {closed:?}");
            drop(ours);
        }
    }

    #[test]
    fn an_ipv6_clients_ipv4_connection_is_found() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let mapped = SocketAddr::new(Ipv4Addr::LOCALHOST.to_ipv6_mapped().into(), port);
        // Where there is no IPv6 there are no such clients.
        let Ok(client) = TcpStream::connect(mapped) else { return };
        let (_ours, peer) = listener.accept().unwrap();
        let local = SocketAddr::new(Ipv4Addr::LOCALHOST.into(), port);
        assert!(peer.is_ipv4() && client.local_addr().unwrap().is_ipv6());
        let mut diag = diag();
        assert_eq!(diag.whose(peer, local).unwrap(), Whose::User(own_user()));
        let mapped_peer = client.local_addr().unwrap();
        assert_eq!(diag.whose(mapped_peer, mapped).unwrap(), Whose::User(own_user()));
    }

    #[test]
    fn who_listens_at_the_clients_address_is_not_taken_for_the_client() {
        let mut diag = diag();
        for ip in [IpAddr::from(Ipv4Addr::LOCALHOST), Ipv6Addr::LOCALHOST.into()] {
            let Ok(listens) = TcpListener::bind((ip, 0)) else { continue };
            let server = TcpListener::bind((ip, 0)).unwrap();
            let (peer, local) = (listens.local_addr().unwrap(), server.local_addr().unwrap());
            assert_eq!(diag.whose(peer, local).unwrap(), Whose::NotListed, "{peer}");
        }
    }

    #[test]
    fn what_is_left_of_a_request_that_failed_is_not_taken_for_an_answer() {
        let mut diag = diag();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (_client, _ours, peer, local) = connection(&listener, listener.local_addr().unwrap());
        let nowhere = SocketAddr::from(([127, 0, 0, 1], 1));
        let stale = request(nowhere, nowhere, 12345);
        rustix::net::send(&diag.socket, &stale, SendFlags::empty()).unwrap();
        assert_eq!(diag.whose(peer, local).unwrap(), Whose::User(own_user()));
    }
}
