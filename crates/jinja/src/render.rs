//! Runs a template: statements print and assign, expressions become values.
//!
//! Scopes are Jinja's: a loop's turn, a macro's call and the bodies of `with`, `filter`, `call` and of a
//! `set` without a value have variables of their own; an `if` has none. A macro sees the variables around
//! it as they are when it is called.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use crate::ast::{Arguments, Call, Expr, For, Macro, Name, Statement, Target};
use crate::budget::Budget;
use crate::call::Values;
use crate::error::{Error, Result, failed};
use crate::print::to_str;
use crate::value::{Dict, Function, Loop, Namespace, Scope, Value, range_len};
use crate::{filters, globals, methods, operators, predicates};

/// What a list of statements came to.
#[derive(PartialEq)]
enum Flow {
    On,
    Break,
    Continue,
}

/// One rendering.
pub(crate) struct Renderer {
    pub(crate) budget: Budget,
    /// Variables given to the rendering; what the template assigns is in a scope inside.
    root: Rc<Scope>,
    /// Scopes that macros hold, and namespaces: these may hold themselves, and are emptied at the end.
    held: RefCell<Vec<Held>>,
}

enum Held {
    Scope(Rc<Scope>),
    Namespace(Rc<Namespace>),
}

impl Drop for Renderer {
    fn drop(&mut self) {
        for held in self.held.borrow().iter() {
            match held {
                Held::Scope(scope) => drop(scope.values.take()),
                Held::Namespace(namespace) => drop(namespace.values.take()),
            }
        }
    }
}

impl Renderer {
    pub(crate) fn new(variables: Vec<(&str, Value)>, budget: Budget) -> Self {
        let values: HashMap<Name, Value> =
            variables.into_iter().map(|(name, value)| (Name::from(name), value)).collect();
        let root = Rc::new(Scope { values: RefCell::new(values), around: None });
        Renderer { budget, root, held: RefCell::default() }
    }

    /// The text that a template gives.
    pub(crate) fn run(&self, template: &[Statement]) -> Result<String> {
        let mut out = String::new();
        self.statements(template, &Scope::inside(&self.root), &mut out)?;
        Ok(out)
    }

    fn print(&self, text: &str, out: &mut String) -> Result<()> {
        self.budget.spend(text.len())?;
        out.push_str(text);
        Ok(())
    }

    // --- statements ---

    fn statements(&self, body: &[Statement], scope: &Rc<Scope>, out: &mut String) -> Result<Flow> {
        for statement in body {
            let flow = self.budget.nested(|| self.statement(statement, scope, out))?;
            if flow != Flow::On {
                return Ok(flow);
            }
        }
        Ok(Flow::On)
    }

    fn statement(
        &self,
        statement: &Statement,
        scope: &Rc<Scope>,
        out: &mut String,
    ) -> Result<Flow> {
        match statement {
            Statement::Text(text) => self.print(text, out)?,
            Statement::Print(value) => {
                let value = self.value(value, scope)?;
                self.budget.pay(&value)?;
                self.print(&to_str(&value)?, out)?;
            }
            Statement::If { branches, otherwise } => {
                for (condition, body) in branches {
                    if self.value(condition, scope)?.is_true() {
                        return self.statements(body, scope, out);
                    }
                }
                return self.statements(otherwise, scope, out);
            }
            Statement::For(node) => {
                let items = self.value(&node.items, scope)?;
                self.for_loop(node, items, scope, 0, out)?;
            }
            Statement::Set { target, value } => {
                let value = self.value(value, scope)?;
                self.assign(target, value, scope)?;
            }
            Statement::SetBlock { target, filters, body } => {
                let text = self.filtered_body(filters, body, scope)?;
                self.assign(target, text, scope)?;
            }
            Statement::Macro(node) => {
                let function = self.macro_value(node, scope)?;
                scope.set(&node.name, function);
            }
            Statement::CallBlock { call, caller } => {
                let caller = self.macro_value(caller, scope)?;
                let value = self.call_expression(call, scope, Some(caller))?;
                self.print(&to_str(&value)?, out)?;
            }
            Statement::FilterBlock { filters, body } => {
                let text = self.filtered_body(filters, body, scope)?;
                self.print(&to_str(&text)?, out)?;
            }
            Statement::With { values, body } => {
                let inner = Scope::inside(scope);
                for (target, value) in values {
                    let value = self.value(value, scope)?;
                    self.assign(target, value, &inner)?;
                }
                return self.statements(body, &inner, out);
            }
            Statement::Scope(body) => {
                self.statements(body, &Scope::inside(scope), out)?;
            }
            Statement::Break => return Ok(Flow::Break),
            Statement::Continue => return Ok(Flow::Continue),
        }
        Ok(Flow::On)
    }

