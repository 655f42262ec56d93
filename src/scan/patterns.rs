//! All patterns of all rules as few automata, so that a log is gone through once.
//!
//! A first automaton goes through many lines at a time and finds those in which some pattern may match; a second says of
//! such a line which those are. Both are made of the expressions kept from reaching over the end of a line and without word
//! boundaries, for which a quick automaton would give up at the first letter that is not ASCII. So they may find too much,
//! and never too little: a pattern with word boundaries is then tried by itself.

use regex_automata::{
    Input, MatchKind, PatternSet,
    meta::{Config, Regex},
    util::syntax,
};
use regex_syntax::hir::{
    Class, ClassBytes, ClassBytesRange, ClassUnicode, ClassUnicodeRange, Hir, HirKind, Look, Repetition,
};

/// The largest automaton before the patterns are split into two.
const LARGEST_BYTES: usize = 64 << 20;
/// What an automaton may remember of what it has worked out.
const MEMORY_BYTES: usize = 8 << 20;

/// A pattern that cannot be searched for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot search logs for {source}: {why}", source = self.pattern)]
pub struct PatternProblem {
    /// The pattern.
    pub pattern: String,
    /// In words.
    pub why: String,
}

/// Patterns to search logs for.
#[derive(Debug)]
pub struct Patterns {
    pub(super) groups: Vec<Group>,
    pub(super) sources: Vec<String>,
}

/// Patterns that are looked for in one pass.
#[derive(Debug, Clone)]
pub(super) struct Group {
    members: Vec<Member>,
    /// Finds a line.
    finder: Regex,
    /// Says which patterns match it.
    teller: Regex,
}

#[derive(Debug, Clone)]
struct Member {
    /// Which of all patterns it is.
    index: usize,
    rough: Hir,
    /// The pattern itself, where the rough one may find too much.
    exact: Option<Regex>,
}

impl Patterns {
    /// Makes ready to search for these: each by the text that it goes by, and the regular expression that says what it
    /// matches in a line.
    ///
    /// # Errors
    /// When an expression is none, or too large.
    pub fn new<'a, E: AsRef<str>>(
        patterns: impl IntoIterator<Item = (&'a str, E)>,
    ) -> Result<Self, PatternProblem> {
        let (mut sources, mut members) = (Vec::new(), Vec::new());
        for (index, (source, expression)) in patterns.into_iter().enumerate() {
            let problem = |why: String| PatternProblem { pattern: source.to_owned(), why };
            let parsed = syntax::parse(expression.as_ref()).map_err(|error| problem(error.to_string()))?;
            let exact = match parsed.properties().look_set().contains_word() {
                true => Some(automaton(MatchKind::LeftmostFirst, &[&parsed]).map_err(problem)?),
                false => None,
            };
            members.push(Member { index, rough: in_a_line(&parsed), exact });
            sources.push(source.to_owned());
        }
        let groups = grouped(members).map_err(|(index, why)| PatternProblem {
            pattern: sources.get(index).cloned().unwrap_or_default(),
            why,
        })?;
        Ok(Self { groups, sources })
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.sources.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.sources.is_empty()
    }

    /// The texts that they go by.
    pub fn sources(&self) -> impl Iterator<Item = &str> {
        self.sources.iter().map(String::as_str)
    }
}

impl Group {
    /// Where in the text, from there on, some pattern may match.
    pub(super) fn next(&self, text: &str, from: usize) -> Option<usize> {
        self.finder.search(&Input::new(text).range(from..)).map(|found| found.start())
    }

    /// The patterns that match the line.
    pub(super) fn matches(&self, line: &str) -> Vec<usize> {
        let mut set = PatternSet::new(self.members.len());
        self.teller.which_overlapping_matches(&Input::new(line), &mut set);
        set.iter()
            .filter_map(|id| self.members.get(id.as_usize()))
            .filter(|member| member.exact.as_ref().is_none_or(|exact| exact.is_match(line)))
            .map(|member| member.index)
            .collect()
    }

