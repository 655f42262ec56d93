//! A server that records what it is asked and answers with a test's function.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    response::Response,
};

use crate::{
    clock::Clock,
    github::{Access, Credential, GitHub, Meter, Options, SecretText},
    model::{InstallationId, Lane, RepositoryName, RunId, Timestamp},
};

pub(super) const NOW: Timestamp = Timestamp(1_767_225_600_000);
pub(super) const RUN: RunId = RunId(42);
const KEY: &str = include_str!("../testdata/app.pem");

/// A request as it came.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub(super) line: String,
    pub(super) headers: http::HeaderMap,
    pub(super) body: String,
}

impl Seen {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

type Answers = Arc<dyn Fn(&Seen) -> Response + Send + Sync>;

#[derive(Clone)]
pub(super) struct Server {
    pub(super) url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
    answers: Answers,
}

impl Server {
    /// Starts a server that ends with the test's runtime.
    pub(super) async fn start(answers: impl Fn(&Seen) -> Response + Send + Sync + 'static) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let server = Self { url, seen: Arc::default(), answers: Arc::new(answers) };
        let router = Router::new().fallback(serve).with_state(server.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        server
    }

    pub(super) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    pub(super) fn lines(&self) -> Vec<String> {
        self.seen().into_iter().map(|seen| seen.line).collect()
    }

    pub(super) fn options(&self, credential: Credential) -> Options {
        Options {
            api_url: format!("{}/api/v3/", self.url),
            timeout: Duration::from_secs(5),
            write_interval: Duration::ZERO,
            ..Options::new(credential)
        }
    }

    /// A client with the token `secret-token`.
    pub(super) fn with_token(&self) -> GitHub {
        GitHub::new(self.options(token()), Clock::by_hand(NOW)).unwrap()
    }

    /// A client that is the App 7.
    pub(super) fn with_app(&self, clock: Clock) -> GitHub {
        GitHub::new(self.options(app()), clock).unwrap()
    }
}

async fn serve(State(server): State<Server>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
    let seen = Seen {
        line: format!("{} {}", parts.method, parts.uri),
        headers: parts.headers,
        body: String::from_utf8(body.to_vec()).unwrap(),
    };
    server.seen.lock().unwrap().push(seen.clone());
    (server.answers)(&seen)
}

pub(super) fn token() -> Credential {
    Credential::Token(SecretText::new("secret-token"))
}

pub(super) fn app() -> Credential {
    Credential::App { id: 7, private_key_pem: SecretText::new(KEY) }
}

pub(super) fn access() -> Access {
    Access {
        repository: RepositoryName::parse("acme/api").unwrap(),
        installation: Some(InstallationId(5)),
        lane: Lane::Event,
        requests: Meter::default(),
    }
}

pub(super) fn answer(status: u16, body: impl Into<Body>) -> Response {
    Response::builder().status(status).body(body.into()).unwrap()
}

pub(super) fn answer_with(status: u16, headers: &[(&str, &str)], body: impl Into<Body>) -> Response {
    let mut builder = Response::builder().status(status);
    for (name, value) in headers {
        builder = builder.header(*name, *value);
    }
    builder.body(body.into()).unwrap()
}

/// The answer to a mint: a token that holds an hour from `NOW`.
pub(super) fn minted(token: &str) -> Response {
    answer(201, format!(r#"{{"token":"{token}","expires_at":"2026-01-01T01:00:00Z","permissions":{{}}}}"#))
}

/// A server that takes one connection, reads a request, sends `reply` and closes or holds the connection.
pub(super) async fn raw(reply: &'static [u8], hold: bool) -> String {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut buffer = [0; 4096];
        let _ = stream.read(&mut buffer).await.unwrap();
        stream.write_all(reply).await.unwrap();
        if hold {
            std::future::pending::<()>().await;
        }
    });
    url
}
