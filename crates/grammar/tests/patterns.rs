//! Regular expressions as constraints, beside the regex crate: a text is one of the constraint's, exactly if the
//! pattern matches the whole of it.

use regex::Regex;
use tokenscope_grammar::{Constraint, Grammars, Kind, Whitespace};
use tokenscope_tokens::{GgufVocabulary, TokenId, TokenKind, Tokenizer};

/// Every byte is a token.
fn tokenizer() -> Tokenizer {
    let mut tokens: Vec<String> = (0..=255u8).map(|byte| format!("<0x{byte:02X}>")).collect();
    let mut kinds = vec![TokenKind::Byte; 256];
    tokens.extend(["<end>", "<unk>"].map(String::from));
    kinds.extend([TokenKind::Control, TokenKind::Unknown]);
    let source = GgufVocabulary {
        model: "llama".into(),
        scores: vec![0.0; tokens.len()],
        eos: Some(TokenId(256)),
        add_space_prefix: Some(false),
        tokens,
        kinds,
        ..GgufVocabulary::default()
    };
    Tokenizer::from_gguf(&source).unwrap()
}

/// Constraints over bytes.
struct Bytes {
    tokenizer: Tokenizer,
    grammars: Grammars,
}

impl Bytes {
    fn new() -> Self {
        let tokenizer = tokenizer();
        let grammars = Grammars::new(&tokenizer, tokenizer.vocabulary().len(), None);
        Bytes { tokenizer, grammars }
    }

    /// Whether every byte of a text is legal, and then its end.
    fn accepts(&mut self, kind: Kind, written: &str, text: &str) -> bool {
        let constraint =
            Constraint { kind, text: written.into(), whitespace: Whitespace::default() };
        let start = self.grammars.position(&self.tokenizer, &constraint, &[]);
        start.unwrap_or_else(|error| panic!("{written:?}: {error}"));
        let completion: Vec<TokenId> = text.bytes().map(|byte| TokenId(byte.into())).collect();
        let position = self.grammars.position(&self.tokenizer, &constraint, &completion);
        position.is_ok_and(|position| position.may_end)
    }
}

/// All texts of up to three of these characters, and some more.
fn texts() -> Vec<String> {
    let mut all = vec![String::new()];
    let mut last = all.clone();
    for _ in 0..3 {
        last = last
            .iter()
            .flat_map(|text| "abA \n#".chars().map(move |c| format!("{text}{c}")))
            .collect();
        all.extend_from_slice(&last);
    }
    let more = [
        "abcabc", "aaaa", "a/b", "é", "É", "ſ", "K", "\u{212a}", "٣", "3", "\u{a0}", "\t", "\r\n",
        "\r", "\u{85}", "a\u{301}", "_", "-", "]", "[", "^", "$", "\\", "日本", "😀", "a b c",
        "a\nb\n",
    ];
    all.extend(more.map(String::from));
    all
}

/// The pattern, to be matched as a whole.
fn whole(pattern: &str) -> Regex {
    let whole = Regex::new(&format!(r"\A(?:{pattern})\z"));
    // A comment at its end would comment the bracket.
    whole.or_else(|_| Regex::new(&format!("\\A(?:{pattern}\n)\\z"))).unwrap()
}

