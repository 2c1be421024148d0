//! One file, from the hub into the cache: resumed where it was cut, checked, then put into place.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::path::Path;
use std::time::Duration;

use sha2::{Digest as _, Sha256};
use tokio_util::sync::CancellationToken;

use super::answers::Failure;
use super::cache::{RepoCache, Snapshot, file_name_of};
use super::client::{Client, Incoming, Metadata};
use super::error::HubError;
use crate::checksum;
use crate::library::LoadPhase;

/// How often we look whether another program has finished with a blob.
const LOCK_INTERVAL: Duration = Duration::from_millis(100);
/// Bytes that are read at once for a checksum; between two pieces a cancel is heard.
const PIECE: usize = 1 << 20;
/// How often a file may turn out to be another one than the hub said before.
const MOST_CHANGES: usize = 3;

/// A file of which the hub has said what it contains.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RemoteFile {
    pub(super) name: String,
    pub(super) size: u64,
    /// The blob's name: the content's SHA-256 for large files, git's hash for small ones.
    pub(super) etag: String,
}

impl RemoteFile {
    /// # Errors
    /// What the hub has left out.
    pub(super) fn new(name: &str, metadata: &Metadata) -> Result<Self, String> {
        let etag = metadata.etag.as_deref().and_then(file_name_of);
        Ok(RemoteFile {
            name: name.to_owned(),
            size: metadata.size.ok_or_else(|| format!("it does not tell the size of {name}"))?,
            etag: etag.ok_or_else(|| format!("it gives no etag for {name}"))?,
        })
    }

    /// Whether a file has the size this one should have. A crash may have left less of it.
    fn is_whole_at(&self, path: &Path) -> bool {
        fs::metadata(path).is_ok_and(|there| there.is_file() && there.len() == self.size)
    }

    fn sha_256(&self) -> Option<&str> {
        let is_hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        (self.etag.len() == 64 && self.etag.bytes().all(is_hex)).then_some(&self.etag)
    }
}

/// Fetches files of one commit.
pub(super) struct Downloader<'a> {
    pub(super) client: &'a Client<'a>,
    pub(super) cache: &'a RepoCache,
    pub(super) snapshot: &'a Snapshot,
    pub(super) commit: &'a str,
    pub(super) cancelled: &'a CancellationToken,
}

/// How a transfer ended.
enum End {
    /// The file is whole and its checksum is right.
    Whole,
    /// The hub has another content under this name by now.
    Changed(RemoteFile),
    /// The checksum is wrong, with what an earlier run had left at its beginning.
    BadBeginning,
}

