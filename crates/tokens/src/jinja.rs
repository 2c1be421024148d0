//! Jinja templates from model files, rendered within limits.
//!
//! A template is a program by whoever made the file. minijinja stops one that runs too long (fuel)
//! or recurses too deeply, but a few steps are enough to double a text until memory is gone, and
//! one comparison of two such values can take minutes. So besides fuel there is a [`Budget`] of
//! bytes: whatever joins, compares, prints or transforms values pays for their size first. Filters,
//! tests and methods are wrapped to pay; operators are not functions, so the compiled instructions
//! get calls of paying functions in front of them (`metered`). That is why this uses minijinja's
//! unstable machinery, and why its version is pinned.
//!
//! What is offered is what chat templates use: the environment of transformers, without including
//! other files, and without the filters and methods whose output has any length the template likes
//! (`batch`, `slice`, `format`, `center`).

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use minijinja::machinery::{
    CodeGenerator, Instruction, Instructions, Token, Vm, WhitespaceConfig, make_string_output,
    parse, tokenize,
};
use minijinja::value::{Kwargs, Rest, ValueKind};
use minijinja::{
    AutoEscape, Environment, Error, ErrorKind, State, Value, escape_formatter, filters, functions,
    tests,
};
use minijinja_contrib::pycompat;
use serde::Serialize;

use crate::panics::caught;

/// Longest template: the longest of real models have about 20 KB.
const MAX_SOURCE_BYTES: usize = 1 << 20;
/// Words and signs between `{{` and `}}`, and `elif` in the whole template.
const MAX_TOKENS_IN_TAG: usize = 400;
const MAX_ELIFS: usize = 200;
/// Bytes of all products of a constant text and a constant number, such as `'-' * 20`.
const MAX_CONSTANT_PRODUCTS: usize = 1 << 14;
/// Spaces that one level of JSON is indented by, and bytes of what separates its items.
const MAX_JSON_SPACING: usize = 8;
/// Steps a template may take whatever the messages, and further ones per byte of them.
const STEPS: u64 = 200_000;
const STEPS_PER_BYTE: u64 = 20;
/// Bytes that may be touched whatever the messages, and further ones per byte of them. Templates
/// look at a message a few dozen times.
const BYTES: usize = 16 << 20;
const BYTES_PER_BYTE: usize = 256;
/// Lists in lists, and namespaces and macros in all: their destructors recurse.
const MAX_NESTING: usize = 32;
const MAX_OBJECTS: usize = 256;
/// Depth of blocks and macro calls, in minijinja's units (a macro call is 5).
const MAX_DEPTH: usize = 200;

/// The names of the paying functions. No template can mean them, for want of names with spaces.
const METER_VALUE: &str = "meter value";
const METER_PAIR: &str = "meter pair";
const METER_LIST: &str = "meter list";
const METER_PRODUCT: &str = "meter product";
const METER_OBJECT: &str = "meter object";

const NAME: &str = "chat template";

/// A template that compiles.
pub(crate) struct Jinja {
    source: String,
}

/// Why a template gave no text.
pub(crate) enum Failure {
    /// It called `raise_exception` with this text.
    Raised(String),
    /// Anything else.
    Other(String),
}

impl Jinja {
    /// Checks that a template compiles.
    pub(crate) fn new(source: &str) -> Result<Self, String> {
        if source.len() > MAX_SOURCE_BYTES {
            let (found, limit) = (source.len(), MAX_SOURCE_BYTES);
            return Err(format!("it has {found} bytes, and at most {limit} are supported"));
        }
        let source = without_generation_tags(source);
        caught(|| compile(&source).map(drop).map_err(|error| describe(&error)))?;
        Ok(Jinja { source })
    }

    /// Renders with these variables; `input_bytes` is how much text they hold.
    ///
    /// The template is compiled again each time, which takes a fraction of what rendering takes:
    /// instructions borrow from the source, and the budget belongs to one rendering.
    pub(crate) fn render(&self, variables: Value, input_bytes: usize) -> Result<String, Failure> {
        let raised = Arc::new(Mutex::new(None));
        let budget = Arc::new(Budget {
            bytes: AtomicUsize::new(BYTES + BYTES_PER_BYTE * input_bytes),
            objects: AtomicUsize::new(MAX_OBJECTS),
        });
        let mut environment = environment(&budget, &raised);
        environment.set_fuel(Some(STEPS + STEPS_PER_BYTE * input_bytes as u64));
        let mut text = String::new();
        let result = caught(|| {
            let instructions = compile(&self.source).map_err(|error| describe(&error))?;
            let mut output = make_string_output(&mut text);
            let blocks = BTreeMap::new();
            let vm = Vm::new(&environment);
            vm.eval(&instructions, variables, &blocks, &mut output, AutoEscape::None)
                .map(drop)
                .map_err(|error| describe(&error))
        });
        let raised = raised.lock().map_or(None, |mut raised| raised.take());
        match (result, raised) {
            (Ok(()), _) => Ok(text),
            (Err(_), Some(message)) => Err(Failure::Raised(message)),
            (Err(error), None) => Err(Failure::Other(error)),
        }
    }
}