    /// What a body prints, passed through filters.
    fn filtered_body(
        &self,
        filters: &[Call],
        body: &[Statement],
        scope: &Rc<Scope>,
    ) -> Result<Value> {
        let inner = Scope::inside(scope);
        let mut text = String::new();
        self.statements(body, &inner, &mut text)?;
        filters.iter().try_fold(Value::from(text), |value, filter| {
            let arguments = self.arguments(&filter.arguments, &inner)?;
            self.filter(&filter.name, value, arguments)
        })
    }

    fn for_loop(
        &self,
        node: &Arc<For>,
        items: Value,
        scope: &Rc<Scope>,
        depth: usize,
        out: &mut String,
    ) -> Result<()> {
        let mut items = self.walk(&items)?;
        if let Some(condition) = &node.condition {
            let mut kept = Vec::new();
            for item in items {
                let turn = Scope::inside(scope);
                self.assign(&node.target, item.clone(), &turn)?;
                if self.value(condition, &turn)?.is_true() {
                    kept.push(item);
                }
            }
            items = kept;
        }
        if items.is_empty() {
            self.statements(&node.otherwise, &Scope::inside(scope), out)?;
            return Ok(());
        }
        let again = node.recursive.then(|| (Arc::clone(node), Rc::clone(scope)));
        let turns = items.len();
        let state = Rc::new(Loop::new(items, depth, again)?);
        let name: Name = "loop".into();
        for at in 0..turns {
            self.budget.step()?;
            state.at.set(at);
            let turn = Scope::inside(scope);
            turn.set(&name, Value::Loop(Rc::clone(&state)));
            self.assign(&node.target, state.items[at].clone(), &turn)?;
            if self.statements(&node.body, &turn, out)? == Flow::Break {
                break;
            }
        }
        Ok(())
    }

    fn assign(&self, target: &Target, value: Value, scope: &Rc<Scope>) -> Result<()> {
        match target {
            Target::Name(name) => scope.set(name, value),
            Target::Attribute(name, attribute) => match scope.get(name) {
                Some(Value::Namespace(namespace)) => {
                    namespace.values.borrow_mut().insert(Rc::from(&**attribute), value);
                }
                _ => return failed("cannot assign attribute on non-namespace object"),
            },
            Target::Tuple(targets) => {
                let values = self.walk(&value)?;
                let (expected, found) = (targets.len(), values.len());
                if expected != found {
                    let problem = if found > expected { "too many" } else { "not enough" };
                    return failed(format!("{problem} values to unpack (expected {expected})"));
                }
                for (target, value) in targets.iter().zip(values) {
                    self.assign(target, value, scope)?;
                }
            }
        }
        Ok(())
    }

    // --- expressions ---

    /// What an expression comes to.
    pub(crate) fn value(&self, expression: &Expr, scope: &Rc<Scope>) -> Result<Value> {
        self.budget.nested(|| self.value_inner(expression, scope))
    }

