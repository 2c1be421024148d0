//! Models on the Hugging Face hub, or on whatever speaks its protocol.
//!
//! 1. A [`HubReference`] names a model: `org/name@revision:file.gguf`.
//! 2. [`fetch`] looks into the cache first. A snapshot that is complete there is used without a
//!    request; it is the one that was fetched before, even if the hub has a newer one.
//! 3. Otherwise the hub lists the repository's files; `files` chooses the few that are needed.
//! 4. `download` brings each of them into the cache, `client` and `patience` do the asking,
//!    `progress` tells how far it is.
//!
//! Cache and variables are those of Python's huggingface_hub (`cache`, `settings`), so that either
//! finds what the other has fetched.
//!
//! We thought of blocking requests, one thread per file, too. They are shorter, but a cancel must
//! be heard in the middle of a name look-up, of a connection and of a stalled download, and a
//! thread that blocks there hears nothing until a time-out. So everything runs as one future on a
//! small runtime inside [`fetch`], and a cancel drops it, wherever it is. What has been written is
//! in `.incomplete` files by then, since writes are not buffered.

mod answers;
mod cache;
mod cached;
mod client;
mod download;
mod error;
mod expand;
mod files;
pub(crate) mod fuzz_door;
mod patience;
mod progress;
mod reference;
mod settings;

use std::path::{Path, PathBuf};

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use tokenscope_model::{HfFolder, LARGEST_SIDE_FILE, read_file};
use tokio_util::sync::CancellationToken;

use crate::library::{LoadPhase, LoadStep};
use cache::{RepoCache, Snapshot, State};
use client::{Client, Metadata};
use download::{Downloader, RemoteFile};
use files::{INDEX, Listing, NoWeights, OPTIONAL, REQUIRED, SINGLE, Weights};
use progress::Progress;

pub use cached::{CachedModel, cached_models};
pub use error::HubError;
pub use reference::{DEFAULT_REVISION, HubReference};
pub use settings::HubSettings;

/// Files that are fetched at the same time.
///
/// Limit of fetching: files at the same time; the others wait.
const PARALLEL: usize = 4;

/// A model that is on this machine now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HubModel {
    /// The folder of its snapshot, or the GGUF file in it.
    pub path: PathBuf,
    /// The commit it belongs to.
    pub commit: String,
    /// Whether no byte of it had to be fetched.
    pub from_cache: bool,
}

/// What is about to be fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Download {
    /// The commit it belongs to.
    pub commit: String,
    /// The folder of its snapshot. `config.json` is in it already, if the model has one.
    pub folder: PathBuf,
    /// The files with weights, with their sizes in bytes.
    pub weights: Vec<(String, u64)>,
    /// Bytes of all weights.
    pub weight_bytes: u64,
    /// Bytes of them that are not there yet.
    pub missing_bytes: u64,
}

/// Makes sure that a model is on this machine. Blocks; may not be called from asynchronous code.
///
/// `approve` is called once if the cache does not suffice, before any weights are fetched; its
/// error ends it all. `report` is called about ten times a second at most. In place of the file it
/// names what is waited for, if that is something else.
///
/// # Errors
/// Any [`HubError`]. The cache stays as useful as it was, and what has arrived stays for the next
/// time. If the cache has all that is needed, a hub that cannot be asked for the rest is no error.
pub fn fetch(
    reference: &HubReference,
    settings: &HubSettings,
    approve: &dyn Fn(&Download) -> Result<(), String>,
    report: &dyn Fn(LoadStep),
    cancelled: &CancellationToken,
) -> Result<HubModel, HubError> {
    report(LoadStep::of(LoadPhase::Locating));
    let cache = RepoCache::new(&settings.cache, &reference.repo);
    let (mut usable, mut older) = (None, None);
    if let Some((commit, snapshot)) = cache.find(reference) {
        match snapshot.state(reference.file.as_deref()) {
            State::Settled(path) => return Ok(HubModel { path, commit, from_cache: true }),
            State::Usable(path) => {
                older = Some(commit.clone());
                usable = Some(HubModel { path, commit, from_cache: true });
            }
            State::Incomplete if reference.file.is_some() && commit != reference.revision() => {
                older = Some(commit);
            }
            State::Incomplete => {}
        }
    }
    if settings.offline {
        let (model, cache) = (reference.to_string(), settings.cache.clone());
        return usable.ok_or(HubError::Offline { model, cache });
    }
    let progress = Progress::new(report);
    let job = Job {
        reference,
        settings,
        approve,
        progress: &progress,
        cancelled,
        cache: &cache,
        is_usable: usable.is_some(),
    };
    // What is here is completed at its own commit. A newer one could mean gigabytes nobody asked
    // for, and once the branch stands there, what is here of the older one is not found offline.
    let work = async {
        let Some(older) = &older else { return job.fetch(reference.revision()).await };
        match job.fetch(older).await {
            Err(HubError::NoFile { .. } | HubError::NoRevision { .. }) if usable.is_none() => {
                job.fetch(reference.revision()).await
            }
            result => result,
        }
    };
    let result = run(work, &progress, cancelled);
    match (result, usable) {
        (Ok(model), _) => Ok(model),
        (Err(error @ (HubError::Cancelled | HubError::Refused(_))), _) => Err(error),
        (Err(error), Some(model)) => {
            tracing::warn!("{reference} is used as the cache has it, for the hub fails: {error}");
            Ok(model)
        }
        (Err(error), None) => Err(error),
    }
}

