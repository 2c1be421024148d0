//! The cache's layout on disk, which is huggingface_hub's:
//!
//! ```text
//! models--org--name/refs/REVISION           the commit a branch or tag stood at
//!                   snapshots/COMMIT/FILE   a relative link to the blob
//!                   blobs/ETAG              content, under the hub's name for it
//!                   blobs/ETAG.incomplete   what has arrived of it
//!                   .no_exist/COMMIT/FILE   empty: the repository has no such file
//! .locks/models--org--name/ETAG.lock        held while a blob is written
//! ```

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use tokenscope_model::{HfFolder, LARGEST_SIDE_FILE, read_file, read_text};

use super::files::{self, INDEX, OPTIONAL, REQUIRED, SINGLE, Weights};
use super::reference::HubReference;

/// The part of the cache that belongs to one repository.
pub(super) struct RepoCache {
    folder: PathBuf,
    locks: PathBuf,
}

impl RepoCache {
    pub(super) fn new(cache: &Path, repo: &str) -> Self {
        let name = format!("models--{}", repo.replace('/', "--"));
        RepoCache { folder: cache.join(&name), locks: cache.join(".locks").join(name) }
    }

    /// The commit a revision stood at when it was last fetched. A commit stands for itself.
    pub(super) fn commit_of(&self, revision: &str) -> Option<String> {
        if files::is_commit(revision) {
            return Some(revision.to_owned());
        }
        let path = self.folder.join("refs").join(revision);
        let commit = read_text(&path, LARGEST_SIDE_FILE).ok()?;
        Some(commit.trim().to_owned()).filter(|commit| files::is_commit(commit))
    }

    /// Remembers the commit a revision stands at.
    pub(super) fn set_commit(&self, revision: &str, commit: &str) -> io::Result<()> {
        if self.commit_of(revision).as_deref() == Some(commit) {
            return Ok(());
        }
        let path = self.folder.join("refs").join(revision);
        create_parent(&path)?;
        fs::write(path, commit)
    }

    pub(super) fn snapshot(&self, commit: &str) -> Snapshot {
        Snapshot {
            folder: self.folder.join("snapshots").join(commit),
            absent: self.folder.join(".no_exist").join(commit),
        }
    }

    /// The snapshot that a reference means, as far as the cache knows, and its commit.
    pub(super) fn find(&self, reference: &HubReference) -> Option<(String, Snapshot)> {
        let commit = self.commit_of(reference.revision())?;
        let snapshot = self.snapshot(&commit);
        Some((commit, snapshot))
    }

    pub(super) fn blob(&self, etag: &str) -> PathBuf {
        self.folder.join("blobs").join(etag)
    }

    pub(super) fn incomplete(&self, etag: &str) -> PathBuf {
        self.folder.join("blobs").join(format!("{etag}.incomplete"))
    }

    pub(super) fn lock(&self, etag: &str) -> PathBuf {
        self.locks.join(format!("{etag}.lock"))
    }
}

/// The files of one commit, as far as they are there.
pub(super) struct Snapshot {
    pub(super) folder: PathBuf,
    absent: PathBuf,
}

/// What a snapshot is good for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum State {
    /// All that is needed is there, and all that is not there is known not to exist. The path is
    /// the model's.
    Settled(PathBuf),
    /// The model can be loaded, but the repository may have something more that belongs to it.
    Usable(PathBuf),
    /// Something needed is missing.
    Incomplete,
}

