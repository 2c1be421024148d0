//! Other programs that this one starts: how they are found, where they run, and that they end with it.
//!
//! People start Tokenscope in whatever folder they have open, and that may be somebody else's: a
//! cloned repository, an unpacked archive. So nothing of the current folder is ever run. [`find`] passes
//! over entries of `PATH` that are not absolute, [`command`] runs what it found in a folder of the
//! caller's choice and hands on the same cleaned `PATH`, and no shell is between.
//!
//! A child that [`Child::start`] has started does not outlive this program: it is ended with the value that
//! holds it, by [`end_all`], and, on Linux, by the system when this program dies in any other way.

mod child;
mod find;

pub use child::{Child, end_all};
pub use find::{command, find, find_in, search_path};
