//! Multiple choice: one text per line, or a JSON list.

use serde_json::Value;

use crate::error::Fault;

/// Most choices of one constraint.
///
/// Limit of constraints: choices; 400.
const MOST_CHOICES: usize = 10_000;

/// The choices of a text, in order and without repetitions: the items of a JSON list, as they stand there and
/// without empty ones, or else its lines, without white space around them and without blank ones.
///
/// # Errors
/// If there are none, or too many.
pub fn choices(text: &str) -> Result<Vec<String>, Fault> {
    let list = Some(text.trim()).filter(|text| text.starts_with('[')).and_then(json_list);
    let lines = || text.lines().map(|line| line.trim().to_owned()).collect();
    let mut known = std::collections::HashSet::new();
    let mut choices: Vec<String> = list.unwrap_or_else(lines);
    choices.retain(|choice| !choice.is_empty() && known.insert(choice.clone()));
    let hint = "Write one choice per line, such as yes, no and maybe, or a JSON list of texts.";
    if choices.is_empty() {
        let message = "Provide at least one choice (one per line or JSON list)".into();
        return Err(Fault { message, place: None, hint });
    }
    if choices.len() > MOST_CHOICES {
        let message = format!("{} choices are more than {MOST_CHOICES}", choices.len());
        return Err(Fault { message, place: None, hint });
    }
    Ok(choices)
}

/// The texts of a JSON list; nothing if it is none, or has none that is not empty.
fn json_list(text: &str) -> Option<Vec<String>> {
    let Ok(Value::Array(items)) = serde_json::from_str(text) else { return None };
    let text_of = |item: Value| match item {
        Value::String(text) => text,
        other => other.to_string(),
    };
    let texts: Vec<String> = items.into_iter().map(text_of).collect();
    texts.iter().any(|text| !text.is_empty()).then_some(texts)
}

/// A regular expression for exactly these texts.
pub(crate) fn pattern(choices: &[String]) -> String {
    let escaped: Vec<String> = choices.iter().map(|choice| regex_syntax::escape(choice)).collect();
    escaped.join("|")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_are_lines_or_a_list() {
        for (text, expected) in [
            ("Yes\nNo\nMaybe", &["Yes", "No", "Maybe"][..]),
            ("  a \r\n\n b\na", &["a", "b"]),
            (r#"["x", "", 3, true, "x"]"#, &["x", "3", "true"]),
            // White space counts where quotes show it.
            (r#" [" y", "y", "\ty\n", " ", " y"]"#, &[" y", "y", "\ty\n", " "]),
            ("[\" \"]", &[" "]),
            // No list after all, or an empty one: the lines count.
            ("[a, b]", &["[a, b]"]),
            ("[]", &["[]"]),
            ("[\"\"]", &["[\"\"]"]),
        ] {
            assert_eq!(choices(text).unwrap(), expected, "{text:?}");
        }
        for text in ["", " \n ", "\t"] {
            let error = choices(text).unwrap_err().to_string();
            assert_eq!(error, "Provide at least one choice (one per line or JSON list).");
        }
        let many: String = (0..=MOST_CHOICES).map(|n| format!("{n}\n")).collect();
        assert!(choices(&many).unwrap_err().message.contains("more than"));
    }

    #[test]
    fn a_choice_means_its_own_characters() {
        let choices = ["a.b", "(c|d)*", "e\\d", "/"].map(String::from);
        let regex = regex::Regex::new(&format!("^(?:{})$", pattern(&choices))).unwrap();
        for choice in &choices {
            assert!(regex.is_match(choice));
        }
        assert!(!regex.is_match("axb"));
    }
}
