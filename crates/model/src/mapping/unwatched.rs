//! Where bus errors are not handled: on Windows a mapped file cannot be shortened, elsewhere it ends
//! the program.

use std::ops::Range;

#[derive(Debug)]
pub(super) struct Watched;

impl Watched {
    pub(super) fn new(_: Range<usize>) -> Self {
        Watched
    }

    pub(super) fn is_faulty(&self) -> bool {
        false
    }
}
