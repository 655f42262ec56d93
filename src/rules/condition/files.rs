//! `changed_files`: what is asked of the files that a pull request changes.

use super::{Expectation, Range, all, leaf, node};
use crate::{
    model::{ChangedFiles, ConditionResult, PullRequest, RunSnapshot, Truth},
    rules::Pattern,
};

/// What is asked of the changed files.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FilesTest {
    /// How many they are; one that was renamed is one.
    pub count: Option<Range<u64>>,
    /// What each of them is; of none nothing is so.
    pub every: Option<Vec<Pattern>>,
    /// What at least one of them is.
    pub some: Option<Vec<Pattern>>,
    /// What none of them is.
    pub none: Option<Vec<Pattern>>,
}

impl FilesTest {
    pub(super) fn evaluate(&self, run: &RunSnapshot, pull: &PullRequest) -> ConditionResult {
        let unknown = |why: String| leaf("changed_files", "", why, Truth::Unknown);
        match (&pull.head_sha, &run.head_sha) {
            (Some(head), Some(own)) if head == own => {}
            (Some(_), Some(_)) => {
                return unknown("not known: the pull request's head is another commit".to_owned());
            }
            _ => return unknown("not known: GitHub does not give the head commit".to_owned()),
        }
        match pull.files.known() {
            Err(why) => unknown(why),
            Ok(changed) if changed.head_sha != run.head_sha => {
                unknown("not known: the pull request's head has moved meanwhile".to_owned())
            }
            Ok(changed) => {
                let parts = [("every", &self.every), ("some", &self.some), ("none", &self.none)];
                let parts =
                    parts.into_iter().filter_map(|(word, asked)| Some(part(word, asked.as_ref()?, changed)));
                let count = self.count.map(|range| count_of(range, changed));
                let whole = all(count.into_iter().chain(parts).collect());
                node("changed_files", whole.satisfied, whole.parts)
            }
        }
    }
}

/// Of a list that was cut only the least number is known.
fn count_of(range: Range<u64>, changed: &ChangedFiles) -> ConditionResult {
    let count = changed.files.len() as u64;
    let satisfied =
        if changed.complete { Truth::of(range.contains(count)) } else { range.contains_from(count) };
    let shown = match satisfied {
        _ if changed.complete => count.to_string(),
        Truth::Unknown => format!("not known: at least {count}, and GitHub lists no more"),
        Truth::Yes | Truth::No => format!("at least {count}"),
    };
    leaf("count", Expectation::Number(range), shown, satisfied)
}

/// Both names of a file that was renamed have to fit for `every`; one is enough to be found.
fn part(word: &'static str, asked: &[Pattern], changed: &ChangedFiles) -> ConditionResult {
    let fits = |name: &String| Pattern::accept(asked, &[name]);
    let of = changed.files.len();
    let open = if changed.complete { Truth::No } else { Truth::Unknown };
    let wanted = |file: &&Vec<String>| match word {
        "every" => !file.iter().all(fits),
        _ => file.iter().any(fits),
    };
    let first = changed.files.iter().find(wanted);
    let found = if first.is_some() { Truth::Yes } else { open };
    let satisfied = match word {
        "some" => found,
        "every" if changed.files.is_empty() && changed.complete => Truth::No,
        _ => !found,
    };
    let shown = match first.and_then(|file| file.first()) {
        Some(path) => format!("{path}, of {of}"),
        None if changed.complete => format!("none such of {of}"),
        None => format!("not known: none such of {of}, and GitHub lists no more"),
    };
    let texts: Vec<String> = asked.iter().map(ToString::to_string).collect();
    leaf(word, texts.join(" or "), shown, satisfied)
}
