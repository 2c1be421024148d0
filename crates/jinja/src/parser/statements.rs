//! Text, printed values and blocks.

use std::sync::Arc;

use super::Parser;
use crate::ast::{Call, Expr, For, Macro, Name, Statement, Target};
use crate::error::{Result, failed, refused};
use crate::lexer::Token;

impl Parser {
    /// Statements up to a block with one of these names, which stays to be read.
    pub(super) fn statements(&mut self, ends: &[&str]) -> Result<Vec<Statement>> {
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
}
