//! Chat templates: from a system and a user text to the prompt text the model was trained on.

use hf_chat_template::{ChatTemplate as Template, Message, TokenizerConfig};

/// A model's compiled chat template.
pub struct ChatTemplate {
    template: Template,
}

/// Why a chat template could not be compiled or rendered; the text is the template engine's.
#[derive(Debug, Clone, thiserror::Error)]
pub enum TemplateError {
    /// The template's own text is at fault.
    #[error("The model's chat template cannot be read: {0}.")]
    Compile(String),
    /// The template refused these messages, for example a system role it does not know.
    #[error("The model's chat template refused the messages: {0}.")]
    Render(String),
}

impl ChatTemplate {
    /// Compiles a Jinja template. `bos` and `eos` are the texts of those tokens, which templates
    /// may mention.
    ///
    /// # Errors
    /// [`TemplateError::Compile`] if the template is not valid Jinja.
    pub fn new(source: &str, bos: Option<&str>, eos: Option<&str>) -> Result<Self, TemplateError> {
        let mut config = serde_json::json!({});
        for (name, text) in [("bos_token", bos), ("eos_token", eos)] {
            if let Some(text) = text {
                config[name] = text.into();
            }
        }
        let compile = || {
            let config: TokenizerConfig = serde_json::from_value(config)
                .map_err(|error| TemplateError::Compile(error.to_string()))?;
            Template::from_template_and_config(source, &config)
                .map_err(|error| TemplateError::Compile(error.to_string()))
        };
        Ok(ChatTemplate { template: compile()? })
    }

    /// Renders one exchange up to the point where the assistant speaks
    /// (`add_generation_prompt = true`). A system text that is blank after trimming gives no system
    /// message; many templates then insert one of their own.
    ///
    /// # Errors
    /// [`TemplateError::Render`] with the template's own complaint.
    pub fn render(&self, system: &str, user: &str) -> Result<String, TemplateError> {
        let system = system.trim();
        let mut messages = Vec::with_capacity(2);
        if !system.is_empty() {
            messages.push(Message::system(system));
        }
        messages.push(Message::user(user));
        self.template
            .render_messages(&messages, true)
            .map_err(|error| TemplateError::Render(error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHATML: &str = "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}{{ '<s>default</s>' }}{% endif %}{{ '<' + message['role'] + '>' + message['content'] + eos_token }}{% endfor %}{% if add_generation_prompt %}{{ '<assistant>' }}{% endif %}";

    #[test]
    fn messages_are_rendered_up_to_the_assistants_turn() {
        let template = ChatTemplate::new(CHATML, None, Some("</s>")).unwrap();
        for (system, user, rendered) in [
            ("Be kind.", "Hi", "<system>Be kind.</s><user>Hi</s><assistant>"),
            ("  Be kind.\n", " Hi ", "<system>Be kind.</s><user> Hi </s><assistant>"),
            (" \n", "Hi", "<s>default</s><user>Hi</s><assistant>"),
        ] {
            assert_eq!(template.render(system, user).unwrap(), rendered);
        }
    }

    #[test]
    fn a_broken_or_unwilling_template_says_so() {
        assert!(matches!(
            ChatTemplate::new("{% if %}", None, None),
            Err(TemplateError::Compile(_))
        ));
        let unwilling = "{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}";
        let error = ChatTemplate::new(unwilling, None, None).unwrap().render("x", "y").unwrap_err();
        assert!(error.to_string().contains("System role not supported"), "{error}");
    }
}
