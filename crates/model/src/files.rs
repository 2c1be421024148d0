//! Files that others have made. A folder of a model may hold anything under the names that are looked
//! for: a pipe whose reader waits for ever, a device without an end, gigabytes where kilobytes belong.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _};
use std::path::Path;

/// Bytes of `tokenizer.json`, at most. The largest ones have 40 MB.
///
/// Limit of tokenizers: bytes of tokenizer.json; refused.
pub const LARGEST_TOKENIZER: u64 = 256 << 20;
/// Bytes of the other files beside the weights, at most. The largest index of shards has 10 MB.
///
/// Limit of model files: bytes of any other file beside the weights; refused.
pub const LARGEST_SIDE_FILE: u64 = 64 << 20;

/// Opens a file to read it, if it is one. Links are followed: the hub's cache is made of them.
pub(crate) fn open_regular(path: &Path) -> io::Result<File> {
    // Asked first, since merely to open some devices does something, and then of what was opened, since
    // the name may be another's by then.
    refuse_others(&fs::metadata(path)?)?;
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        // Or to open a pipe would wait for somebody to write into it.
        options.custom_flags(libc::O_NONBLOCK);
    }
    let file = options.open(path)?;
    refuse_others(&file.metadata()?)?;
    Ok(file)
}

fn refuse_others(metadata: &fs::Metadata) -> io::Result<()> {
    let what = if metadata.is_file() {
        return Ok(());
    } else if metadata.is_dir() {
        "a folder"
    } else {
        "a pipe, a device or the like"
    };
    Err(io::Error::other(format!("it is {what} where a file is expected")))
}

/// Reads a file of at most `most` bytes.
///
/// # Errors
/// The system's, and sentences' ends about files that are none or larger. Nothing is read of these.
pub fn read_file(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let file = open_regular(path)?;
    let too_large = |bytes: u64| {
        let what = format!("it has {bytes} bytes, and at most {most} are read of such a file");
        io::Error::new(io::ErrorKind::FileTooLarge, what)
    };
    let announced = file.metadata()?.len();
    if announced > most {
        return Err(too_large(announced));
    }
    // Some files of the system have no length, and others grow.
    let mut bytes = Vec::new();
    file.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most { Err(too_large(bytes.len() as u64)) } else { Ok(bytes) }
}

/// As [`read_file`], as text.
///
/// # Errors
/// As [`read_file`], and if it is not UTF-8.
pub fn read_text(path: &Path, most: u64) -> io::Result<String> {
    String::from_utf8(read_file(path, most)?)
        .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error.utf8_error()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_read_up_to_a_size() {
        let file = crate::testing::write(b"12345");
        assert_eq!(read_file(file.path(), 5).unwrap(), b"12345");
        assert_eq!(read_text(file.path(), 9).unwrap(), "12345");
        let error = read_file(file.path(), 4).unwrap_err().to_string();
        assert_eq!(error, "it has 5 bytes, and at most 4 are read of such a file");
        let missing = read_file(&file.path().join("x"), 4).unwrap_err();
        assert_ne!(missing.kind(), io::ErrorKind::Other);
        assert!(read_text(crate::testing::write(b"\xff").path(), 4).is_err());
        // Of a file with a hole of a terabyte nothing is read.
        file.as_file().set_len(1 << 40).unwrap();
        let error = read_file(file.path(), LARGEST_TOKENIZER).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::FileTooLarge);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn what_is_no_file_is_refused_before_it_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        let name = std::ffi::CString::new(pipe.to_str().unwrap()).unwrap();
        #[expect(unsafe_code, reason = "the standard library makes no pipes with names")]
        // SAFETY: the name ends with a zero.
        let made = unsafe { libc::mkfifo(name.as_ptr(), 0o600) };
        assert_eq!(made, 0);
        let link = folder.path().join("link");
        std::os::unix::fs::symlink("/dev/zero", &link).unwrap();
        for (path, what) in [(&*pipe, "a pipe"), (&link, "a device"), (folder.path(), "a folder")] {
            let error = read_file(path, 10).unwrap_err().to_string();
            assert!(error.contains(what), "{error}");
            assert!(crate::mapping::MappedFile::open(path).is_err());
        }
        // It says that it is empty, and is not.
        let error = read_file(Path::new("/proc/self/maps"), 10).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::FileTooLarge);
    }
}
