//! What is asked for, and what is in the cache afterwards.

use std::cell::RefCell;
use std::fs;

use tokenscope_engine::hub::{self, Download, HubError, HubReference};
use tokenscope_engine::library::LoadPhase;

use crate::fake_hub::{COMMIT, FakeHub, Mischief};
use crate::harness::{REPO, World, content};

const OTHER_COMMIT: &str = "2222222222222222222222222222222222222222";

fn resolve(file: &str) -> String {
    format!("GET /{REPO}/resolve/{COMMIT}/{file}")
}

fn listing(revision: &str) -> String {
    format!("GET /api/models/{REPO}/revision/{revision}?blobs=true")
}

#[test]
fn the_first_fetch_asks_for_what_is_needed_and_the_second_for_nothing() {
    let mut world = World::with_model(100_000);
    let model = world.fetch(REPO).unwrap();
    assert_eq!((&*model.commit, model.from_cache), (COMMIT, false));
    let mut expected = vec![listing("main")];
    let files = ["config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"];
    expected.extend(files.map(resolve));
    assert_eq!(world.hub.take_paths(), expected);
    assert_eq!(fs::read(model.path.join("model.safetensors")).unwrap(), content(100_000));
    let last = world.steps.borrow().last().cloned().unwrap();
    assert_eq!((last.bytes, last.total), (100_033, Some(100_033)));

    for offline in [false, true] {
        world.settings.offline = offline;
        let again = world.fetch(REPO).unwrap();
        assert_eq!((&again.path, again.from_cache), (&model.path, true));
        assert_eq!(world.fetch(&format!("{REPO}@{COMMIT}")).unwrap().path, model.path);
    }
    assert_eq!(world.hub.take_paths(), [""; 0]);
    let found = hub::cached_models(&world.settings);
    assert_eq!((&*found[0].id, found[0].bytes, found.len()), (REPO, 100_000, 1));
}

#[test]
fn the_cache_is_laid_out_as_python_does() {
    let world = World::with_model(1000);
    world.fetch(REPO).unwrap();
    let cache = world.repo_cache();
    assert_eq!(fs::read_to_string(cache.join("refs/main")).unwrap(), COMMIT);
    let file = cache.join("snapshots").join(COMMIT).join("model.safetensors");
    let blob = fs::canonicalize(&file).unwrap();
    let name = blob.file_name().unwrap().to_str().unwrap();
    assert_eq!((name.len(), blob.parent().unwrap().ends_with("blobs")), (64, true));
    #[cfg(unix)]
    assert_eq!(fs::read_link(&file).unwrap().to_str().unwrap(), format!("../../blobs/{name}"));
    let absent = |file: &str| cache.join(".no_exist").join(COMMIT).join(file).exists();
    assert!(absent("generation_config.json") && absent("chat_template.jinja"));
    assert!(!absent("config.json") && !absent("README.md"));
    let lock = world.settings.cache.join(".locks/models--org--model").join(format!("{name}.lock"));
    assert!(lock.exists());
    assert_eq!(world.incomplete(), [0_u64; 0]);
}

#[test]
fn offline_means_no_request() {
    let mut world = World::with_model(1000);
    world.settings.offline = true;
    let error = world.fetch(REPO).unwrap_err();
    assert!(matches!(error, HubError::Offline { .. }), "{error}");
    assert!(error.to_string().contains("org/model is not complete in"), "{error}");
    assert_eq!(world.hub.take_paths(), [""; 0]);
}

#[test]
fn revisions_names_of_one_part_and_folders() {
    let world = World::with_model(1000);
    world.hub.add("gpt2", "config.json", "{}");
    world.hub.add("gpt2", "tokenizer.json", "{\"a\": 1}");
    world.hub.add_large("gpt2", "model.safetensors", "weights");
    world.hub.add_large("org/quantized", "q 4/m.gguf", "GGUF");
    world.fetch("gpt2").unwrap();
    world.fetch(&format!("{REPO}@refs/pr/1")).unwrap();
    assert!(world.hub.take_paths().contains(&listing("refs%2Fpr%2F1")));
    let model = world.fetch("org/quantized:q 4/m.gguf").unwrap();
    assert_eq!(fs::read(&model.path).unwrap(), b"GGUF");
    assert!(model.path.ends_with("q 4/m.gguf"));
    let expected = format!("GET /org/quantized/resolve/{COMMIT}/q%204/m.gguf");
    assert_eq!(world.hub.take_paths()[1], expected);
}

