//! What the OpenAPI document says of every operation alike: how it may be refused, and by what the token is
//! shown. A route describes its answer, and what it alone refuses.

use utoipa::openapi::header::Header;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::schema::{Components, Type};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{Content, ObjectBuilder, OpenApi, Ref, RefOr, Response};

/// One way to be refused.
struct Refusal {
    status: &'static str,
    /// Its name in the document.
    name: &'static str,
    description: &'static str,
    /// The header that says more.
    header: Option<&'static str>,
    of: Which,
}

/// The operations that may refuse so.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Which {
    /// All.
    Every,
    /// Those of GET.
    Get,
    /// Those that read a body.
    WithBody,
    /// Those that read a body or parameters.
    WithInput,
}

const fn every(status: &'static str, name: &'static str, description: &'static str) -> Refusal {
    Refusal { status, name, description, header: None, of: Which::Every }
}

/// The body is an `ErrorBody`, but for that of 303, which has none.
const REFUSALS: [Refusal; 14] = [
    Refusal {
        header: Some("Location"),
        of: Which::Get,
        ..every(
            "303",
            "WithoutToken",
            "The token was in the address: the same address without it, and a cookie.",
        )
    },
    every(
        "400",
        "Impossible",
        "Impossible values, a body that cannot be read, or no request of HTTP at all.",
    ),
    Refusal {
        header: Some("WWW-Authenticate"),
        ..every("401", "TokenRequired", "The server was started with a token, which is missing.")
    },
    every(
        "403",
        "Foreign",
        "The connection is another user's, or host, origin or page are foreign.",
    ),
    Refusal {
        header: Some("Allow"),
        ..every("405", "OtherMethod", "The address is asked with another method.")
    },
    every("408", "TooSlow", "The request did not come whole in the time allowed."),
    Refusal { of: Which::WithBody, ..every("413", "TooLarge", "The body is too large.") },
    every("414", "AddressTooLong", "The address is too long."),
    Refusal {
        of: Which::WithBody,
        ..every("415", "NotJson", "The content type is not application/json.")
    },
    Refusal {
        of: Which::WithInput,
        ..every(
            "422",
            "WrongType",
            "The body is not JSON, or a field or parameter is of the wrong type.",
        )
    },
    every("429", "TooManyConnections", "Too many connections come from there."),
    every("431", "HeadersTooLarge", "The headers are too large."),
    every("500", "Fault", "A fault of the program."),
    every(
        "503",
        "NotReady",
        "No model is ready, the program is ending, or it has too many connections.",
    ),
];

/// The security scheme's name.
const TOKEN: &str = "token";

/// Adds what holds for every operation.
pub(crate) fn complete(document: &mut OpenApi) {
    let components = document.components.get_or_insert_with(Components::default);
    for refusal in &REFUSALS {
        components.responses.insert(refusal.name.into(), refusal.response().into());
    }
    let bearer = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
    components.security_schemes.insert(TOKEN.into(), bearer.into());
    // Only a server that was started with a token asks for it.
    let with_token = SecurityRequirement::new::<_, [&str; 0], &str>(TOKEN, []);
    document.security = Some(vec![SecurityRequirement::default(), with_token]);
    for path in document.paths.paths.values_mut() {
        describe(path);
    }
}

fn describe(path: &mut PathItem) {
    let operations = [(&mut path.get, true), (&mut path.post, false)];
    for (operation, is_get) in operations {
        let Some(operation) = operation else { continue };
        let applying = REFUSALS.iter().filter(|refusal| refusal.of.includes(operation, is_get));
        for refusal in applying.collect::<Vec<_>>() {
            let reference = Ref::from_response_name(refusal.name);
            // What a route says of itself says more.
            operation
                .responses
                .responses
                .entry(refusal.status.into())
                .or_insert(RefOr::Ref(reference));
        }
    }
}

impl Which {
    fn includes(self, operation: &Operation, is_get: bool) -> bool {
        let has_body = operation.request_body.is_some();
        match self {
            Which::Every => true,
            Which::Get => is_get,
            Which::WithBody => has_body,
            Which::WithInput => has_body || operation.parameters.is_some(),
        }
    }
}

impl Refusal {
    fn response(&self) -> Response {
        let mut response = Response::new(self.description);
        if let Some(header) = self.header {
            let text = ObjectBuilder::new().schema_type(Type::String).build();
            response.headers.insert(header.into(), Header::new(text).into());
        }
        if !self.status.starts_with('3') {
            let body = Content::new(Some(Ref::from_schema_name("ErrorBody")));
            response.content.insert("application/json".into(), body.into());
        }
        response
    }
}
