//! Which files of a repository are needed. One rule serves the hub's listing and the cache.

use serde::Deserialize;
use tokenscope_model::HfFolder;

use super::reference::{is_gguf, is_safe_path};

/// A model in safetensors cannot be loaded without these.
pub(super) const REQUIRED: [&str; 2] = ["config.json", "tokenizer.json"];

/// These are used where they are.
pub(super) const OPTIONAL: [&str; 6] = [
    "generation_config.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "chat_template.jinja",
    "chat_template.json",
];

pub(super) const SINGLE: &str = HfFolder::SINGLE;
pub(super) const INDEX: &str = HfFolder::INDEX;

/// The default GGUF file (`docs/hub.md`): of the files of a repository, the one whose name contains
/// the first of these that any name contains. They are ordered by what is sensible on a laptop: about 4 to 5
/// bits per weight first, then more, then fewer, and unquantized weights last. Files without any
/// come after all others, and those in formats we do not read last of all.
const PREFERENCE: [&str; 19] = [
    "Q4_K_M", "Q4_K_S", "Q4_K", "Q5_K_M", "Q5_K_S", "Q5_K", "Q4_0", "Q4_1", "Q6_K", "Q8_0", "Q5_0",
    "Q5_1", "Q3_K_L", "Q3_K_M", "Q3_K_S", "Q2_K", "BF16", "F16", "F32",
];

/// One file, as the hub lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ListedFile {
    pub(super) name: String,
    /// Mirrors may leave out size and etag; then the file itself is asked for them.
    pub(super) size: Option<u64>,
    pub(super) etag: Option<String>,
}

/// All files of a repository at one commit.
#[derive(Debug)]
pub(super) struct Listing {
    pub(super) commit: String,
    pub(super) files: Vec<ListedFile>,
}

/// The listing as it travels.
#[derive(Deserialize)]
struct Answer {
    sha: String,
    #[serde(default)]
    siblings: Vec<Sibling>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Sibling {
    rfilename: String,
    size: Option<u64>,
    blob_id: Option<String>,
    lfs: Option<Lfs>,
}

#[derive(Deserialize)]
struct Lfs {
    sha256: Option<String>,
    size: Option<u64>,
}

impl Listing {
    /// Reads the hub's answer. Files whose names could leave a folder are not in it.
    ///
    /// # Errors
    /// What is wrong with the answer, as part of a sentence.
    pub(super) fn parse(json: &[u8]) -> Result<Self, String> {
        let answer: Answer =
            serde_json::from_slice(json).map_err(|error| format!("its listing: {error}"))?;
        if !is_commit(&answer.sha) {
            return Err(format!("{:?} is no commit", answer.sha));
        }
        // A large file's etag is the hash of its content, a small one's is git's.
        let listed = |sibling: Sibling| {
            let (size, etag) = match sibling.lfs {
                Some(lfs) => (lfs.size.or(sibling.size), lfs.sha256),
                None => (sibling.size, sibling.blob_id),
            };
            ListedFile { name: sibling.rfilename, size, etag }
        };
        let mut files: Vec<_> = answer.siblings.into_iter().map(listed).collect();
        files.retain(|file| is_safe_path(&file.name));
        Ok(Listing { commit: answer.sha, files })
    }

