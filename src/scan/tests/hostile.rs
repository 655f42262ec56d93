//! Archives that are damaged, lie, or would burst.

use std::{io::Cursor, sync::LazyLock};

use super::{
    patterns,
    zipped::{Packed, archive, joined},
};
use crate::{
    model::JobLog,
    scan::{ArchivedJob, Limits, Patterns, ScanError, scan_archive, scan_text},
};

const JOB: [ArchivedJob<'static>; 1] = [ArchivedJob { name: "a", wanted: true }];

static RESET: LazyLock<Patterns> = LazyLock::new(|| patterns(&["reset"]));

fn scan(bytes: Vec<u8>, limits: Limits) -> Result<Vec<Option<JobLog>>, ScanError> {
    scan_archive(&mut Cursor::new(bytes), &JOB, &RESET, limits)
}

fn is_complete(log: &JobLog) -> bool {
    matches!(log, JobLog::Scanned { complete: true, .. })
}

#[test]
fn a_cut_off_archive_is_broken_wherever_it_is_cut() {
    let whole = archive(&[("0_a.txt", "one\ntwo\nthree\n"), ("1_b.txt", "x")]);
    for length in 0..whole.len() {
        assert!(scan(whole[..length].to_vec(), Limits::default()).is_err(), "cut at {length}");
    }
    assert!(scan(whole, Limits::default()).is_ok());
}

#[test]
fn an_archive_with_any_byte_changed_is_read_or_refused_but_never_panics() {
    let whole = archive(&[("0_a.txt", &"one two three\n".repeat(20))]);
    for at in 0..whole.len() {
        for flip in [1, 0x80, 0xff] {
            let mut changed = whole.clone();
            changed[at] ^= flip;
            drop(scan(changed, Limits::default()));
        }
    }
}

#[test]
fn a_file_that_lies_about_its_size_or_sum_is_broken() {
    let file = || Packed::deflated("0_a.txt", b"one\ntwo\n");
    let honest = file();
    for (bytes, checksum) in [
        (honest.bytes - 1, honest.checksum),
        (honest.bytes + 1, honest.checksum),
        (honest.bytes, honest.checksum ^ 1),
    ] {
        let lying = joined(&[Packed { bytes, checksum, ..file() }]);
        assert!(matches!(scan(lying, Limits::default()), Err(ScanError::Broken(_))), "{bytes} {checksum}");
    }
    let unknown = joined(&[Packed { method: 12, ..file() }]);
    assert!(matches!(scan(unknown, Limits::default()), Err(ScanError::Unsupported(_))));
}

#[test]
fn a_bomb_is_read_up_to_the_limit_and_what_lies_beyond_is_not_known() {
    let bomb = joined(&[Packed::deflated("0_a.txt", &b"boom\n".repeat(1_000_000))]);
    assert!(bomb.len() < 100_000);
    let limits = Limits { text_bytes: 1_000_000, ..Limits::default() };
    let logs = scan(bomb, limits).unwrap();
    assert!(!is_complete(logs[0].as_ref().unwrap()));
}

#[test]
fn the_limit_holds_for_all_jobs_of_an_archive_together() {
    let jobs = ["a", "b", "c"].map(|name| ArchivedJob { name, wanted: true });
    let text = "x\n".repeat(300);
    let bytes = archive(&[("0_a.txt", &text), ("1_b.txt", &text), ("2_c.txt", &text)]);
    let limits = Limits { text_bytes: 1_000, ..Limits::default() };
    let logs = scan_archive(&mut Cursor::new(bytes), &jobs, &patterns(&["reset"]), limits).unwrap();
    let complete: Vec<bool> = logs.iter().flatten().map(is_complete).collect();
    assert_eq!(complete, [true, false, false]);
}

#[test]
fn more_files_than_allowed_are_refused_before_any_is_read() {
    let files: Vec<(String, String)> = (0..50).map(|n| (format!("{n}_j{n}.txt"), String::new())).collect();
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let limits = Limits { entries: 49, ..Limits::default() };
    assert!(matches!(scan(archive(&files), limits), Err(ScanError::TooMany(49))));
}

#[test]
fn a_line_without_end_takes_no_memory_and_leaves_open_what_stands_in_it() {
    let mut endless = std::io::Read::take(std::io::repeat(b'x'), 3_000_000);
    let log = scan_text(&mut endless, &patterns(&["reset", "^xx"]), Limits::default()).unwrap();
    assert!(log.first("reset").is_err(), "it may stand behind what was read of the line");
    assert_eq!(log.first("^xx").unwrap().unwrap().number, 1);
}

#[test]
fn a_cut_in_the_middle_of_a_line_is_not_taken_for_its_end() {
    let limits = Limits { text_bytes: 8, ..Limits::default() };
    let log = scan_text(&mut &b"ok\nfailed by timeout\n"[..], &patterns(&["faile$", "ok"]), limits).unwrap();
    assert!(log.first("faile$").is_err());
    assert_eq!(log.first("ok").unwrap().unwrap().number, 1);
}
