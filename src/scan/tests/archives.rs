//! Whose log is read from where.

use std::io::Cursor;

use super::{patterns, zipped::archive};
use crate::{
    model::JobLog,
    scan::{ArchivedJob, Limits, scan_archive, scan_text},
};

/// The number of the line with `reset` in each job's log: `None` when its log cannot be told, 0 when no line has it.
fn found(jobs: &[&str], files: &[(&str, &str)]) -> Vec<Option<u64>> {
    let jobs: Vec<ArchivedJob<'_>> = jobs.iter().map(|name| ArchivedJob { name, wanted: true }).collect();
    let wanted = patterns(&["reset"]);
    let logs = scan_archive(&mut Cursor::new(archive(files)), &jobs, &wanted, Limits::default()).unwrap();
    let line = |log: JobLog| log.first("reset").unwrap().map_or(0, |hit| hit.number);
    logs.into_iter().map(|log| log.map(line)).collect()
}

#[test]
fn each_job_has_its_own_part_of_an_archive() {
    let long = "a".repeat(100);
    let cut = format!("1_{}.txt", "a".repeat(90));
    for (what, jobs, files, expected) in [
        (
            "whole logs",
            vec!["a", "b"],
            vec![("0_a.txt", "x"), ("1_b.txt", "y\nreset")],
            vec![Some(0), Some(2)],
        ),
        (
            "an ordinal is no order",
            vec!["a", "b"],
            vec![("7_b.txt", "reset"), ("3_a.txt", "")],
            vec![Some(0), Some(1)],
        ),
        ("a negative ordinal", vec!["a"], vec![("-9999999999_a.txt", "reset")], vec![Some(1)]),
        (
            "steps only, in their order",
            vec!["a"],
            vec![("a/10_z.txt", "reset"), ("a/2_y.txt", "1\n2\n"), ("a/1_x.txt", "1")],
            vec![Some(4)],
        ),
        (
            "whole before steps",
            vec!["a"],
            vec![("a/1_x.txt", "reset"), ("0_a.txt", "x\nreset")],
            vec![Some(2)],
        ),
        ("no file of the job", vec!["a", "b"], vec![("0_a.txt", "reset")], vec![Some(1), None]),
        ("only what the runner noted", vec!["a"], vec![("a/system.txt", "reset")], vec![None]),
        (
            "a reusable workflow's job",
            vec!["ci / lint: x"],
            vec![("0_ci  lint x.txt", "reset")],
            vec![Some(1)],
        ),
        ("a long name", vec![long.as_str()], vec![(cut.as_str(), "reset")], vec![Some(1)]),
        (
            "one name for two",
            vec!["a/b", "ab", "c"],
            vec![("0_ab.txt", "reset"), ("1_ab (1).txt", ""), ("2_c.txt", "")],
            vec![None, None, Some(0)],
        ),
        ("two files for one", vec!["a"], vec![("0_a.txt", "reset"), ("1_a.txt", "")], vec![None]),
        ("a step twice", vec!["a"], vec![("a/1_x.txt", "reset"), ("a/1_y.txt", "")], vec![None]),
        ("an empty archive", vec!["a"], vec![], vec![None]),
    ] {
        assert_eq!(found(&jobs, &files), expected, "{what}");
    }
}

#[test]
fn a_job_that_is_not_asked_for_still_tells_whose_is_whose() {
    let jobs = [ArchivedJob { name: "ab", wanted: true }, ArchivedJob { name: "a/b", wanted: false }];
    let mut file = Cursor::new(archive(&[("0_ab.txt", "reset")]));
    assert_eq!(
        scan_archive(&mut file, &jobs, &patterns(&["reset"]), Limits::default()).unwrap(),
        [None, None]
    );
}

#[test]
fn a_line_is_evidence_with_its_number_and_without_secrets() {
    let log = "2026-01-01T00:00:00.0000000Z ##[group]Run x\r\n2026-01-01T00:00:00.0000000Z \u{1b}[31mGET https://u:p@h/ failed\u{1b}[0m\r\n";
    let wanted = patterns(&["^GET .* failed$", "^Run", "nothing"]);
    let JobLog::Scanned { hits, complete, .. } =
        scan_text(&mut log.as_bytes(), &wanted, Limits::default()).unwrap()
    else {
        panic!("searched");
    };
    assert!(complete);
    assert_eq!(hits.len(), 1);
    assert_eq!((hits[0].number, hits[0].line.as_str()), (2, "GET https://***@h/ failed"));
}