    /// The same without some patterns; `None` when none is left.
    pub(super) fn without(&self, gone: impl Fn(usize) -> bool) -> Option<Self> {
        let members: Vec<Member> =
            self.members.iter().filter(|member| !gone(member.index)).cloned().collect();
        if members.is_empty() {
            return None;
        }
        Some(Self::build(members.clone()).unwrap_or_else(|_| self.clone()))
    }

    pub(super) fn indexes(&self) -> impl Iterator<Item = usize> {
        self.members.iter().map(|member| member.index)
    }

    fn build(members: Vec<Member>) -> Result<Self, String> {
        let expressions: Vec<&Hir> = members.iter().map(|member| &member.rough).collect();
        let finder = automaton(MatchKind::LeftmostFirst, &expressions)?;
        let teller = automaton(MatchKind::All, &expressions)?;
        Ok(Self { members, finder, teller })
    }
}

fn automaton(kind: MatchKind, expressions: &[&Hir]) -> Result<Regex, String> {
    let config = Config::new()
        .match_kind(kind)
        .utf8_empty(false)
        .nfa_size_limit(Some(LARGEST_BYTES))
        .hybrid_cache_capacity(MEMORY_BYTES);
    Regex::builder().configure(config).build_many_from_hir(expressions).map_err(|error| error.to_string())
}

/// As few groups as there may be; on failure, which pattern is at fault.
fn grouped(members: Vec<Member>) -> Result<Vec<Group>, (usize, String)> {
    let mut groups = Vec::new();
    let mut waiting = vec![members];
    while let Some(mut members) = waiting.pop() {
        let Some(first) = members.first().map(|member| member.index) else { continue };
        match Group::build(members.clone()) {
            Ok(group) => groups.push(group),
            Err(why) if members.len() == 1 => return Err((first, why)),
            Err(_) => {
                let half = members.split_off(members.len() / 2);
                waiting.extend([half, members]);
            }
        }
    }
    Ok(groups)
}

/// An expression for many lines that matches in each line at least what the given one matches in the line alone.
fn in_a_line(expression: &Hir) -> Hir {
    match expression.kind() {
        HirKind::Empty => Hir::empty(),
        HirKind::Literal(literal) if literal.0.contains(&b'\n') => Hir::fail(),
        HirKind::Literal(literal) => Hir::literal(literal.0.clone()),
        HirKind::Class(class) => Hir::class(without_line_end(class)),
        HirKind::Look(look) => match look {
            Look::Start => Hir::look(Look::StartLF),
            Look::End => Hir::look(Look::EndLF),
            Look::StartLF | Look::EndLF | Look::StartCRLF | Look::EndCRLF => Hir::look(*look),
            Look::WordAscii
            | Look::WordAsciiNegate
            | Look::WordUnicode
            | Look::WordUnicodeNegate
            | Look::WordStartAscii
            | Look::WordEndAscii
            | Look::WordStartUnicode
            | Look::WordEndUnicode
            | Look::WordStartHalfAscii
            | Look::WordEndHalfAscii
            | Look::WordStartHalfUnicode
            | Look::WordEndHalfUnicode => Hir::empty(),
        },
        HirKind::Repetition(repeated) => {
            Hir::repetition(Repetition { sub: Box::new(in_a_line(&repeated.sub)), ..repeated.clone() })
        }
        HirKind::Capture(capture) => in_a_line(&capture.sub),
        HirKind::Concat(parts) => Hir::concat(parts.iter().map(in_a_line).collect()),
        HirKind::Alternation(parts) => Hir::alternation(parts.iter().map(in_a_line).collect()),
    }
}

fn without_line_end(class: &Class) -> Class {
    match class {
        Class::Unicode(class) => {
            let mut class = class.clone();
            class.difference(&ClassUnicode::new([ClassUnicodeRange::new('\n', '\n')]));
            Class::Unicode(class)
        }
        Class::Bytes(class) => {
            let mut class = class.clone();
            class.difference(&ClassBytes::new([ClassBytesRange::new(b'\n', b'\n')]));
            Class::Bytes(class)
        }
    }
}
