//! What `$ref` refers to: `$id`, `$anchor` and pointers, within the document.

use std::collections::HashMap;

use url::Url;

use super::document::{Document, Value, ValueId};
use super::draft::Draft;

/// The address of a schema that gives itself none.
const NO_ADDRESS: &str = "http://schema.invalid/";

pub(super) struct References {
    /// The address that references in a schema are relative to.
    bases: HashMap<ValueId, Url>,
    /// Schemas by their address, without a fragment.
    resources: HashMap<String, ValueId>,
    /// Schemas by the address of their resource and their name.
    anchors: HashMap<(String, String), ValueId>,
    /// How often a name is a dynamic anchor.
    dynamic: HashMap<String, usize>,
}

impl References {
    pub(super) fn read(document: &Document, draft: Draft) -> Self {
        let base = Url::parse(NO_ADDRESS).expect("it is one");
        let mut found = References {
            bases: HashMap::new(),
            resources: HashMap::from([(base.to_string(), document.root())]),
            anchors: HashMap::new(),
            dynamic: HashMap::new(),
        };
        found.visit(document, draft, document.root(), &base);
        found
    }

    fn visit(&mut self, document: &Document, draft: Draft, schema: ValueId, base: &Url) {
        let mut base = base.clone();
        let properties = document.object(schema);
        let text = |name: &str| document.get(schema, name).and_then(|id| document.string(id));
        let id = text(draft.id()).filter(|_| !draft.ref_stands_alone() || text("$ref").is_none());
        if let Some(address) = id.and_then(|id| base.join(id).ok()) {
            let name = address.fragment().unwrap_or_default().to_owned();
            let mut whole = address;
            whole.set_fragment(None);
            if name.is_empty() {
                self.resources.insert(whole.to_string(), schema);
                base = whole;
            } else if draft.ref_stands_alone() {
                // Old drafts name places so.
                self.anchors.insert((base.to_string(), name), schema);
            }
        }
        for key in ["$anchor", "$dynamicAnchor"] {
            if let Some(name) = text(key).filter(|_| !draft.ref_stands_alone()) {
                self.anchors.insert((base.to_string(), name.to_owned()), schema);
                if key == "$dynamicAnchor" {
                    *self.dynamic.entry(name.to_owned()).or_default() += 1;
                }
            }
        }
        self.bases.insert(schema, base.clone());
        for (name, value) in properties {
            match name.as_str() {
                "properties" | "patternProperties" | "$defs" | "definitions"
                | "dependentSchemas" | "dependencies" => {
                    for (_, schema) in document.object(*value) {
                        self.visit(document, draft, *schema, &base);
                    }
                }
                "allOf"
                | "anyOf"
                | "oneOf"
                | "prefixItems"
                | "items"
                | "additionalItems"
                | "not"
                | "if"
                | "then"
                | "else"
                | "contains"
                | "additionalProperties"
                | "propertyNames"
                | "unevaluatedItems"
                | "unevaluatedProperties"
                | "contentSchema" => match document.value(*value) {
                    Value::Array(schemas) => {
                        for schema in schemas {
                            self.visit(document, draft, *schema, &base);
                        }
                    }
                    _ => self.visit(document, draft, *value, &base),
                },
                _ => {}
            }
        }
    }

    /// Finds what a schema's reference means.
    ///
    /// # Errors
    /// A sentence about why there is nothing.
    pub(super) fn find(
        &self,
        document: &Document,
        schema: ValueId,
        reference: &str,
    ) -> Result<ValueId, String> {
        let no_base = Url::parse(NO_ADDRESS).expect("it is one");
        let base = self.bases.get(&schema).unwrap_or(&no_base);
        let mut address =
            base.join(reference).map_err(|_| format!("$ref that is no address: {reference}"))?;
        let fragment = decoded(address.fragment().unwrap_or_default());
        address.set_fragment(None);
        let resource = self.resources.get(address.as_str()).copied();
        let resource = resource.ok_or_else(|| format!("$ref to another document: {reference}"))?;
        let missing = || format!("$ref to a definition that is not there: {reference}");
        if fragment.is_empty() {
            return Ok(resource);
        }
        if !fragment.starts_with('/') {
            let anchor = self.anchors.get(&(address.to_string(), fragment));
            return anchor.copied().ok_or_else(missing);
        }
        let mut found = resource;
        for step in fragment.split('/').skip(1) {
            let step = step.replace("~1", "/").replace("~0", "~");
            found = match document.value(found) {
                Value::Object(_) => document.get(found, &step),
                Value::Array(items) => {
                    step.parse().ok().and_then(|index: usize| items.get(index).copied())
                }
                _ => None,
            }
            .ok_or_else(missing)?;
        }
        Ok(found)
    }

    /// Whether a dynamic reference to this name can mean one schema only.
    pub(super) fn is_plain(&self, reference: &str) -> bool {
        let name = reference.split_once('#').map_or("", |(_, name)| name);
        self.dynamic.get(name).copied().unwrap_or(0) <= 1
    }
}

/// Bytes that are written as `%41` in an address.
fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut place = 0;
    while let Some(byte) = bytes.get(place) {
        let code = (*byte == b'%')
            .then(|| text.get(place + 1..place + 3))
            .flatten()
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        out.push(code.unwrap_or(*byte));
        place += if code.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&out).into_owned()
}
