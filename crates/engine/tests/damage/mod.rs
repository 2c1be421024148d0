//! Damage that looks random and is the same in every run.

use serde_json::{Value, json};

/// Numbers that look random and are the same every time (splitmix64, doi:10.1145/2660193.2660195).
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, n: usize) -> usize {
        (self.roll() % n as u64) as usize
    }

    pub(crate) fn pick<T: Clone>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())].clone()
    }
}

/// Numbers at which counts, sizes and signs turn over.
const EDGES: [u64; 9] =
    [0, 1, 0x7F, 0xFFFF, 1 << 31, u32::MAX as u64, 1 << 40, i64::MAX as u64, u64::MAX];

/// Damages some of the first `region` bytes.
pub(crate) fn damage_bytes(dice: &mut Dice, bytes: &mut Vec<u8>, region: usize) {
    if bytes.is_empty() {
        return;
    }
    let at = dice.below(region.min(bytes.len()));
    match dice.below(6) {
        0 => bytes[at] ^= 1 << dice.below(8),
        1 => bytes[at] = dice.roll() as u8,
        2 | 3 => {
            let edge = dice.pick(&EDGES).to_le_bytes();
            let n = dice.pick(&[4, 8]).min(bytes.len() - at);
            bytes[at..at + n].copy_from_slice(&edge[..n]);
        }
        4 => bytes.truncate(at.max(1)),
        _ => {
            let n = dice.below(64).min(bytes.len() - at);
            bytes.drain(at..at + n);
        }
    }
}

/// Replaces or removes one value somewhere inside.
pub(crate) fn damage_json(dice: &mut Dice, value: &mut Value) {
    let odd = [
        json!(null),
        json!(true),
        json!(0),
        json!(-1),
        json!(1e308),
        json!(u32::MAX),
        json!(u64::MAX),
        json!(0.5),
        json!(""),
        json!("\u{2581}"),
        json!([]),
        json!({}),
        json!([[[[]]]]),
    ];
    match value {
        Value::Object(entries) if !entries.is_empty() && dice.below(8) > 0 => {
            let keys: Vec<String> = entries.keys().cloned().collect();
            let key = dice.pick(&keys);
            if dice.below(8) == 0 {
                entries.remove(&key);
            } else {
                damage_json(dice, &mut entries[&key]);
            }
        }
        Value::Array(items) if !items.is_empty() && dice.below(8) > 0 => {
            let at = dice.below(items.len());
            damage_json(dice, &mut items[at]);
        }
        other => *other = dice.pick(&odd),
    }
}
