//! Posts messages to channels: by their own URL, which is a secret and appears in no log and no error, without any
//! credential of GitHub's, and following no redirect.

use std::{collections::HashMap, time::Duration};

use http::{Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper_rustls::HttpsConnector;
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use tokio_util::bytes::Bytes;
use url::{Host, Url};

use super::{GitHub, SecretText, SetupError, signature::sign, transport::USER_AGENT};

/// Longer than this nobody is asked to wait.
const LONGEST_WAIT: Duration = Duration::from_secs(86_400);

/// Where messages may be posted to.
#[derive(Debug, Clone)]
pub struct Channel {
    /// Its name.
    pub name: String,
    /// Its URL: https, or http on this machine.
    pub url: SecretText,
    /// What its messages are signed with.
    pub secret: Option<SecretText>,
}

/// One message.
#[derive(Debug, Clone, Copy)]
pub struct ChannelPost<'a> {
    /// The same for every try to deliver it.
    pub id: &'a str,
    /// JSON.
    pub body: &'a str,
}

/// Why a message was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChannelError {
    /// There is no channel of that name.
    #[error("there is no such channel")]
    Unknown,
    /// No answer came; the message may have.
    #[error("{0}")]
    Unreachable(&'static str),
    /// Not now.
    #[error("answered {status}")]
    Busy {
        /// The answer's status.
        status: u16,
        /// What `Retry-After` asks for.
        after: Option<Duration>,
    },
    /// Not this one.
    #[error("answered {status}{}", hint(*status))]
    Refused {
        /// The answer's status.
        status: u16,
    },
}

fn hint(status: u16) -> &'static str {
    match status {
        300..=399 => ": redirects are not followed",
        401 | 403 | 404 | 410 => ": its URL may have been revoked",
        _ => "",
    }
}

type Poster = Client<HttpsConnector<HttpConnector>, Full<Bytes>>;

/// The channels and the connections to them.
pub(super) struct Channels {
    poster: Poster,
    by_name: HashMap<String, Channel>,
}

impl Channels {
    pub(super) fn new(
        channels: Vec<Channel>,
        connector: HttpsConnector<HttpConnector>,
    ) -> Result<Self, SetupError> {
        for channel in &channels {
            if !is_channel_url(channel.url.expose()) {
                let why = "its URL is neither https nor of this machine";
                return Err(SetupError(format!("channel {} cannot be used: {why}", channel.name)));
            }
        }
        let by_name = channels.into_iter().map(|channel| (channel.name.clone(), channel)).collect();
        let poster = Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build(connector);
        Ok(Self { poster, by_name })
    }
}

/// Whether messages may be posted there: https, or http to this machine; no user and no password.
fn is_channel_url(text: &str) -> bool {
    let Ok(url) = Url::parse(text) else {
        return false;
    };
    let here = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => return false,
    };
    let anonymous = url.username().is_empty() && url.password().is_none();
    anonymous && (url.scheme() == "https" || (url.scheme() == "http" && here))
}

impl GitHub {
    /// Posts a message to a channel.
    ///
    /// # Errors
    /// When there is no such channel, or it did not take the message.
    pub async fn post_to_channel(&self, name: &str, post: ChannelPost<'_>) -> Result<(), ChannelError> {
        let channels = &self.inner.channels;
        let channel = channels.by_name.get(name).ok_or(ChannelError::Unknown)?;
        let request = request(channel, post)?;
        match tokio::time::timeout(self.inner.timeout, channels.poster.request(request)).await {
            Ok(Ok(answer)) => judged(&answer),
            Ok(Err(error)) if error.is_connect() => Err(ChannelError::Unreachable("cannot be connected to")),
            Ok(Err(_)) => Err(ChannelError::Unreachable("the connection was lost")),
            Err(_) => Err(ChannelError::Unreachable("did not answer in time")),
        }
    }
}

fn request(channel: &Channel, post: ChannelPost<'_>) -> Result<Request<Full<Bytes>>, ChannelError> {
    let mut request = Request::post(channel.url.expose())
        .header(header::USER_AGENT, USER_AGENT)
        .header(header::CONTENT_TYPE, "application/json")
        .header("idempotency-key", post.id);
    if let Some(signature) = channel.secret.as_ref().and_then(|secret| sign(secret, post.body.as_bytes())) {
        request = request.header("x-runwarden-signature-256", signature);
    }
    // The error's text could hold the URL.
    request
        .body(Full::new(Bytes::copy_from_slice(post.body.as_bytes())))
        .map_err(|_| ChannelError::Unreachable("its URL is not one that can be posted to"))
}

fn judged<B>(answer: &Response<B>) -> Result<(), ChannelError> {
    let status = answer.status();
    if status.is_success() {
        return Ok(());
    }
    if status.is_server_error()
        || matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT)
    {
        return Err(ChannelError::Busy { status: status.as_u16(), after: retry_after(answer) });
    }
    Err(ChannelError::Refused { status: status.as_u16() })
}

/// `Retry-After` in seconds; as a date it is not read, and the usual pause is made.
fn retry_after<B>(answer: &Response<B>) -> Option<Duration> {
    let text = answer.headers().get(header::RETRY_AFTER)?.to_str().ok()?;
    let seconds = text.trim().parse().ok()?;
    Some(Duration::from_secs(seconds).clamp(Duration::from_secs(1), LONGEST_WAIT))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_https_and_this_machine_are_posted_to() {
        for good in
            ["https://hooks.example.com/a/b", "http://127.0.0.1:9/x", "http://localhost/x", "http://[::1]/"]
        {
            assert!(is_channel_url(good), "{good}");
        }
        for bad in ["http://hooks.example.com/", "ftp://localhost/", "https://u:p@example.com/", "x", ""] {
            assert!(!is_channel_url(bad), "{bad}");
        }
    }
}
