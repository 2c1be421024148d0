//! Connections that break, stall and lie.

use std::fs;
use std::time::Duration;

use tokenscope_engine::hub::HubError;

use crate::fake_hub::{FakeHub, Mischief};
use crate::harness::{REPO, World, content};

const SIZE: usize = 1_000_000;
const WEIGHTS: &str = "model.safetensors";

/// (range, bytes sent) of all requests for the weights.
fn parts(hub: &FakeHub) -> Vec<(Option<String>, usize)> {
    let requests = hub.take_requests().into_iter();
    let weights = requests.filter(|request| request.path.ends_with(WEIGHTS));
    weights.map(|request| (request.range.clone(), request.sent())).collect()
}

fn range(from: usize) -> Option<String> {
    Some(format!("bytes={from}-"))
}

fn assert_whole(world: &World) {
    let model = world.fetch(REPO).unwrap();
    assert!(fs::read(model.path.join(WEIGHTS)).unwrap() == content(SIZE), "another content");
    assert_eq!(world.incomplete(), [0_u64; 0]);
}

#[test]
fn a_cut_download_goes_on_where_it_was() {
    let world = World::with_model(SIZE);
    world.hub.misbehave(WEIGHTS, 1, Mischief::CutAfter(600_000));
    assert_whole(&world);
    assert_eq!(parts(&world.hub), [(None, 600_000), (range(600_000), 400_000)]);
}

#[test]
fn a_later_start_goes_on_where_the_first_was_cut() {
    let mut world = World::with_model(SIZE);
    world.settings.attempts = 1;
    world.hub.misbehave(WEIGHTS, 1, Mischief::CutAfter(600_000));
    let error = world.fetch(REPO).unwrap_err();
    assert!(matches!(error, HubError::Cut { .. }), "{error}");
    assert_eq!(world.incomplete(), [600_000]);
    world.hub.take_requests();

    assert_whole(&world);
    assert_eq!(parts(&world.hub), [(range(600_000), 400_000)]);
    // What was there counts from the beginning.
    let steps = world.steps.take();
    assert!(steps.iter().any(|step| step.bytes >= 600_000 && step.bytes < 1_000_000));
}

#[test]
fn many_cuts_are_no_reason_to_give_up_while_something_comes() {
    let world = World::with_model(SIZE);
    world.hub.misbehave(WEIGHTS, 9, Mischief::CutAfter(100_000));
    assert_whole(&world);
    assert_eq!(parts(&world.hub).len(), 10);
}

#[test]
fn nothing_but_cuts_ends_after_some_attempts() {
    let world = World::with_model(SIZE);
    world.hub.misbehave(WEIGHTS, 100, Mischief::CutAfter(0));
    let error = world.fetch(REPO).unwrap_err();
    assert!(matches!(error, HubError::Cut { .. }), "{error}");
    assert_eq!(parts(&world.hub).len(), 5);
}

#[test]
fn cuts_and_redirects_go_together() {
    let world = World::with_model(SIZE);
    let storage = FakeHub::start();
    storage.add_large(REPO, WEIGHTS, content(SIZE));
    storage.misbehave(WEIGHTS, 1, Mischief::CutAfter(600_000));
    // An address with a signature that has expired is asked for anew.
    storage.misbehave(WEIGHTS, 1, Mischief::Refuse(403, Vec::new()));
    world.hub.store_large_files_at(&storage);
    assert_whole(&world);
    assert_eq!(parts(&world.hub).len(), 3);
    let expected = [(None, 600_000), (range(600_000), 0), (range(600_000), 400_000)];
    assert_eq!(parts(&storage), expected);
}

#[test]
fn a_stalled_download_goes_on_and_is_given_up_in_the_end() {
    let mut world = World::with_model(SIZE);
    world.settings.stall = Duration::from_millis(300);
    world.hub.misbehave(WEIGHTS, 1, Mischief::StallAfter(600_000));
    assert_whole(&world);
    assert_eq!(parts(&world.hub).len(), 2);

    let mut world = World::with_model(SIZE);
    world.settings.stall = Duration::from_millis(100);
    world.settings.attempts = 2;
    world.hub.misbehave(WEIGHTS, 9, Mischief::StallAfter(0));
    let error = world.fetch(REPO).unwrap_err();
    assert!(matches!(error, HubError::Stalled { .. }), "{error}");
}