impl Downloader<'_> {
    /// Bytes of a file that are in the cache already, whole or in part.
    pub(super) fn bytes_present(&self, file: &RemoteFile) -> u64 {
        if self.is_in_snapshot(file) || file.is_whole_at(&self.cache.blob(&file.etag)) {
            return file.size;
        }
        let part = fs::metadata(self.cache.incomplete(&file.etag)).map(|part| part.len());
        part.ok().filter(|&part| part <= file.size).unwrap_or(0)
    }

    fn is_in_snapshot(&self, file: &RemoteFile) -> bool {
        file.is_whole_at(&self.snapshot.path(&file.name))
    }

    /// Fetches a file into the snapshot, unless it is there.
    ///
    /// # Errors
    /// Any [`HubError`] about files. What has arrived stays for the next time, except if it is
    /// damaged.
    pub(super) async fn fetch(&self, file: &RemoteFile) -> Result<(), HubError> {
        let mut file = file.clone();
        for _ in 0..MOST_CHANGES {
            let (blob, part) = (self.cache.blob(&file.etag), self.cache.incomplete(&file.etag));
            let disk = |error| HubError::disk(&part, file.size, error);
            if let Some(folder) = blob.parent() {
                fs::create_dir_all(folder).map_err(disk)?;
            }
            let _lock = self.lock(&file).await?;
            if self.is_in_snapshot(&file) {
                self.client.progress.present(file.size);
                return Ok(());
            }
            if file.is_whole_at(&blob) {
                self.client.progress.present(file.size);
                return self.snapshot.link(&file.name, &blob, false).map_err(disk);
            }
            match self.transfer(&file, &part).await? {
                End::Whole => {
                    fs::rename(&part, &blob).map_err(disk)?;
                    return self.snapshot.link(&file.name, &blob, true).map_err(disk);
                }
                End::Changed(now) => {
                    tracing::warn!("{} has changed on the hub; it is fetched anew", file.name);
                    self.client.progress.resized(file.size, now.size);
                    file = now;
                }
                End::BadBeginning => {
                    tracing::warn!("what was there of {} is damaged", file.name);
                }
            }
        }
        Err(HubError::Damaged { file: file.name, reason: "it changes all the time".to_owned() })
    }

    /// Waits until no other program writes the blob. On file systems without locks there is none.
    async fn lock(&self, file: &RemoteFile) -> Result<Option<File>, HubError> {
        let path = self.cache.lock(&file.etag);
        let disk = |error| HubError::disk(&path, 0, error);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(disk)?;
        }
        let lock = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
        let lock = lock.map_err(disk)?;
        let mut is_told = false;
        loop {
            match lock.try_lock() {
                Ok(()) => return Ok(Some(lock)),
                Err(TryLockError::Error(_)) => return Ok(None),
                Err(TryLockError::WouldBlock) => {}
            }
            if !is_told {
                let text = format!("{} (another program is fetching it)", file.name);
                self.client.progress.announce(LoadPhase::Downloading, &text);
                is_told = true;
            }
            tokio::time::sleep(LOCK_INTERVAL).await;
        }
    }

    async fn transfer(&self, file: &RemoteFile, path: &Path) -> Result<End, HubError> {
        let progress = self.client.progress;
        let mut part = self.open_part(file, path).await?;
        let was_begun = part.length > 0;
        let mut patience = self.client.patience(LoadPhase::Downloading, &file.name);
        while part.length < file.size {
            let before = part.length;
            let end = self.receive(file, &mut part).await;
            if part.length > before {
                patience.succeeded();
            }
            match end {
                Ok(None) => {}
                Ok(Some(now)) => {
                    progress.lost(part.length);
                    // No request will ever ask for this content again.
                    drop(part);
                    let _ = fs::remove_file(path);
                    return Ok(End::Changed(now));
                }
                Err(failure) => patience.wait(failure).await?,
            }
        }
        progress.verifying(&file.name);
        let found = part.checksum();
        let Some(expected) = file.sha_256().filter(|&expected| expected != found) else {
            // A name may reach the disk before the content, and then a power cut leaves a short
            // file that looks whole. This can take a while; the other downloads go on meanwhile.
            let sync = tokio::task::spawn_blocking(move || part.file.sync_all()).await;
            let disk = |error| HubError::disk(path, file.size, error);
            sync.unwrap_or_else(|error| Err(error.into())).map_err(disk)?;
            return Ok(End::Whole);
        };
        progress.lost(part.length);
        drop(part);
        fs::remove_file(path).map_err(|error| HubError::disk(path, file.size, error))?;
        if was_begun {
            return Ok(End::BadBeginning);
        }
        let reason = format!("its SHA-256 is {found}, but {expected} was announced");
        Err(HubError::Damaged { file: file.name.clone(), reason })
    }

    /// One request: asks for the rest of a file and writes what comes. Returns what the file has
    /// become, if it has become another one.
    async fn receive(
        &self,
        file: &RemoteFile,
        part: &mut Part,
    ) -> Result<Option<RemoteFile>, Failure> {
        let Incoming { mut response, metadata, offset } =
            self.client.open(self.commit, &file.name, part.length).await?;
        // What it does not say again is as it was: the commit is the same.
        let etag = metadata.etag.as_deref().and_then(file_name_of);
        let now = RemoteFile {
            name: file.name.clone(),
            size: metadata.size.unwrap_or(file.size),
            etag: etag.unwrap_or_else(|| file.etag.clone()),
        };
        if now.etag != file.etag {
            return Ok(Some(now));
        }
        let damaged = |reason: String| HubError::Damaged { file: file.name.clone(), reason };
        if now.size != file.size {
            let reason = format!("{} bytes were announced, then {}", file.size, now.size);
            return Err(damaged(reason).into());
        }
        let progress = self.client.progress;
        if offset != part.length {
            progress.lost(part.length);
            part.restart().map_err(|error| self.disk(file, part, error))?;
        }
        while let Some(chunk) = self.client.next_chunk(&mut response, &file.name).await? {
            let chunk = chunk.as_ref();
            if part.length + chunk.len() as u64 > file.size {
                return Err(damaged(format!("more than its {} bytes came", file.size)).into());
            }
            part.append(chunk).map_err(|error| self.disk(file, part, error))?;
            progress.received(&file.name, chunk.len() as u64);
            // A fast connection never lets this future rest, so nobody else would look.
            if self.cancelled.is_cancelled() {
                return Err(HubError::Cancelled.into());
            }
        }
        if part.length < file.size {
            let reason = format!("it ended after {} of {} bytes", part.length, file.size);
            return Err(Failure::passing(HubError::Cut { file: file.name.clone(), reason }));
        }
        Ok(None)
    }

    fn disk(&self, file: &RemoteFile, part: &Part, error: io::Error) -> HubError {
        let needed = file.size.saturating_sub(part.length);
        HubError::disk(&self.cache.incomplete(&file.etag), needed, error)
    }

    /// Opens what has arrived of a file, and brings its checksum up to there.
    async fn open_part(&self, file: &RemoteFile, path: &Path) -> Result<Part, HubError> {
        let disk = |error| HubError::disk(path, file.size, error);
        let handle = OpenOptions::new().read(true).append(true).create(true).open(path);
        let mut part = Part { file: handle.map_err(disk)?, hasher: Sha256::new(), length: 0 };
        if part.file.metadata().map_err(disk)?.len() > file.size {
            part.restart().map_err(disk)?;
        }
        let mut buffer = vec![0; PIECE];
        loop {
            let n = part.file.read(&mut buffer).map_err(disk)?;
            if n == 0 {
                return Ok(part);
            }
            part.length += n as u64;
            part.hasher.update(&buffer[..n]);
            self.client.progress.present(n as u64);
            self.client.progress.verifying(&file.name);
            tokio::task::yield_now().await;
        }
    }
}

/// What has arrived of a file, and the checksum so far.
struct Part {
    file: File,
    hasher: Sha256,
    length: u64,
}

impl Part {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)?;
        self.hasher.update(bytes);
        self.length += bytes.len() as u64;
        Ok(())
    }

    fn restart(&mut self) -> io::Result<()> {
        self.file.set_len(0)?;
        self.hasher = Sha256::new();
        self.length = 0;
        Ok(())
    }

    fn checksum(&self) -> String {
        checksum::hex(self.hasher.clone())
    }
}
