//! Rules of a grammar: what can never be completed is left out, so that no mask leads there.

use std::collections::HashMap;

use llguidance::derivre::ExprRef;

use super::language::Language;

/// A rule, by its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct RuleId(usize);

#[derive(Debug, Clone)]
pub(super) enum Part {
    /// One of the signs between values.
    Sign(&'static str),
    Terminal(usize),
    /// A schema for llguidance, which knows multiples.
    Json(String),
    Rule(RuleId),
    /// A rule so many times.
    Repeat(RuleId, u64, Option<u64>),
}

pub(super) type Alternative = Vec<Part>;

#[derive(Default)]
pub(super) struct Rules {
    rules: Vec<Vec<Alternative>>,
    terminals: Vec<Language>,
    places: HashMap<ExprRef, usize>,
}

impl Rules {
    /// A rule that will be written later.
    pub(super) fn declare(&mut self) -> RuleId {
        self.rules.push(Vec::new());
        RuleId(self.rules.len() - 1)
    }

    pub(super) fn define(&mut self, rule: RuleId, alternatives: Vec<Alternative>) {
        self.rules[rule.0] = alternatives;
    }

    pub(super) fn add(&mut self, alternatives: Vec<Alternative>) -> RuleId {
        let rule = self.declare();
        self.define(rule, alternatives);
        rule
    }

    pub(super) fn len(&self) -> usize {
        self.rules.len()
    }

    pub(super) fn terminal(&mut self, language: &Language) -> Part {
        let next = self.terminals.len();
        let place = *self.places.entry(language.id()).or_insert(next);
        if place == next {
            self.terminals.push(language.clone());
        }
        Part::Terminal(place)
    }

    /// The grammar in Lark's notation. None if no text is in it.
    pub(super) fn lark(&self, start: RuleId) -> Option<String> {
        let productive = self.productive();
        if !productive[start.0] {
            return None;
        }
        let mut text = String::new();
        let (mut open, mut seen) = (vec![start], vec![false; self.rules.len()]);
        let mut terminals = vec![false; self.terminals.len()];
        seen[start.0] = true;
        while let Some(rule) = open.pop() {
            let mut alternatives: Vec<String> = Vec::new();
            for alternative in &self.rules[rule.0] {
                if !alternative.iter().all(|part| is_productive(part, &productive)) {
                    continue;
                }
                let mut parts = Vec::new();
                for part in alternative {
                    match part {
                        Part::Sign(sign) => parts.push(format!("\"{sign}\"")),
                        Part::Terminal(place) => {
                            terminals[*place] = true;
                            parts.push(format!("T{place}"));
                        }
                        Part::Json(schema) => parts.push(format!("%json {schema}")),
                        Part::Rule(rule) | Part::Repeat(rule, ..) => {
                            // What may come no times need not be possible.
                            if !productive[rule.0] {
                                continue;
                            }
                            if !std::mem::replace(&mut seen[rule.0], true) {
                                open.push(*rule);
                            }
                            let count = match part {
                                Part::Repeat(_, 0, None) => "*".into(),
                                Part::Repeat(_, 1, None) => "+".into(),
                                Part::Repeat(_, 0, Some(1)) => "?".into(),
                                Part::Repeat(_, min, None) => format!("{{{min},}}"),
                                Part::Repeat(_, min, Some(max)) => format!("{{{min},{max}}}"),
                                _ => String::new(),
                            };
                            parts.push(format!("r{}{count}", rule.0));
                        }
                    }
                }
                let written = if parts.is_empty() { "\"\"".into() } else { parts.join(" ") };
                if !alternatives.contains(&written) {
                    alternatives.push(written);
                }
            }
            text += &format!("r{}: {}\n", rule.0, alternatives.join("\n  | "));
        }
        for (place, terminal) in
            self.terminals.iter().enumerate().filter(|(place, _)| terminals[*place])
        {
            text += &format!("T{place}: {}\n", terminal.terminal());
        }
        Some(format!("start: r{}\n{text}", start.0))
    }

    /// For each rule whether some text follows from it.
    fn productive(&self) -> Vec<bool> {
        let mut productive = vec![false; self.rules.len()];
        loop {
            let mut has_changed = false;
            for (rule, alternatives) in self.rules.iter().enumerate() {
                let is_now = !productive[rule]
                    && alternatives
                        .iter()
                        .any(|parts| parts.iter().all(|part| is_productive(part, &productive)));
                if is_now {
                    productive[rule] = true;
                    has_changed = true;
                }
            }
            if !has_changed {
                return productive;
            }
        }
    }
}

fn is_productive(part: &Part, productive: &[bool]) -> bool {
    match part {
        Part::Sign(_) | Part::Terminal(_) | Part::Json(_) | Part::Repeat(_, 0, _) => true,
        Part::Rule(rule) | Part::Repeat(rule, ..) => productive[rule.0],
    }
}
