//! What a `tokenizer.json` says, as far as it is looked at before the tokenizers crate gets it.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

/// What is looked at before the tokenizers crate gets the file. Of merges, often half a million, that
/// is nothing.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Description {
    pub(super) added_tokens: Value,
    pub(super) normalizer: Value,
    pub(super) pre_tokenizer: Value,
    pub(super) decoder: Value,
    pub(super) padding: Value,
    pub(super) model: ModelDescription,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct ModelDescription {
    pub(super) r#type: Value,
    pub(super) dropout: Value,
    pub(super) unk_token: Value,
    pub(super) vocab: Ids,
}

/// The ids of a vocabulary, ascending, with their texts if these have ids of their own. (Unigram's
/// are their places in a list.)
#[derive(Default)]
pub(super) struct Ids(pub(super) Vec<(u64, String)>);

impl<'de> Deserialize<'de> for Ids {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct IdsVisitor;
        impl<'de> Visitor<'de> for IdsVisitor {
            type Value = Ids;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a vocabulary: ids by text, or a list of texts and scores")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Ids, A::Error> {
                let mut ids = Vec::new();
                while let Some((text, id)) = map.next_entry()? {
                    ids.push((id, text));
                }
                // Nearly always they are sorted already.
                ids.sort_by_key(|(id, _)| *id);
                Ok(Ids(ids))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Ids, A::Error> {
                let mut ids = Vec::new();
                while list.next_element::<IgnoredAny>()?.is_some() {
                    ids.push((ids.len() as u64, String::new()));
                }
                Ok(Ids(ids))
            }
        }
        deserializer.deserialize_any(IdsVisitor)
    }
}