#[test]
fn shards_come_with_their_index() {
    let world = World::with_model(1000);
    let sizes = [40_000, 50_000, 60_000, 70_000, 80_000, 90_000];
    let mut map = serde_json::Map::new();
    for (at, size) in sizes.into_iter().enumerate() {
        let name = format!("model-{at}.safetensors");
        world.hub.add_large("org/large", &name, content(size));
        map.insert(format!("tensor.{at}"), name.into());
    }
    let index = serde_json::json!({"weight_map": map}).to_string();
    world.hub.add("org/large", "model.safetensors.index.json", index);
    world.hub.add("org/large", "config.json", "{}");
    world.hub.add("org/large", "tokenizer.json", "{\"a\": 1}");
    let approved = RefCell::new(Vec::<Download>::new());
    let approve = |download: &Download| {
        assert!(download.folder.join("config.json").is_file());
        approved.borrow_mut().push(download.clone());
        Ok(())
    };
    let reference = HubReference::parse("org/large").unwrap();
    let fetch =
        || hub::fetch(&reference, &world.settings, &approve, &|_| {}, &world.cancelled).unwrap();
    let model = fetch();
    for (at, size) in sizes.into_iter().enumerate() {
        let path = model.path.join(format!("model-{at}.safetensors"));
        assert_eq!(fs::read(path).unwrap(), content(size));
    }
    let approved = approved.take();
    assert_eq!(approved.len(), 1);
    assert_eq!((approved[0].weight_bytes, approved[0].missing_bytes), (390_000, 390_000));
    assert_eq!(approved[0].weights.len(), 6);
    assert_eq!(world.hub.take_requests().len(), 1 + 3 + 6);
    assert!(fetch().from_cache);
    assert_eq!(world.hub.take_paths(), [""; 0]);
}

#[test]
fn whoever_refuses_the_size_gets_no_weights() {
    let world = World::with_model(1000);
    let reference = HubReference::parse(REPO).unwrap();
    let approve =
        |download: &Download| Err(format!("{} bytes are too many", download.weight_bytes));
    let fetched = hub::fetch(&reference, &world.settings, &approve, &|_| {}, &world.cancelled);
    let error = fetched.unwrap_err();
    // What to do is the caller's to say, too.
    let texts = (error.to_string(), error.hint());
    assert_eq!(texts, ("1000 bytes are too many".to_owned(), String::new()));
    assert!(!world.hub.take_paths().contains(&resolve("model.safetensors")));
}

#[test]
fn the_default_gguf_file_is_remembered_and_one_asked_for_is_not() {
    let world = World::new();
    for name in ["m-Q8_0.gguf", "m-Q4_K_M.gguf", "m-F16.gguf"] {
        world.hub.add_large(REPO, name, name);
    }
    let file = |reference: &str| {
        let path = world.fetch(reference).unwrap().path;
        path.file_name().unwrap().to_str().unwrap().to_owned()
    };
    assert_eq!(file("org/model:m-Q8_0.gguf"), "m-Q8_0.gguf");
    world.hub.take_requests();
    // That one is there already is no reason to take it for the default, not even after a cut.
    world.hub.misbehave("m-Q4_K_M.gguf", 1, Mischief::CutAfter(5));
    assert_eq!(file(REPO), "m-Q4_K_M.gguf");
    assert_eq!(world.hub.take_requests().len(), 3);
    assert_eq!(file(REPO), "m-Q4_K_M.gguf");
    assert_eq!(file("org/model:m-Q8_0.gguf"), "m-Q8_0.gguf");
    assert_eq!(world.hub.take_paths(), [""; 0]);
}

