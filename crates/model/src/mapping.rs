//! Model files, mapped into memory: weights stay on pages of the file, which the system loads when
//! they are first touched, drops when it needs room, and shares between processes.

use std::fs::File;
use std::ops::{Deref, Range};
use std::path::Path;

use memmap2::Mmap;

use crate::ModelError;

/// A file as bytes.
#[derive(Debug)]
pub(crate) struct MappedFile {
    map: Mmap,
}

impl MappedFile {
    pub(crate) fn open(path: &Path) -> Result<Self, ModelError> {
        let io = |source| ModelError::Io { path: path.to_owned(), source };
        let file = File::open(path).map_err(io)?;
        #[expect(
            unsafe_code,
            reason = "mapping is how weights stay out of the heap; the map is read-only, and a \
                      file changed under a running program is as fatal as one being unplugged"
        )]
        let map = unsafe { Mmap::map(&file) }.map_err(io)?;
        Ok(MappedFile { map })
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
