//! A template as a tree. Names of the nodes follow `jinja2.nodes`.

use std::sync::Arc;

/// A name in a template, shared by all who mention it.
pub(crate) type Name = Arc<str>;

/// What a template does.
#[derive(Debug)]
pub(crate) enum Statement {
    Text(Arc<str>),
    Print(Expr),
    /// Branches with their conditions, and what is done if none of them holds.
    If {
        branches: Vec<(Expr, Vec<Statement>)>,
        otherwise: Vec<Statement>,
    },
    For(Arc<For>),
    Set {
        target: Target,
        value: Expr,
    },
    /// `{% set x %} ... {% endset %}`
    SetBlock {
        target: Target,
        filters: Vec<Call>,
        body: Vec<Statement>,
    },
    Macro(Arc<Macro>),
    /// `{% call f() %} ... {% endcall %}`: the body is a macro by the name of `caller`.
    CallBlock {
        call: Expr,
        caller: Arc<Macro>,
    },
    FilterBlock {
        filters: Vec<Call>,
        body: Vec<Statement>,
    },
    With {
        values: Vec<(Target, Expr)>,
        body: Vec<Statement>,
    },
    /// A block with variables of its own that is otherwise nothing.
    Scope(Vec<Statement>),
    Break,
    Continue,
}

#[derive(Debug)]
pub(crate) struct For {
    pub(crate) target: Target,
    pub(crate) items: Expr,
    pub(crate) condition: Option<Expr>,
    pub(crate) body: Vec<Statement>,
    /// What is done if there are no items.
    pub(crate) otherwise: Vec<Statement>,
    pub(crate) recursive: bool,
}

#[derive(Debug)]
pub(crate) struct Macro {
    pub(crate) name: Name,
    /// With their defaults.
    pub(crate) parameters: Vec<(Name, Option<Expr>)>,
    pub(crate) body: Vec<Statement>,
    /// Whether the body mentions these names, and so takes what they stand for.
    pub(crate) takes_varargs: bool,
    pub(crate) takes_kwargs: bool,
    pub(crate) takes_caller: bool,
}

/// What is assigned to.
#[derive(Debug)]
pub(crate) enum Target {
    Name(Name),
    /// `ns.name`, of a namespace.
    Attribute(Name, Name),
    Tuple(Vec<Target>),
}

#[derive(Debug)]
pub(crate) enum Expr {
    None,
    Bool(bool),
    Int(i128),
    Float(f64),
    Str(Arc<str>),
    Name(Name),
    List(Vec<Expr>),
    Tuple(Vec<Expr>),
    Dict(Vec<(Expr, Expr)>),
    Attribute(Box<Expr>, Name),
    Item(Box<Expr>, Box<Expr>),
    Slice(Box<Expr>, Box<[Option<Expr>; 3]>),
    Call(Box<Expr>, Arguments),
    Filter(Box<Expr>, Call),
    Test(Box<Expr>, Call),
    Not(Box<Expr>),
    Negative(Box<Expr>),
    Positive(Box<Expr>),
    And(Box<Expr>, Box<Expr>),
    Or(Box<Expr>, Box<Expr>),
    Binary(BinaryOp, Box<Expr>, Box<Expr>),
    /// `a ~ b ~ c`
    Concat(Vec<Expr>),
    /// `a < b <= c`
    Compare(Box<Expr>, Vec<(CompareOp, Expr)>),
    /// `a if test else b`
    If {
        test: Box<Expr>,
        then: Box<Expr>,
        otherwise: Option<Box<Expr>>,
    },
}

/// A filter or test by its name.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) name: Name,
    pub(crate) arguments: Arguments,
}

#[derive(Debug, Default)]
pub(crate) struct Arguments {
    pub(crate) positional: Vec<Expr>,
    pub(crate) keywords: Vec<(Name, Expr)>,
    /// `*more` and `**more`
    pub(crate) star: Option<Box<Expr>>,
    pub(crate) double_star: Option<Box<Expr>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BinaryOp {
    Add,
    Subtract,
    Multiply,
    Divide,
    FloorDivide,
    Modulo,
    Power,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CompareOp {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    In,
    NotIn,
}
