//! What a disassembler prints, as functions.

use std::path::PathBuf;

use crate::shell;

/// A function of a program.
pub(super) struct Function {
    /// Demangled.
    pub(super) name: String,
    pub(super) instructions: Vec<Instruction>,
}

pub(super) struct Instruction {
    pub(super) address: u64,
    /// Mnemonic and operands, as an assembler reads them.
    pub(super) text: String,
}

impl Instruction {
    pub(super) fn mnemonic(&self) -> &str {
        // An encoding may stand before it, as in `{vex} vpdpbusd`.
        let mut words = self.text.split_whitespace().skip_while(|word| word.starts_with('{'));
        words.next().unwrap_or_default()
    }
}

/// Reads the output of `llvm-objdump --disassemble --demangle --no-show-raw-insn`.
pub(super) fn functions(text: &str) -> Vec<Function> {
    let mut functions: Vec<Function> = Vec::new();
    for line in text.lines() {
        if let Some((_, name)) = line.strip_suffix(">:").and_then(|line| line.split_once(" <")) {
            functions.push(Function { name: name.to_owned(), instructions: Vec::new() });
        } else if let (Some(function), Some((address, text))) =
            (functions.last_mut(), line.split_once(':'))
            && let Ok(address) = u64::from_str_radix(address.trim(), 16)
        {
            // Names of what is jumped to stand behind its address, and remarks behind a sign.
            let text = text.split(" <").next().unwrap_or_default();
            let text = text.split("# ").next().unwrap_or_default();
            let text = text.split(" //").next().unwrap_or_default().trim().replace('\t', " ");
            function.instructions.push(Instruction { address, text });
        }
    }
    functions
}

/// The newest file of a folder of the project whose name begins so.
pub(crate) fn newest(folder: &str, beginning: &str) -> Result<String, String> {
    let folder = shell::root().join(folder);
    let entries = std::fs::read_dir(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    let is_program = |path: &PathBuf| {
        path.extension().is_none()
            && path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(beginning))
    };
    let programs = entries.flatten().map(|entry| entry.path()).filter(is_program);
    let newest = programs.max_by_key(|path| path.metadata().and_then(|data| data.modified()).ok());
    let newest = newest.ok_or_else(|| format!("{}: no {beginning}…", folder.display()))?;
    Ok(newest.display().to_string())
}
