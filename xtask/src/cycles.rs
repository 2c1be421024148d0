//! `cargo xtask cycles`: how many cycles a weight costs, as a model of the processor predicts it.
//!
//! Machines that we don't have cannot be timed, and an emulator's times mean nothing. But the inner loops of the
//! kernels can be taken out of the disassembled program and given to `llvm-mca`, which knows the ports and latencies
//! of many cores. It assumes that all data is in the first-level cache and that every branch is foreseen, so its
//! numbers are the kernel's own part of the time, a lower bound.
//!
//! 1. The kernels' benchmarks are built for this machine and for ARM, and disassembled ([`listing`]).
//! 2. The loop that does most products of a kernel is found ([`loops`]), and its products are counted.
//! 3. `llvm-mca` says how many cycles a round of it takes.

mod listing;
mod loops;

use std::io::Write as _;
use std::process::{Command, Stdio};

use self::listing::Function;
pub(crate) use self::listing::newest;
use self::loops::{Loop, Products};
use crate::arm;
use crate::shell;
use crate::table::Table;
use crate::tools;

/// LLVM 22 is the first whose models of these cores are not guesses from others.
const TOOLS: [&str; 2] = ["llvm-objdump-22", "llvm-mca-22"];

/// Rounds of a loop that are predicted.
const ROUNDS: u32 = 200;

/// An instruction set on a core.
struct Core {
    /// As the function that compiles kernels for it is called.
    entry: &'static str,
    /// As llvm-mca calls it.
    name: &'static str,
    target: &'static str,
    /// Multiply-adds of float32 that it begins in a cycle at most.
    peak: f64,
}

const X86: &str = "x86_64";
const ARM: &str = "aarch64";

/// Peaks are those of the makers' optimisation guides: vector pipes that multiply and add, times their lanes.
const CORES: [Core; 8] = [
    Core { entry: "avx512::run", name: "skylake-avx512", target: X86, peak: 32.0 },
    Core { entry: "avx2::run_with_vnni", name: "alderlake", target: X86, peak: 16.0 },
    Core { entry: "avx2::run", name: "skylake", target: X86, peak: 16.0 },
    // Without the fused instruction, a multiplication and an addition share two ports.
    Core { entry: "simd::run_baseline", name: "skylake", target: X86, peak: 4.0 },
    Core { entry: "neon::run_with_dot_products", name: "neoverse-n1", target: ARM, peak: 8.0 },
    Core { entry: "neon::run", name: "neoverse-n1", target: ARM, peak: 8.0 },
    Core { entry: "neon::run_with_dot_products", name: "neoverse-v1", target: ARM, peak: 16.0 },
    // Its model has three of the four vector units.
    Core { entry: "neon::run_with_dot_products", name: "apple-m1", target: ARM, peak: 12.0 },
];

pub(crate) fn run() -> Result<(), String> {
    if TOOLS.iter().any(|tool| shell::output(tool, &["--version"]).is_none()) {
        tools::install("LLVM 22", &["llvm-22"], "")?;
    }
    let built = [(X86, natively()?), (ARM, arm::build_kernels()?)];
    let mut listings = Vec::new();
    for (target, program) in built {
        eprintln!("disassembling {program}");
        let arguments = ["--disassemble", "--demangle", "--no-show-raw-insn", &program];
        let text = shell::output(TOOLS[0], &arguments)
            .ok_or_else(|| format!("{} cannot read {program}", TOOLS[0]))?;
        listings.push((target, listing::functions(&text)));
    }
    let of_target = |target: &str| {
        let found = listings.iter().find(|(name, _)| *name == target);
        found.map_or(&[][..], |(_, functions)| functions)
    };
    for table in [one_token(&of_target)?, tiles(&of_target)?] {
        eprintln!("{}:\n\n{}", table.title, table.markdown());
    }
    Ok(())
}

fn natively() -> Result<String, String> {
    if !cfg!(target_arch = "x86_64") {
        return Err("the x86 half of this needs an x86-64 machine".into());
    }
    let arguments = [
        "bench",
        "--package",
        "tokenscope-bench",
        "--bench",
        "kernels",
        "--no-run",
        "--target-dir",
    ];
    let arguments = [&arguments[..], &["target/cycles"]].concat();
    // Names that tell which types a kernel was compiled for.
    shell::run_with(".", "cargo", &arguments, &[("RUSTFLAGS", arm::NAMES_WITH_TYPES)])?;
    newest("target/cycles/release/deps", "kernels-")
}