impl Snapshot {
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.path(name).is_file()
    }

    /// Whether the repository is known to have no such file.
    fn is_absent(&self, name: &str) -> bool {
        self.absent.join(name).is_file()
    }

    /// Notes that the repository has no such file.
    pub(super) fn mark_absent(&self, name: &str) -> io::Result<()> {
        let path = self.absent.join(name);
        create_parent(&path)?;
        fs::write(path, b"")
    }

    /// `wanted` is a GGUF file that was asked for by name.
    pub(super) fn state(&self, wanted: Option<&str>) -> State {
        // A file that was asked for is looked for where it would be: `names` does not go as deep.
        let names = match wanted {
            Some(name) => Vec::from_iter(self.has(name).then(|| name.to_owned())),
            None => self.names(),
        };
        let weights = match files::choose_weights(names.iter().map(|name| &**name), wanted) {
            Ok(weights) => weights,
            Err(_) => return State::Incomplete,
        };
        let (path, settled) = match &weights {
            // Whoever asks for a file by name gets that file. A default is one only if there are
            // no safetensors, and if it was chosen among all files: then we left these marks.
            Weights::Gguf(name) => {
                let no_safetensors = self.is_absent(SINGLE) && self.is_absent(INDEX)
                    || REQUIRED.iter().any(|name| self.is_absent(name));
                (self.path(name), wanted.is_some() || no_safetensors)
            }
            Weights::Sharded if !self.has_all_shards() => return State::Incomplete,
            Weights::Single | Weights::Sharded => {
                let settled = |name: &&str| self.has(name) || self.is_absent(name);
                (self.folder.clone(), OPTIONAL.iter().all(settled))
            }
        };
        if settled { State::Settled(path) } else { State::Usable(path) }
    }

    /// Names of all files, with their folders. Links that lead nowhere are no files.
    pub(super) fn names(&self) -> Vec<String> {
        let mut names = Vec::new();
        collect_names(&self.folder, "", 3, &mut names);
        names
    }

    /// The files the weights are spread over; none if the index is missing or wrong.
    pub(super) fn shards(&self) -> Option<Vec<String>> {
        HfFolder::shard_names(&read_file(&self.path(INDEX), LARGEST_SIDE_FILE).ok()?).ok()
    }

    fn has_all_shards(&self) -> bool {
        self.shards().is_some_and(|shards| shards.iter().all(|shard| self.has(shard)))
    }

    /// Puts a blob where a file of the snapshot belongs, whatever is there. `is_new` says that no
    /// other snapshot can be using the blob.
    pub(super) fn link(&self, name: &str, blob: &Path, is_new: bool) -> io::Result<()> {
        let path = self.path(name);
        create_parent(&path)?;
        place(&path, &link_target(name, blob), blob, is_new, &symlink)
    }
}

fn create_parent(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), fs::create_dir_all)
}

/// The way from a file's place in the snapshot to the blob. It is relative, so that the cache can
/// be moved and mounted elsewhere.
fn link_target(name: &str, blob: &Path) -> PathBuf {
    // One step up per folder of the name, and two for the commit and `snapshots`.
    let mut target: PathBuf = name.split('/').skip(1).map(|_| "..").collect();
    target.extend(["..", "..", "blobs"]);
    target.join(blob.file_name().unwrap_or_default())
}

/// Links, or moves or copies where the system has no links.
fn place(
    path: &Path,
    target: &Path,
    blob: &Path,
    is_new: bool,
    symlink: &dyn Fn(&Path, &Path) -> io::Result<()>,
) -> io::Result<()> {
    // A link whose blob is gone is in the way, or a file that is not whole.
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    match symlink(target, path) {
        Ok(()) => Ok(()),
        // Another program was as quick.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(_) if is_new => fs::rename(blob, path),
        Err(_) => copy(blob, path),
    }
}

/// Copies a file. What is at `path` is whole, whenever this ends.
fn copy(from: &Path, path: &Path) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".incomplete");
    let part = path.with_file_name(name);
    let written = File::create(&part).and_then(|mut to| {
        io::copy(&mut File::open(from)?, &mut to)?;
        to.sync_all()
    });
    let result = written.and_then(|()| fs::rename(&part, path));
    if result.is_err() {
        let _ = fs::remove_file(&part);
    }
    result
}

#[cfg(unix)]
fn symlink(target: &Path, path: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(target, path)
}

#[cfg(windows)]
fn symlink(target: &Path, path: &Path) -> io::Result<()> {
    std::os::windows::fs::symlink_file(target, path)
}

#[cfg(not(any(unix, windows)))]
fn symlink(_: &Path, _: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

fn collect_names(folder: &Path, prefix: &str, depth: usize, names: &mut Vec<String>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let (path, name) = (entry.path(), entry.file_name());
        let Some(name) = name.to_str() else { continue };
        let name = format!("{prefix}{name}");
        if path.is_file() {
            names.push(name);
        } else if depth > 1 && path.is_dir() {
            collect_names(&path, &format!("{name}/"), depth - 1, names);
        }
    }
}

