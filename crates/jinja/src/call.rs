//! Arguments of filters, tests, functions and methods, bound to names as Python binds them.

use std::collections::VecDeque;

use crate::ast::Name;
use crate::error::{Error, Result, failed};
use crate::print::to_str;
use crate::value::Value;

/// What is between the brackets of a call.
#[derive(Default, Clone)]
pub(crate) struct Values {
    pub(crate) positional: VecDeque<Value>,
    pub(crate) keywords: Vec<(Name, Value)>,
}

impl Values {
    /// The arguments by the names of the parameters, in their order.
    ///
    /// # Errors
    /// If there are too many, one has no such name, or one is given twice.
    pub(crate) fn bind<const N: usize>(
        mut self,
        function: &str,
        parameters: [&str; N],
    ) -> Result<[Option<Value>; N]> {
        let given = self.positional.len();
        if given > N {
            let noun = if N == 1 { "argument" } else { "arguments" };
            return failed(format!("{function} takes {N} {noun} but {given} were given"));
        }
        let mut bound = [const { None }; N];
        for (place, value) in bound.iter_mut().zip(self.positional.drain(..)) {
            *place = Some(value);
        }
        for (name, value) in self.keywords {
            let Some(at) = parameters.iter().position(|parameter| **parameter == *name) else {
                return failed(format!("{function} got an unexpected keyword argument '{name}'"));
            };
            if bound[at].replace(value).is_some() {
                return failed(format!("{function} got multiple values for argument '{name}'"));
            }
        }
        Ok(bound)
    }
}

/// An argument that must be there.
pub(crate) fn required(value: Option<Value>, function: &str, name: &str) -> Result<Value> {
    value.ok_or_else(|| Error::Failed(format!("{function} is missing its argument '{name}'")))
}

/// An argument that is a whole number, or its default.
pub(crate) fn int_or(value: Option<Value>, default: i128) -> Result<i128> {
    match value {
        None => Ok(default),
        Some(Value::Undefined(why)) => failed(&*why),
        Some(value) => match value.as_int() {
            Some(number) => Ok(number),
            None => failed(format!(
                "'{}' object cannot be interpreted as an integer",
                value.type_name()
            )),
        },
    }
}

/// An argument that counts as true or false, or its default.
pub(crate) fn flag_or(value: Option<Value>, default: bool) -> bool {
    value.map_or(default, |value| value.is_true())
}

/// An argument as text, or its default.
pub(crate) fn text_or(value: Option<Value>, default: &str) -> Result<String> {
    value.map_or_else(|| Ok(default.to_owned()), |value| to_str(&value))
}
