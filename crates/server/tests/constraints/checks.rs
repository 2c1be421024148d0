//! Whether a text is what its constraint allows, by other means than the grammar's own.

use regex::Regex;
use regex_automata::hybrid::dfa::DFA;
use regex_automata::util::start;
use serde_json::Value;

/// A check of one case.
pub(crate) enum Check {
    /// A JSON document that a schema allows.
    Schema(Box<jsonschema::Validator>),
    /// A text that matches from its first character to its last.
    Regex { regex: Regex, dfa: Box<DFA> },
    /// A text of which a function says so.
    Text(fn(&str) -> bool),
}

impl Check {
    pub(crate) fn of(case: &Value) -> Self {
        match (case["kind"].as_str().unwrap(), &case["check"]) {
            ("json_schema", _) => Check::Schema(Box::new(
                jsonschema::options().should_validate_formats(true).build(&case["schema"]).unwrap(),
            )),
            ("regex", _) => Check::regex(case["schema"].as_str().unwrap()),
            (_, Value::Object(check)) => Check::regex(check["regex"].as_str().unwrap()),
            (_, Value::String(name)) => Check::Text(match name.as_str() {
                "balanced" => is_balanced,
                "as_and_bs" => |text| {
                    let n = text.len() / 2;
                    n > 0 && text == format!("{}{}", "a".repeat(n), "b".repeat(n))
                },
                "arithmetic" => is_arithmetic,
                "json" => |text| serde_json::from_str::<Value>(text).is_ok(),
                "nested_tags" => is_nested_tags,
                other => panic!("there is no check called {other}"),
            }),
            (kind, check) => panic!("{kind} cannot be checked by {check}"),
        }
    }

    fn regex(pattern: &str) -> Self {
        let whole = format!("^(?:{pattern})$");
        Check::Regex {
            regex: Regex::new(&whole).unwrap(),
            dfa: Box::new(DFA::new(&whole).unwrap()),
        }
    }

    /// Whether the text is complete and right.
    pub(crate) fn accepts(&self, text: &[u8]) -> bool {
        let Ok(text) = std::str::from_utf8(text) else { return false };
        match self {
            Check::Schema(validator) => {
                serde_json::from_str(text).is_ok_and(|document| validator.is_valid(&document))
            }
            Check::Regex { regex, .. } => regex.is_match(text),
            Check::Text(accepts) => accepts(text),
        }
    }

    /// Whether an unfinished text can become right. Only regular expressions can say so; of the others
    /// it is known that the grammar, asked about the whole, goes on.
    pub(crate) fn can_go_on(&self, text: &[u8]) -> bool {
        let Check::Regex { dfa, .. } = self else { return true };
        let mut cache = dfa.create_cache();
        let config = start::Config::new().anchored(regex_automata::Anchored::Yes);
        let mut state = dfa.start_state(&mut cache, &config).unwrap();
        text.iter().all(|byte| {
            state = dfa.next_state(&mut cache, state, *byte).unwrap();
            !state.is_dead()
        })
    }
}

fn is_balanced(text: &str) -> bool {
    let mut depth = 0i32;
    for byte in text.bytes() {
        depth += match byte {
            b'(' => 1,
            b')' => -1,
            _ => return false,
        };
        if depth < 0 {
            return false;
        }
    }
    depth == 0
}

/// Takes tags off from outside until a word is left.
fn is_nested_tags(text: &str) -> bool {
    let within =
        |tag: &str| text.strip_prefix(&format!("<{tag}>"))?.strip_suffix(&format!("</{tag}>"));
    match within("b").or_else(|| within("i")) {
        Some(inside) => is_nested_tags(inside),
        None => {
            (1..=10).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_lowercase())
        }
    }
}

/// Takes a formula apart from outside: numbers and operators alternate, once brackets are numbers.
fn is_arithmetic(text: &str) -> bool {
    let innermost = Regex::new(r"\([0-9]{1,4}([-+*/][0-9]{1,4})*\)").unwrap();
    let flat = Regex::new(r"^[0-9]{1,4}([-+*/][0-9]{1,4})*$").unwrap();
    let mut text = text.to_owned();
    while innermost.is_match(&text) {
        text = innermost.replace_all(&text, "0").into_owned();
    }
    flat.is_match(&text)
}

#[test]
fn checks_know_right_from_wrong() {
    for (text, balanced, arithmetic) in [
        ("", true, false),
        ("(()())", true, false),
        ("(()", false, false),
        (")(", false, false),
        ("1", false, true),
        ("(1+2)*(3-(4))", false, true),
        ("1+", false, false),
        ("(1", false, false),
        ("12345", false, false),
    ] {
        assert_eq!((is_balanced(text), is_arithmetic(text)), (balanced, arithmetic), "{text}");
    }
    for (text, expected) in [
        ("a", true),
        ("<b><i>a</i></b>", true),
        ("<b>a</i>", false),
        ("<b></b>", false),
        ("A", false),
    ] {
        assert_eq!(is_nested_tags(text), expected, "{text}");
    }
    let check = Check::regex("ab+|é");
    for (text, accepts, can_go_on) in
        [("abb", true, true), ("a", false, true), ("b", false, false), ("é", true, true)]
    {
        let found = (check.accepts(text.as_bytes()), check.can_go_on(text.as_bytes()));
        assert_eq!(found, (accepts, can_go_on), "{text}");
    }
    assert!(check.can_go_on(&"é".as_bytes()[..1]) && !check.can_go_on(b"a\xFF"));
}
