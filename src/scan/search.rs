//! The search of one log: which pattern matched first where.

use std::borrow::Cow;

use memchr::{memchr, memchr_iter, memrchr};

use super::{
    lines::Lines,
    mask::evidence,
    patterns::{Group, Patterns},
};
use crate::model::{JobLog, LogHit};

/// So many lines may turn out to match nothing new before the patterns that were found are left out of the search. It
/// doubles each time, since leaving them out costs time too.
const PATIENCE: u32 = 256;

/// A log that is being searched, piece by piece.
pub(super) struct Search<'a> {
    patterns: &'a Patterns,
    groups: Vec<Cow<'a, Group>>,
    lines: Lines,
    /// Lines before those that are searched next.
    before: u64,
    /// The first line that each pattern matched.
    found: Vec<Option<(u64, String)>>,
    vain: u32,
    patience: u32,
}

impl<'a> Search<'a> {
    pub(super) fn new(patterns: &'a Patterns, longest_line: usize) -> Self {
        Self {
            patterns,
            groups: patterns.groups.iter().map(Cow::Borrowed).collect(),
            lines: Lines::new(longest_line),
            before: 0,
            found: vec![None; patterns.len()],
            vain: 0,
            patience: PATIENCE,
        }
    }

    /// Takes the next piece.
    pub(super) fn push(&mut self, piece: &[u8]) {
        self.lines.push(piece);
        self.go_through();
    }

    /// The next piece is the beginning of another file.
    pub(super) fn end_file(&mut self) {
        self.lines.end_file();
        self.go_through();
    }

    /// Whether every pattern has been found, so that nothing more can be learnt.
    pub(super) fn is_settled(&self) -> bool {
        self.found.iter().all(Option::is_some)
    }

    /// What was found; `complete` unless the log was not read to its end.
    pub(super) fn finish(mut self, complete: bool) -> JobLog {
        // A line of which only a part was read would end where it does not.
        if complete {
            self.end_file();
        }
        let complete = (complete && !self.lines.was_cut()) || self.is_settled();
        let sources = self.patterns.sources();
        let mut hits: Vec<LogHit> = sources
            .zip(self.found)
            .filter_map(|(pattern, found)| {
                let (number, line) = found?;
                Some(LogHit { pattern: pattern.to_owned(), line: evidence(&line), number })
            })
            .collect();
        hits.sort_by_key(|hit| hit.number);
        JobLog::scanned(self.patterns.sources(), hits, complete)
    }

    fn go_through(&mut self) {
        let text = self.lines.take();
        for at in 0..self.groups.len() {
            self.go_through_for(at, &text);
        }
        self.before += count_lines(&text);
        self.lines.reuse(text);
        if self.vain > self.patience {
            self.leave_out_found();
        }
    }

    fn go_through_for(&mut self, at: usize, text: &str) {
        let (mut from, mut counted, mut number) = (0, 0, self.before);
        while let Some(group) = self.groups.get(at)
            && from < text.len()
            && let Some(start) = group.next(text, from)
        {
            let (begin, end) = line_around(text, start);
            // Where the pattern is empty, behind the last line.
            let Some(line) = text.get(begin..end).filter(|_| start < text.len()) else { break };
            number += count_lines(text.get(counted..begin).unwrap_or_default());
            counted = begin;
            let mut new = false;
            for pattern in group.matches(line) {
                if let Some(found @ None) = self.found.get_mut(pattern) {
                    *found = Some((number + 1, line.to_owned()));
                    new = true;
                }
            }
            self.vain = self.vain.saturating_add(u32::from(!new));
            from = end + 1;
        }
    }

    fn leave_out_found(&mut self) {
        self.vain = 0;
        self.patience = self.patience.saturating_mul(2);
        let found = &self.found;
        let is_found = |pattern: usize| found.get(pattern).is_some_and(Option::is_some);
        let groups = std::mem::take(&mut self.groups);
        self.groups = groups
            .into_iter()
            .filter_map(|group| {
                if group.indexes().any(is_found) {
                    group.without(is_found).map(Cow::Owned)
                } else {
                    Some(group)
                }
            })
            .collect();
    }
}

fn count_lines(text: &str) -> u64 {
    u64::try_from(memchr_iter(b'\n', text.as_bytes()).count()).unwrap_or(u64::MAX)
}

/// Begin and end of the line at that place, without what ends it.
fn line_around(text: &str, at: usize) -> (usize, usize) {
    let bytes = text.as_bytes();
    let begin = bytes.get(..at).and_then(|before| memrchr(b'\n', before)).map_or(0, |end| end + 1);
    let end = bytes.get(at..).and_then(|rest| memchr(b'\n', rest)).map_or(text.len(), |end| at + end);
    (begin, end)
}