    fn value_inner(&self, expression: &Expr, scope: &Rc<Scope>) -> Result<Value> {
        Ok(match expression {
            Expr::None => Value::None,
            Expr::Bool(flag) => Value::Bool(*flag),
            Expr::Int(number) => Value::Int(*number),
            Expr::Float(number) => Value::Float(*number),
            Expr::Str(text) => Value::from(&**text),
            Expr::Name(name) => self.name(name, scope),
            Expr::List(items) => Value::list(self.values(items, scope)?)?,
            Expr::Tuple(items) => Value::tuple(self.values(items, scope)?)?,
            Expr::Dict(pairs) => {
                self.budget.spend_items(2 * pairs.len())?;
                let pairs = pairs
                    .iter()
                    .map(|(key, value)| Ok((self.value(key, scope)?, self.value(value, scope)?)));
                Value::Dict(Rc::new(Dict::new(pairs.collect::<Result<Vec<_>>>()?)?))
            }
            Expr::Attribute(value, name) => {
                let value = self.value(value, scope)?;
                methods::attribute(&value, name)?
            }
            Expr::Item(value, index) => {
                let (value, index) = (self.value(value, scope)?, self.value(index, scope)?);
                methods::subscript(&value, &index)?
            }
            Expr::Slice(value, bounds) => {
                let value = self.value(value, scope)?;
                let mut found = [const { None }; 3];
                for (place, bound) in found.iter_mut().zip(bounds.iter()) {
                    *place = bound.as_ref().map(|bound| self.value(bound, scope)).transpose()?;
                }
                operators::slice(&value, found, &self.budget)?
            }
            Expr::Call(..) => self.call_expression(expression, scope, None)?,
            Expr::Filter(value, Call { name, arguments }) => {
                let value = self.value(value, scope)?;
                let arguments = self.arguments(arguments, scope)?;
                self.filter(name, value, arguments)?
            }
            Expr::Test(value, Call { name, arguments }) => {
                let value = self.value(value, scope)?;
                let arguments = self.arguments(arguments, scope)?;
                Value::Bool(self.test(name, value, arguments)?)
            }
            Expr::Not(value) => Value::Bool(!self.value(value, scope)?.is_true()),
            Expr::Negative(value) => operators::signed(&self.value(value, scope)?, true)?,
            Expr::Positive(value) => operators::signed(&self.value(value, scope)?, false)?,
            Expr::And(left, right) => {
                let left = self.value(left, scope)?;
                if left.is_true() { self.value(right, scope)? } else { left }
            }
            Expr::Or(left, right) => {
                let left = self.value(left, scope)?;
                if left.is_true() { left } else { self.value(right, scope)? }
            }
            Expr::Binary(op, left, right) => {
                let (left, right) = (self.value(left, scope)?, self.value(right, scope)?);
                operators::binary(*op, &left, &right, &self.budget)?
            }
            Expr::Concat(parts) => {
                let mut text = String::new();
                for part in parts {
                    let value = self.value(part, scope)?;
                    self.budget.pay(&value)?;
                    self.print(&to_str(&value)?, &mut text)?;
                }
                Value::from(text)
            }
            Expr::Compare(first, others) => {
                let mut left = self.value(first, scope)?;
                for (op, right) in others {
                    let right = self.value(right, scope)?;
                    if !operators::compare(*op, &left, &right, &self.budget)? {
                        return Ok(Value::Bool(false));
                    }
                    left = right;
                }
                Value::Bool(true)
            }
            Expr::If { test, then, otherwise } => match otherwise {
                _ if self.value(test, scope)?.is_true() => self.value(then, scope)?,
                Some(otherwise) => self.value(otherwise, scope)?,
                None => Value::undefined(
                    "the inline if-expression evaluated to false and no else section was defined.",
                ),
            },
        })
    }

    fn name(&self, name: &Name, scope: &Rc<Scope>) -> Value {
        scope
            .get(name)
            .or_else(|| globals::find(name))
            .unwrap_or_else(|| Value::undefined(format!("'{name}' is undefined")))
    }

    fn values(&self, expressions: &[Expr], scope: &Rc<Scope>) -> Result<Vec<Value>> {
        self.budget.spend_items(expressions.len())?;
        expressions.iter().map(|expression| self.value(expression, scope)).collect()
    }

    /// What a loop over a value meets, paid for.
    pub(crate) fn walk(&self, value: &Value) -> Result<Vec<Value>> {
        let len = match value {
            // Counted before they are made.
            Value::Range(..) => range_len(value).unwrap_or(usize::MAX),
            Value::Str(text) => text.len(),
            other => other.len().unwrap_or(0),
        };
        self.budget.spend_items(len)?;
        value.items()
    }

    fn arguments(&self, arguments: &Arguments, scope: &Rc<Scope>) -> Result<Values> {
        let mut values = Values {
            positional: self.values(&arguments.positional, scope)?.into(),
            keywords: Vec::new(),
        };
        for (name, value) in &arguments.keywords {
            values.keywords.push((Name::clone(name), self.value(value, scope)?));
        }
        if let Some(star) = &arguments.star {
            values.positional.extend(self.walk(&self.value(star, scope)?)?);
        }
        if let Some(double_star) = &arguments.double_star {
            let Value::Dict(dict) = self.value(double_star, scope)? else {
                return failed("what stands behind ** must be a mapping");
            };
            for (name, value) in dict.iter() {
                let Value::Str(name) = name else { return failed("keywords must be strings") };
                values.keywords.push((Name::from(&**name), value.clone()));
            }
        }
        Ok(values)
    }

    // --- calls ---

    fn call_expression(
        &self,
        expression: &Expr,
        scope: &Rc<Scope>,
        caller: Option<Value>,
    ) -> Result<Value> {
        let Expr::Call(function, arguments) = expression else {
            return failed("a block “call” needs a call");
        };
        let function = self.value(function, scope)?;
        let mut arguments = self.arguments(arguments, scope)?;
        arguments.keywords.extend(caller.map(|caller| (Name::from("caller"), caller)));
        self.call(&function, arguments)
    }

