//! Reading GGUF files (the format is described in ggml's `docs/gguf.md`).

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use crate::ModelError;
use crate::checkpoint::{Checkpoint, StoredTensor, Unreadable};
use crate::format::StorageFormat;
use crate::mapping::MappedFile;

/// A metadata value. All integer types read as `Int`, both float types as `Float`.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Any integer.
    Int(i64),
    /// float32 or float64.
    Float(f64),
    /// A truth value.
    Bool(bool),
    /// A text.
    Text(String),
    /// Values of one type.
    Array(Vec<Value>),
}

/// An open GGUF file: its metadata, and where its tensors are.
pub struct GgufFile {
    metadata: HashMap<String, Value>,
    checkpoint: Checkpoint,
}

const MAGIC: &[u8] = b"GGUF";
const DEFAULT_ALIGNMENT: usize = 32;
/// Limit of model files: bytes of a GGUF file's alignment; refused.
const LARGEST_ALIGNMENT: i64 = 1 << 16;
/// Bytes that metadata may take in memory. The largest vocabularies there are take a tenth of it.
///
/// Limit of model files: bytes of a GGUF file's metadata in memory; refused.
const METADATA_BUDGET: usize = 256 << 20;
/// About what a key and its place in the table take beside its text and its value.
const ENTRY_BYTES: usize = 100;

impl GgufFile {
    /// Maps a file and reads its header.
    ///
    /// # Errors
    /// If the file cannot be read, is not GGUF v2 or v3, is truncated, or stores a tensor in a
    /// format that is not supported.
    pub fn open(path: &Path) -> Result<Self, ModelError> {
        Self::parse(MappedFile::open(path)?)
    }

    fn parse(map: MappedFile) -> Result<Self, ModelError> {
        let mut reader = Reader { bytes: &map, at: 0, budget: METADATA_BUDGET };
        if !map.starts_with(MAGIC) {
            return Err(ModelError::NotGguf);
        }
        reader.at = 4;
        let version = reader.u32("the version")?;
        if !(2..=3).contains(&version) {
            return Err(ModelError::Version { found: version });
        }
        let n_tensors = reader.count("the number of tensors", 16)?;
        let n_values = reader.count("the number of metadata values", 13)?;

        let mut metadata = HashMap::new();
        for _ in 0..n_values {
            let key = reader.text("a metadata key")?;
            reader.spend(ENTRY_BYTES, &key)?;
            let kind = reader.u32(&key)?;
            let value = reader.value(kind, &key, 0)?;
            if metadata.insert(key.clone(), value).is_some() {
                return Err(ModelError::Damaged { what: format!("{key:?} stands there twice") });
            }
        }

        let mut headers = Vec::new();
        for _ in 0..n_tensors {
            headers.push(reader.tensor_header()?);
        }
        let alignment = match metadata.get("general.alignment") {
            None => DEFAULT_ALIGNMENT,
            Some(Value::Int(alignment @ 1..=LARGEST_ALIGNMENT)) => *alignment as usize,
            Some(_) => {
                let key = "general.alignment".to_owned();
                return Err(ModelError::Metadata { key, expected: "1 to 65536" });
            }
        };
        let data_start = reader.at.next_multiple_of(alignment);
        let map = Arc::new(map);
        let mut checkpoint = Checkpoint::default();
        for header in headers {
            let name = header.name.clone();
            if checkpoint.get(&name).is_some() || checkpoint.unreadable(&name).is_some() {
                let what = format!("tensor {name:?} stands there twice");
                return Err(ModelError::Damaged { what });
            }
            match StorageFormat::from_ggml(header.format) {
                Some(format) => {
                    checkpoint.insert(name, header.place_in(data_start, format, &map)?);
                }
                None => {
                    let expected = format!("storage as one of {}", StorageFormat::supported());
                    let found = StorageFormat::describe_ggml(header.format);
                    checkpoint.insert_unreadable(name, Unreadable { expected, found });
                }
            }
        }
        Ok(GgufFile { metadata, checkpoint })
    }

    /// A metadata value.
    pub fn value(&self, key: &str) -> Option<&Value> {
        self.metadata.get(key)
    }

