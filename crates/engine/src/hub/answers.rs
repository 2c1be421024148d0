//! What the hub's refusals mean, and which of them may pass.

use std::error::Error as _;
use std::io;
use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::{HeaderMap, RETRY_AFTER};

use super::error::HubError;

/// Why a request brought nothing.
#[derive(Debug)]
pub(super) enum Failure {
    /// Asking again would bring the same.
    Final(HubError),
    /// Asking again may help, after `wait` if the hub named a time.
    Passing { error: HubError, wait: Option<Duration> },
}

impl Failure {
    pub(super) fn passing(error: HubError) -> Self {
        Failure::Passing { error, wait: None }
    }
}

impl From<HubError> for Failure {
    fn from(error: HubError) -> Self {
        Failure::Final(error)
    }
}

/// What was asked for, for the sentences.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    /// The hub.
    pub(super) endpoint: &'a str,
    pub(super) repo: &'a str,
    pub(super) revision: &'a str,
    /// None means the listing.
    pub(super) file: Option<&'a str>,
    pub(super) has_token: bool,
}

impl Asked<'_> {
    /// The meaning of an answer that is neither success nor redirect, from the hub itself.
    ///
    /// The hub tells in `X-Error-Code` what is missing. It answers 401 for repositories that do not
    /// exist, too, so as not to give away the names of private ones.
    pub(super) fn refusal(&self, status: StatusCode, headers: &HeaderMap) -> Failure {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let (endpoint, repo) = (self.endpoint.to_owned(), self.repo.to_owned());
        let message = text("x-error-message").unwrap_or_default();
        let no_revision =
            || HubError::NoRevision { repo: repo.clone(), revision: self.revision.to_owned() };
        Failure::Final(match (text("x-error-code"), status.as_u16(), self.file) {
            (Some("GatedRepo"), ..) => {
                let page = format!("{endpoint}/{repo}");
                HubError::Gated { repo, page }
            }
            (Some("RepoNotFound"), ..) => HubError::NoRepo { endpoint, repo },
            (Some("RevisionNotFound"), ..) => no_revision(),
            (Some("EntryNotFound"), _, Some(file)) | (None, 404, Some(file)) => {
                HubError::NotGiven { endpoint, repo, file: file.to_owned() }
            }
            (_, 401, _) if self.has_token => HubError::InvalidToken { endpoint },
            (_, 401, _) | (_, 404, _) => HubError::NoRepo { endpoint, repo },
            (_, 403, _) => {
                let reason = if message.is_empty() { "status 403" } else { message };
                HubError::Forbidden { repo, reason: reason.trim_end_matches('.').to_owned() }
            }
            _ => return unavailable(endpoint, status, headers),
        })
    }
}

/// The meaning of such an answer from any host: nothing that a repository or a token explains.
pub(super) fn unavailable(endpoint: String, status: StatusCode, headers: &HeaderMap) -> Failure {
    let wait = headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse().ok());
    let wait = wait.map(Duration::from_secs);
    let code = status.as_u16();
    if status == StatusCode::TOO_MANY_REQUESTS {
        return Failure::Passing { error: HubError::RateLimited { endpoint }, wait };
    }
    let error = HubError::Server { endpoint, status: code };
    if status.is_server_error() || status == StatusCode::REQUEST_TIMEOUT {
        Failure::Passing { error, wait }
    } else {
        Failure::Final(error)
    }
}

/// The meaning of a connection that did not come about or ended before there was an answer.
pub(super) fn no_connection(endpoint: String, error: &reqwest::Error) -> HubError {
    if is_tls(error) {
        return HubError::Tls { endpoint, reason: innermost(error) };
    }
    let reason = match error.is_timeout() {
        true => "the connection takes too long".to_owned(),
        false => innermost(error),
    };
    HubError::Unreachable { endpoint, reason }
}

/// The sentence of the error that began it all; the ones around it only say that there was one.
pub(super) fn innermost(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text = error.to_string();
        source = error.source();
    }
    text.trim_end_matches('.').to_owned()
}

fn is_tls(error: &reqwest::Error) -> bool {
    let mut next = error.source();
    while let Some(error) = next {
        if error.is::<rustls::Error>() {
            return true;
        }
        // An I/O error names as its source not what it was made from, but the source of that.
        let inside = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        next = match inside {
            Some(inside) => Some(inside),
            None => error.source(),
        };
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::header::{HeaderName, HeaderValue};

    fn meaning(
        status: u16,
        headers: &[(&'static str, &'static str)],
        file: Option<&str>,
        has_token: bool,
    ) -> String {
        let asked = Asked { endpoint: "https://h", repo: "a/b", revision: "main", file, has_token };
        let pair = |&(name, value): &(&'static str, &'static str)| {
            (HeaderName::from_static(name), HeaderValue::from_static(value))
        };
        let headers = headers.iter().map(pair).collect();
        match asked.refusal(StatusCode::from_u16(status).unwrap(), &headers) {
            Failure::Final(error) => error.to_string(),
            Failure::Passing { error, wait } => format!("{:?} {error}", wait.map(|w| w.as_secs())),
        }
    }

    #[test]
    fn refusals_are_told_apart() {
        let code = |code| [("x-error-code", code)];
        let file = Some("m.gguf");
        for (found, part) in [
            (meaning(401, &code("GatedRepo"), file, false), "is gated"),
            (meaning(403, &code("GatedRepo"), file, true), "is gated"),
            (meaning(401, &code("RepoNotFound"), None, false), "no model a/b"),
            (meaning(404, &code("RevisionNotFound"), None, false), "no revision \"main\""),
            (meaning(404, &code("EntryNotFound"), file, false), "lists m.gguf in a/b but"),
            (meaning(404, &[], file, false), "lists m.gguf in a/b but"),
            (meaning(404, &[], None, false), "no model a/b"),
            (meaning(401, &[], None, false), "no model a/b"),
            (meaning(401, &[], None, true), "does not accept the access token"),
            (meaning(403, &[("x-error-message", "Not yours.")], None, true), "(Not yours)"),
            (meaning(429, &[("retry-after", "7")], None, false), "Some(7) https://h is refusing"),
            (meaning(503, &[("retry-after", "soon")], None, false), "None https://h answered"),
            (meaning(500, &[], None, false), "None https://h answered with an error (status 500)"),
            (meaning(418, &[], None, false), "https://h answered with an error (status 418)"),
        ] {
            assert!(found.contains(part), "{found:?} has no {part:?}");
        }
    }
}
