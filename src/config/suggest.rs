//! "Did you mean": the remedy for a word that is none of those expected.

/// How alike two words must be, of 1, for one to be taken for a slip of the other.
const ALIKE: f64 = 0.8;

/// A longer text is no slip of any word.
const LONGEST_WORD: usize = 64;

/// The candidate that was probably meant.
pub(super) fn closest<'a>(wrong: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if wrong.len() > LONGEST_WORD {
        return None;
    }
    let wrong = wrong.to_lowercase().replace('-', "_");
    candidates
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(&wrong, candidate), candidate))
        .filter(|(alike, _)| *alike >= ALIKE)
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .map(|(_, candidate)| candidate)
}

/// What to write instead of a word that is none of the candidates.
#[must_use]
pub fn instead(wrong: &str, candidates: &[&str]) -> String {
    match closest(wrong, candidates.iter().copied()) {
        Some(candidate) => format!("did you mean `{candidate}`?"),
        None => one_of(candidates),
    }
}

/// ``expected one of `a`, `b` ``
pub(super) fn one_of(candidates: &[&str]) -> String {
    match candidates {
        [] => "leave it out: there are no keys here".to_owned(),
        [only] => format!("expected `{only}`"),
        _ => {
            let quoted: Vec<String> = candidates.iter().map(|candidate| format!("`{candidate}`")).collect();
            format!("expected one of {}", quoted.join(", "))
        }
    }
}
