//! Whose connection it is, by the tables in which Linux lists TCP sockets with the users who made them.
//!
//! Both ends of a connection within a machine have a row in `/proc/net/tcp` or `tcp6`: the addresses in
//! hexadecimal, the state, the user and the inode (Linux, `Documentation/networking/proc_net_tcp.rst`).
//! A row whose inode is 0 belongs to nobody any more: its program has closed it, and the user says 0 there,
//! which is not root. A client's row is searched for as the text that the kernel writes, so that a
//! table of thousands of sockets is not parsed.

use std::net::{IpAddr, SocketAddr};

/// Whose socket a connection's other end is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Whose {
    /// This user's, by number.
    User(u32),
    /// Nobody's any more: it is closed, or was never open.
    Nobody,
    /// The tables do not list it.
    NotListed,
}

impl Whose {
    /// Whose a socket is that was found.
    pub(crate) fn of_socket(state: u8, uid: u32, inode: u64) -> Self {
        // A socket that only asks for a connection has a user and an inode, but no connection to us: ours,
        // from the same port, may be one that somebody else has left behind.
        let connected = matches!(state, ESTABLISHED | FIN_WAIT_1 | FIN_WAIT_2 | CLOSE_WAIT);
        if connected && inode != 0 { Whose::User(uid) } else { Whose::Nobody }
    }
}

/// The rows of both tables whose far end is one port: the clients of a server.
#[derive(Debug)]
pub(crate) struct Clients {
    tcp: Vec<u8>,
    tcp6: Vec<u8>,
}

impl Clients {
    /// Keeps the rows for `port` of the two tables.
    pub(crate) fn of(port: u16, tcp: &[u8], tcp6: &[u8]) -> Self {
        Clients { tcp: rows_to(port, tcp), tcp6: rows_to(port, tcp6) }
    }

    /// Whose socket is at `peer` in the connection from `peer` to `local`.
    pub(crate) fn whose(&self, peer: SocketAddr, local: SocketAddr) -> Whose {
        let (from, to) = (peer.ip().to_canonical(), local.ip().to_canonical());
        let text = |written: fn(IpAddr) -> String| {
            format!("{}:{:04X} {}:{:04X}", written(from), peer.port(), written(to), local.port())
        };
        // An IPv6 socket may have an IPv4 connection; its row is then among those of IPv6.
        let in_tcp = text(written).into_bytes();
        let in_tcp6 = text(written_mapped).into_bytes();
        let rows = find(&self.tcp, &in_tcp).chain(find(&self.tcp6, &in_tcp6));
        // Two rows for one pair of addresses are an old and a new connection: the stricter one counts.
        rows.fold(Whose::NotListed, |whose, row| match (whose, row) {
            (Whose::NotListed, row) => row,
            (Whose::User(one), Whose::User(other)) if one == other => row,
            _ => Whose::Nobody,
        })
    }
}

/// What a row says from its third field on: addresses, then `st tx:rx tr:when retrnsmt uid timeout inode`.
fn rest_of(row: &[u8]) -> Option<Whose> {
    let text = std::str::from_utf8(row).ok()?;
    let mut fields = text.split_ascii_whitespace();
    let state = u8::from_str_radix(fields.next()?, 16).ok()?;
    let uid: u32 = fields.nth(3)?.parse().ok()?;
    let inode: u64 = fields.nth(1)?.parse().ok()?;
    Some(Whose::of_socket(state, uid, inode))
}

// States of a client that is connected, or has said that it sends no more and still reads
// (Linux, `include/net/tcp_states.h`).
const ESTABLISHED: u8 = 1;
const FIN_WAIT_1: u8 = 4;
const FIN_WAIT_2: u8 = 5;
const CLOSE_WAIT: u8 = 8;

/// The rows with these two addresses. A row that cannot be read is nobody's.
fn find(rows: &[u8], addresses: &[u8]) -> impl Iterator<Item = Whose> {
    rows.split(|&byte| byte == b'\n').filter_map(move |row| {
        let rest = from_addresses(row)?.strip_prefix(addresses)?;
        Some(rest_of(rest).unwrap_or(Whose::Nobody))
    })
}