/// Runs a future on a runtime of its own until it is done or cancelled.
fn run<T>(
    work: impl Future<Output = Result<T, HubError>>,
    progress: &Progress<'_>,
    cancelled: &CancellationToken,
) -> Result<T, HubError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| HubError::Io { path: PathBuf::from("the network"), error })?;
    let result = runtime.block_on(async {
        tokio::select! {
            biased;
            () = cancelled.cancelled() => Err(HubError::Cancelled),
            result = work => result,
            never = progress.keep_telling() => match never {},
        }
    });
    // A name look-up cannot be interrupted, and dropping the runtime would wait for it.
    runtime.shutdown_background();
    result
}

/// One model, to be fetched.
struct Job<'a> {
    reference: &'a HubReference,
    settings: &'a HubSettings,
    approve: &'a dyn Fn(&Download) -> Result<(), String>,
    progress: &'a Progress<'a>,
    cancelled: &'a CancellationToken,
    cache: &'a RepoCache,
    /// Whether the cache has something that can be used if the hub fails.
    is_usable: bool,
}

impl Job<'_> {
    async fn fetch(&self, revision: &str) -> Result<HubModel, HubError> {
        let client = Client::new(self.settings, self.progress, &self.reference.repo)?;
        // Whoever has a model that can be used does not wait long for what may not even exist.
        if self.is_usable {
            client.attempts.set(1);
        }
        let listing = client.listing(revision).await?;
        let wanted = self.reference.file.as_deref();
        let weights = files::choose_weights(listing.names(), wanted)
            .map_err(|reason| self.no_weights(reason))?;
        let snapshot = self.cache.snapshot(&listing.commit);
        let downloader = Downloader {
            client: &client,
            cache: self.cache,
            snapshot: &snapshot,
            commit: &listing.commit,
            cancelled: self.cancelled,
        };

        // First what is small: a model that is refused then costs no time.
        let is_folder = !matches!(weights, Weights::Gguf(_));
        let mut small = Vec::new();
        if is_folder {
            small.extend(REQUIRED.iter().chain(&OPTIONAL).filter(|name| has(&listing, name)));
        }
        if weights == Weights::Sharded {
            small.push(&INDEX);
        }
        let small = describe(&client, &listing, small.iter().map(|name| **name)).await?;
        let mut present = present_bytes(&downloader, &small);
        let one = match &weights {
            Weights::Single => Some(SINGLE),
            Weights::Gguf(name) => Some(&**name),
            Weights::Sharded => None,
        };
        let mut large = describe(&client, &listing, one.into_iter()).await?;
        if one.is_some() {
            self.progress.set_total(total_bytes(&small).saturating_add(total_bytes(&large)));
        }
        fetch_all(&downloader, &small).await?;
        if one.is_none() {
            let shards = self.shards(&snapshot, &listing)?;
            large = describe(&client, &listing, shards.iter().map(|name| &**name)).await?;
        }
        let total = total_bytes(&small).saturating_add(total_bytes(&large));
        self.progress.set_total(total);

        let present_weights = present_bytes(&downloader, &large);
        present += present_weights;
        let weight_bytes = total_bytes(&large);
        let missing_bytes = weight_bytes - present_weights;
        let download = Download {
            commit: listing.commit.clone(),
            folder: snapshot.folder.clone(),
            weights: large.iter().map(|file| (file.name.clone(), file.size)).collect(),
            weight_bytes,
            missing_bytes,
        };
        (self.approve)(&download).map_err(HubError::Refused)?;
        client.attempts.set(self.settings.attempts);
        fetch_all(&downloader, &large).await?;

        self.settle(&snapshot, &listing);
        let path = match &weights {
            Weights::Gguf(name) => snapshot.path(name),
            _ => snapshot.folder,
        };
        self.progress.announce(LoadPhase::Verifying, &self.reference.repo);
        Ok(HubModel { path, commit: listing.commit, from_cache: present == total })
    }

    /// Remembers what makes the next start need no request. A cache that cannot be written to is
    /// no reason to fail now that everything is there.
    fn settle(&self, snapshot: &Snapshot, listing: &Listing) {
        let mut result = self.cache.set_commit(self.reference.revision(), &listing.commit);
        // Whoever asked for one file has not been given a default, so none is remembered.
        if self.reference.file.is_none() {
            for name in REQUIRED.iter().chain(&OPTIONAL).chain(&[SINGLE, INDEX]) {
                if !has(listing, name) {
                    result = result.and_then(|()| snapshot.mark_absent(name));
                }
            }
        }
        if let Err(error) = result {
            tracing::warn!("the cache cannot remember {}: {error}", self.reference);
        }
    }

    fn no_weights(&self, reason: NoWeights) -> HubError {
        let repo = self.reference.repo.clone();
        match reason {
            NoWeights::Because(reason) => HubError::Unsuitable { repo, reason },
            NoWeights::NotThere(available) => {
                let file = self.reference.file.clone().unwrap_or_default();
                HubError::NoFile { repo, file, available }
            }
        }
    }

    fn shards(&self, snapshot: &Snapshot, listing: &Listing) -> Result<Vec<String>, HubError> {
        let unsuitable =
            |reason| HubError::Unsuitable { repo: self.reference.repo.clone(), reason };
        let path = snapshot.path(INDEX);
        let index =
            read_file(&path, LARGEST_SIDE_FILE).map_err(|error| HubError::Io { path, error })?;
        let shards = HfFolder::shard_names(&index)
            .map_err(|reason| unsuitable(format!("has a wrong {INDEX}: {reason}")))?;
        match shards.iter().find(|shard| !has(listing, shard)) {
            Some(shard) => Err(unsuitable(format!("lacks {shard}, which its {INDEX} names"))),
            None => Ok(shards),
        }
    }
}