/// What is left of a rendering's allowance.
struct Budget {
    bytes: AtomicUsize,
    objects: AtomicUsize,
}

impl Budget {
    fn spend(&self, bytes: usize) -> Result<(), Error> {
        let take = |left: usize| left.checked_sub(bytes);
        match self.bytes.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take) {
            Ok(_) => Ok(()),
            Err(_) => Err(refusal("it builds or touches too much text")),
        }
    }

    /// Pays for everything in a value.
    fn pay(&self, value: &Value) -> Result<(), Error> {
        self.pay_nested(value, MAX_NESTING)
    }

    fn pay_nested(&self, value: &Value, depth: usize) -> Result<(), Error> {
        self.spend(16 + value.as_str().map_or(0, str::len))?;
        let kind = value.kind();
        if matches!(kind, ValueKind::Seq | ValueKind::Iterable | ValueKind::Map) {
            let depth =
                depth.checked_sub(1).ok_or_else(|| refusal("its values nest too deeply"))?;
            for item in value.try_iter()? {
                self.pay_nested(&item, depth)?;
                if kind == ValueKind::Map {
                    self.pay_nested(&value.get_item(&item)?, depth)?;
                }
            }
        }
        Ok(())
    }

    fn pay_all(&self, values: &[Value]) -> Result<(), Error> {
        values.iter().try_for_each(|value| self.pay(value))
    }

    /// Makes a list of what would yield its items on demand: views of views of a list nest without
    /// end, and walking them recurses.
    fn as_list(&self, value: Value) -> Result<Value, Error> {
        if value.kind() != ValueKind::Iterable {
            return Ok(value);
        }
        self.pay(&value)?;
        Ok(Value::from(value.try_iter()?.collect::<Vec<_>>()))
    }

    /// Counts a namespace or a macro.
    fn count_object(&self) -> Result<(), Error> {
        let take = |left: usize| left.checked_sub(1);
        match self.objects.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take) {
            Ok(_) => Ok(()),
            Err(_) => Err(refusal("it makes too many namespaces or macros")),
        }
    }
}

fn refusal(what: &'static str) -> Error {
    Error::new(ErrorKind::InvalidOperation, what)
}

fn describe(error: &Error) -> String {
    match error.kind() {
        ErrorKind::OutOfFuel => "it takes too many steps".to_owned(),
        // Without the place in the source, which says nothing to those who did not write it.
        kind => {
            error.detail().map_or_else(|| kind.to_string(), |detail| format!("{kind}: {detail}"))
        }
    }
}

/// `{% generation %}` marks which output is the assistant's, for training; it changes no text.
fn without_generation_tags(source: &str) -> String {
    let mut out = String::with_capacity(source.len());
    let mut rest = source;
    while let Some(start) = rest.find("{%") {
        let Some(len) = rest[start + 2..].find("%}") else { break };
        let tag = &rest[start..start + 2 + len];
        let word = tag[2..].trim_matches(['-', '+']).trim();
        out.push_str(&rest[..start]);
        match word {
            "generation" => out.push_str(&tag.replace("generation", " if true ")),
            "endgeneration" => out.push_str(&tag.replace("endgeneration", " endif ")),
            _ => out.push_str(tag),
        }
        rest = &rest[start + tag.len()..];
    }
    out.push_str(rest);
    out
}

fn compile(source: &str) -> Result<Instructions<'_>, Error> {
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

/// Wraps a filter or test: it pays for its arguments, and for `extra` bytes that it may add.
fn paid(
    budget: &Arc<Budget>,
    function: Value,
    extra: fn(&[Value]) -> usize,
) -> impl Fn(&State, Rest<Value>) -> Result<Value, Error> + Send + Sync + 'static {
    let budget = Arc::clone(budget);
    move |state: &State, args: Rest<Value>| {
        budget.pay_all(&args)?;
        budget.spend(extra(&args))?;
        budget.as_list(function.call(state, &args)?)
    }
}

