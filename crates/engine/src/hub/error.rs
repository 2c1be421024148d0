//! What can go wrong with the hub, in sentences that help.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Ends a hint about tokens.
const START_AGAIN: &str =
    "A new token counts once Tokenscope is started again: it is read at the start.";

/// Why a model cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum HubError {
    /// The licence has to be accepted first.
    #[error("{repo} is gated: the hub gives its files only to users who accepted its terms.")]
    Gated {
        /// The repository.
        repo: String,
        /// Its page, where the terms are.
        page: String,
    },
    /// The hub does not know the token.
    #[error("{endpoint} does not accept the access token.")]
    InvalidToken {
        /// The hub.
        endpoint: String,
    },
    /// The token does not suffice.
    #[error("The hub forbids access to {repo} ({reason}).")]
    Forbidden {
        /// The repository.
        repo: String,
        /// What the hub says.
        reason: String,
    },
    /// There is no such repository, or it is private: the hub does not tell which.
    #[error("{endpoint} has no model {repo}, or it is private.")]
    NoRepo {
        /// The hub.
        endpoint: String,
        /// The repository.
        repo: String,
    },
    /// There is no such branch, tag or commit.
    #[error("{repo} has no revision {revision:?}.")]
    NoRevision {
        /// The repository.
        repo: String,
        /// What was asked for.
        revision: String,
    },
    /// There is no such file.
    #[error("{repo} has no file {file:?}; {}.", there_is(available))]
    NoFile {
        /// The repository.
        repo: String,
        /// What was asked for.
        file: String,
        /// The files that could have been meant.
        available: Vec<String>,
    },
    /// The listing has the file, and yet it cannot be fetched.
    #[error("{endpoint} lists {file} in {repo} but does not give it (status 404).")]
    NotGiven {
        /// The hub.
        endpoint: String,
        /// The repository.
        repo: String,
        /// The file.
        file: String,
    },
    /// The repository holds no weights that we could read.
    #[error("{repo} {reason}.")]
    Unsuitable {
        /// The repository.
        repo: String,
        /// What it has or lacks, as the rest of the sentence.
        reason: String,
    },
    /// No connection.
    #[error("Cannot reach {endpoint}: {reason}.")]
    Unreachable {
        /// The hub, or the host it sent us to.
        endpoint: String,
        /// What the system says.
        reason: String,
    },
    /// A connection, but not a safe one.
    #[error("No secure connection to {endpoint}: {reason}.")]
    Tls {
        /// The hub, or the host it sent us to.
        endpoint: String,
        /// What failed.
        reason: String,
    },
    /// A connection, but no answer.
    #[error("{endpoint} did not answer within {} s.", seconds(*waited))]
    NoAnswer {
        /// The hub, or the host it sent us to.
        endpoint: String,
        /// How long we waited.
        waited: Duration,
    },
    /// The download stopped.
    #[error("The download of {file} stopped: no byte came for {} s.", seconds(*waited))]
    Stalled {
        /// The file.
        file: String,
        /// How long we waited.
        waited: Duration,
    },
    /// The connection was cut again and again.
    #[error("The download of {file} was cut: {reason}.")]
    Cut {
        /// The file.
        file: String,
        /// What the system says.
        reason: String,
    },
    /// The hub has enough of us.
    #[error("{endpoint} is refusing requests for now because there were too many (status 429).")]
    RateLimited {
        /// The hub.
        endpoint: String,
    },
    /// The hub is in trouble.
    #[error("{endpoint} answered with an error (status {status}).")]
    Server {
        /// The hub, or the host it sent us to.
        endpoint: String,
        /// The status.
        status: u16,
    },
    /// The hub wants us to wait for longer than anybody would.
    #[error("{because} It asks to wait {} s.", wait.as_secs())]
    NotNow {
        /// What the hub's answer means.
        because: Box<HubError>,
        /// How long it asks to wait.
        wait: Duration,
    },
    /// The hub does not speak as a hub does.
    #[error("{endpoint} does not answer like a Hugging Face hub: {reason}.")]
    Protocol {
        /// The hub.
        endpoint: String,
        /// What was expected and what came.
        reason: String,
    },
    /// The disk is full, or would be.
    #[error("{} has no room: {}.", folder.display(), room(*needed, *free))]
    NoSpace {
        /// The cache folder.
        folder: PathBuf,
        /// Bytes still to be written.
        needed: u64,
        /// Bytes there are, if the system tells.
        free: Option<u64>,
    },
    /// What came is not what the hub announced.
    #[error("{file} arrived damaged: {reason}.")]
    Damaged {
        /// The file.
        file: String,
        /// What was expected and what came.
        reason: String,
    },
    /// Requests are forbidden and the cache does not suffice.
    #[error("{model} is not complete in {}, and requests are switched off.", cache.display())]
    Offline {
        /// The model.
        model: String,
        /// The cache folder.
        cache: PathBuf,
    },
    /// The caller does not want the model.
    #[error("{0}")]
    Refused(String),
    /// The cache cannot be written or read.
    #[error("Cannot use {}: {error}.", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// The user cancelled.
    #[error("The download was cancelled.")]
    Cancelled,
}

