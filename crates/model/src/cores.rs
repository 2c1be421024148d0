//! How many threads to compute with, if nobody says: one per physical core of the fast kind.
//!
//! Processors of laptops and phones have slow cores beside the fast ones. A thread on a slow core takes part
//! in every parallel region, and though the others take over what it leaves, each region ends only with its last
//! task. Two threads of one core share its vector units, so only one of them counts.

/// The physical cores of the fast kind that this process may use, at least 1. A container's share of the
/// processor's time is a bound, too.
pub fn default_threads() -> usize {
    let allowed = num_cpus::get();
    let cores = fast_cores().unwrap_or_else(num_cpus::get_physical);
    cores.min(allowed).max(1)
}

#[cfg(target_os = "linux")]
fn fast_cores() -> Option<usize> {
    let set = rustix::thread::sched_getaffinity(None).ok()?;
    let allowed = (0..rustix::thread::CpuSet::MAX_CPU).filter(|cpu| set.is_set(*cpu));
    linux::fast_cores(std::path::Path::new("/sys/devices"), allowed)
}

/// macOS counts its kinds of cores from the fastest on. Processors with one kind have no levels.
#[cfg(target_os = "macos")]
#[expect(unsafe_code, reason = "the system's function has no safe counterpart")]
fn fast_cores() -> Option<usize> {
    let mut cores: libc::c_int = 0;
    let mut size = size_of_val(&cores);
    // SAFETY: the name ends with a zero, the place has the size that is given with it, and nothing is set.
    let answer = unsafe {
        libc::sysctlbyname(
            c"hw.perflevel0.physicalcpu".as_ptr(),
            (&raw mut cores).cast(),
            &raw mut size,
            std::ptr::null_mut(),
            0,
        )
    };
    usize::try_from(cores).ok().filter(|cores| answer == 0 && *cores > 0)
}

#[cfg(not(any(target_os = "linux", target_os = "macos")))]
fn fast_cores() -> Option<usize> {
    None
}

/// What Linux tells of processors under `/sys/devices`.
#[cfg(any(target_os = "linux", test))]
mod linux {
    use std::collections::HashSet;
    use std::fs;
    use std::path::Path;

    /// The capacity of the fastest processor, to which the kernel scales those of the others (kernel
    /// documentation, `arch_topology`: `SCHED_CAPACITY_SCALE`).
    const FULL: u64 = 1024;

    /// The cores among `allowed` processors whose capacity is at least three quarters of the largest: the few
    /// fastest cores of a phone have siblings that are nearly as fast, while small cores have half of it or less.
    /// None if nothing is known of them.
    pub(super) fn fast_cores(
        devices: &Path,
        allowed: impl Iterator<Item = usize>,
    ) -> Option<usize> {
        let small = processors(&devices.join("cpu_atom/cpus"));
        let known: Vec<(u64, String)> = allowed
            .filter_map(|cpu| {
                let folder = devices.join(format!("system/cpu/cpu{cpu}"));
                let capacity =
                    read(&folder.join("cpu_capacity")).and_then(|text| text.parse().ok());
                // Intel's kernels named the kinds before they told capacities.
                let by_kind = if small.contains(&cpu) { FULL / 2 } else { FULL };
                // The list of a core's processors is the same for each of them.
                let core = read(&folder.join("topology/core_cpus_list"))
                    .or_else(|| read(&folder.join("topology/thread_siblings_list")))?;
                Some((capacity.unwrap_or(by_kind), core))
            })
            .collect();
        let largest = known.iter().map(|(capacity, _)| *capacity).max()?;
        let is_fast = |capacity: u64| capacity * 4 >= largest * 3;
        let cores: HashSet<&String> =
            known.iter().filter(|(capacity, _)| is_fast(*capacity)).map(|(_, core)| core).collect();
        Some(cores.len())
    }

    fn read(path: &Path) -> Option<String> {
        Some(fs::read_to_string(path).ok()?.trim().to_owned())
    }

    /// A list such as `0-7,16`; none if the file is not there.
    fn processors(path: &Path) -> HashSet<usize> {
        let list = read(path).unwrap_or_default();
        let parts = list.split(',').filter_map(|part| {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            Some(first.parse::<usize>().ok()?..=last.parse().ok()?)
        });
        parts.flatten().collect()
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    fn write(folder: &Path, file: &str, text: &str) {
        let path = folder.join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, format!("{text}\n")).unwrap();
    }

    #[test]
    fn cores_of_the_fast_kind_are_counted_once() {
        /// Processors by their core's list of processors, and by their capacity if it is told.
        type Machine = &'static [(&'static str, Option<u64>)];
        const ALIKE: Machine = &[("0", None), ("1", None), ("2", None), ("3", None)];
        const TWO_THREADS: Machine = &[("0,2", None), ("1,3", None), ("0,2", None), ("1,3", None)];
        const PHONE: Machine = &[
            ("0", Some(250)),
            ("1", Some(250)),
            ("2", Some(870)),
            ("3", Some(870)),
            ("4", Some(1024)),
        ];
        const HYBRID: Machine =
            &[("0-1", Some(1024)), ("0-1", Some(1024)), ("2", Some(620)), ("3", Some(620))];
        const OLD_HYBRID: Machine = &[("0-1", None), ("0-1", None), ("2", None), ("3", None)];
        for (name, machine, small, allowed, expected) in [
            ("alike", ALIKE, "", 0..4, Some(4)),
            ("some of them allowed", ALIKE, "", 1..3, Some(2)),
            ("two threads per core", TWO_THREADS, "", 0..4, Some(2)),
            ("three kinds", PHONE, "", 0..5, Some(3)),
            ("only small ones allowed", PHONE, "", 0..2, Some(2)),
            ("two kinds", HYBRID, "", 0..4, Some(1)),
            ("two kinds by name", OLD_HYBRID, "2-3", 0..4, Some(1)),
            ("more allowed than there are", ALIKE, "", 0..9, Some(4)),
            ("nothing told", &[], "", 0..4, None),
        ] {
            let devices = tempfile::tempdir().unwrap();
            for (cpu, (core, capacity)) in machine.iter().enumerate() {
                let file = |name: &str| format!("system/cpu/cpu{cpu}/{name}");
                write(devices.path(), &file("topology/core_cpus_list"), core);
                if let Some(capacity) = capacity {
                    write(devices.path(), &file("cpu_capacity"), &capacity.to_string());
                }
            }
            if !small.is_empty() {
                write(devices.path(), "cpu_atom/cpus", small);
            }
            assert_eq!(linux::fast_cores(devices.path(), allowed), expected, "{name}");
        }
    }

    #[test]
    fn the_default_is_no_more_than_the_process_may_use() {
        let threads = default_threads();
        assert!(threads >= 1 && threads <= num_cpus::get(), "{threads}");
    }
}
