//! The page's modules as one script.
//!
//! A browser needs some milliseconds for each module, whatever is in it, and the page has more than
//! a hundred. So the server puts them into one file: each becomes a function that is called at once
//! and returns what the module exports, in an order in which whatever is imported has run before.
//! Inside their functions modules keep their names, which may be the same in several of them.
//!
//! What this cannot keep is refused: modules that import each other, exported variables, `import()`,
//! `import.meta` and `await` outside functions.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;

use oxc_allocator::Allocator;

use super::module::{Imported, Module, Origin, parse};

/// Where a module's text comes from: its path to the text.
pub(super) type Source<'a> = dyn Fn(&str) -> Option<String> + 'a;

/// The joined script and where its lines come from.
#[derive(Debug)]
pub(super) struct Script {
    /// The code, a JavaScript module.
    pub(super) code: String,
    /// The modules in the order they run in: path, first line in `code` from 0, number of lines.
    pub(super) parts: Vec<Part>,
}

/// Where a module stands in the script.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) path: String,
    /// Its first line in the script, from 0 on.
    pub(super) line: usize,
    pub(super) lines: usize,
}

/// Joins a module and everything it imports. `names` are the paths of what is imported by a bare
/// name.
///
/// # Errors
/// Which module cannot be joined, and why.
pub(super) fn join(
    entry: &str,
    names: &HashMap<String, String>,
    source: &Source<'_>,
) -> Result<Script, String> {
    let mut joiner = Joiner { names, source, trail: Vec::new(), done: HashMap::new() };
    let mut script = Script { code: String::new(), parts: Vec::new() };
    joiner.add(entry, &mut script)?;
    Ok(script)
}

struct Joiner<'a> {
    names: &'a HashMap<String, String>,
    source: &'a Source<'a>,
    /// The modules whose imports are being added, from the entry on.
    trail: Vec<String>,
    done: HashMap<String, Done>,
}

/// A module that is part of the script.
struct Done {
    /// The constant that holds its exports.
    object: String,
    exports: Vec<String>,
}

/// Begins the names that the script adds to those of the modules.
const OBJECT: &str = "__module_";

impl Joiner<'_> {
    fn add(&mut self, path: &str, script: &mut Script) -> Result<(), String> {
        if self.done.contains_key(path) {
            return Ok(());
        }
        if let Some(start) = self.trail.iter().position(|known| known == path) {
            let circle = self.trail[start..].join(" imports ");
            return Err(format!("{circle} imports {path}: a circle cannot be put in an order."));
        }
        let text = (self.source)(path).ok_or_else(|| match self.trail.last() {
            Some(importer) => format!("{importer} imports {path}, which is not there."),
            None => format!("{path} is not there."),
        })?;
        if text.contains(OBJECT) {
            return Err(format!("{path}: names with {OBJECT} belong to the joined script."));
        }
        let module = Module::read(path, &text)?;
        self.trail.push(path.to_owned());
        for request in &module.requests {
            let target = self.resolve(path, request)?;
            self.add(&target, script)?;
        }
        self.trail.pop();
        let function = self.function(path, &module)?;
        // Read again, inside its function: finds what may only stand outside one.
        parse(path, &function.text, &Allocator::default(), 1)?;

        let object = format!("{OBJECT}{}", self.done.len());
        // Before a module's own lines there is one of its function; after them are two.
        let line = script.parts.last().map_or(1, |before| before.line + before.lines + 3);
        let lines = module.body.matches('\n').count() + 1;
        let _ = writeln!(script.code, "const {object} = {};", function.text);
        script.parts.push(Part { path: path.to_owned(), line, lines });
        self.done.insert(path.to_owned(), Done { object, exports: function.exports });
        Ok(())
    }

    /// The path of what a module imports.
    fn resolve(&self, from: &str, request: &str) -> Result<String, String> {
        if !request.starts_with('.') {
            let unknown = || format!("{from} imports {request}, which no file in vendor/ is.");
            return self.names.get(request).cloned().ok_or_else(unknown);
        }
        let mut parts: Vec<&str> = from.split('/').collect();
        parts.pop();
        for part in request.split('/') {
            match part {
                "." => {}
                ".." if parts.is_empty() => return Err(format!("{from} imports {request}.")),
                ".." => drop(parts.pop()),
                name => parts.push(name),
            }
        }
        Ok(parts.join("/"))
    }

    fn done(&self, from: &str, request: &str) -> Result<(&Done, String), String> {
        let path = self.resolve(from, request)?;
        Ok((&self.done[&path], path))
    }

    /// The expression for something of another module.
    fn imported(&self, from: &str, request: &str, what: &Imported) -> Result<String, String> {
        let (other, path) = self.done(from, request)?;
        match what {
            Imported::All => Ok(other.object.clone()),
            Imported::Name(name) if other.exports.contains(name) => {
                Ok(format!("{}.{name}", other.object))
            }
            Imported::Name(name) => {
                Err(format!("{from} imports {name} from {path}, which exports no such thing."))
            }
        }
    }

    fn function(&self, path: &str, module: &Module) -> Result<Function, String> {
        let mut text = "(() => {".to_owned();
        for import in &module.imports {
            let value = self.imported(path, &import.request, &import.what)?;
            let _ = write!(text, " const {} = {value};", import.local);
        }
        let mut exports = BTreeMap::new();
        for star in &module.stars {
            let (other, from) = self.done(path, star)?;
            for name in other.exports.iter().filter(|name| *name != "default") {
                let value = format!("{}.{name}", other.object);
                if exports.insert(name.clone(), value).is_some() {
                    return Err(format!("{path} exports {name} twice, once from {from}."));
                }
            }
        }
        for export in &module.exports {
            let value = match &export.origin {
                Origin::Local(local) => local.clone(),
                Origin::Other { request, what } => self.imported(path, request, what)?,
            };
            exports.insert(export.name.clone(), value);
        }
        let _ = write!(text, "\n{}\nreturn {{ ", module.body);
        for (name, value) in &exports {
            let _ = match name == value {
                true => write!(text, "{name}, "),
                false => write!(text, "{name}: {value}, "),
            };
        }
        text.push_str("};\n})()");
        Ok(Function { text, exports: exports.into_keys().collect() })
    }
}