/// A row without its number.
fn from_addresses(row: &[u8]) -> Option<&[u8]> {
    let colon = row.iter().position(|&byte| byte == b':')?;
    Some(row[colon + 1..].trim_ascii_start())
}

/// The rows whose second address has this port, each with a line end.
fn rows_to(port: u16, table: &[u8]) -> Vec<u8> {
    let end = format!(":{port:04X}").into_bytes();
    let mut kept = Vec::new();
    for row in table.split(|&byte| byte == b'\n') {
        let far = from_addresses(row).and_then(|rest| rest.split(|&byte| byte == b' ').nth(1));
        if far.is_some_and(|far| far.ends_with(&end)) {
            kept.extend_from_slice(row);
            kept.push(b'\n');
        }
    }
    kept
}

/// An address as its own table has it.
fn written(ip: IpAddr) -> String {
    match ip {
        IpAddr::V4(ip) => words(&ip.octets(), u32::from_ne_bytes),
        IpAddr::V6(ip) => words(&ip.octets(), u32::from_ne_bytes),
    }
}

/// An address as the table of IPv6 has it.
fn written_mapped(ip: IpAddr) -> String {
    match ip {
        IpAddr::V4(ip) => written(ip.to_ipv6_mapped().into()),
        IpAddr::V6(_) => written(ip),
    }
}

