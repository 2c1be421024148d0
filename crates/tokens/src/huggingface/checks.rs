//! What a `tokenizer.json` may not ask for: building or encoding that is random, endless or huge.

use fancy_regex::Expr;
use serde_json::Value;
use tokenizers::{AddedToken, NormalizedString, Normalizer, NormalizerWrapper};

use super::description::Description;
use crate::markers::{MAX_MARKER_BYTES, MarkerBytes};
use crate::panics::caught;

/// Largest vocabulary; the largest of real models have 262,144 tokens.
///
/// Limit of tokenizers: tokens of a vocabulary; refused.
const MAX_TOKENS: u32 = 1 << 22;

/// Most times as long as it is that a normalizer may make a text.
///
/// Limit of tokenizers: times as long as it is that a normalizer makes a text; refused.
const MAX_GROWTH: f64 = 1000.0;

/// Refuses what would make building or encoding random, endless or huge. Numbers and names that do
/// not fit together are the tokenizers crate's to refuse.
pub(super) fn check(json: &Description) -> Result<(), String> {
    if json.model.dropout.as_f64().is_some_and(|dropout| dropout > 0.0) {
        return Err("it leaves out merges at random (dropout), which is not supported".into());
    }
    let ids = &json.model.vocab.0;
    if let Some(pair) = ids.windows(2).find(|pair| pair[0].0 == pair[1].0) {
        let [(id, one), (_, other)] = pair else { unreachable!("windows of two are pairs") };
        return Err(format!("{one:?} and {other:?} have the same id, {id}"));
    }
    if let Some((id, text)) = ids.last().filter(|(id, _)| *id >= u64::from(MAX_TOKENS)) {
        return Err(format!(
            "it gives {text:?} the id {id}, but only ids below {MAX_TOKENS} are supported"
        ));
    }
    if growth(&json.normalizer) > MAX_GROWTH {
        return Err(format!("its normalizer may make a text more than {MAX_GROWTH} times as long"));
    }
    for step in [&json.normalizer, &json.pre_tokenizer] {
        check_patterns(step)?;
    }
    let added = json.added_tokens.as_array().into_iter().flatten().map(|token| {
        let text = token["content"].as_str().unwrap_or_default();
        (text, token["normalized"] != false)
    });
    check_markers(&json.normalizer, added)
}

/// The same for tokens that the settings add.
pub(super) fn check_added(json: &Description, tokens: &[AddedToken]) -> Result<(), String> {
    let tokens = tokens.iter().map(|token| (&*token.content, token.normalized));
    check_markers(&json.normalizer, tokens)
}

/// Refuses added tokens (texts, and whether they are looked for in normalized text) that are too long: as
/// they stand, or as the normalizer makes them.
fn check_markers<'a>(
    normalizer: &Value,
    tokens: impl Iterator<Item = (&'a str, bool)>,
) -> Result<(), String> {
    let normalizer: Option<NormalizerWrapper> =
        caught(|| serde_json::from_value(normalizer.clone()))?;
    let mut marker_bytes = MarkerBytes::default();
    for (text, is_normalized) in tokens {
        let mut bytes = text.len();
        if let Some(normalizer) = &normalizer
            && is_normalized
            && bytes <= MAX_MARKER_BYTES
        {
            let mut normalized = NormalizedString::from(text);
            caught(|| normalizer.normalize(&mut normalized))?;
            bytes = bytes.max(normalized.get().len());
        }
        marker_bytes.add(bytes)?;
    }
    Ok(())
}

/// How many times as long a normalizer may make a text, at most.
fn growth(normalizer: &Value) -> f64 {
    let len = |text: &Value| text.as_str().map_or(0.0, |text| text.len() as f64);
    match normalizer["type"].as_str() {
        Some("Sequence") => {
            let steps = normalizer["normalizers"].as_array().into_iter().flatten();
            steps.map(growth).product()
        }
        Some("Replace") => {
            let replaced = len(&normalizer["pattern"]["String"]);
            // A regular expression may match nothing, between any two bytes.
            let per_byte = if replaced == 0.0 { 1.0 } else { 0.0 };
            let written = len(&normalizer["content"]);
            (per_byte + written / replaced.max(1.0)).max(1.0)
        }
        // Once for the whole text, but texts may be short.
        Some("Prepend") => 1.0 + len(&normalizer["prepend"]),
        // Unicode's own: U+FDFA becomes 11 times as many bytes; a letter at most 3 times as many.
        Some("NFKC" | "NFKD") => 11.0,
        Some("NFC" | "NFD" | "Lowercase") => 3.0,
        Some("ByteLevel") => 2.0,
        _ => 1.0,
    }
}

/// Refuses regular expressions that may take time exponential in the text. Those without look-around
/// run in linear time; those with it are run by backtracking, where repeating a group is what blows
/// up.
fn check_patterns(step: &Value) -> Result<(), String> {
    for steps in ["normalizers", "pretokenizers"] {
        for step in step[steps].as_array().into_iter().flatten() {
            check_patterns(step)?;
        }
    }
    if let Some(pattern) = step["pattern"]["Regex"].as_str() {
        // A pattern that cannot be parsed is the tokenizers crate's to refuse.
        let tree = caught(|| Expr::parse_tree(pattern));
        if tree.is_ok_and(|tree| repeats_a_group(&tree.expr)) && regex::Regex::new(pattern).is_err()
        {
            return Err(format!(
                "the regular expression {pattern:?} repeats a group and looks around, which may take \
                 for ever"
            ));
        }
    }
    Ok(())
}

/// Whether something longer than a character is repeated, other than once or not at all.
fn repeats_a_group(expression: &Expr) -> bool {
    match expression {
        Expr::Repeat { child, hi, .. } => {
            let is_group =
                !matches!(**child, Expr::Any { .. } | Expr::Literal { .. } | Expr::Delegate { .. });
            (*hi > 1 && is_group) || repeats_a_group(child)
        }
        Expr::Concat(parts) | Expr::Alt(parts) => parts.iter().any(repeats_a_group),
        Expr::Group(child) | Expr::AtomicGroup(child) | Expr::LookAround(child, _) => {
            repeats_a_group(child)
        }
        Expr::Conditional { condition, true_branch, false_branch } => {
            [condition, true_branch, false_branch].into_iter().any(|part| repeats_a_group(part))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_regular_expressions_of_real_models_are_accepted() {
        for pattern in [
            r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
            r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+",
            r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+",
            r###"[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"###,
            r"\(+\)+(?!\S)|\\(?:a)+|(?:ab)?(?!c)",
        ] {
            let step = serde_json::json!({"pretokenizers": [{"pattern": {"Regex": pattern}}]});
            assert_eq!(check_patterns(&step), Ok(()), "{pattern}");
        }
    }
}
