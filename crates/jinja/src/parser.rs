//! From tokens to a tree, with the precedence of `jinja2.parser` (Jinja 3.1):
//! <https://jinja.palletsprojects.com/en/stable/templates/#expressions>.

mod expressions;
mod statements;

use crate::ast::{Name, Statement};
use crate::error::{Result, failed, refused};
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
}
