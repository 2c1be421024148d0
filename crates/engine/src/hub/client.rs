//! The requests a hub understands.

use std::cell::Cell;
use std::time::Duration;

use reqwest::header::{
    ACCEPT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, ETAG, HeaderMap, LOCATION, RANGE,
};
use reqwest::{Method, Response, StatusCode, Url, redirect};

use super::answers::{self, Asked, Failure};
use super::error::HubError;
use super::files::Listing;
use super::patience::Patience;
use super::progress::Progress;
use super::settings::HubSettings;
use crate::library::LoadPhase;

/// The addresses we can ask.
const SCHEMES: [&str; 2] = ["http", "https"];
/// Redirects that are followed for one request.
///
/// Limit of fetching: redirects of one request; the load fails.
const MOST_REDIRECTS: usize = 10;
/// Largest listing that is read, in bytes. The largest repositories have listings of some MB.
///
/// Limit of fetching: bytes of a repository's listing; the load fails.
const LARGEST_LISTING: usize = 64 << 20;

/// One hub and one model on it.
pub(super) struct Client<'a> {
    http: reqwest::Client,
    endpoint: Url,
    pub(super) settings: &'a HubSettings,
    pub(super) progress: &'a Progress<'a>,
    repo: &'a str,
    /// Whether the hub has answered before. Until it has, not reaching it is final: without a
    /// network a start must not hang. Afterwards it is a cut that may pass.
    reached: Cell<bool>,
    /// Failures in a row after which something is given up.
    pub(super) attempts: Cell<u32>,
}

/// What the hub says about a file's content, as far as it says something.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Metadata {
    pub(super) etag: Option<String>,
    pub(super) size: Option<u64>,
}

/// A file that is coming.
pub(super) struct Incoming {
    pub(super) response: Response,
    pub(super) metadata: Metadata,
    /// Where in the file the content begins.
    pub(super) offset: u64,
}

