//! Searches the logs of jobs for all patterns of all rules at once: streaming, in bounded memory, in time linear in the
//! log. It reads what others wrote, archives included, so everything is bounded and nothing is unpacked to disk.
//!
//! A line is searched as a person reads it: without the time in front of it, without colours, and without the carriage
//! return at its end. GitHub's own marks (`##[group]`, `##[error]`) stay, and so does the echo of a step's commands:
//! a pattern that must not match those says so with `^`.
//!
//! Reading order: `archive` for whose log is where, `search` for one log, `patterns` for how many are looked for at once.

mod archive;
mod lines;
mod mask;
mod names;
mod patterns;
mod search;
#[cfg(test)]
mod tests;
mod zip;

pub use archive::{ArchivedJob, scan_archive, scan_text};
pub use patterns::{PatternProblem, Patterns};

/// How much is read at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Files in an archive.
    pub entries: usize,
    /// Bytes of text of all logs together, inflated.
    pub text_bytes: u64,
    /// Bytes of one line; what stands behind them is not searched.
    pub line_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { entries: 20_000, text_bytes: 1 << 30, line_bytes: 64 << 10 }
    }
}

/// Why an archive or a log could not be searched.
#[derive(Debug, thiserror::Error)]
pub enum ScanError {
    /// The archive is not what a zip archive is.
    #[error("the log archive is broken: {0}")]
    Broken(&'static str),
    /// The archive says what we do not read.
    #[error("the log archive cannot be read: {0}")]
    Unsupported(&'static str),
    /// It has more files than allowed.
    #[error("the log archive holds more than {0} files")]
    TooMany(usize),
    /// Reading failed, or the packed data is damaged.
    #[error("cannot read the log: {0}")]
    Read(#[from] std::io::Error),
}