fn nothing(_: &[Value]) -> usize {
    0
}

/// Most bytes that replacing adds: (text, old, new).
fn replacing(args: &[Value]) -> usize {
    let len = |at: usize| args.get(at).map_or(0, |value| value.to_string().len());
    let times = if len(1) == 0 { len(0) + 1 } else { len(0) / len(1) };
    times.saturating_mul(len(2))
}

/// Most bytes that joining adds: (items, separator).
fn joining(args: &[Value]) -> usize {
    let n = args.first().and_then(|items| items.try_iter().ok()).map_or(0, Iterator::count);
    n.saturating_mul(args.get(1).map_or(0, |separator| separator.to_string().len()))
}

/// Most bytes that indenting adds: (text, width).
fn indenting(args: &[Value]) -> usize {
    let lines = args.first().map_or(0, |text| text.to_string().lines().count() + 1);
    let keywords = args.last().filter(|last| last.is_kwargs());
    let by_keyword = keywords.and_then(|keywords| keywords.get_attr("width").ok());
    // A width that is not a number is refused by the filter.
    let widths = args.get(1).cloned().into_iter().chain(by_keyword);
    lines.saturating_mul(widths.filter_map(|width| width.as_usize()).max().unwrap_or(4))
}

/// The environment of transformers' chat templates.
fn environment(budget: &Arc<Budget>, raised: &Arc<Mutex<Option<String>>>) -> Environment<'static> {
    let mut env = Environment::empty();
    env.set_recursion_limit(MAX_DEPTH);

    let paying = Arc::clone(budget);
    env.set_formatter(move |out, state, value| {
        paying.pay(value)?;
        let python = match value.kind() {
            ValueKind::None => "None",
            ValueKind::Bool if value.is_true() => "True",
            ValueKind::Bool => "False",
            _ => return escape_formatter(out, state, value),
        };
        out.write_str(python).map_err(Error::from)
    });

    let paying = Arc::clone(budget);
    env.add_function(METER_VALUE, move |value: &Value| paying.pay(value).map(|()| value.clone()));
    let paying = Arc::clone(budget);
    env.add_function(METER_PAIR, move |left: &Value, right: &Value| {
        paying.pay(left)?;
        paying.pay(right)?;
        // Unpacking pushes the first last.
        Ok(Value::from(vec![right.clone(), left.clone()]))
    });
    let paying = Arc::clone(budget);
    env.add_function(METER_LIST, move |value: &Value| paying.as_list(value.clone()));
    let paying = Arc::clone(budget);
    env.add_function(METER_PRODUCT, move |left: &Value, right: &Value| {
        for (text, number) in [(left, right), (right, left)] {
            if let Some(text) = text.as_str() {
                let times = number.as_usize().unwrap_or(0);
                paying.spend(text.len().saturating_mul(times))?;
            } else if text.as_object().is_some() {
                return Err(refusal("lists cannot be multiplied here"));
            }
        }
        Ok(Value::from(vec![right.clone(), left.clone()]))
    });
    let paying = Arc::clone(budget);
    env.add_function(METER_OBJECT, move |value: &Value| {
        paying.count_object().map(|()| value.clone())
    });

    env.add_function("range", functions::range);
    env.add_function("dict", functions::dict);
    let paying = Arc::clone(budget);
    env.add_function("namespace", move |defaults: Option<Value>| {
        paying.count_object()?;
        functions::namespace(defaults)
    });
    let note = Arc::clone(raised);
    env.add_function("raise_exception", move |message: String| -> Result<Value, Error> {
        if let Ok(mut note) = note.lock() {
            *note = Some(message.clone());
        }
        Err(Error::new(ErrorKind::InvalidOperation, message))
    });
    env.add_function("strftime_now", |format: &str| {
        // Local time, as transformers takes.
        jiff::fmt::strtime::format(format, &jiff::ZonedDateTime::now())
            .map_err(|error| Error::new(ErrorKind::InvalidOperation, error.to_string()))
    });

    macro_rules! filters {
        ($($name:literal: $function:expr, $extra:expr;)*) => {
            $(env.add_filter($name, paid(budget, Value::from_function($function), $extra));)*
        };
    }
    filters! {
        "safe": filters::safe, nothing;
        "escape": filters::escape, nothing;
        "e": filters::escape, nothing;
        "upper": filters::upper, nothing;
        "lower": filters::lower, nothing;
        "title": filters::title, nothing;
        "capitalize": filters::capitalize, nothing;
        "trim": filters::trim, nothing;
        "replace": filters::replace, replacing;
        "join": filters::join, joining;
        "indent": indent, indenting;
        "split": filters::split, nothing;
        "lines": filters::lines, nothing;
        "string": filters::string, nothing;
        "int": filters::int, nothing;
        "float": filters::float, nothing;
        "bool": filters::bool, nothing;
        "abs": filters::abs, nothing;
        "round": filters::round, nothing;
        "length": filters::length, nothing;
        "count": filters::length, nothing;
        "default": filters::default, nothing;
        "d": filters::default, nothing;
        "first": filters::first, nothing;
        "last": filters::last, nothing;
        "min": filters::min, nothing;
        "max": filters::max, nothing;
        "sum": filters::sum, nothing;
        "list": filters::list, nothing;
        "sort": filters::sort, nothing;
        "reverse": filters::reverse, nothing;
        "unique": filters::unique, nothing;
        "items": filters::items, nothing;
        "dictsort": filters::dictsort, nothing;
        "groupby": filters::groupby, nothing;
        "attr": filters::attr, nothing;
        "map": filters::map, nothing;
        "select": filters::select, nothing;
        "reject": filters::reject, nothing;
        "selectattr": filters::selectattr, nothing;
        "rejectattr": filters::rejectattr, nothing;
        "tojson": tojson, nothing;
    }
    macro_rules! tests {
        ($($name:literal: $function:expr;)*) => {
            $(env.add_test($name, paid(budget, Value::from_function($function), nothing));)*
        };
    }
    tests! {
        "undefined": tests::is_undefined;
        "defined": tests::is_defined;
        "none": tests::is_none;
        "boolean": tests::is_boolean;
        "true": tests::is_true;
        "false": tests::is_false;
        "odd": tests::is_odd;
        "even": tests::is_even;
        "divisibleby": tests::is_divisibleby;
        "number": tests::is_number;
        "integer": tests::is_integer;
        "float": tests::is_float;
        "string": tests::is_string;
        "sequence": tests::is_sequence;
        "iterable": tests::is_iterable;
        "mapping": tests::is_mapping;
        "eq": tests::is_eq;
        "equalto": tests::is_eq;
        "==": tests::is_eq;
        "ne": tests::is_ne;
        "!=": tests::is_ne;
        "lt": tests::is_lt;
        "le": tests::is_le;
        "gt": tests::is_gt;
        "ge": tests::is_ge;
        "in": tests::is_in;
        "startingwith": tests::is_startingwith;
        "endingwith": tests::is_endingwith;
        "lower": tests::is_lower;
        "upper": tests::is_upper;
        "sameas": tests::is_sameas;
    }

    let paying = Arc::clone(budget);
    env.set_unknown_method_callback(move |state, value, method, args| {
        paying.pay(value)?;
        paying.pay_all(args)?;
        match (method, args) {
            ("replace", [old, new, ..]) => {
                paying.spend(replacing(&[value.clone(), old.clone(), new.clone()]))?;
            }
            ("join", [items]) => paying.spend(joining(&[items.clone(), value.clone()]))?,
            ("format", _) => return Err(Error::from(ErrorKind::UnknownMethod)),
            _ => {}
        }
        pycompat::unknown_method_callback(state, value, method, args)
    });
    env
}