impl<'a> Client<'a> {
    pub(super) fn new(
        settings: &'a HubSettings,
        progress: &'a Progress<'a>,
        repo: &'a str,
    ) -> Result<Self, HubError> {
        let unreachable =
            |reason: String| HubError::Unreachable { endpoint: settings.endpoint.clone(), reason };
        // Fails if the program has chosen its cryptography before, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let endpoint = Url::parse(&settings.endpoint)
            .map_err(|error| unreachable(format!("it is no address ({error})")))?;
        if !SCHEMES.contains(&endpoint.scheme()) || endpoint.cannot_be_a_base() {
            return Err(unreachable("it is no http or https address".to_owned()));
        }
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("tokenscope/", env!("CARGO_PKG_VERSION")))
            .redirect(redirect::Policy::none())
            .connect_timeout(settings.connect);
        if !settings.proxies {
            builder = builder.no_proxy();
        }
        // What may be missing is the system's list of certificates.
        let http = builder.build().map_err(|error| HubError::Tls {
            endpoint: settings.endpoint.clone(),
            reason: answers::innermost(&error),
        })?;
        let (reached, attempts) = (Cell::new(false), Cell::new(settings.attempts));
        Ok(Client { http, endpoint, settings, progress, repo, reached, attempts })
    }

    /// For something that is asked for until it comes.
    pub(super) fn patience<'b>(&'b self, phase: LoadPhase, what: &'b str) -> Patience<'b> {
        Patience::new(self.settings, self.progress, phase, what, self.attempts.get())
    }

    /// All files of the repository at a revision.
    pub(super) async fn listing(&self, revision: &str) -> Result<Listing, HubError> {
        let mut path = vec!["api", "models"];
        path.extend(self.repo.split('/'));
        path.extend(["revision", revision]);
        let mut url = self.url(&path);
        url.set_query(Some("blobs=true"));
        let mut patience = self.patience(LoadPhase::Locating, self.repo);
        loop {
            match self.try_listing(&url, revision).await {
                Ok(listing) => return Ok(listing),
                Err(failure) => patience.wait(failure).await?,
            }
        }
    }

    async fn try_listing(&self, url: &Url, revision: &str) -> Result<Listing, Failure> {
        let asked = self.asked(revision, None);
        let mut response = self.follow(Method::GET, url, None, &asked).await?.response;
        let mut json = Vec::new();
        while let Some(chunk) = self.next_chunk(&mut response, "the list of files").await? {
            json.extend_from_slice(chunk.as_ref());
            if json.len() > LARGEST_LISTING {
                return Err(self.protocol("its listing does not end").into());
            }
        }
        Ok(Listing::parse(&json).map_err(|reason| self.protocol(&reason))?)
    }

    /// What the hub says about a file, without its content.
    pub(super) async fn metadata(&self, commit: &str, file: &str) -> Result<Metadata, HubError> {
        let url = self.file_url(commit, file);
        let asked = self.asked(commit, Some(file));
        let mut patience = self.patience(LoadPhase::Locating, file);
        loop {
            match self.follow(Method::HEAD, &url, None, &asked).await {
                Ok(incoming) => return Ok(incoming.metadata),
                Err(failure) => patience.wait(failure).await?,
            }
        }
    }

    /// Begins to fetch a file, from `offset` on if the server is able to.
    pub(super) async fn open(
        &self,
        commit: &str,
        file: &str,
        offset: u64,
    ) -> Result<Incoming, Failure> {
        let offset = (offset > 0).then_some(offset);
        let asked = self.asked(commit, Some(file));
        self.follow(Method::GET, &self.file_url(commit, file), offset, &asked).await
    }

    /// The next piece of an answer; none at its end.
    pub(super) async fn next_chunk(
        &self,
        response: &mut Response,
        file: &str,
    ) -> Result<Option<impl AsRef<[u8]> + use<>>, Failure> {
        let waited = self.settings.stall;
        let file = || file.to_owned();
        match tokio::time::timeout(waited, response.chunk()).await {
            Ok(Ok(chunk)) => Ok(chunk),
            Ok(Err(error)) => {
                let reason = answers::innermost(&error);
                Err(Failure::passing(HubError::Cut { file: file(), reason }))
            }
            Err(_) => Err(Failure::passing(HubError::Stalled { file: file(), waited })),
        }
    }

    /// One request and the redirects it leads to. They are followed by hand: what the hub says of a
    /// file stands on its own answer, which is a redirect for large files, and the token is for the
    /// hub alone.
    async fn follow(
        &self,
        method: Method,
        url: &Url,
        offset: Option<u64>,
        asked: &Asked<'_>,
    ) -> Result<Incoming, Failure> {
        let (first, mut url, mut offset) = (url, url.clone(), offset);
        let mut metadata = Metadata::default();
        for _ in 0..=MOST_REDIRECTS {
            let response = self.send(&method, &url, offset).await?;
            let (status, headers) = (response.status(), response.headers());
            let next = match status.is_redirection() && status != StatusCode::NOT_MODIFIED {
                true => {
                    let next = redirect(&url, headers);
                    Some(next.ok_or_else(|| self.protocol("a redirect leads nowhere"))?)
                }
                false => None,
            };
            // Only the hub knows its names for contents. Where it sends us to another of its own
            // addresses, as for a repository that was renamed, a plain etag is that answer's.
            if metadata.etag.is_none() && self.is_hub(&url) {
                let is_inside = next.as_ref().is_some_and(|next| self.is_hub(next));
                let plain = || text(headers, ETAG).filter(|_| !is_inside);
                metadata.etag = text(headers, "x-linked-etag").or_else(plain);
                metadata.size = number(headers, "x-linked-size");
            }
            if let Some(next) = next {
                // Storage has nothing to add, and addresses signed for GET refuse HEAD.
                let is_known = metadata.etag.is_some() && metadata.size.is_some();
                if method == Method::HEAD && is_known && !self.is_hub(&next) {
                    return Ok(Incoming { response, metadata, offset: 0 });
                }
                url = next;
                continue;
            }
            // The file has become shorter than what we have of it, so that is no part of it.
            if status == StatusCode::RANGE_NOT_SATISFIABLE && offset.is_some() {
                (url, offset) = (first.clone(), None);
                continue;
            }
            if !status.is_success() {
                return Err(self.refusal(&url, status, headers, asked));
            }
            // A server that does not know ranges sends the whole file.
            let (start, size) = match status {
                StatusCode::PARTIAL_CONTENT => content_range(headers)
                    .filter(|(start, _)| Some(*start) == offset)
                    .ok_or_else(|| self.protocol("it sends another part than was asked for"))?,
                _ => (0, number(headers, CONTENT_LENGTH)),
            };
            metadata.size = metadata.size.or(size);
            return Ok(Incoming { response, metadata, offset: start });
        }
        Err(self.protocol("its redirects do not end").into())
    }

    async fn send(
        &self,
        method: &Method,
        url: &Url,
        offset: Option<u64>,
    ) -> Result<Response, Failure> {
        // Compressed content would have another size, and ranges of it would mean nothing.
        let mut request =
            self.http.request(method.clone(), url.clone()).header(ACCEPT_ENCODING, "identity");
        let token = self.settings.token.as_ref().filter(|_| self.is_hub(url));
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        if let Some(offset) = offset {
            request = request.header(RANGE, format!("bytes={offset}-"));
        }
        let waited: Duration = self.settings.first_answer;
        let error = match tokio::time::timeout(waited, request.send()).await {
            Ok(Ok(response)) => {
                self.reached.set(true);
                return Ok(response);
            }
            // The only thing in our requests that may be unfit for a header is the token.
            Ok(Err(error)) if error.is_builder() && token.is_some() => {
                return Err(HubError::InvalidToken { endpoint: self.host(url) }.into());
            }
            Ok(Err(error)) => answers::no_connection(self.host(url), &error),
            Err(_) => HubError::NoAnswer { endpoint: self.host(url), waited },
        };
        let may_pass = self.reached.get() && !matches!(error, HubError::Tls { .. });
        Err(if may_pass { Failure::passing(error) } else { Failure::Final(error) })
    }

    fn refusal(
        &self,
        url: &Url,
        status: StatusCode,
        headers: &HeaderMap,
        asked: &Asked<'_>,
    ) -> Failure {
        if self.is_hub(url) {
            return asked.refusal(status, headers);
        }
        // The hub has sent us there with an address that holds for a while only; a fresh one may
        // help whatever the refusal is.
        match answers::unavailable(self.host(url), status, headers) {
            Failure::Final(error) => Failure::passing(error),
            passing => passing,
        }
    }

    fn asked<'b>(&'b self, revision: &'b str, file: Option<&'b str>) -> Asked<'b> {
        Asked {
            endpoint: &self.settings.endpoint,
            repo: self.repo,
            revision,
            file,
            has_token: self.settings.token.is_some(),
        }
    }

    fn file_url(&self, commit: &str, file: &str) -> Url {
        let mut path: Vec<&str> = self.repo.split('/').collect();
        path.extend(["resolve", commit]);
        path.extend(file.split('/'));
        self.url(&path)
    }

    fn url(&self, path: &[&str]) -> Url {
        let mut url = self.endpoint.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        url
    }

    fn is_hub(&self, url: &Url) -> bool {
        url.origin() == self.endpoint.origin()
    }

    /// How an address is named in a sentence: without its path, which may hold a signature.
    fn host(&self, url: &Url) -> String {
        match self.is_hub(url) {
            true => self.settings.endpoint.clone(),
            false => url.origin().ascii_serialization(),
        }
    }

    pub(super) fn protocol(&self, reason: &str) -> HubError {
        let reason = reason.to_owned();
        HubError::Protocol { endpoint: self.settings.endpoint.clone(), reason }
    }
}

