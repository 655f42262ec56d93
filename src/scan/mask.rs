//! A line as evidence: shortened, without control characters, and with what looks like a secret hidden. GitHub hides the
//! secrets that it knows; a log may hold others.

use std::sync::LazyLock;

use regex_automata::meta::Regex;

/// Characters of a line that are kept.
const LONGEST: usize = 300;
const HIDDEN: &str = "***";

/// What looks like a secret.
const SECRETS: [&str; 7] = [
    "gh[pousr]_[A-Za-z0-9]{10,}",
    "github_pat_[A-Za-z0-9_]{10,}",
    "(?:AKIA|ASIA)[0-9A-Z]{12,}",
    r"(?i-u:\b(?:bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,})",
    r"eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*)?",
    r"://[^\s/@]+:[^\s/@]+@",
    "(?:xox[a-z]-|glpat-|npm_|sk-)[A-Za-z0-9-]{16,}",
];

static SECRET: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new_many(&SECRETS).ok());

/// The line as it may be kept and shown.
pub(super) fn evidence(line: &str) -> String {
    let Some(secret) = SECRET.as_ref() else { return HIDDEN.to_owned() };
    let (mut shown, mut from) = (String::new(), 0);
    for found in secret.find_iter(line) {
        shown.push_str(line.get(from..found.start()).unwrap_or_default());
        let hidden = line.get(found.range()).unwrap_or_default();
        // What kind of secret it is may be seen, where a word before it says so.
        match (hidden.split_once("://"), hidden.split_once(char::is_whitespace)) {
            (Some(_), _) => shown.push_str("://***@"),
            (None, Some((kind, _))) => {
                shown.push_str(kind);
                shown.push(' ');
                shown.push_str(HIDDEN);
            }
            (None, None) => shown.push_str(HIDDEN),
        }
        from = found.end();
    }
    shown.push_str(line.get(from..).unwrap_or_default());
    let plain = shown.trim().chars().map(|letter| if letter.is_control() { ' ' } else { letter });
    let mut short: String = plain.clone().take(LONGEST).collect();
    if plain.count() > LONGEST {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_like_a_secret_is_hidden() {
        let token = |prefix: &str| format!("{prefix}{}", "a1B2".repeat(9));
        for (line, expected) in [
            ("connection reset by peer".to_owned(), "connection reset by peer"),
            (format!("push with {} failed", token("ghp_")), "push with *** failed"),
            (format!("x={},", token("github_pat_")), "x=***,"),
            ("id AKIAIOSFODNN7EXAMPLE refused".to_owned(), "id *** refused"),
            ("> Authorization: Bearer abc.def-123456".to_owned(), "> Authorization: Bearer ***"),
            ("git clone https://bob:hunter2@host/x.git".to_owned(), "git clone https://***@host/x.git"),
            ("token eyJhbGciOiJI.eyJzdWIiOiIx.c2lnbmF0dXJl!".to_owned(), "token ***!"),
            ("https://host:8080/path is unreachable".to_owned(), "https://host:8080/path is unreachable"),
            ("  a\tb\u{7}c ".to_owned(), "a b c"),
        ] {
            assert_eq!(evidence(&line), expected, "{line}");
        }
    }

    #[test]
    fn a_long_line_is_cut_after_its_secrets_are_hidden() {
        let line = format!("{} ghp_{}", "é".repeat(295), "x".repeat(36));
        let shown = evidence(&line);
        assert_eq!(shown.chars().count(), 299);
        assert!(shown.ends_with("***"), "{shown}");
        assert_eq!(evidence(&"é".repeat(400)).chars().count(), 301);
    }
}
