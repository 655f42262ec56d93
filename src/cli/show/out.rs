//! Standard output: written at once, through its lock, and a reader that went away is no failure.

use std::{
    fmt::Display,
    io::{self, Write as _},
};

use anyhow::Context as _;
use serde::Serialize;

use crate::config::Problems;

/// Writes a text to standard output. When its reader has seen enough (`| head`), that is the end of it.
///
/// # Errors
/// When it cannot be written for another reason.
pub(in crate::cli) fn print(text: &str) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other.context("cannot write to standard output"),
    }
}

/// Writes one JSON document to standard output.
///
/// # Errors
/// As for [`print`].
pub(in crate::cli) fn print_json(value: &impl Serialize) -> anyhow::Result<()> {
    let mut text = serde_json::to_string_pretty(value).context("cannot write JSON")?;
    text.push('\n');
    print(&text)
}

/// Says on standard error why a command did not do what was asked. Whether that can be written changes nothing.
pub(in crate::cli) fn refused(why: &dyn Display) {
    drop(writeln!(io::stderr().lock(), "runwarden: {why}"));
}

/// Says on standard error what is wrong with the configuration; with a remedy if there is one besides mending it.
pub(in crate::cli) fn not_usable(problems: &Problems, remedy: Option<&str>) {
    let mut out = io::stderr().lock();
    drop(writeln!(out, "{problems}"));
    if let Some(remedy) = remedy {
        drop(writeln!(out, "help: {remedy}"));
    }
}

/// A text of others in one line, without what could steer a terminal or reorder what it shows.
pub(in crate::cli) fn clean(text: &str) -> String {
    let steers = |c: char| c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.chars().map(|c| if steers(c) { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_others_cannot_steer_the_terminal() {
        assert_eq!(clean("a\u{1b}[31mb\r\nc\u{202e}d é✓"), "a [31mb  c d é✓");
    }
}
