//! The weights, read-only and as stored; asked for by name with the shape they must have.

use std::cell::RefCell;
use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;

use crate::ModelError;
use crate::checkpoint::{Checkpoint, StoredTensor, Unreadable};
use crate::format::StorageFormat;
use crate::mapping::MappedFile;

/// All weights of a decoder.
pub(crate) struct Weights {
    /// `[n_vocab][d_model]`
    pub(crate) embedding: Matrix,
    /// Learned positions `[context_length][d_model]`, added to the embeddings.
    pub(crate) positions: Option<Matrix>,
    pub(crate) layers: Vec<Layer>,
    pub(crate) final_norm: Norm,
    /// `[n_vocab][d_model]`; the embedding itself where the two are tied.
    pub(crate) unembedding: Matrix,
}

/// A block. Norms stand before a part (most families), after it (OLMo-2), or both (Gemma 2).
pub(crate) struct Layer {
    pub(crate) attention_norm: Option<Norm>,
    pub(crate) attention: Attention,
    pub(crate) attention_post_norm: Option<Norm>,
    pub(crate) mlp_norm: Option<Norm>,
    pub(crate) mlp: Mlp,
    pub(crate) mlp_post_norm: Option<Norm>,
}

pub(crate) struct Attention {
    pub(crate) q: Linear,
    pub(crate) k: Linear,
    pub(crate) v: Linear,
    pub(crate) output: Linear,
    /// RMSNorm of queries and keys before they are turned: of each head (as long as a head), or of
    /// all heads together.
    pub(crate) q_norm: Option<Norm>,
    pub(crate) k_norm: Option<Norm>,
}

/// The MLP: `down(act(gate(x)) * up(x))`, or `down(act(up(x)))` without a gate.
pub(crate) struct Mlp {
    pub(crate) gate: Option<Linear>,
    pub(crate) up: Linear,
    pub(crate) down: Linear,
}

/// `y = W x + b`
pub(crate) struct Linear {
    pub(crate) weight: Matrix,
    pub(crate) bias: Option<Vec<f32>>,
}

/// Scale and shift of a normalisation.
pub(crate) struct Norm {
    pub(crate) weight: Vec<f32>,
    pub(crate) bias: Option<Vec<f32>>,
}

/// A matrix as it is stored. Cloning copies the handle, not the weights.
#[derive(Clone)]
pub(crate) struct Matrix {
    pub(crate) rows: usize,
    pub(crate) cols: usize,
    pub(crate) format: StorageFormat,
    bytes: Bytes,
}

/// A part of something that holds weights.
#[derive(Clone)]
struct Bytes {
    holder: Holder,
    place: Range<usize>,
}

/// Weights are in a mapped file, or, where a family needs them in another order, in memory.
#[derive(Clone)]
enum Holder {
    Mapped(Arc<MappedFile>),
    Owned(Arc<[u8]>),
}

impl Bytes {
    fn mapped(map: &Arc<MappedFile>, place: Range<usize>) -> Self {
        Bytes { holder: Holder::Mapped(Arc::clone(map)), place }
    }

    fn owned(bytes: Vec<u8>) -> Self {
        Bytes { place: 0..bytes.len(), holder: Holder::Owned(bytes.into()) }
    }

    fn all(&self) -> &[u8] {
        let held: &[u8] = match &self.holder {
            Holder::Mapped(map) => map,
            Holder::Owned(bytes) => bytes,
        };
        &held[self.place.clone()]
    }

    /// Says that a copy was made and these bytes will not be read for a while.
    fn release(&self) {
        if let Holder::Mapped(map) = &self.holder {
            map.release(&self.place);
        }
    }

    /// A part of this part; nothing is copied.
    fn part(&self, place: Range<usize>) -> Bytes {
        let start = self.place.start;
        Bytes { holder: self.holder.clone(), place: start + place.start..start + place.end }
    }
}

impl Matrix {
    /// A matrix over bytes in memory.
    pub(crate) fn of_bytes(
        format: StorageFormat,
        rows: usize,
        cols: usize,
        bytes: Vec<u8>,
    ) -> Self {
        Matrix { rows, cols, format, bytes: Bytes::owned(bytes) }
    }

    /// Bytes of one row.
    pub(crate) fn row_bytes(&self) -> usize {
        self.cols / self.format.block_len() * self.format.block_bytes()
    }

    /// The stored bytes of some rows.
    pub(crate) fn rows_at(&self, rows: Range<usize>) -> &[u8] {
        let row_bytes = self.row_bytes();
        &self.bytes.all()[rows.start * row_bytes..rows.end * row_bytes]
    }

