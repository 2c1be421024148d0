//! Special tokens that files give in two ways: looked for in text as it stands, and in normalized text.

use std::collections::HashMap;

use serde_json::Value;
use tokenizers::AddedToken;

/// What to add to an encoder that has the tokens `known` by their texts, so that all that are `new` are
/// looked for as with transformers 4.57.6.
///
/// Its tokenizers 0.22 goes on looking for the first version of a special token, and for versions that were
/// not special before that, whatever is said later of how to look for it: the last version says only what is
/// done with white space around it. The version of that crate here knows the last one alone. So each token is
/// added once, and where the versions it stands for are looked for both in the text as it stands and in
/// normalized text, the first is enough if normalizing makes no such token of other text.
///
/// # Errors
/// A token that would have to be looked for both ways.
pub(super) fn settled(
    known: &HashMap<&str, &AddedToken>,
    new: Vec<AddedToken>,
    normalizer: &Value,
) -> Result<Vec<AddedToken>, String> {
    // In the order in which they first come, which is that of their ids.
    let mut texts: Vec<String> = Vec::new();
    let mut versions: HashMap<String, Vec<AddedToken>> = HashMap::new();
    for token in new {
        let versions = versions.entry(token.content.clone()).or_insert_with_key(|text| {
            texts.push(text.clone());
            Vec::new()
        });
        if !versions.contains(&token) {
            versions.push(token);
        }
    }
    let mut settled = Vec::new();
    for text in texts {
        let (known, new) = (known.get(&*text).copied(), &versions[&text]);
        let Some(last) = new.iter().rfind(|token| Some(*token) != known) else { continue };
        let looked_for: Vec<&AddedToken> = match (known, new.iter().find(|token| token.special)) {
            (Some(known), _) if known.special => vec![known],
            (known, Some(special)) => known.into_iter().chain([special]).collect(),
            (known, None) => known.into_iter().chain(new).collect(),
        };
        let mut normalized = looked_for[0].normalized;
        if looked_for.iter().any(|token| token.normalized != normalized) {
            if !comes_of_itself_only(&text, normalizer) {
                return Err(format!(
                    "{text:?} is to be looked for in normalized text by one file and not by another \
                     (\"normalized\"), which is not supported with a normalizer that may change letters"
                ));
            }
            normalized = false;
        }
        settled.push(last.clone().normalized(normalized));
    }
    Ok(settled)
}

/// Whether normalized text has this text in it only where the text before had it.
fn comes_of_itself_only(text: &str, normalizer: &Value) -> bool {
    match normalizer["type"].as_str() {
        None => normalizer.is_null(),
        Some("Sequence") => {
            let mut steps = normalizer["normalizers"].as_array().into_iter().flatten();
            steps.all(|step| comes_of_itself_only(text, step))
        }
        Some("Prepend") => !text.contains(normalizer["prepend"].as_str().unwrap_or_default()),
        Some("Replace") => {
            let is_space = normalizer["pattern"]["String"] == " " && normalizer["content"] == "▁";
            is_space && !text.contains([' ', '▁'])
        }
        // Of the letters of ASCII only these are also written otherwise: as signs for a Greek question mark,
        // a Greek accent and a unit.
        Some("NFC") => text.is_ascii() && !text.contains([';', '`', 'K']),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_looked_for_both_ways_is_settled_or_refused() {
        let token = |text: &str, special: bool, normalized: bool| {
            AddedToken::from(text, special).normalized(normalized)
        };
        let space = json!({"type": "Replace", "pattern": {"String": " "}, "content": "▁"});
        let (nfc, lowercase) = (json!({"type": "NFC"}), json!({"type": "Lowercase"}));
        let both = json!({"type": "Sequence", "normalizers": [nfc, lowercase]});
        for (text, normalizer, is_refused) in [
            ("<e>", Value::Null, false),
            ("<e>", space.clone(), false),
            ("<e f>", space, true),
            ("<e>", nfc.clone(), false),
            ("<K>", nfc.clone(), true),
            ("<é>", nfc, true),
            ("<e>", lowercase, true),
            ("<e>", both, true),
        ] {
            // Special or not, and normalized or not: what is known, what is new, and how it is looked for;
            // none stands for both ways.
            for (known, new, expected) in [
                (Some((true, false)), &[(true, true)][..], Some(false)),
                (Some((true, true)), &[(false, false)], Some(true)),
                (None, &[(true, true), (true, false)], Some(true)),
                (None, &[(true, false)], Some(false)),
                (Some((false, true)), &[(true, false)], None),
                (Some((false, false)), &[(true, true)], None),
                (Some((false, true)), &[(false, false)], None),
                (None, &[(false, true), (false, false)], None),
                (None, &[(false, true), (true, false)], Some(false)),
            ] {
                let known = known.map(|(special, normalized)| token(text, special, normalized));
                let known = known.iter().map(|token| (&*token.content, token)).collect();
                let new = new.iter().map(|&(special, normalized)| token(text, special, normalized));
                let found = settled(&known, new.collect(), &normalizer);
                let case = format!("{text:?} {normalizer} {known:?} {expected:?}");
                match found {
                    Err(_) => assert!(is_refused && expected.is_none(), "{case}"),
                    Ok(found) => {
                        assert!(!is_refused || expected.is_some(), "{case}");
                        let [found] = &found[..] else { panic!("{case}: {found:?}") };
                        assert_eq!(found.normalized, expected.unwrap_or(false), "{case}");
                    }
                }
            }
        }
    }

    #[test]
    fn of_several_versions_the_last_new_one_counts() {
        let plain = AddedToken::from("<e>", true);
        let (left, right) = (plain.clone().lstrip(true), plain.clone().rstrip(true));
        let known = HashMap::from([("<e>", &plain)]);
        for (new, expected) in [
            (vec![&plain], None),
            (vec![&left, &right], Some(&right)),
            (vec![&left, &plain], Some(&left)),
            (vec![&left, &right, &left], Some(&right)),
        ] {
            let found = settled(&known, new.into_iter().cloned().collect(), &Value::Null);
            assert_eq!(found.unwrap(), expected.into_iter().cloned().collect::<Vec<_>>());
        }
    }
}
