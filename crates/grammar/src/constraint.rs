//! What people write to constrain a completion.

use std::fmt;

/// How a constraint is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// One of several texts.
    MultipleChoice,
    /// A regular expression, matched from the first byte to the last.
    Regex,
    /// A context-free grammar in the variant of Lark's notation that llguidance reads.
    Cfg,
    /// A JSON schema.
    JsonSchema,
}

impl Kind {
    /// All of them, in the order in which they are offered.
    pub const ALL: [Kind; 4] = [Kind::MultipleChoice, Kind::Regex, Kind::Cfg, Kind::JsonSchema];

    /// The name in requests.
    pub fn name(self) -> &'static str {
        match self {
            Kind::MultipleChoice => "multiple_choice",
            Kind::Regex => "regex",
            Kind::Cfg => "cfg",
            Kind::JsonSchema => "json_schema",
        }
    }

    /// What the page calls it.
    pub fn label(self) -> &'static str {
        match self {
            Kind::MultipleChoice => "Multiple choice",
            Kind::Regex => "Regex",
            Kind::Cfg => "CFG",
            Kind::JsonSchema => "JSON schema",
        }
    }

    /// The kind of that name; spaces around it and upper case do not matter.
    pub fn from_name(name: &str) -> Option<Self> {
        let name = name.trim().to_lowercase();
        Kind::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// White space between the parts of a JSON document. It matters to schemas only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Whitespace {
    /// At most one space at each place, so that a model cannot go on with it for ever.
    #[default]
    Single,
    /// As JSON allows it.
    Flexible,
}

/// A constraint as it was written. Nothing about it has been checked yet.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Constraint {
    /// How it is written.
    pub kind: Kind,
    /// The choices, pattern, grammar or schema.
    pub text: String,
    /// White space in JSON.
    pub whitespace: Whitespace,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_people_type_them() {
        for (name, kind) in [
            ("multiple_choice", Some(Kind::MultipleChoice)),
            (" Regex ", Some(Kind::Regex)),
            ("CFG", Some(Kind::Cfg)),
            ("json_schema", Some(Kind::JsonSchema)),
            ("json", None),
            ("", None),
        ] {
            assert_eq!(Kind::from_name(name), kind, "{name:?}");
        }
    }
}
