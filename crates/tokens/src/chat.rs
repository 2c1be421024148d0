//! Chat templates: from a system and a user text to the prompt text the model was trained on.

use std::ops::Range;

use tokenscope_jinja::{Error, Template, Variable};

/// A model's chat template.
pub struct ChatTemplate {
    template: Template,
    tokens: SpecialTokens,
}

/// The texts of special tokens, which templates may mention.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SpecialTokens {
    /// By the names that transformers gives them: `bos_token`, `eos_token`, `unk_token`, `pad_token`,
    /// `sep_token`, `cls_token`, `mask_token`, and names that a model's settings invent. A token that the model lacks is left out, so that templates
    /// find it undefined.
    pub named: Vec<(String, String)>,
    /// `additional_special_tokens`
    pub additional: Vec<String>,
}

/// The prompt text of one exchange.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RenderedChat {
    /// Up to the point where the assistant speaks.
    pub text: String,
    /// Whether the template refused a system role or left its text out, so that the system text stands
    /// at the start of the user's message instead.
    pub system_folded: bool,
}

/// Where the two texts stand in a rendered chat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChatSpans {
    /// Bytes of the system text; empty without one.
    pub system: Range<usize>,
    /// Bytes of the user's text.
    pub user: Range<usize>,
}

/// Why a chat template could not be compiled or rendered; the text is the template engine's.
#[derive(Debug, Clone, thiserror::Error)]
pub enum TemplateError {
    /// The template's own text is at fault.
    #[error("The model's chat template cannot be read: {0}.")]
    Compile(String),
    /// The template refused these messages, failed on them, or went beyond the limits.
    #[error("The model's chat template refused the messages: {0}.")]
    Render(String),
}

impl ChatTemplate {
    /// Reads a Jinja template.
    ///
    /// # Errors
    /// [`TemplateError::Compile`] if the template is not valid Jinja.
    pub fn new(source: &str, tokens: SpecialTokens) -> Result<Self, TemplateError> {
        let unreadable = |error: Error| TemplateError::Compile(error.to_string());
        Ok(ChatTemplate { template: Template::new(source).map_err(unreadable)?, tokens })
    }

    /// Renders one exchange up to the point where the assistant speaks
    /// (`add_generation_prompt = true`). A system text that is blank after trimming gives no system
    /// message; many templates then insert one of their own. If the template refuses a system
    /// message (Gemma's does) or passes over it in silence (that of the first Phi-3-mini), the user's
    /// message is the system text, a blank line and the user's text.
    ///
    /// A template passes over the system text if any other text there would give the same chat. The text
    /// need not stand in the chat word for word: SmolLM3's takes a switch such as `/no_think` out of it.
    ///
    /// # Errors
    /// [`TemplateError::Render`] with the template's own complaint; of two, the first.
    pub fn render(&self, system: &str, user: &str) -> Result<RenderedChat, TemplateError> {
        let system = system.trim();
        if system.is_empty() {
            let text = self.render_messages(&[("user", user)])?;
            return Ok(RenderedChat { text, system_folded: false });
        }
        let separate = |system: &str| self.render_messages(&[("system", system), ("user", user)]);
        let folded =
            |system: &str| self.render_messages(&[("user", &format!("{system}\n\n{user}"))]);
        match separate(system) {
            Ok(text) => {
                let used = matters(&text, separate);
                let folded = folded(system).ok().filter(|text| !used && matters(text, folded));
                let system_folded = folded.is_some();
                Ok(RenderedChat { text: folded.unwrap_or(text), system_folded })
            }
            Err(refusal @ Error::Raised(_)) => {
                let text = folded(system).map_err(|_| refusal)?;
                Ok(RenderedChat { text, system_folded: true })
            }
            Err(failure) => Err(failure.into()),
        }
    }

