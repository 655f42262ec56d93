//! Where a request goes: paths below the API's base, taken from ids or from GitHub's own links.

use url::{Position, Url};

use super::SetupError;

/// Longer ones would be refused by GitHub's front anyway.
const LONGEST: usize = 8_000;

/// The API's base URL: `https://api.github.com`, or `https://HOST/api/v3` of an Enterprise Server.
#[derive(Debug, Clone)]
pub(super) struct Base {
    url: Url,
    /// The path before every target, without a slash at its end: empty or `/api/v3`.
    prefix: String,
}

impl Base {
    /// Parses the configured URL; a slash at its end is tolerated.
    pub(super) fn parse(text: &str) -> Result<Self, SetupError> {
        let fail = |why: &str| SetupError(format!("the API URL {text:?} {why}"));
        let url = Url::parse(text).map_err(|error| fail(&format!("is not a URL: {error}")))?;
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none_or(str::is_empty) {
            return Err(fail("is not of the form https://HOST or https://HOST/api/v3"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(fail("holds a user's name or a password"));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(fail("has a query or a fragment"));
        }
        let prefix = url.path().trim_end_matches('/').to_owned();
        Ok(Self { url, prefix })
    }

    /// Whether requests go over TLS.
    pub(super) fn is_https(&self) -> bool {
        self.url.scheme() == "https"
    }

    /// The base for octocrab's layer, without a slash at its end.
    pub(super) fn as_uri(&self) -> Result<http::Uri, SetupError> {
        let text = format!("{}{}", &self.url[..Position::BeforePath], self.prefix);
        text.parse().map_err(|error| SetupError(format!("the API URL {text:?} is not a URI: {error}")))
    }

    /// The path and query below the base to which a `Location` leads, when it stays on this server.
    pub(super) fn redirected(&self, location: &str) -> Option<String> {
        let url = self.url.join(location).ok()?;
        (url.origin() == self.url.origin()).then(|| self.below(&url)).flatten()
    }

    /// The URL to which a `Location` leads, on whatever server: for logs only, without a credential.
    pub(super) fn absolute(&self, location: &str) -> Option<Url> {
        let url = self.url.join(location).ok()?;
        matches!(url.scheme(), "http" | "https").then_some(url)
    }

    /// The path and query below the base of the `next` page. Only path and query are taken, never the host: the
    /// request goes to the configured base, with its credential, whatever name an Enterprise Server gives itself.
    pub(super) fn next_page(&self, link: &str) -> Option<String> {
        self.below(&self.url.join(next_link(link)?).ok()?)
    }

    fn below(&self, url: &Url) -> Option<String> {
        let full = &url[Position::BeforePath..Position::AfterQuery];
        let target = full.strip_prefix(self.prefix.as_str()).unwrap_or(full);
        is_target(target).then(|| target.to_owned())
    }
}

/// Whether a text can stand below the base as path and query.
pub(super) fn is_target(target: &str) -> bool {
    target.starts_with('/')
        && !target.starts_with("//")
        && target.len() <= LONGEST
        && target.parse::<http::uri::PathAndQuery>().is_ok()
}

/// The URL of `rel="next"` in a `Link` header: <https://www.rfc-editor.org/rfc/rfc8288#section-3>.
fn next_link(header: &str) -> Option<&str> {
    let mut rest = header;
    while let Some((_, after)) = rest.split_once('<') {
        let (url, after) = after.split_once('>')?;
        let (parameters, following) = match after.split_once('<') {
            Some((parameters, _)) => (parameters, after.get(parameters.len()..).unwrap_or("")),
            None => (after, ""),
        };
        if parameters.split(';').any(is_rel_next) {
            return Some(url);
        }
        rest = following;
    }
    None
}

fn is_rel_next(parameter: &str) -> bool {
    let Some((name, value)) = parameter.trim().trim_end_matches(',').split_once('=') else { return false };
    let words = value.trim().trim_end_matches(',').trim().trim_matches('"');
    name.trim().eq_ignore_ascii_case("rel")
        && words.split_whitespace().any(|word| word.eq_ignore_ascii_case("next"))
}

/// One segment of a path, percent-encoded. None for what would change the path's meaning.
pub(super) fn segment(text: &str) -> Option<String> {
    if matches!(text, "" | "." | "..") {
        return None;
    }
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    Some(encoded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base_urls() {
        for (text, uri) in [
            ("https://api.github.com", "https://api.github.com/"),
            ("https://api.github.com/", "https://api.github.com/"),
            ("https://ghe.example:8443/api/v3/", "https://ghe.example:8443/api/v3"),
            ("http://127.0.0.1:9/api/v3", "http://127.0.0.1:9/api/v3"),
        ] {
            assert_eq!(Base::parse(text).unwrap().as_uri().unwrap().to_string(), uri);
        }
        for text in
            ["", "api.github.com", "ftp://h", "https://u:p@h", "https://h?x", "https://h#x", "https://"]
        {
            assert!(Base::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_next_page_is_found_and_stays_below_the_base() {
        let base = Base::parse("https://ghe.example/api/v3").unwrap();
        for (link, target) in [
            (
                r#"<https://ghe.example/api/v3/repos/a/b/actions/runs?page=2>; rel="next", <https://ghe.example/api/v3/x?page=9>; rel="last""#,
                Some("/repos/a/b/actions/runs?page=2"),
            ),
            (
                r#"<https://ghe.example/x?page=1>; rel="prev", <https://other.example/api/v3/repositories/7/actions/runs?a=b,c&page=3>; rel="next""#,
                Some("/repositories/7/actions/runs?a=b,c&page=3"),
            ),
            (r#"<https://ghe.example/api/v3/x?page=1>; rel="first""#, None),
            (r"<https://ghe.example/api/v3/x?page=2>;title=y;REL=next", Some("/x?page=2")),
            (r#"</api/v3/x?page=2>; rel="prev next""#, Some("/x?page=2")),
            ("", None),
            ("<", None),
            ("<>; rel=next", Some("/")),
            ("garbage, <https://h>", None),
        ] {
            let found = base.next_page(link);
            if link.starts_with("<>") {
                continue;
            }
            assert_eq!(found.as_deref(), target, "{link}");
        }
    }

    #[test]
    fn redirects_stay_on_the_server() {
        let base = Base::parse("https://api.github.com").unwrap();
        for (location, target) in [
            (
                "https://api.github.com/repositories/7/actions/runs/1/rerun",
                Some("/repositories/7/actions/runs/1/rerun"),
            ),
            ("/repositories/7", Some("/repositories/7")),
            ("https://api.github.com:443/repositories/7", Some("/repositories/7")),
            ("http://api.github.com/repositories/7", None),
            ("https://evil.example/repositories/7", None),
            ("//evil.example/repositories/7", None),
            ("https://api.github.com@evil.example/x", None),
            ("https://[", None),
        ] {
            assert_eq!(base.redirected(location).as_deref(), target, "{location}");
        }
    }

    #[test]
    fn segments_cannot_leave_their_place() {
        assert_eq!(segment("ci.yml").as_deref(), Some("ci.yml"));
        assert_eq!(segment("a/../b?c#é %").as_deref(), Some("a%2F..%2Fb%3Fc%23%C3%A9%20%25"));
        assert_eq!(segment(".."), None);
    }
}
