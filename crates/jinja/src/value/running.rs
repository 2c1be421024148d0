//! What changes while a template runs: variables, loops, namespaces; and what can be called.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use indexmap::IndexMap;

use super::{Extent, Value};
use crate::ast::{For, Macro, Name};
use crate::error::Result;

/// Named values that may change.
#[derive(Default)]
pub(crate) struct Namespace {
    pub(crate) values: RefCell<IndexMap<Rc<str>, Value>>,
}

/// Something that can be called.
pub(crate) enum Function {
    /// A function by its name, such as `range`.
    Global(&'static str),
    /// A method of a value, not yet called.
    Method(Value, Rc<str>),
    /// A macro with the variables around it.
    Macro(Arc<Macro>, Rc<Scope>),
}

/// Items that are given out one after the other, again and again.
pub(crate) struct Cycler {
    pub(crate) items: Vec<Value>,
    /// The place of the current one.
    pub(crate) at: Cell<usize>,
    pub(super) extent: Extent,
}

impl Cycler {
    pub(crate) fn new(items: Vec<Value>) -> Result<Self> {
        let extent = Extent::around(items.iter())?;
        Ok(Cycler { items, at: Cell::new(0), extent })
    }
}

/// Where a loop stands.
pub(crate) struct Loop {
    pub(crate) items: Vec<Value>,
    pub(crate) at: Cell<usize>,
    /// 0 for the outermost turn of a recursive loop.
    pub(crate) depth: usize,
    /// Set where the loop is recursive: its text, and the variables around it.
    pub(crate) again: Option<(Arc<For>, Rc<Scope>)>,
    /// What `loop.changed` was asked about last.
    pub(crate) last_changed: RefCell<Option<Vec<Value>>>,
    pub(super) extent: Extent,
}

impl Loop {
    pub(crate) fn new(
        items: Vec<Value>,
        depth: usize,
        again: Option<(Arc<For>, Rc<Scope>)>,
    ) -> Result<Self> {
        let extent = Extent::around(items.iter())?;
        Ok(Loop { items, at: Cell::new(0), depth, again, last_changed: RefCell::default(), extent })
    }
}

/// Variables of a block, and the block around it.
#[derive(Default)]
pub(crate) struct Scope {
    pub(crate) values: RefCell<HashMap<Name, Value>>,
    pub(crate) around: Option<Rc<Scope>>,
}

impl Scope {
    /// A scope within another one.
    pub(crate) fn inside(around: &Rc<Scope>) -> Rc<Scope> {
        Rc::new(Scope { values: RefCell::default(), around: Some(Rc::clone(around)) })
    }

    pub(crate) fn set(&self, name: &Name, value: Value) {
        self.values.borrow_mut().insert(Name::clone(name), value);
    }

    pub(crate) fn get(&self, name: &str) -> Option<Value> {
        let mut scope = Some(self);
        while let Some(this) = scope {
            if let Some(value) = this.values.borrow().get(name) {
                return Some(value.clone());
            }
            scope = this.around.as_deref();
        }
        None
    }
}