/// A hub's name for a content, as a name for a file. The usual names, which are hashes, stay as
/// they are, so that Python finds them.
pub(super) fn file_name_of(etag: &str) -> Option<String> {
    let bare = etag.trim().trim_start_matches("W/").trim_matches('"');
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let name: String = bare.chars().take(128).map(|c| if allowed(c) { c } else { '_' }).collect();
    let is_dots = name.chars().all(|c| c == '.');
    (!is_dots && !name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

    fn write(path: &Path, text: &str) {
        create_parent(path).unwrap();
        fs::write(path, text).unwrap();
    }

    #[test]
    fn what_a_snapshot_is_good_for() {
        let index = r#"{"weight_map": {"a": "s1.safetensors", "b": "s2.safetensors"}}"#;
        let core = ["config.json", "tokenizer.json"];
        let no_safetensors = [SINGLE, INDEX];
        for (case, present, absent, wanted, expected) in [
            ("nothing", &[][..], &[][..], None, "incomplete"),
            ("no weights", &core, &OPTIONAL, None, "incomplete"),
            ("no tokenizer", &["config.json", SINGLE], &OPTIONAL, None, "incomplete"),
            ("from Python", &[core[0], core[1], SINGLE], &[], None, "usable"),
            ("settled", &[core[0], core[1], SINGLE], &OPTIONAL, None, "settled"),
            (
                "a shard is missing",
                &[core[0], core[1], INDEX, "s1.safetensors"],
                &OPTIONAL,
                None,
                "incomplete",
            ),
            (
                "sharded",
                &[core[0], core[1], INDEX, "s1.safetensors", "s2.safetensors"],
                &OPTIONAL,
                None,
                "settled",
            ),
            ("GGUF by name", &["q/m.gguf"], &[], Some("q/m.gguf"), "settled"),
            ("GGUF far below", &["1/2/3/4/m.gguf"], &[], Some("1/2/3/4/m.gguf"), "settled"),
            ("another GGUF", &["q/m.gguf"], &[], Some("m.gguf"), "incomplete"),
            ("some GGUF", &["m.gguf"], &[], None, "usable"),
            ("default GGUF", &["m.gguf"], &no_safetensors, None, "settled"),
            (
                "GGUF with a config alone",
                &["m.gguf", core[0]],
                &["tokenizer.json"],
                None,
                "settled",
            ),
        ] {
            let folder = tempfile::tempdir().unwrap();
            let cache = RepoCache::new(folder.path(), "a/b");
            let snapshot = cache.snapshot(COMMIT);
            for name in present {
                write(&snapshot.path(name), if *name == INDEX { index } else { "x" });
            }
            for name in absent {
                snapshot.mark_absent(name).unwrap();
            }
            let state = match snapshot.state(wanted) {
                State::Settled(_) => "settled",
                State::Usable(_) => "usable",
                State::Incomplete => "incomplete",
            };
            assert_eq!(state, expected, "{case}");
        }
    }

    #[test]
    fn revisions_are_remembered_and_only_commits_are_believed() {
        let folder = tempfile::tempdir().unwrap();
        let cache = RepoCache::new(folder.path(), "a/b");
        assert_eq!(cache.commit_of("main"), None);
        assert_eq!(cache.commit_of(COMMIT).as_deref(), Some(COMMIT));
        cache.set_commit("refs/pr/1", COMMIT).unwrap();
        assert_eq!(cache.commit_of("refs/pr/1").as_deref(), Some(COMMIT));
        write(&folder.path().join("models--a--b/refs/bad"), "../../../etc");
        assert_eq!(cache.commit_of("bad"), None);
    }

    #[test]
    fn files_are_linked_or_else_placed() {
        for (case, has_links, is_new, blob_stays) in [
            ("linked", true, true, true),
            ("linked again", true, false, true),
            ("moved", false, true, false),
            ("copied", false, false, true),
        ] {
            let folder = tempfile::tempdir().unwrap();
            let cache = RepoCache::new(folder.path(), "a/b");
            let (blob, path) = (cache.blob("e"), cache.snapshot(COMMIT).path("sub/f"));
            write(&blob, "content");
            create_parent(&path).unwrap();
            // What is in the way is replaced.
            #[cfg(unix)]
            std::os::unix::fs::symlink("nowhere", &path).unwrap();
            let symlink = |target: &Path, path: &Path| match has_links {
                true => symlink(target, path),
                false => Err(io::ErrorKind::PermissionDenied.into()),
            };
            place(&path, &link_target("sub/f", &blob), &blob, is_new, &symlink).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), "content", "{case}");
            assert_eq!(blob.exists(), blob_stays, "{case}");
            let files = fs::read_dir(path.parent().unwrap()).unwrap().count();
            assert_eq!(files, 1, "{case}");
        }
    }

    #[test]
    fn etags_never_leave_the_folder() {
        for (etag, expected) in [
            ("\"abc123\"", Some("abc123")),
            ("W/\"abc-1\"", Some("abc-1")),
            ("abc", Some("abc")),
            ("\"../../x\"", Some(".._.._x")),
            ("\"a/b\\c:d\"", Some("a_b_c_d")),
            ("\"..\"", None),
            ("\"\"", None),
        ] {
            assert_eq!(file_name_of(etag).as_deref(), expected, "{etag}");
        }
        assert_eq!(file_name_of(&"x".repeat(1000)).unwrap().len(), 128);
    }
}
