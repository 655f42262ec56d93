//! One request as the routes see it, and the reply they give.

use axum::body::{Body, Bytes};
use http::{HeaderMap, Method, Response, Uri};
use serde_json::{Value, json};

use super::world::Refusal;

/// A request that was read to its end.
pub(super) struct Call {
    pub(super) method: String,
    /// The path without `/api/v3`, as it came.
    pub(super) path: String,
    pub(super) query: String,
    /// The path's parts, unescaped.
    pub(super) parts: Vec<String>,
    pub(super) params: Vec<(String, String)>,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    /// The body, if it is JSON.
    pub(super) json: Value,
}

impl Call {
    pub(super) fn new(method: &Method, uri: &Uri, headers: HeaderMap, body: Bytes, prefix: &str) -> Self {
        let path = uri.path().strip_prefix(prefix).unwrap_or(uri.path()).to_owned();
        let query = uri.query().unwrap_or_default().to_owned();
        Self {
            method: method.to_string(),
            parts: path.split('/').filter(|part| !part.is_empty()).map(unescape).collect(),
            params: form_urlencoded::parse(query.as_bytes()).into_owned().collect(),
            json: serde_json::from_slice(&body).unwrap_or(Value::Null),
            path,
            query,
            headers,
            body,
        }
    }

    pub(super) fn target(&self) -> String {
        if self.query.is_empty() { self.path.clone() } else { format!("{}?{}", self.path, self.query) }
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// A query parameter; an empty one counts as absent.
    pub(super) fn param(&self, name: &str) -> Option<&str> {
        self.params
            .iter()
            .find(|(key, value)| key == name && !value.is_empty())
            .map(|(_, value)| value.as_str())
    }

    pub(super) fn text(&self, field: &str) -> Option<&str> {
        self.json.get(field).and_then(Value::as_str)
    }
}

/// An answer.
#[derive(Clone, Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
    /// False if there is no such route.
    pub(super) known: bool,
}

impl Reply {
    pub(super) fn empty(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new(), known: true }
    }

    pub(super) fn json(status: u16, body: &Value) -> Self {
        let reply = Self { body: body.to_string().into_bytes(), ..Self::empty(status) };
        reply.header("content-type", "application/json; charset=utf-8")
    }

    pub(super) fn bytes(kind: &str, body: Vec<u8>) -> Self {
        Self { body, ..Self::empty(200) }.header("content-type", kind)
    }

    pub(super) fn message(status: u16, message: &str) -> Self {
        let page = "https://docs.github.com/rest";
        Self::json(
            status,
            &json!({ "message": message, "documentation_url": page, "status": status.to_string() }),
        )
    }

    pub(super) fn not_found() -> Self {
        Self::message(404, "Not Found")
    }

    pub(super) fn unknown() -> Self {
        Self { known: false, ..Self::not_found() }
    }

    #[must_use]
    pub(super) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// `Ok` is an act that was accepted.
    pub(super) fn act(result: Result<(), Refusal>, status: u16) -> Self {
        match result {
            Ok(()) if status == 204 => Self::empty(204),
            Ok(()) => Self::json(status, &json!({})),
            Err(refusal) => refusal.into(),
        }
    }

    pub(super) fn into_response(self) -> Response<Body> {
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() = http::StatusCode::from_u16(self.status).unwrap_or(http::StatusCode::OK);
        for (name, value) in self.headers {
            if let (Ok(name), Ok(value)) =
                (http::HeaderName::try_from(name), http::HeaderValue::try_from(value))
            {
                response.headers_mut().append(name, value);
            }
        }
        response
    }
}

impl From<Refusal> for Reply {
    /// Refused deployments (422) carry their words in `errors`.
    fn from(refusal: Refusal) -> Self {
        if refusal.status == 422 {
            return Self::json(
                422,
                &json!({ "message": "Validation Failed", "errors": refusal.message, "status": "422" }),
            );
        }
        Self::message(refusal.status, &refusal.message)
    }
}

/// Undoes `%XX`; what is no valid escape stays.
fn unescape(part: &str) -> String {
    let mut bytes = Vec::with_capacity(part.len());
    let mut rest = part.as_bytes();
    while let [byte, tail @ ..] = rest {
        let code = match rest {
            [b'%', high, low, ..] => hex_digit(*high).zip(hex_digit(*low)).map(|(high, low)| high << 4 | low),
            _ => None,
        };
        bytes.push(code.unwrap_or(*byte));
        rest = if code.is_some() { tail.get(2..).unwrap_or_default() } else { tail };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn hex_digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}