/// A module inside its function.
struct Function {
    text: String,
    exports: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    type Files<'a> = &'a [(&'a str, &'a str)];

    fn joined(files: Files<'_>) -> Result<String, String> {
        let names = HashMap::from([("lib".to_owned(), "vendor/lib.mjs".to_owned())]);
        let find = |path: &str| {
            let file = files.iter().find(|(name, _)| *name == path);
            file.map(|(_, text)| (*text).to_owned())
        };
        join("main.js", &names, &find).map(|script| script.code)
    }

    /// The modules' functions, each as its first line, its own lines and what it returns.
    fn functions(code: &str) -> Vec<String> {
        let all = code.strip_prefix("const __module_0 = (() => {").unwrap();
        let mut functions = Vec::new();
        for (index, part) in all.split("(() => {").enumerate() {
            let end = format!("}};\n}})();\nconst __module_{} = ", index + 1);
            let part = part.strip_suffix(&end).or(part.strip_suffix("};\n})();\n"));
            functions.push(part.unwrap().to_owned());
        }
        functions
    }

    #[test]
    fn modules_become_functions_in_the_order_they_run_in() {
        let a = ("a.js", "export const a = 1;");
        let table: &[(&str, Files<'_>, &[&str])] = &[
            (
                "names, and other names for them",
                &[("main.js", "import { a, a as b } from \"./a.js\";\nb(a);"), a],
                &[
                    "\n const a = 1;\nreturn { a, ",
                    " const a = __module_0.a; const b = __module_0.a;\n;\nb(a);\nreturn { ",
                ],
            ),
            (
                "all exports as an object, and modules for their effect alone",
                &[
                    ("main.js", "import * as all from './a.js';import \"./b.js\""),
                    a,
                    ("b.js", "b()"),
                ],
                &[
                    "\n const a = 1;\nreturn { a, ",
                    "\nb()\nreturn { ",
                    " const all = __module_0;\n;;\nreturn { ",
                ],
            ),
            (
                "exports of others are passed on",
                &[
                    ("main.js", "export * from \"./b.js\"; export { a as c } from \"./a.js\";"),
                    a,
                    (
                        "b.js",
                        "import { a } from './a.js';\nexport { a, d as \u{e4} };\nconst d = 2;",
                    ),
                ],
                &[
                    "\n const a = 1;\nreturn { a, ",
                    " const a = __module_0.a;\n;\n;\nconst d = 2;\nreturn { a: __module_0.a, \u{e4}: d, ",
                    "\n; ;\nreturn { a: __module_1.a, c: __module_0.a, \u{e4}: __module_1.\u{e4}, ",
                ],
            ),
            (
                "an export of its own goes before one of a star, and a default is no part of it",
                &[
                    ("main.js", "export * from \"./b.js\";\nexport const a = 2;"),
                    ("b.js", "export const a = 1;\nexport default 3;"),
                ],
                &[
                    "\n const a = 1;\nconst __default = 3;;\nreturn { a, default: __default, ",
                    "\n;\n const a = 2;\nreturn { a, ",
                ],
            ),
            (
                "defaults with and without a name, and an object of exports that is an export",
                &[
                    (
                        "main.js",
                        "import f, { default as g } from \"./f.js\";\nimport h from \"./g.js\";\nexport * as x from \"./f.js\";",
                    ),
                    ("f.js", "export default function f() {}\nf();"),
                    ("g.js", "export default function () {}\n[].map(String);"),
                ],
                &[
                    "\n function f() {}\nf();\nreturn { default: f, ",
                    "\nconst __default = function () {};\n[].map(String);\nreturn { default: __default, ",
                    " const f = __module_0.default; const g = __module_0.default; const h = __module_1.default;\n;\n;\n;\nreturn { x: __module_0, ",
                ],
            ),
            (
                "bare names, and variables of libraries",
                &[
                    ("main.js", "import { e } from \"lib\";"),
                    ("vendor/lib.mjs", "var t=1;export{t as e};//# sourceMappingURL=lib.map"),
                ],
                &["\nvar t=1;; \nreturn { e: t, ", " const e = __module_0.e;\n;\nreturn { "],
            ),
            (
                "paths from folder to folder, each module once",
                &[
                    ("main.js", "import \"./v/a.js\";\nimport \"./s/b.js\";"),
                    ("v/a.js", "import \"../s/b.js\";\n1;"),
                    ("s/b.js", "2;"),
                ],
                &["\n2;\nreturn { ", "\n;\n1;\nreturn { ", "\n;\n;\nreturn { "],
            ),
            (
                "comments go, lines stay",
                &[(
                    "main.js",
                    "// one\n/** two\n * three */\nlet/**/a = 1 /* b */;\n// import \"./c.js\"",
                )],
                &["\n \n \n\nlet a = 1  ;\n \nreturn { "],
            ),
            (
                "what only looks like a comment or an import stays",
                &[(
                    "main.js",
                    "const a = \"// b\", c = `/* ${\"*/\"} import \"./d.js\"`, e = /\\/*[/*]/, f = ' export { g }';",
                )],
                &[
                    "\nconst a = \"// b\", c = `/* ${\"*/\"} import \"./d.js\"`, e = /\\/*[/*]/, f = ' export { g }';\nreturn { ",
                ],
            ),
            (
                "an import between statements without semicolons does not make one of them",
                &[("main.js", "a()\nimport \"./a.js\"\n(b)"), a],
                &["\n const a = 1;\nreturn { a, ", "\na()\n;\n(b)\nreturn { "],
            ),
        ];
        for (what, files, expected) in table {
            assert_eq!(functions(&joined(files).unwrap()), *expected, "{what}");
        }
    }

    #[test]
    fn what_cannot_be_joined_is_refused() {
        let table: &[(Files<'_>, &str)] = &[
            (&[], "main.js is not there."),
            (&[("main.js", "import \"./a.js\";")], "main.js imports a.js, which is not there."),
            (&[("main.js", "import \"b\";")], "main.js imports b, which no file in vendor/ is."),
            (&[("main.js", "import \"../b.js\";")], "main.js imports ../b.js."),
            (
                &[("main.js", "import { b } from \"./a.js\";"), ("a.js", "")],
                "main.js imports b from a.js, which exports no such thing.",
            ),
            (
                &[
                    ("main.js", "import \"./a.js\";"),
                    ("a.js", "import \"./b.js\";"),
                    ("b.js", "import \"./a.js\";"),
                ],
                "a.js imports b.js imports a.js: a circle cannot be put in an order.",
            ),
            (
                &[
                    ("main.js", "export * from \"./a.js\";\nexport * from \"./b.js\";"),
                    ("a.js", "export const a = 1;"),
                    ("b.js", "export const a = 2;"),
                ],
                "main.js exports a twice, once from b.js.",
            ),
            (&[("main.js", "\nawait a;")], "main.js:2: "),
            (&[("main.js", "\n\nfor await (const a of b);")], "main.js:3: "),
            (&[("main.js", "a();\nimport(\"./a.js\");")], "main.js:2: import() cannot be joined."),
            (
                &[("main.js", "import.meta.url;")],
                "main.js:1: import.meta means nothing in a joined script.",
            ),
            (
                &[("main.js", "import a from \"./a.json\" with { type: \"json\" };")],
                "main.js:1: Attributes of an import cannot be joined.",
            ),
            (&[("main.js", "export let a = 1;")], "main.js: a is a variable, "),
            (
                &[("main.js", "var { b: [a] } = c;\nexport { a as d };")],
                "main.js: a is a variable, ",
            ),
            (&[("main.js", "1;\nlet = ;")], "main.js:2: "),
            (
                &[("main.js", "const __module_0 = 1;")],
                "main.js: names with __module_ belong to the joined script.",
            ),
        ];
        for (files, expected) in table {
            let error = joined(files).unwrap_err();
            assert!(error.starts_with(expected), "expected {expected:?}, found {error:?}");
        }
    }
}
