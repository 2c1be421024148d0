//! Jinja templates from model files, rendered within limits.
//!
//! A template is a program by whoever made the file. minijinja stops one that runs too long (fuel)
//! or recurses too deeply, but a few steps are enough to double a text until memory is gone, and
//! one comparison of two such values can take minutes. So besides fuel there is a [`Budget`] of
//! bytes: whatever joins, compares, prints or transforms values pays for their size first. Filters,
//! tests and methods are wrapped to pay; operators are not functions, so the compiled instructions
//! get calls of paying functions in front of them (`program`). That is why this uses minijinja's
//! unstable machinery, and why its version is pinned.
//!
//! What is offered is what chat templates use: the environment of transformers, without including
//! other files, and without the filters and methods whose output has any length the template likes
//! (`batch`, `slice`, `format`, `center`).

mod budget;
mod environment;
mod json;
mod program;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use minijinja::machinery::{Vm, make_string_output};
use minijinja::{AutoEscape, Error, ErrorKind, Value};

use crate::panics::caught;
use budget::Budget;
use environment::environment;
use program::compile;

/// Longest template: the longest of real models have about 20 KB.
const MAX_SOURCE_BYTES: usize = 1 << 20;
/// Steps a template may take whatever the messages, and further ones per byte of them.
const STEPS: u64 = 200_000;
const STEPS_PER_BYTE: u64 = 20;

/// A template that compiles.
pub(crate) struct Jinja {
    source: String,
}

/// Why a template gave no text.
pub(crate) enum Failure {
    /// It called `raise_exception` with this text.
    Raised(String),
    /// Anything else.
    Other(String),
}

impl Jinja {
    /// Checks that a template compiles.
    pub(crate) fn new(source: &str) -> Result<Self, String> {
        if source.len() > MAX_SOURCE_BYTES {
            let (found, limit) = (source.len(), MAX_SOURCE_BYTES);
            return Err(format!("it has {found} bytes, and at most {limit} are supported"));
        }
        let source = without_generation_tags(source);
        caught(|| compile(&source).map(drop).map_err(|error| describe(&error)))?;
        Ok(Jinja { source })
    }

    /// Renders with these variables; `input_bytes` is how much text they hold.
    ///
    /// The template is compiled again each time, which takes a fraction of what rendering takes:
    /// instructions borrow from the source, and the budget belongs to one rendering.
    pub(crate) fn render(&self, variables: Value, input_bytes: usize) -> Result<String, Failure> {
        let raised = Arc::new(Mutex::new(None));
        let budget = Arc::new(Budget::new(input_bytes));
        let mut environment = environment(&budget, &raised);
        environment.set_fuel(Some(STEPS + STEPS_PER_BYTE * input_bytes as u64));
        let mut text = String::new();
        let result = caught(|| {
            let instructions = compile(&self.source).map_err(|error| describe(&error))?;
            let mut output = make_string_output(&mut text);
            let blocks = BTreeMap::new();
            let vm = Vm::new(&environment);
            vm.eval(&instructions, variables, &blocks, &mut output, AutoEscape::None)
                .map(drop)
                .map_err(|error| describe(&error))
        });
        let raised = raised.lock().map_or(None, |mut raised| raised.take());
        match (result, raised) {
            (Ok(()), _) => Ok(text),
            (Err(_), Some(message)) => Err(Failure::Raised(message)),
            (Err(error), None) => Err(Failure::Other(error)),
        }
    }
}

fn describe(error: &Error) -> String {
    match error.kind() {
        ErrorKind::OutOfFuel => "it takes too many steps".to_owned(),
        // Without the place in the source, which says nothing to those who did not write it.
        kind => {
            error.detail().map_or_else(|| kind.to_string(), |detail| format!("{kind}: {detail}"))
        }
    }
}

/// `{% generation %}` marks which output is the assistant's, for training; it changes no text.
fn without_generation_tags(source: &str) -> String {
    let mut out = String::with_capacity(source.len());
    let mut rest = source;
    while let Some(start) = rest.find("{%") {
        let Some(len) = rest[start + 2..].find("%}") else { break };
        let tag = &rest[start..start + 2 + len];
        let word = tag[2..].trim_matches(['-', '+']).trim();
        out.push_str(&rest[..start]);
        match word {
            "generation" => out.push_str(&tag.replace("generation", " if true ")),
            "endgeneration" => out.push_str(&tag.replace("endgeneration", " endif ")),
            _ => out.push_str(tag),
        }
        rest = &rest[start + tag.len()..];
    }
    out.push_str(rest);
    out
}
