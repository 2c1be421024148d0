//! From tokens to a tree, with the precedence of `jinja2.parser` (Jinja 3.1):
//! <https://jinja.palletsprojects.com/en/stable/templates/#expressions>.

use std::sync::Arc;

use crate::ast::{Arguments, BinaryOp, Call, CompareOp, Expr, For, Macro, Name, Statement, Target};
use crate::error::{Error, Result, failed, refused};
use crate::lexer::{Token, tokenize};

/// Expressions and blocks within each other.
///
/// Limit of chat templates: expressions and blocks within each other; refused.
const MAX_NESTING: usize = 100;

/// Reads a template.
///
/// # Errors
/// If it is not valid Jinja, or includes other templates.
pub(crate) fn parse(source: &str) -> Result<Vec<Statement>> {
    let mut parser = Parser { tokens: tokenize(source)?, at: 0, nesting: 0, mentioned: Vec::new() };
    let body = parser.statements(&[])?;
    match parser.peek() {
        None => Ok(body),
        Some(_) => {
            let name = parser.name()?;
            failed(format!("“{name}” closes or continues nothing"))
        }
    }
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
    nesting: usize,
    /// For each macro around, whether `varargs`, `kwargs` and `caller` are mentioned in it.
    mentioned: Vec<[bool; 3]>,
}