fn has(listing: &Listing, name: &str) -> bool {
    listing.file(name).is_some()
}

/// Sizes and etags of files: the listing's, or else the hub is asked for each.
async fn describe(
    client: &Client<'_>,
    listing: &Listing,
    names: impl Iterator<Item = &str>,
) -> Result<Vec<RemoteFile>, HubError> {
    let mut files = Vec::new();
    for name in names {
        let listed = listing.file(name);
        let metadata = Metadata {
            etag: listed.and_then(|file| file.etag.clone()),
            size: listed.and_then(|file| file.size),
        };
        let file = match RemoteFile::new(name, &metadata) {
            Ok(file) => file,
            Err(_) => {
                let metadata = client.metadata(&listing.commit, name).await?;
                RemoteFile::new(name, &metadata).map_err(|reason| client.protocol(&reason))?
            }
        };
        files.push(file);
    }
    Ok(files)
}

fn total_bytes(files: &[RemoteFile]) -> u64 {
    files.iter().map(|file| file.size).fold(0, u64::saturating_add)
}

fn present_bytes(downloader: &Downloader<'_>, files: &[RemoteFile]) -> u64 {
    files.iter().map(|file| downloader.bytes_present(file)).fold(0, u64::saturating_add)
}

async fn fetch_all(downloader: &Downloader<'_>, files: &[RemoteFile]) -> Result<(), HubError> {
    let missing = total_bytes(files) - present_bytes(downloader, files);
    check_space(&downloader.client.settings.cache, missing)?;
    // Equal contents are one blob. Where locks work the second would wait for the first; where
    // they do not, it must not write at the same time.
    let is_first = |at: usize| !files[..at].iter().any(|file| file.etag == files[at].etag);
    let (first, again): (Vec<usize>, Vec<usize>) = (0..files.len()).partition(|&at| is_first(at));
    for group in [first, again] {
        let downloads = group.into_iter().map(|at| downloader.fetch(&files[at]));
        stream::iter(downloads).buffer_unordered(PARALLEL).try_collect::<()>().await?;
    }
    Ok(())
}

/// Refuses a download that cannot fit. Where the system does not tell, it is tried.
fn check_space(cache: &Path, needed: u64) -> Result<(), HubError> {
    let folder = cache.ancestors().find(|folder| folder.exists()).unwrap_or(cache);
    match fs4::available_space(folder) {
        Ok(free) if needed > free => {
            Err(HubError::NoSpace { folder: cache.to_owned(), needed, free: Some(free) })
        }
        _ => Ok(()),
    }
}
