//! The API boundary in plain structs: what can be asked, what comes back, and one thread that
//! owns the model in between. The API's JSON is not known here, and HTTP only to [`hub`].
//!
//! 1. A [`query`] holds everything a request means; the engine keeps no session, only caches.
//! 2. [`Engine`] sends it as a job to the worker thread. Dropping the answer's future cancels the
//!    job.
//! 3. The worker takes the next of those that wait (`queue`), and runs it as one straight function: prompt, prefix cache, model, sampling, pick.
//! 4. A [`report`] comes back, ready for display.
//!
//! A [`constraint`] is a grammar for the completion; it becomes a mask before sampling.
//!
//! An [`attribution`] takes longer than the rest, so it gives way to all else while it computes.
//!
//! Models are loaded beside all this, on a thread of their own ([`library`]): the model that works
//! goes on answering until the next one is ready.

pub mod attribution;
#[cfg(test)]
mod backend_double;
mod builtin;
mod checksum;
pub mod constraint;
mod engine;
mod error;
#[doc(hidden)]
pub mod fuzz_door;
mod gguf_vocabulary;
mod hf_vocabulary;
pub mod hub;
mod job;
pub mod library;
mod loaded;
mod loading;
mod memory;
mod prefix_cache;
mod prompt;
pub mod query;
mod queue;
pub mod report;
mod source;
mod step;
mod stop;
mod suggestions;
mod vocabulary_search;
mod worker;

pub use builtin::{BUILTIN_MODEL, fetch as fetch_builtin_model, remove_leftovers};
pub use engine::{Engine, EngineOptions};
pub use error::EngineError;
pub use suggestions::{ExamplePrompt, Suggestion};
pub use tokenscope_model::instruction_set;
pub use tokenscope_tokens::TokenId;
