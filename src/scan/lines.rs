//! Makes whole, clean lines of the pieces of a log: without time stamps, colours, byte order marks and carriage returns,
//! and valid UTF-8.

use std::borrow::Cow;

use memchr::{memchr, memchr_iter};

const ESCAPE: u8 = 0x1b;
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Takes a log piece by piece.
pub(super) struct Lines {
    longest: usize,
    /// A line whose end has not come.
    partial: Vec<u8>,
    /// Clean lines, each with its end.
    clean: Vec<u8>,
    at_start: bool,
    cut: bool,
}

impl Lines {
    pub(super) fn new(longest: usize) -> Self {
        Self { longest, partial: Vec::new(), clean: Vec::new(), at_start: true, cut: false }
    }

    /// Takes the next piece.
    pub(super) fn push(&mut self, piece: &[u8]) {
        let mut from = 0;
        for end in memchr_iter(b'\n', piece) {
            let line = piece.get(from..end).unwrap_or_default();
            if self.partial.is_empty() {
                self.add(line);
            } else {
                self.hold(line);
                self.add_partial();
            }
            from = end + 1;
        }
        self.hold(piece.get(from..).unwrap_or_default());
    }

    /// Ends the last line, if a file ends without doing so; the next piece begins another file.
    pub(super) fn end_file(&mut self) {
        if !self.partial.is_empty() {
            self.add_partial();
        }
        self.at_start = true;
    }

    /// The clean lines since the last time, to be given back to [`Self::reuse`].
    pub(super) fn take(&mut self) -> String {
        let clean = std::mem::take(&mut self.clean);
        match String::from_utf8_lossy(&clean) {
            Cow::Owned(repaired) => repaired,
            Cow::Borrowed(_) => String::from_utf8(clean).unwrap_or_default(),
        }
    }

    /// Takes the memory of lines that are done with.
    pub(super) fn reuse(&mut self, lines: String) {
        if self.clean.is_empty() {
            self.clean = lines.into_bytes();
            self.clean.clear();
        }
    }

    /// Whether the rest of some line was dropped.
    pub(super) fn was_cut(&self) -> bool {
        self.cut
    }

    fn add_partial(&mut self) {
        let line = std::mem::take(&mut self.partial);
        self.add(&line);
        self.partial = line;
        self.partial.clear();
    }

    /// Keeps the beginning of a line, as much of it as is searched.
    fn hold(&mut self, part: &[u8]) {
        // One more than is searched, so that it is noticed that there was more.
        let room = (self.longest + 1).saturating_sub(self.partial.len());
        self.partial.extend_from_slice(part.get(..room).unwrap_or(part));
    }

    fn add(&mut self, line: &[u8]) {
        let mut line = line;
        if let Some(shorter) = line.get(..self.longest)
            && line.len() > self.longest
        {
            self.cut = true;
            line = shorter;
        }
        if std::mem::take(&mut self.at_start) {
            line = line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line);
        }
        line = without_time(line);
        while let Some(shorter) = line.strip_suffix(b"\r") {
            line = shorter;
        }
        match memchr(ESCAPE, line) {
            None => self.clean.extend_from_slice(line),
            Some(first) => add_without_escapes(line, first, &mut self.clean),
        }
        self.clean.push(b'\n');
    }
}

/// A line without the time that GitHub puts in front of it: `2026-01-01T00:00:00.0000000Z `.
fn without_time(line: &[u8]) -> &[u8] {
    let shape = |template: &[u8], text: &[u8]| {
        template.len() == text.len()
            && template.iter().zip(text).all(|(expected, byte)| match expected {
                b'0' => byte.is_ascii_digit(),
                other => byte == other,
            })
    };
    let Some((date, rest)) = line.split_at_checked(20) else { return line };
    if !shape(b"0000-00-00T00:00:00.", date) {
        return line;
    }
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    match rest.get(digits..) {
        Some([b'Z', b' ', text @ ..]) => text,
        Some([b'Z']) => &[],
        _ => line,
    }
}

/// Leaves out what moves and colours a terminal's text: `ESC [ … letter`, `ESC ] … BEL` and the like.
fn add_without_escapes(line: &[u8], first: usize, clean: &mut Vec<u8>) {
    let (before, mut rest) = line.split_at_checked(first).unwrap_or((line, &[]));
    clean.extend_from_slice(before);
    while let [_, sequence @ ..] = rest {
        rest = match sequence {
            [b'[', parameters @ ..] => after(parameters, |byte| (0x40..=0x7e).contains(&byte)),
            [b']', title @ ..] => {
                let rest = after(title, |byte| byte == 0x07 || byte == ESCAPE);
                rest.strip_prefix(b"\\").unwrap_or(rest)
            }
            [b'(' | b')', _, rest @ ..] | [0x20..=0x7e, rest @ ..] => rest,
            other => other,
        };
        let next = memchr(ESCAPE, rest).unwrap_or(rest.len());
        let (text, further) = rest.split_at_checked(next).unwrap_or((rest, &[]));
        clean.extend_from_slice(text);
        rest = further;
    }
}

fn after(bytes: &[u8], is_end: impl Fn(u8) -> bool) -> &[u8] {
    let end = bytes.iter().position(|byte| is_end(*byte));
    end.and_then(|end| bytes.get(end + 1..)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cleaned(log: &[u8], pieces: usize) -> String {
        let mut lines = Lines::new(100);
        log.chunks(pieces).for_each(|piece| lines.push(piece));
        lines.end_file();
        lines.take()
    }

    #[test]
    fn a_line_is_what_a_person_reads() {
        for (log, expected) in [
            (&b"2026-01-01T00:00:00.0000000Z hello\n"[..], "hello\n"),
            (b"2026-01-01T00:00:00.0000000Z  two  spaces \n", " two  spaces \n"),
            (b"2026-01-01T00:00:00.0000000Z \n2026-01-01T00:00:00.0000000Z\n", "\n\n"),
            (b"2026-01-01T00:00:00Z hello\n", "2026-01-01T00:00:00Z hello\n"),
            (b"\xef\xbb\xbf2026-01-01T00:00:00.123Z hello\r\n", "hello\n"),
            (b"no time\nlast", "no time\nlast\n"),
            (b"\x1b[31;1mred\x1b[0m and \x1b]8;;http://x\x07link\x1b]8;;\x1b\\\x1b(B.\n", "red and link.\n"),
            (b"cut \x1b[3", "cut \n"),
            (b"\x1b", "\n"),
            (b"bad \xff\xfe byte\n", "bad \u{fffd}\u{fffd} byte\n"),
            (b"\n\r\n\n", "\n\n\n"),
            (b"", ""),
        ] {
            for pieces in [1, 2, 7, 1_000] {
                assert_eq!(cleaned(log, pieces), expected, "{:?}", String::from_utf8_lossy(log));
            }
        }
    }

    #[test]
    fn what_is_too_long_of_a_line_is_dropped_and_noticed() {
        let long = [b"a".repeat(250), b"\nnext\n".to_vec()].concat();
        for pieces in [1, 60, 1_000] {
            let mut lines = Lines::new(100);
            long.chunks(pieces).for_each(|piece| lines.push(piece));
            assert_eq!(lines.take(), format!("{}\nnext\n", "a".repeat(100)));
            assert!(lines.was_cut());
        }
        let mut lines = Lines::new(100);
        lines.push(&[b"a".repeat(100), b"\n".to_vec()].concat());
        assert!(!lines.was_cut());
    }
}
