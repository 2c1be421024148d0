//! From what the user typed to the ids the model gets.

use std::ops::Range;

use tokenscope_tokens::{TokenId, TokenizerError};

use crate::EngineError;
use crate::attribution::Roles;
use crate::loaded::LoadedModel;
use crate::query::Context;

/// The ids of a context, checked against the model.
pub(crate) struct PromptIds {
    pub(crate) prompt: Vec<TokenId>,
    pub(crate) completion: Vec<TokenId>,
    /// Whether the chat template refused a system role, so that the system text stands in the
    /// user's message.
    pub(crate) system_folded: bool,
}

impl PromptIds {
    /// Renders and tokenizes. Without a template the prompt is encoded as it stands, with the BOS
    /// token if the model wants one, and the system text is ignored.
    pub(crate) fn of(model: &LoadedModel, context: &Context) -> Result<Self, EngineError> {
        let template = model.template.as_ref().filter(|_| context.use_chat_template);
        let (prompt, system_folded) = match template {
            Some(Ok(template)) => {
                let chat = template.render(&context.system_prompt, &context.prompt)?;
                (encode(model, &chat.text)?, chat.system_folded)
            }
            Some(Err(broken)) => return Err(EngineError::Template(broken.clone())),
            None => {
                check_text(model, &context.prompt)?;
                let ids = model.tokenizer.encode_prompt(&context.prompt).map_err(refused)?;
                (embedded(model, ids)?, false)
            }
        };
        let completion = known_ids(model, "completion_ids", &context.completion)?;
        Ok(PromptIds { prompt, completion, system_folded })
    }

    /// Who wrote which tokens of the prompt. `context` is what it was made of.
    pub(crate) fn roles(&self, model: &LoadedModel, context: &Context) -> Roles {
        let vocabulary = model.tokenizer.vocabulary();
        let n = self.prompt.len();
        let Some(template) = model.template.as_ref().filter(|_| context.use_chat_template) else {
            let typed = self.prompt.iter().position(|id| !vocabulary.is_special(*id)).unwrap_or(n);
            return vec![(0..typed, "template"), (typed..n, "user")];
        };
        let text = vocabulary.decode(&self.prompt);
        let found = template.as_ref().ok().and_then(|template| {
            let (system, user) = (&context.system_prompt, &context.prompt);
            let rendered = template.render(system, user).ok()?.text;
            // SentencePiece puts a space in front; other changes to the text are not followed.
            let in_front = text.strip_suffix(&rendered).filter(|text| matches!(*text, "" | " "))?;
            Some((template.spans(system, user)?, in_front.len()))
        });
        let Some((spans, shift)) = found else { return vec![(0..n, "prompt")] };

        let mut roles = Roles::new();
        let mut end = 0;
        for (place, id) in self.prompt.iter().enumerate() {
            let start = end;
            end += vocabulary.bytes(*id).len();
            // A token that reaches over a border belongs where its middle is.
            let middle = (start + end).saturating_sub(1) / 2;
            let is_in = |span: &Range<usize>| middle >= shift && span.contains(&(middle - shift));
            let role = match () {
                () if is_in(&spans.system) => "system",
                () if is_in(&spans.user) => "user",
                () => "template",
            };
            match roles.last_mut() {
                Some((run, last)) if *last == role => run.end = place + 1,
                _ => roles.push((place..place + 1, role)),
            }
        }
        roles
    }

    /// Prompt and completion in one.
    pub(crate) fn all(&self) -> Vec<TokenId> {
        [self.prompt.as_slice(), &self.completion].concat()
    }
}

impl PromptIds {
    /// Refuses an input that does not fit, together with `more` tokens after it.
    pub(crate) fn check_length(&self, model: &LoadedModel, more: usize) -> Result<(), EngineError> {
        let (tokens, limit) =
            (self.prompt.len() + self.completion.len() + more, model.facts.context_length);
        if tokens > limit { Err(EngineError::ContextTooLong { tokens, limit }) } else { Ok(()) }
    }
}

/// Encodes text as it stands.
pub(crate) fn encode(model: &LoadedModel, text: &str) -> Result<Vec<TokenId>, EngineError> {
    check_text(model, text)?;
    embedded(model, model.tokenizer.encode(text).map_err(refused)?)
}

/// Encodes text in which nothing is a special token.
pub(crate) fn encode_literally(
    model: &LoadedModel,
    text: &str,
) -> Result<Vec<TokenId>, EngineError> {
    check_text(model, text)?;
    embedded(model, model.tokenizer.encode_literally(text).map_err(refused)?)
}

/// Refuses tokens of the vocabulary that the model has no embedding for.
fn embedded(model: &LoadedModel, ids: Vec<TokenId>) -> Result<Vec<TokenId>, EngineError> {
    let size = model.facts.logit_size;
    match ids.iter().find(|id| id.index() >= size) {
        None => Ok(ids),
        Some(id) => Err(EngineError::UnknownToken {
            field: "The text".into(),
            id: i64::from(id.0),
            last: size as u32 - 1,
        }),
    }
}

/// Refuses text that could not fit even if every token were the longest there is, before time is
/// spent on tokenizing it.
fn check_text(model: &LoadedModel, text: &str) -> Result<(), EngineError> {
    let limit = model.facts.context_length;
    let longest = model.tokenizer.vocabulary().longest().max(1);
    if text.len() / longest > limit {
        return Err(EngineError::ContextTooLong { tokens: text.len() / longest, limit });
    }
    Ok(())
}

fn refused(error: TokenizerError) -> EngineError {
    EngineError::Tokenizer(error.to_string())
}

/// Checks that the model has these tokens; `field` is what the request calls them.
pub(crate) fn known_ids(
    model: &LoadedModel,
    field: &str,
    ids: &[i64],
) -> Result<Vec<TokenId>, EngineError> {
    let name = |(place, id): (usize, &i64)| {
        known(model, *id).ok_or_else(|| unknown(model, format!("{field}[{place}]"), *id))
    };
    ids.iter().enumerate().map(name).collect()
}

/// As [`known_ids`], for one id.
pub(crate) fn known_id(model: &LoadedModel, field: &str, id: i64) -> Result<TokenId, EngineError> {
    known(model, id).ok_or_else(|| unknown(model, field.into(), id))
}

fn known(model: &LoadedModel, id: i64) -> Option<TokenId> {
    let id = u32::try_from(id).ok().map(TokenId)?;
    (id.index() < model.facts.logit_size).then_some(id)
}

fn unknown(model: &LoadedModel, field: String, id: i64) -> EngineError {
    EngineError::UnknownToken { field, id, last: model.facts.logit_size as u32 - 1 }
}