/// Jinja's own filter; minijinja's drops a newline at the end.
fn indent(
    text: String,
    width: Option<usize>,
    first: Option<bool>,
    blank: Option<bool>,
    options: Kwargs,
) -> Result<String, Error> {
    let width = width.map_or_else(|| options.get("width"), |width| Ok(Some(width)))?.unwrap_or(4);
    let first = first.map_or_else(|| options.get("first"), |first| Ok(Some(first)))?;
    let blank = blank.map_or_else(|| options.get("blank"), |blank| Ok(Some(blank)))?;
    options.assert_all_used()?;
    let margin = " ".repeat(width);
    let mut indented = String::with_capacity(text.len());
    for (at, line) in text.split('\n').enumerate() {
        if at > 0 {
            indented.push('\n');
        }
        let has_margin =
            if at == 0 { first == Some(true) } else { !line.is_empty() || blank == Some(true) };
        if has_margin {
            indented.push_str(&margin);
        }
        indented.push_str(line);
    }
    Ok(indented)
}

/// JSON as Python's `json.dumps(value, ensure_ascii=False)` writes it, with its other arguments.
fn tojson(value: &Value, options: Kwargs) -> Result<String, Error> {
    let failed =
        |error: serde_json::Error| Error::new(ErrorKind::BadSerialization, error.to_string());
    let indent: Option<usize> = options.get("indent")?;
    let separators: Option<Vec<String>> = options.get("separators")?;
    let sort_keys: Option<bool> = options.get("sort_keys")?;
    let ensure_ascii: Option<bool> = options.get("ensure_ascii")?;
    options.assert_all_used()?;
    if ensure_ascii == Some(true) {
        return Err(refusal("JSON in ASCII alone is not supported"));
    }
    if indent.is_some_and(|width| width > MAX_JSON_SPACING) {
        return Err(refusal("JSON is indented by 8 spaces at most"));
    }
    let [item_separator, key_separator] = match separators.as_deref() {
        None => [if indent.is_some() { "," } else { ", " }, ": "],
        Some([item, key]) if item.len().max(key.len()) <= MAX_JSON_SPACING => {
            [item.as_str(), key.as_str()]
        }
        Some(_) => return Err(refusal("JSON is separated by two texts of 8 bytes at most")),
    };
    let style = PythonStyle { item_separator, key_separator, indent, depth: 0, is_empty: true };
    let mut json = Vec::new();
    let mut serializer = serde_json::Serializer::with_formatter(&mut json, style);
    if sort_keys == Some(true) {
        let mut sorted = serde_json::to_value(value).map_err(failed)?;
        sorted.sort_all_objects();
        sorted.serialize(&mut serializer).map_err(failed)?;
    } else {
        value.serialize(&mut serializer).map_err(failed)?;
    }
    String::from_utf8(json).map_err(|_| refusal("JSON that is not UTF-8"))
}