    /// Some of its rows, in the given order. Neighbours in their own order stay where they are;
    /// others are copied into memory.
    pub(crate) fn gather_rows(&self, rows: impl Iterator<Item = usize> + Clone) -> Matrix {
        let n = rows.clone().count();
        let first = rows.clone().next().unwrap_or(0);
        let bytes = if rows.clone().eq(first..first + n) {
            let row_bytes = self.row_bytes();
            self.bytes.part(first * row_bytes..(first + n) * row_bytes)
        } else {
            let copied: Vec<&[u8]> = rows.map(|row| self.rows_at(row..row + 1)).collect();
            let copied = Bytes::owned(copied.concat());
            self.bytes.release();
            copied
        };
        Matrix { rows: n, bytes, ..self.clone() }
    }

    /// Columns as rows, in memory. Only for formats without blocks, whose numbers can move alone.
    pub(crate) fn transposed(&self) -> Result<Matrix, ModelError> {
        if self.format.block_len() != 1 {
            let what = format!("{} weights in transposed order", self.format.name());
            return Err(ModelError::Feature { what });
        }
        let stored = self.rows_at(0..self.rows);
        let bytes = match self.format.block_bytes() {
            2 => transpose::<2>(stored, self.cols),
            4 => transpose::<4>(stored, self.cols),
            other => unreachable!("no format has weights of {other} bytes without blocks"),
        };
        self.bytes.release();
        let (rows, cols) = (self.cols, self.rows);
        Ok(Matrix { rows, cols, bytes: Bytes::owned(bytes), ..self.clone() })
    }
}

/// Columns as rows, for numbers of `N` bytes. Goes through the matrix in squares that fit the
/// nearest cache: one side or the other of a plain loop would touch a new cache line every time.
fn transpose<const N: usize>(stored: &[u8], cols: usize) -> Vec<u8> {
    const SIDE: usize = 32;
    let (numbers, _) = stored.as_chunks::<N>();
    let rows = numbers.len() / cols;
    let mut turned = vec![[0; N]; numbers.len()];
    for first_row in (0..rows).step_by(SIDE) {
        for first_col in (0..cols).step_by(SIDE) {
            for row in first_row..rows.min(first_row + SIDE) {
                for col in first_col..cols.min(first_col + SIDE) {
                    turned[col * rows + row] = numbers[row * cols + col];
                }
            }
        }
    }
    turned.into_flattened()
}

impl Linear {
    /// Some of its outputs, in the given order.
    pub(crate) fn gather(&self, rows: impl Iterator<Item = usize> + Clone) -> Linear {
        let bias = self.bias.as_ref().map(|bias| rows.clone().map(|row| bias[row]).collect());
        Linear { weight: self.weight.gather_rows(rows), bias }
    }
}

/// Access to a checkpoint's tensors with their shapes checked. Remembers which were asked for.
pub(crate) struct Tensors<'a> {
    checkpoint: &'a Checkpoint,
    /// What the checkpoint calls a tensor.
    stored_name: fn(&str) -> String,
    read: RefCell<HashSet<String>>,
}

impl<'a> Tensors<'a> {
    pub(crate) fn of(checkpoint: &'a Checkpoint) -> Self {
        Tensors::under_other_names(checkpoint, str::to_owned)
    }

    /// Tensors that the checkpoint has under other names than they are asked for by, such as those
    /// of one model among several.
    pub(crate) fn under_other_names(
        checkpoint: &'a Checkpoint,
        stored_name: fn(&str) -> String,
    ) -> Self {
        Tensors { checkpoint, stored_name, read: RefCell::default() }
    }

