//! Hubs that say no, later, or nothing.

use std::time::Duration;

use tokenscope_engine::hub::{HubError, HubModel};

use crate::fake_hub::Mischief;
use crate::harness::{REPO, World};

fn code(code: &str) -> Vec<(&'static str, String)> {
    vec![("X-Error-Code", code.to_owned())]
}

fn assert_error(result: Result<HubModel, HubError>, sentence: &str, hint: &str) {
    let error = result.unwrap_err();
    assert!(error.to_string().contains(sentence), "{error} has no {sentence:?}");
    assert!(error.hint().contains(hint), "{} has no {hint:?}", error.hint());
}

#[test]
fn refusals_have_a_sentence_and_a_hint() {
    let gated_page = "Accept the terms at http://127.0.0.1";
    for (path, status, headers, token, sentence, hint) in [
        ("config.json", 401, code("GatedRepo"), None, "org/model is gated", gated_page),
        ("config.json", 403, code("GatedRepo"), Some("t"), "org/model is gated", "HF_TOKEN"),
        ("config.json", 401, code("GatedRepo"), None, "org/model is gated", "started again"),
        ("/revision/", 401, code("RepoNotFound"), None, "has no model org/model", "HF_TOKEN"),
        ("/revision/", 404, code("RevisionNotFound"), None, "no revision \"main\"", "branch"),
        ("/revision/", 401, Vec::new(), Some("t"), "does not accept the access", "new token"),
        ("/revision/", 401, Vec::new(), Some("t"), "does not accept the access", "started again"),
        ("/revision/", 403, Vec::new(), Some("t"), "forbids access", "right to read"),
        ("/revision/", 400, Vec::new(), None, "status 400", "mirror"),
        ("model.safetensors", 404, code("EntryNotFound"), None, "lists model.saf", "mirror"),
        ("/config.json", 404, Vec::new(), None, "lists config.json in org/model but", "mirror"),
    ] {
        let mut world = World::with_model(1000);
        world.settings.token = token.map(str::to_owned);
        world.hub.misbehave(path, 1, Mischief::Refuse(status, headers));
        assert_error(world.fetch(REPO), sentence, hint);
    }
    let world = World::with_model(1000);
    assert_error(world.fetch("org/other"), "has no model org/other", "spelling");
    assert_error(world.fetch("org/model@v9"), "no revision \"v9\"", "branch");
    let mut world = World::with_model(1000);
    world.settings.token = Some("not\na header".to_owned());
    assert_error(world.fetch(REPO), "does not accept the access token", "HF_TOKEN");
}

#[test]
fn what_a_repository_lacks_is_said_before_weights_are_fetched() {
    let world = World::new();
    for (repo, files, sentence) in [
        (
            "a/pickle",
            &["config.json", "tokenizer.json", "pytorch_model.bin"][..],
            "pytorch_model.bin",
        ),
        ("a/no-tokenizer", &["config.json", "model.safetensors"], "has no tokenizer.json"),
        ("a/split", &["m-00001-of-00002.gguf", "m-00002-of-00002.gguf"], "split over several"),
        ("a/text", &["README.md"], "has neither model.safetensors nor"),
    ] {
        for file in files {
            world.hub.add(repo, file, "x");
        }
        assert_error(world.fetch(repo), sentence, "safetensors");
        assert_eq!(world.hub.take_requests().len(), 1, "{repo}");
    }
    world.hub.add("a/gguf", "m-Q8_0.gguf", "x");
    world.hub.add("a/gguf", "m-F16.gguf", "x");
    assert_error(world.fetch("a/gguf:m.gguf"), "are m-F16.gguf, m-Q8_0.gguf", "colon");
    assert_error(world.fetch("a/text:m.gguf"), "it has no GGUF file", "colon");
}

#[test]
fn hubs_that_are_busy_are_asked_again() {
    for (path, status, headers) in [
        ("/revision/", 429, vec![("Retry-After", "0".to_owned())]),
        ("/revision/", 503, vec![("Retry-After", "0".to_owned())]),
        ("/revision/", 500, Vec::new()),
        ("model.safetensors", 429, vec![("Retry-After", "0".to_owned())]),
        ("model.safetensors", 502, Vec::new()),
        ("config.json", 504, Vec::new()),
    ] {
        let world = World::with_model(1000);
        world.hub.misbehave(path, 2, Mischief::Refuse(status, headers));
        world.fetch(REPO).unwrap();
        assert_eq!(world.hub.take_requests().len(), 5 + 2, "{path} {status}");
    }
    for (status, sentence) in [(429, "too many (status 429)"), (500, "status 500")] {
        let world = World::with_model(1000);
        world.hub.misbehave("/revision/", 9, Mischief::Refuse(status, Vec::new()));
        assert_error(world.fetch(REPO), sentence, "");
        assert_eq!(world.hub.take_requests().len(), 5);
    }
}

