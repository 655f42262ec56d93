//! Which file of an archive holds which job's log, by GitHub's naming.
//!
//! `0_NAME.txt` is the whole log of a job and `NAME/1_STEP.txt` that of its first step, where NAME is the job's name
//! without `/` and `:`, at most 90 UTF-16 units long, and trimmed. The number in front of a whole log is an ordinal, which
//! may be negative, and no job's id.

use std::collections::HashMap;

/// How much of a job's name a file's name holds, in UTF-16 units.
const LONGEST: usize = 90;
/// What stands for half a character where a name was cut in its middle.
const HALF: char = '\u{fffd}';

/// What a file of an archive is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Place<'a> {
    /// The whole log of the job with that file name.
    Whole(&'a str),
    /// The log of a step, by its number.
    Step(&'a str, u32),
    /// Something else.
    Other,
}

/// What a file of that path is.
pub(super) fn place(path: &str) -> Place<'_> {
    let Some(stem) = path.strip_suffix(".txt") else { return Place::Other };
    match stem.split_once('/') {
        None => match stem.split_once('_') {
            Some((ordinal, name)) if ordinal.parse::<i64>().is_ok() => Place::Whole(tidy(name)),
            _ => Place::Other,
        },
        Some((folder, file)) if !file.contains('/') => {
            match file.split_once('_').and_then(|(number, _)| number.parse().ok()) {
                Some(number) => Place::Step(tidy(folder), number),
                None => Place::Other,
            }
        }
        Some(_) => Place::Other,
    }
}

/// The file name of a job.
pub(super) fn file_name(job: &str) -> String {
    let mut units = 0;
    let kept = job.chars().filter(|letter| !matches!(letter, '/' | ':')).take_while(|letter| {
        units += letter.len_utf16();
        units <= LONGEST
    });
    tidy(&kept.collect::<String>()).to_owned()
}

fn tidy(name: &str) -> &str {
    name.trim_end_matches(HALF).trim()
}

/// The file name of each job, `None` where GitHub had to tell jobs of one name apart: how it does that is written nowhere,
/// so that neither these jobs nor any that might be named like them can be found.
pub(super) fn unambiguous(jobs: &[&str]) -> Vec<Option<String>> {
    let names: Vec<String> = jobs.iter().map(|job| file_name(job)).collect();
    let mut counts: HashMap<String, usize> = HashMap::new();
    for name in &names {
        *counts.entry(name.to_lowercase()).or_default() += 1;
    }
    let shared: Vec<&String> =
        counts.iter().filter(|(name, count)| **count > 1 || name.is_empty()).map(|(name, _)| name).collect();
    let is_clear = |name: &String| {
        let folded = name.to_lowercase();
        // Told apart by something at the end, before which a long name is cut shorter.
        !shared.iter().any(|shared| {
            let stem: String = shared.chars().take(LONGEST / 2).collect();
            folded.starts_with(if shared.chars().count() > LONGEST / 2 { &stem } else { shared.as_str() })
        })
    };
    names.into_iter().map(|name| Some(name).filter(is_clear)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_known_by_its_name() {
        for (path, expected) in [
            ("0_build.txt", Place::Whole("build")),
            ("12_build (linux, 1.2).txt", Place::Whole("build (linux, 1.2)")),
            ("-9999999999_build.txt", Place::Whole("build")),
            ("3_0_build.txt", Place::Whole("0_build")),
            ("build/1_Set up job.txt", Place::Step("build", 1)),
            ("build/10_x_y.txt", Place::Step("build", 10)),
            ("build/system.txt", Place::Other),
            ("build.txt", Place::Other),
            ("a_build.txt", Place::Other),
            ("0_build.log", Place::Other),
            ("../0_build.txt", Place::Step("..", 0)),
            ("a/b/1_x.txt", Place::Other),
            ("build/", Place::Other),
            ("", Place::Other),
        ] {
            assert_eq!(place(path), expected, "{path}");
        }
    }

    #[test]
    fn a_job_is_filed_under_its_name_without_what_paths_do_not_bear() {
        let long = "x".repeat(95);
        let astral = format!("{}\u{1f980}\u{1f980}", "y".repeat(89));
        for (job, expected) in [
            ("build", "build"),
            ("lint / style: strict", "lint  style strict"),
            (" build/", "build"),
            (long.as_str(), &long[..90]),
            (astral.as_str(), &astral[..89]),
        ] {
            assert_eq!(file_name(job), expected, "{job}");
        }
        let spaced = format!("{} tail", "z".repeat(89));
        assert_eq!(file_name(&spaced), "z".repeat(89), "trimmed after the cut");
        let halved = format!("0_{}\u{fffd}.txt", "y".repeat(89));
        assert_eq!(place(&halved), Place::Whole(&"y".repeat(89)), "a character cut in half");
    }

    #[test]
    fn jobs_of_one_file_name_are_not_told_apart() {
        let found = |jobs: &[&str]| unambiguous(jobs).iter().map(Option::is_some).collect::<Vec<_>>();
        assert_eq!(found(&["build", "test"]), [true, true]);
        assert_eq!(found(&["te/st", "test", "lint"]), [false, false, true]);
        assert_eq!(found(&["Test", "test", "test (1)"]), [false, false, false]);
        assert_eq!(found(&["test", "test (1)"]), [true, true]);
        let (one, two) = (format!("{}1", "x".repeat(90)), format!("{}2", "x".repeat(90)));
        assert_eq!(found(&[&one, &two, &"x".repeat(80), "x"]), [false, false, false, true]);
        assert_eq!(found(&["/", "build"]), [false, false], "a name of nothing");
    }
}