/// Python leaves no marks for files that it did not look for.
#[test]
fn a_snapshot_of_python_is_completed_at_its_own_commit() {
    let mut world = World::with_model(1000);
    world.fetch(REPO).unwrap();
    fs::remove_dir_all(world.repo_cache().join(".no_exist")).unwrap();
    fs::remove_file(
        world.repo_cache().join("snapshots").join(COMMIT).join("tokenizer_config.json"),
    )
    .unwrap();
    world.hub.take_requests();
    world.hub.move_to(OTHER_COMMIT);

    // Without the hub, what is there is enough, and nobody waits for more.
    for status in [429, 500, 503] {
        world.hub.misbehave("/revision/", 10, Mischief::Refuse(status, Vec::new()));
        assert!(world.fetch(REPO).unwrap().from_cache);
        assert_eq!(world.hub.take_requests().len(), 1, "{status}");
        world.hub.behave();
    }
    let endpoint = std::mem::replace(&mut world.settings.endpoint, "http://127.0.0.1:9".into());
    assert!(world.fetch(REPO).unwrap().from_cache);
    world.settings.endpoint = endpoint;

    // The blob is still there, so nothing but the list is asked for, at the old commit.
    let model = world.fetch(REPO).unwrap();
    assert_eq!((&*model.commit, model.from_cache), (COMMIT, true));
    assert!(model.path.join("tokenizer_config.json").is_file());
    assert_eq!(world.hub.take_paths(), [listing(COMMIT)]);
    world.fetch(REPO).unwrap();
    assert_eq!(world.hub.take_paths(), [""; 0]);
}

#[test]
fn a_named_file_is_looked_for_at_the_commit_that_is_here() {
    let mut world = World::with_model(1000);
    world.hub.add_large(REPO, "m.gguf", "GGUF");
    let whole = world.fetch(REPO).unwrap();
    world.hub.take_requests();
    world.hub.move_to(OTHER_COMMIT);
    let named = world.fetch("org/model:m.gguf").unwrap();
    assert_eq!((&*named.commit, &named.path), (COMMIT, &whole.path.join("m.gguf")));
    assert_eq!(world.hub.take_paths(), [listing(COMMIT), resolve("m.gguf")]);
    // What was there before is still what the branch means.
    world.settings.offline = true;
    assert_eq!(world.fetch(REPO).unwrap().path, whole.path);
}

