//! Connections: TLS, time limits, one exchange of a request for an answer. Knows nothing of GitHub's limits.

use std::{
    error::Error as _,
    sync::{Arc, LazyLock},
    time::Duration,
};

use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, header};
use http_body_util::{BodyExt, Empty, LengthLimitError, Limited};
use hyper_rustls::HttpsConnector;
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use octocrab::{
    AuthState, OctoBody, Octocrab, OctocrabBuilder,
    service::middleware::{base_uri::BaseUriLayer, extra_headers::ExtraHeadersLayer},
};
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, pem::PemObject},
};

use super::{GitHubError, SetupError, message, target::Base};

/// The program's name and version, which GitHub demands of every client.
pub(super) const USER_AGENT: &str = concat!("runwarden/", env!("CARGO_PKG_VERSION"));
/// The version of GitHub's API that this is written for.
const API_VERSION: &str = "2022-11-28";
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Idle connections are given up before GitHub's front or a proxy does.
const IDLE: Duration = Duration::from_secs(50);
/// A page of 100 runs is about 2 MB.
const LARGEST_BODY: usize = 32 * 1024 * 1024;

/// A client that carries no credential, for log archives.
pub(super) type PlainClient = Client<HttpsConnector<HttpConnector>, Empty<&'static [u8]>>;

/// One request: its method, its path and query below the API's base, its JSON.
#[derive(Debug, Clone)]
pub(super) struct Call {
    pub(super) method: Method,
    pub(super) target: String,
    pub(super) json: Option<String>,
}

impl Call {
    pub(super) fn get(target: String) -> Self {
        Self { method: Method::GET, target, json: None }
    }

    pub(super) fn post(target: String) -> Self {
        Self { method: Method::POST, target, json: None }
    }

    pub(super) fn patch(target: String) -> Self {
        Self { method: Method::PATCH, target, json: None }
    }

    pub(super) fn delete(target: String) -> Self {
        Self { method: Method::DELETE, target, json: None }
    }

    pub(super) fn with_json(self, json: String) -> Self {
        Self { json: Some(json), ..self }
    }

    pub(super) fn is_read(&self) -> bool {
        self.method == Method::GET
    }
}

/// An answer, whatever its status.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
    /// Why the body is not whole.
    pub(super) cut_off: Option<String>,
}

impl Answer {
    /// A header's text.
    pub(super) fn header(&self, name: HeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// GitHub's message; empty when there is no body.
    pub(super) fn message(&self) -> String {
        if self.body.is_empty() { String::new() } else { message::of_body(&self.body) }
    }
}

/// Read from disk once: there are about 150.
static SYSTEM_ROOTS: LazyLock<RootCertStore> = LazyLock::new(|| {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    roots
});

/// TLS for all connections: the system's authorities and those of `ca_pem`.
pub(super) fn connector(
    base: &Base,
    ca_pem: Option<&[u8]>,
    timeout: Duration,
) -> Result<HttpsConnector<HttpConnector>, SetupError> {
    let mut roots = SYSTEM_ROOTS.clone();
    if let Some(pem) = ca_pem {
        let fail =
            |why: String| SetupError(format!("the file of certificate authorities cannot be used: {why}"));
        let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
        let certificates = certificates.map_err(|error| fail(format!("{error:?}")))?;
        if certificates.is_empty() {
            return Err(fail("it holds no certificate in PEM form".to_owned()));
        }
        for certificate in certificates {
            roots.add(certificate).map_err(|error| fail(error.to_string()))?;
        }
    }
    if roots.is_empty() && base.is_https() {
        let why = "this system has no certificate authorities: install them (ca-certificates) or name a file";
        return Err(SetupError(why.to_owned()));
    }
    let tls = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| SetupError(format!("TLS cannot be set up: {error}")))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let mut http = HttpConnector::new();
    http.enforce_http(false);
    http.set_nodelay(true);
    http.set_connect_timeout(Some(CONNECT_TIMEOUT.min(timeout / 2)));
    Ok(hyper_rustls::HttpsConnectorBuilder::new()
        .with_tls_config(tls)
        .https_or_http()
        .enable_http1()
        .wrap_connector(http))
}

/// The client for log archives.
pub(super) fn plain_client(connector: HttpsConnector<HttpConnector>) -> PlainClient {
    Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build(connector)
}

