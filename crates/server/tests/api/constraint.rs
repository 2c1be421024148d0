//! Constraints over HTTP.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::client::{Client, floats, with};
use crate::preview::assert_keys;

fn constraint(kind: &str, schema: &str) -> Value {
    json!({"enabled": true, "type": kind, "schema": schema})
}

/// A request for the tiny Llama under a constraint.
fn body(kind: &str, schema: &str) -> Value {
    json!({
        "prompt": "t5 the end", "use_chat_template": false, "top_k": 50,
        "params": {"temperature": 1, "top_p": 1, "repetition_penalty": 1, "seed": 1},
        "constraint": constraint(kind, schema),
    })
}

/// Constraints that cannot be used, each with the place and a part of the sentence that say why.
type Hostile = (&'static str, String, Option<(u64, u64, &'static str)>, &'static str);

fn hostile() -> Vec<Hostile> {
    let row = |kind, text: &str, place, part| (kind, text.to_owned(), place, part);
    let choice = "multiple_choice";
    let lines: String = (0..20_000).map(|n| format!("{n}\n")).collect();
    let items: String = (0..20_000).map(|n| format!("{n},")).collect();
    let deep = |n: usize| format!("{}\"a\"{}", "(".repeat(n), ")".repeat(n));
    let options = r#"{"anyOf": [{"required": ["a"]}, {"properties": {"b": {"type": "null"}}}]},"#;
    vec![
        row(choice, "", None, "Provide at least one choice"),
        row(choice, " \n\t\n ", None, "Provide at least one choice"),
        row(choice, "\r\n", None, "Provide at least one choice"),
        row(choice, "\u{a0}", None, "Provide at least one choice"),
        row(choice, "\u{2003}\n\u{3000}", None, "Provide at least one choice"),
        (choice, "\n".repeat(400_000), None, "Provide at least one choice"),
        (choice, lines, None, "20000 choices are more than 10000"),
        (choice, format!("[{items}0]"), None, "20000 choices are more than 10000"),
        (choice, "x".repeat(600_000), None, "600000 bytes are more than 500000"),
        (choice, format!("[{}]", "\"a\", ".repeat(100_000)), None, "500002 bytes are more"),
        row("regex", "", None, "Regex pattern is required"),
        row("regex", " \n", None, "Regex pattern is required"),
        row("regex", "\u{a0}", None, "Regex pattern is required"),
        row("regex", "a(b", Some((1, 2, "(")), "a group is not closed"),
        row("regex", "\n ab)", Some((2, 4, ")")), "closed that was not opened"),
        row("regex", " (?x) a b # c\n+ +", Some((2, 3, "+")), "a possessive repetition"),
        row("regex", "(?i)a^b", Some((1, 6, "^")), "an anchor of the start"),
        row("regex", "[a-", Some((1, 1, "[")), "a class is not closed"),
        row("regex", "(?=yes)yes", Some((1, 1, "(?=")), "a look-ahead is not possible"),
        row("regex", r"(a)\1", Some((1, 4, r"\1")), "a back-reference (\\1) is not possible"),
        row("regex", r"\bword\b", Some((1, 1, r"\b")), "a word boundary cannot be followed"),
        row("regex", r"a\qb", Some((1, 2, r"\q")), "this escape means nothing"),
        row("regex", "a{5,2}", Some((1, 2, "{5,2}")), "a count runs backwards"),
        row("regex", "a{1,99999999999}", Some((1, 5, "99999999999")), "a count is too large"),
        row("regex", r"\p{Nonsense}", Some((1, 1, r"\p{Nonsense}")), "no such class of Unicode"),
        ("regex", "(".repeat(50_000), Some((1, 50_000, "(")), "a group is not closed"),
        (
            "regex",
            deep(5_000),
            Some((1, 101, "((((((((((((((((((((((((((((((((((((((((")),
            "nested",
        ),
        row("cfg", "", None, "CFG grammar is required"),
        row("cfg", "start: \"yes", Some((1, 12, "")), "lexer error"),
        row("cfg", "start: answer\nother: \"x\"", Some((1, 8, "answer")), "unknown name"),
        row("cfg", "answer: \"x\"", None, "no start rule found"),
        row("cfg", "start: (\"a\" | \"b\"", Some((1, 18, "")), "Expected token ')'"),
        row("cfg", "start: \"a\" !!", Some((1, 13, "!")), "lexer error"),
        row("cfg", "start: /(?=a)b/", Some((1, 9, "(?=")), "a look-ahead is not possible"),
        row("cfg", "start: A\nA: /x/ /a(b/", Some((2, 10, "(")), "a group is not closed"),
        row("cfg", "start: /a^b/", Some((1, 10, "^")), "an anchor of the start"),
        row("cfg", "start: A\nA: \"x\" A", Some((2, 4, "\"")), "circular reference"),
        row("cfg", "start: \"\\q\"", Some((1, 10, "q")), "lexer error"),
        row("cfg", "start: <|nope|>", Some((1, 8, "<")), "unknown special token"),
        row("cfg", "start: start", None, "no valid next token"),
        (
            "cfg",
            format!("start: {}", deep(20_000)),
            Some((1, 108, "(")),
            "nested more than 100 deep",
        ),
        row("json_schema", "", None, "JSON schema is required"),
        row("json_schema", "{\"type\": \"object\",}", Some((1, 19, "}")), "trailing comma"),
        row("json_schema", "{\n  'type': 'string'}", Some((2, 3, "'")), "key must be a string"),
        row("json_schema", "[1]", Some((1, 1, "[1]")), "a JSON schema is an object"),
        row("json_schema", "false", Some((1, 1, "false")), "allows no document"),
        row("json_schema", r#"{"type": "strng"}"#, Some((1, 10, "\"strng\"")), "is none of array"),
        row(
            "json_schema",
            "{\n \"minLength\": -1}",
            Some((2, 15, "-1")),
            "less than the minimum of 0",
        ),
        row(
            "json_schema",
            r#"{"$ref": "https://a.b/c"}"#,
            Some((1, 10, "\"https://a.b/c\"")),
            "to another document",
        ),
        row(
            "json_schema",
            r##"{"$ref": "#/$defs/x"}"##,
            Some((1, 10, "\"#/$defs/x\"")),
            "that is not there",
        ),
        row("json_schema", r#"{"not": {}}"#, None, "no document can satisfy it"),
        row(
            "json_schema",
            r#"{"type": "array", "uniqueItems": true}"#,
            Some((1, 19, "\"uniqueItems\"")),
            "not supported: uniqueItems",
        ),
        row(
            "json_schema",
            r#"{"pattern": "(?=a)b"}"#,
            Some((1, 13, "\"(?=a)b\"")),
            "pattern: look-around",
        ),
        row(
            "json_schema",
            r#"{"type": "object", "minProperties": 2}"#,
            Some((1, 20, "\"minProperties\"")),
            "not supported: minProperties",
        ),
        row(
            "json_schema",
            r#"{"not": {"additionalProperties": {"type": "null"}}}"#,
            Some((1, 2, "\"not\"")),
            "not supported: not",
        ),
        row(
            "json_schema",
            r#"{"type": "number", "minimum": 5, "maximum": 1}"#,
            None,
            "no document can satisfy it",
        ),
        row("json_schema", r#"{"enum": []}"#, None, "no document can satisfy it"),
        row("json_schema", r##"{"$ref": "#"}"##, Some((1, 10, "\"#\"")), "back to itself"),
        (
            "json_schema",
            "{\"not\": ".repeat(5_000),
            Some((1, 1_017, "{")),
            "recursion limit exceeded",
        ),
        (
            "json_schema",
            format!("{{\"allOf\": [{}{{}}]}}", options.repeat(24)),
            Some((1, 1, r#"{"allOf": [{"anyOf": [{"required": ["a"]"#)),
            "more than 256 alternatives",
        ),
    ]
}

#[tokio::test]
async fn constraints_that_cannot_be_used_say_where_and_why() {
    let client = Client::with_model().await;
    let mut slowest = Duration::ZERO;
    for (kind, text, place, part) in hostile() {
        let shown: String = text.chars().take(60).collect();
        let asked = Instant::now();
        let (status, answer) = client.post("/api/preview", &body(kind, &text)).await;
        slowest = slowest.max(asked.elapsed());
        assert_eq!(status, 400, "{kind} {shown:?}: {answer}");
        assert!(answer["detail"].as_str().unwrap().contains(part), "{kind} {shown:?}: {answer}");
        assert!(answer["hint"].as_str().unwrap().len() > 10, "{kind} {shown:?}: {answer}");
        let found = answer.get("line").map(|line| {
            let offending = answer["offending"].as_str().unwrap();
            (line.as_u64().unwrap(), answer["column"].as_u64().unwrap(), offending)
        });
        assert_eq!(found, place, "{kind} {shown:?}: {answer}");
        // An editor gets the same without an error status.
        let asked = json!({"constraint": constraint(kind, &text)});
        let checked = client.ok("/api/constraint/check", asked).await;
        assert_eq!((&checked["ok"], &checked["error"]), (&json!(false), &answer), "{shown}");
        client.ok("/api/preview", body("regex", "a+")).await;
    }
    eprintln!("The slowest took {slowest:?}.");
    let (status, _) = client.post("/api/preview", &body("cfg", &"x".repeat(10 << 20))).await;
    assert_eq!(status, 413);
}

#[tokio::test]
async fn large_and_ambiguous_grammars_are_answered() {
    let client = Client::with_model().await;
    let rules = (0..20).map(|n| format!("r{n}: r{0} r{0} | r{0} r{0} r{0}\n", n + 1));
    let words = (0..2_000).map(|n| format!("x{n}y?")).collect::<Vec<_>>().join("|");
    let property = |n| format!("\"property{n}\": {{\"type\": [\"string\", \"number\"]}}");
    let properties = (0..8_000).map(property).collect::<Vec<_>>().join(",");
    for (kind, text) in [
        ("regex", "((((a{1,1000}){1,1000}){1,1000}){1,1000}b|[^a]{9,9999}c){1,1000}".to_owned()),
        ("regex", format!("({words}){{1000}}")),
        (
            "cfg",
            "start: ((\"a\"{1,1000}){1,1000}){1,1000} b{1,1000000}\nb: \"c\"{1,100000}".to_owned(),
        ),
        ("cfg", format!("start: r0\n{}r20: \"a\"", rules.collect::<String>())),
        ("cfg", "start: s\ns: s s | \"a\" | ".to_owned()),
        ("json_schema", r#"{"type": "string", "maxLength": 100000000}"#.to_owned()),
        // The last: it may go on being compiled.
        ("json_schema", format!("{{\"properties\": {{{properties}}}}}")),
    ] {
        let asked = Instant::now();
        let (status, answer) = client.post("/api/preview", &body(kind, &text)).await;
        let shown: String = text.chars().take(40).collect();
        eprintln!("{kind} {shown:?}: {status} after {:?}", asked.elapsed());
        assert!(status == 200 || status == 400, "{answer}");
        client.ok("/api/preview", body("regex", "a+")).await;
    }
}

#[tokio::test]
async fn legal_rows_come_first_and_the_debugger_says_what_was_wanted() {
    let client = Client::with_model().await;
    let answer = client.ok("/api/preview", body("regex", "(the|end|t)")).await;
    let (dist, grammar) = (&answer["dist"], &answer["grammar"]);
    assert_eq!(dist["constraint_active"], true);
    assert_eq!(dist["constraint_type"], "regex");
    let rows = dist["tokens"].as_array().unwrap();
    let n_legal = grammar["legal_tokens"].as_u64().unwrap() as usize;
    let valid: Vec<bool> = rows.iter().map(|row| row["valid"].as_bool().unwrap()).collect();
    assert!(n_legal > 1 && n_legal < rows.len());
    assert_eq!(valid.iter().filter(|valid| **valid).count(), n_legal);
    assert!(valid[..n_legal].iter().all(|valid| *valid));
    assert_eq!(dist["kept_token_count"], n_legal);
    let sum =
        |name: &str| -> f64 { rows[..n_legal].iter().map(|row| row[name].as_f64().unwrap()).sum() };
    let mass = grammar["legal_mass"].as_f64().unwrap();
    assert!((sum("p_base") - mass).abs() < 1e-6 && (sum("p_final") - 1.0).abs() < 1e-6);
    assert_eq!(dist["legal_mass"], grammar["legal_mass"]);
    let stage = dist["stages"].as_array().unwrap().iter().find(|s| s["id"] == "constraint");
    assert!((stage.unwrap()["removed_mass"].as_f64().unwrap() + mass - 1.0).abs() < 1e-6);
    // The best illegal row is what the model wanted most.
    let wanted = &grammar["wanted"][0];
    assert_eq!(wanted["id"], rows[n_legal]["id"]);
    assert_keys(
        grammar,
        &[
            "legal_mass",
            "legal_tokens",
            "may_end",
            "ended",
            "anchor",
            "wanted",
            "forced",
            "path",
            "schema_places",
            "stall",
            "history",
            "log_cost",
            "warnings",
            "mask_ms",
        ],
    );
    assert_keys(
        wanted,
        &[
            "id",
            "text",
            "display",
            "special",
            "p_base",
            "rank_base",
            "legal_bytes",
            "legal_display",
            "illegal_display",
        ],
    );
}

#[tokio::test]
async fn a_completion_is_drawn_to_its_end_and_its_masses_are_remembered() {
    let client = Client::with_model().await;
    let mut request = body("json_schema", r#"{"enum": ["yes", {"no": [1, 2]}]}"#);
    let (mut masses, mut last) = (Vec::new(), Value::Null);
    for _ in 0..40 {
        let step = client.ok("/api/step", request.clone()).await;
        masses.push(step["dist"]["legal_mass"].as_f64().unwrap());
        let history = floats(&step["grammar"]["history"]);
        assert_eq!(history.len(), masses.len());
        for (a, b) in history.iter().zip(&masses) {
            assert!((a - b).abs() <= 1e-6 * b, "{history:?} {masses:?}");
        }
        let cost: f64 = masses[..masses.len() - 1].iter().map(|mass| mass.ln()).sum();
        assert!((step["grammar"]["log_cost"].as_f64().unwrap() - cost).abs() < 1e-5);
        request["completion_ids"] = step["new_completion_ids"].clone();
        last = step;
        if last["done"] == true {
            break;
        }
    }
    assert_eq!(last["stop_reason"], "eos_token");
    let preview = client.ok("/api/preview", request.clone()).await;
    let texts: Vec<&str> = preview["completion_tokens"]
        .as_array()
        .unwrap()
        .iter()
        .map(|token| token["text"].as_str().unwrap())
        .collect();
    let text = texts[..texts.len() - 1].concat();
    let document: Value = serde_json::from_str(&text).unwrap();
    assert!(document == json!("yes") || document == json!({"no": [1, 2]}), "{text}");
    assert_eq!(preview["grammar"]["ended"], true);
    // Whoever asks for the whole at once, with another model thread, gets the same history.
    let anew = Client::with_model().await.ok("/api/preview", request).await;
    let (anew, known) =
        (floats(&anew["grammar"]["history"]), floats(&preview["grammar"]["history"]));
    assert_eq!(anew.len(), known.len());
    for (a, b) in anew.iter().zip(&known) {
        assert!((a - b).abs() <= 1e-5 * b, "{anew:?} {known:?}");
    }
}

/// A text is forced as it would be by hand, and may then end.
#[tokio::test]
async fn a_pattern_means_its_white_space_and_its_flags() {
    let client = Client::with_model().await;
    for (kind, schema, text, expected) in [
        ("regex", " no", " no", true),
        ("regex", " no", "no", false),
        ("regex", "\n(a|b)\t", "\nb\t", true),
        ("regex", "end ", "end ", true),
        ("regex", "end ", "end", false),
        ("regex", "(?x) t h e # comment (\n \\  end", "the end", true),
        ("regex", "(?x)the[ ]end", "the end", true),
        ("regex", "(?i)^The$", "tHE", true),
        ("regex", "(?x: t 5 )\\Z", "t5", true),
        ("regex", "(?P<stop>the) end", "the end", true),
        ("multiple_choice", r#"["the", " the"]"#, " the", true),
        ("multiple_choice", r#"["the", "the\n"]"#, "the\n", true),
        ("multiple_choice", " the\nend", " the", false),
    ] {
        let request = body(kind, schema);
        let free =
            with(request.clone(), json!({"constraint": {"enabled": false}, "force_text": text}));
        let ids = client.ok("/api/step", free).await["new_completion_ids"].clone();
        let asked = with(request, json!({"completion_ids": ids}));
        let (status, answer) = client.post("/api/preview", &asked).await;
        let may_end = status == 200 && answer["grammar"]["may_end"] == true;
        assert_eq!(may_end, expected, "{kind} {schema:?} {text:?}: {answer}");
    }
}

#[tokio::test]
async fn what_is_forced_must_be_legal() {
    let client = Client::with_model().await;
    let yes = body("multiple_choice", "the end\nthe thing");
    let preview = client.ok("/api/preview", yes.clone()).await;
    let forced = &preview["grammar"]["forced"];
    assert_eq!(forced["text"], "the ");
    let run: Vec<Value> =
        forced["tokens"].as_array().unwrap().iter().map(|token| token["id"].clone()).collect();
    let taken = client.ok("/api/step", with(yes.clone(), json!({"force_token_ids": run}))).await;
    assert_eq!(taken["new_completion_ids"], json!(run));
    assert!(taken["grammar"]["legal_mass"].as_f64().unwrap() > 0.0);
    for (extra, code, part) in [
        (
            json!({"force_token_id": 5}),
            "forced_token_invalid",
            "Forced token is invalid under the active",
        ),
        (
            json!({"force_token_ids": [run[0], 5]}),
            "forced_token_invalid",
            "Forced token is invalid",
        ),
        (
            json!({"force_text": "the end"}),
            "force_text_constrained",
            "Force text is disabled while",
        ),
        (json!({"completion_ids": [5]}), "constraint_violated", "token 1 of the completion"),
        (
            json!({"completion_ids": [run[0], 5]}),
            "constraint_violated",
            "token 2 of the completion",
        ),
        (
            json!({"completion_ids": [5, 5], "constraint": with(yes["constraint"].clone(), json!({"anchor": 1}))}),
            "constraint_violated",
            "token 2 of the completion",
        ),
        (
            json!({"constraint": with(yes["constraint"].clone(), json!({"anchor": 1}))}),
            "anchor_out_of_range",
            "from behind 1 tokens of a completion of 0",
        ),
        (
            json!({"constraint": with(yes["constraint"].clone(), json!({"anchor": -1}))}),
            "anchor_out_of_range",
            "from behind -1 tokens",
        ),
    ] {
        let (status, answer) = client.post("/api/step", &with(yes.clone(), extra)).await;
        assert_eq!((status.as_u16(), answer["code"].as_str().unwrap()), (400, code), "{answer}");
        let detail = answer["detail"].as_str().unwrap();
        assert!(detail.contains(part), "{answer}");
        // Sentences count from 1, and programs need not read them.
        let counted = |index: u64| detail.contains(&format!("token {} of", index + 1));
        assert_eq!(answer.get("token_index").is_some(), code == "constraint_violated");
        assert!(answer["token_index"].as_u64().is_none_or(counted), "{answer}");
    }
    // From an anchor on, what came before does not matter.
    let anchored = json!({"completion_ids": [5, 5], "constraint": with(yes["constraint"].clone(), json!({"anchor": 2}))});
    let answer = client.ok("/api/preview", with(yes.clone(), anchored)).await;
    assert_eq!(answer["grammar"]["legal_tokens"], preview["grammar"]["legal_tokens"]);
    assert_eq!(answer["grammar"]["history"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn only_a_preview_that_wants_nothing_but_tokens_goes_without_its_constraint() {
    let client = Client::with_model().await;
    let request = with(body("multiple_choice", "the end"), json!({"tokens_only": true}));
    let preview = client.ok("/api/preview", request.clone()).await;
    assert_eq!((&preview["dist"], &preview["grammar"]), (&Value::Null, &Value::Null));
    let (status, answer) =
        client.post("/api/step", &with(request, json!({"force_token_id": 5}))).await;
    assert_eq!((status.as_u16(), &answer["code"]), (400, &json!("forced_token_invalid")));
}

#[tokio::test]
async fn choices_are_products_of_steps() {
    let client = Client::with_model().await;
    // The name of a special token is text like any other.
    let texts = ["the end", "the thing", "end", "the", "<|im_end|>"];
    let request = body("multiple_choice", &texts.join("\n"));
    let answer = client.ok("/api/constraint/choices", request.clone()).await;
    let choices = answer["choices"].as_array().unwrap();
    let found: Vec<&str> = choices.iter().map(|choice| choice["text"].as_str().unwrap()).collect();
    assert_eq!(found, texts);
    let total: f64 = choices.iter().map(|choice| choice["p"].as_f64().unwrap()).sum();
    for choice in choices {
        let tokens = choice["tokens"].as_array().unwrap();
        assert!(tokens.iter().all(|token| token["special"] == false), "{choice}");
        let ids = tokens.iter().map(|token| token["id"].clone()).chain([json!(2)]);
        let (mut product, mut completion) = (1.0, json!([]));
        for id in ids {
            let at = json!({"completion_ids": completion, "force_token_id": id});
            let step = client.ok("/api/step", with(request.clone(), at)).await;
            let rows = step["dist"]["tokens"].as_array().unwrap();
            let row = rows.iter().find(|row| row["id"] == id).unwrap();
            product *= row["p_base"].as_f64().unwrap();
            completion = step["new_completion_ids"].clone();
        }
        let p = choice["p"].as_f64().unwrap();
        assert!((p - product).abs() <= 1e-6 * p, "{choice}: {product}");
        let share = choice["p_normalised"].as_f64().unwrap();
        assert!((share - p / total).abs() < 1e-9);
    }
    let (status, error) = client.post("/api/constraint/choices", &body("regex", "a")).await;
    assert_eq!((status.as_u16(), error["code"].as_str().unwrap()), (400, "no_choices"));
}
