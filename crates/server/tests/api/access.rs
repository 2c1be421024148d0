//! Who may come in at all: the owner, or whoever has the token.

use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use axum::http::{Request, Response};
use tokenscope_server::{Access, Caller, Token};

use crate::client::Client;

const TOKEN: &str = "0123456789abcdef0123";

/// Every kind of thing that a server answers.
const EVERYTHING: [(&str, &str); 11] = [
    ("GET", "/"),
    ("HEAD", "/"),
    ("GET", "/app.js"),
    ("GET", "/favicon.svg"),
    ("GET", "/docs/"),
    ("GET", "/openapi.json"),
    ("GET", "/api/model/status"),
    ("GET", "/api/events"),
    ("POST", "/api/model/load"),
    ("OPTIONS", "/api/preview"),
    ("GET", "/nowhere"),
];

fn with_token() -> Client {
    Client::without_model().behind(Access::Token(Token::given(TOKEN, "a test").unwrap()))
}

fn request(method: &str, path: &str, headers: &[(&str, &str)]) -> Request<Body> {
    let start = Request::builder().method(method).uri(path);
    let named = headers.iter().any(|(name, _)| *name == "host");
    let start = if named { start } else { start.header("host", "127.0.0.1:8000") };
    let all = headers.iter().fold(start, |request, (name, value)| request.header(*name, *value));
    all.body(Body::empty()).unwrap()
}

async fn text_of(response: Response<Body>) -> String {
    let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[tokio::test]
async fn without_the_token_everything_is_401() {
    let client = with_token();
    for (method, path) in EVERYTHING {
        for headers in [
            &[][..],
            &[("authorization", "Bearer 0123456789abcdef0124")],
            &[("cookie", "tokenscope-token-8000=wrong")],
            &[("host", "evil.example")],
            &[("host", "evil.example"), ("origin", "http://elsewhere.example")],
        ] {
            let response = client.send(request(method, path, headers)).await;
            assert_eq!(response.status(), 401, "{method} {path} {headers:?}");
            assert!(response.headers()["www-authenticate"].to_str().unwrap().starts_with("Bearer"));
            assert!(!response.headers().contains_key("set-cookie"));
            let text = text_of(response).await;
            // An answer to HEAD has no body.
            assert!(method == "HEAD" || text.contains("token_required"), "{method} {path}: {text}");
        }
    }
    for path in ["/?token=wrong", "/?token=", "/api/model/status?token=wrong"] {
        assert_eq!(client.send(request("GET", path, &[])).await.status(), 401, "{path}");
    }
    // What changes something never takes the token from an address.
    let path = format!("/api/model/cancel?token={TOKEN}");
    assert_eq!(client.send(request("POST", &path, &[])).await.status(), 401);
}

#[tokio::test]
async fn people_without_the_token_get_a_page_that_says_where_it_is() {
    let client = with_token();
    let browser = [("accept", "text/html,application/xhtml+xml")];
    let response = client.send(request("GET", "/", &browser)).await;
    assert_eq!(response.status(), 401);
    assert_eq!(response.headers()["content-type"], "text/html; charset=utf-8");
    let page = text_of(response).await;
    assert!(page.contains("terminal") && !page.contains("<script"), "{page}");
    let response = client.send(request("GET", "/api/model/status", &browser)).await;
    assert_eq!(response.headers()["content-type"], "application/json");
}

#[tokio::test]
async fn the_token_opens_by_address_then_cookie_and_by_bearer() {
    let client = with_token();
    let shown = client.send(request("GET", &format!("/?token={TOKEN}"), &[])).await;
    assert_eq!(shown.status(), 303);
    assert_eq!(shown.headers()["location"], "/");
    assert_eq!(shown.headers()["cache-control"], "no-store");
    let cookie = shown.headers()["set-cookie"].to_str().unwrap().to_owned();
    let (pair, rest) = cookie.split_once("; ").unwrap();
    assert_eq!(pair, format!("tokenscope-token-8000={TOKEN}"));
    assert_eq!(rest, "Path=/; HttpOnly; SameSite=Strict");
    let bearer = format!("Bearer {TOKEN}");
    for headers in [
        &[("cookie", pair)][..],
        &[("authorization", &bearer)],
        &[("authorization", &bearer), ("host", "studio.example:9000")],
        &[("cookie", pair), ("origin", "http://127.0.0.1:8000")],
    ] {
        for path in ["/", "/api/model/status", "/app.css", "/openapi.json"] {
            let response = client.send(request("GET", path, headers)).await;
            assert_eq!(response.status(), 200, "{path} {headers:?}");
        }
    }
    // A page on another port of this name is given the cookie, and is refused all the same.
    let elsewhere = [("cookie", pair), ("origin", "http://127.0.0.1:9000")];
    let response = client.send(request("GET", "/api/model/status", &elsewhere)).await;
    assert_eq!(response.status(), 403);
}

#[tokio::test]
async fn a_link_on_another_page_is_led_on_by_a_page_of_ours() {
    let client = with_token();
    let from_mail = [("sec-fetch-site", "cross-site")];
    let response = client.send(request("GET", &format!("/?token={TOKEN}"), &from_mail)).await;
    assert_eq!(response.status(), 200);
    assert!(response.headers().contains_key("set-cookie"));
    let page = text_of(response).await;
    assert!(page.contains("http-equiv=\"refresh\"") && !page.contains(TOKEN), "{page}");
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn connections_of_others_get_403_and_nothing_else() {
    let access = Access::owner_if_the_system_tells();
    assert!(matches!(access, Access::Owner(_)));
    let client = Client::without_model().behind(access);
    for (method, path) in EVERYTHING {
        for caller in [None, Some(Caller::AnotherUser(1001)), Some(Caller::Unknown)] {
            let mut request = request(method, path, &[]);
            if let Some(caller) = caller {
                request.extensions_mut().insert(ConnectInfo(caller));
            }
            let response = client.send(request).await;
            assert_eq!(response.status(), 403, "{method} {path} {caller:?}");
            assert_eq!(response.headers()["connection"], "close", "{method} {path} {caller:?}");
            let text = text_of(response).await;
            let says_why = text.contains("another_user") && text.contains("--token");
            assert!(method == "HEAD" || says_why, "{method} {path}: {text}");
        }
    }
    let mut ours = request("GET", "/api/model/status", &[]);
    ours.extensions_mut().insert(ConnectInfo(Caller::Welcome));
    assert_eq!(client.send(ours).await.status(), 200);
}