/// Octocrab over our connections: it puts the base before every target, adds the headers, and signs. Its retry
/// (re-sends POSTs), its redirect following and its cache are left out.
pub(super) fn octocrab(
    base: &Base,
    connector: HttpsConnector<HttpConnector>,
    auth: AuthState,
) -> Result<Octocrab, SetupError> {
    if tokio::runtime::Handle::try_current().is_err() {
        return Err(SetupError("a GitHub client can only be set up inside the runtime".to_owned()));
    }
    let client = Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(IDLE)
        .build::<_, OctoBody>(connector);
    let headers = vec![
        (header::ACCEPT, HeaderValue::from_static("application/vnd.github+json")),
        (HeaderName::from_static("x-github-api-version"), HeaderValue::from_static(API_VERSION)),
        (header::USER_AGENT, HeaderValue::from_static(USER_AGENT)),
    ];
    let built = OctocrabBuilder::new_empty()
        .with_service(client)
        .with_layer(&BaseUriLayer::new(base.as_uri()?))
        .with_layer(&ExtraHeadersLayer::new(Arc::new(headers)))
        .with_auth(auth)
        .build();
    match built {
        Ok(octocrab) => Ok(octocrab),
        Err(never) => match never {},
    }
}

/// Sends a request and reads the whole answer, within `timeout` for both together. Once a status has come it is
/// returned even if the rest is cut off: for a write the status is what counts.
pub(super) async fn exchange(
    octocrab: &Octocrab,
    call: &Call,
    timeout: Duration,
) -> Result<Answer, GitHubError> {
    let deadline = tokio::time::Instant::now() + timeout;
    let request = request(call)?;
    let response = match tokio::time::timeout_at(deadline, octocrab.execute(request)).await {
        Ok(Ok(response)) => response,
        Ok(Err(error)) => return Err(failure(&error)),
        Err(_) => {
            return Err(GitHubError::Unavailable {
                status: None,
                why: format!("no answer within {timeout:?}"),
            });
        }
    };
    let (parts, body) = response.into_parts();
    let (body, cut_off) =
        match tokio::time::timeout_at(deadline, Limited::new(body, LARGEST_BODY).collect()).await {
            Ok(Ok(whole)) => (Vec::from(whole.to_bytes()), None),
            Ok(Err(error)) if error.is::<LengthLimitError>() => {
                (Vec::new(), Some(format!("it is larger than {LARGEST_BODY} bytes")))
            }
            Ok(Err(error)) => (Vec::new(), Some(chain(error.as_ref()))),
            Err(_) => (Vec::new(), Some(format!("it did not end within {timeout:?}"))),
        };
    Ok(Answer { status: parts.status, headers: parts.headers, body, cut_off })
}

/// No body and no content type unless there is JSON to send.
fn request(call: &Call) -> Result<Request<OctoBody>, GitHubError> {
    let builder = Request::builder().method(call.method.clone()).uri(&call.target);
    let built = match &call.json {
        Some(json) => {
            builder.header(header::CONTENT_TYPE, "application/json").body(OctoBody::from(json.clone()))
        }
        None => builder.body(OctoBody::empty()),
    };
    built
        .map_err(|error| GitHubError::NotSent { why: format!("the request cannot be put together: {error}") })
}

/// A failure without an answer. Only when no connection came about is it certain that nothing was sent.
fn failure(error: &octocrab::Error) -> GitHubError {
    let why = chain(error);
    let mut cause = error.source();
    while let Some(inner) = cause {
        if let Some(client) = inner.downcast_ref::<hyper_util::client::legacy::Error>() {
            return match client.is_connect() {
                true => GitHubError::NotSent { why: format!("cannot connect: {why}") },
                false => {
                    GitHubError::Unavailable { status: None, why: format!("the connection was lost: {why}") }
                }
            };
        }
        cause = inner.source();
    }
    match error {
        octocrab::Error::JWT { .. } => {
            GitHubError::NotSent { why: format!("the App's key cannot sign: {why}") }
        }
        _ => GitHubError::Unavailable { status: None, why },
    }
}

/// An error with its causes; octocrab's own text is only the kind.
pub(super) fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut words = vec![error.to_string()];
    let mut cause = error.source();
    while let Some(inner) = cause {
        let text = inner.to_string();
        if !words.contains(&text) {
            words.push(text);
        }
        cause = inner.source();
    }
    message::shorten(&words.join(": "))
}
