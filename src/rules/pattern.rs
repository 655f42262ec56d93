//! Text patterns of rules: globs and `/regular expressions/`.

use std::{borrow::Cow, fmt};

use regex::{Regex, RegexBuilder};

use crate::model::Team;

/// The largest compiled form of one pattern, in bytes: a pattern beyond it is a mistake or an attack.
const SIZE_LIMIT: usize = 1 << 20;

/// A pattern that a text matches or not, in time linear in the text.
#[derive(Debug, Clone)]
pub struct Pattern {
    source: String,
    excludes: bool,
    matcher: Matcher,
    team: Option<Team>,
}

/// How a text is compared.
#[derive(Debug, Clone)]
enum Matcher {
    Simple(Simple),
    Regex(Regex),
}

/// What most patterns are, compared without an automaton. One takes kilobytes: with a thousand rules, judging would be
/// waiting for memory.
#[derive(Debug, Clone, Copy)]
struct Simple {
    shape: Shape,
    ignore_case: bool,
}

/// Where the one text of a simple pattern stands.
#[derive(Debug, Clone, Copy)]
enum Shape {
    /// It is all.
    Whole,
    /// It comes first; what follows may have slashes or not.
    First { slashes: bool },
    /// It comes last.
    Last { slashes: bool },
}

impl Simple {
    /// The simple form of a glob for a whole text, if it has one.
    fn of(glob: &str, ignore_case: bool) -> Option<Self> {
        let (shape, text) = if let Some(text) = glob.strip_suffix("**") {
            (Shape::First { slashes: true }, text)
        } else if let Some(text) = glob.strip_suffix('*') {
            (Shape::First { slashes: false }, text)
        } else if let Some(text) = glob.strip_prefix("**") {
            (Shape::Last { slashes: true }, text)
        } else if let Some(text) = glob.strip_prefix('*') {
            (Shape::Last { slashes: false }, text)
        } else {
            (Shape::Whole, glob)
        };
        // What folds beyond ASCII is left to the automaton.
        let is_simple = !is_special(text) && (!ignore_case || text.is_ascii());
        is_simple.then_some(Self { shape, ignore_case })
    }

    fn matches(self, glob: &str, text: &str) -> bool {
        let own = match self.shape {
            Shape::Whole => glob,
            Shape::First { .. } => glob.trim_end_matches('*'),
            Shape::Last { .. } => glob.trim_start_matches('*'),
        };
        let own = own.as_bytes();
        let is_it = |part: &[u8]| {
            if self.ignore_case { part.eq_ignore_ascii_case(own) } else { part == own }
        };
        let Some(rest) = text.len().checked_sub(own.len()) else {
            return false;
        };
        let (part, rest, slashes) = match self.shape {
            Shape::Whole => return is_it(text.as_bytes()),
            Shape::First { slashes } => {
                let (part, rest) = text.as_bytes().split_at(own.len());
                (part, rest, slashes)
            }
            Shape::Last { slashes } => {
                let (rest, part) = text.as_bytes().split_at(rest);
                (part, rest, slashes)
            }
        };
        is_it(part) && (slashes || !rest.contains(&b'/'))
    }
}

/// Why a text is not a pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// `/…/` around something that is not a regular expression.
    #[error("not a regular expression: {0}")]
    Regex(String),
    /// An empty text matches nothing that one could mean.
    #[error("an empty pattern")]
    Empty,
}

impl Pattern {
    /// Compiles a pattern. `/…/` is a regular expression that may match anywhere in the text; all else is a
    /// glob that must match the whole: `*` is any text without a slash, `**` any text, `?` one character that
    /// is not a slash; every other character stands for itself, so that `renovate[bot]` is a login. With `!` in
    /// front the pattern excludes what it matches.
    ///
    /// # Errors
    /// When the pattern is empty or its regular expression does not compile.
    pub fn compile(source: &str, ignore_case: bool) -> Result<Self, PatternError> {
        Self::compile_as(source, ignore_case, true)
    }

    /// Compiles a pattern for lines of text: a glob, too, may match anywhere in the line.
    ///
    /// # Errors
    /// As for [`Self::compile`].
    pub fn compile_for_lines(source: &str) -> Result<Self, PatternError> {
        Self::compile_as(source, false, false)
    }

