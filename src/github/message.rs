//! GitHub's words about a failure, fit for a log and for the history: short, one line, without secrets.

use super::payload::Raw;

/// The longest message, in characters.
const LONGEST: usize = 300;

/// What is looked at of a body, in bytes.
const MOST_READ: usize = 64 * 1024;

/// The beginnings of GitHub's tokens: <https://github.blog/changelog/2021-03-31-authentication-token-format-updates-are-generally-available/>.
const TOKENS: [&str; 7] = ["ghs_", "ghp_", "gho_", "ghu_", "ghr_", "github_pat_", "eyJ"];

/// The message of an error answer: GitHub's `message` and `errors`, or a few words on a body that is not JSON.
pub(super) fn of_body(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body.get(..MOST_READ).unwrap_or(body));
    let words = of_json(&text).unwrap_or_else(|| of_page(&text));
    shorten(&words)
}

/// Makes any text fit: one line, no token, no query of a URL, at most 300 characters.
pub(super) fn shorten(text: &str) -> String {
    let words: Vec<String> = text
        .split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|word| !word.is_empty())
        .map(redact)
        .collect();
    let line = words.join(" ");
    if line.chars().count() <= LONGEST {
        return line;
    }
    let kept: String = line.chars().take(LONGEST - 1).collect();
    format!("{kept}…")
}

fn of_json(text: &str) -> Option<String> {
    #[derive(Default, serde::Deserialize)]
    #[serde(default)]
    struct Failure<'a> {
        #[serde(borrow)]
        message: Raw<'a>,
        #[serde(borrow)]
        errors: Raw<'a>,
    }
    let raw: &serde_json::value::RawValue = serde_json::from_str(text).ok()?;
    let failure = Raw::of(raw).object::<Failure<'_>>()?;
    let mut parts: Vec<String> = failure.message.string().into_iter().collect();
    parts.extend(details(failure.errors));
    parts.dedup();
    (!parts.is_empty()).then(|| parts.join(": "))
}

/// `errors` is a text, a list of texts, or a list of objects.
fn details(errors: Raw<'_>) -> Option<String> {
    #[derive(Default, serde::Deserialize)]
    #[serde(default)]
    struct Detail<'a> {
        #[serde(borrow)]
        message: Raw<'a>,
        #[serde(borrow)]
        field: Raw<'a>,
        #[serde(borrow)]
        code: Raw<'a>,
    }
    let one = |raw: Raw<'_>| {
        raw.string().or_else(|| {
            let detail = raw.object::<Detail<'_>>()?;
            let field = || Some(format!("{} {}", detail.field.string()?, detail.code.string()?));
            detail.message.string().or_else(field).or_else(|| detail.code.string())
        })
    };
    let texts = match errors.list() {
        Some(list) => list.into_iter().filter_map(one).collect::<Vec<_>>(),
        None => one(errors).into_iter().collect(),
    };
    (!texts.is_empty()).then(|| texts.join("; "))
}

/// A proxy's page: its title, or its beginning.
fn of_page(text: &str) -> String {
    let title = text.split_once("<title>").and_then(|(_, rest)| rest.split_once("</title>"));
    match title {
        Some((title, _)) if !title.trim().is_empty() => format!("a page titled {:?}", title.trim()),
        _ if text.trim().is_empty() => "no message".to_owned(),
        _ if text.trim_start().starts_with('<') => "a page without a title".to_owned(),
        _ => text.chars().take(LONGEST + 1).collect(),
    }
}

fn redact(word: &str) -> String {
    if TOKENS.iter().any(|token| word.contains(token)) {
        return "[redacted]".to_owned();
    }
    match word.split_once('?') {
        Some((address, _)) if address.contains("://") => format!("{address}?[redacted]"),
        _ => word.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn githubs_words_are_found_in_every_form() {
        for (body, message) in [
            (r#"{"message":"This workflow is already running"}"#, "This workflow is already running"),
            (
                r#"{"message":"Validation Failed","errors":"No pending deployment requests to approve or reject"}"#,
                "Validation Failed: No pending deployment requests to approve or reject",
            ),
            (r#"{"message":"Validation Failed","errors":["a","b"]}"#, "Validation Failed: a; b"),
            (
                r#"{"message":"X","errors":[{"message":"m"},{"field":"f","code":"missing"},{"code":"c"},7]}"#,
                "X: m; f missing; c",
            ),
            (r#"{"message":null}"#, r#"{"message":null}"#),
            ("", "no message"),
            ("<html><head><title>502 Bad Gateway</title></head>…", "a page titled \"502 Bad Gateway\""),
            ("<html>", "a page without a title"),
            ("upstream\n timed\0out", "upstream timed out"),
            (
                r#"{"message":"see https://h/p?sig=abc and ghs_12_a.b-c"}"#,
                "see https://h/p?[redacted] and [redacted]",
            ),
        ] {
            assert_eq!(of_body(body.as_bytes()), message);
        }
        assert_eq!(of_body(&[0xff, 0xfe]), "\u{fffd}\u{fffd}");
        assert_eq!(of_body("x".repeat(1 << 20).as_bytes()).chars().count(), 300);
        let long = of_body(format!(r#"{{"message":"{}"}}"#, "é".repeat(1000)).as_bytes());
        assert_eq!(long.chars().count(), 300);
    }
}
