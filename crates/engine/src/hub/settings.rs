//! Where the hub is, where its files are kept, and how patient we are. The variables are those of
//! huggingface_hub, so that a machine that is set up for Python is set up for us.

use std::fmt;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use super::expand::expanded;

const ENDPOINT: &str = "https://huggingface.co";

/// How the hub is reached. Made by [`HubSettings::from_environment`]; tests shorten the times.
#[derive(Clone)]
pub struct HubSettings {
    /// The hub's address, without a slash at its end.
    pub endpoint: String,
    /// The folder that holds `models--org--name` folders.
    pub cache: PathBuf,
    /// The access token, if the user has one.
    pub token: Option<String>,
    /// Whether no request may be made at all.
    pub offline: bool,
    /// Whether the system's proxies are used.
    pub proxies: bool,
    /// Longest time until a connection stands: name, address and TLS together.
    pub connect: Duration,
    /// Longest time from a request to the head of its answer.
    pub first_answer: Duration,
    /// Longest time in which no byte comes.
    pub stall: Duration,
    /// Failures in a row, without a new byte, after which a file is given up.
    pub attempts: u32,
    /// Pause after the first failure; each further one doubles it.
    pub first_pause: Duration,
    /// Longest pause. A hub that asks for a longer one (`Retry-After`) is given up.
    pub longest_wait: Duration,
}

/// Limit of fetching: time to connect; the load fails.
const CONNECT: Duration = Duration::from_secs(5);
/// Limit of fetching: time until an answer, unless HF_HUB_ETAG_TIMEOUT says another; asked again.
const FIRST_ANSWER: Duration = Duration::from_secs(10);
/// Limit of fetching: time without a byte, unless HF_HUB_DOWNLOAD_TIMEOUT says another; asked again.
const STALL: Duration = Duration::from_secs(20);
/// Limit of fetching: failures in a row; the load fails.
const ATTEMPTS: u32 = 5;
/// Limit of fetching: time that a hub may ask us to wait; the load fails.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

impl HubSettings {
    /// The settings the environment asks for.
    ///
    /// `docs/hub.md` lists the variables. A switch is on if it is 1, ON, YES or TRUE; an empty
    /// variable counts as absent.
    pub fn from_environment() -> Self {
        Self::from_variables(&|name| std::env::var(name).ok())
    }

    /// The same, from any source of variables.
    pub fn from_variables(variable: &dyn Fn(&str) -> Option<String>) -> Self {
        let get = |name: &str| variable(name).filter(|value| !value.trim().is_empty());
        let path = |text: &str| PathBuf::from(expanded(text, variable));
        // As in huggingface_hub, a folder that was expanded is part of the next one, which is expanded
        // as a whole.
        let path_of = |name: &str, default: PathBuf| {
            path(&get(name).unwrap_or_else(|| default.to_string_lossy().into_owned()))
        };
        let is_on = |name: &str| {
            let value = get(name).unwrap_or_default().to_uppercase();
            ["1", "ON", "YES", "TRUE"].contains(&value.as_str())
        };
        let seconds = |name: &str, default: Duration| {
            let set = get(name).and_then(|value| value.trim().parse().ok());
            set.filter(|&seconds| seconds > 0).map_or(default, Duration::from_secs)
        };
        let caches = get("XDG_CACHE_HOME").unwrap_or_else(|| "~/.cache".to_owned());
        let home = path_of("HF_HOME", PathBuf::from(caches).join("huggingface"));
        let read_token = || fs::read_to_string(path_of("HF_TOKEN_PATH", home.join("token"))).ok();
        let token = if is_on("HF_HUB_DISABLE_IMPLICIT_TOKEN") {
            None
        } else {
            get("HF_TOKEN").or_else(|| get("HUGGING_FACE_HUB_TOKEN")).or_else(read_token)
        };
        HubSettings {
            endpoint: get("HF_ENDPOINT")
                .as_deref()
                .unwrap_or(ENDPOINT)
                .trim_end_matches('/')
                .into(),
            cache: path_of("HF_HUB_CACHE", path_of("HUGGINGFACE_HUB_CACHE", home.join("hub"))),
            token: token.map(|token| token.trim().to_owned()).filter(|token| !token.is_empty()),
            // As in huggingface_hub, the second counts only where the first is not set.
            offline: match get("HF_HUB_OFFLINE") {
                Some(_) => is_on("HF_HUB_OFFLINE"),
                None => is_on("TRANSFORMERS_OFFLINE"),
            },
            proxies: true,
            connect: CONNECT,
            first_answer: seconds("HF_HUB_ETAG_TIMEOUT", FIRST_ANSWER),
            stall: seconds("HF_HUB_DOWNLOAD_TIMEOUT", STALL),
            attempts: ATTEMPTS,
            first_pause: Duration::from_secs(1),
            longest_wait: LONGEST_WAIT,
        }
    }
}

