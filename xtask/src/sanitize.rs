//! `cargo xtask sanitize`: the tests of the model crate, its kernels above all, under
//! AddressSanitizer on every instruction set. It takes a few minutes, so it is not part of `test`;
//! run it when `unsafe` code has changed.

use crate::shell;

/// Sanitizers are a feature of nightly compilers, which this variable unlocks on stable ones. They
/// need a target to be named, or build scripts would be sanitized too.
pub(crate) fn run() -> Result<(), String> {
    let target = "x86_64-unknown-linux-gnu";
    for level in ["avx512", "avxvnni", "avx2", "portable"] {
        let arguments = [
            "test",
            "--package",
            "tokenscope-model",
            "--tests",
            "--target",
            target,
            "--target-dir",
            "target/sanitize",
        ];
        let variables = [
            ("RUSTC_BOOTSTRAP", "1"),
            ("RUSTFLAGS", "-Zsanitizer=address"),
            ("TOKENSCOPE_SIMD", level),
        ];
        shell::run_with(".", "cargo", &arguments, &variables)?;
    }
    Ok(())
}
