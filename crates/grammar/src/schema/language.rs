//! Sets of texts: regular languages, their intersections, unions and complements.
//!
//! A language is written as a terminal of a grammar in Lark's notation, and can be asked here whether it is empty
//! and whether a text is in it.

use std::collections::HashMap;
use std::rc::Rc;

use llguidance::derivre::{ExprRef, Regex, RegexAst, RegexBuilder};

/// Work that asking about a language may take; what takes more is taken for not empty.
const MOST_WORK: u64 = 300_000;

/// A regular language. Those that were made alike are equal.
#[derive(Debug, Clone)]
pub(super) struct Language {
    tree: Rc<Tree>,
    id: ExprRef,
}

#[derive(Debug)]
enum Tree {
    Nothing,
    Regex(String),
    Not(Language),
    And(Vec<Language>),
    Or(Vec<Language>),
}

impl PartialEq for Language {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Language {
    /// Equal for equal languages.
    pub(super) fn id(&self) -> ExprRef {
        self.id
    }

    /// In Lark's notation, to the right of a terminal's name.
    pub(super) fn terminal(&self) -> String {
        let join = |parts: &[Language], by: &str| {
            let parts: Vec<String> = parts.iter().map(Language::terminal).collect();
            format!("({})", parts.join(by))
        };
        match &*self.tree {
            Tree::Nothing => "/[^\\s\\S]/".into(),
            // A slash would end it.
            Tree::Regex(pattern) => format!("/{}/", pattern.replace('/', "\\x2f")),
            Tree::Not(inner) => format!("~({})", inner.terminal()),
            Tree::And(parts) => join(parts, " & "),
            Tree::Or(parts) => join(parts, " | "),
        }
    }
}

/// Where languages are made and compared.
pub(super) struct Languages {
    builder: RegexBuilder,
    empty: HashMap<ExprRef, bool>,
    /// Those that were asked for texts. Each has a copy of all expressions, so it is made once.
    matchers: HashMap<ExprRef, Regex>,
}

impl Languages {
    pub(super) fn new() -> Self {
        Languages { builder: RegexBuilder::new(), empty: HashMap::new(), matchers: HashMap::new() }
    }

    fn make(&mut self, tree: Tree) -> Language {
        let refer =
            |parts: &[Language]| parts.iter().map(|part| RegexAst::ExprRef(part.id)).collect();
        let ast = match &tree {
            Tree::Nothing => RegexAst::NoMatch,
            Tree::Regex(pattern) => RegexAst::Regex(pattern.clone()),
            Tree::Not(inner) => RegexAst::Not(Box::new(RegexAst::ExprRef(inner.id))),
            Tree::And(parts) => RegexAst::And(refer(parts)),
            Tree::Or(parts) => RegexAst::Or(refer(parts)),
        };
        let id = self.builder.mk(&ast).expect("patterns are made here, or were parsed before");
        Language { tree: Rc::new(tree), id }
    }

    pub(super) fn nothing(&mut self) -> Language {
        self.make(Tree::Nothing)
    }

    /// The texts that a pattern matches as a whole, in the syntax of the regex crate.
    pub(super) fn regex(&mut self, pattern: String) -> Language {
        self.make(Tree::Regex(pattern))
    }

    /// The same for a pattern that was written by somebody else. None if it has parts that are not regular.
    pub(super) fn written(&mut self, pattern: &str) -> Option<Language> {
        let id = self.builder.mk(&RegexAst::Regex(pattern.to_owned())).ok()?;
        Some(Language { tree: Rc::new(Tree::Regex(pattern.to_owned())), id })
    }

    pub(super) fn not(&mut self, language: &Language) -> Language {
        self.make(Tree::Not(language.clone()))
    }

    pub(super) fn and(&mut self, a: &Language, b: &Language) -> Language {
        if a == b { a.clone() } else { self.make(Tree::And(vec![a.clone(), b.clone()])) }
    }

    pub(super) fn minus(&mut self, a: &Language, b: &Language) -> Language {
        let not = self.not(b);
        self.and(a, &not)
    }

    pub(super) fn or(&mut self, parts: Vec<Language>) -> Language {
        let mut different: Vec<Language> = Vec::new();
        for part in parts {
            if !matches!(*part.tree, Tree::Nothing) && !different.contains(&part) {
                different.push(part);
            }
        }
        match different.len() {
            0 => self.nothing(),
            1 => different.remove(0),
            _ => self.make(Tree::Or(different)),
        }
    }

    /// Whether no text is in it.
    pub(super) fn is_empty(&mut self, language: &Language) -> bool {
        if let Some(known) = self.empty.get(&language.id) {
            return *known;
        }
        let regex = self.builder.to_regex_limited(language.id, MOST_WORK);
        let is_empty = regex.is_ok_and(|mut regex| regex.always_empty());
        self.empty.insert(language.id, is_empty);
        is_empty
    }

    pub(super) fn has(&mut self, language: &Language, text: &str) -> bool {
        let builder = &self.builder;
        let make = || builder.to_regex(language.id);
        self.matchers.entry(language.id).or_insert_with(make).is_match(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn emptiness_and_membership_are_exact() {
        let mut languages = Languages::new();
        let even = languages.regex("(?:aa)*".into());
        let odd = languages.regex("a(?:aa)*".into());
        let all = languages.regex("a*".into());
        let both = languages.and(&even, &odd);
        assert!(languages.is_empty(&both) && !languages.is_empty(&even));
        let either = languages.or(vec![even.clone(), odd.clone()]);
        let rest = languages.minus(&all, &either);
        assert!(languages.is_empty(&rest));
        let not_even = languages.minus(&all, &even);
        for (text, expected) in
            [("", false), ("a", true), ("aa", false), ("aaa", true), ("b", false)]
        {
            assert_eq!(languages.has(&not_even, text), expected, "{text}");
        }
        assert_eq!(not_even.terminal(), "(/a*/ & ~(/(?:aa)*/))");
        let slash = languages.regex("/".into());
        assert_eq!(slash.terminal(), "/\\x2f/");
        let nothing = languages.nothing();
        assert!(languages.is_empty(&nothing));
    }
}