/// Where a redirect leads, if that is an address we can ask.
pub(super) fn redirect(url: &Url, headers: &HeaderMap) -> Option<Url> {
    let next = url.join(&text(headers, LOCATION)?).ok()?;
    SCHEMES.contains(&next.scheme()).then_some(next)
}

fn text(headers: &HeaderMap, name: impl reqwest::header::AsHeaderName) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}

fn number(headers: &HeaderMap, name: impl reqwest::header::AsHeaderName) -> Option<u64> {
    text(headers, name)?.trim().parse().ok()
}

/// Where a part begins, and the size of the whole if it is known: `bytes 10-19/20`.
pub(super) fn content_range(headers: &HeaderMap) -> Option<(u64, Option<u64>)> {
    let range = text(headers, CONTENT_RANGE)?;
    let (part, size) = range.trim().strip_prefix("bytes ")?.split_once('/')?;
    Some((part.split_once('-')?.0.parse().ok()?, size.parse().ok()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_have_their_parts_escaped() {
        let mut settings = HubSettings::from_variables(&|_| None);
        settings.endpoint = "https://mirror.example/hf".to_owned();
        let progress = Progress::new(&|_| {});
        let client = Client::new(&settings, &progress, "a/b").unwrap();
        let url = client.url(&["api", "models", "a", "b", "revision", "refs/pr/1"]);
        assert_eq!(url.as_str(), "https://mirror.example/hf/api/models/a/b/revision/refs%2Fpr%2F1");
        let url = client.file_url("c0", "q 4/m#1?.gguf");
        assert_eq!(url.as_str(), "https://mirror.example/hf/a/b/resolve/c0/q%204/m%231%3F.gguf");
        for endpoint in ["", "huggingface.co", "ftp://x", "data:x"] {
            settings.endpoint = endpoint.to_owned();
            let error = Client::new(&settings, &progress, "a/b").err().unwrap();
            assert!(matches!(error, HubError::Unreachable { .. }), "{endpoint}: {error}");
        }
    }

    #[test]
    fn ranges_are_read() {
        for (value, expected) in [
            ("bytes 10-19/20", Some((10, Some(20)))),
            ("bytes 10-19/*", Some((10, None))),
            ("bytes */20", None),
            ("lines 1-2/3", None),
            ("", None),
        ] {
            let headers = HeaderMap::from_iter([(CONTENT_RANGE, value.parse().unwrap())]);
            assert_eq!(content_range(&headers), expected, "{value}");
        }
    }
}