    pub(super) fn file(&self, name: &str) -> Option<&ListedFile> {
        self.files.iter().find(|file| file.name == name)
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.files.iter().map(|file| &*file.name)
    }
}

/// Whether a text is a commit's full hash.
pub(super) fn is_commit(text: &str) -> bool {
    text.len() == 40 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// In which form a repository has its weights.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Weights {
    /// [`SINGLE`].
    Single,
    /// [`INDEX`] and what it names.
    Sharded,
    /// One GGUF file.
    Gguf(String),
}

/// Chooses the weights among the names of files that are there. `wanted` is a GGUF file that was
/// asked for by name.
///
/// # Errors
/// Why there is nothing to choose.
pub(super) fn choose_weights<'a>(
    names: impl Iterator<Item = &'a str>,
    wanted: Option<&str>,
) -> Result<Weights, NoWeights> {
    let names: Vec<&str> = names.collect();
    let has = |name: &str| names.contains(&name);
    let ggufs = || names.iter().copied().filter(|name| is_gguf(name));
    if let Some(wanted) = wanted {
        return match has(wanted) {
            true if is_split(wanted) => Err(NoWeights::Because(split_reason(wanted))),
            true => Ok(Weights::Gguf(wanted.to_owned())),
            false => Err(NoWeights::NotThere(ggufs().map(str::to_owned).collect())),
        };
    }
    let safetensors = if has(SINGLE) {
        Some(Weights::Single)
    } else if has(INDEX) {
        Some(Weights::Sharded)
    } else {
        None
    };
    let missing = REQUIRED.iter().find(|name| !has(name));
    if let (Some(weights), None) = (&safetensors, missing) {
        return Ok(weights.clone());
    }
    if let Some(name) = default_gguf(ggufs()) {
        return Ok(Weights::Gguf(name.to_owned()));
    }
    let any = |test: &dyn Fn(&str) -> bool| names.iter().copied().find(|name| test(name));
    Err(NoWeights::Because(if let (Some(_), Some(missing)) = (safetensors, missing) {
        format!("has no {missing}, which its weights cannot be used without")
    } else if let Some(split) = any(&is_split) {
        split_reason(split)
    } else if let Some(pickle) = any(&|name| name.starts_with("pytorch_model")) {
        format!("has its weights only as {pickle}; they are needed as {SINGLE}")
    } else if let Some(adapter) = any(&|name| name.starts_with("adapter_model")) {
        format!("is an adapter ({adapter}) for another model, not a model of its own")
    } else {
        format!("has neither {SINGLE} nor {INDEX} nor a GGUF file")
    }))
}

/// Why no weights can be chosen.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum NoWeights {
    /// The file that was asked for is not there; these GGUF files are.
    NotThere(Vec<String>),
    /// The rest of a sentence that begins with the repository.
    Because(String),
}

fn split_reason(name: &str) -> String {
    format!("has {name} split over several files, which cannot be read; it is needed as one file")
}

/// Whether a file is one part of a model that was split by llama.cpp: `...-00001-of-00003.gguf`.
fn is_split(name: &str) -> bool {
    let number = |text: &str| text.len() == 5 && text.bytes().all(|byte| byte.is_ascii_digit());
    let parts = || {
        let stem = is_gguf(name).then(|| &name[..name.len() - 5])?;
        let (rest, count) = stem.rsplit_once("-of-")?;
        Some(number(count) && number(rest.rsplit_once('-')?.1))
    };
    parts().unwrap_or(false)
}

/// See [`PREFERENCE`].
fn default_gguf<'a>(names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let rank = |name: &str| {
        let upper = name.to_uppercase();
        let known = PREFERENCE.iter().position(|quantization| contains_word(&upper, quantization));
        let unread = ["IQ", "TQ", "MXFP", "NVFP"].iter().any(|kind| upper.contains(kind));
        known.unwrap_or(PREFERENCE.len() + usize::from(unread))
    };
    names.filter(|name| is_gguf_model(name)).min_by_key(|name| (rank(name), name.len(), *name))
}

/// Whether a file is a whole model in GGUF, as its name has it. Projectors of images and importance
/// matrices are no models.
pub(super) fn is_gguf_model(name: &str) -> bool {
    let lower = name.to_lowercase();
    is_gguf(name) && !is_split(name) && !lower.contains("mmproj") && !lower.contains("imatrix")
}

