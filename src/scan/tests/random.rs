//! Random logs: the search finds what the plain way finds, line by line and pattern by pattern.

use std::io::Read;

use regex::Regex;

use super::patterns;
use crate::{
    model::{JobLog, LogHit},
    scan::{Limits, scan_text},
};

/// Anchors, edges of words, classes that hold the end of a line, nothing but edges, and what reaches over lines.
const EXPRESSIONS: [&str; 17] = [
    "reset",
    "(?i)ReSeT by",
    "^error",
    "error$",
    r"^\s*$",
    r"\berr\b",
    r"\Berr",
    r"(?s)a.*b",
    "[^/]*x[^/]*y",
    r"\Aerror: \d+\z",
    "é+",
    r"(?m)^b$",
    r"\n",
    r"[\s]a",
    "(?-u:\\b)timeout|timed out",
    r"\w{3}é",
    "a|b|ab",
];
const WORDS: [&str; 18] = [
    "reset",
    "RESET by",
    "error",
    "err",
    "error: 12",
    " ",
    "a",
    "b",
    "x",
    "y",
    "/",
    "é",
    "abcé",
    "timeout",
    "\r",
    "\u{1b}[1m",
    "2026-01-01T00:00:00.0000000Z ",
    "\t",
];

struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(bound).unwrap()).unwrap()
    }
}

/// Gives a text in pieces of random sizes.
struct Dripping<'a>(&'a [u8], Random);

impl Read for Dripping<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let size = (1 + self.1.below(40)).min(self.0.len()).min(buffer.len());
        let (piece, rest) = self.0.split_at(size);
        buffer[..size].copy_from_slice(piece);
        self.0 = rest;
        Ok(size)
    }
}

fn plain(log: &str, regexes: &[Regex]) -> Vec<Option<u64>> {
    let time =
        Regex::new(r"\A[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]*Z(?: |\z)").unwrap();
    let clean = |line: &str| {
        let line = time.replace(line, "");
        line.trim_end_matches('\r').replace("\u{1b}[1m", "")
    };
    let ended = log.strip_suffix('\n').unwrap_or(log);
    let lines: Vec<String> = if log.is_empty() { Vec::new() } else { ended.split('\n').map(clean).collect() };
    let first = |regex: &Regex| lines.iter().position(|line| regex.is_match(line));
    regexes.iter().map(|regex| first(regex).map(|at| u64::try_from(at).unwrap() + 1)).collect()
}

#[test]
fn the_search_finds_what_the_plain_way_finds() {
    let wanted = patterns(&EXPRESSIONS);
    let regexes: Vec<Regex> = EXPRESSIONS.iter().map(|expression| Regex::new(expression).unwrap()).collect();
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    for round in 0..400_u64 {
        let mut log = String::new();
        // Some logs speak a few words only, so that patterns stay unfound for long.
        let words = 1 + random.below(WORDS.len());
        for _ in 0..random.below(if round % 40 == 0 { 3_000 } else { 60 }) {
            for _ in 0..random.below(4) {
                log.push_str(WORDS[random.below(words)]);
            }
            log.push('\n');
        }
        if round % 3 == 0 {
            log.push_str(WORDS[random.below(words)]);
        }
        let mut drops = Dripping(log.as_bytes(), Random(round + 1));
        let JobLog::Scanned { hits, complete, .. } =
            scan_text(&mut drops, &wanted, Limits::default()).unwrap()
        else {
            panic!("searched");
        };
        assert!(complete);
        let number = |pattern: &str| {
            hits.iter().find(|LogHit { pattern: of, .. }| of == pattern).map(|hit| hit.number)
        };
        let found: Vec<Option<u64>> = EXPRESSIONS.iter().map(|pattern| number(pattern)).collect();
        assert_eq!(found, plain(&log, &regexes), "{log:?}");
    }
}
