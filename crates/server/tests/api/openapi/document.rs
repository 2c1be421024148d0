//! The OpenAPI document, read as a client would read it.

use axum::body::{Body, to_bytes};
use axum::http::{Request, Response, StatusCode};
use futures_util::StreamExt as _;
use jsonschema::paths::Location;
use jsonschema::{Keyword, ValidationError, Validator};
use serde_json::{Map, Value, json};

use crate::client::Client;

/// The document that the application serves.
pub(crate) struct Document(pub(crate) Value);

/// A method of an address.
pub(crate) struct Operation<'a> {
    pub(crate) document: &'a Document,
    pub(crate) method: String,
    pub(crate) path: &'a str,
    described: &'a Value,
}

impl Document {
    pub(crate) async fn of(client: &Client) -> Self {
        let (status, document) = client.get("/openapi.json").await;
        assert_eq!(status, 200);
        Document(document)
    }

    pub(crate) fn operations(&self) -> Vec<Operation<'_>> {
        let mut operations = Vec::new();
        for (path, item) in self.0["paths"].as_object().unwrap() {
            for (method, described) in item.as_object().unwrap() {
                let method = method.to_uppercase();
                operations.push(Operation { document: self, method, path, described });
            }
        }
        operations
    }

    /// What a reference leads to, or the value itself.
    pub(crate) fn resolve<'a>(&'a self, value: &'a Value) -> &'a Value {
        let Some(reference) = value["$ref"].as_str() else { return value };
        let found = self.0.pointer(reference.strip_prefix('#').unwrap());
        self.resolve(found.unwrap_or_else(|| panic!("{reference} leads nowhere")))
    }

    /// Validates against a schema of the document, and its integers against the 64 bits they have.
    pub(crate) fn validator(&self, schema: &Value) -> Validator {
        let whole = json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "components": self.0["components"],
            "allOf": [schema],
        });
        jsonschema::options().with_keyword("format", format).build(&whole).unwrap()
    }
}

fn format<'a>(
    _: &'a Map<String, Value>,
    value: &'a Value,
    _: Location,
) -> Result<Box<dyn for<'i> Keyword<'i>>, ValidationError<'a>> {
    Ok(Box::new(Format { is_int64: value == "int64" }))
}

/// What OpenAPI's format registry says of integers, which JSON Schema alone does not know.
struct Format {
    is_int64: bool,
}

impl<'i> Keyword<'i> for Format {
    fn validate(&self, instance: &'i Value) -> Result<(), ValidationError<'i>> {
        if self.is_valid(instance) {
            Ok(())
        } else {
            Err(ValidationError::custom(format!("{instance} has more than 64 bits")))
        }
    }

    fn is_valid(&self, instance: &'i Value) -> bool {
        let fits = |number: f64| number.abs() < 2f64.powi(63);
        let number = instance.as_number();
        !self.is_int64
            || number.is_none_or(|number| {
                number.is_i64() || number.is_f64() && number.as_f64().is_some_and(fits)
            })
    }
}

impl Operation<'_> {
    pub(crate) fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    /// The schema of its body and the example of it, if it reads one.
    pub(crate) fn body(&self) -> Option<(&Value, &Value)> {
        let content = self.described["requestBody"].get("content")?;
        let content = content.as_object().unwrap();
        assert_eq!(content.keys().collect::<Vec<_>>(), ["application/json"], "{}", self.name());
        let content = &content["application/json"];
        let schema = &content["schema"];
        assert!(content["example"].is_object(), "{} has no example", self.name());
        Some((schema, &content["example"]))
    }

    /// Its parameters, all of them in the address's query.
    pub(crate) fn parameters(&self) -> &[Value] {
        let parameters = self.described["parameters"].as_array().map_or(&[][..], Vec::as_slice);
        for parameter in parameters {
            assert_eq!(parameter["in"], "query", "{}: {parameter}", self.name());
        }
        parameters
    }

    /// The statuses that it may answer with.
    pub(crate) fn statuses(&self) -> Vec<u16> {
        let responses = self.described["responses"].as_object().unwrap();
        responses.keys().map(|status| status.parse().unwrap()).collect()
    }

    /// The description of a response.
    pub(crate) fn response(&self, status: StatusCode) -> &Value {
        let response = &self.described["responses"][status.as_str()];
        assert!(!response.is_null(), "{} does not say that it answers {status}", self.name());
        self.document.resolve(response)
    }

    /// A request as a client of this machine sends it.
    pub(crate) fn request(&self, query: &str, body: Option<String>) -> Request<Body> {
        let request = Request::builder()
            .method(self.method.as_str())
            .uri(format!("{}{query}", self.path))
            .header("host", "127.0.0.1:8000");
        match body {
            Some(body) => {
                request.header("content-type", "application/json").body(Body::from(body)).unwrap()
            }
            None => request.body(Body::empty()).unwrap(),
        }
    }

    /// Insists that a response is one of those described, to the last field, and gives its status.
    pub(crate) async fn check(&self, response: Response<Body>, what: &str) -> u16 {
        let status = response.status();
        let described = self.response(status);
        assert_ne!(status, 500, "{}, {what}", self.name());
        for header in described["headers"].as_object().into_iter().flat_map(Map::keys) {
            assert!(response.headers().contains_key(header), "{}, {what}: {header}", self.name());
        }
        let Some(content) = described["content"].as_object() else {
            let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
            assert!(body.is_empty(), "{}, {what}: {status} has a body", self.name());
            return status.as_u16();
        };
        let kind = response.headers()["content-type"].to_str().unwrap().to_owned();
        let schema = &content.get(&kind).unwrap_or_else(|| {
            panic!("{}, {what}: {status} of the undescribed type {kind}", self.name())
        })["schema"];
        let validator = self.document.validator(schema);
        for value in values_of(response, &kind).await {
            let errors: Vec<String> =
                validator.iter_errors(&value).map(|error| error.to_string()).collect();
            assert!(errors.is_empty(), "{}, {what}: {status} {value}: {errors:?}", self.name());
        }
        status.as_u16()
    }
}

/// The JSON values of a body: one, one a line, or that of the first event of a stream without an end.
async fn values_of(response: Response<Body>, kind: &str) -> Vec<Value> {
    let parse = |text: &str| -> Value {
        serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text:?}"))
    };
    if kind == "text/event-stream" {
        let first = response.into_body().into_data_stream().next().await.unwrap().unwrap();
        let text = String::from_utf8(first.to_vec()).unwrap();
        let data = text.lines().find_map(|line| line.strip_prefix("data: ")).unwrap();
        return vec![parse(data)];
    }
    let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    match kind {
        "application/x-ndjson" => text.lines().map(parse).collect(),
        _ => vec![parse(&text)],
    }
}
