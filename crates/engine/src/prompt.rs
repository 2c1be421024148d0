//! From what the user typed to the ids the model gets.

use tokenscope_tokens::TokenId;

use crate::EngineError;
use crate::loaded::LoadedModel;
use crate::query::Context;

/// The ids of a context, checked against the model.
pub(crate) struct PromptIds {
    pub(crate) prompt: Vec<TokenId>,
    pub(crate) completion: Vec<TokenId>,
}

impl PromptIds {
    /// Renders and tokenizes. Without a template the prompt is encoded as it stands, with the BOS
    /// token if the model wants one, and the system text is ignored.
    pub(crate) fn of(model: &LoadedModel, context: &Context) -> Result<Self, EngineError> {
        let template = model.template.as_ref().filter(|_| context.use_chat_template);
        let ids = match template {
            Some(Ok(template)) => {
                let text = template.render(&context.system_prompt, &context.prompt)?;
                model.tokenizer.encode(&text)
            }
            Some(Err(broken)) => return Err(EngineError::Template(broken.clone())),
            None => model.tokenizer.encode_prompt(&context.prompt),
        };
        let prompt = ids.map_err(|error| EngineError::Internal(error.to_string()))?;
        let completion = known_ids(model, "completion_ids", &context.completion)?;
        Ok(PromptIds { prompt, completion })
    }

    /// Prompt and completion in one.
    pub(crate) fn all(&self) -> Vec<TokenId> {
        [self.prompt.as_slice(), &self.completion].concat()
    }
}

/// Checks that the model has these tokens; `field` is what the request calls them.
pub(crate) fn known_ids(
    model: &LoadedModel,
    field: &'static str,
    ids: &[i64],
) -> Result<Vec<TokenId>, EngineError> {
    let size = model.facts.logit_size;
    ids.iter()
        .map(|&id| match u32::try_from(id) {
            Ok(known) if (known as usize) < size => Ok(TokenId(known)),
            _ => Err(EngineError::UnknownToken { field, id, last: size as u32 - 1 }),
        })
        .collect()
}
