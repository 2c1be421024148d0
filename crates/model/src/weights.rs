//! The weights, read-only and as stored; asked for by name with the shape they must have.

use std::cell::RefCell;
use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;

use memmap2::Mmap;

use crate::format::{StorageFormat, with_format};
use crate::gguf::TensorInfo;
use crate::{GgufFile, ModelError};

/// All weights of a decoder.
pub(crate) struct Weights {
    /// `[n_vocab][d_model]`
    pub(crate) embedding: Matrix,
    pub(crate) layers: Vec<Layer>,
    /// `[d_model]`
    pub(crate) final_norm: Vec<f32>,
    /// `[n_vocab][d_model]`; the embedding itself where the two are tied.
    pub(crate) unembedding: Matrix,
}

pub(crate) struct Layer {
    pub(crate) attention_norm: Vec<f32>,
    pub(crate) attention: Attention,
    pub(crate) mlp_norm: Vec<f32>,
    pub(crate) mlp: Mlp,
}

pub(crate) struct Attention {
    pub(crate) q: Linear,
    pub(crate) k: Linear,
    pub(crate) v: Linear,
    pub(crate) output: Linear,
}

/// The gated MLP: `down(silu(gate(x)) * up(x))`.
pub(crate) struct Mlp {
    pub(crate) gate: Linear,
    pub(crate) up: Linear,
    pub(crate) down: Linear,
}

/// `y = W x + b`
pub(crate) struct Linear {
    pub(crate) weight: Matrix,
    pub(crate) bias: Option<Vec<f32>>,
}

/// A matrix as it lies in the file. Cloning copies the handle, not the weights.
#[derive(Clone)]
pub(crate) struct Matrix {
    pub(crate) rows: usize,
    pub(crate) cols: usize,
    pub(crate) format: StorageFormat,
    map: Arc<Mmap>,
    place: Range<usize>,
}

impl Matrix {
    /// Bytes of one row.
    pub(crate) fn row_bytes(&self) -> usize {
        self.cols / self.format.block_len() * self.format.block_bytes()
    }

    /// The stored bytes of some rows.
    pub(crate) fn rows_at(&self, rows: Range<usize>) -> &[u8] {
        let row_bytes = self.row_bytes();
        let all = &self.map[self.place.clone()];
        &all[rows.start * row_bytes..rows.end * row_bytes]
    }
}

/// Access to a file's tensors with their shapes checked. Remembers which were asked for.
pub(crate) struct Tensors<'a> {
    file: &'a GgufFile,
    read: RefCell<HashSet<String>>,
}

impl<'a> Tensors<'a> {
    pub(crate) fn of(file: &'a GgufFile) -> Self {
        Tensors { file, read: RefCell::default() }
    }

    fn find(&self, name: &str) -> Option<&'a TensorInfo> {
        self.read.borrow_mut().insert(name.to_owned());
        self.file.tensor(name)
    }

    /// Fails if the file has a tensor that nobody asked for: a part of the model that would be
    /// silently left out.
    pub(crate) fn refuse_unread(&self) -> Result<(), ModelError> {
        let read = self.read.borrow();
        match self.file.tensor_names().filter(|name| !read.contains(*name)).min() {
            None => Ok(()),
            Some(name) => Err(ModelError::Feature { what: format!("a tensor {name:?}") }),
        }
    }

    /// How many rows a matrix has.
    pub(crate) fn rows(&self, name: &str) -> Result<usize, ModelError> {
        let extents = self.find(name).map(|info| info.extents.clone());
        match extents.as_deref() {
            Some([_, rows]) if *rows > 0 => Ok(*rows),
            _ => Err(mismatch(name, "a matrix".into(), extents.as_deref())),
        }
    }

    pub(crate) fn matrix(
        &self,
        name: &str,
        rows: usize,
        cols: usize,
    ) -> Result<Matrix, ModelError> {
        self.optional_matrix(name, rows, cols)?
            .ok_or_else(|| mismatch(name, format!("{rows} x {cols}"), None))
    }

    pub(crate) fn optional_matrix(
        &self,
        name: &str,
        rows: usize,
        cols: usize,
    ) -> Result<Option<Matrix>, ModelError> {
        let Some(info) = self.find(name) else { return Ok(None) };
        // GGUF lists the fastest-varying extent first.
        if info.extents != [cols, rows] {
            return Err(mismatch(name, format!("{rows} x {cols}"), Some(&info.extents)));
        }
        Ok(Some(Matrix {
            rows,
            cols,
            format: info.format,
            map: Arc::clone(self.file.map()),
            place: info.place.clone(),
        }))
    }

    pub(crate) fn vector(&self, name: &str, len: usize) -> Result<Vec<f32>, ModelError> {
        self.optional_vector(name, len)?.ok_or_else(|| mismatch(name, format!("{len}"), None))
    }

    /// A vector, expanded to float32: vectors are small.
    pub(crate) fn optional_vector(
        &self,
        name: &str,
        len: usize,
    ) -> Result<Option<Vec<f32>>, ModelError> {
        use crate::format::BlockFormat as _;
        let Some(info) = self.find(name) else { return Ok(None) };
        if info.extents != [len] {
            return Err(mismatch(name, format!("{len}"), Some(&info.extents)));
        }
        let bytes = &self.file.map()[info.place.clone()];
        let mut vector = vec![0.0; len];
        with_format!(info.format, F => F::dequantize(bytes, &mut vector));
        Ok(Some(vector))
    }
}

/// `extents` is what the file has, fastest-varying first, or none if the tensor is absent.
fn mismatch(name: &str, expected: String, extents: Option<&[usize]>) -> ModelError {
    let found = match extents {
        None => "no such tensor".to_owned(),
        Some(extents) => extents.iter().rev().map(usize::to_string).collect::<Vec<_>>().join(" x "),
    };
    ModelError::Tensor { name: name.to_owned(), expected, found }
}

#[cfg(test)]
pub(crate) mod testing {
    use super::*;
    use memmap2::MmapMut;

    /// A matrix over bytes in memory.
    pub(crate) fn matrix_of_bytes(
        format: StorageFormat,
        rows: usize,
        cols: usize,
        bytes: &[u8],
    ) -> Matrix {
        let mut map = MmapMut::map_anon(bytes.len()).unwrap();
        map.copy_from_slice(bytes);
        let map = Arc::new(map.make_read_only().unwrap());
        Matrix { rows, cols, format, map, place: 0..bytes.len() }
    }
}
