//! Renders chat templates for `tools/reference/compare_templates.py`, which compares the texts with Jinja's.
//!
//! Each line of standard input is a JSON object with `template`, and one line answers it: `{"text": …}`,
//! or `{"error": …}`. With `variables` the template is rendered with these; with `system` and `user` it is
//! rendered as the program does for these two, and `folded` says whether the system text stands in the
//! user's message.

use std::io::{BufRead as _, Write as _};

use serde_json::{Value, json};
use tokenscope_jinja::{Template, Variable};
use tokenscope_tokens::{ChatTemplate, SpecialTokens};

fn main() -> std::io::Result<()> {
    let mut output = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let question: Value = serde_json::from_str(&line?)?;
        let answer = answer(&question).unwrap_or_else(|error| json!({ "error": error }));
        writeln!(output, "{answer}")?;
    }
    Ok(())
}

fn answer(question: &Value) -> Result<Value, String> {
    let text = |name: &str| question[name].as_str().unwrap_or_default();
    let Some(variables) = question["variables"].as_object() else {
        let named = [("bos_token", "<s>"), ("eos_token", "</s>"), ("unk_token", "<unk>")];
        let named = named.map(|(name, text)| (name.to_owned(), text.to_owned())).into();
        let tokens = SpecialTokens { named, additional: Vec::new() };
        let template = ChatTemplate::new(text("template"), tokens).map_err(|e| e.to_string())?;
        let chat = template.render(text("system"), text("user")).map_err(|e| e.to_string())?;
        return Ok(json!({ "text": chat.text, "folded": chat.system_folded }));
    };
    let variables = variables.iter().map(|(name, value)| Ok((name.as_str(), variable(value)?)));
    let variables: Vec<_> = variables.collect::<Result<_, String>>()?;
    let template = Template::new(text("template")).map_err(|error| error.to_string())?;
    Ok(json!({ "text": template.render(&variables).map_err(|error| error.to_string())? }))
}

fn variable(value: &Value) -> Result<Variable<'_>, String> {
    Ok(match value {
        Value::Null => Variable::None,
        Value::Bool(flag) => Variable::Bool(*flag),
        Value::Number(number) => return Err(format!("{number}: templates are given no numbers")),
        Value::String(text) => Variable::Text(text),
        Value::Array(items) => {
            Variable::List(items.iter().map(variable).collect::<Result<_, _>>()?)
        }
        Value::Object(pairs) => {
            let pairs = pairs.iter().map(|(name, value)| Ok((name.as_str(), variable(value)?)));
            Variable::Map(pairs.collect::<Result<_, String>>()?)
        }
    })
}
