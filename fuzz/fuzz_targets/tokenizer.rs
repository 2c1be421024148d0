#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| tokenscope_hostile::run("tokenizer", bytes));
