//! `cargo xtask arm`: the tests of the numeric crates and of the HTTP interface as a 64-bit ARM program,
//! emulated. The emulator is told to be a processor without the dot product of bytes and then one with
//! everything. It takes half an hour on two cores, so it is not part of `test`; run it when kernels have
//! changed.
//!
//! Debian's own compiler builds it, since its standard library for ARM is a package, too. Elsewhere a
//! compiler with that target, a cross linker and QEMU do the same: the environment variables below say how
//! they are used.

use std::path::Path;

use crate::{shell, tools};

const TARGET: &str = "aarch64-unknown-linux-gnu";
/// Cortex-A72 is ARMv8.0; `max` is all that the emulator knows.
const PROCESSORS: [&str; 2] = ["cortex-a72", "max"];
const NUMERIC: [&str; 2] = ["tokenscope-model", "tokenscope-sampling"];
/// The compiler, the cross linker with its C library, and the emulator.
const PACKAGES: [&str; 5] =
    ["rustc-web", "cargo-web", "gcc-aarch64-linux-gnu", "libc6-dev-arm64-cross", "qemu-user"];
const STANDARD_LIBRARY: &str = "libstd-rust-web-dev:arm64";
const RUSTLIB: &str = "/usr/lib/rustlib";

pub(crate) fn run() -> Result<(), String> {
    need_compiler()?;
    for processor in PROCESSORS {
        for package in NUMERIC {
            test(processor, &["--package", package])?;
        }
    }
    // Kernels have been seen on both; what is above them does not ask for the processor.
    test("max", &["--package", "tokenscope-server", "--test", "api"])
}

/// Cargo's variable for the compiler, and Debian's.
pub(crate) const COMPILER: (&str, &str) = ("RUSTC", "/usr/bin/rustc");

/// Makes demangled names tell the types that a function was compiled for.
pub(crate) const NAMES_WITH_TYPES: &str = "-Csymbol-mangling-version=v0";

/// Builds the kernels' benchmarks for ARM; returns the program's path.
pub(crate) fn build_kernels() -> Result<String, String> {
    need_compiler()?;
    let what = ["--package", "tokenscope-bench", "--bench", "kernels", "--no-run"];
    cargo("bench", &what, "target/cycles", &[("RUSTFLAGS", NAMES_WITH_TYPES)])?;
    crate::cycles::newest(&format!("target/cycles/{TARGET}/release/deps"), "kernels-")
}

fn test(processor: &str, what: &[&str]) -> Result<(), String> {
    let runner = format!("qemu-aarch64 -cpu {processor} -L /usr/aarch64-linux-gnu");
    let what = [&["--release"], what].concat();
    eprintln!("\nas {processor}:");
    cargo(
        "test",
        &what,
        "target/arm",
        &[("CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER", &runner)],
    )
}

/// Runs Debian's cargo for the target.
fn cargo(
    command: &str,
    what: &[&str],
    folder: &str,
    variables: &[(&str, &str)],
) -> Result<(), String> {
    let linker = "aarch64-linux-gnu-gcc";
    let compiler = [
        COMPILER,
        ("RUSTDOC", "/usr/bin/rustdoc"),
        ("CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER", linker),
        ("CC_aarch64_unknown_linux_gnu", linker),
    ];
    let arguments = [&[command, "--target", TARGET, "--target-dir", folder], what].concat();
    shell::run_with(".", "/usr/bin/cargo", &arguments, &[&compiler, variables].concat())
}

/// Makes sure that there are a compiler for the target, its standard library, a linker and an emulator.
fn need_compiler() -> Result<(), String> {
    let found = ["/usr/bin/rustc", "/usr/bin/cargo"].iter().all(|path| Path::new(path).exists());
    let runs = shell::output("qemu-aarch64", &["--version"]).is_some();
    let links = shell::output("aarch64-linux-gnu-gcc", &["--version"]).is_some();
    if !(found && runs && links) {
        tools::install("A cross compiler for ARM", &PACKAGES, "")?;
    }
    let library = Path::new(RUSTLIB).join(TARGET);
    if library.exists() {
        return Ok(());
    }
    // It cannot be installed beside the host's own, with which it shares files; so it is unpacked.
    let folder = shell::root().join("target/arm-standard-library");
    std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let place = "target/arm-standard-library";
    shell::run(".", "dpkg", &["--add-architecture", "arm64"])?;
    shell::run(".", "apt-get", &["update", "-qq"])?;
    shell::run(place, "apt-get", &["download", STANDARD_LIBRARY])?;
    let packages = std::fs::read_dir(&folder).map_err(|error| error.to_string())?;
    let mut names =
        packages.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
    let package =
        names.find(|name| name.ends_with(".deb")).ok_or("apt-get downloaded no package")?;
    shell::run(place, "dpkg", &["-x", &package, "."])?;
    let unpacked = folder.join("usr/lib/rustlib").join(TARGET);
    shell::run(".", "cp", &["-a", &unpacked.to_string_lossy(), RUSTLIB])
}