    /// Where the two texts stand in what [`ChatTemplate::render`] gives for them. None if the template
    /// does more to them than to trim them and to write them down once, the system text first.
    ///
    /// A text such as `user` may also stand in the template. So marks that stand nowhere else are
    /// rendered in place of the texts, and what is around the marks is taken off the rendered chat.
    pub fn spans(&self, system: &str, user: &str) -> Option<ChatSpans> {
        const MARKS: [&str; 2] = ["\u{E000}1\u{E001}", "\u{E000}2\u{E001}"];
        let text = self.render(system, user).ok()?.text;
        let system = system.trim();
        let marked =
            self.render(if system.is_empty() { "" } else { MARKS[0] }, MARKS[1]).ok()?.text;
        let (before_user, after) = marked.split_once(MARKS[1])?;
        let (head, between) =
            if system.is_empty() { (before_user, "") } else { before_user.split_once(MARKS[0])? };
        let rest = text.strip_prefix(head)?.strip_prefix(system)?.strip_prefix(between)?;
        let found = rest.strip_suffix(after)?;
        let start = text.len() - rest.len();
        (found.trim() == user.trim()).then(|| ChatSpans {
            system: head.len()..head.len() + system.len(),
            user: start..start + found.len(),
        })
    }

    fn render_messages(&self, messages: &[(&str, &str)]) -> Result<String, Error> {
        let messages = messages.iter().map(|&(role, content)| {
            Variable::Map(vec![
                ("role", Variable::Text(role)),
                ("content", Variable::Text(content)),
            ])
        });
        let mut variables = vec![
            ("messages", Variable::List(messages.collect())),
            ("add_generation_prompt", Variable::Bool(true)),
            // Defined, as transformers has them: templates ask whether they are none.
            ("tools", Variable::None),
            ("documents", Variable::None),
        ];
        let SpecialTokens { named, additional } = &self.tokens;
        variables.extend(named.iter().map(|(name, text)| (&**name, Variable::Text(text))));
        if !additional.is_empty() {
            let texts = additional.iter().map(|text| Variable::Text(text)).collect();
            variables.push(("additional_special_tokens", Variable::List(texts)));
        }
        self.template.render(&variables)
    }
}

/// Whether `chat`, which `render` made of a system text, would be another one with another text.
fn matters(chat: &str, render: impl Fn(&str) -> Result<String, Error>) -> bool {
    // Some templates look for a switch and for nothing else, so one of these has the usual ones.
    const OTHERS: [&str; 2] = ["\u{E000}", "Another text.\nAnd a second line, /think, /no_think."];
    OTHERS.iter().any(|other| render(other).map_or(true, |text| text != chat))
}

