//! One file per group of addresses.

pub(crate) mod attribution;
pub(crate) mod catalog;
pub(crate) mod constraint;
pub(crate) mod generate;
pub(crate) mod model;
pub(crate) mod tokens;