#[test]
fn a_slow_download_is_no_stalled_one() {
    let mut world = World::with_model(30_000);
    // Far longer than a pause of the hub, far shorter than the whole download.
    world.settings.stall = Duration::from_secs(5);
    world.hub.misbehave(WEIGHTS, 1, Mischief::Drip(1000));
    world.fetch(REPO).unwrap();
    assert_eq!(parts(&world.hub), [(None, 30_000)]);
}

#[test]
fn a_server_without_ranges_sends_the_whole_file_again() {
    let world = World::with_model(SIZE);
    world.hub.misbehave(WEIGHTS, 1, Mischief::CutAfter(600_000));
    world.hub.misbehave(WEIGHTS, 1, Mischief::IgnoreRange);
    assert_whole(&world);
    assert_eq!(parts(&world.hub), [(None, 600_000), (range(600_000), SIZE)]);
    let last = world.steps.borrow().last().cloned().unwrap();
    assert_eq!(Some(last.bytes), last.total);
}

#[test]
fn a_file_that_changes_between_its_parts_starts_anew() {
    let world = World::with_model(SIZE);
    let new = vec![7; 900_000];
    world.hub.misbehave(WEIGHTS, 1, Mischief::CutAfter(600_000));
    world.hub.misbehave(WEIGHTS, 1, Mischief::Replace(new.clone()));
    let model = world.fetch(REPO).unwrap();
    assert!(fs::read(model.path.join(WEIGHTS)).unwrap() == new);
    assert_eq!(world.incomplete(), [0_u64; 0]);
    let parts = parts(&world.hub);
    assert_eq!((parts[0].clone(), parts[2].clone()), ((None, 600_000), (None, 900_000)));
    let last = world.steps.borrow().last().cloned().unwrap();
    assert_eq!((last.bytes, last.total), (900_033, Some(900_033)));
}

#[test]
fn a_file_that_becomes_shorter_than_what_is_there_starts_anew() {
    let world = World::with_model(SIZE);
    let new = vec![7; 1000];
    world.hub.misbehave(WEIGHTS, 1, Mischief::CutAfter(600_000));
    world.hub.misbehave(WEIGHTS, 1, Mischief::Replace(new.clone()));
    let model = world.fetch(REPO).unwrap();
    assert!(fs::read(model.path.join(WEIGHTS)).unwrap() == new);
}

#[test]
fn damaged_content_is_never_used() {
    let world = World::with_model(SIZE);
    world.hub.misbehave(WEIGHTS, 1, Mischief::Damage);
    let error = world.fetch(REPO).unwrap_err();
    assert!(matches!(error, HubError::Damaged { .. }), "{error}");
    assert!(error.to_string().contains("SHA-256"), "{error}");
    assert_eq!(world.incomplete(), [0_u64; 0]);
    assert_whole(&world);
}

#[test]
fn damage_that_an_earlier_run_left_is_repaired() {
    let mut world = World::with_model(SIZE);
    world.settings.attempts = 1;
    world.hub.misbehave(WEIGHTS, 1, Mischief::CutAfter(600_000));
    world.fetch(REPO).unwrap_err();
    for blob in fs::read_dir(world.repo_cache().join("blobs")).unwrap().flatten() {
        if blob.metadata().unwrap().len() == 600_000 {
            fs::write(blob.path(), vec![0; 600_000]).unwrap();
        }
    }
    world.hub.take_requests();
    assert_whole(&world);
    assert_eq!(parts(&world.hub), [(range(600_000), 400_000), (None, SIZE)]);
}

#[test]
fn a_size_that_is_not_the_listed_one_is_refused() {
    for by in [-1, 1] {
        let world = World::with_model(SIZE);
        world.hub.misbehave(WEIGHTS, 1, Mischief::WrongSize(by));
        let error = world.fetch(REPO).unwrap_err();
        assert!(matches!(error, HubError::Damaged { .. }), "{error}");
        assert!(error.to_string().contains("1000000 bytes were announced"), "{error}");
    }
}