/// Written by hand so that no log ever holds the token.
impl fmt::Debug for HubSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HubSettings")
            .field("endpoint", &self.endpoint)
            .field("cache", &self.cache)
            .field("token", &self.token.as_ref().map(|_| "..."))
            .field("offline", &self.offline)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(variables: &[(&str, &str)]) -> HubSettings {
        let variable = |name: &str| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        HubSettings::from_variables(&variable)
    }

    #[test]
    fn the_cache_is_where_python_has_it() {
        let home = dirs::home_dir().unwrap();
        for (variables, expected) in [
            (&[][..], home.join(".cache/huggingface/hub")),
            (&[("HF_HOME", "")], home.join(".cache/huggingface/hub")),
            (&[("XDG_CACHE_HOME", "/x")], "/x/huggingface/hub".into()),
            (&[("HF_HOME", "/h"), ("XDG_CACHE_HOME", "/x")], "/h/hub".into()),
            (&[("HF_HOME", "~/h")], home.join("h/hub")),
            (&[("HF_HOME", "~")], home.join("hub")),
            (&[("HUGGINGFACE_HUB_CACHE", "/old"), ("HF_HOME", "/h")], "/old".into()),
            (&[("HF_HUB_CACHE", "/new"), ("HUGGINGFACE_HUB_CACHE", "/old")], "/new".into()),
            (&[("HF_HUB_CACHE", ""), ("HUGGINGFACE_HUB_CACHE", "/old")], "/old".into()),
            (&[("HF_HUB_CACHE", "~nobody-has-this-name/c")], "~nobody-has-this-name/c".into()),
            (&[("HF_HOME", "$DISK/h"), ("DISK", "/d")], "/d/h/hub".into()),
            (&[("HF_HUB_CACHE", "${DISK}s/c"), ("DISK", "/d")], "/ds/c".into()),
            (&[("HUGGINGFACE_HUB_CACHE", "/$DISK"), ("DISK", "d")], "/d".into()),
            (&[("XDG_CACHE_HOME", "$DISK"), ("DISK", "/d")], "/d/huggingface/hub".into()),
            (&[("HF_HUB_CACHE", "/$DISK/c")], "/$DISK/c".into()),
        ] {
            assert_eq!(settings(variables).cache, expected, "{variables:?}");
        }
    }

    #[test]
    fn the_token_is_the_variable_or_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().to_str().unwrap();
        let other = folder.path().join("other");
        fs::write(folder.path().join("token"), "in_home\n").unwrap();
        fs::write(&other, "in_other").unwrap();
        let other = other.to_str().unwrap();
        for (variables, expected) in [
            (&[("HF_HOME", "/nowhere")][..], None),
            (&[("HF_HOME", home)], Some("in_home")),
            (&[("HF_HOME", home), ("HF_TOKEN_PATH", other)], Some("in_other")),
            (&[("DISK", home), ("HF_TOKEN_PATH", "$DISK/other")], Some("in_other")),
            (&[("HF_HOME", home), ("HUGGING_FACE_HUB_TOKEN", "old")], Some("old")),
            (&[("HF_TOKEN", " new\n"), ("HUGGING_FACE_HUB_TOKEN", "old")], Some("new")),
            (&[("HF_HOME", home), ("HF_TOKEN", "")], Some("in_home")),
            (&[("HF_TOKEN", "new"), ("HF_HUB_DISABLE_IMPLICIT_TOKEN", "yes")], None),
        ] {
            let settings = settings(variables);
            assert_eq!(settings.token.as_deref(), expected, "{variables:?}");
            assert!(!format!("{settings:?}").contains("new"));
        }
    }

    #[test]
    fn switches_and_the_rest() {
        for (variables, expected) in [
            (&[][..], false),
            (&[("HF_HUB_OFFLINE", "1")], true),
            (&[("HF_HUB_OFFLINE", "on")], true),
            (&[("HF_HUB_OFFLINE", "0")], false),
            (&[("HF_HUB_OFFLINE", "")], false),
            (&[("TRANSFORMERS_OFFLINE", "True")], true),
            (&[("HF_HUB_OFFLINE", "0"), ("TRANSFORMERS_OFFLINE", "1")], false),
        ] {
            assert_eq!(settings(variables).offline, expected, "{variables:?}");
        }
        assert_eq!(settings(&[]).endpoint, "https://huggingface.co");
        assert_eq!(
            settings(&[("HF_ENDPOINT", "https://m.example/")]).endpoint,
            "https://m.example"
        );
        for (value, seconds) in [("7", 7), ("0", 20), ("soon", 20), ("", 20)] {
            let settings = settings(&[("HF_HUB_DOWNLOAD_TIMEOUT", value)]);
            assert_eq!(settings.stall, Duration::from_secs(seconds), "{value:?}");
        }
    }
}