    /// The keys of all metadata values, in no order.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &str> {
        self.metadata.keys().map(String::as_str)
    }

    /// A metadata text.
    pub fn text(&self, key: &str) -> Option<&str> {
        match self.value(key) {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// A metadata integer that is not negative.
    pub fn uint(&self, key: &str) -> Option<usize> {
        match self.value(key) {
            Some(Value::Int(number)) => usize::try_from(*number).ok(),
            _ => None,
        }
    }

    /// A metadata number.
    pub fn float(&self, key: &str) -> Option<f64> {
        match self.value(key) {
            Some(Value::Float(number)) => Some(*number),
            Some(Value::Int(number)) => Some(*number as f64),
            _ => None,
        }
    }

    /// A metadata truth value.
    pub fn flag(&self, key: &str) -> Option<bool> {
        match self.value(key) {
            Some(Value::Bool(flag)) => Some(*flag),
            _ => None,
        }
    }

    /// A metadata array of texts.
    pub fn texts(&self, key: &str) -> Option<Vec<&str>> {
        self.array(key)?
            .iter()
            .map(|value| match value {
                Value::Text(text) => Some(text.as_str()),
                _ => None,
            })
            .collect()
    }

    /// A metadata array of numbers.
    pub fn floats(&self, key: &str) -> Option<Vec<f64>> {
        self.array(key)?
            .iter()
            .map(|value| match value {
                Value::Float(number) => Some(*number),
                Value::Int(number) => Some(*number as f64),
                _ => None,
            })
            .collect()
    }

    /// A metadata array of integers.
    pub fn ints(&self, key: &str) -> Option<Vec<i64>> {
        self.array(key)?
            .iter()
            .map(|value| match value {
                Value::Int(number) => Some(*number),
                _ => None,
            })
            .collect()
    }

    fn array(&self, key: &str) -> Option<&[Value]> {
        match self.value(key) {
            Some(Value::Array(values)) => Some(values),
            _ => None,
        }
    }

    /// Reads in all weights. Otherwise each page is read when it is first used.
    pub fn prefault(&self) {
        self.checkpoint.prefault();
    }

    /// Number of weights in all tensors together.
    pub fn n_parameters(&self) -> usize {
        self.checkpoint.n_parameters()
    }

    /// The storage format that holds most of the weights.
    pub fn main_format(&self) -> Option<StorageFormat> {
        self.checkpoint.main_format()
    }

    pub(crate) fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }
}

struct TensorHeader {
    name: String,
    /// The fastest-varying first.
    extents: Vec<usize>,
    /// GGML's number of the storage format, which may be none that we read.
    format: u32,
    offset: u64,
}

impl TensorHeader {
    fn place_in(
        &self,
        data_start: usize,
        format: StorageFormat,
        map: &Arc<MappedFile>,
    ) -> Result<StoredTensor, ModelError> {
        let file_len = map.len();
        let damaged = |what: String| ModelError::Damaged { what };
        let columns = self.extents.first().copied().unwrap_or(1);
        if columns % format.block_len() != 0 {
            return Err(damaged(format!(
                "tensor {:?} has rows of {columns} weights, not a multiple of the {} in a block \
                 of {}",
                self.name,
                format.block_len(),
                format.name()
            )));
        }
        let place = (|| {
            let n = self.extents.iter().try_fold(1usize, |n, &e| n.checked_mul(e))?;
            let n_bytes = (n / format.block_len()).checked_mul(format.block_bytes())?;
            let start = data_start.checked_add(usize::try_from(self.offset).ok()?)?;
            Some(start..start.checked_add(n_bytes)?)
        })()
        .ok_or_else(|| damaged(format!("the size of tensor {:?} is absurd", self.name)))?;
        if place.end > file_len {
            return Err(damaged(format!(
                "tensor {:?} ends at byte {}, but the file has only {file_len}; was the download \
                 cut short?",
                self.name, place.end
            )));
        }
        // GGUF lists the fastest-varying extent first.
        let shape = self.extents.iter().rev().copied().collect();
        Ok(StoredTensor { shape, format, map: Arc::clone(map), place })
    }
}

/// A cursor over the header; every read is checked against the end of the file.
struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    /// Bytes of memory that may still be spent on what is read: a file of numbers of one byte each
    /// would take thirty times its size.
    budget: usize,
}

