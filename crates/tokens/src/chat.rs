//! Chat templates: from a system and a user text to the prompt text the model was trained on.

use std::ops::Range;

use minijinja::context;

use crate::jinja::{Failure, Jinja};

/// A model's compiled chat template.
pub struct ChatTemplate {
    template: Jinja,
    bos: Option<String>,
    eos: Option<String>,
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
    /// Compiles a Jinja template. `bos` and `eos` are the texts of those tokens, which templates
    /// may mention.
    ///
    /// # Errors
    /// [`TemplateError::Compile`] if the template is not valid Jinja.
    pub fn new(source: &str, bos: Option<&str>, eos: Option<&str>) -> Result<Self, TemplateError> {
        let template = Jinja::new(source).map_err(TemplateError::Compile)?;
        Ok(ChatTemplate { template, bos: bos.map(str::to_owned), eos: eos.map(str::to_owned) })
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
            Err(refusal @ Failure::Raised(_)) => {
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

    fn render_messages(&self, messages: &[(&str, &str)]) -> Result<String, Failure> {
        let bytes = messages.iter().map(|(_, content)| content.len()).sum();
        let messages: Vec<_> = messages
            .iter()
            .map(|(role, content)| context! { role => role, content => content })
            .collect();
        // A token that the model lacks is left out, so that templates find it undefined.
        let (bos, eos) = (self.bos.as_deref(), self.eos.as_deref());
        let tokens = [("bos_token", bos), ("eos_token", eos)];
        let tokens = tokens.into_iter().filter_map(|(name, text)| Some((name, text?)));
        let variables = context! {
            messages,
            add_generation_prompt => true,
            // Defined, as transformers has them: templates ask whether they are none.
            tools => (),
            documents => (),
            ..minijinja::Value::from_iter(tokens)
        };
        self.template.render(variables, bytes)
    }
}

/// Whether `chat`, which `render` made of a system text, would be another one with another text.
fn matters(chat: &str, render: impl Fn(&str) -> Result<String, Failure>) -> bool {
    // Some templates look for a switch and for nothing else, so one of these has the usual ones.
    const OTHERS: [&str; 2] = ["\u{E000}", "Another text.\nAnd a second line, /think, /no_think."];
    OTHERS.iter().any(|other| render(other).map_or(true, |text| text != chat))
}

impl From<Failure> for TemplateError {
    fn from(failure: Failure) -> Self {
        let (Failure::Raised(complaint) | Failure::Other(complaint)) = failure;
        TemplateError::Render(complaint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rendered(source: &str, system: &str, user: &str) -> Result<RenderedChat, TemplateError> {
        ChatTemplate::new(source, Some("<s>"), Some("</s>"))?.render(system, user)
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
            let template = ChatTemplate::new(source, None, Some("</s>")).unwrap();
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

    #[test]
    fn views_of_views_do_not_pile_up() {
        for step in [
            "ns.y[0:]",
            "ns.y + []",
            "ns.y | map('upper') | list",
            "ns.y | reverse",
            "ns.y | map('lower')",
            "ns.y | select",
        ] {
            let source = format!(
                "{{% set ns = namespace(y=['a']) %}}{{% for i in range(9999) %}}{{% set ns.y = {step} %}}{{% endfor %}}{{{{ ns.y | join | lower }}}}"
            );
            let text = rendered(&source, "", "Hi").map(|chat| chat.text);
            assert_eq!(text.map_err(|error| error.to_string()), Ok("a".to_owned()), "{step}");
        }
    }

    #[test]
    fn templates_that_never_end_or_fill_memory_are_stopped() {
        let doubling = |step: &str| {
            format!(
                "{{% set ns = namespace(x='aaaaaaaa', y=[1]) %}}{{% for i in range(64) %}}{step}{{% endfor %}}{{{{ ns.x == ns.y }}}}"
            )
        };
        for (source, complaint) in [
            ("{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}".to_owned(), "too many steps"),
            ("{% for i in range(99999) %}{{ 'text' * i }}{% endfor %}".to_owned(), "too much text"),
            ("{{ 999999999999 * eos_token }}".to_owned(), "too much text"),
            ("{{ [1] * 999999999 }}".to_owned(), "name next to the star"),
            ("{{ 'a' * 16385 }}".to_owned(), "name next to the star"),
            ("{{ 'a' * 9999 }}{{ 9999 * 'a' }}".to_owned(), "name next to the star"),
            ("{{ 'a' 'a' * 20 }}".to_owned(), "name next to the star"),
            ("{{ 'a' * 20 * 20 * 20 }}".to_owned(), "name next to the star"),
            ("{{ 'a' * 20 ** 6 }}".to_owned(), "name next to the star"),
            ("{{ 99999999 // 1 * 'a' }}".to_owned(), "name next to the star"),
            ("{{ 'a' * true * 99999999 }}".to_owned(), "name next to the star"),
            ("{{ ('a') * (9999 * 9999) }}".to_owned(), "name next to the star"),
            ("{% set n = 99999999 %}{{ 'a' * n }}".to_owned(), "too much text"),
            ("{% set n = 99999999 %}{{ [1] * n }}".to_owned(), "multiplied"),
            (doubling("{% set ns.x = ns.x + ns.x %}"), "too much text"),
            (doubling("{% set ns.x = ns.x ~ ns.x %}"), "too much text"),
            (doubling("{% set ns.x = ns.x.replace('a', 'aa') %}"), "too much text"),
            (doubling("{% set ns.x = ns.x | replace('', ns.x) %}"), "too much text"),
            (doubling("{% set ns.x = ns.x.join([ns.x, ns.x, ns.x]) %}"), "too much text"),
            (doubling("{% set b %}{{ ns.x }}{{ ns.x }}{% endset %}{% set ns.x = b %}"), "too much text"),
            (doubling("{% set ns.y = [ns.y, ns.y] %}"), "too"),
            (doubling("{% set ns.y = ns.y + ns.y %}"), "too much text"),
            (doubling("{% set ns.y = {'a': ns.y, 'b': ns.y} %}"), "too"),
            (doubling("{% set ns.y = dict(a=ns.y, b=ns.y) %}"), "too"),
            ("{% set ns = namespace(x=1) %}{% for i in range(9999) %}{% set ns.x = [ns.x] %}{% endfor %}".to_owned(), "too deeply"),
            ("{% set ns = namespace() %}{% set ns.me = ns %}{{ ns }}".to_owned(), "too deeply"),
            ("{% set ns = namespace() %}{% for i in range(9999) %}{% set n = namespace() %}{% set n.a = ns.b %}{% set ns.b = n %}{% endfor %}".to_owned(), "too"),
            ("{% macro f(n) %}{{ f(n + 1) }}{% endmacro %}{{ f(0) }}".to_owned(), "recursion"),
            ("{{ 'x\n' | indent(999999999) }}".to_owned(), "too much text"),
            ("{{ 'x' | indent(width=999999999) }}".to_owned(), "too much text"),
            ("{{ 'x' | indent(none, width=999999999) }}".to_owned(), "too much text"),
            ("{{ '{:999999999}'.format(1) }}".to_owned(), "method"),
            ("{{ '%999999999d' | format(1) }}".to_owned(), "filter"),
            ("{{ [1] | batch(999999999, 'x') }}".to_owned(), "filter"),
            ("{{ messages | tojson(indent=999999999) }}".to_owned(), "8 spaces at most"),
            ("{{ messages | tojson(separators=['', '123456789']) }}".to_owned(), "8 bytes at most"),
            ("{{ messages | tojson(separators=[',']) }}".to_owned(), "two texts"),
            ("{{ messages | tojson(ensure_ascii=true) }}".to_owned(), "ASCII"),
            ("{{ messages | tojson(skipkeys=true) }}".to_owned(), "skipkeys"),
            (format!("{{{{ {}1{} }}}}", "(".repeat(190), ")".repeat(190)), "recursion"),
            (format!("{{{{ {}1{} }}}}", "(".repeat(9999), ")".repeat(9999)), "too long"),
            (format!("{{{{ 1{} }}}}", "+ eos_token".repeat(90_000)), "too long"),
            (format!("{{{{ eos_token{} }}}}", ".a".repeat(90_000)), "too long"),
            (format!("{{% if a %}}{}{{% endif %}}", "{% elif a %}".repeat(80_000)), "alternatives"),
            (format!("{}x{}", "{% if true %}".repeat(9999), "{% endif %}".repeat(9999)), "recursion"),
            (" ".repeat(2_000_000), "bytes"),
            (doubling("{% set ns.y = [ns.y] + ns.y[::-1] %}"), "too"),
            ("{% set n = 1 %}{{ n is divisibleby(0) }}".to_owned(), "cannot be carried out"),
            ("{%}}{{ nothing() }}".to_owned(), "cannot be read"),
            ("{% include 'other' %}".to_owned(), "template"),
            ("{% block a %}{% endblock %}".to_owned(), "blocks are not supported"),
            ("{% if %}".to_owned(), "cannot be read"),
        ] {
            let shown: String = source.chars().take(120).collect();
            let error = rendered(&source, "", "Hi").map(|chat| chat.text.len());
            let error = error.expect_err(&shown).to_string();
            assert!(error.contains(complaint), "{shown}: {error}");
        }
    }
}
