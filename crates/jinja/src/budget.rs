//! What a rendering may still do. A template is a program that comes with a model file, and a few
//! steps are enough to double a text until memory is gone.

use std::cell::Cell;

use crate::error::{Result, refused};
use crate::value::{VALUE_BYTES, Value};

/// Steps a template may take whatever the variables, and further ones per byte of them.
///
/// Limit of chat templates: steps, whatever the messages; ended.
const STEPS: usize = 200_000;
/// Limit of chat templates: further steps for each byte of the messages; ended.
const STEPS_PER_BYTE: usize = 20;
/// Bytes that may be touched whatever the variables, and further ones per byte of them. Templates look at
/// a message a few dozen times.
///
/// Limit of chat templates: bytes that are touched, whatever the messages; ended.
const BYTES: usize = 16 << 20;
/// Limit of chat templates: further bytes for each byte of the messages; ended.
const BYTES_PER_BYTE: usize = 256;
/// Statements, expressions and calls within each other: each is a frame on the stack.
///
/// Limit of chat templates: statements, expressions and calls within each other; ended.
const MAX_DEPTH: usize = 400;
/// Namespaces and macros, which are freed only at the end.
///
/// Limit of chat templates: namespaces and macros; ended.
const MAX_OBJECTS: usize = 256;

/// What is left of a rendering's allowance.
pub(crate) struct Budget {
    steps: Cell<usize>,
    bytes: Cell<usize>,
    depth: Cell<usize>,
    objects: Cell<usize>,
}

impl Budget {
    /// The allowance for variables of so many bytes.
    pub(crate) fn new(input_bytes: usize) -> Self {
        Budget {
            steps: Cell::new(STEPS + STEPS_PER_BYTE * input_bytes),
            bytes: Cell::new(BYTES + BYTES_PER_BYTE * input_bytes),
            depth: Cell::new(0),
            objects: Cell::new(MAX_OBJECTS),
        }
    }

    /// Pays for a statement, an expression or a turn of a loop.
    pub(crate) fn step(&self) -> Result<()> {
        take(&self.steps, 1, "it takes too many steps")
    }

    /// Pays for text that is made, compared or searched.
    pub(crate) fn spend(&self, bytes: usize) -> Result<()> {
        take(&self.bytes, bytes, "it builds or touches too much text")
    }

    /// Pays for a list, a tuple or a mapping of so many items.
    pub(crate) fn spend_items(&self, count: usize) -> Result<()> {
        self.spend(count.saturating_mul(VALUE_BYTES))
    }

    /// Pays for everything in a value: printing or comparing it touches all of it.
    pub(crate) fn pay(&self, value: &Value) -> Result<()> {
        self.spend(value.weight())
    }

    /// Runs what nests: statements in statements, expressions in expressions, macros that call macros.
    pub(crate) fn nested<T>(&self, work: impl FnOnce() -> Result<T>) -> Result<T> {
        self.step()?;
        let depth = self.depth.get() + 1;
        if depth > MAX_DEPTH {
            return refused("its calls or expressions nest too deeply");
        }
        self.depth.set(depth);
        let result = work();
        self.depth.set(depth - 1);
        result
    }

    /// Counts a namespace or a macro.
    pub(crate) fn count_object(&self) -> Result<()> {
        take(&self.objects, 1, "it makes too many namespaces or macros")
    }
}

/// Takes so many from what is left, or refuses with the reason.
fn take(left: &Cell<usize>, count: usize, reason: &str) -> Result<()> {
    let Some(rest) = left.get().checked_sub(count) else { return refused(reason) };
    left.set(rest);
    Ok(())
}
