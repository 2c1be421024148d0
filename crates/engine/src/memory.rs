//! Whether a model fits.

use sysinfo::System;

/// What the program needs beside the weights: vocabulary tables, activations, and the keys, values
/// and logits of the first prompts. (What is remembered of later ones has a limit of its own.)
const TO_WORK_WITH: u64 = 256 << 20;

/// Bytes that programs can still get without swapping, as far as the system says. In a container
/// not more than it may have at all.
pub(crate) fn available() -> Option<u64> {
    let mut system = System::new();
    system.refresh_memory();
    let free = Some(system.available_memory()).filter(|bytes| *bytes > 0)?;
    Some(system.cgroup_limits().map_or(free, |limits| free.min(limits.total_memory)))
}

/// Bytes for remembered prefixes if nobody says how many: a part of what is available, within bounds
/// of what is of use and of what a program in the background may take.
pub(crate) fn default_cache_bytes(available: Option<u64>) -> usize {
    const LEAST: u64 = 64 << 20;
    /// Limit of memory: bytes of remembered prefixes, unless the command line says another; forgotten.
    const MOST: u64 = 512 << 20;
    available.map_or(LEAST, |bytes| (bytes / 8).clamp(LEAST, MOST)) as usize
}

/// Refuses weights that do not fit into `available` bytes.
///
/// # Errors
/// A sentence with the numbers.
pub(crate) fn check(weights: u64, available: Option<u64>) -> Result<(), String> {
    let needed = weights.saturating_add(TO_WORK_WITH);
    match available {
        Some(available) if needed > available => Err(format!(
            "It needs about {} of memory ({} for its weights, {} to work with), but only {} are \
             available. Take a smaller model, or a file with stronger quantization.",
            gigabytes(needed),
            gigabytes(weights),
            gigabytes(TO_WORK_WITH),
            gigabytes(available)
        )),
        _ => Ok(()),
    }
}

fn gigabytes(bytes: u64) -> String {
    format!("{:.1} GB", bytes as f64 / 1e9)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_that_does_not_fit_is_refused_with_numbers() {
        for (weights, available, complaint) in [
            (14_000_000_000, Some(9_200_000_000), "14.3 GB of memory (14.0 GB for its weights"),
            (14_000_000_000, Some(9_200_000_000), "only 9.2 GB are available"),
            (u64::MAX, Some(1), "of memory"),
            (100, Some(TO_WORK_WITH), "of memory"),
            (100, Some(TO_WORK_WITH + 100), ""),
            (14_000_000_000, None, ""),
        ] {
            let error = check(weights, available).err().unwrap_or_default();
            assert_eq!(error.is_empty(), complaint.is_empty(), "{weights} {available:?}: {error}");
            assert!(error.contains(complaint), "{error}");
        }
    }

    #[test]
    fn the_cache_takes_an_eighth_of_what_is_available() {
        const MIB: u64 = 1 << 20;
        for (available, expected) in
            [(None, 64), (Some(0), 64), (Some(1024), 128), (Some(3000), 375), (Some(24_000), 512)]
        {
            let bytes = default_cache_bytes(available.map(|mib| mib * MIB));
            assert_eq!(bytes as u64, expected * MIB, "{available:?}");
        }
    }

    #[test]
    fn the_system_says_what_is_available() {
        assert!(available().is_none_or(|bytes| bytes > 1 << 20));
    }
}
