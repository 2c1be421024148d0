//! Model files, mapped into memory: weights stay on pages of the file, which the system loads when
//! they are first touched, drops when it needs room, and shares between processes.
//!
//! The price is that whoever writes into the file writes into the model. That cannot be kept from
//! happening, but it is noticed: [`MappedFile::check`] is asked before and after each use.

#[cfg(target_os = "linux")]
mod faults;
#[cfg(not(target_os = "linux"))]
#[path = "mapping/unwatched.rs"]
mod faults;

use std::fs::Metadata;
use std::ops::{Deref, Range};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use memmap2::Mmap;

use crate::{ModelError, files};
use faults::Watched;

/// A file as bytes.
#[derive(Debug)]
pub(crate) struct MappedFile {
    path: PathBuf,
    /// What it was like when it was opened.
    state: FileState,
    /// Dropped before the map, whose addresses are another's afterwards.
    faults: Watched,
    map: Mmap,
}

/// By what a change of a file shows.
#[derive(Debug, PartialEq, Eq)]
struct FileState {
    len: u64,
    modified: Option<SystemTime>,
    /// Which of the system's files it is, whatever its name: device and number.
    identity: (u64, u64),
}

impl FileState {
    fn of(metadata: &Metadata) -> Self {
        #[cfg(unix)]
        let identity = {
            use std::os::unix::fs::MetadataExt as _;
            (metadata.dev(), metadata.ino())
        };
        #[cfg(not(unix))]
        let identity = (0, 0);
        FileState { len: metadata.len(), modified: metadata.modified().ok(), identity }
    }
}

impl MappedFile {
    pub(crate) fn open(path: &Path) -> Result<Self, ModelError> {
        let io = |source| ModelError::Io { path: path.to_owned(), source };
        let file = files::open_regular(path).map_err(io)?;
        let state = FileState::of(&file.metadata().map_err(io)?);
        #[expect(
            unsafe_code,
            reason = "mapping is how weights stay out of the heap; the map is read-only, and files \
                      that others change meanwhile are noticed"
        )]
        let map = unsafe { Mmap::map(&file) }.map_err(io)?;
        let start = map.as_ptr().addr();
        let faults = Watched::new(start..start + map.len());
        Ok(MappedFile { path: path.to_owned(), state, faults, map })
    }

    /// Whether these still are the bytes that were opened. A file that was removed, or replaced by another
    /// one of its name, still is: the system keeps what is mapped.
    ///
    /// # Errors
    /// [`ModelError::Changed`], if somebody has written into the file or cut it, or it cannot be read.
    pub(crate) fn check(&self) -> Result<(), ModelError> {
        let changed = |how: String| Err(ModelError::Changed { path: self.path.clone(), how });
        let now = self.path.metadata().ok().map(|metadata| FileState::of(&metadata));
        match now.filter(|now| now.identity == self.state.identity) {
            Some(now) if now.len != self.state.len => {
                let how = if now.len < self.state.len { "shortened" } else { "lengthened" };
                changed(format!("was {how} from {} to {} bytes", self.state.len, now.len))
            }
            Some(now) if now != self.state => changed("was written to".to_owned()),
            _ if self.faults.is_faulty() => changed("could not be read to its end".to_owned()),
            _ => Ok(()),
        }
    }

    /// Reads all of it once, so that nobody waits for its pages later.
    pub(crate) fn prefault(&self) {
        /// Pages are at least as large everywhere.
        const PAGE: usize = 4096;
        // With this the system reads far ahead. It is only advice: pages come without it, too.
        #[cfg(unix)]
        let _ = self.map.advise(memmap2::Advice::WillNeed);
        let touched = self.map.iter().step_by(PAGE).fold(0, |bits, byte| bits ^ byte);
        std::hint::black_box(touched);
    }

    /// Drops the pages of some bytes from this process's memory, after a copy of them was made in
    /// another order. Whoever reads them again gets them from the file.
    pub(crate) fn release(&self, place: &Range<usize>) {
        #[cfg(unix)]
        {
            // Only whole pages may be named: those at the ends also hold other tensors, and are
            // merely loaded again if these are read.
            #[expect(
                unsafe_code,
                reason = "this advice would lose changes that were not written back, but the map \
                          is read-only and private pages of it do not exist"
            )]
            // SAFETY: the map is read-only, so there is nothing to lose.
            let advice = unsafe {
                self.map.unchecked_advise_range(
                    memmap2::UncheckedAdvice::DontNeed,
                    place.start,
                    place.len(),
                )
            };
            // It is only advice: without it, the memory is freed when somebody else needs it.
            let _ = advice;
        }
        #[cfg(not(unix))]
        let _ = place;
    }
}

