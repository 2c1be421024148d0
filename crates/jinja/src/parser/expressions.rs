//! Expressions, from what binds least.

use super::Parser;
use crate::ast::{Arguments, BinaryOp, Call, CompareOp, Expr, Name};
use crate::error::{Error, Result, failed, refused};
use crate::lexer::Token;

/// Names that a macro finds in its scope if it mentions them.
const SPECIAL: [&str; 3] = ["varargs", "kwargs", "caller"];

impl Parser {
    /// Expressions with commas between them are a tuple. Without `conditional`, an `if` is not part of
    /// it: `for` has one of its own.
    pub(super) fn tuple(&mut self, conditional: bool) -> Result<Expr> {
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

    pub(super) fn expression(&mut self) -> Result<Expr> {
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

    pub(super) fn filter_call(&mut self) -> Result<Call> {
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