/// Whether `word` stands in `text` on its own: `Q4_K` does not stand in `IQ4_K` or `Q4_K_M`.
fn contains_word(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(start, _)| {
        let before = text[..start].chars().next_back();
        let after = text[start + word.len()..].chars().next();
        !before.is_some_and(|c| c.is_alphanumeric())
            && !after.is_some_and(|c| c.is_alphanumeric() || c == '_')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choice(names: &[&str], wanted: Option<&str>) -> Result<Weights, NoWeights> {
        choose_weights(names.iter().copied(), wanted)
    }

    #[test]
    fn safetensors_come_before_gguf() {
        for (names, expected) in [
            (&["config.json", "tokenizer.json", SINGLE, INDEX, "a.gguf"][..], Weights::Single),
            (&["config.json", "tokenizer.json", INDEX, "a.gguf"], Weights::Sharded),
            (&["config.json", SINGLE, "a.gguf"], Weights::Gguf("a.gguf".into())),
            (&["config.json", "tokenizer.json", "a.gguf"], Weights::Gguf("a.gguf".into())),
        ] {
            assert_eq!(choice(names, None), Ok(expected), "{names:?}");
        }
        let all = ["config.json", "tokenizer.json", SINGLE, "q/a.gguf"];
        assert_eq!(choice(&all, Some("q/a.gguf")), Ok(Weights::Gguf("q/a.gguf".into())));
        assert_eq!(
            choice(&all, Some("a.gguf")),
            Err(NoWeights::NotThere(vec!["q/a.gguf".to_owned()]))
        );
    }

    #[test]
    fn what_cannot_be_read_is_refused_by_name() {
        for (names, part) in [
            (&["config.json", SINGLE][..], "has no tokenizer.json"),
            (&["tokenizer.json", INDEX], "has no config.json"),
            (&["config.json", "tokenizer.json", "pytorch_model.bin"], "pytorch_model.bin"),
            (&["m-00001-of-00002.gguf", "m-00002-of-00002.gguf"], "m-00001-of-00002.gguf split"),
            (&["adapter_config.json", "adapter_model.safetensors"], "adapter"),
            (&["README.md"], "neither"),
            (&[], "neither"),
        ] {
            let Err(NoWeights::Because(reason)) = choice(names, None) else { panic!("{names:?}") };
            assert!(reason.contains(part), "{names:?}: {reason}");
        }
        let split = "m-00001-of-00002.gguf";
        assert!(matches!(choice(&[split], Some(split)), Err(NoWeights::Because(_))));
    }

    #[test]
    fn the_order_of_preference_is_documented() {
        let page = include_str!("../../../../docs/hub.md");
        let page = page.split_whitespace().collect::<Vec<_>>().join(" ");
        let order = PREFERENCE.map(|quantization| format!("`{quantization}`")).join(", ");
        assert!(page.contains(&order), "docs/hub.md does not say: {order}");
    }

    #[test]
    fn the_default_gguf_file() {
        for (names, expected) in [
            (&["m-Q8_0.gguf", "m-Q4_K_M.gguf", "m-F16.gguf"][..], "m-Q4_K_M.gguf"),
            (&["m.q8_0.gguf", "m.q5_k_m.gguf", "m.q4_0.gguf"], "m.q5_k_m.gguf"),
            (&["m_Q8_0.gguf", "m_IQ4_K.gguf", "m_Q2_K.gguf"], "m_Q8_0.gguf"),
            (&["m-Q4_K_XL.gguf", "m-Q6_K.gguf"], "m-Q6_K.gguf"),
            (&["m-IQ4_NL.gguf", "m.gguf"], "m.gguf"),
            (&["mmproj-F16.gguf", "m-F32.gguf"], "m-F32.gguf"),
            (&["long-Q8_0.gguf", "b-Q8_0.gguf", "a-Q8_0.gguf"], "a-Q8_0.gguf"),
            (&["m-Q4_K_M-00001-of-00002.gguf", "m-Q8_0.gguf"], "m-Q8_0.gguf"),
        ] {
            assert_eq!(default_gguf(names.iter().copied()), Some(expected), "{names:?}");
        }
        assert_eq!(default_gguf(["mmproj.gguf"].into_iter()), None);
    }

    #[test]
    fn listings_from_strangers() {
        let sha = "0123456789abcdef0123456789abcdef01234567";
        let json = format!(
            r#"{{"sha": "{sha}", "siblings": [
                {{"rfilename": "a.json", "size": 3, "blobId": "b1"}},
                {{"rfilename": "m.gguf", "size": 9, "blobId": "b2",
                  "lfs": {{"sha256": "f00", "size": 9, "pointerSize": 1}}}},
                {{"rfilename": "bare"}}, {{"rfilename": "../x"}}, {{"rfilename": "/etc/x"}}]}}"#
        );
        let listing = Listing::parse(json.as_bytes()).unwrap();
        let file = |name: &str, size, etag: Option<&str>| ListedFile {
            name: name.into(),
            size,
            etag: etag.map(str::to_owned),
        };
        let expected = [
            file("a.json", Some(3), Some("b1")),
            file("m.gguf", Some(9), Some("f00")),
            file("bare", None, None),
        ];
        assert_eq!(listing.files, expected);
        for bad in ["", "[]", "<html>", r#"{"sha": "../../etc"}"#, r#"{"siblings": []}"#] {
            assert!(Listing::parse(bad.as_bytes()).is_err(), "{bad}");
        }
    }
}
