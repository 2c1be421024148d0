//! What a rendering may still do.

use std::sync::atomic::{AtomicUsize, Ordering};

use minijinja::value::ValueKind;
use minijinja::{Error, ErrorKind, Value};

/// Bytes that may be touched whatever the messages, and further ones per byte of them. Templates
/// look at a message a few dozen times.
const BYTES: usize = 16 << 20;
const BYTES_PER_BYTE: usize = 256;
/// Lists in lists, and namespaces and macros in all: their destructors recurse.
const MAX_NESTING: usize = 32;
const MAX_OBJECTS: usize = 256;

/// What is left of a rendering's allowance.
pub(super) struct Budget {
    bytes: AtomicUsize,
    objects: AtomicUsize,
}

impl Budget {
    /// The allowance for messages of so many bytes.
    pub(super) fn new(input_bytes: usize) -> Self {
        Budget {
            bytes: AtomicUsize::new(BYTES + BYTES_PER_BYTE * input_bytes),
            objects: AtomicUsize::new(MAX_OBJECTS),
        }
    }

    pub(super) fn spend(&self, bytes: usize) -> Result<(), Error> {
        let take = |left: usize| left.checked_sub(bytes);
        match self.bytes.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take) {
            Ok(_) => Ok(()),
            Err(_) => Err(refusal("it builds or touches too much text")),
        }
    }

    /// Pays for everything in a value.
    pub(super) fn pay(&self, value: &Value) -> Result<(), Error> {
        self.pay_nested(value, MAX_NESTING)
    }

    fn pay_nested(&self, value: &Value, depth: usize) -> Result<(), Error> {
        self.spend(16 + value.as_str().map_or(0, str::len))?;
        let kind = value.kind();
        if matches!(kind, ValueKind::Seq | ValueKind::Iterable | ValueKind::Map) {
            let depth =
                depth.checked_sub(1).ok_or_else(|| refusal("its values nest too deeply"))?;
            for item in value.try_iter()? {
                self.pay_nested(&item, depth)?;
                if kind == ValueKind::Map {
                    self.pay_nested(&value.get_item(&item)?, depth)?;
                }
            }
        }
        Ok(())
    }

    pub(super) fn pay_all(&self, values: &[Value]) -> Result<(), Error> {
        values.iter().try_for_each(|value| self.pay(value))
    }

    /// Makes a list of what would yield its items on demand: views of views of a list nest without
    /// end, and walking them recurses.
    pub(super) fn as_list(&self, value: Value) -> Result<Value, Error> {
        if value.kind() != ValueKind::Iterable {
            return Ok(value);
        }
        self.pay(&value)?;
        Ok(Value::from(value.try_iter()?.collect::<Vec<_>>()))
    }

    /// Counts a namespace or a macro.
    pub(super) fn count_object(&self) -> Result<(), Error> {
        let take = |left: usize| left.checked_sub(1);
        match self.objects.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take) {
            Ok(_) => Ok(()),
            Err(_) => Err(refusal("it makes too many namespaces or macros")),
        }
    }
}

/// The error of a template that goes beyond the limits.
pub(super) fn refusal(what: &'static str) -> Error {
    Error::new(ErrorKind::InvalidOperation, what)
}
