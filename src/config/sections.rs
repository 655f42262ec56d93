//! The sections beside `github` and `rules`: where runwarden listens, its webhook, its database, its log.

use std::net::{Ipv4Addr, SocketAddr};

use super::{
    fields::Fields,
    report::{At, Report},
    secret::{self, World},
    settings::{DatabaseSettings, LogFormat, LogLevel, LogSettings, ServerSettings, WebhookSettings},
    values, vocabulary,
};

const DEFAULT_LISTEN: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 8080);
const DEFAULT_WEBHOOK_PATH: &str = "/webhooks/github";
const DEFAULT_DATABASE: &str = "runwarden.db";

/// Paths that the server answers itself.
const OWN_PATHS: [&str; 3] = ["/healthz", "/readyz", "/metrics"];

pub(super) fn server(report: &mut Report<'_>, at: Option<&At<'_>>) -> Option<ServerSettings> {
    let listen = match at {
        None => None,
        Some(at) => Fields::open(report, at, vocabulary::SERVER)?.get("listen"),
    };
    let Some(listen) = listen else {
        return Some(ServerSettings { listen: DEFAULT_LISTEN });
    };
    let text = values::text(report, &listen)?;
    if let Ok(address) = text.parse() {
        return Some(ServerSettings { listen: address });
    }
    let remedy = match text.rsplit_once(':') {
        Some(("", port)) => format!("did you mean `0.0.0.0:{port}` (all addresses) or `127.0.0.1:{port}`?"),
        Some(("localhost", port)) => format!("did you mean `127.0.0.1:{port}`?"),
        _ => "write an IP address and a port, like `127.0.0.1:8080` or `[::1]:8080`".to_owned(),
    };
    report.error(&listen, format!("`{text}` is not an address to listen on"), remedy);
    None
}

/// What a file without a secret should have: without one anyone could send webhooks.
pub(super) const WEBHOOK_HELP: &str = "webhooks are taken only if they are signed: write \
    `webhook: { secrets: [ { env: RUNWARDEN_WEBHOOK_SECRET } ] }`";

pub(super) fn webhook(report: &mut Report<'_>, at: &At<'_>, world: World<'_>) -> Option<WebhookSettings> {
    let fields = Fields::open(report, at, vocabulary::WEBHOOK)?;
    let path = match fields.get("path") {
        None => Some(DEFAULT_WEBHOOK_PATH.to_owned()),
        Some(path) => webhook_path(report, &path),
    };
    let secrets = fields.require(report, "secrets", WEBHOOK_HELP)?;
    let items = values::one_or_more(report, &secrets, "secrets")?;
    let read: Vec<_> = items.iter().map(|item| secret::secret(report, item, world)).collect();
    let secrets = read.into_iter().collect::<Option<Vec<_>>>()?;
    Some(WebhookSettings { path: path?, secrets })
}

fn webhook_path(report: &mut Report<'_>, at: &At<'_>) -> Option<String> {
    let path = values::text(report, at)?;
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'~' | b'/');
    let (message, remedy) = if !path.starts_with('/') {
        (format!("the path `{path}` does not begin with a slash"), format!("did you mean `/{path}`?"))
    } else if OWN_PATHS.contains(&path.trim_end_matches('/')) {
        (format!("`{path}` is a path that runwarden answers itself"), format!("use `{DEFAULT_WEBHOOK_PATH}`"))
    } else if !path.bytes().all(plain) || path.contains("//") {
        let message = format!("the path `{path}` has characters that would have to be escaped");
        (message, "use letters, digits, `-`, `_`, `.`, `~` and single slashes".to_owned())
    } else {
        return Some(path.to_owned());
    };
    report.error(at, message, remedy);
    None
}

pub(super) fn database(
    report: &mut Report<'_>,
    at: Option<&At<'_>>,
    world: World<'_>,
) -> Option<DatabaseSettings> {
    let path = match at {
        None => None,
        Some(at) => Fields::open(report, at, vocabulary::DATABASE)?.get("path"),
    };
    let path = match path {
        None => DEFAULT_DATABASE,
        Some(path) => values::text(report, &path)?,
    };
    Some(DatabaseSettings { path: world.folder.join(path) })
}

pub(super) fn log(report: &mut Report<'_>, at: Option<&At<'_>>) -> Option<LogSettings> {
    let Some(at) = at else {
        return Some(LogSettings::default());
    };
    let fields = Fields::open(report, at, vocabulary::LOG)?;
    let format = match fields.get("format") {
        None => Some(LogFormat::default()),
        Some(format) => values::word(report, &format, &LogFormat::WORDS),
    };
    let level = match fields.get("level") {
        None => Some(LogLevel::default()),
        Some(level) => values::word(report, &level, &LogLevel::WORDS),
    };
    Some(LogSettings { format: format?, level: level? })
}