#[test]
fn a_text_is_legal_exactly_if_the_regex_crate_matches_the_whole_of_it() {
    let (mut bytes, texts) = (Bytes::new(), texts());
    for pattern in [
        // White space is part of a pattern.
        " a",
        "a ",
        "\na",
        "a\n",
        " (a|b) ",
        "\ta",
        "a\r\n",
        " *",
        "[ ]a",
        "\\ a",
        "a[\n ]",
        // The verbose mode.
        "(?x)a b",
        "(?x) a b ",
        "(?x)a # b\nb",
        "(?x)a b # c",
        "(?x)a\\ b",
        "(?x)a\\#",
        "(?x)a[\\ ]b",
        "(?x: a b ) a",
        " (?x: a )",
        "(?ix) a b",
        "(?x)a (?-x) b",
        "(?x)(a (?-x) b) a",
        "(?x)a(?-x: )b",
        "(?x)\n  a   # one (\n  | b # other [\n",
        "(?x)a {2}",
        "(?x)a\\n b",
        "(?x)( a )( b )?",
        "(?x)a+ ?",
        "(?x-i) A",
        "(?x)",
        "(?x)\\x20a",
        "(?x) (?P<stop> a ) b",
        // Anchors.
        "^a$",
        "(?i)^a$",
        "(?m)^a$",
        "(?s)^a.b$",
        "(?im)^ab$",
        r"\Aa\z",
        r"(?i)\Aab\z",
        "^a|b$",
        "^(a|b)$",
        "(^a|^b)$",
        "(?i:^a$)",
        "(?m)^a|b$",
        "(|^)a",
        "^",
        "$",
        "^$",
        "(?x) ^ a $ ",
        "(?R)^a$",
        "(?mR)^a$",
        // Flags, and where they count.
        "(?i)ab",
        "a(?i)b",
        "(a(?i)b)A?",
        "(?i)a(?-i)b",
        "a(?i)|b",
        "(?s).",
        "(?s)a.",
        ".",
        "(?sR).",
        "(?R).",
        "(?U)a*b",
        "(?i)[a-b]+",
        "(?i)k",
        "(?i)s",
        "(?i)é",
        "(?-u:a)",
        r"(?-u:\w)",
        r"(?-u:\d)+",
        // Groups and repetitions.
        "(?P<n>a)b",
        "(?<n>a)b",
        "(?P<stop>a)b",
        "(a)(b)",
        "a{2}",
        "a{2,}",
        "a{1,2}",
        "a{0}b",
        "(?:a{2}){2}",
        "a{2}{2}",
        "a??b",
        "(a?)*",
        "()*a",
        "a||b",
        "(?:)",
        "a**",
        // Classes.
        r"\d",
        r"\w",
        r"\s",
        r"\D",
        r"\W",
        r"\S",
        r"\w+",
        r"\pL",
        r"\p{Lu}",
        r"\PN",
        "[[:alpha:]]+",
        "[^a]",
        "[]]",
        "[^]a]",
        "[a&&b]",
        "[a-b--b]",
        r"[\]\[\\^$-]",
        "[#]",
        "[ #]a",
        r"[^\n]",
        "[\u{85}/]",
        "é|日本",
        "😀",
        // Escapes, and what is special to a grammar around it.
        "a/b",
        r"a\/b",
        r"\x61",
        r"\u0061",
        r"\x{1F600}",
        r"\n",
        r"\t",
        "a\\\nb",
        r"\#",
        "\"",
        r"\\",
        r"\.|\$|\^",
    ] {
        let regex = whole(pattern);
        for text in &texts {
            let found = bytes.accepts(Kind::Regex, pattern, text);
            assert_eq!(found, regex.is_match(text), "{pattern:?} {text:?}");
        }
    }
}

/// Where the regex crate reads a pattern otherwise than Python does, or not at all, it is as in Python 3.12:
/// `re.fullmatch(pattern, text)`.
#[test]
fn what_only_python_writes_means_what_it_means_there() {
    let mut bytes = Bytes::new();
    for (pattern, text, expected) in [
        ("(?x)a[ ]b", "a b", true),
        ("(?x)a[ ]b", "ab", false),
        ("(?x) [a b] ", " ", true),
        ("(?x) [a b] ", "b", true),
        ("(?x) [a#b] # c", "#", true),
        ("(?x) [^ ] ", " ", false),
        ("(?x) [ -~]+ ", "a ~", true),
        ("(?x) [\n]", "\n", true),
        ("(?x) []\\ #] [ ]", "# ", true),
        (r"yes\Z", "yes", true),
        (r"(?x) yes \Z ", "yes", true),
        (r"yes\Z", "yes\n", false),
        (r"\A(yes|no\Z)", "no", true),
        ("a(?#one)b", "ab", true),
        ("a{,2}b", "b", true),
        ("a{,2}b", "aab", true),
        ("a{,2}b", "aaab", false),
        ("(?#only)", "", true),
        ("(?#( [ )a", "a", true),
        (r"[\]]\Z", "]", true),
    ] {
        assert_eq!(bytes.accepts(Kind::Regex, pattern, text), expected, "{pattern:?} {text:?}");
    }
}

#[test]
fn white_space_of_a_listed_choice_counts_and_that_around_a_line_does_not() {
    let mut bytes = Bytes::new();
    for (choices, text, expected) in [
        (r#"[" c", "d"]"#, " c", true),
        (r#"[" c", "d"]"#, "c", false),
        (r#"["c\n", "c"]"#, "c\n", true),
        (r#"[" ", "c"]"#, " ", true),
        (" c\nd ", "c", true),
        (" c\nd ", " c", false),
        ("(?x)a b", "(?x)a b", true),
    ] {
        assert_eq!(
            bytes.accepts(Kind::MultipleChoice, choices, text),
            expected,
            "{choices} {text:?}"
        );
    }
}