/// What stands between the values of JSON.
struct PythonStyle<'a> {
    item_separator: &'a str,
    key_separator: &'a str,
    /// Spaces per level; with none given, all is one line.
    indent: Option<usize>,
    depth: usize,
    /// Whether nothing stands in the innermost list or object yet.
    is_empty: bool,
}

impl PythonStyle<'_> {
    fn open<W: ?Sized + Write>(&mut self, out: &mut W, bracket: &[u8]) -> std::io::Result<()> {
        self.depth += 1;
        self.is_empty = true;
        out.write_all(bracket)
    }

    fn close<W: ?Sized + Write>(&mut self, out: &mut W, bracket: &[u8]) -> std::io::Result<()> {
        self.depth -= 1;
        if !self.is_empty {
            self.new_line(out)?;
        }
        // It is itself an item of what is around it.
        self.is_empty = false;
        out.write_all(bracket)
    }

    fn separate<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> std::io::Result<()> {
        self.is_empty = false;
        if !first {
            out.write_all(self.item_separator.as_bytes())?;
        }
        self.new_line(out)
    }

    fn new_line<W: ?Sized + Write>(&self, out: &mut W) -> std::io::Result<()> {
        match self.indent {
            Some(width) => write!(out, "\n{:1$}", "", width * self.depth),
            None => Ok(()),
        }
    }
}

impl serde_json::ser::Formatter for PythonStyle<'_> {
    fn begin_array<W: ?Sized + Write>(&mut self, out: &mut W) -> std::io::Result<()> {
        self.open(out, b"[")
    }

    fn end_array<W: ?Sized + Write>(&mut self, out: &mut W) -> std::io::Result<()> {
        self.close(out, b"]")
    }

    fn begin_array_value<W: ?Sized + Write>(
        &mut self,
        out: &mut W,
        first: bool,
    ) -> std::io::Result<()> {
        self.separate(out, first)
    }

    fn begin_object<W: ?Sized + Write>(&mut self, out: &mut W) -> std::io::Result<()> {
        self.open(out, b"{")
    }

    fn end_object<W: ?Sized + Write>(&mut self, out: &mut W) -> std::io::Result<()> {
        self.close(out, b"}")
    }

    fn begin_object_key<W: ?Sized + Write>(
        &mut self,
        out: &mut W,
        first: bool,
    ) -> std::io::Result<()> {
        self.separate(out, first)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, out: &mut W) -> std::io::Result<()> {
        out.write_all(self.key_separator.as_bytes())
    }
}
