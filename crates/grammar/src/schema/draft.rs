//! The versions of JSON Schema, as far as they differ.

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Draft {
    Draft4,
    Draft6,
    Draft7,
    Draft201909,
    Draft202012,
}

impl Draft {
    /// By what `$schema` says; none if it is none of these.
    pub(super) fn of(address: &str) -> Option<Self> {
        let address = address.trim_end_matches('#');
        let name = address.split_once("://json-schema.org/")?.1;
        Some(match name {
            "draft-04/schema" => Draft::Draft4,
            "draft-06/schema" => Draft::Draft6,
            "draft-07/schema" => Draft::Draft7,
            "draft/2019-09/schema" => Draft::Draft201909,
            "draft/2020-12/schema" => Draft::Draft202012,
            _ => return None,
        })
    }

    /// The keyword for a schema's address.
    pub(super) fn id(self) -> &'static str {
        if self == Draft::Draft4 { "id" } else { "$id" }
    }

    /// Whether keywords beside `$ref` count for nothing.
    pub(super) fn ref_stands_alone(self) -> bool {
        self <= Draft::Draft7
    }

    /// Whether `items` may be a list, and `additionalItems` be about the others.
    pub(super) fn lists_items(self) -> bool {
        self <= Draft::Draft201909
    }

    /// Whether exclusive bounds are said with true and false.
    pub(super) fn has_exclusive_flags(self) -> bool {
        self == Draft::Draft4
    }
}
