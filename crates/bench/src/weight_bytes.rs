//! How many bytes of weights the decoding of one token has to read.
//!
//! The model's crate keeps to itself where tensors lie, so sizes come from the files' own tables;
//! the model has been opened before, so these are known to be sound.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use serde_json::{Map, Value};
use tokenscope_model::HfFolder;

/// A tensor's name and its bytes.
type Sized = (String, u64);

/// Bytes of all tensors, except that of a table of input embeddings only one row is read, unless it
/// serves as the unembedding as well.
///
/// # Errors
/// If the files cannot be read.
pub(crate) fn per_token(path: &Path) -> Result<u64, String> {
    let failed = |error: String| format!("{}: {error}", path.display());
    let tensors = if path.is_dir() { folder(path) } else { gguf(path) }.map_err(failed)?;
    let untied = tensors.iter().any(|(name, _)| is_unembedding(name));
    let read = tensors.iter().filter(|(name, _)| !(untied && is_embedding(name)));
    Ok(read.map(|(_, bytes)| bytes).sum())
}

fn is_unembedding(name: &str) -> bool {
    ["output.weight", "lm_head.weight", "embed_out.weight"].contains(&name)
}

fn is_embedding(name: &str) -> bool {
    let names = ["token_embd.weight", "embed_tokens.weight", "embed_in.weight", "wte.weight"];
    names.iter().any(|known| name.ends_with(known))
}

fn folder(path: &Path) -> Result<Vec<Sized>, String> {
    let mut tensors = Vec::new();
    for shard in HfFolder::weight_files(path).map_err(|error| error.to_string())? {
        let mut table = Table::open(&shard)?;
        let header = table.text()?;
        let header: Map<String, Value> =
            serde_json::from_str(&header).map_err(|error| error.to_string())?;
        tensors.extend(header.into_iter().filter_map(|(name, info)| {
            let offset = |index| info["data_offsets"][index].as_u64();
            Some((name, offset(1)? - offset(0)?))
        }));
    }
    Ok(tensors)
}

/// Sizes are the distances between the offsets, so at most 31 bytes of padding too large.
fn gguf(path: &Path) -> Result<Vec<Sized>, String> {
    let file_bytes = path.metadata().map_err(|error| error.to_string())?.len();
    let mut table = Table::open(path)?;
    table.skip(8)?;
    let (n_tensors, n_values) = (table.u64()?, table.u64()?);
    let mut alignment = 32;
    for _ in 0..n_values {
        let key = table.text()?;
        let kind = table.u32()?;
        if key == "general.alignment" {
            alignment = u64::from(table.u32()?);
        } else {
            table.skip_value(kind)?;
        }
    }
    let mut starts: Vec<(u64, String)> = Vec::new();
    for _ in 0..n_tensors {
        let name = table.text()?;
        let n_dimensions = table.u32()?;
        table.skip(8 * u64::from(n_dimensions) + 4)?;
        starts.push((table.u64()?, name));
    }
    starts.sort();
    let data_bytes = file_bytes - table.at.next_multiple_of(alignment);
    let ends = starts.iter().skip(1).map(|(start, _)| *start).chain([data_bytes]);
    let sizes: Vec<u64> = starts.iter().zip(ends).map(|((start, _), end)| end - start).collect();
    Ok(starts.into_iter().map(|(_, name)| name).zip(sizes).collect())
}

/// The beginning of a file, read in order.
struct Table {
    reader: BufReader<File>,
    at: u64,
}

impl Table {
    fn open(path: &Path) -> Result<Self, String> {
        let file = File::open(path).map_err(|error| error.to_string())?;
        Ok(Table { reader: BufReader::new(file), at: 0 })
    }

    fn bytes<const N: usize>(&mut self) -> Result<[u8; N], String> {
        let mut bytes = [0; N];
        self.reader.read_exact(&mut bytes).map_err(|error| error.to_string())?;
        self.at += N as u64;
        Ok(bytes)
    }

    fn u32(&mut self) -> Result<u32, String> {
        Ok(u32::from_le_bytes(self.bytes()?))
    }

    fn u64(&mut self) -> Result<u64, String> {
        Ok(u64::from_le_bytes(self.bytes()?))
    }

    /// A text after its length, as GGUF has its names and safetensors its whole table.
    fn text(&mut self) -> Result<String, String> {
        let length = self.u64()?;
        let mut text = Vec::new();
        let mut part = self.reader.by_ref().take(length);
        part.read_to_end(&mut text).map_err(|error| error.to_string())?;
        self.at += length;
        Ok(String::from_utf8_lossy(&text).into_owned())
    }

    fn skip(&mut self, n: u64) -> Result<(), String> {
        let mut part = self.reader.by_ref().take(n);
        std::io::copy(&mut part, &mut std::io::sink()).map_err(|error| error.to_string())?;
        self.at += n;
        Ok(())
    }

    /// Kinds are numbered as in ggml's `docs/gguf.md`.
    fn skip_value(&mut self, kind: u32) -> Result<(), String> {
        match kind {
            0 | 1 | 7 => self.skip(1),
            2 | 3 => self.skip(2),
            4..=6 => self.skip(4),
            8 => self.text().map(|_| ()),
            9 => {
                let kind = self.u32()?;
                let n = self.u64()?;
                (0..n).try_for_each(|_| self.skip_value(kind))
            }
            10..=12 => self.skip(8),
            _ => Err(format!("a value of the unknown kind {kind}")),
        }
    }
}