/// Names that a macro finds in its scope if it mentions them.
const SPECIAL: [&str; 3] = ["varargs", "kwargs", "caller"];

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn next(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.at).cloned();
        self.at += 1;
        token
    }

    fn is_sign(&self, sign: &str) -> bool {
        matches!(self.peek(), Some(Token::Sign(found)) if *found == sign)
    }

    fn is_name(&self, name: &str) -> bool {
        matches!(self.peek(), Some(Token::Name(found)) if found == name)
    }

    fn skip_sign(&mut self, sign: &str) -> bool {
        let found = self.is_sign(sign);
        self.at += usize::from(found);
        found
    }

    fn skip_name(&mut self, name: &str) -> bool {
        let found = self.is_name(name);
        self.at += usize::from(found);
        found
    }

    fn expect_sign(&mut self, sign: &str) -> Result<()> {
        if self.skip_sign(sign) { Ok(()) } else { self.unexpected(&format!("“{sign}”")) }
    }

    fn expect_name(&mut self, name: &str) -> Result<()> {
        if self.skip_name(name) { Ok(()) } else { self.unexpected(&format!("“{name}”")) }
    }

    fn name(&mut self) -> Result<Name> {
        match self.next() {
            Some(Token::Name(name)) => Ok(name.into()),
            _ => {
                self.at -= 1;
                self.unexpected("a name")
            }
        }
    }

    fn unexpected<T>(&self, expected: &str) -> Result<T> {
        let found = match self.peek() {
            None => "the end".to_owned(),
            Some(Token::Data(_)) => "text".to_owned(),
            Some(Token::PrintStart) => "“{{”".to_owned(),
            Some(Token::PrintEnd) => "“}}”".to_owned(),
            Some(Token::BlockStart) => "“{%”".to_owned(),
            Some(Token::BlockEnd) => "“%}”".to_owned(),
            Some(Token::Name(name)) => format!("“{name}”"),
            Some(Token::Str(_)) => "a text in quotes".to_owned(),
            Some(Token::Int(_) | Token::Float(_)) => "a number".to_owned(),
            Some(Token::Sign(sign)) => format!("“{sign}”"),
        };
        failed(format!("{expected} was expected, and {found} came"))
    }

    fn nested<T>(&mut self, parse: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        self.nesting += 1;
        if self.nesting > MAX_NESTING {
            return refused("its expressions or blocks nest too deeply");
        }
        let parsed = parse(self);
        self.nesting -= 1;
        parsed
    }

    fn end_block(&mut self) -> Result<()> {
        match self.peek() {
            Some(Token::BlockEnd) => {
                self.at += 1;
                Ok(())
            }
            _ => self.unexpected("“%}”"),
        }
    }

    // --- statements ---

    /// Statements up to a block with one of these names, which stays to be read.
    fn statements(&mut self, ends: &[&str]) -> Result<Vec<Statement>> {
        self.nested(|parser| {
            let mut body = Vec::new();
            while let Some(token) = parser.next() {
                match token {
                    Token::Data(text) => body.push(Statement::Text(text.into())),
                    Token::PrintStart => {
                        body.push(Statement::Print(parser.tuple(true)?));
                        match parser.next() {
                            Some(Token::PrintEnd) => {}
                            _ => {
                                parser.at -= 1;
                                return parser.unexpected("“}}”");
                            }
                        }
                    }
                    Token::BlockStart => {
                        let is_end = |end: &&str| parser.is_name(end);
                        // An end that nothing waits for is left to the caller, who says so.
                        let known = ["endfor", "endif", "else", "elif", "endset", "endmacro"];
                        if ends.iter().any(is_end) || known.iter().any(is_end) {
                            return Ok(body);
                        }
                        body.push(parser.block()?);
                    }
                    _ => return parser.unexpected("text or a tag"),
                }
            }
            Ok(body)
        })
    }

    /// The body of a block, and its end.
    fn body_until(&mut self, end: &str) -> Result<Vec<Statement>> {
        self.end_block()?;
        let body = self.statements(&[end])?;
        self.expect_name(end)?;
        self.end_block()?;
        Ok(body)
    }

    /// A block from its name on.
    fn block(&mut self) -> Result<Statement> {
        let keyword = self.name()?;
        match &*keyword {
            "for" => self.for_loop(),
            "if" => self.branches(),
            "set" => self.set(),
            "macro" => {
                let name = self.name()?;
                Ok(Statement::Macro(Arc::new(self.macro_from(name, "endmacro")?)))
            }
            "call" => self.call_block(),
            "filter" => {
                let filters = self.filters_of_block()?;
                Ok(Statement::FilterBlock { filters, body: self.body_until("endfilter")? })
            }
            "with" => self.with(),
            // Marks which output is the assistant's, for training: transformers makes it a macro's body.
            "generation" => Ok(Statement::Scope(self.body_until("endgeneration")?)),
            "break" => self.end_block().map(|()| Statement::Break),
            "continue" => self.end_block().map(|()| Statement::Continue),
            "include" | "import" | "from" | "extends" | "block" => {
                refused(format!("“{keyword}” is not supported"))
            }
            "autoescape" => refused("escaping all output is not supported"),
            _ => failed(format!("there is no block “{keyword}”")),
        }
    }

    fn for_loop(&mut self) -> Result<Statement> {
        let begin = self.at;
        let target = self.target(false)?;
        if self.tokens[begin..self.at].contains(&Token::Name("loop".into())) {
            return failed("“loop” cannot be the name of a loop's item");
        }
        self.expect_name("in")?;
        let items = self.tuple(false)?;
        let condition = if self.skip_name("if") { Some(self.expression()?) } else { None };
        let recursive = self.skip_name("recursive");
        self.end_block()?;
        let body = self.statements(&["endfor", "else"])?;
        let otherwise = if self.skip_name("else") {
            self.body_until("endfor")?
        } else {
            self.expect_name("endfor")?;
            self.end_block()?;
            Vec::new()
        };
        let node = For { target, items, condition, body, otherwise, recursive };
        Ok(Statement::For(Arc::new(node)))
    }

    fn branches(&mut self) -> Result<Statement> {
        let mut branches = Vec::new();
        loop {
            let condition = self.tuple(false)?;
            self.end_block()?;
            branches.push((condition, self.statements(&["elif", "else", "endif"])?));
            if !self.skip_name("elif") {
                break;
            }
        }
        let otherwise = if self.skip_name("else") {
            self.body_until("endif")?
        } else {
            self.expect_name("endif")?;
            self.end_block()?;
            Vec::new()
        };
        Ok(Statement::If { branches, otherwise })
    }

    fn set(&mut self) -> Result<Statement> {
        let target = self.target(true)?;
        if self.skip_sign("=") {
            let value = self.tuple(true)?;
            self.end_block()?;
            return Ok(Statement::Set { target, value });
        }
        let filters = if self.skip_sign("|") { self.filters_of_block()? } else { Vec::new() };
        Ok(Statement::SetBlock { target, filters, body: self.body_until("endset")? })
    }

    /// What a list of statements is passed through.
    fn filters_of_block(&mut self) -> Result<Vec<Call>> {
        let mut filters = vec![self.filter_call()?];
        while self.skip_sign("|") {
            filters.push(self.filter_call()?);
        }
        Ok(filters)
    }

    /// Parameters and body.
    fn macro_from(&mut self, name: Name, end: &str) -> Result<Macro> {
        let mut parameters: Vec<(Name, Option<Expr>)> = Vec::new();
        self.mentioned.push([false; 3]);
        if end == "endmacro" || self.is_sign("(") {
            self.expect_sign("(")?;
            while !self.skip_sign(")") {
                if !parameters.is_empty() {
                    self.expect_sign(",")?;
                }
                let parameter = self.name()?;
                let default = if self.skip_sign("=") { Some(self.expression()?) } else { None };
                if default.is_none() && parameters.last().is_some_and(|(_, last)| last.is_some()) {
                    return failed("a parameter without a default follows one with a default");
                }
                parameters.push((parameter, default));
            }
        }
        let (name, body) =
            if end == "endcall" { (name, Vec::new()) } else { (name, self.body_until(end)?) };
        let [takes_varargs, takes_kwargs, takes_caller] = self.mentioned.pop().unwrap_or_default();
        Ok(Macro { name, parameters, body, takes_varargs, takes_kwargs, takes_caller })
    }

    fn call_block(&mut self) -> Result<Statement> {
        let mut caller = self.macro_from("caller".into(), "endcall")?;
        let call = self.expression()?;
        if !matches!(call, Expr::Call(..)) {
            return failed("a block “call” needs a call");
        }
        self.mentioned.push([false; 3]);
        caller.body = self.body_until("endcall")?;
        let [varargs, kwargs, inner] = self.mentioned.pop().unwrap_or_default();
        (caller.takes_varargs, caller.takes_kwargs, caller.takes_caller) = (varargs, kwargs, inner);
        Ok(Statement::CallBlock { call, caller: Arc::new(caller) })
    }

    fn with(&mut self) -> Result<Statement> {
        let mut values = Vec::new();
        while !matches!(self.peek(), Some(Token::BlockEnd) | None) {
            if !values.is_empty() {
                self.expect_sign(",")?;
            }
            let target = self.target(false)?;
            self.expect_sign("=")?;
            values.push((target, self.expression()?));
        }
        Ok(Statement::With { values, body: self.body_until("endwith")? })
    }

    /// Names that are assigned to.
    fn target(&mut self, with_namespace: bool) -> Result<Target> {
        let mut targets = Vec::new();
        let mut is_tuple = false;
        loop {
            targets.push(self.nested(|parser| parser.single_target(with_namespace))?);
            if !self.skip_sign(",") {
                break;
            }
            is_tuple = true;
            // A comma may stand behind the last one, too.
            if self.is_sign("=") || self.is_name("in") || self.is_sign(")") {
                break;
            }
        }
        match targets.pop() {
            Some(only) if !is_tuple => Ok(only),
            last => {
                targets.extend(last);
                Ok(Target::Tuple(targets))
            }
        }
    }

    fn single_target(&mut self, with_namespace: bool) -> Result<Target> {
        if self.skip_sign("(") {
            let inner = self.target(with_namespace)?;
            self.expect_sign(")")?;
            return Ok(inner);
        }
        let name = self.name()?;
        if ["true", "false", "none", "True", "False", "None"].contains(&&*name) {
            return failed(format!("“{name}” cannot be assigned to"));
        }
        if with_namespace && self.skip_sign(".") {
            return Ok(Target::Attribute(name, self.name()?));
        }
        Ok(Target::Name(name))
    }

    // --- expressions, from what binds least ---

    /// Expressions with commas between them are a tuple. Without `conditional`, an `if` is not part of
    /// it: `for` has one of its own.
    fn tuple(&mut self, conditional: bool) -> Result<Expr> {
        let one = |parser: &mut Self| {
            if conditional { parser.expression() } else { parser.nested(Self::or) }
        };
        let first = one(self)?;
        if !self.is_sign(",") {
            return Ok(first);
        }
        let mut items = vec![first];
        while self.skip_sign(",") {
            let ends = matches!(self.peek(), Some(Token::PrintEnd | Token::BlockEnd) | None)
                || self.is_sign(")")
                || self.is_name("recursive");
            if ends {
                break;
            }
            items.push(one(self)?);
        }
        Ok(Expr::Tuple(items))
    }

    fn expression(&mut self) -> Result<Expr> {
        self.nested(|parser| {
            let mut value = parser.or()?;
            while parser.skip_name("if") {
                let test = Box::new(parser.or()?);
                let otherwise = match parser.skip_name("else") {
                    true => Some(Box::new(parser.expression()?)),
                    false => None,
                };
                value = Expr::If { test, then: Box::new(value), otherwise };
            }
            Ok(value)
        })
    }

    fn or(&mut self) -> Result<Expr> {
        let mut left = self.and()?;
        while self.skip_name("or") {
            left = Expr::Or(Box::new(left), Box::new(self.and()?));
        }
        Ok(left)
    }

    fn and(&mut self) -> Result<Expr> {
        let mut left = self.not()?;
        while self.skip_name("and") {
            left = Expr::And(Box::new(left), Box::new(self.not()?));
        }
        Ok(left)
    }

    fn not(&mut self) -> Result<Expr> {
        if self.skip_name("not") {
            return self.nested(|parser| Ok(Expr::Not(Box::new(parser.not()?))));
        }
        self.compare()
    }

    fn compare(&mut self) -> Result<Expr> {
        let first = self.sum()?;
        let mut others = Vec::new();
        loop {
            let op = match self.peek() {
                Some(Token::Sign("==")) => CompareOp::Equal,
                Some(Token::Sign("!=")) => CompareOp::NotEqual,
                Some(Token::Sign("<")) => CompareOp::Less,
                Some(Token::Sign("<=")) => CompareOp::LessOrEqual,
                Some(Token::Sign(">")) => CompareOp::Greater,
                Some(Token::Sign(">=")) => CompareOp::GreaterOrEqual,
                Some(Token::Name(name)) if name == "in" => CompareOp::In,
                Some(Token::Name(name)) if name == "not" => {
                    match self.tokens.get(self.at + 1) {
                        Some(Token::Name(name)) if name == "in" => self.at += 1,
                        _ => break,
                    }
                    CompareOp::NotIn
                }
                _ => break,
            };
            self.at += 1;
            others.push((op, self.sum()?));
        }
        Ok(if others.is_empty() { first } else { Expr::Compare(Box::new(first), others) })
    }

    /// Operators of one rank, from left to right.
    fn chain(
        &mut self,
        operators: &[(&str, BinaryOp)],
        operand: fn(&mut Self) -> Result<Expr>,
    ) -> Result<Expr> {
        let mut left = operand(self)?;
        loop {
            let found = operators.iter().find(|(sign, _)| self.is_sign(sign));
            let Some((_, op)) = found else { return Ok(left) };
            self.at += 1;
            left = Expr::Binary(*op, Box::new(left), Box::new(operand(self)?));
        }
    }

    fn sum(&mut self) -> Result<Expr> {
        self.chain(&[("+", BinaryOp::Add), ("-", BinaryOp::Subtract)], Self::concat)
    }

    fn concat(&mut self) -> Result<Expr> {
        let first = self.product()?;
        if !self.is_sign("~") {
            return Ok(first);
        }
        let mut parts = vec![first];
        while self.skip_sign("~") {
            parts.push(self.product()?);
        }
        Ok(Expr::Concat(parts))
    }

    fn product(&mut self) -> Result<Expr> {
        const OPERATORS: [(&str, BinaryOp); 4] = [
            ("*", BinaryOp::Multiply),
            ("/", BinaryOp::Divide),
            ("//", BinaryOp::FloorDivide),
            ("%", BinaryOp::Modulo),
        ];
        self.chain(&OPERATORS, Self::power)
    }

    fn power(&mut self) -> Result<Expr> {
        // From left to right, unlike Python's.
        self.chain(&[("**", BinaryOp::Power)], |parser| parser.unary(true))
    }

    fn unary(&mut self, with_filters: bool) -> Result<Expr> {
        let value = if self.skip_sign("-") {
            Expr::Negative(Box::new(self.nested(|parser| parser.unary(false))?))
        } else if self.skip_sign("+") {
            Expr::Positive(Box::new(self.nested(|parser| parser.unary(false))?))
        } else {
            self.primary()?
        };
        let mut value = self.postfix(value)?;
        if !with_filters {
            return Ok(value);
        }
        loop {
            value = if self.skip_sign("|") {
                Expr::Filter(Box::new(value), self.filter_call()?)
            } else if self.skip_name("is") {
                self.test(value)?
            } else if self.is_sign("(") {
                Expr::Call(Box::new(value), self.arguments()?)
            } else {
                return Ok(value);
            };
        }
    }

    fn primary(&mut self) -> Result<Expr> {
        match self.next() {
            Some(Token::Name(name)) => Ok(match name.as_str() {
                "true" | "True" => Expr::Bool(true),
                "false" | "False" => Expr::Bool(false),
                "none" | "None" => Expr::None,
                _ => {
                    if let Some(special) = SPECIAL.iter().position(|special| *special == name)
                        && let Some(mentioned) = self.mentioned.last_mut()
                    {
                        mentioned[special] = true;
                    }
                    Expr::Name(name.into())
                }
            }),
            Some(Token::Str(mut text)) => {
                while let Some(Token::Str(more)) = self.peek() {
                    text.push_str(more);
                    self.at += 1;
                }
                Ok(Expr::Str(text.into()))
            }
            Some(Token::Int(number)) => Ok(Expr::Int(number)),
            Some(Token::Float(number)) => Ok(Expr::Float(number)),
            Some(Token::Sign("(")) => {
                if self.skip_sign(")") {
                    return Ok(Expr::Tuple(Vec::new()));
                }
                let inner = self.nested(|parser| parser.tuple(true))?;
                self.expect_sign(")")?;
                Ok(inner)
            }
            Some(Token::Sign("[")) => self.items("]", Self::expression).map(Expr::List),
            Some(Token::Sign("{")) => {
                let pairs = self.items("}", |parser| {
                    let key = parser.expression()?;
                    parser.expect_sign(":")?;
                    Ok((key, parser.expression()?))
                })?;
                Ok(Expr::Dict(pairs))
            }
            _ => {
                self.at -= 1;
                self.unexpected("a value")
            }
        }
    }

    /// Items with commas between them; one may stand behind the last, too.
    fn items<T>(&mut self, end: &str, item: fn(&mut Self) -> Result<T>) -> Result<Vec<T>> {
        let mut items = Vec::new();
        while !self.skip_sign(end) {
            if !items.is_empty() {
                self.expect_sign(",")?;
                if self.skip_sign(end) {
                    break;
                }
            }
            items.push(self.nested(item)?);
        }
        Ok(items)
    }

    /// Attributes, items and calls behind a value.
    fn postfix(&mut self, mut value: Expr) -> Result<Expr> {
        loop {
            value = if self.skip_sign(".") {
                match self.next() {
                    Some(Token::Name(name)) => Expr::Attribute(Box::new(value), name.into()),
                    Some(Token::Int(index)) => {
                        Expr::Item(Box::new(value), Box::new(Expr::Int(index)))
                    }
                    _ => {
                        self.at -= 1;
                        return self.unexpected("a name or a number");
                    }
                }
            } else if self.skip_sign("[") {
                self.nested(|parser| parser.subscript(value))?
            } else if self.is_sign("(") {
                Expr::Call(Box::new(value), self.arguments()?)
            } else {
                return Ok(value);
            };
        }
    }

    /// What stands between `[` and `]`.
    fn subscript(&mut self, value: Expr) -> Result<Expr> {
        let mut bounds = [const { None }; 3];
        let mut colons = 0;
        while !self.is_sign("]") {
            if self.skip_sign(":") {
                colons += 1;
                if colons > 2 {
                    return failed("a slice has at most three parts");
                }
            } else if bounds[colons].is_none() {
                bounds[colons] = Some(self.expression()?);
            } else if self.is_sign(",") {
                return refused("several items at once are not supported");
            } else {
                return self.unexpected("“]”");
            }
        }
        self.expect_sign("]")?;
        if colons > 0 {
            return Ok(Expr::Slice(Box::new(value), Box::new(bounds)));
        }
        let [Some(index), ..] = bounds else { return failed("an item needs an index") };
        Ok(Expr::Item(Box::new(value), Box::new(index)))
    }

    fn arguments(&mut self) -> Result<Arguments> {
        self.nested(|parser| {
            parser.expect_sign("(")?;
            let mut arguments = Arguments::default();
            let mut is_first = true;
            while !parser.skip_sign(")") {
                if !is_first {
                    parser.expect_sign(",")?;
                    if parser.skip_sign(")") {
                        break;
                    }
                }
                is_first = false;
                parser.argument(&mut arguments)?;
            }
            Ok(arguments)
        })
    }

    fn argument(&mut self, arguments: &mut Arguments) -> Result<()> {
        let invalid = || Err(Error::Failed("arguments are not in a valid order".into()));
        if self.skip_sign("**") {
            let more = self.expression()?;
            return match arguments.double_star.replace(Box::new(more)) {
                None => Ok(()),
                Some(_) => invalid(),
            };
        }
        if self.skip_sign("*") {
            let more = self.expression()?;
            return match arguments.star.replace(Box::new(more)) {
                None if arguments.double_star.is_none() => Ok(()),
                _ => invalid(),
            };
        }
        let is_keyword = matches!(self.peek(), Some(Token::Name(_)))
            && matches!(self.tokens.get(self.at + 1), Some(Token::Sign("=")));
        if is_keyword {
            let name = self.name()?;
            self.expect_sign("=")?;
            if arguments.double_star.is_some() {
                return invalid();
            }
            arguments.keywords.push((name, self.expression()?));
            return Ok(());
        }
        let late = !arguments.keywords.is_empty()
            || arguments.star.is_some()
            || arguments.double_star.is_some();
        if late {
            return invalid();
        }
        arguments.positional.push(self.expression()?);
        Ok(())
    }

    fn dotted_name(&mut self) -> Result<Name> {
        let mut name = self.name()?.to_string();
        while self.skip_sign(".") {
            name = format!("{name}.{}", self.name()?);
        }
        Ok(name.into())
    }

    fn filter_call(&mut self) -> Result<Call> {
        let name = self.dotted_name()?;
        let arguments = if self.is_sign("(") { self.arguments()? } else { Arguments::default() };
        Ok(Call { name, arguments })
    }

    /// A test behind its `is`.
    fn test(&mut self, value: Expr) -> Result<Expr> {
        let negated = self.skip_name("not");
        let name = self.dotted_name()?;
        let mut arguments = Arguments::default();
        let begins_value = match self.peek() {
            Some(Token::Name(name)) => !["else", "or", "and"].contains(&name.as_str()),
            Some(Token::Str(_) | Token::Int(_) | Token::Float(_)) => true,
            Some(Token::Sign(sign)) => ["[", "{"].contains(sign),
            _ => false,
        };
        if self.is_sign("(") {
            arguments = self.arguments()?;
        } else if begins_value {
            if self.is_name("is") {
                return failed("tests cannot be chained");
            }
            let argument = self.nested(|parser| {
                let argument = parser.primary()?;
                parser.postfix(argument)
            })?;
            arguments.positional.push(argument);
        }
        let test = Expr::Test(Box::new(value), Call { name, arguments });
        Ok(if negated { Expr::Not(Box::new(test)) } else { test })
    }
}
