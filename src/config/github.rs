//! The section `github`: which GitHub, as whom, and how fast.

use std::time::Duration;

use url::{Host, Url};

use super::{
    fields::Fields,
    report::{At, Report},
    secret::{self, Secret, World},
    settings::{CaFile, Credentials, GitHubSettings},
    tree::clip,
    values, vocabulary,
};

const DEFAULT_API: &str = "https://api.github.com";
const DEFAULT_WRITE_INTERVAL: Duration = Duration::from_secs(1);
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);

/// What a file without the section should have.
pub(super) const HELP: &str = "write `github: { token: { env: GITHUB_TOKEN } }`, or an `app`";

pub(super) fn github(report: &mut Report<'_>, at: &At<'_>, world: World<'_>) -> Option<GitHubSettings> {
    let fields = Fields::open(report, at, vocabulary::GITHUB)?;
    let api_url = match fields.get("api_url") {
        None => Some(DEFAULT_API.to_owned()),
        Some(url) => api_url(report, &url),
    };
    let credentials = credentials(report, at, &fields, world);
    let ca = fields.get("ca_file").map(|file| ca_file(report, &file, world));
    let write_interval =
        fields.get("write_interval").map_or(Some(DEFAULT_WRITE_INTERVAL), |at| values::duration(report, &at));
    let timeout = fields.get("timeout").map_or(Some(DEFAULT_TIMEOUT), |at| timeout(report, &at));
    let reviewer = fields.get("reviewer").map(|at| reviewer(report, &at, world.of_acting()));
    Some(GitHubSettings {
        api_url: api_url?,
        credentials: credentials?,
        ca: ca.map_or(Some(None), |ca| ca.map(Some))?,
        write_interval: write_interval?,
        timeout: timeout?,
        reviewer: reviewer.map_or(Some(None), |token| token.map(Some))?,
    })
}

fn credentials(
    report: &mut Report<'_>,
    at: &At<'_>,
    fields: &Fields<'_>,
    world: World<'_>,
) -> Option<Credentials> {
    let by_app = fields.get("app").map(|at| app(report, &at, world));
    let by_token = fields.get("token").map(|at| token(report, &at, world));
    match (by_app, by_token) {
        (Some(app), None) => app,
        (None, Some(token)) => token.map(Credentials::Token),
        (Some(_), Some(_)) => {
            if let Some(key) = fields.key("token") {
                report.error(
                    &key,
                    "both `app` and `token`",
                    "keep one of them; the token of a reviewer goes to `reviewer`",
                );
            }
            None
        }
        (None, None) if fields.is_misspelled("app") || fields.is_misspelled("token") => None,
        (None, None) => {
            let remedy = "write `app: { id: 12345, private_key: { file: app.pem } }` or `token: { env: GITHUB_TOKEN }`";
            report.error(at, "neither `app` nor `token`", remedy);
            None
        }
    }
}

fn app(report: &mut Report<'_>, at: &At<'_>, world: World<'_>) -> Option<Credentials> {
    let fields = Fields::open(report, at, vocabulary::APP)?;
    let id = fields
        .require(report, "id", "write the App's id from its settings page, like `id: 12345`")
        .and_then(|at| app_id(report, &at));
    let private_key = fields
        .require(report, "private_key", "write `private_key: { file: app.pem }`")
        .and_then(|at| private_key(report, &at, world));
    Some(Credentials::App { id: id?, private_key: private_key? })
}

fn app_id(report: &mut Report<'_>, at: &At<'_>) -> Option<u64> {
    let id = values::whole(report, at)?;
    if id == 0 {
        report.error(at, "0 is not an App's id", "write the App's id from its settings page");
        return None;
    }
    Some(id)
}

