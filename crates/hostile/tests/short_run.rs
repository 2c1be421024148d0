//! A short run of every fuzz target, without a fuzzer: its seeds, and changes of them that look random and
//! are the same in every run.

#[path = "../../engine/tests/damage/mod.rs"]
mod damage;

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::Path;

use damage::{Dice, damage_bytes, damage_json};
use tokenscope_hostile::{TARGETS, Target};

/// Most bytes of an input.
const LONGEST: usize = 16 << 10;

/// The seeds of a target, in a lasting order.
fn seeds(name: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds").join(name);
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{folder:?}: {error}"));
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|path| fs::read(path).unwrap()).collect()
}

/// A seed with one to three changes.
fn changed(dice: &mut Dice, seeds: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = dice.pick(seeds);
    for _ in 0..=dice.below(3) {
        match dice.below(4) {
            0 => splice(dice, &mut bytes, seeds),
            1 if change_json(dice, &mut bytes) => {}
            _ => {
                let region = dice.pick(&[200, 2_000, LONGEST]);
                damage_bytes(dice, &mut bytes, region);
            }
        }
    }
    bytes.truncate(LONGEST);
    bytes
}

/// Puts a part of some seed somewhere.
fn splice(dice: &mut Dice, bytes: &mut Vec<u8>, seeds: &[Vec<u8>]) {
    let other = dice.pick(seeds);
    let start = dice.below(other.len());
    let part = &other[start..other.len().min(start + 1 + dice.below(60))];
    let at = dice.below(bytes.len() + 1);
    let until = bytes.len().min(at + dice.below(20));
    bytes.splice(at..until, part.iter().copied());
}

/// Changes a value of the JSON that begins with the first `{`, and is followed by a zero byte or nothing.
fn change_json(dice: &mut Dice, bytes: &mut Vec<u8>) -> bool {
    let Some(start) = bytes.iter().position(|byte| *byte == b'{') else { return false };
    let end = bytes.iter().position(|byte| *byte == 0).filter(|end| *end > start);
    let end = end.unwrap_or(bytes.len());
    let Ok(mut value) = serde_json::from_slice(&bytes[start..end]) else { return false };
    damage_json(dice, &mut value);
    bytes.splice(start..end, value.to_string().into_bytes());
    true
}

fn check(target: &Target) {
    let seeds = seeds(target.name);
    assert!(seeds.len() > 2, "{}", target.name);
    let try_one = |bytes: &[u8], what: &str| {
        let result = catch_unwind(AssertUnwindSafe(|| (target.run)(bytes)));
        if let Err(panic) = result {
            eprintln!("{}, {what}: {:?}", target.name, String::from_utf8_lossy(bytes));
            resume_unwind(panic);
        }
    };
    for (at, seed) in seeds.iter().enumerate() {
        try_one(seed, &format!("seed {at}"));
    }
    let mut dice = Dice(7);
    for case in 0..target.cases {
        try_one(&changed(&mut dice, &seeds), &format!("case {case}"));
    }
}

/// One test for each, so that they run at once and a failure names its target.
macro_rules! short_runs {
    ($($name:ident)*) => {
        $(
            #[test]
            fn $name() {
                let name = stringify!($name);
                check(TARGETS.iter().find(|target| target.name == name).unwrap());
            }
        )*

        #[test]
        fn every_target_has_a_test_and_a_program() {
            let names = [$(stringify!($name)),*];
            assert_eq!(TARGETS.map(|target| target.name), names);
            let programs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/fuzz_targets");
            for name in names {
                assert!(programs.join(format!("{name}.rs")).is_file(), "{name}");
            }
        }
    };
}

short_runs! { gguf folder config tokenizer template hub constraint body }
