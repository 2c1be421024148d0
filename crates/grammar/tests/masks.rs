//! Masks against what is legal by definition: a token is, if some text of the language begins with the
//! completion and the token.

use tokenscope_grammar::{Constraint, EXAMPLES, Forced, Grammars, Kind, Position, Whitespace};
use tokenscope_tokens::{GgufVocabulary, TokenId, TokenKind, TokenMask, Tokenizer};

/// Every byte, the end, a marker, and tokens that split the texts of these tests in many ways.
fn tokenizer() -> Tokenizer {
    let longer = [
        "ab", "abc", "bc", "ca", "((", "))", "()", ")(", "true", "[t", "ue", ", ", "],", "{\"",
        "\":", "\": ", "\"x", "x\":", "}}", "0", "00", "01", "yes", "no", "ye", "s\n",
    ];
    let mut tokens: Vec<String> = (0..=255u8).map(|byte| format!("<0x{byte:02X}>")).collect();
    let mut kinds = vec![TokenKind::Byte; 256];
    tokens.extend(longer.map(|word| word.replace(' ', "\u{2581}")));
    kinds.resize(tokens.len(), TokenKind::Normal);
    tokens.extend(["<end>", "<unk>", "a"].map(String::from));
    kinds.extend([TokenKind::Control, TokenKind::Unknown, TokenKind::Normal]);
    let end = TokenId(tokens.len() as u32 - 3);
    let source = GgufVocabulary {
        model: "llama".into(),
        scores: (0..tokens.len()).map(|id| id as f32).collect(),
        tokens,
        kinds,
        eos: Some(end),
        add_space_prefix: Some(false),
        ..GgufVocabulary::default()
    };
    Tokenizer::from_gguf(&source).unwrap()
}

fn constraint(kind: Kind, text: &str) -> Constraint {
    Constraint { kind, text: text.into(), whitespace: Whitespace::Single }
}

/// All texts over an alphabet, up to a length.
fn texts(alphabet: &str, longest: usize) -> Vec<String> {
    let mut all = vec![String::new()];
    let mut last = all.clone();
    for _ in 0..longest {
        last = last
            .iter()
            .flat_map(|text| alphabet.chars().map(move |c| format!("{text}{c}")))
            .collect();
        all.extend_from_slice(&last);
    }
    all
}

/// A language of finitely many texts, none longer than `longest`.
struct Language(Vec<Vec<u8>>);

impl Language {
    fn of_regex(pattern: &str, alphabet: &str, longest: usize) -> Self {
        let regex = regex::Regex::new(&format!("^(?:{pattern})$")).unwrap();
        let texts = texts(alphabet, longest).into_iter().filter(|text| regex.is_match(text));
        Language(texts.map(String::into_bytes).collect())
    }

    fn balanced(longest: usize) -> Self {
        let is_balanced = |text: &String| {
            let depths = text.chars().scan(0i32, |depth, c| {
                *depth += if c == '(' { 1 } else { -1 };
                Some(*depth)
            });
            let depths: Vec<i32> = depths.collect();
            depths.iter().all(|depth| *depth >= 0) && depths.last().is_none_or(|depth| *depth == 0)
        };
        let texts = texts("()", longest).into_iter().filter(is_balanced);
        Language(texts.map(String::into_bytes).collect())
    }

    fn has_beginning(&self, text: &[u8]) -> bool {
        self.0.iter().any(|word| word.starts_with(text))
    }

    fn has(&self, text: &[u8]) -> bool {
        self.0.iter().any(|word| word == text)
    }
}

/// Deterministic luck (Knuth's MMIX generator).
struct Luck(u64);

impl Luck {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.0 >> 33) as usize % n
    }
}