    /// Compiles a pattern for logins: whatever case, and `@org/slug` is a team.
    ///
    /// # Errors
    /// As for [`Self::compile`].
    pub fn compile_for_logins(source: &str) -> Result<Self, PatternError> {
        let team = Team::parse(source.strip_prefix('!').unwrap_or(source));
        Ok(Self { team, ..Self::compile(source, true)? })
    }

    /// Compiles a pattern for paths of files: `**/` also stands for no folder at all, as in the path filters of GitHub's
    /// workflows.
    ///
    /// # Errors
    /// As for [`Self::compile`].
    pub fn compile_for_paths(source: &str) -> Result<Self, PatternError> {
        let mut pattern = Self::compile(source, false)?;
        let body = source.strip_prefix('!').unwrap_or(source);
        if !body.starts_with('/') && body.contains("**/") {
            pattern.matcher = Matcher::Regex(regex(&whole(&expression_of(body, true)), false)?);
        }
        Ok(pattern)
    }

    fn compile_as(source: &str, ignore_case: bool, is_whole: bool) -> Result<Self, PatternError> {
        let (excludes, body) = match source.strip_prefix('!') {
            Some(body) => (true, body),
            None => (false, source),
        };
        if body.is_empty() || body == "//" {
            return Err(PatternError::Empty);
        }
        let matcher = match Simple::of(body, ignore_case).filter(|_| is_whole) {
            Some(simple) => Matcher::Simple(simple),
            None => Matcher::Regex(regex(&expression(body, is_whole), ignore_case)?),
        };
        Ok(Self { source: source.to_owned(), excludes, matcher, team: None })
    }

    /// Whether patterns accept a value that goes by any of these texts: each in turn takes in what it matches, or
    /// with `!` lets go of it, as in the branch filters of GitHub's workflows. Where the first excludes, all else
    /// is taken in.
    #[must_use]
    pub fn accept<T: AsRef<str>>(patterns: &[Self], texts: &[T]) -> bool {
        let all_else = patterns.first().is_some_and(|first| first.excludes);
        patterns.iter().fold(all_else, |accepted, pattern| {
            let hit = texts.iter().any(|text| pattern.matches(text.as_ref()));
            if hit { !pattern.excludes } else { accepted }
        })
    }

    /// The team that the pattern names; it matches no text by itself, since a login has no slash.
    #[must_use]
    pub fn team(&self) -> Option<&Team> {
        self.team.as_ref()
    }

    /// Whether this pattern matches the text, be it to take it in or to exclude it.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        match &self.matcher {
            Matcher::Simple(simple) => simple.matches(self.body(), text),
            Matcher::Regex(regex) => regex.is_match(text),
        }
    }

    /// Its text as it was written.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Its text, without the `!` of an exclusion.
    #[must_use]
    pub fn body(&self) -> &str {
        self.source.strip_prefix('!').unwrap_or(&self.source)
    }

    /// The regular expression that says what it matches.
    #[must_use]
    pub fn expression(&self) -> Cow<'_, str> {
        match &self.matcher {
            Matcher::Simple(_) => expression(self.body(), true).into(),
            Matcher::Regex(regex) => regex.as_str().into(),
        }
    }

    /// Whether what it matches is excluded.
    #[must_use]
    pub fn excludes(&self) -> bool {
        self.excludes
    }

    /// The one value that the pattern takes in; `None` when there are several.
    #[must_use]
    pub fn literal(&self) -> Option<&str> {
        self.one_value().filter(|_| !self.excludes)
    }

    /// The one value that the pattern matches, be it to take it in or to exclude it; `None` when there are several.
    #[must_use]
    pub fn one_value(&self) -> Option<&str> {
        let body = self.body();
        (!is_special(body) && self.team.is_none()).then_some(body)
    }
}

