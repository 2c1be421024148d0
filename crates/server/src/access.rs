//! Who may come in at all: the user whose program this is, or whoever has its token.
//!
//! A server on loopback can be reached by every user of the machine, and does what it does with the rights of
//! the one who started it. So it asks the system whose each connection is, once, when it comes
//! (`sock_diag`, and [`proc_net`](crate::proc_net) where that does not tell); root and the owner pass, and whoever cannot be known does not. With a
//! [`Token`] that alone decides, on every system and for every address: its holder may well be another user or
//! another machine, and to know the owner without it would only be a second way in.
//!
//! This is asked before host and origin ([`door`](crate::door)), and before anything is read, so that who may
//! not come in learns nothing, not even which addresses there are.

use std::collections::HashSet;
use std::io::Read as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use axum::extract::{ConnectInfo, Request, State};
use axum::http::StatusCode;
use axum::http::header::{self, HeaderMap, HeaderValue};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use crate::ApiError;
use crate::connections::Ends;
use crate::proc_net::{Clients, Whose};
#[cfg(target_os = "linux")]
use crate::sock_diag::SockDiag;
use crate::token::{self, Token};

/// Who may come in.
#[derive(Debug, Clone)]
pub enum Access {
    /// Whoever shows the token, from wherever.
    Token(Token),
    /// The user who runs the program, and root.
    Owner(Arc<Owner>),
    /// Everybody who reaches the server: the system does not say whose a connection is.
    Anyone,
}

/// Tells the owner's connections from others.
#[derive(Debug)]
pub struct Owner {
    uid: u32,
    /// Tells most connections, where the system has it.
    #[cfg(target_os = "linux")]
    sock_diag: Option<Mutex<SockDiag>>,
    /// `/proc/net`.
    tables: PathBuf,
    /// The last reading.
    latest: Arc<tokio::sync::Mutex<Option<Reading>>>,
    /// Whom the log has named, each once: a log may not be filled by knocking.
    named: Mutex<HashSet<Whose>>,
}

/// The tables as they were read, and when that began.
type Reading = (Instant, Arc<Clients>);

/// What is known of a connection's other end; goes with each of its requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Caller {
    /// May come in, unless a token is asked for.
    Welcome,
    /// Another user, by number.
    AnotherUser(u32),
    /// The system does not say.
    Unknown,
}

/// How often the tables are read when they do not list a connection. The kernel writes them in pieces, and a
/// row may slip between two of them while others come and go.
const READINGS: usize = 3;

/// Root.
const ROOT: u32 = 0;

impl Access {
    /// The owner alone, where the system can tell; else everybody, with a warning.
    pub fn owner_if_the_system_tells() -> Self {
        match Owner::of_this_process() {
            Some(owner) => Access::Owner(Arc::new(owner)),
            None => {
                tracing::warn!(
                    "this system does not say whose a connection is, so every user of this machine may use \
                     this server; --token keeps others out"
                );
                Access::Anyone
            }
        }
    }

    /// Looks whose connection this is, once, when it has been accepted.
    pub(crate) async fn admit(self, ends: Ends) -> Caller {
        match self {
            // The token decides, and nobody else's tables have to be read for that.
            Access::Token(_) | Access::Anyone => Caller::Welcome,
            Access::Owner(owner) => owner.admit(ends).await,
        }
    }
}

impl Owner {
    #[cfg(target_os = "linux")]
    fn of_this_process() -> Option<Self> {
        let status = std::fs::read_to_string("/proc/self/status").ok()?;
        let tables = PathBuf::from("/proc/net");
        // There is no tcp6 where there is no IPv6.
        std::fs::File::open(tables.join("tcp")).ok()?;
        let mut owner = Owner::new(effective_user(&status)?, tables);
        match SockDiag::open(owner.uid) {
            Ok(sock_diag) => owner.sock_diag = Some(Mutex::new(sock_diag)),
            Err(error) => tracing::debug!("sockets are looked for in /proc/net alone: {error}"),
        }
        Some(owner)
    }

