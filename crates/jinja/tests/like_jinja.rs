//! Templates give what Jinja gives, set up as transformers does (`tools/reference/make_jinja.py`).

use std::collections::BTreeSet;
use std::path::Path;

use tokenscope_jinja::{Error, Template, Variable};

/// What is refused where Jinja gives a text, by the sentence that says so.
const LEFT_OUT: [&str; 6] = [
    "complex numbers are not supported",
    "it has a number of more than 38 digits",
    "printing a function is not supported",
    "printing a generator is not supported",
    "the filter “random” is not supported",
    "the method “encode” is not supported",
];

fn render(source: &str) -> Result<String, Error> {
    use Variable::{Bool, List, Map, None, Text};
    let message = |role, content| vec![("role", Text(role)), ("content", Text(content))];
    let arguments = Map(vec![("b", List(vec![Text("1"), None, Bool(true)])), ("a", Text("ü"))]);
    let call = Map(vec![("name", Text("f")), ("arguments", arguments)]);
    let mut last = message("assistant", "It's 5 o'clock: \"tea\" & cake");
    last.push(("tool_calls", List(vec![call])));
    let messages = [message("system", "Be kind."), message("user", " Hi <b>there</b>\nyou "), last];
    let variables = [
        ("messages", List(messages.into_iter().map(Map).collect())),
        ("add_generation_prompt", Bool(true)),
        ("tools", None),
        ("bos_token", Text("<s>")),
        ("yes", Bool(true)),
    ];
    Template::new(source)?.render(&variables)
}

#[test]
fn templates_give_what_jinja_gives() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/jinja");
    let (mut wrong, mut refused, mut total) = (Vec::new(), BTreeSet::new(), 0);
    for name in ["filters", "methods", "operators", "statements", "tests"] {
        let text = std::fs::read_to_string(folder.join(name).with_extension("json")).unwrap();
        let cases: Vec<(String, Option<String>)> = serde_json::from_str(&text).unwrap();
        assert!(cases.len() > 100, "{name}");
        for (source, expected) in cases {
            total += 1;
            match (render(&source), expected) {
                (Ok(text), Some(expected)) if text == expected => {}
                (Err(_), None) => {}
                (Err(Error::Refused(why)), Some(_)) => {
                    if !LEFT_OUT.contains(&&*why) {
                        wrong.push(format!("{source}\n    refused: {why}"));
                    }
                    refused.insert(why);
                }
                (found, expected) => wrong
                    .push(format!("{source}\n    expected {expected:?}\n    found    {found:?}")),
            }
        }
    }
    let (count, some) = (wrong.len(), wrong.join("\n"));
    assert!(wrong.is_empty(), "{count} of {total} differ:\n{some}");
    // A refusal that no case meets is one that need not be listed.
    assert_eq!(refused, LEFT_OUT.iter().map(|why| (*why).to_owned()).collect());
}
