//! Small GGUF files for tests.

use std::io::Write as _;

use tempfile::NamedTempFile;

/// A metadata value to write.
#[derive(Clone, Copy)]
pub(crate) enum Value {
    U32(u32),
    F32(f32),
    Text(&'static str),
    Bool(bool),
    /// An array of truth values.
    Bools(&'static [bool]),
    /// An array of i32.
    Ints(&'static [i32]),
}

/// A file in the making. Its tensors are float32, all zero unless given.
pub(crate) struct TinyGguf {
    values: Vec<(String, Value)>,
    tensors: Vec<(String, Vec<u64>, Vec<f32>)>,
}

impl TinyGguf {
    pub(crate) fn new(architecture: &'static str) -> Self {
        let values = vec![("general.architecture".to_owned(), Value::Text(architecture))];
        TinyGguf { values, tensors: Vec::new() }
    }

    /// Sets or replaces a metadata value.
    pub(crate) fn set(&mut self, key: &str, value: Value) {
        self.unset(key);
        self.values.push((key.to_owned(), value));
    }

    /// Takes a metadata value out.
    pub(crate) fn unset(&mut self, key: &str) {
        self.values.retain(|(known, _)| known != key);
    }

    /// The names of the tensors so far.
    pub(crate) fn tensor_names(&self) -> Vec<String> {
        self.tensors.iter().map(|(name, ..)| name.clone()).collect()
    }

    /// Takes a tensor out.
    pub(crate) fn remove_tensor(&mut self, name: &str) {
        self.tensors.retain(|(known, ..)| known != name);
    }

    /// Adds or replaces a tensor of zeros; extents are fastest-varying first.
    pub(crate) fn tensor(&mut self, name: &str, extents: &[u64]) {
        self.remove_tensor(name);
        let n = extents.iter().product::<u64>() as usize;
        self.tensors.push((name.to_owned(), extents.to_vec(), vec![0.0; n]));
    }

    /// Adds a vector.
    pub(crate) fn vector(&mut self, name: &str, weights: &[f32]) {
        self.tensors.push((name.to_owned(), vec![weights.len() as u64], weights.to_vec()));
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut bytes = b"GGUF\x03\0\0\0".to_vec();
        bytes.extend((self.tensors.len() as u64).to_le_bytes());
        bytes.extend((self.values.len() as u64).to_le_bytes());
        for (key, value) in &self.values {
            push_text(&mut bytes, key);
            match value {
                Value::U32(number) => {
                    bytes.extend(4u32.to_le_bytes());
                    bytes.extend(number.to_le_bytes());
                }
                Value::F32(number) => {
                    bytes.extend(6u32.to_le_bytes());
                    bytes.extend(number.to_le_bytes());
                }
                Value::Text(text) => {
                    bytes.extend(8u32.to_le_bytes());
                    push_text(&mut bytes, text);
                }
                Value::Bool(flag) => {
                    bytes.extend(7u32.to_le_bytes());
                    bytes.push(u8::from(*flag));
                }
                Value::Bools(flags) => {
                    bytes.extend(9u32.to_le_bytes());
                    bytes.extend(7u32.to_le_bytes());
                    bytes.extend((flags.len() as u64).to_le_bytes());
                    bytes.extend(flags.iter().map(|flag| u8::from(*flag)));
                }
                Value::Ints(numbers) => {
                    bytes.extend(9u32.to_le_bytes());
                    bytes.extend(5u32.to_le_bytes());
                    bytes.extend((numbers.len() as u64).to_le_bytes());
                    bytes.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
                }
            }
        }
        let mut data: Vec<u8> = Vec::new();
        for (name, extents, weights) in &self.tensors {
            data.resize(data.len().next_multiple_of(32), 0);
            push_text(&mut bytes, name);
            bytes.extend((extents.len() as u32).to_le_bytes());
            bytes.extend(extents.iter().flat_map(|extent| extent.to_le_bytes()));
            bytes.extend(0u32.to_le_bytes());
            bytes.extend((data.len() as u64).to_le_bytes());
            data.extend(weights.iter().flat_map(|weight| weight.to_le_bytes()));
        }
        bytes.resize(bytes.len().next_multiple_of(32), 0);
        bytes.extend(data);
        bytes
    }

    pub(crate) fn write(&self) -> NamedTempFile {
        write(&self.bytes())
    }
}

/// A temporary file with this content.
pub(crate) fn write(bytes: &[u8]) -> NamedTempFile {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    file
}

fn push_text(bytes: &mut Vec<u8>, text: &str) {
    bytes.extend((text.len() as u64).to_le_bytes());
    bytes.extend(text.as_bytes());
}