    #[cfg(not(target_os = "linux"))]
    fn of_this_process() -> Option<Self> {
        None
    }

    #[cfg_attr(not(target_os = "linux"), expect(dead_code, reason = "only Linux has the tables"))]
    fn new(uid: u32, tables: PathBuf) -> Self {
        Owner {
            uid,
            #[cfg(target_os = "linux")]
            sock_diag: None,
            tables,
            latest: Arc::default(),
            named: Mutex::default(),
        }
    }

    /// Whether the other end is the owner's. To be asked while our end is held, and to be trusted only
    /// if that has not been reset meanwhile: as long as it stands nobody else's connection can have its addresses.
    async fn admit(&self, Ends { peer, local }: Ends) -> Caller {
        let mut whose = self.ask(peer, local);
        for _ in 0..READINGS {
            // A closed end stays closed, and to look again would be to look at somebody else's.
            if whose != Whose::NotListed {
                break;
            }
            whose = match self.clients(local.port()).await {
                Ok(clients) => clients.whose(peer, local),
                Err(error) => {
                    tracing::warn!("cannot read {}: {error}", self.tables.display());
                    Whose::NotListed
                }
            };
        }
        let caller = match whose {
            Whose::User(uid) if uid == self.uid || uid == ROOT => return Caller::Welcome,
            Whose::User(uid) => Caller::AnotherUser(uid),
            Whose::Nobody | Whose::NotListed => Caller::Unknown,
        };
        if self.named.lock().unwrap_or_else(PoisonError::into_inner).insert(whose) {
            match caller {
                Caller::AnotherUser(uid) => tracing::warn!("refused connections of user {uid}"),
                _ => tracing::warn!("refused a connection whose user the system does not say"),
            }
        }
        caller
    }

    /// What the kernel says about the one socket.
    #[cfg(target_os = "linux")]
    fn ask(&self, peer: SocketAddr, local: SocketAddr) -> Whose {
        let Some(sock_diag) = &self.sock_diag else { return Whose::NotListed };
        let asked = sock_diag.lock().unwrap_or_else(PoisonError::into_inner).whose(peer, local);
        asked.unwrap_or_else(|error| {
            tracing::debug!("cannot ask about the socket at {peer}: {error}");
            Whose::NotListed
        })
    }

    #[cfg(not(target_os = "linux"))]
    fn ask(&self, _peer: SocketAddr, _local: SocketAddr) -> Whose {
        Whose::NotListed
    }

    /// The server's clients as they are now or later. Connections that come together share a reading, so that
    /// many of them cost no more than few.
    async fn clients(&self, port: u16) -> std::io::Result<Arc<Clients>> {
        let asked = Instant::now();
        let mut latest = Arc::clone(&self.latest).lock_owned().await;
        if let Some((begun, clients)) = &*latest
            && *begun > asked
        {
            return Ok(Arc::clone(clients));
        }
        let folder = self.tables.clone();
        let read = move || -> std::io::Result<Arc<Clients>> {
            let begun = Instant::now();
            let tcp = read_table(&folder.join("tcp"))?;
            let tcp6 = match read_table(&folder.join("tcp6")) {
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
                table => table?,
            };
            let clients = Arc::new(Clients::of(port, &tcp, &tcp6));
            // The lock is held here and not by the one who asks, since a connection may end while it waits:
            // then the next one would read beside this reading.
            *latest = Some((begun, Arc::clone(&clients)));
            Ok(clients)
        };
        tokio::task::spawn_blocking(read).await.map_err(std::io::Error::other)?
    }
}

/// A whole table. The system does not say how long it is.
fn read_table(path: &std::path::Path) -> std::io::Result<Vec<u8>> {
    let mut table = Vec::with_capacity(64 << 10);
    std::fs::File::open(path)?.read_to_end(&mut table)?;
    Ok(table)
}

