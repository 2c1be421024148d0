//! A constraint and a completion → which tokens may come next, and why no others. The only crate that
//! knows llguidance; it knows no model and no sampling.
//!
//! Reading order:
//!
//! 1. [`Constraint`]: what people write: choices, a pattern, a grammar, a schema.
//! 2. [`GrammarError`]: what is wrong with it, with [`Place`], line, and column.
//! 3. [`Grammars`]: all constraints of one vocabulary; they turn a completion into
//! 4. a [`Position`]: the mask, and what a debugger wants to know about it.

mod choices;
mod compiled;
mod constraint;
mod cost;
mod document;
mod embedded;
mod environment;
mod error;
mod forced;
mod grammars;
mod lark;
mod library;
mod pattern;
mod place;
mod position;
mod schema;
mod schema_place;
mod stall;
mod trial;
mod trial_child;
mod workshop;

pub use choices::choices;
pub use constraint::{Constraint, Kind, Whitespace};
pub use document::{DocumentPath, document_path};
pub use error::GrammarError;
pub use grammars::Grammars;
pub use library::{EXAMPLES, Example};
pub use place::{Place, TextRange};
pub use position::{Forced, Position};
pub use schema_place::schema_places;
pub use stall::{Stall, StallKind, stall};
pub use trial::Helper;
pub use trial_child::serve_trials;
pub use workshop::Preparation;
