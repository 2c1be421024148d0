//! A cancel is heard wherever it comes, and costs nothing that has arrived. The time-outs here are
//! so long that only a cancel ends the tests.

use std::fs;
use std::time::Duration;

use tokenscope_engine::hub::{self, HubError, HubReference};
use tokenscope_engine::library::LoadStep;

use crate::fake_hub::Mischief;
use crate::harness::{REPO, World, content};

/// Fetches, and cancels from another thread a moment after a report that fits.
fn cancel_when(world: &World, fits: impl Fn(&LoadStep) -> bool) -> HubError {
    let reference = HubReference::parse(REPO).unwrap();
    let report = |step: LoadStep| {
        if fits(&step) {
            let cancelled = world.cancelled.clone();
            std::thread::spawn(move || {
                std::thread::sleep(Duration::from_millis(50));
                cancelled.cancel();
            });
        }
    };
    hub::fetch(&reference, &world.settings, &|_| Ok(()), &report, &world.cancelled).unwrap_err()
}

fn patient(bytes: usize) -> World {
    let mut world = World::with_model(bytes);
    world.settings.first_answer = Duration::from_secs(600);
    world.settings.stall = Duration::from_secs(600);
    world.settings.longest_wait = Duration::from_secs(600);
    world
}

#[test]
fn a_cancel_is_heard_everywhere() {
    let wait = || Mischief::Refuse(429, vec![("Retry-After", "600".to_owned())]);
    for (case, path, mischief) in [
        ("before the first answer", "/revision/", Mischief::Silence),
        ("while the hub wants us to wait", "/revision/", wait()),
        ("before a file begins", "model.safetensors", Mischief::Silence),
        ("in a file that stalls", "model.safetensors", Mischief::StallAfter(10)),
        ("in a file that drips", "model.safetensors", Mischief::Drip(1)),
        ("while a file has to wait", "model.safetensors", wait()),
    ] {
        let world = patient(100_000);
        world.hub.misbehave(path, 1, mischief);
        let error = cancel_when(&world, |_| true);
        assert!(matches!(error, HubError::Cancelled), "{case}: {error}");
    }
}

#[test]
fn what_has_arrived_is_used_the_next_time() {
    let mut world = patient(1_000_000);
    world.hub.misbehave("model.safetensors", 1, Mischief::StallAfter(600_000));
    let error = cancel_when(&world, |step| step.bytes > 500_000);
    assert!(matches!(error, HubError::Cancelled), "{error}");
    let arrived = world.incomplete()[0];
    assert!(arrived > 500_000, "{arrived}");
    world.hub.take_requests();

    world.cancelled = Default::default();
    let model = world.fetch(REPO).unwrap();
    assert!(fs::read(model.path.join("model.safetensors")).unwrap() == content(1_000_000));
    let requests = world.hub.take_requests();
    let part = requests.iter().find(|request| request.path.contains("model.saf")).unwrap();
    assert_eq!(part.range, Some(format!("bytes={arrived}-")));
    assert_eq!(part.sent() as u64, 1_000_000 - arrived);
}

#[test]
fn a_cancel_that_came_before_is_heard_too() {
    let world = patient(1000);
    world.cancelled.cancel();
    assert!(matches!(world.fetch(REPO), Err(HubError::Cancelled)));
    assert_eq!(world.hub.take_requests().len(), 0);
}

/// Two programs that want the same file do not write it twice.
#[test]
fn a_file_that_another_program_fetches_is_waited_for() {
    let world = World::with_model(300_000);
    world.hub.misbehave("model.safetensors", 1, Mischief::Drip(30_000));
    let reference = HubReference::parse(REPO).unwrap();
    let fetch =
        || hub::fetch(&reference, &world.settings, &|_| Ok(()), &|_| {}, &world.cancelled).unwrap();
    std::thread::scope(|scope| {
        let threads = [0, 1].map(|_| scope.spawn(fetch));
        let [a, b] = threads.map(|thread| thread.join().unwrap());
        assert_eq!(a.path, b.path);
    });
    let weights = |request: &crate::fake_hub::Request| request.path.contains("model.safetensors");
    let requests = world.hub.take_requests();
    assert_eq!(requests.iter().filter(|request| weights(request)).count(), 1);
}
