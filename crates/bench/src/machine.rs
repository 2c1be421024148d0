//! What is measured on.

use serde_json::{Value, json};

use crate::ceilings::Ceilings;

/// The machine's facts, with ceilings for `threads` threads, and how busy others keep it.
pub fn facts(threads: usize) -> Value {
    let mut system = sysinfo::System::new();
    system.refresh_cpu_all();
    system.refresh_memory();
    // What others do while we do nothing. Load averages would still count the build before us.
    std::thread::sleep(std::time::Duration::from_secs(1));
    system.refresh_cpu_usage();
    let busy_percent = system.global_cpu_usage();
    let ceilings = Ceilings::measure(threads);
    json!({
        "cpu": system.cpus().first().map_or("", |cpu| cpu.brand()),
        "system": std::env::consts::OS,
        "architecture": std::env::consts::ARCH,
        "instructions": instructions(),
        "simd_wanted": std::env::var("TOKENSCOPE_SIMD").ok(),
        "physical_cores": num_cpus::get_physical(),
        "logical_cores": num_cpus::get(),
        "memory_bytes": system.total_memory(),
        "busy_percent": busy_percent,
        "threads": threads,
        "read_gb_per_s": ceilings.read_gb_per_s,
        "gflop_per_s": ceilings.gflop_per_s,
    })
}

/// The vector instructions that were detected.
fn instructions() -> Vec<&'static str> {
    #[cfg(target_arch = "x86_64")]
    let found = [
        ("avx2", is_x86_feature_detected!("avx2")),
        ("fma", is_x86_feature_detected!("fma")),
        ("avxvnni", is_x86_feature_detected!("avxvnni")),
        ("avx512f", is_x86_feature_detected!("avx512f")),
        ("avx512bw", is_x86_feature_detected!("avx512bw")),
        ("avx512vnni", is_x86_feature_detected!("avx512vnni")),
    ];
    #[cfg(target_arch = "aarch64")]
    let found = [
        ("neon", std::arch::is_aarch64_feature_detected!("neon")),
        ("dotprod", std::arch::is_aarch64_feature_detected!("dotprod")),
    ];
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    let found: [(&str, bool); 0] = [];
    found.into_iter().filter(|(_, there)| *there).map(|(name, _)| name).collect()
}