/// Cycles of a weight, for every format.
fn one_token<'a>(functions: &impl Fn(&str) -> &'a [Function]) -> Result<Table, String> {
    let mut columns = vec!["format".to_owned()];
    columns.extend(CORES.iter().map(title));
    let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
    let mut table = Table::new("cycles", "Predicted cycles per weight, one token", &columns);
    const FORMATS: [&str; 13] = [
        "F32", "F16", "Bf16", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "Q2_K", "Q3_K", "Q4_K",
        "Q5_K", "Q6_K",
    ];
    for format in FORMATS {
        let mut row = vec![format.to_owned()];
        for core in &CORES {
            let is_kernel = |name: &str| {
                name.contains("linear::one::AddRows<")
                    && name.contains(&format!("::{format}>"))
                    && core.owns(name)
            };
            let (round, cycles) = predict(core, functions(core.target), is_kernel)?;
            let weights = match round.products {
                // Activations have three digits; see crates/model/src/digits.rs.
                Products::OfBytes(count) => count / 3,
                Products::OfFloats(count) => count,
            };
            if weights == 0 || weights % 16 != 0 {
                return Err(format!("{format} on {}: {weights} weights a round", core.name));
            }
            row.push(format!("{:.3}", cycles / f64::from(weights)));
        }
        table.push(row);
    }
    Ok(table)
}

/// How much of what a core can do its tile does.
fn tiles<'a>(functions: &impl Fn(&str) -> &'a [Function]) -> Result<Table, String> {
    let columns = ["core", "products a cycle", "of a peak of", "share"];
    let mut table = Table::new("tile", "Predicted speed of the tile, many tokens", &columns);
    for core in &CORES {
        let is_kernel = |name: &str| name.contains("ops::tile::Multiply") && core.owns(name);
        let (round, cycles) = predict(core, functions(core.target), is_kernel)?;
        let Products::OfFloats(count) = round.products else {
            return Err(format!("the tile of {} multiplies bytes", core.entry));
        };
        let rate = f64::from(count) / cycles;
        let share = format!("{:.0} %", 100.0 * rate / core.peak);
        table.push(vec![title(core), format!("{rate:.1}"), format!("{:.0}", core.peak), share]);
    }
    Ok(table)
}

fn title(core: &Core) -> String {
    let set = match core.entry {
        "avx512::run" => "avx512",
        "avx2::run_with_vnni" => "avxvnni",
        "avx2::run" => "avx2",
        "simd::run_baseline" => "portable",
        "neon::run_with_dot_products" => "dotprod",
        _ => "neon",
    };
    format!("{set}, {}", core.name)
}

impl Core {
    /// Whether a function is a kernel of this instruction set, by its demangled name.
    fn owns(&self, name: &str) -> bool {
        name.contains(&format!("{}::<", self.entry))
    }
}

/// The busiest loop of a kernel, and how many cycles a round of it takes.
fn predict(
    core: &Core,
    functions: &[Function],
    is_kernel: impl Fn(&str) -> bool,
) -> Result<(Loop, f64), String> {
    let kernels = functions.iter().filter(|function| is_kernel(&function.name));
    let busiest = kernels.filter_map(loops::busiest).max_by_key(Loop::rank);
    let round = busiest.ok_or_else(|| format!("no kernel's loop was found for {}", title(core)))?;
    let cycles = cycles(core, &round.instructions)?;
    Ok((round, cycles))
}

fn cycles(core: &Core, instructions: &[String]) -> Result<f64, String> {
    let path = tokenscope_children::find(TOOLS[1]).ok_or("llvm-mca is not there")?;
    let arguments = [
        format!("-mtriple={}", core.target),
        format!("-mcpu={}", core.name),
        format!("-iterations={ROUNDS}"),
        "-resource-pressure=false".to_owned(),
        "-instruction-info=false".to_owned(),
    ];
    let mut child = Command::new(path)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| format!("{}: {error}", TOOLS[1]))?;
    let mut text = String::new();
    for instruction in instructions {
        text += &known_zero(core, instruction);
        text.push('\n');
    }
    let mut input = child.stdin.take().expect("it was asked for");
    // What it cannot read it says below.
    let _ = input.write_all(text.as_bytes());
    drop(input);
    let output = child.wait_with_output().map_err(|error| error.to_string())?;
    let said = String::from_utf8_lossy(&output.stdout);
    let total = said.lines().find_map(|line| line.strip_prefix("Total Cycles:"));
    let total: Option<f64> = total.and_then(|number| number.trim().parse().ok());
    total.map(|total| total / f64::from(ROUNDS)).ok_or_else(|| {
        let why = String::from_utf8_lossy(&output.stderr);
        format!("{} on {}: {}", TOOLS[1], core.name, why.lines().next().unwrap_or_default())
    })
}

/// LLVM's model of this core lets a register that is set to zero by `x xor x` wait for its old value, which no
/// such core does (Intel's optimisation manual, "zero idioms"). A load instead costs more than the core takes.
fn known_zero(core: &Core, instruction: &str) -> String {
    let operands = instruction.strip_prefix("vpxor ").filter(|_| core.name == "alderlake");
    let registers: Vec<&str> = operands.unwrap_or_default().split(", ").collect();
    match registers[..] {
        [a, b, c] if a == b && b == c => {
            // The upper half is zero then, too.
            format!("vmovdqa 64(%rsp), {}", a.replace("xmm", "ymm"))
        }
        _ => instruction.to_owned(),
    }
}
