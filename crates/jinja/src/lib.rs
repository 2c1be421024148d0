//! Jinja templates from model files, as transformers renders them: Jinja 3.1's language with Python's
//! values, in a sandbox, within limits. This crate knows no model, no file and no message.
//!
//! 1. `lexer` takes a template apart, `parser` makes a tree of it (`ast`).
//! 2. `render` runs the tree: scopes, loops, macros, calls.
//! 3. `value` is what expressions come to; `operators`, `print` (Python's `str` and `repr`) and `print_format`
//!    (`%` and `format`) are what Python does to values.
//! 4. `filters`, `predicates` (Jinja's tests), `methods` and `globals` are what a template finds there.
//! 5. `budget` ends templates that take too long or too much.
//!
//! Libraries for templates in Rust have values of their own, which print, compare and compute otherwise
//! than Python's in a hundred small places; each of them is a wrong prompt without an error. So the
//! language is written down here, and compared with Jinja itself, expression by expression
//! (`fixtures/jinja`).

mod ast;
mod budget;
mod call;
mod clock;
mod error;
mod filters;
mod globals;
mod lexer;
mod methods;
mod operators;
mod parse_number;
mod parser;
mod predicates;
mod print;
mod print_format;
mod render;
mod value;
mod variable;

use ast::Statement;
use budget::Budget;
use render::Renderer;

pub use error::{Error, Result};
pub use variable::Variable;

/// Longest template: the longest of real models have about 20 KB.
///
/// Limit of chat templates: bytes of a template; refused.
const MAX_SOURCE_BYTES: usize = 1 << 20;

/// A template that was read.
#[derive(Debug)]
pub struct Template {
    body: Vec<Statement>,
}

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    /// If it is not valid Jinja, is too long, or asks for other templates.
    pub fn new(source: &str) -> Result<Self> {
        if source.len() > MAX_SOURCE_BYTES {
            let (found, limit) = (source.len(), MAX_SOURCE_BYTES);
            return error::refused(format!(
                "it has {found} bytes, and at most {limit} are supported"
            ));
        }
        Ok(Template { body: parser::parse(source)? })
    }

    /// The text that it gives with these variables. How long it may take follows from how much text they
    /// hold.
    ///
    /// # Errors
    /// If the template raises one, does what is not possible, or goes beyond the limits.
    pub fn render(&self, variables: &[(&str, Variable)]) -> Result<String> {
        let bytes = variables.iter().map(|(_, variable)| variable.bytes()).sum();
        let values = variables.iter().map(|(name, variable)| Ok((*name, variable.value()?)));
        Renderer::new(values.collect::<Result<_>>()?, Budget::new(bytes)).run(&self.body)
    }
}
