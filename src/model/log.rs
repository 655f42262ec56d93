//! What the log of a job says, as far as rules asked for it.

use serde::{Deserialize, Serialize};

/// What the log of a job says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobLog {
    /// GitHub has none: the job never wrote one, or it is deleted or expired.
    Missing,
    /// It was searched.
    Scanned {
        /// The first line that each pattern matched, in the order of the log.
        hits: Vec<LogHit>,
        /// Whether it was read to its end.
        complete: bool,
        /// The fingerprints of all patterns that were looked for: of any other the log says nothing.
        sought: Vec<u32>,
    },
}

/// A line of a log that a pattern matched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogHit {
    /// The pattern, as [`JobLog::scanned`] was given it.
    pub pattern: String,
    /// The line, without its time and colours, cut and with secrets masked.
    pub line: String,
    /// Its number in the job's log, from 1.
    pub number: u64,
}

impl JobLog {
    /// What became of a search for these patterns.
    #[must_use]
    pub fn scanned<T: AsRef<str>>(
        patterns: impl IntoIterator<Item = T>,
        hits: Vec<LogHit>,
        complete: bool,
    ) -> Self {
        let mut sought: Vec<u32> =
            patterns.into_iter().map(|pattern| fingerprint(pattern.as_ref())).collect();
        sought.sort_unstable();
        sought.dedup();
        Self::Scanned { hits, complete, sought }
    }

    /// The first line that a pattern matched, `None` when no line does; or in words, why that is not known.
    ///
    /// # Errors
    /// When there is no log, when it was not read to its end, or when the pattern was not looked for.
    pub fn first(&self, pattern: &str) -> Result<Option<&LogHit>, String> {
        let Self::Scanned { hits, complete, sought } = self else {
            return Err("not known: there is no log".to_owned());
        };
        let hit = hits.iter().find(|hit| hit.pattern == pattern);
        match hit {
            Some(_) => Ok(hit),
            None if sought.binary_search(&fingerprint(pattern)).is_err() => {
                Err("not known: the log was not searched for it".to_owned())
            }
            None if !complete => Err("not known: the log was not read to its end".to_owned()),
            None => Ok(None),
        }
    }
}

/// FNV-1a: short, since it stands with every job whose log was read.
fn fingerprint(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_whole_search_for_a_pattern_says_that_no_line_matches() {
        let hit = LogHit { pattern: "reset".to_owned(), line: "connection reset".to_owned(), number: 7 };
        for (log, pattern, expected) in [
            (JobLog::scanned(["reset", "refused"], vec![hit.clone()], true), "reset", Ok(Some(7))),
            (JobLog::scanned(["reset", "refused"], vec![hit.clone()], true), "refused", Ok(None)),
            (JobLog::scanned(["reset", "refused"], vec![hit.clone()], true), "other", Err(())),
            (JobLog::scanned(["reset", "refused"], vec![hit.clone()], false), "reset", Ok(Some(7))),
            (JobLog::scanned(["reset", "refused"], vec![hit.clone()], false), "refused", Err(())),
            (JobLog::Missing, "reset", Err(())),
        ] {
            let found = log.first(pattern).map(|hit| hit.map(|hit| hit.number)).map_err(|_| ());
            assert_eq!(found, expected, "{pattern} in {log:?}");
        }
    }
}