    /// Calls a value.
    pub(crate) fn call(&self, function: &Value, arguments: Values) -> Result<Value> {
        self.budget.nested(|| match function {
            Value::Undefined(why) => failed(&**why),
            Value::Function(function) => match &**function {
                Function::Global(name) => globals::call(self, name, arguments),
                Function::Method(value, name) => methods::call(self, value, name, arguments),
                Function::Macro(node, scope) => self.call_macro(node, scope, arguments),
            },
            Value::Loop(state) => {
                let [items] = arguments.bind("loop()", ["iterable"])?;
                let Some((node, scope)) = &state.again else {
                    return failed(
                        "The loop must have the 'recursive' marker to be called recursively.",
                    );
                };
                let mut text = String::new();
                let items = items
                    .unwrap_or_else(|| Value::undefined("loop() needs something to walk over"));
                self.for_loop(node, items, scope, state.depth + 1, &mut text)?;
                Ok(Value::from(text))
            }
            Value::Joiner(joiner) => {
                let text = if joiner.1.replace(true) { &joiner.0 } else { "" };
                Ok(Value::from(text))
            }
            other => failed(format!("'{}' object is not callable", other.type_name())),
        })
    }

    fn macro_value(&self, node: &Arc<Macro>, scope: &Rc<Scope>) -> Result<Value> {
        self.budget.count_object()?;
        self.held.borrow_mut().push(Held::Scope(Rc::clone(scope)));
        Ok(Value::Function(Rc::new(Function::Macro(Arc::clone(node), Rc::clone(scope)))))
    }

    /// Keeps a namespace until the end of the rendering.
    pub(crate) fn namespace(&self, namespace: Namespace) -> Result<Value> {
        self.budget.count_object()?;
        let namespace = Rc::new(namespace);
        self.held.borrow_mut().push(Held::Namespace(Rc::clone(&namespace)));
        Ok(Value::Namespace(namespace))
    }

    fn call_macro(&self, node: &Macro, around: &Rc<Scope>, arguments: Values) -> Result<Value> {
        let scope = Scope::inside(around);
        let Values { mut positional, mut keywords } = arguments;
        let mut take = |name: &str| {
            let at = keywords.iter().position(|(keyword, _)| **keyword == *name)?;
            Some(keywords.remove(at).1)
        };
        let mut absent = Vec::new();
        for (name, default) in &node.parameters {
            match positional.pop_front().or_else(|| take(name)) {
                Some(value) => scope.set(name, value),
                None => absent.push((name, default)),
            }
        }
        if node.takes_caller {
            let name = Name::from("caller");
            let absent = || Value::undefined("No caller defined");
            scope.set(&name, take(&name).unwrap_or_else(absent));
        }
        if node.takes_kwargs {
            let pairs = keywords.drain(..).map(|(name, value)| (Value::from(&*name), value));
            scope.set(&"kwargs".into(), Value::Dict(Rc::new(Dict::new(pairs)?)));
        } else if let Some((name, _)) = keywords.first() {
            return failed(format!("macro '{}' takes no keyword argument '{name}'", node.name));
        }
        if node.takes_varargs {
            scope.set(&"varargs".into(), Value::tuple(positional.into())?);
        } else if !positional.is_empty() {
            let count = node.parameters.len();
            return failed(format!(
                "macro '{}' takes not more than {count} argument(s)",
                node.name
            ));
        }
        // A default may name the parameters before it.
        for (name, default) in absent {
            let value = match default {
                Some(default) => self.value(default, &scope)?,
                None => Value::undefined(format!("parameter '{name}' was not provided")),
            };
            scope.set(name, value);
        }
        let mut text = String::new();
        self.statements(&node.body, &scope, &mut text)?;
        Ok(Value::from(text))
    }

    /// Passes a value through a filter.
    pub(crate) fn filter(&self, name: &str, value: Value, arguments: Values) -> Result<Value> {
        self.budget.nested(|| match filters::find(name) {
            Some(filter) => {
                self.budget.pay(&value)?;
                filter(self, value, arguments)
            }
            None => Err(Error::Refused(format!("the filter “{name}” is not supported"))),
        })
    }

    /// Whether a value passes a test.
    pub(crate) fn test(&self, name: &str, value: Value, arguments: Values) -> Result<bool> {
        self.budget.nested(|| match predicates::find(name) {
            Some(test) => {
                self.budget.pay(&value)?;
                test(self, value, arguments)
            }
            None => Err(Error::Refused(format!("the test “{name}” is not supported"))),
        })
    }
}