/// The user with whose rights a process acts, from its `/proc/.../status`: the second of the four that are listed.
#[cfg(any(target_os = "linux", test))]
fn effective_user(status: &str) -> Option<u32> {
    let users = status.lines().find_map(|line| line.strip_prefix("Uid:"))?;
    users.split_ascii_whitespace().nth(1)?.parse().ok()
}

/// A request whose sender has shown the token.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Holder;

/// Refuses whoever may not come in.
pub(crate) async fn check_access(
    State(access): State<Access>,
    mut request: Request,
    next: Next,
) -> Response {
    match &access {
        Access::Anyone => {}
        Access::Owner(_) => match request.extensions().get::<ConnectInfo<Caller>>() {
            Some(ConnectInfo(Caller::Welcome)) => {}
            caller => {
                let caller = caller.map_or(Caller::Unknown, |ConnectInfo(caller)| *caller);
                return refuse_user(&request, caller);
            }
        },
        Access::Token(token) => {
            let in_address = token::may_show_in_address(&request);
            let opens = in_address && token.is_in(request.uri());
            let shown = token.is_shown(request.headers());
            match (shown, in_address) {
                (_, true) if opens || shown => return token::take_off_address(&request, opens),
                (true, _) => _ = request.extensions_mut().insert(Holder),
                (false, _) => return ask_for_token(&request),
            }
        }
    }
    next.run(request).await
}

fn refuse_user(request: &Request, caller: Caller) -> Response {
    let whose = match caller {
        Caller::AnotherUser(_) => "This server belongs to another user of this machine.",
        _ => {
            "This server answers its owner alone, and the system does not say whose this connection is."
        }
    };
    let error = ApiError {
        status: StatusCode::FORBIDDEN,
        detail: whose.into(),
        code: "another_user",
        hint:
            "Start a server of your own. Its owner can let others in by starting it with --token."
                .into(),
        about: None,
    };
    let mut response = refusal(request, error);
    // Whoever may not come in holds no place among the connections.
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}

fn ask_for_token(request: &Request) -> Response {
    let error = ApiError {
        status: StatusCode::UNAUTHORIZED,
        detail: "This server asks for its token.".into(),
        code: "token_required",
        hint: "Open the address with ?token=... that the program has printed in its terminal. Programs send \
               the header Authorization: Bearer, with the token."
            .into(),
        about: None,
    };
    let mut response = refusal(request, error);
    // RFC 9110, 15.5.2
    let scheme = HeaderValue::from_static("Bearer realm=\"tokenscope\"");
    response.headers_mut().insert(header::WWW_AUTHENTICATE, scheme);
    response
}

/// A page for people, JSON for programs.
fn refusal(request: &Request, error: ApiError) -> Response {
    let asks_for_page = !request.uri().path().starts_with("/api/") && wants_html(request.headers());
    if !asks_for_page {
        return error.into_response();
    }
    // Whoever came by a link on another page has the cookie and was not allowed to show it: the link here may.
    let page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>Tokenscope: {status}</title>\n\
         <h1>{detail}</h1>\n<p>{hint}</p>\n<p><a href=\"/\">Try again</a></p>\n</html>\n",
        status = error.status.as_u16(),
        detail = error.detail,
        hint = error.hint,
    );
    (error.status, [(header::CONTENT_TYPE, "text/html; charset=utf-8")], page).into_response()
}