    /// The tensor of this name, if there is one. One that is there but cannot be read is an error,
    /// also where a model may do without it.
    fn find(&self, name: &str) -> Result<Option<&'a StoredTensor>, ModelError> {
        let name = (self.stored_name)(name);
        if let Some(Unreadable { expected, found }) = self.checkpoint.unreadable(&name) {
            let (expected, found) = (expected.clone(), found.clone());
            return Err(ModelError::Tensor { name, expected, found });
        }
        let tensor = self.checkpoint.get(&name);
        self.read.borrow_mut().insert(name);
        Ok(tensor)
    }

    /// Whether there is a tensor of this name.
    pub(crate) fn has(&self, name: &str) -> bool {
        let name = (self.stored_name)(name);
        self.checkpoint.get(&name).is_some() || self.checkpoint.unreadable(&name).is_some()
    }

    /// Fails if the checkpoint has a tensor that nobody asked for, unless it is known to be
    /// `harmless`: a part of the model would be silently left out.
    pub(crate) fn refuse_unread(&self, harmless: impl Fn(&str) -> bool) -> Result<(), ModelError> {
        let read = self.read.borrow();
        let names = self.checkpoint.names();
        match names.into_iter().find(|name| !read.contains(*name) && !harmless(name)) {
            None => Ok(()),
            Some(name) => Err(ModelError::Feature { what: format!("a tensor {name:?}") }),
        }
    }

    /// How many rows a matrix has.
    pub(crate) fn rows(&self, name: &str) -> Result<usize, ModelError> {
        let shape = self.find(name)?.map(|tensor| tensor.shape.as_slice());
        match shape {
            Some([rows, _]) if *rows > 0 => Ok(*rows),
            _ => Err(self.mismatch(name, "a matrix".into(), shape)),
        }
    }

    pub(crate) fn matrix(
        &self,
        name: &str,
        rows: usize,
        cols: usize,
    ) -> Result<Matrix, ModelError> {
        self.optional_matrix(name, rows, cols)?
            .ok_or_else(|| self.mismatch(name, format!("{rows} x {cols}"), None))
    }

    pub(crate) fn optional_matrix(
        &self,
        name: &str,
        rows: usize,
        cols: usize,
    ) -> Result<Option<Matrix>, ModelError> {
        let Some(tensor) = self.find(name)? else { return Ok(None) };
        if tensor.shape != [rows, cols] {
            return Err(self.mismatch(name, format!("{rows} x {cols}"), Some(&tensor.shape)));
        }
        let bytes = Bytes::mapped(&tensor.map, tensor.place.clone());
        Ok(Some(Matrix { rows, cols, format: tensor.format, bytes }))
    }

    pub(crate) fn vector(&self, name: &str, len: usize) -> Result<Vec<f32>, ModelError> {
        self.optional_vector(name, len)?.ok_or_else(|| self.mismatch(name, format!("{len}"), None))
    }

    /// A vector, expanded to float32: vectors are small.
    pub(crate) fn optional_vector(
        &self,
        name: &str,
        len: usize,
    ) -> Result<Option<Vec<f32>>, ModelError> {
        let Some(tensor) = self.find(name)? else { return Ok(None) };
        if tensor.shape != [len] {
            return Err(self.mismatch(name, format!("{len}"), Some(&tensor.shape)));
        }
        let bytes = &tensor.map[tensor.place.clone()];
        let mut vector = vec![0.0; len];
        tensor.format.dequantize(bytes, &mut vector);
        Ok(Some(vector))
    }

    /// `NAME.weight` and, if there is one, `NAME.bias`.
    pub(crate) fn linear(
        &self,
        name: &str,
        rows: usize,
        cols: usize,
    ) -> Result<Linear, ModelError> {
        Ok(Linear {
            weight: self.matrix(&format!("{name}.weight"), rows, cols)?,
            bias: self.optional_vector(&format!("{name}.bias"), rows)?,
        })
    }

    /// `NAME.weight` and, if there is one, `NAME.bias`.
    pub(crate) fn norm(&self, name: &str, len: usize) -> Result<Norm, ModelError> {
        Ok(Norm {
            weight: self.vector(&format!("{name}.weight"), len)?,
            bias: self.optional_vector(&format!("{name}.bias"), len)?,
        })
    }

    /// `shape` is what the checkpoint has, or none if the tensor is absent.
    fn mismatch(&self, name: &str, expected: String, shape: Option<&[usize]>) -> ModelError {
        let found = match shape {
            None => "no such tensor".to_owned(),
            Some(shape) => shape.iter().map(usize::to_string).collect::<Vec<_>>().join(" x "),
        };
        ModelError::Tensor { name: (self.stored_name)(name), expected, found }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(matrix: &Matrix) -> Vec<f32> {
        let mut numbers = vec![0.0; matrix.rows * matrix.cols];
        let stored = matrix.rows_at(0..matrix.rows);
        matrix.format.dequantize(stored, &mut numbers);
        numbers
    }

    #[test]
    fn rows_and_columns_can_be_put_in_another_order() {
        let bytes: Vec<u8> = (0..6u8).flat_map(|n| f32::from(n).to_le_bytes()).collect();
        let matrix = Matrix::of_bytes(StorageFormat::F32, 2, 3, bytes);
        assert_eq!(
            numbers(&matrix.gather_rows([1, 0].into_iter())),
            [3.0, 4.0, 5.0, 0.0, 1.0, 2.0]
        );
        let neighbours = matrix.gather_rows(1..2);
        assert_eq!(numbers(&neighbours), [3.0, 4.0, 5.0]);
        assert!(std::ptr::eq(neighbours.rows_at(0..1), matrix.rows_at(1..2)), "a copy was made");
        assert_eq!(numbers(&matrix.gather_rows(0..0)), [0.0; 0]);
        assert_eq!(numbers(&matrix.transposed().unwrap()), [0.0, 3.0, 1.0, 4.0, 2.0, 5.0]);
        // Larger than the squares in which it is done, and no multiple of them.
        let (rows, cols) = (45, 70);
        let bytes: Vec<u8> = (0..rows * cols).flat_map(|n| (n as f32).to_le_bytes()).collect();
        let turned = Matrix::of_bytes(StorageFormat::F32, rows, cols, bytes).transposed().unwrap();
        assert_eq!((turned.rows, turned.cols), (cols, rows));
        for (n, number) in numbers(&turned).into_iter().enumerate() {
            assert_eq!(number as usize, n % rows * cols + n / rows);
        }
        let blocks = Matrix::of_bytes(StorageFormat::Q8_0, 1, 32, vec![0; 34]);
        assert!(blocks.transposed().is_err());
    }
}