fn private_key(report: &mut Report<'_>, at: &At<'_>, world: World<'_>) -> Option<Secret> {
    let key = secret::secret(report, at, world)?;
    if !world.reads_secrets() {
        return Some(key);
    }
    // Variables often cannot hold line breaks, so that people write `\n`.
    let text = match key.expose() {
        text if !text.contains('\n') => text.replace("\\n", "\n"),
        text => text.to_owned(),
    };
    let label = text.lines().find_map(|line| line.trim().strip_prefix("-----BEGIN ")?.strip_suffix("-----"));
    let problem = match label {
        Some("RSA PRIVATE KEY" | "PRIVATE KEY") => return Some(Secret::new(text)),
        Some(label) => format!("the private key is PEM of another kind: {}", clip(label)),
        None => "the private key is not PEM: it has no line `-----BEGIN RSA PRIVATE KEY-----`".to_owned(),
    };
    report.error(
        at,
        problem,
        "use the .pem file that GitHub gives when a private key is generated, unchanged",
    );
    None
}

fn token(report: &mut Report<'_>, at: &At<'_>, world: World<'_>) -> Option<Secret> {
    let token = secret::secret(report, at, world)?;
    if token.expose().bytes().all(|b| b.is_ascii_graphic()) {
        return Some(token);
    }
    report.error(
        at,
        "the token has a space or another character that no token has",
        "check what the variable or file holds",
    );
    None
}

fn reviewer(report: &mut Report<'_>, at: &At<'_>, world: World<'_>) -> Option<Secret> {
    let fields = Fields::open(report, at, vocabulary::REVIEWER)?;
    let at =
        fields.require(report, "token", "write `reviewer: { token: { env: RUNWARDEN_REVIEWER_TOKEN } }`")?;
    token(report, &at, world)
}

fn timeout(report: &mut Report<'_>, at: &At<'_>) -> Option<Duration> {
    let timeout = values::duration(report, at)?;
    if timeout.is_zero() {
        report.error(at, "no request can be answered in 0s", "leave `timeout` out for 30s");
        return None;
    }
    Some(timeout)
}

fn ca_file(report: &mut Report<'_>, at: &At<'_>, world: World<'_>) -> Option<CaFile> {
    let path = world.folder.join(values::text(report, at)?);
    if !world.reads_secrets() {
        return Some(CaFile { path, pem: String::new() });
    }
    let pem = secret::file_text(report, at, world)?;
    if !pem.contains("-----BEGIN CERTIFICATE-----") {
        let message = format!("{} holds no PEM certificate", path.display());
        report.error(
            at,
            message,
            "use the authority's certificate with its line `-----BEGIN CERTIFICATE-----`",
        );
        return None;
    }
    Some(CaFile { path, pem })
}

/// Accepts the roots under which GitHub's REST API is found; gives them without a slash at the end.
fn api_url(report: &mut Report<'_>, at: &At<'_>) -> Option<String> {
    let text = values::text(report, at)?;
    let parsed =
        Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    let Some(url) = parsed else {
        let remedy = match Url::parse(&format!("https://{text}")) {
            Ok(url) if !text.contains("://") => format!("did you mean `{}`?", proper(&url)),
            _ => format!("write `{DEFAULT_API}` or `https://HOST/api/v3`"),
        };
        report.error(at, format!("`{}` is not the address of an API", clip(text)), remedy);
        return None;
    };
    if !url.username().is_empty() || url.password().is_some() {
        report.conceal(at);
        report.error(at, "a name or password in the address", "use `token` or `app`");
        return None;
    }
    let given = text.trim_end_matches('/');
    let proper = proper(&url);
    if !given.eq_ignore_ascii_case(&proper) {
        let message = format!("`{}` is not the root of a GitHub REST API", clip(text));
        report.error(at, message, format!("did you mean `{proper}`?"));
        return None;
    }
    if url.scheme() == "http" && !is_loopback(&url) {
        let remedy = format!("use `https://{}`", proper.trim_start_matches("http://"));
        report.warn(at, "tokens would be sent over an unencrypted connection", remedy);
    }
    Some(proper)
}

/// The API's root on the host of the URL.
fn proper(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    match host {
        "github.com" | "www.github.com" | "api.github.com" => DEFAULT_API.to_owned(),
        // Enterprise Cloud with data residency.
        host if host.ends_with(".ghe.com") => {
            format!("https://api.{}", host.strip_prefix("api.").unwrap_or(host))
        }
        host => {
            let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
            format!("{}://{host}{port}/api/v3", url.scheme())
        }
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}