impl From<Error> for TemplateError {
    fn from(error: Error) -> Self {
        TemplateError::Render(error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rendered(source: &str, system: &str, user: &str) -> Result<RenderedChat, TemplateError> {
        ChatTemplate::new(source, tokens())?.render(system, user)
    }

    fn tokens() -> SpecialTokens {
        let named = [("bos_token", "<s>"), ("eos_token", "</s>"), ("unk_token", "<?>")];
        let named = named.map(|(name, text)| (name.to_owned(), text.to_owned())).into();
        SpecialTokens { named, additional: vec!["<a>".to_owned(), "<b>".to_owned()] }
    }

    const CHATML: &str = "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}{{ '<s>default</s>' }}{% endif %}{{ '<' + message['role'] + '>' + message['content'] + eos_token }}{% endfor %}{% if add_generation_prompt %}{{ '<assistant>' }}{% endif %}";

    #[test]
    fn messages_are_rendered_up_to_the_assistants_turn() {
        for (system, user, text) in [
            ("Be kind.", "Hi", "<system>Be kind.</s><user>Hi</s><assistant>"),
            ("  Be kind.\n", " Hi ", "<system>Be kind.</s><user> Hi </s><assistant>"),
            (" \n", "Hi", "<s>default</s><user>Hi</s><assistant>"),
        ] {
            let expected = RenderedChat { text: text.to_owned(), system_folded: false };
            assert_eq!(rendered(CHATML, system, user).unwrap(), expected);
        }
    }

    #[test]
    fn templates_find_the_special_tokens_that_there_are() {
        let source = "{{ bos_token }}{{ unk_token }}{{ pad_token is defined }}{{ additional_special_tokens }}{{ messages }}";
        let text = rendered(source, "", "Hi").unwrap().text;
        assert_eq!(text, "<s><?>False['<a>', '<b>'][{'role': 'user', 'content': 'Hi'}]");
    }

    #[test]
    fn texts_are_found_in_a_chat_even_if_the_template_contains_them() {
        const TRIMS: &str =
            "{% for m in messages %}<{{ m.role }}>{{ m.content | trim }}{% endfor %}<user>";
        const TWICE: &str = "{% for m in messages %}{{ m.content + m.content }}{% endfor %}";
        const UPPER: &str = "{% for m in messages %}{{ m.content | upper }}{% endfor %}";
        for (source, system, user, expected) in [
            (CHATML, " Be kind.\n", "Hi", Some(("Be kind.", "Hi"))),
            (CHATML, "user", "system", Some(("user", "system"))),
            (CHATML, "s", " s ", Some(("s", " s "))),
            (CHATML, "", "default", Some(("", "default"))),
            (CHATML, "x", "", Some(("x", ""))),
            (TRIMS, "user", " user ", Some(("user", "user"))),
            (TWICE, "a", "b", None),
            (UPPER, "a", "b", None),
        ] {
            let template = ChatTemplate::new(source, tokens()).unwrap();
            let text = template.render(system, user).unwrap().text;
            let spans = template.spans(system, user);
            let found =
                spans.map(|spans| (text[spans.system].to_owned(), text[spans.user].to_owned()));
            let found = found.as_ref().map(|(system, user)| (system.as_str(), user.as_str()));
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn a_template_that_knows_no_system_role_gets_the_text_in_the_users_message() {
        let gemma = "{{ bos_token }}{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}{% for m in messages %}{{ '<' + m['role'] + '>' + m['content'] | trim }}{% endfor %}";
        for (system, user, text, system_folded) in
            [("Be kind.", "Hi", "<s><user>Be kind.\n\nHi", true), ("", "Hi", "<s><user>Hi", false)]
        {
            let expected = RenderedChat { text: text.to_owned(), system_folded };
            assert_eq!(rendered(gemma, system, user).unwrap(), expected);
        }
        // As the first Phi-3-mini, and one that shouts wherever it is.
        let silent = "{{ bos_token }}{% for m in messages %}{% if m.role == 'user' %}{{ '<user>' + m.content }}{% endif %}{% endfor %}";
        let shouting = "{% for m in messages %}{{ m.role[0] + m.content | upper }}{% endfor %}";
        // As SmolLM3, Nemotron and others, which rewrite the text.
        let switched = "{% for m in messages %}{% if m.role == 'system' %}<mode {{ 'quick' if '/no_think' in m.content else 'slow' }}>{{ m.content | replace('/no_think', '') | trim }}{% else %}<user>{{ m.content }}{% endif %}{% endfor %}";
        let quoted = "{% for m in messages %}<{{ m.role }}>{{ m.content | tojson if m.role == 'system' else m.content }}{% endfor %}";
        let prefixed = "{% for m in messages %}{% if m.role == 'system' %}{% for line in m.content.split('\n') %}# {{ line }};{% endfor %}{% else %}<user>{{ m.content }}{% endif %}{% endfor %}";
        let only_asks_whether = "{% if messages[0].role == 'system' %}<told>{% endif %}<user>{{ messages[-1].content }}";
        for (template, system, user, text, system_folded) in [
            (silent, "Be kind.", "Hi", "<s><user>Be kind.\n\nHi", true),
            (silent, " \n", "Hi", "<s><user>Hi", false),
            (shouting, "Be kind.", "Hi", "sBE KIND.uHI", false),
            ("{{ eos_token }}", "Be kind.", "Hi", "</s>", false),
            (switched, "Be brief. /no_think", "Hi", "<mode quick>Be brief.<user>Hi", false),
            (switched, "/no_think", "Hi", "<mode quick><user>Hi", false),
            (quoted, "Say \"hi\".", "Hi", "<system>\"Say \\\"hi\\\".\"<user>Hi", false),
            (prefixed, "a\nb", "Hi", "# a;# b;<user>Hi", false),
            (only_asks_whether, "Be kind.", "Hi", "<user>Be kind.\n\nHi", true),
        ] {
            let expected = RenderedChat { text: text.to_owned(), system_folded };
            assert_eq!(rendered(template, system, user).unwrap(), expected);
        }
        let unwilling = "{{ raise_exception('no ' ~ messages[0].role) }}";
        let error = rendered(unwilling, "S", "U").unwrap_err().to_string();
        assert!(error.contains("no system"), "{error}");
    }
}
