//! Whose log is where in an archive, and its search.

use std::{
    collections::HashMap,
    io::{Read, Seek},
};

use super::{
    Limits, ScanError,
    names::{Place, place, unambiguous},
    patterns::Patterns,
    search::Search,
    zip::{self, Entry},
};
use crate::model::JobLog;

const BUFFER_BYTES: usize = 256 << 10;

/// A job of the attempt that an archive is of.
#[derive(Debug, Clone, Copy)]
pub struct ArchivedJob<'a> {
    /// Its name.
    pub name: &'a str,
    /// Whether its log is to be searched; the others' names only tell whose is whose.
    pub wanted: bool,
}

/// Where a job's log is.
#[derive(Default)]
struct Files<'a> {
    whole: Vec<&'a Entry>,
    steps: Vec<(u32, &'a Entry)>,
}

/// Searches the logs of jobs in an attempt's archive (zip); for each job in turn what was found, or `None` when it is not
/// wanted or cannot be told from the archive. `jobs` are all jobs of the attempt.
///
/// # Errors
/// When the archive is damaged, or larger than the limits in what is not text.
pub fn scan_archive<F: Read + Seek>(
    file: &mut F,
    jobs: &[ArchivedJob<'_>],
    patterns: &Patterns,
    limits: Limits,
) -> Result<Vec<Option<JobLog>>, ScanError> {
    let entries = zip::entries(file, limits.entries)?;
    let mut files: HashMap<&str, Files<'_>> = HashMap::new();
    for entry in &entries {
        match place(&entry.path) {
            Place::Whole(name) => files.entry(name).or_default().whole.push(entry),
            Place::Step(name, number) => files.entry(name).or_default().steps.push((number, entry)),
            Place::Other => {}
        }
    }
    let names: Vec<&str> = jobs.iter().map(|job| job.name).collect();
    let mut room = limits.text_bytes;
    let mut logs = Vec::with_capacity(jobs.len());
    for (job, name) in jobs.iter().zip(unambiguous(&names)) {
        let own = name.filter(|_| job.wanted).and_then(|name| files.remove(name.as_str()));
        logs.push(match own.and_then(Files::in_order) {
            Some(own) => Some(scan_files(file, &own, patterns, limits, &mut room)?),
            None => None,
        });
    }
    Ok(logs)
}

impl<'a> Files<'a> {
    /// The whole log, or that of all steps in their order; `None` when two files would be the same.
    fn in_order(mut self) -> Option<Vec<&'a Entry>> {
        match self.whole.len() {
            0 => {}
            1 => return Some(self.whole),
            _ => return None,
        }
        self.steps.sort_by_key(|(number, _)| *number);
        let twice = self.steps.windows(2).any(|pair| matches!(pair, [(one, _), (two, _)] if one == two));
        (!twice && !self.steps.is_empty()).then(|| self.steps.into_iter().map(|(_, entry)| entry).collect())
    }
}

fn scan_files<F: Read + Seek>(
    file: &mut F,
    entries: &[&Entry],
    patterns: &Patterns,
    limits: Limits,
    room: &mut u64,
) -> Result<JobLog, ScanError> {
    let mut search = Search::new(patterns, limits.line_bytes);
    for entry in entries {
        let whole = zip::read(file, entry, |piece| take(&mut search, piece, room))?;
        if !whole {
            return Ok(search.finish(false));
        }
        search.end_file();
    }
    Ok(search.finish(true))
}

/// Searches one log, as plain text.
///
/// # Errors
/// When reading fails.
pub fn scan_text(reader: &mut impl Read, patterns: &Patterns, limits: Limits) -> Result<JobLog, ScanError> {
    let mut search = Search::new(patterns, limits.line_bytes);
    let (mut buffer, mut room) = (vec![0; BUFFER_BYTES], limits.text_bytes);
    loop {
        let read = reader.read(&mut buffer)?;
        let piece = buffer.get(..read).unwrap_or_default();
        if piece.is_empty() {
            return Ok(search.finish(true));
        }
        if !take(&mut search, piece, &mut room) {
            return Ok(search.finish(false));
        }
    }
}

/// Searches on, as far as there is room; whether there is more to learn.
fn take(search: &mut Search<'_>, piece: &[u8], room: &mut u64) -> bool {
    let length = u64::try_from(piece.len()).unwrap_or(u64::MAX);
    if length > *room {
        search.push(piece.get(..usize::try_from(*room).unwrap_or(usize::MAX)).unwrap_or(piece));
        *room = 0;
        return false;
    }
    *room -= length;
    search.push(piece);
    !search.is_settled()
}
