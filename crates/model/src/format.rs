//! How weights are stored: blocks of numbers that share a scale.
//!
//! One trait, [`BlockFormat`], is all the rest of the crate knows of a format. [`StorageFormat`]
//! names the formats at run time.

mod floats;
mod k;
mod q4;
mod q5;
mod q8;

pub use floats::{Bf16, F16, F32, f16_to_f32};
pub use k::{Q2_K, Q3_K, Q4_K, Q5_K, Q6_K};
pub use q4::{Q4_0, Q4_1};
pub use q5::{Q5_0, Q5_1};
pub use q8::Q8_0;

/// A storage format: `BLOCK_LEN` weights in `BLOCK_BYTES` bytes.
pub trait BlockFormat {
    /// Weights in a block.
    const BLOCK_LEN: usize;
    /// Bytes of a block.
    const BLOCK_BYTES: usize;

    /// Expands one block. `block` has `BLOCK_BYTES` bytes, `out` room for `BLOCK_LEN` weights.
    fn dequantize_block(block: &[u8], out: &mut [f32]);

    /// Expands consecutive blocks, for example a row of a matrix.
    #[inline(always)]
    fn dequantize(blocks: &[u8], out: &mut [f32]) {
        let blocks = blocks.chunks_exact(Self::BLOCK_BYTES);
        for (block, out) in blocks.zip(out.chunks_exact_mut(Self::BLOCK_LEN)) {
            Self::dequantize_block(block, out);
        }
    }
}

/// Calls `$body` with `$format` standing for the [`BlockFormat`] type that a [`StorageFormat`]
/// value names: the one place where the run-time name becomes a compile-time type.
macro_rules! with_format {
    ($value:expr, $format:ident => $body:expr) => {
        match $value {
            $crate::format::StorageFormat::F32 => {
                type $format = $crate::format::F32;
                $body
            }
            $crate::format::StorageFormat::F16 => {
                type $format = $crate::format::F16;
                $body
            }
            $crate::format::StorageFormat::Bf16 => {
                type $format = $crate::format::Bf16;
                $body
            }
            $crate::format::StorageFormat::Q4_0 => {
                type $format = $crate::format::Q4_0;
                $body
            }
            $crate::format::StorageFormat::Q4_1 => {
                type $format = $crate::format::Q4_1;
                $body
            }
            $crate::format::StorageFormat::Q5_0 => {
                type $format = $crate::format::Q5_0;
                $body
            }
            $crate::format::StorageFormat::Q5_1 => {
                type $format = $crate::format::Q5_1;
                $body
            }
            $crate::format::StorageFormat::Q8_0 => {
                type $format = $crate::format::Q8_0;
                $body
            }
            $crate::format::StorageFormat::Q2_K => {
                type $format = $crate::format::Q2_K;
                $body
            }
            $crate::format::StorageFormat::Q3_K => {
                type $format = $crate::format::Q3_K;
                $body
            }
            $crate::format::StorageFormat::Q4_K => {
                type $format = $crate::format::Q4_K;
                $body
            }
            $crate::format::StorageFormat::Q5_K => {
                type $format = $crate::format::Q5_K;
                $body
            }
            $crate::format::StorageFormat::Q6_K => {
                type $format = $crate::format::Q6_K;
                $body
            }
        }
    };
}
pub(crate) use with_format;

/// The formats that are supported, by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, non_camel_case_types, reason = "the names are the field's own")]
pub enum StorageFormat {
    F32,
    F16,
    Bf16,
    Q4_0,
    Q4_1,
    Q5_0,
    Q5_1,
    Q8_0,
    Q2_K,
    Q3_K,
    Q4_K,
    Q5_K,
    Q6_K,
}

impl StorageFormat {
    pub(crate) const ALL: [StorageFormat; 13] = [
        StorageFormat::F32,
        StorageFormat::F16,
        StorageFormat::Bf16,
        StorageFormat::Q4_0,
        StorageFormat::Q4_1,
        StorageFormat::Q5_0,
        StorageFormat::Q5_1,
        StorageFormat::Q8_0,
        StorageFormat::Q2_K,
        StorageFormat::Q3_K,
        StorageFormat::Q4_K,
        StorageFormat::Q5_K,
        StorageFormat::Q6_K,
    ];

    /// The format of a `ggml_type` number.
    pub fn from_ggml(number: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.ggml() == number)
    }

    fn ggml(self) -> u32 {
        match self {
            StorageFormat::F32 => 0,
            StorageFormat::F16 => 1,
            StorageFormat::Q4_0 => 2,
            StorageFormat::Q4_1 => 3,
            StorageFormat::Q5_0 => 6,
            StorageFormat::Q5_1 => 7,
            StorageFormat::Q8_0 => 8,
            StorageFormat::Q2_K => 10,
            StorageFormat::Q3_K => 11,
            StorageFormat::Q4_K => 12,
            StorageFormat::Q5_K => 13,
            StorageFormat::Q6_K => 14,
            StorageFormat::Bf16 => 30,
        }
    }

    /// The usual name: ggml's for quantized formats, PyTorch's for floats.
    pub fn name(self) -> &'static str {
        match self {
            StorageFormat::F32 => "float32",
            StorageFormat::F16 => "float16",
            StorageFormat::Bf16 => "bfloat16",
            StorageFormat::Q4_0 => "Q4_0",
            StorageFormat::Q4_1 => "Q4_1",
            StorageFormat::Q5_0 => "Q5_0",
            StorageFormat::Q5_1 => "Q5_1",
            StorageFormat::Q8_0 => "Q8_0",
            StorageFormat::Q2_K => "Q2_K",
            StorageFormat::Q3_K => "Q3_K",
            StorageFormat::Q4_K => "Q4_K",
            StorageFormat::Q5_K => "Q5_K",
            StorageFormat::Q6_K => "Q6_K",
        }
    }

    /// Weights in a block.
    pub fn block_len(self) -> usize {
        with_format!(self, F => F::BLOCK_LEN)
    }

    /// Bytes of a block.
    pub fn block_bytes(self) -> usize {
        with_format!(self, F => F::BLOCK_BYTES)
    }

    /// Expands consecutive blocks, for example a row of a matrix: `out` gets [`Self::block_len`]
    /// weights for every [`Self::block_bytes`] bytes of `blocks`.
    pub fn dequantize(self, blocks: &[u8], out: &mut [f32]) {
        with_format!(self, F => F::dequantize(blocks, out));
    }

    /// The names of all supported formats, for error messages.
    pub(crate) fn supported() -> String {
        Self::ALL.map(StorageFormat::name).join(", ")
    }

    /// A format that is not supported, by name where ggml has one.
    pub(crate) fn describe_ggml(number: u32) -> String {
        let name = match number {
            9 => "Q8_1",
            15 => "Q8_K",
            _ => return format!("ggml type {number}"),
        };
        name.to_owned()
    }
}
