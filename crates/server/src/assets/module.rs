//! One module of the page, taken apart: what it imports, what it exports, and the code between, fit
//! to stand inside a function.

use std::collections::HashSet;

use oxc_allocator::Allocator;
use oxc_ast::ast::{
    Declaration, ExportDefaultDeclarationKind, Program, Statement, VariableDeclaration,
    VariableDeclarationKind,
};
use oxc_ecmascript::BoundNames as _;
use oxc_parser::{Parser, ParserReturn};
use oxc_span::{GetSpan as _, SourceType, Span};
use oxc_syntax::module_record::{
    ExportExportName, ExportImportName, ExportLocalName, ImportImportName, ModuleRecord,
};

/// A module without its import and export statements.
#[derive(Debug)]
pub(super) struct Module {
    /// What it imports from, as written and in the order of the text.
    pub(super) requests: Vec<String>,
    /// The bindings that it imports.
    pub(super) imports: Vec<Import>,
    /// What it exports under a name.
    pub(super) exports: Vec<Export>,
    /// The modules all of whose exports it exports.
    pub(super) stars: Vec<String>,
    /// The rest of the code, without comments, line by line as in the file.
    pub(super) body: String,
}

/// A binding that stands for something of another module.
#[derive(Debug)]
pub(super) struct Import {
    pub(super) local: String,
    pub(super) request: String,
    pub(super) what: Imported,
}

/// Something of another module.
#[derive(Debug)]
pub(super) enum Imported {
    /// One export; `default` is one, too.
    Name(String),
    /// The object of all exports.
    All,
}

#[derive(Debug)]
pub(super) struct Export {
    pub(super) name: String,
    pub(super) origin: Origin,
}

#[derive(Debug)]
pub(super) enum Origin {
    /// A binding of the module itself.
    Local(String),
    /// Passed on from another module.
    Other { request: String, what: Imported },
}

/// What `export default` without a name becomes.
const DEFAULT: &str = "__default";

impl Module {
    /// Takes a module apart. `path` is for errors, and decides whether variables may be exported:
    /// an importer gets the value that a binding has when its module has run, so later changes
    /// would not arrive. Only `vendor/` may, whose minified code declares everything with `var`.
    ///
    /// # Errors
    /// What is wrong, or cannot be joined, and in which line.
    pub(super) fn read(path: &str, source: &str) -> Result<Module, String> {
        let allocator = Allocator::default();
        let ParserReturn { program, module_record: record, .. } =
            parse(path, source, &allocator, 0)?;
        let at = |span: Span, what: &str| Err(format!("{path}:{}: {what}", line_of(source, span)));
        if let Some(import) = record.dynamic_imports.first() {
            return at(import.span, "import() cannot be joined.");
        }
        if let Some(&span) = record.import_metas.first() {
            return at(span, "import.meta means nothing in a joined script.");
        }
        let mut edits = Edits { source, list: Vec::new() };
        let mut default = DEFAULT.to_owned();
        for statement in &program.body {
            match statement {
                Statement::ImportDeclaration(import) => {
                    if import.with_clause.is_some() || import.phase.is_some() {
                        return at(import.span, "Attributes of an import cannot be joined.");
                    }
                    edits.replace(import.span, ";");
                }
                Statement::ExportAllDeclaration(export) => edits.replace(export.span, ";"),
                Statement::ExportNamedDeclaration(export) => match &export.declaration {
                    Some(declaration) => {
                        edits.remove(Span::new(export.span.start, declaration.span().start));
                    }
                    None => edits.replace(export.span, ";"),
                },
                Statement::ExportDefaultDeclaration(export) => {
                    let (name, inner) = match &export.declaration {
                        ExportDefaultDeclarationKind::FunctionDeclaration(function) => {
                            (function.id.as_ref(), function.span)
                        }
                        ExportDefaultDeclarationKind::ClassDeclaration(class) => {
                            (class.id.as_ref(), class.span)
                        }
                        other => (None, other.span()),
                    };
                    let keyword = Span::new(export.span.start, inner.start);
                    match name {
                        Some(name) => {
                            default = name.name.to_string();
                            edits.remove(keyword);
                        }
                        None => {
                            edits.replace(keyword, &format!("const {DEFAULT} = "));
                            // A function that was a declaration needs no semicolon; an expression
                            // does, before a line that begins with a bracket.
                            edits.replace(Span::empty(inner.end), ";");
                        }
                    }
                }
                _ => {}
            }
        }
        for comment in &program.comments {
            edits.remove(comment.span);
        }
        let (exports, stars) = exports_of(&record, &default);
        if !path.starts_with("vendor/") {
            let variables = variables_of(&program);
            let changing = exports.iter().find_map(|export| match &export.origin {
                Origin::Local(local) if variables.contains(local) => Some(local),
                _ => None,
            });
            if let Some(local) = changing {
                return Err(format!(
                    "{path}: {local} is a variable, and what it is set to later would not reach \
                     those who import it. Export a const or a function."
                ));
            }
        }
        Ok(Module {
            requests: requests_of(&record),
            imports: imports_of(&record),
            exports,
            stars,
            body: edits.apply(),
        })
    }
}