/// Checks the mask after many completions. Those longer than `longest` bytes are left out, for
/// languages of which only the shorter texts are known.
fn check(constraint: &Constraint, language: &Language, longest: usize) {
    let tokenizer = tokenizer();
    let vocabulary = tokenizer.vocabulary();
    let mut grammars = Grammars::new(&tokenizer, vocabulary.len() + 7, None);
    let mut luck = Luck(1);
    for _ in 0..60 {
        let (mut completion, mut text) = (Vec::new(), Vec::new());
        while text.len() < longest {
            let position = grammars.position(&tokenizer, constraint, &completion).unwrap();
            let mut legal = Vec::new();
            for id in (0..vocabulary.len() as u32 + 7).map(TokenId) {
                let longer = [&text[..], vocabulary.bytes(id)].concat();
                let expected = if tokenizer.is_end(id) {
                    language.has(&text)
                } else {
                    !vocabulary.is_special(id) && longer != text && language.has_beginning(&longer)
                };
                let known = longer.len() <= longest;
                let found = position.mask.allows(id);
                assert!(
                    !known || found == expected,
                    "{constraint:?}: {:?} after {:?} is {found}",
                    vocabulary.text(id),
                    String::from_utf8_lossy(&text)
                );
                legal.extend(Some(id).filter(|_| found && known));
            }
            assert_eq!(position.may_end, language.has(&text), "{text:?}");
            if legal.is_empty() {
                break;
            }
            let id = legal[luck.below(legal.len())];
            if tokenizer.is_end(id) {
                break;
            }
            text.extend_from_slice(vocabulary.bytes(id));
            completion.push(id);
        }
    }
}

#[test]
fn a_mask_allows_exactly_the_tokens_with_which_some_text_goes_on() {
    for (kind, text, language, longest) in [
        (Kind::Regex, "(ab|abc){1,3}", Language::of_regex("(ab|abc){1,3}", "abc", 9), 10),
        (Kind::Regex, "^a?b?c?$", Language::of_regex("a?b?c?", "abc", 3), 4),
        (
            Kind::Regex,
            "[01]{2,4}|yes\n?",
            Language(
                Language::of_regex("[01]{2,4}", "01", 4)
                    .0
                    .into_iter()
                    .chain([b"yes".to_vec(), b"yes\n".to_vec()])
                    .collect(),
            ),
            5,
        ),
        (
            Kind::MultipleChoice,
            "yes\nno\nyes no\ny(e)s",
            Language(["yes", "no", "yes no", "y(e)s"].map(|word| word.as_bytes().to_vec()).into()),
            8,
        ),
        (Kind::Cfg, "start: s\ns: | s \"(\" s \")\"", Language::balanced(16), 8),
        (
            Kind::JsonSchema,
            r#"{"enum": ["x", true, [true]]}"#,
            Language(
                ["\"x\"", "true", "[true]", "[ true]", "[true ]", "[ true ]"]
                    .map(|word| word.as_bytes().to_vec())
                    .into(),
            ),
            9,
        ),
        (Kind::Regex, "é|ab", Language(vec!["é".into(), b"ab".to_vec()]), 4),
    ] {
        check(&constraint(kind, text), &language, longest);
    }
}

/// All that is said about a position but how long it took.
fn facts(position: &Position) -> (&TokenMask, usize, bool, bool, Option<&Forced>) {
    let Position { mask, n_legal, may_end, has_ended, forced, .. } = position;
    (mask, *n_legal, *may_end, *has_ended, forced.as_ref())
}

#[test]
fn going_back_and_forth_is_the_same_as_starting_anew() {
    let tokenizer = tokenizer();
    for (kind, text) in [
        (Kind::Regex, "(ab|abc|0|01){1,9}"),
        (Kind::Cfg, "start: s\ns: | s \"(\" s \")\""),
        (
            Kind::JsonSchema,
            r#"{"type": "object", "properties": {"x": {"type": "array", "items": {"type": "integer"}}}}"#,
        ),
    ] {
        let constraint = constraint(kind, text);
        let mut grammars = Grammars::new(&tokenizer, tokenizer.vocabulary().len(), None);
        let mut luck = Luck(7);
        let mut completion: Vec<TokenId> = Vec::new();
        for _ in 0..60 {
            completion.truncate(luck.below(completion.len() + 1));
            for _ in 0..luck.below(4) {
                let position = grammars.position(&tokenizer, &constraint, &completion).unwrap();
                let legal: Vec<TokenId> = (0..tokenizer.vocabulary().len() as u32)
                    .map(TokenId)
                    .filter(|id| position.mask.allows(*id))
                    .collect();
                if legal.is_empty() || position.has_ended {
                    break;
                }
                completion.push(legal[luck.below(legal.len())]);
            }
            let found = grammars.position(&tokenizer, &constraint, &completion).unwrap();
            let anew = {
                let mut grammars = Grammars::new(&tokenizer, tokenizer.vocabulary().len(), None);
                grammars.position(&tokenizer, &constraint, &completion).unwrap()
            };
            assert_eq!(facts(&found), facts(&anew), "{completion:?}");
        }
    }
}

