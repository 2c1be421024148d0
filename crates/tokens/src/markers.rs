//! How long the texts of special and added tokens may be.
//!
//! They are looked for in every prompt, all at once, by an automaton with a state per byte of them.
//! It takes up to 80 times as much memory as the texts themselves.

/// Longest text of one marker. Those of real models have less than 100 bytes.
///
/// Limit of tokenizers: bytes of a marker; refused.
pub(crate) const MAX_MARKER_BYTES: usize = 4 << 10;
/// Longest texts of all markers together. A speech model's 28,672 sounds have 600 KB.
///
/// Limit of tokenizers: bytes of all markers; refused.
const MAX_BYTES: usize = 1 << 20;

/// The markers seen so far.
#[derive(Default)]
pub(crate) struct MarkerBytes(usize);

impl MarkerBytes {
    /// Counts a marker whose text has this many bytes.
    ///
    /// # Errors
    /// If it is too long, or all together are.
    pub(crate) fn add(&mut self, bytes: usize) -> Result<(), String> {
        if bytes > MAX_MARKER_BYTES {
            return Err(format!(
                "a special or added token has {bytes} bytes, and at most {MAX_MARKER_BYTES} are \
                 supported"
            ));
        }
        self.0 += bytes;
        if self.0 > MAX_BYTES {
            return Err(format!(
                "the special and added tokens have more than {MAX_BYTES} bytes in all, which is not \
                 supported"
            ));
        }
        Ok(())
    }
}