/// Whether a pattern without its `!` may match several texts.
fn is_special(body: &str) -> bool {
    body.contains(['*', '?']) || body.starts_with('/')
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

/// The regular expression of a pattern without its `!`.
fn expression(body: &str, is_whole: bool) -> String {
    match body.strip_prefix('/').and_then(|rest| rest.strip_suffix('/')) {
        Some(expression) => expression.to_owned(),
        None if is_whole => whole(&expression_of(body, false)),
        None => expression_of(body, false),
    }
}

fn whole(expression: &str) -> String {
    format!(r"\A(?:{expression})\z")
}

fn regex(expression: &str, ignore_case: bool) -> Result<Regex, PatternError> {
    let mut builder = RegexBuilder::new(expression);
    let built = builder.case_insensitive(ignore_case).size_limit(SIZE_LIMIT).build();
    built.map_err(|error| PatternError::Regex(error.to_string()))
}

/// Of paths, `**/` at the beginning of a part is any number of folders.
fn expression_of(glob: &str, of_paths: bool) -> String {
    let mut expression = String::from("(?s:");
    let mut rest = glob.chars().peekable();
    let mut before = '/';
    while let Some(character) = rest.next() {
        match character {
            '*' if rest.next_if_eq(&'*').is_some() => {
                let folders = of_paths && before == '/' && rest.next_if_eq(&'/').is_some();
                expression.push_str(if folders { "(?:.*/)?" } else { ".*" });
                before = if folders { '/' } else { '*' };
                continue;
            }
            '*' => expression.push_str("[^/]*"),
            '?' => expression.push_str("[^/]"),
            other => expression.push_str(&regex::escape(other.encode_utf8(&mut [0; 4]))),
        }
        before = character;
    }
    expression.push(')');
    expression
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_as_the_reference_says() {
        for (pattern, text, ignore_case, expected) in [
            ("acme/*", "acme/api", false, true),
            ("acme/*", "acme/api/x", false, false),
            ("acme/*", "ACME/Api", true, true),
            ("acme/*", "ACME/Api", false, false),
            ("release/**", "release/1/2", false, true),
            ("release/**", "release", false, false),
            ("v?", "v1", false, true),
            ("v?", "v12", false, false),
            ("renovate[bot]", "renovate[bot]", true, true),
            ("renovate[bot]", "renovateb", true, false),
            ("a.c", "abc", false, false),
            ("/^v[0-9]+$/", "v12", false, true),
            ("/^v[0-9]+$/", "xv12", false, false),
            ("/fix/", "a fix here", false, true),
            ("main", "main\n", false, false),
        ] {
            let compiled = Pattern::compile(pattern, ignore_case).unwrap();
            assert_eq!(compiled.matches(text), expected, "{pattern} against {text:?}");
        }
        for (pattern, path, expected) in [
            ("**/*.md", "README.md", true),
            ("**/*.md", "docs/a/b.md", true),
            ("**/*.md", "docs/a.mdx", false),
            ("docs/**/*.md", "docs/a.md", true),
            ("docs/**/*.md", "docs/a/b.md", true),
            ("docs/**/*.md", "src/docs/a.md", false),
            ("**/README", "README", true),
            ("docs**/*.md", "docsecret.md", false),
            ("docs**/*.md", "docs-of/a.md", true),
            ("a**/b", "ab", false),
            ("docs/**", "docs/a/b", true),
            ("*.md", "docs/a.md", false),
            ("/[.]md$/", "docs/a.md", true),
        ] {
            let compiled = Pattern::compile_for_paths(pattern).unwrap();
            assert_eq!(compiled.matches(path), expected, "{pattern} against {path}");
        }
        for glob in ["v*", "v**", "*v", "**v", "*", "**", "v", "*v*", "a/*", "*/a", "V*", "ü*", "*é", "?"] {
            for ignore_case in [false, true] {
                let pattern = Pattern::compile(glob, ignore_case).unwrap();
                let automaton = regex(&pattern.expression(), ignore_case).unwrap();
                for text in [
                    "", "v", "V", "/v", "v/", "v1", "1v", "a/v", "v/a", "a/", "/a", "üx", "Ü", "xé", "é",
                    "x\u{a9}",
                ] {
                    let searched = automaton.is_match(text);
                    assert_eq!(pattern.matches(text), searched, "{glob} against {text:?}");
                }
            }
        }
        assert!(matches!(Pattern::compile("/(/", false), Err(PatternError::Regex(_))));
        assert_eq!(Pattern::compile("", false), Err(PatternError::Empty));
        assert_eq!(Pattern::compile("acme/api", true).unwrap().literal(), Some("acme/api"));
        assert_eq!(Pattern::compile("acme/*", true).unwrap().literal(), None);
    }
}
