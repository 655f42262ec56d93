//! Every request that came in, for a story's end.

use jiff::Timestamp;

use super::exchange::Call;
use super::world::World;

/// Headers that are kept; never `authorization`.
const KEPT: [&str; 6] = [
    "accept",
    "content-type",
    "if-none-match",
    "user-agent",
    "x-github-api-version",
    "x-github-stateless-s2s-token",
];

/// What kind of credential a request carried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Authorization {
    /// No `Authorization` header.
    None,
    /// The App's JSON web token.
    Jwt,
    /// A valid installation token.
    Installation,
    /// [`super::PLAIN_TOKEN`].
    Token,
    /// [`super::REVIEWER_TOKEN`].
    Reviewer,
    /// Anything that GitHub answers 401.
    Bad,
}

/// Which of the two servers was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The REST API.
    Api,
    /// The store of log archives.
    Blobs,
}

/// One request.
#[derive(Debug, Clone)]
pub struct Request {
    pub(super) number: u64,
    /// Which server.
    pub origin: Origin,
    /// `GET`, `POST`, ….
    pub method: String,
    /// Path and query without `/api/v3`.
    pub path: String,
    /// The kind of credential.
    pub authorization: Authorization,
    /// A few headers, lower case; never the credential.
    pub headers: Vec<(String, String)>,
    /// The body as text.
    pub body: String,
    /// The answer's status; `None` while held, and for ever if the connection was dropped.
    pub status: Option<u16>,
    /// When it came, by the simulator's clock.
    pub at: Timestamp,
    /// Is there such a route?
    pub known: bool,
}

impl Request {
    /// Would it change something? Token requests do not count.
    #[must_use]
    pub fn is_write(&self) -> bool {
        self.origin == Origin::Api
            && !matches!(self.method.as_str(), "GET" | "HEAD" | "OPTIONS")
            && !self.path.ends_with("/access_tokens")
    }

    /// `METHOD path`, handy in assertions.
    #[must_use]
    pub fn line(&self) -> String {
        format!("{} {}", self.method, self.path)
    }
}

impl World {
    /// Notes a request before anything is done about it; returns its number.
    pub(super) fn record(&mut self, origin: Origin, call: &Call) -> u64 {
        let kept = |name: &&str| call.header(name).map(|value| ((*name).to_owned(), value.to_owned()));
        let authorization = self.who(call).map_or(Authorization::Bad, |who| who.kind());
        self.asked += 1;
        self.requests.push(Request {
            number: self.asked,
            origin,
            method: call.method.clone(),
            path: call.target(),
            authorization,
            headers: KEPT.iter().filter_map(kept).collect(),
            body: String::from_utf8_lossy(&call.body).into_owned(),
            status: None,
            at: self.now(),
            known: true,
        });
        self.asked
    }
}