impl HubError {
    /// What the user can do about it. Empty if the sentence says all there is to say.
    pub fn hint(&self) -> String {
        match self {
            HubError::Gated { page, .. } => {
                return format!(
                    "Accept the terms at {page}. Tokenscope needs a token of that account: set \
                     HF_TOKEN or log in with `hf auth login`. {START_AGAIN}"
                );
            }
            HubError::InvalidToken { .. } => {
                return format!(
                    "Make a new token in the hub's settings and put it into HF_TOKEN, or unset \
                     it: public models need none. Without HF_TOKEN the file \"token\" in HF_HOME \
                     counts. {START_AGAIN}"
                );
            }
            HubError::Forbidden { .. } => {
                return format!(
                    "Give the token in HF_TOKEN the right to read this repository, or set another. \
                     {START_AGAIN}"
                );
            }
            HubError::NoRepo { .. } => {
                return format!(
                    "Look at the spelling: organisation/name, as in the address of its page. A \
                     private model needs an access token in HF_TOKEN. {START_AGAIN}"
                );
            }
            HubError::NoRevision { .. } => "Give a branch, a tag or a commit that its page lists.",
            HubError::NoFile { .. } => "Name one of its files after the colon.",
            HubError::NotGiven { .. } => {
                "Load the model again. If it happens again, HF_ENDPOINT names a mirror that lacks \
                 files."
            }
            HubError::Unsuitable { .. } => {
                "Tokenscope reads safetensors (with config.json and tokenizer.json) and GGUF in \
                 one file; many models have been converted to either, under other names."
            }
            HubError::Unreachable { .. } | HubError::NoAnswer { .. } => {
                "Is there a network? HF_ENDPOINT names a mirror, HTTPS_PROXY a proxy; with \
                 HF_HUB_OFFLINE=1 only models in the cache are used, without waiting."
            }
            HubError::Tls { .. } => {
                "If a proxy opens connections here, name its certificate in SSL_CERT_FILE. A wrong \
                 clock has the same effect."
            }
            HubError::Stalled { .. } | HubError::Cut { .. } => {
                "Load the model again: what has arrived is kept and the rest is fetched."
            }
            HubError::RateLimited { .. } => {
                "Wait a few minutes. Requests with an access token (HF_TOKEN) have a higher limit."
            }
            HubError::Server { .. } => "Try again later; HF_ENDPOINT names a mirror.",
            HubError::NotNow { .. } => {
                "Load the model again after that. Requests with an access token (HF_TOKEN) have a \
                 higher limit."
            }
            HubError::Protocol { .. } => {
                "Look at HF_ENDPOINT and at proxies: something else may be answering."
            }
            HubError::NoSpace { .. } => {
                "Free some space, or move the cache: HF_HUB_CACHE names its folder."
            }
            HubError::Damaged { .. } => {
                "Load the model again. If it happens again, a proxy or a mirror on the way changes \
                 files."
            }
            HubError::Offline { .. } => {
                "Load it once with a network and without HF_HUB_OFFLINE and --offline, or give a \
                 local folder or file."
            }
            HubError::Refused(_) => "",
            HubError::Io { .. } => {
                "Look at the folder's permissions, or name another in HF_HUB_CACHE."
            }
            HubError::Cancelled => "Load it again to go on: what has arrived is kept.",
        }
        .to_owned()
    }

    /// An error of the cache's disk. `needed` are the bytes that were still to be written.
    pub(super) fn disk(path: &Path, needed: u64, error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                let folder = path.parent().unwrap_or(path).to_owned();
                HubError::NoSpace { free: fs4::available_space(&folder).ok(), folder, needed }
            }
            _ => HubError::Io { path: path.to_owned(), error },
        }
    }
}

fn there_is(available: &[String]) -> String {
    match available {
        [] => "it has no GGUF file".to_owned(),
        names => format!("its GGUF files are {}", names.join(", ")),
    }
}

fn seconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 10.0).round() / 10.0
}

fn room(needed: u64, free: Option<u64>) -> String {
    let mb = |bytes: u64| format!("{:.1} MB", bytes as f64 / 1e6);
    match free {
        Some(free) => format!("{} are needed and {} are free", mb(needed), mb(free)),
        None => format!("{} are needed", mb(needed)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_have_their_numbers() {
        let full = || io::Error::from(io::ErrorKind::StorageFull);
        let folder = tempfile::tempdir().unwrap();
        let error = HubError::disk(&folder.path().join("blob"), 2_500_000, full());
        assert!(matches!(&error, HubError::NoSpace { free: Some(_), .. }), "{error}");
        assert!(error.to_string().contains("2.5 MB are needed and"), "{error}");
        let error = HubError::disk(Path::new("/x/blob"), 1, io::ErrorKind::PermissionDenied.into());
        assert!(error.to_string().starts_with("Cannot use /x/blob: "), "{error}");
        let waited = Duration::from_millis(1500);
        let error = HubError::Stalled { file: "a".into(), waited };
        assert_eq!(error.to_string(), "The download of a stopped: no byte came for 1.5 s.");
    }
}
