//! From a template's text to a program that pays for what it does.

use minijinja::machinery::{
    CodeGenerator, Instruction, Instructions, Token, WhitespaceConfig, parse, tokenize,
};
use minijinja::{Error, Value};

use super::budget::refusal;

/// Words and signs between `{{` and `}}`, and `elif` in the whole template.
const MAX_TOKENS_IN_TAG: usize = 400;
const MAX_ELIFS: usize = 200;
/// Bytes of all products of a constant text and a constant number, such as `'-' * 20`.
const MAX_CONSTANT_PRODUCTS: usize = 1 << 14;

/// The names of the paying functions. No template can mean them, for want of names with spaces.
pub(super) const METER_VALUE: &str = "meter value";
pub(super) const METER_PAIR: &str = "meter pair";
pub(super) const METER_LIST: &str = "meter list";
pub(super) const METER_PRODUCT: &str = "meter product";
pub(super) const METER_OBJECT: &str = "meter object";

const NAME: &str = "chat template";

/// Compiles a template.
pub(super) fn compile(source: &str) -> Result<Instructions<'_>, Error> {
    // As transformers sets up Jinja.
    let spaces =
        WhitespaceConfig { keep_trailing_newline: false, lstrip_blocks: true, trim_blocks: true };
    check_tokens(source, spaces)?;
    let tree = parse(source, NAME, Default::default(), spaces)?;
    let mut generator = CodeGenerator::new(NAME, source);
    generator.compile_stmt(&tree);
    let (program, blocks) = generator.finish();
    if !blocks.is_empty() {
        return Err(refusal("blocks are not supported"));
    }
    Ok(metered(&program))
}

/// Refuses what the parser and the compiler would not survive.
///
/// Constants are computed by the compiler, before anyone pays, so a text times a number must be small
/// if it is one; it is none if a name stands next to the star. Long chains of operators and of `elif`
/// become trees so deep that walking them overflows the stack.
fn check_tokens(source: &str, spaces: WhitespaceConfig) -> Result<(), Error> {
    let tokens = tokenize(source, false, Default::default(), spaces);
    let tokens =
        tokens.map(|token| token.map(|(token, _)| token)).collect::<Result<Vec<_>, _>>()?;
    let mut products = 0usize;
    // A product has at least the borders of its tag around it.
    for five in tokens.windows(5) {
        if let [before, left, Token::Mul, right, after] = five
            && !is_name(left)
            && !is_name(right)
        {
            let bytes = bytes_of_product(before, left, right, after).unwrap_or(usize::MAX);
            products = products.saturating_add(bytes);
        }
    }
    if products > MAX_CONSTANT_PRODUCTS {
        return Err(refusal(
            "a product needs a name next to the star, or to be of a text and a small number",
        ));
    }
    let is_border = |token: &Token| {
        matches!(token, Token::TemplateData(_) | Token::VariableStart | Token::BlockStart)
    };
    if tokens.split(is_border).any(|tag| tag.len() > MAX_TOKENS_IN_TAG) {
        return Err(refusal("one of its tags is too long"));
    }
    let elifs = tokens.iter().filter(|token| matches!(token, Token::Ident("elif"))).count();
    if elifs > MAX_ELIFS {
        return Err(refusal("it has too many alternatives"));
    }
    Ok(())
}

/// Whether this stands for a value that the compiler does not know.
fn is_name(token: &Token) -> bool {
    let constants = ["true", "True", "false", "False", "none", "None"];
    matches!(token, Token::Ident(name) if !constants.contains(name))
}

/// Bytes of a constant text times a constant number, if these alone are multiplied.
fn bytes_of_product(before: &Token, left: &Token, right: &Token, after: &Token) -> Option<usize> {
    let text_len = |token: &Token| match token {
        Token::Str(text) => Some(text.len()),
        Token::String(text) => Some(text.len()),
        _ => None,
    };
    // Operators of the same rank or above, and neighbouring texts, which become one.
    let joins = |token: &Token| {
        matches!(token, Token::Mul | Token::Div | Token::FloorDiv | Token::Mod | Token::Pow)
            || text_len(token).is_some()
    };
    let (text, Token::Int(times)) =
        (if text_len(left).is_some() { (left, right) } else { (right, left) })
    else {
        return None;
    };
    let bytes = text_len(text)?.checked_mul(usize::try_from(*times).ok()?)?;
    (!joins(before) && !joins(after)).then_some(bytes)
}

/// The same program, with payments.
fn metered<'source>(program: &Instructions<'source>) -> Instructions<'source> {
    let call = |name, n| Instruction::CallFunction(name, Some(n));
    let mut paying = Instructions::new(program.name(), program.source());
    // Where each instruction has gone, with what stands in front of it.
    let mut places: Vec<u32> = Vec::new();
    let mut end = 0;
    for at in 0.. {
        let Some(instruction) = program.get(at) else { break };
        places.push(end);
        let line = program.get_line(at).unwrap_or(0) as u16;
        let this = instruction.clone();
        let pair = |meter, this| vec![call(meter, 2), Instruction::UnpackList(2), this];
        let group = match instruction {
            // The formatter pays for what is emitted, and only for that.
            Instruction::EmitRaw(text) => {
                vec![Instruction::LoadConst(Value::from(*text)), Instruction::Emit]
            }
            Instruction::Mul => pair(METER_PRODUCT, this),
            Instruction::Add => {
                let mut group = pair(METER_PAIR, this);
                group.push(call(METER_LIST, 1));
                group
            }
            Instruction::Slice => vec![this, call(METER_LIST, 1)],
            Instruction::StringConcat
            | Instruction::Eq
            | Instruction::Ne
            | Instruction::Lt
            | Instruction::Lte
            | Instruction::Gt
            | Instruction::Gte
            | Instruction::In
            | Instruction::CompareAndPreserve(_) => pair(METER_PAIR, this),
            Instruction::GetItem => vec![call(METER_VALUE, 1), this],
            Instruction::SetAttr(_) => {
                vec![Instruction::Swap, call(METER_VALUE, 1), Instruction::Swap, this]
            }
            Instruction::BuildList(_)
            | Instruction::BuildMap(_)
            | Instruction::BuildKwargs(_)
            | Instruction::MergeKwargs(_) => vec![this, call(METER_VALUE, 1)],
            Instruction::BuildMacro(..) => vec![this, call(METER_OBJECT, 1)],
            _ => vec![this],
        };
        for instruction in group {
            paying.add_with_line(instruction, line);
            end += 1;
        }
    }
    places.push(end);
    for at in 0..end {
        if let Some(
            Instruction::Jump(target)
            | Instruction::JumpIfFalse(target)
            | Instruction::JumpIfFalseOrPop(target)
            | Instruction::JumpIfTrueOrPop(target)
            | Instruction::Iterate(target)
            | Instruction::BuildMacro(_, target, _),
        ) = paying.get_mut(at)
        {
            *target = places[*target as usize];
        }
    }
    paying
}
