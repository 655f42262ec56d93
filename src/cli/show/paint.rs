//! Colours: only for people at a terminal who did not decline them.

use std::io::IsTerminal as _;

/// What a colour says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cli) enum Tone {
    /// Holds, done.
    Good,
    /// Does not hold, failed.
    Bad,
    /// Not known, not yet.
    Doubt,
    /// Of less interest.
    Dim,
    /// A heading.
    Strong,
}

/// Paints texts, or leaves them as they are.
#[derive(Debug, Clone, Copy)]
pub(in crate::cli) struct Paint {
    on: bool,
}

impl Paint {
    /// For standard output: only when it is a terminal. See <https://no-color.org>.
    pub(in crate::cli) fn for_stdout() -> Self {
        let declined = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        Self::new(std::io::stdout().is_terminal() && !declined && !dumb)
    }

    /// Paints, or leaves everything as it is.
    pub(in crate::cli) fn new(on: bool) -> Self {
        Self { on }
    }

    /// The text in that tone.
    pub(in crate::cli) fn text(self, tone: Tone, text: &str) -> String {
        if !self.on || text.is_empty() {
            return text.to_owned();
        }
        let code = match tone {
            Tone::Good => "32",
            Tone::Bad => "31",
            Tone::Doubt => "33",
            Tone::Dim => "2",
            Tone::Strong => "1",
        };
        format!("\u{1b}[{code}m{text}\u{1b}[0m")
    }

    /// A line with the text that begins at that character painted; as it is when the text is not found there.
    pub(in crate::cli) fn within(self, line: &str, at: usize, tone: Tone, text: &str) -> String {
        let split = line.char_indices().nth(at).map(|(byte, _)| line.split_at(byte));
        match split.and_then(|(before, rest)| Some((before, rest.strip_prefix(text)?))) {
            Some((before, after)) => format!("{before}{}{after}", self.text(tone, text)),
            None => line.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_painted_where_it_stands() {
        let paint = Paint::new(true);
        assert_eq!(paint.within("é done x", 2, Tone::Good, "done"), "é \u{1b}[32mdone\u{1b}[0m x");
        assert_eq!(paint.within("é done x", 1, Tone::Good, "done"), "é done x");
        assert_eq!(paint.within("é", 9, Tone::Good, "done"), "é");
        assert_eq!(Paint::new(false).within("é done x", 2, Tone::Good, "done"), "é done x");
    }
}
