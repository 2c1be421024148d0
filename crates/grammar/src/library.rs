//! Constraints to begin with: what the page shows before anybody has written one.

use crate::Kind;

/// A constraint to try.
#[derive(Debug, Clone, Copy)]
pub struct Example {
    /// What it is called.
    pub label: &'static str,
    /// How it is written.
    pub kind: Kind,
    /// The constraint.
    pub text: &'static str,
    /// What to look at.
    pub explanation: &'static str,
}

impl Kind {
    /// The constraint of this kind that an editor begins with.
    pub fn first_text(self) -> &'static str {
        match self {
            Kind::MultipleChoice => "yes\nno\nmaybe",
            Kind::Regex => "(yes|no)",
            Kind::Cfg => "start: \"yes\" | \"no\"",
            Kind::JsonSchema => {
                "{\n  \"type\": \"object\",\n  \"properties\": {\n    \"answer\": { \"type\": \"string\" }\n  },\
                 \n  \"required\": [\"answer\"],\n  \"additionalProperties\": false\n}"
            }
        }
    }

    /// What an empty editor of this kind says.
    pub fn placeholder(self) -> &'static str {
        match self {
            Kind::MultipleChoice => "one choice per line, or a JSON list of texts",
            Kind::Regex => "a regular expression, such as [0-9]{3}",
            Kind::Cfg => "a grammar in Lark's notation, such as start: \"a\" start | \"b\"",
            Kind::JsonSchema => "a JSON schema object",
        }
    }

    /// What a constraint of this kind does.
    pub fn explanation(self) -> &'static str {
        match self {
            Kind::MultipleChoice => "The completion is exactly one of the choices.",
            Kind::Regex => "The whole completion matches the regular expression.",
            Kind::Cfg => "The completion is a text of the grammar, from its rule start.",
            Kind::JsonSchema => "The completion is a JSON document that the schema allows.",
        }
    }
}

/// The examples, simple ones first.
pub const EXAMPLES: &[Example] = &[
    Example {
        label: "Yes or no",
        kind: Kind::MultipleChoice,
        text: "Yes\nNo",
        explanation: "Capital letters and spaces are other tokens: see what the model would rather say.",
    },
    Example {
        label: "Date",
        kind: Kind::Regex,
        text: "(19|20)[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])",
        explanation: "An ISO date. The dashes are forced.",
    },
    Example {
        label: "Phone number",
        kind: Kind::Regex,
        text: "\\+[1-9][0-9]{0,2}( [0-9]{2,4}){2,4}",
        explanation: "With a country code; after the second group it may end at every digit.",
    },
    Example {
        label: "E-mail address",
        kind: Kind::Regex,
        text: "[a-z0-9]+([._-][a-z0-9]+)*@[a-z0-9-]+(\\.[a-z]{2,6}){1,2}",
        explanation: "Watch the legal mass: the model does not know that an address is wanted.",
    },
    Example {
        label: "Arithmetic",
        kind: Kind::Cfg,
        text: "start: sum\nsum: product ((\"+\" | \"-\") product)*\nproduct: value ((\"*\" | \"/\") value)*\nvalue: NUMBER | \"(\" sum \")\"\nNUMBER: /[0-9]+(\\.[0-9]+)?/\n%ignore / /\n",
        explanation: "Brackets nest as deeply as the model likes, which no regular expression can say.",
    },
    Example {
        label: "SQL subset",
        kind: Kind::Cfg,
        text: "start: \"SELECT \" columns \" FROM \" NAME (\" WHERE \" condition)? (\" LIMIT \" NUMBER)? \";\"\ncolumns: \"*\" | NAME (\", \" NAME)*\ncondition: comparison ((\" AND \" | \" OR \") comparison)*\ncomparison: NAME \" \" OPERATOR \" \" (NUMBER | TEXT)\nOPERATOR: \"=\" | \"<\" | \">\" | \"<>\" | \"LIKE\"\nNAME: /[a-z_][a-z0-9_]{0,30}/\nNUMBER: /[0-9]{1,9}/\nTEXT: /'[^'\\n]{0,40}'/\n",
        explanation: "Keywords are forced as soon as their first letter is there.",
    },
    Example {
        label: "Person",
        kind: Kind::JsonSchema,
        text: "{\n  \"type\": \"object\",\n  \"properties\": {\n    \"name\": { \"type\": \"string\", \"maxLength\": 40 },\n    \"age\": { \"type\": \"integer\", \"minimum\": 0, \"maximum\": 130 },\n    \"email\": { \"type\": \"string\", \"pattern\": \"^[a-z0-9.]{1,30}@[a-z0-9-]{1,20}\\\\.[a-z]{2,6}$\" },\n    \"student\": { \"type\": \"boolean\" }\n  },\n  \"required\": [\"name\", \"age\", \"email\", \"student\"],\n  \"additionalProperties\": false\n}",
        explanation: "Names of properties are forced; only their values are the model's.",
    },
    Example {
        label: "Nested list",
        kind: Kind::JsonSchema,
        text: "{\n  \"type\": \"array\",\n  \"minItems\": 1,\n  \"maxItems\": 3,\n  \"items\": {\n    \"type\": \"object\",\n    \"properties\": {\n      \"title\": { \"type\": \"string\", \"maxLength\": 30 },\n      \"tags\": {\n        \"type\": \"array\",\n        \"maxItems\": 3,\n        \"items\": { \"enum\": [\"red\", \"green\", \"blue\"] }\n      }\n    },\n    \"required\": [\"title\", \"tags\"],\n    \"additionalProperties\": false\n  }\n}",
        explanation: "The path tells where in the document the model is.",
    },
];
