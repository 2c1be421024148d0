//! The kernels by themselves, in GB/s of weights or keys and values, and in operations per second
//! (a multiplication and an addition are two), below what the machine can do at most.
//!
//! `cargo bench -p tokenscope-bench`

use divan::Bencher;
use divan::counter::{BytesCount, ItemsCount};
use tokenscope_bench::ceilings::Ceilings;
use tokenscope_model::bench_door::{Attention, Product};
use tokenscope_model::format::StorageFormat;

const THREADS: usize = 2;

fn main() {
    let ceilings = Ceilings::measure(THREADS);
    eprintln!(
        "{THREADS} threads of this machine read {:.1} GB/s and do {:.0} Gitem/s (GFLOP/s); kernels \
         run with {}",
        ceilings.read_gb_per_s,
        ceilings.gflop_per_s,
        tokenscope_model::instruction_set().unwrap_or("an unknown instruction set")
    );
    divan::main();
}

const FORMATS: [StorageFormat; 11] = [
    StorageFormat::F32,
    StorageFormat::F16,
    StorageFormat::Bf16,
    StorageFormat::Q4_0,
    StorageFormat::Q4_1,
    StorageFormat::Q5_0,
    StorageFormat::Q5_1,
    StorageFormat::Q8_0,
    StorageFormat::Q4_K,
    StorageFormat::Q5_K,
    StorageFormat::Q6_K,
];

fn product(bencher: Bencher<'_, '_>, mut product: Product) {
    bencher
        .counter(BytesCount::new(product.bytes()))
        .counter(ItemsCount::new(product.operations()))
        .bench_local(|| product.run());
}

/// One token: weights come from memory, since there are more than caches hold.
#[divan::bench(args = FORMATS, sample_count = 20)]
fn one_token(bencher: Bencher<'_, '_>, format: StorageFormat) {
    product(bencher, Product::new(format, 65_536, 2048, 1, THREADS));
}

/// Forty tokens: expanding the weights counts.
#[divan::bench(args = FORMATS, sample_count = 20)]
fn forty_tokens(bencher: Bencher<'_, '_>, format: StorageFormat) {
    product(bencher, Product::new(format, 4096, 2048, 40, THREADS));
}

/// The gradient of as many tokens with respect to the inputs.
#[divan::bench(args = FORMATS, sample_count = 20)]
fn gradient_of_forty_tokens(bencher: Bencher<'_, '_>, format: StorageFormat) {
    let mut product = Product::new(format, 4096, 2048, 40, THREADS);
    product.run();
    bencher
        .counter(BytesCount::new(product.bytes()))
        .counter(ItemsCount::new(product.operations()))
        .bench_local(|| product.run_backward());
}

/// 512 tokens: arithmetic is nearly all.
#[divan::bench(args = [StorageFormat::F32, StorageFormat::Q4_1, StorageFormat::Q8_0, StorageFormat::Q6_K], sample_count = 20)]
fn a_prompt(bencher: Bencher<'_, '_>, format: StorageFormat) {
    product(bencher, Product::new(format, 4096, 2048, 512, THREADS));
}

/// (queries, positions), with the heads of SmolLM2: 9 of 64 numbers in groups of 3.
#[divan::bench(args = [(1, 512), (1, 4096), (40, 40), (512, 512), (512, 4096)], sample_count = 20)]
fn attention(bencher: Bencher<'_, '_>, (queries, positions): (usize, usize)) {
    let mut attention = Attention::new((9, 3, 64), queries, positions, THREADS);
    bencher
        .counter(BytesCount::new(attention.bytes()))
        .counter(ItemsCount::new(attention.operations()))
        .bench_local(|| attention.run());
}