/// Parses a module; `before` is how many lines stand before those of the file.
pub(super) fn parse<'a>(
    path: &str,
    source: &'a str,
    allocator: &'a Allocator,
    before: usize,
) -> Result<ParserReturn<'a>, String> {
    let parsed = Parser::new(allocator, source, SourceType::mjs()).parse();
    match parsed.errors.first() {
        None => Ok(parsed),
        Some(error) => {
            let label = error.labels.as_ref().and_then(|labels| labels.first());
            let offset = label.map_or(0, |label| label.offset());
            let line = source[..offset].matches('\n').count() + 1;
            Err(format!("{path}:{}: {error}", line.saturating_sub(before)))
        }
    }
}

fn line_of(source: &str, span: Span) -> usize {
    source[..span.start as usize].matches('\n').count() + 1
}

fn requests_of(record: &ModuleRecord<'_>) -> Vec<String> {
    let mut all: Vec<(u32, String)> = record
        .requested_modules
        .iter()
        .filter_map(|(name, places)| Some((places.first()?.span.start, name.to_string())))
        .collect();
    all.sort_unstable();
    all.into_iter().map(|(_, name)| name).collect()
}

fn imports_of(record: &ModuleRecord<'_>) -> Vec<Import> {
    let of_entry = |entry: &oxc_syntax::module_record::ImportEntry<'_>| Import {
        local: entry.local_name.name.to_string(),
        request: entry.module_request.name.to_string(),
        what: match &entry.import_name {
            ImportImportName::Name(name) => Imported::Name(name.name.to_string()),
            ImportImportName::Default(_) => Imported::Name("default".into()),
            ImportImportName::NamespaceObject => Imported::All,
        },
    };
    record.import_entries.iter().map(of_entry).collect()
}

fn exports_of(record: &ModuleRecord<'_>, default: &str) -> (Vec<Export>, Vec<String>) {
    let name_of = |name: &ExportExportName<'_>| match name {
        ExportExportName::Name(name) => name.name.to_string(),
        ExportExportName::Default(_) | ExportExportName::Null => "default".into(),
    };
    let local = record.local_export_entries.iter().map(|entry| {
        let local = match &entry.local_name {
            ExportLocalName::Name(name) => name.name.to_string(),
            ExportLocalName::Default(_) | ExportLocalName::Null => default.to_owned(),
        };
        Export { name: name_of(&entry.export_name), origin: Origin::Local(local) }
    });
    let request = |entry: &oxc_syntax::module_record::ExportEntry<'_>| {
        entry.module_request.as_ref().map(|request| request.name.to_string()).unwrap_or_default()
    };
    let other = record.indirect_export_entries.iter().map(|entry| {
        let what = match &entry.import_name {
            ExportImportName::Name(name) => Imported::Name(name.name.to_string()),
            _ => Imported::All,
        };
        let origin = Origin::Other { request: request(entry), what };
        Export { name: name_of(&entry.export_name), origin }
    });
    let stars = record.star_export_entries.iter().map(request).collect();
    (local.chain(other).collect(), stars)
}

/// The names at the top of the module that can be given another value.
fn variables_of(program: &Program<'_>) -> HashSet<String> {
    let mut names = HashSet::new();
    let mut note = |declaration: &VariableDeclaration<'_>| {
        if declaration.kind != VariableDeclarationKind::Const {
            declaration.bound_names(&mut |name| {
                names.insert(name.name.to_string());
            });
        }
    };
    for statement in &program.body {
        match statement {
            Statement::VariableDeclaration(declaration) => note(declaration),
            Statement::ExportNamedDeclaration(export) => {
                if let Some(Declaration::VariableDeclaration(declaration)) = &export.declaration {
                    note(declaration);
                }
            }
            _ => {}
        }
    }
    names
}

/// Changes of a text that keep its lines where they are.
struct Edits<'a> {
    source: &'a str,
    list: Vec<(Span, String)>,
}

impl Edits<'_> {
    fn remove(&mut self, span: Span) {
        // What stood on both sides of a comment may not become one word.
        self.replace(span, " ");
    }

    fn replace(&mut self, span: Span, text: &str) {
        let lines = span.source_text(self.source).matches('\n').count();
        self.list.push((span, text.to_owned() + &"\n".repeat(lines)));
    }

    fn apply(mut self) -> String {
        self.list.sort_by_key(|(span, _)| (span.start, span.end));
        let mut text = String::with_capacity(self.source.len());
        let mut end = 0;
        for (span, replacement) in self.list {
            let start = span.start as usize;
            // A comment inside a statement that is gone.
            if start < end {
                continue;
            }
            text.push_str(&self.source[end..start]);
            text.push_str(&replacement);
            end = span.end as usize;
        }
        text.push_str(&self.source[end..]);
        text
    }
}
