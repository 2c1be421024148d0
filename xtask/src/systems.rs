//! `cargo xtask systems`: the program's code as a compiler for Windows and for macOS sees it. Nothing is linked or
//! run, but what cannot compile there is found without such a machine. It takes some minutes, so it is not part of
//! `test`.
//!
//! The standard library of these targets is compiled from its source, which Debian has as a package.

use crate::{arm, shell, tools};

const PACKAGES: [&str; 7] = [
    "rustc-web",
    "cargo-web",
    "rust-web-src",
    // C of the cryptography that we depend on, and import libraries.
    "gcc-mingw-w64-x86-64",
    "clang-22",
    "llvm-22",
    "musl-dev",
];

const FOLDER: &str = "target/systems";

/// C headers are another system's, as far as they do for a check; this one only Apple has.
const HEADER: &str =
    "#define TARGET_OS_MAC 1\n#define TARGET_OS_OSX 1\n#define TARGET_OS_IPHONE 0\n";

pub(crate) fn run() -> Result<(), String> {
    let has_tools = ["/usr/bin/cargo", "/usr/lib/rustlib/src/rust/library/Cargo.lock"]
        .iter()
        .all(|path| std::path::Path::new(path).exists())
        && ["x86_64-w64-mingw32-gcc", "clang-22", "llvm-ar-22", "musl-gcc"]
            .iter()
            .all(|tool| tokenscope_children::find(tool).is_some());
    if !has_tools {
        tools::install("A compiler for other systems", &PACKAGES, "")?;
    }
    let headers = shell::root().join(FOLDER).join("headers");
    std::fs::create_dir_all(&headers)
        .and_then(|()| std::fs::write(headers.join("TargetConditionals.h"), HEADER))
        .map_err(|error| format!("{}: {error}", headers.display()))?;
    let flags = format!(
        "-nostdlibinc -isystem /usr/include/x86_64-linux-musl -isystem {}",
        headers.display()
    );
    for (target, variables) in [
        ("x86_64-pc-windows-gnu", &[][..]),
        (
            "aarch64-apple-darwin",
            &[
                ("CC_aarch64_apple_darwin", "clang-22"),
                ("AR_aarch64_apple_darwin", "llvm-ar-22"),
                ("CFLAGS_aarch64_apple_darwin", &flags),
            ],
        ),
    ] {
        let arguments = [
            "check",
            "-Zbuild-std=std,panic_abort",
            "--package",
            "tokenscope-server",
            "--target",
            target,
            "--target-dir",
            FOLDER,
        ];
        let compiler = [arm::COMPILER, ("RUSTC_BOOTSTRAP", "1"), ("RUSTFLAGS", "--deny warnings")];
        shell::run_with(".", "/usr/bin/cargo", &arguments, &[&compiler, variables].concat())?;
    }
    Ok(())
}