impl Deref for MappedFile {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.map
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    /// Bytes of the file that are in this process's memory, as Linux counts them.
    #[cfg(target_os = "linux")]
    fn resident(path: &Path) -> usize {
        let maps = std::fs::read_to_string("/proc/self/smaps").unwrap();
        let mut lines = maps.lines().skip_while(|line| !line.ends_with(path.to_str().unwrap()));
        let kilobytes = lines.find_map(|line| line.strip_prefix("Rss:")).unwrap();
        kilobytes.trim().trim_end_matches(" kB").parse::<usize>().unwrap() << 10
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn prefaulted_bytes_are_in_memory() {
        let file = testing::write(&vec![7; 4 << 20]);
        let map = MappedFile::open(file.path()).unwrap();
        assert_eq!(resident(file.path()), 0);
        map.prefault();
        assert_eq!(resident(file.path()), 4 << 20);
        map.release(&(0..4 << 20));
        assert_eq!(resident(file.path()), 0);
    }

    /// A file of five pages that hold their numbers, from 1.
    fn five_pages() -> tempfile::NamedTempFile {
        testing::write(&(1..=5).flat_map(|page| [page; 4096]).collect::<Vec<u8>>())
    }

    fn said(map: &MappedFile) -> String {
        map.check().err().map(|error| error.to_string()).unwrap_or_default()
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_file_that_is_cut_gives_zeros_and_says_so() {
        let (file, other) = (five_pages(), five_pages());
        let (map, untouched) =
            (MappedFile::open(file.path()).unwrap(), MappedFile::open(other.path()).unwrap());
        assert_eq!((said(&map), map[4096 * 4]), (String::new(), 5));
        file.as_file().set_len(4096 + 1).unwrap();
        // Several threads find it at once.
        std::thread::scope(|scope| {
            for page in [2, 3, 4] {
                let map = &map;
                scope.spawn(move || assert_eq!(map[4096 * page], 0));
            }
        });
        // What is still there, the rest of its last page, and what is gone.
        assert_eq!([map[0], map[4096], map[4097], map[4096 * 3]], [1, 2, 0, 0]);
        assert!(said(&map).contains("was shortened from 20480 to 4097 bytes"), "{}", said(&map));
        // The file being as long again does not bring back what was in it.
        file.as_file().set_len(4096 * 5).unwrap();
        assert!(said(&map).contains("was written to"), "{}", said(&map));
        std::fs::remove_file(file.path()).unwrap();
        assert!(said(&map).contains("could not be read to its end"), "{}", said(&map));
        assert_eq!((said(&untouched), untouched[4096 * 4]), (String::new(), 5));
        // Whoever comes after it has nothing to do with it.
        drop(map);
        let next = MappedFile::open(other.path()).unwrap();
        assert_eq!((said(&next), next[4096 * 4]), (String::new(), 5));
    }

    #[test]
    fn a_file_that_is_replaced_stays_and_one_that_is_written_to_does_not() {
        let file = five_pages();
        let map = MappedFile::open(file.path()).unwrap();
        let folder = file.path().parent().unwrap();
        let other = tempfile::NamedTempFile::new_in(folder).unwrap();
        std::fs::rename(other.path(), file.path()).unwrap();
        assert_eq!((said(&map), map[4096 * 4]), (String::new(), 5));
        std::fs::remove_file(file.path()).unwrap();
        assert_eq!((said(&map), map[4096 * 4]), (String::new(), 5));

        let file = five_pages();
        let map = MappedFile::open(file.path()).unwrap();
        // As many bytes as before, at another time.
        let later = SystemTime::now() + std::time::Duration::from_secs(5);
        file.as_file().set_modified(later).unwrap();
        assert!(said(&map).contains("was written to"), "{}", said(&map));
    }

    #[test]
    fn released_bytes_are_read_from_the_file_again() {
        let bytes: Vec<u8> = (0..20_000u32).map(|i| (i % 251) as u8).collect();
        let file = testing::write(&bytes);
        let map = MappedFile::open(file.path()).unwrap();
        assert_eq!(*map, bytes);
        map.release(&(5000..15_000));
        assert_eq!(*map, bytes);
    }
}
