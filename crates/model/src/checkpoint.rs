//! Named tensors, wherever they come from.

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;
use std::sync::Arc;

use crate::format::StorageFormat;
use crate::mapping::MappedFile;

/// Where a tensor lies and how it is stored.
#[derive(Debug, Clone)]
pub(crate) struct StoredTensor {
    /// Extents, the slowest-varying first: a matrix is `[rows, cols]`.
    pub(crate) shape: Vec<usize>,
    pub(crate) format: StorageFormat,
    pub(crate) map: Arc<MappedFile>,
    /// Bytes of the map.
    pub(crate) place: Range<usize>,
}

/// All tensors of a model, by name.
#[derive(Default)]
pub(crate) struct Checkpoint {
    tensors: HashMap<String, StoredTensor>,
    /// Tensors stored in a way that we do not read. Masks, counters and what a training run left
    /// behind may be among them, so only whoever asks for one is refused.
    unreadable: HashMap<String, Unreadable>,
}

/// How a tensor that we do not read is stored.
pub(crate) struct Unreadable {
    /// The storage formats that are read, in words.
    pub(crate) expected: String,
    /// The one it has.
    pub(crate) found: String,
}

impl Checkpoint {
    pub(crate) fn insert(&mut self, name: String, tensor: StoredTensor) {
        self.tensors.insert(name, tensor);
    }

    pub(crate) fn insert_unreadable(&mut self, name: String, unreadable: Unreadable) {
        self.unreadable.insert(name, unreadable);
    }

    /// How a tensor is stored, if it is one that we do not read.
    pub(crate) fn unreadable(&self, name: &str) -> Option<&Unreadable> {
        self.unreadable.get(name)
    }

    pub(crate) fn get(&self, name: &str) -> Option<&StoredTensor> {
        self.tensors.get(name)
    }

    /// The names of all tensors that can be read, sorted.
    pub(crate) fn names(&self) -> BTreeSet<&str> {
        self.tensors.keys().map(String::as_str).collect()
    }

    /// Reads in the files of all tensors, so that nobody waits for their pages later.
    pub(crate) fn prefault(&self) {
        self.files().iter().for_each(|map| map.prefault());
    }

    /// The files of all tensors.
    pub(crate) fn files(&self) -> Vec<Arc<MappedFile>> {
        let maps = self.tensors.values().map(|tensor| (Arc::as_ptr(&tensor.map), &tensor.map));
        maps.collect::<HashMap<_, _>>().into_values().map(Arc::clone).collect()
    }

    /// Number of weights in all tensors together.
    pub(crate) fn n_parameters(&self) -> usize {
        self.tensors.values().map(|tensor| tensor.shape.iter().product::<usize>()).sum()
    }

    /// The storage format that holds most of the weights.
    pub(crate) fn main_format(&self) -> Option<StorageFormat> {
        let mut weights: HashMap<StorageFormat, usize> = HashMap::new();
        for tensor in self.tensors.values() {
            *weights.entry(tensor.format).or_default() += tensor.shape.iter().product::<usize>();
        }
        weights.into_iter().max_by_key(|&(format, n)| (n, format.name())).map(|(format, _)| format)
    }
}