impl Reader<'_> {
    fn take(&mut self, n: usize, what: &str) -> Result<&[u8], ModelError> {
        let end = self.at.checked_add(n).filter(|&end| end <= self.bytes.len());
        let Some(end) = end else {
            return Err(ModelError::Damaged { what: format!("it ends while {what} is read") });
        };
        let taken = &self.bytes[self.at..end];
        self.at = end;
        Ok(taken)
    }

    fn spend(&mut self, bytes: usize, what: &str) -> Result<(), ModelError> {
        let left = self.budget.checked_sub(bytes);
        self.budget = left.ok_or_else(|| ModelError::Damaged {
            what: format!("{what} makes the header larger than {} MB", METADATA_BUDGET >> 20),
        })?;
        Ok(())
    }

    fn array<const N: usize>(&mut self, what: &str) -> Result<[u8; N], ModelError> {
        let bytes = self.take(N, what)?;
        Ok(bytes.try_into().expect("take returns as many bytes as asked for"))
    }

    fn u32(&mut self, what: &str) -> Result<u32, ModelError> {
        Ok(u32::from_le_bytes(self.array(what)?))
    }

    fn u64(&mut self, what: &str) -> Result<u64, ModelError> {
        Ok(u64::from_le_bytes(self.array(what)?))
    }

    /// A count of things of at least `least` bytes each: more than the rest of the file can hold
    /// is damage, and must not be allocated for.
    fn count(&mut self, what: &str, least: usize) -> Result<usize, ModelError> {
        let count = self.u64(what)?;
        let room = (self.bytes.len() - self.at) / least;
        usize::try_from(count).ok().filter(|&count| count <= room).ok_or_else(|| {
            ModelError::Damaged { what: format!("{what} is {count}, more than the file can hold") }
        })
    }

    fn text(&mut self, what: &str) -> Result<String, ModelError> {
        let len = self.count(what, 1)?;
        self.spend(len, what)?;
        let bytes = self.take(len, what)?;
        Ok(String::from_utf8_lossy(bytes).into_owned())
    }

    fn value(&mut self, kind: u32, key: &str, depth: usize) -> Result<Value, ModelError> {
        self.spend(size_of::<Value>(), key)?;
        Ok(match kind {
            0 => Value::Int(u8::from_le_bytes(self.array(key)?).into()),
            1 => Value::Int(i8::from_le_bytes(self.array(key)?).into()),
            2 => Value::Int(u16::from_le_bytes(self.array(key)?).into()),
            3 => Value::Int(i16::from_le_bytes(self.array(key)?).into()),
            4 => Value::Int(u32::from_le_bytes(self.array(key)?).into()),
            5 => Value::Int(i32::from_le_bytes(self.array(key)?).into()),
            6 => Value::Float(f32::from_le_bytes(self.array(key)?).into()),
            7 => Value::Bool(u8::from_le_bytes(self.array(key)?) != 0),
            8 => Value::Text(self.text(key)?),
            9 if depth < 4 => {
                let element = self.u32(key)?;
                let n = self.count(key, 1)?;
                let values = (0..n).map(|_| self.value(element, key, depth + 1));
                Value::Array(values.collect::<Result<_, _>>()?)
            }
            // Unsigned numbers beyond i64 exist in no known key; they saturate.
            10 => Value::Int(i64::try_from(self.u64(key)?).unwrap_or(i64::MAX)),
            11 => Value::Int(i64::from_le_bytes(self.array(key)?)),
            12 => Value::Float(f64::from_le_bytes(self.array(key)?)),
            _ => {
                let what = format!("the value of {key:?} is of unknown type {kind}");
                return Err(ModelError::Damaged { what });
            }
        })
    }

    fn tensor_header(&mut self) -> Result<TensorHeader, ModelError> {
        let name = self.text("a tensor's name")?;
        self.spend(size_of::<TensorHeader>() + size_of::<StoredTensor>(), &name)?;
        let n_extents = self.u32(&name)?;
        if n_extents > 4 {
            let what = format!("tensor {name:?} has {n_extents} dimensions");
            return Err(ModelError::Damaged { what });
        }
        let mut extents = Vec::new();
        for _ in 0..n_extents {
            extents.push(usize::try_from(self.u64(&name)?).unwrap_or(usize::MAX));
        }
        if extents.contains(&0) {
            let what = format!("tensor {name:?} has no weights");
            return Err(ModelError::Damaged { what });
        }
        let format = self.u32(&name)?;
        let offset = self.u64(&name)?;
        Ok(TensorHeader { name, extents, format, offset })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{self, TinyGguf};

    fn open(bytes: &[u8]) -> Result<GgufFile, ModelError> {
        GgufFile::open(testing::write(bytes).path())
    }

    /// One text, one array, and one F32 vector of two weights.
    fn small_file() -> Vec<u8> {
        let mut file = TinyGguf::new("llama");
        file.set("numbers", testing::Value::Ints(&[-1, 7]));
        file.vector("norm", &[1.5, -2.0]);
        file.bytes()
    }

    #[test]
    fn metadata_and_tensors_are_found() {
        let file = open(&small_file()).unwrap();
        assert_eq!(file.text("general.architecture"), Some("llama"));
        assert_eq!(file.ints("numbers"), Some(vec![-1, 7]));
        assert_eq!(file.text("numbers"), None);
        assert_eq!(file.n_parameters(), 2);
        let norm = file.checkpoint().get("norm").unwrap();
        assert_eq!(norm.shape, [2]);
        assert_eq!(&norm.map[norm.place.clone()][..4], 1.5f32.to_le_bytes());
    }

    #[test]
    fn a_file_cut_anywhere_is_an_error_and_never_a_panic() {
        let whole = small_file();
        for len in 4..whole.len() {
            let error = open(&whole[..len]).err().unwrap_or_else(|| panic!("{len} bytes passed"));
            assert!(matches!(error, ModelError::Damaged { .. }), "{len} bytes: {error}");
        }
    }

    #[test]
    fn other_files_and_versions_are_named() {
        let error = open(b"PK\x03\x04....").err().unwrap();
        assert!(error.to_string().contains("does not begin with \"GGUF\""), "{error}");
        let mut old = small_file();
        old[4] = 1;
        assert!(matches!(open(&old), Err(ModelError::Version { found: 1 })));
    }

    #[test]
    fn absurd_counts_are_refused_before_anything_is_allocated() {
        for (at, what) in [(8, "number of tensors"), (16, "number of metadata values")] {
            let mut bytes = small_file();
            bytes[at..at + 8].copy_from_slice(&u64::MAX.to_le_bytes());
            let error = open(&bytes).err().unwrap().to_string();
            assert!(error.contains(what), "{error}");
        }
    }

    #[test]
    fn what_would_lie_about_the_rest_is_refused() {
        let file_with = |change: &dyn Fn(&mut TinyGguf)| {
            let mut file = TinyGguf::new("llama");
            file.set("numbers", testing::Value::Ints(&[-1, 7]));
            file.vector("norm", &[1.5]);
            change(&mut file);
            open(&file.bytes()).err().map(|error| error.to_string()).unwrap_or_default()
        };
        assert_eq!(file_with(&|_| {}), "");
        let doubled = file_with(&|file| file.vector("norm", &[2.5]));
        assert!(doubled.contains("\"norm\" stands there twice"), "{doubled}");
        for alignment in [0, 1 << 20, u32::MAX] {
            let key = "general.alignment";
            let error = file_with(&|file| file.set(key, testing::Value::U32(alignment)));
            assert!(error.contains("general.alignment"), "{alignment}: {error}");
        }
    }

    #[test]
    fn a_header_of_tiny_things_does_not_fill_the_memory() {
        // A valid array of ten million numbers of one byte.
        let mut bytes = b"GGUF\x03\0\0\0".to_vec();
        bytes.extend(0u64.to_le_bytes());
        bytes.extend(1u64.to_le_bytes());
        bytes.extend(1u64.to_le_bytes());
        bytes.push(b'k');
        bytes.extend(9u32.to_le_bytes());
        bytes.extend(0u32.to_le_bytes());
        bytes.extend(10_000_000u64.to_le_bytes());
        bytes.resize(bytes.len() + 10_000_000, 1);
        let error = open(&bytes).err().unwrap().to_string();
        assert!(error.contains("larger than 256 MB"), "{error}");
    }
}