/// Bytes as the kernel prints them: as numbers of four bytes each, in the order of the processor.
fn words(bytes: &[u8], number: fn([u8; 4]) -> u32) -> String {
    bytes
        .chunks_exact(4)
        .map(|four| format!("{:08X}", number([four[0], four[1], four[2], four[3]])))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_written_as_the_kernel_does_in_either_byte_order() {
        for (ip, little, big) in [
            ("127.0.0.1", "0100007F", "7F000001"),
            ("192.168.1.2", "0201A8C0", "C0A80102"),
            ("::1", "00000000000000000000000001000000", "00000000000000000000000000000001"),
            (
                "2001:db8::8a2e:370:7334",
                "B80D0120000000002E8A000034737003",
                "20010DB80000000000008A2E03707334",
            ),
            (
                "::ffff:127.0.0.1",
                "0000000000000000FFFF00000100007F",
                "00000000000000000000FFFF7F000001",
            ),
        ] {
            let octets = match ip.parse().unwrap() {
                IpAddr::V4(ip) => ip.octets().to_vec(),
                IpAddr::V6(ip) => ip.octets().to_vec(),
            };
            assert_eq!(words(&octets, u32::from_le_bytes), little, "{ip}");
            assert_eq!(words(&octets, u32::from_be_bytes), big, "{ip}");
        }
    }

    /// A row as the kernel prints it.
    fn row(from: &str, to: &str, state: &str, uid: u32, inode: u32, mapped: bool) -> String {
        let end = |address: &str| {
            let address: SocketAddr = address.parse().unwrap();
            let ip = if mapped { written_mapped(address.ip()) } else { written(address.ip()) };
            format!("{ip}:{:04X}", address.port())
        };
        format!(
            "  17: {} {} {state} 00000000:00000000 00:00000000 00000000 {uid:5}        0 {inode} 1 \
             0000000000000000 20 4 30 10 -1\n",
            end(from),
            end(to)
        )
    }

    const HEAD: &str = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when \
                        retrnsmt   uid  timeout inode\n";

    #[test]
    fn a_row_counts_while_somebody_holds_its_socket() {
        let (peer, server) = ("127.0.0.1:40000", "127.0.0.1:8000");
        let table = |rows: &[(&str, u32, u32)]| -> String {
            rows.iter()
                .map(|&(state, uid, inode)| row(peer, server, state, uid, inode, false))
                .collect()
        };
        for (what, rows, whose) in [
            ("connected", &[("01", 1001, 5)][..], Whose::User(1001)),
            ("root's", &[("01", 0, 5)], Whose::User(0)),
            ("sends no more", &[("05", 1001, 5)], Whose::User(1001)),
            ("hears no more", &[("08", 1001, 5)], Whose::User(1001)),
            ("closed, and says 0", &[("05", 0, 0)], Whose::Nobody),
            ("closed, and says whose it was", &[("04", 1001, 0)], Whose::Nobody),
            ("waits for its port", &[("06", 0, 0)], Whose::Nobody),
            ("asks for a connection", &[("02", 1000, 5)], Whose::Nobody),
            ("an old and a new one", &[("06", 0, 0), ("01", 1000, 5)], Whose::Nobody),
            ("two users", &[("01", 1001, 4), ("01", 1000, 5)], Whose::Nobody),
            (
                "listed twice, since the table changed",
                &[("01", 7, 5), ("01", 7, 5)],
                Whose::User(7),
            ),
            ("nothing", &[], Whose::NotListed),
        ] {
            let text = HEAD.to_owned() + &table(rows);
            let clients = Clients::of(8000, text.as_bytes(), HEAD.as_bytes());
            let found = clients.whose(peer.parse().unwrap(), server.parse().unwrap());
            assert_eq!(found, whose, "{what}: {text}");
        }
    }

    #[test]
    fn the_clients_end_is_found_and_no_other() {
        let tcp = HEAD.to_owned()
            + &row("0.0.0.0:8000", "0.0.0.0:0", "0A", 1, 1, false)
            + &row("127.0.0.1:8000", "127.0.0.1:40000", "01", 2, 2, false)
            + &row("127.0.0.1:40000", "127.0.0.1:8000", "01", 3, 3, false)
            + &row("127.0.0.1:40000", "127.0.0.1:8001", "01", 4, 4, false)
            + &row("127.0.0.2:40000", "127.0.0.1:8000", "01", 5, 5, false)
            // Our port somewhere else in the row.
            + &row("127.0.0.1:8000", "127.0.0.1:1", "01", 9, 9, false);
        let tcp6 = HEAD.to_owned()
            + &row("127.0.0.1:41000", "127.0.0.1:8000", "01", 6, 6, true)
            + &row("[::1]:40000", "[::1]:8000", "01", 7, 7, false);
        let clients = Clients::of(8000, tcp.as_bytes(), tcp6.as_bytes());
        for (peer, local, whose) in [
            ("127.0.0.1:40000", "127.0.0.1:8000", Whose::User(3)),
            ("127.0.0.2:40000", "127.0.0.1:8000", Whose::User(5)),
            ("[::1]:40000", "[::1]:8000", Whose::User(7)),
            ("127.0.0.1:41000", "127.0.0.1:8000", Whose::User(6)),
            ("[::ffff:127.0.0.1]:40000", "[::ffff:127.0.0.1]:8000", Whose::User(3)),
            ("[::ffff:127.0.0.1]:41000", "[::ffff:127.0.0.1]:8000", Whose::User(6)),
            ("127.0.0.1:4000", "127.0.0.1:8000", Whose::NotListed),
            ("127.0.0.1:40000", "127.0.0.2:8000", Whose::NotListed),
            ("[::1]:41000", "[::1]:8000", Whose::NotListed),
        ] {
            let found = clients.whose(peer.parse().unwrap(), local.parse().unwrap());
            assert_eq!(found, whose, "{peer} to {local}");
        }
    }

    #[test]
    fn rows_that_cannot_be_read_are_nobodys() {
        let (peer, server) = ("127.0.0.1:40000", "127.0.0.1:8000");
        let whole = row(peer, server, "01", 1000, 5, false);
        let addresses = whole.find("01 ").unwrap();
        for cut in addresses..whole.find(" 1 ").unwrap() {
            let text = &whole[..cut];
            let clients = Clients::of(8000, text.as_bytes(), b"");
            let found = clients.whose(peer.parse().unwrap(), server.parse().unwrap());
            assert_ne!(found, Whose::User(1000), "{text}");
        }
    }
}