fn wants_html(headers: &HeaderMap) -> bool {
    headers
        .get(header::ACCEPT)
        .and_then(|accept| accept.to_str().ok())
        .is_some_and(|accept| accept.contains("text/html"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_effective_user_is_the_owner() {
        let status =
            "Name:\ttokenscope\nUmask:\t0022\nUid:\t1000\t1001\t1002\t1003\nGid:\t5\t6\t7\t8\n";
        assert_eq!(effective_user(status), Some(1001));
        assert_eq!(effective_user("Name:\tx\n"), None);
    }

    /// The row of the one connection there is, in an order of bytes that reads the same both ways.
    fn table(uid: u32, inode: u32) -> String {
        format!(
            "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid\n   0: \
             7F7F7F7F:9C40 7F7F7F7F:1F40 01 00000000:00000000 00:00000000 00000000 {uid:5}        0 \
             {inode} 2\n"
        )
    }

    fn ends() -> Ends {
        let at = |port| SocketAddr::from(([127, 127, 127, 127], port));
        Ends { peer: at(40000), local: at(8000) }
    }

    #[tokio::test]
    async fn the_owner_and_root_pass_and_nobody_else() {
        let folder = tempfile::tempdir().unwrap();
        for (what, table, caller) in [
            ("the owner", table(1000, 5), Caller::Welcome),
            ("root", table(0, 5), Caller::Welcome),
            ("another user", table(1001, 5), Caller::AnotherUser(1001)),
            ("closed meanwhile", table(0, 0), Caller::Unknown),
            ("closed, with a user", table(1000, 0), Caller::Unknown),
            ("no row", String::new(), Caller::Unknown),
        ] {
            std::fs::write(folder.path().join("tcp"), table).unwrap();
            let owner = Owner::new(1000, folder.path().to_owned());
            assert_eq!(owner.admit(ends()).await, caller, "{what}");
        }
        std::fs::remove_file(folder.path().join("tcp")).unwrap();
        let owner = Owner::new(1000, folder.path().to_owned());
        assert_eq!(owner.admit(ends()).await, Caller::Unknown, "no table");
    }

    #[tokio::test]
    async fn what_was_read_for_one_connection_is_not_used_for_a_later_one() {
        let folder = tempfile::tempdir().unwrap();
        let owner = Owner::new(1000, folder.path().to_owned());
        for (uid, caller) in
            [(1000, Caller::Welcome), (1001, Caller::AnotherUser(1001)), (0, Caller::Welcome)]
        {
            std::fs::write(folder.path().join("tcp"), table(uid, 5)).unwrap();
            assert_eq!(owner.admit(ends()).await, caller);
        }
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn the_tables_are_read_for_those_alone_that_the_kernel_does_not_tell() {
        let folder = tempfile::tempdir().unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let local = listener.local_addr().unwrap();
        let client = tokio::net::TcpStream::connect(local).await.unwrap();
        let (_ours, peer) = listener.accept().await.unwrap();
        let own = Owner::of_this_process().unwrap();
        let mut owner = Owner::new(own.uid, folder.path().to_owned());
        let ours = Ends { peer, local };
        assert_eq!(owner.admit(ours).await, Caller::Unknown, "neither");
        owner.sock_diag = own.sock_diag;
        assert!(owner.sock_diag.is_some());
        assert_eq!(owner.admit(ours).await, Caller::Welcome, "the kernel");
        std::fs::write(folder.path().join("tcp"), table(owner.uid, 5)).unwrap();
        assert_eq!(owner.admit(ends()).await, Caller::Welcome, "the table");
        drop(client);
        assert_eq!(owner.admit(ours).await, Caller::Unknown, "closed");
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn the_system_tells_our_own_connections() {
        let owner = Owner::of_this_process().unwrap();
        for address in ["127.0.0.1:0", "[::1]:0"] {
            let Ok(listener) = tokio::net::TcpListener::bind(address).await else { continue };
            let local = listener.local_addr().unwrap();
            let client = tokio::net::TcpStream::connect(local).await.unwrap();
            let (_ours, peer) = listener.accept().await.unwrap();
            assert_eq!(owner.admit(Ends { peer, local }).await, Caller::Welcome, "{address}");
            drop(client);
            assert_eq!(
                owner.admit(Ends { peer, local }).await,
                Caller::Unknown,
                "{address}, closed"
            );
        }
    }
}
