//! The loop of a function that does most products.

use super::listing::{Function, Instruction};

/// A loop without loops in it.
pub(super) struct Loop {
    pub(super) instructions: Vec<String>,
    pub(super) products: Products,
    /// Whether it asks for memory ahead of itself, as only the loop over whole rows does.
    asks_ahead: bool,
}

/// Products that a round does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Products {
    OfBytes(u32),
    OfFloats(u32),
}

impl Loop {
    /// By it the loop that is meant is the largest.
    pub(super) fn rank(&self) -> (u32, bool) {
        let count = match self.products {
            Products::OfBytes(count) | Products::OfFloats(count) => count,
        };
        (count, self.asks_ahead)
    }
}

pub(super) fn busiest(function: &Function) -> Option<Loop> {
    let all = &function.instructions;
    let place_of = |address: u64| all.binary_search_by_key(&address, |line| line.address).ok();
    // A jump backwards ends a loop.
    let ranges: Vec<(usize, usize)> = all
        .iter()
        .enumerate()
        .filter_map(|(end, line)| {
            let begin = place_of(jumps_to(line)?)?;
            (begin <= end).then_some((begin, end))
        })
        .collect();
    let has_inner = |(begin, end): (usize, usize)| {
        ranges.iter().any(|other| *other != (begin, end) && begin <= other.0 && other.1 <= end)
    };
    let inner = ranges.iter().copied().filter(|range| !has_inner(*range));
    let loops = inner.map(|(begin, end)| {
        let lines = &all[begin..=end];
        Loop {
            instructions: lines.iter().map(by_label).collect(),
            products: products(lines),
            asks_ahead: lines.iter().any(|line| line.mnemonic().starts_with("pr")),
        }
    });
    loops.max_by_key(Loop::rank)
}

/// Where a jump goes that depends on something.
fn jumps_to(line: &Instruction) -> Option<u64> {
    let mnemonic = line.mnemonic();
    let is_jump = mnemonic.starts_with('j')
        || mnemonic.starts_with("b.")
        || ["cbz", "cbnz", "tbz", "tbnz"].contains(&mnemonic);
    let address = line.text.rsplit(' ').next()?.strip_prefix("0x")?;
    is_jump.then(|| u64::from_str_radix(address, 16).ok())?
}

/// An instruction as an assembler takes it, for which a jump goes to a name.
fn by_label(line: &Instruction) -> String {
    let target = line.text.rsplit(' ').next().unwrap_or_default();
    match jumps_to(line) {
        Some(_) => format!("{}.Lthere", line.text.strip_suffix(target).unwrap_or_default()),
        None => line.text.clone(),
    }
}

fn products(lines: &[Instruction]) -> Products {
    let count = |of: fn(&Instruction) -> u32| lines.iter().map(of).sum::<u32>();
    // What is multiplied by bytes is added up by other multiplications, which then do not count.
    for of_bytes in [bytes_in_one_step, bytes_as_words] {
        match count(of_bytes) {
            0 => {}
            some => return Products::OfBytes(some),
        }
    }
    Products::OfFloats(count(floats))
}

/// Bits of the registers of an instruction of x86.
fn width(line: &Instruction) -> u32 {
    match &line.text {
        text if text.contains("%zmm") => 512,
        text if text.contains("%ymm") => 256,
        _ => 128,
    }
}

fn bytes_in_one_step(line: &Instruction) -> u32 {
    match line.mnemonic() {
        "vpdpbusd" | "vpmaddubsw" => width(line) / 8,
        "sdot" => 16,
        _ => 0,
    }
}

fn bytes_as_words(line: &Instruction) -> u32 {
    match line.mnemonic() {
        "pmaddwd" | "vpmaddwd" => width(line) / 16,
        "smull" | "smull2" | "smlal" | "smlal2" if line.text.contains(".8h") => 8,
        _ => 0,
    }
}

fn floats(line: &Instruction) -> u32 {
    match line.mnemonic() {
        name if name.starts_with("vfmadd") && name.ends_with("ps") => width(line) / 32,
        "mulps" | "fmla" => 4,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::super::listing::functions;
    use super::*;

    #[test]
    fn the_busiest_innermost_loop_is_found_and_its_products_are_counted() {
        let x86 = "
0000000000001000 <kernel::<Q4_1>>:
    1000:      	movq	%rdi, %rax
    1004:      	{vex}	vpdpbusd	(%rsi), %ymm1, %ymm2
    1008:      	vpmaddwd	%ymm2, %ymm3, %ymm2
    100c:      	vpmaddubsw	%ymm0, %ymm1, %ymm2 # 0x1010
    1010:      	cmpq	%rax, %rdx
    1014:      	jne	0x1004 <kernel::<Q4_1>+0x4>
    1018:      	vfmadd231ps	%ymm0, %ymm1, %ymm2
    101c:      	jb	0x1000 <kernel::<Q4_1>>
    1020:      	vpmaddubsw	(%rsi), %ymm1, %ymm2
    1024:      	ja	0x1020 <kernel::<Q4_1>+0x20>
    1028:      	retq
";
        let arm = "
0000000000002000 <kernel::<F32>>:
    2000:      	ldr	q0, [x0], #16
    2004:      	fmla	v1.4s, v0.4s, v2.s[0]
    2008:      	prfm	pldl1keep, [x0]
    200c:      	b.ne	0x2000 <kernel::<F32>>
    2010:      	ret
";
        for (text, products, lines, asks_ahead) in
            [(x86, Products::OfBytes(64), 5, false), (arm, Products::OfFloats(4), 4, true)]
        {
            let functions = functions(text);
            assert_eq!(functions.len(), 1);
            let found = busiest(&functions[0]).unwrap();
            assert_eq!(found.products, products);
            assert_eq!((found.instructions.len(), found.asks_ahead), (lines, asks_ahead));
            assert!(
                found
                    .instructions
                    .iter()
                    .all(|line| !line.contains(['<', '#', '\t']) || line.contains(", #16")),
                "{:?}",
                found.instructions
            );
        }
    }
}
