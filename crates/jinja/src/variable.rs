//! What a template is given.

use std::rc::Rc;

use crate::error::Result;
use crate::value::{Dict, Value};

/// A value for a template.
#[derive(Debug, Clone)]
pub enum Variable<'v> {
    /// Python's `None`: the name is there, and nothing is.
    None,
    /// `True` or `False`
    Bool(bool),
    /// A text.
    Text(&'v str),
    /// A list.
    List(Vec<Variable<'v>>),
    /// A mapping.
    Map(Vec<(&'v str, Variable<'v>)>),
}

impl Variable<'_> {
    /// Bytes of text in it.
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Variable::None | Variable::Bool(_) => 0,
            Variable::Text(text) => text.len(),
            Variable::List(items) => items.iter().map(Variable::bytes).sum(),
            Variable::Map(pairs) => {
                pairs.iter().map(|(name, value)| name.len() + value.bytes()).sum()
            }
        }
    }

    pub(crate) fn value(&self) -> Result<Value> {
        Ok(match self {
            Variable::None => Value::None,
            Variable::Bool(flag) => Value::Bool(*flag),
            Variable::Text(text) => Value::from(*text),
            Variable::List(items) => {
                Value::list(items.iter().map(Variable::value).collect::<Result<_>>()?)?
            }
            Variable::Map(pairs) => {
                let pairs =
                    pairs.iter().map(|(name, value)| Ok((Value::from(*name), value.value()?)));
                Value::Dict(Rc::new(Dict::new(pairs.collect::<Result<Vec<_>>>()?)?))
            }
        })
    }
}