#[test]
fn a_violation_is_told_with_its_token_and_byte() {
    let tokenizer = tokenizer();
    let ids = |text: &str| tokenizer.encode(text).unwrap();
    let end = tokenizer.eos().unwrap();
    let mut grammars = Grammars::new(&tokenizer, tokenizer.vocabulary().len(), None);
    let yes_or_no = constraint(Kind::MultipleChoice, "yes\nno");
    for (completion, message) in [
        (
            ids("yab"),
            "token 2 of the completion, \"ab\" (id 256), is none that the grammar allows there.",
        ),
        (
            ids("yes\n"),
            "token 2 of the completion, \"s\\n\" (id 281), fits the grammar with its first byte only.",
        ),
        (
            vec![end],
            "token 1 of the completion, \"<end>\" (id 282), is none that the grammar allows there.",
        ),
        (
            [ids("no"), vec![end, end]].concat(),
            "token 3 of the completion, \"<end>\" (id 282), comes after the end of what the grammar allows.",
        ),
        (
            [ids("no"), vec![end], ids("no")].concat(),
            "token 3 of the completion, \"no\" (id 279), comes after the end of what the grammar allows.",
        ),
    ] {
        let error = grammars.position(&tokenizer, &yes_or_no, &completion).unwrap_err();
        let expected = format!("Failed to apply constrained sampling (multiple_choice): {message}");
        assert_eq!(error.to_string(), expected);
        // And it goes on.
        assert_eq!(grammars.position(&tokenizer, &yes_or_no, &[]).unwrap().n_legal, 5);
    }
    let after_end = [ids("no"), vec![end]].concat();
    let position = grammars.position(&tokenizer, &yes_or_no, &after_end).unwrap();
    assert!(position.has_ended && position.mask.only() == Some(end));
    let counts = grammars.legal_bytes(&tokenizer, &yes_or_no, &ids("ye"), &ids("s\nabyes<end>"));
    assert_eq!(counts.unwrap(), [1, 0, 0, 0]);
}

#[test]
fn what_is_forced_is_told_as_text_and_as_tokens() {
    let tokenizer = tokenizer();
    let mut grammars = Grammars::new(&tokenizer, tokenizer.vocabulary().len(), None);
    let object = r#"{"type":"object","properties":{"xy":{"enum":["q"]}},"required":["xy"],"additionalProperties":false}"#;
    for (kind, text, completion, forced) in [
        (Kind::MultipleChoice, "yes\nno", "", None),
        (Kind::MultipleChoice, "yes\nno", "y", Some(("es", &["e", "s"][..]))),
        (Kind::MultipleChoice, "yes\nno", "yes", Some(("<end>", &["<end>"]))),
        // `"` might be `"x`, were it known what follows.
        (Kind::JsonSchema, r#"{"enum": ["x", "y"]}"#, "", Some(("\"", &[]))),
        (Kind::Regex, "ab(c|d)", "", Some(("ab", &[]))),
        (Kind::Regex, "(ca|cb)0", "", Some(("c", &[]))),
        (Kind::Regex, "b(b|0)", "", Some(("b", &["b"]))),
        (Kind::JsonSchema, object, "{\"xy\"", None),
    ] {
        let constraint = constraint(kind, text);
        let completion = tokenizer.encode(completion).unwrap();
        let position = grammars.position(&tokenizer, &constraint, &completion).unwrap();
        let found = position.forced.as_ref().map(|forced| {
            let tokens =
                forced.tokens.iter().map(|id| tokenizer.vocabulary().text(*id).into_owned());
            (forced.text.clone(), tokens.collect())
        });
        let expected = forced.map(|(text, tokens)| {
            (text.to_owned(), tokens.iter().map(|token| (*token).to_owned()).collect::<Vec<_>>())
        });
        assert_eq!(found, expected, "{text} {completion:?}");
    }
}

#[test]
fn every_example_can_be_used_and_begun() {
    let tokenizer = tokenizer();
    let mut grammars = Grammars::new(&tokenizer, tokenizer.vocabulary().len(), None);
    let examples = EXAMPLES.iter().map(|example| (example.kind, example.text));
    for (kind, text) in examples.chain(Kind::ALL.map(|kind| (kind, kind.first_text()))) {
        let constraint = constraint(kind, text);
        let position = grammars.position(&tokenizer, &constraint, &[]).unwrap();
        assert!(position.n_legal > 0 && !position.may_end, "{text}");
        assert_eq!(grammars.warnings(&constraint).unwrap(), [""; 0], "{text}");
    }
}