#[test]
fn a_hub_that_asks_to_wait_is_waited_for_and_the_page_says_so() {
    let world = World::with_model(1000);
    let wait = vec![("Retry-After", "1".to_owned())];
    world.hub.misbehave("/revision/", 1, Mischief::Refuse(429, wait));
    world.fetch(REPO).unwrap();
    let steps = world.steps.take();
    let texts: Vec<_> = steps.iter().filter_map(|step| step.file.as_deref()).collect();
    assert!(texts.contains(&"org/model (the hub asks to wait 1 s)"), "{texts:?}");
}

#[test]
fn a_hub_that_asks_to_wait_too_long_is_given_up_at_once() {
    for (path, requests) in [("/revision/", 1), ("model.safetensors", 5)] {
        let world = World::with_model(1000);
        let wait = vec![("Retry-After", "3600".to_owned())];
        world.hub.misbehave(path, 1, Mischief::Refuse(429, wait));
        assert_error(world.fetch(REPO), "(status 429). It asks to wait 3600 s.", "after that");
        assert_eq!(world.hub.take_requests().len(), requests, "{path}");
    }
}

#[test]
fn what_cannot_be_reached_is_named() {
    let mut world = World::new();
    for (endpoint, sentence) in [
        // Nothing listens on the port of "discard".
        ("http://127.0.0.1:9", "Cannot reach http://127.0.0.1:9: "),
        ("http://no-such-host.invalid", "Cannot reach http://no-such-host.invalid: "),
        ("nonsense", "it is no address"),
    ] {
        world.settings.endpoint = endpoint.to_owned();
        let error = world.fetch(REPO).unwrap_err();
        assert!(error.to_string().contains(sentence), "{error}");
        assert!(error.hint().contains("HF_ENDPOINT") && error.hint().contains("HF_HUB_OFFLINE"));
    }
    // The fake hub speaks no TLS.
    world.settings.endpoint = world.hub.endpoint().replace("http://", "https://");
    assert_error(world.fetch(REPO), "No secure connection to https://127.0.0.1", "SSL_CERT_FILE");
}

#[test]
fn a_hub_that_does_not_answer_is_left() {
    let mut world = World::with_model(1000);
    world.settings.first_answer = Duration::from_millis(100);
    world.hub.misbehave("/revision/", 1, Mischief::Silence);
    assert_error(world.fetch(REPO), "did not answer within 0.1 s", "HF_HUB_OFFLINE");
    assert_eq!(world.hub.take_requests().len(), 1);
}

#[test]
fn what_is_no_hub_is_named() {
    let world = World::with_model(1000);
    world.hub.misbehave("/revision/", 1, Mischief::Refuse(200, Vec::new()));
    assert_error(world.fetch(REPO), "does not answer like a Hugging Face hub", "HF_ENDPOINT");
    let nowhere = vec![("Location", world.hub.endpoint() + "/api/models/x/revision/y")];
    world.hub.misbehave("/revision/", 99, Mischief::Refuse(302, nowhere));
    assert_error(world.fetch(REPO), "its redirects do not end", "HF_ENDPOINT");
    world.hub.behave();
    let elsewhere = vec![("Location", "ftp://127.0.0.1/x".to_owned())];
    world.hub.misbehave("/revision/", 1, Mischief::Refuse(302, elsewhere));
    assert_error(world.fetch(REPO), "a redirect leads nowhere", "HF_ENDPOINT");
}

#[test]
fn files_that_cannot_fit_on_the_disk_are_refused_with_numbers() {
    let world = World::with_model(1000);
    let index = r#"{"sha": "1111111111111111111111111111111111111111", "siblings": [
        {"rfilename": "m.gguf", "lfs": {"sha256": "00", "size": 4000000000000000000}}]}"#;
    world.hub.misbehave("/revision/", 1, Mischief::Answer(index.to_owned()));
    assert_error(world.fetch(REPO), "4000000000000.0 MB are needed and", "HF_HUB_CACHE");
}

#[test]
fn a_hub_that_names_paths_of_ours_gets_nowhere() {
    let world = World::with_model(1000);
    for (repo, shard, sentence) in [
        ("a/b", "../../../../stolen.safetensors", "no safetensors file beside it"),
        ("a/c", "part/x.safetensors", "no safetensors file beside it"),
    ] {
        for file in ["config.json", "tokenizer.json"] {
            world.hub.add(repo, file, "{}");
        }
        let index = format!(r#"{{"weight_map": {{"x": "{shard}"}}}}"#);
        world.hub.add(repo, "model.safetensors.index.json", index);
        world.hub.add(repo, shard, "x");
        assert_error(world.fetch(repo), sentence, "");
        // The list, the index, and one request for the two files, which are equal.
        assert_eq!(world.hub.take_requests().len(), 3, "{repo}");
    }
    let listing = r#"{"sha": "../../../../etc", "siblings": []}"#;
    world.hub.misbehave("/revision/", 1, Mischief::Answer(listing.to_owned()));
    assert_error(world.fetch(REPO), "is no commit", "");
}