#[test]
fn a_named_file_that_the_commit_here_lacks_is_fetched_from_the_branch() {
    let empty = Mischief::Answer(format!(r#"{{"sha": "{COMMIT}", "siblings": []}}"#));
    let gone = Mischief::Refuse(404, vec![("X-Error-Code", "RevisionNotFound".to_owned())]);
    for mischief in [empty, gone] {
        let world = World::with_model(1000);
        world.fetch(REPO).unwrap();
        world.hub.take_requests();
        world.hub.move_to(OTHER_COMMIT);
        world.hub.add_large(REPO, "new.gguf", "GGUF");
        world.hub.misbehave(&listing(COMMIT)[4..], 1, mischief);
        let model = world.fetch("org/model:new.gguf").unwrap();
        assert_eq!(model.commit, OTHER_COMMIT);
        assert_eq!(world.hub.take_paths()[..2], [listing(COMMIT), listing("main")]);
    }
}

/// A power cut may leave a file that is shorter than it was.
#[test]
fn a_file_that_is_shorter_than_the_hub_says_is_fetched_anew() {
    for (case, file, is_linked) in [
        ("a short blob", "model.safetensors", true),
        ("a short file where there are no links", "model.safetensors", false),
        ("a short small file", "config.json", true),
    ] {
        let world = World::with_model(1000);
        let path = world.fetch(REPO).unwrap().path.join(file);
        let whole = fs::read(&path).unwrap();
        if !is_linked {
            fs::rename(fs::canonicalize(&path).unwrap(), &path).unwrap();
        }
        fs::write(&path, &whole[..5]).unwrap();
        // So that the hub is asked at all.
        fs::remove_dir_all(world.repo_cache().join(".no_exist")).unwrap();
        world.hub.take_requests();
        assert!(!world.fetch(REPO).unwrap().from_cache, "{case}");
        assert!(fs::read(&path).unwrap() == whole, "{case}");
        assert_eq!(world.hub.take_paths(), [listing(COMMIT), resolve(file)], "{case}");
    }
}

#[test]
fn equal_files_of_a_new_commit_are_not_fetched_again() {
    let world = World::with_model(1000);
    world.fetch(REPO).unwrap();
    world.hub.take_requests();
    world.hub.move_to(OTHER_COMMIT);
    world.hub.add(REPO, "config.json", "{\"new\": true}");
    let model = world.fetch(&format!("{REPO}@v1")).unwrap();
    assert_eq!((&*model.commit, model.from_cache), (OTHER_COMMIT, false));
    let expected = [listing("v1"), format!("GET /{REPO}/resolve/{OTHER_COMMIT}/config.json")];
    let mut paths = world.hub.take_paths();
    paths.sort_by_key(|path| !path.contains("/api/"));
    assert_eq!(paths, expected);
    assert_eq!(fs::read(model.path.join("model.safetensors")).unwrap(), content(1000));
}

#[test]
fn a_mirror_without_sizes_is_asked_for_each_file() {
    let storage = FakeHub::start();
    storage.add_large(REPO, "model.safetensors", content(1000));
    for is_stored in [false, true] {
        let world = World::with_model(1000);
        if is_stored {
            world.hub.store_large_files_at(&storage);
        }
        world.hub.misbehave("/revision/", 1, Mischief::BareListing);
        let model = world.fetch(REPO).unwrap();
        assert_eq!(fs::read(model.path.join("model.safetensors")).unwrap(), content(1000));
        let requests = world.hub.take_requests();
        let heads = requests.iter().filter(|request| request.method == "HEAD").count();
        assert_eq!((heads, requests.len()), (4, 9));
    }
    // The hub has said it all before it sends anybody there.
    assert_eq!(storage.take_paths(), [format!("GET /storage/{REPO}/model.safetensors")]);
}

#[test]
fn a_renamed_repository_is_followed_to_its_new_name() {
    let world = World::with_model(1000);
    let moved = |path: String| {
        let headers = vec![("Location", path), ("ETag", "W/\"of-the-redirect\"".to_owned())];
        Mischief::Refuse(307, headers)
    };
    let new = format!("/api/models/{REPO}/revision/main?blobs=true");
    world.hub.misbehave("/api/models/old/name/", 1, moved(new));
    for file in ["config.json", "tokenizer.json", "tokenizer_config.json", "model.safetensors"] {
        let new = format!("/{REPO}/resolve/{COMMIT}/{file}");
        world.hub.misbehave(&format!("/old/name/resolve/{COMMIT}/{file}"), 1, moved(new));
    }
    let model = world.fetch("old/name").unwrap();
    assert_eq!(world.hub.take_requests().len(), 2 * 5);
    assert_eq!(fs::read(model.path.join("model.safetensors")).unwrap(), content(1000));
    assert!(world.settings.cache.join("models--old--name/refs/main").is_file());
}

#[test]
fn the_token_is_for_the_hub_alone() {
    let mut world = World::with_model(1000);
    let storage = FakeHub::start();
    storage.add_large(REPO, "model.safetensors", content(1000));
    world.hub.store_large_files_at(&storage);
    world.hub.demand_token("secret");
    world.settings.token = Some("secret".to_owned());
    let model = world.fetch(REPO).unwrap();
    assert_eq!(fs::read(model.path.join("model.safetensors")).unwrap(), content(1000));
    let at_hub = world.hub.take_requests();
    assert_eq!(at_hub.len(), 5);
    assert!(at_hub.iter().all(|request| request.authorization.as_deref() == Some("Bearer secret")));
    let at_storage = storage.take_requests();
    assert_eq!(at_storage.len(), 1);
    assert_eq!(at_storage[0].authorization, None);
}

#[test]
fn progress_counts_and_ends() {
    let world = World::with_model(300_000);
    world.hub.misbehave("model.safetensors", 1, Mischief::Drip(50_000));
    world.fetch(REPO).unwrap();
    let steps = world.steps.take();
    assert_eq!(steps[0].phase, LoadPhase::Locating);
    let downloading: Vec<_> =
        steps.iter().filter(|step| step.phase == LoadPhase::Downloading).collect();
    assert!(downloading.iter().all(|step| step.total == Some(300_033)));
    assert!(downloading.is_sorted_by_key(|step| step.bytes));
    assert!(downloading.last().unwrap().bytes_per_s.is_some());
}
