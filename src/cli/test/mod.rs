//! `runwarden test`: the tests that stand in configurations, held against the rules that stand beside them.

mod report;

use std::path::{Path, PathBuf};

use anyhow::Context as _;

use self::report::{FileReport, TestReport, summary};
use super::{ConfigArgs, Exit, explain, load, show};
use crate::{
    github,
    model::Facts,
    rules::{Example, Ruleset, try_out},
};

/// Deeper folders are not gone into.
const DEEPEST: usize = 16;

/// Run the tests of configurations.
#[derive(Debug, clap::Args)]
pub(super) struct TestArgs {
    /// Configurations, or folders of which all .yaml files are meant; left out, the configuration
    #[arg(value_name = "FILE")]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    config: ConfigArgs,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &TestArgs) -> anyhow::Result<Exit> {
    let mut files = Vec::new();
    for path in &args.paths {
        find(path, DEEPEST, &mut files)?;
    }
    if args.paths.is_empty() {
        files.push(args.config.config.clone());
    }
    let reports: Vec<FileReport> = files.iter().map(|file| try_file(file)).collect();
    if args.json {
        show::print_json(&reports)?;
    } else {
        let paint = show::Paint::for_stdout();
        let mut text: String = reports.iter().map(|report| report.text(paint)).collect();
        text.push_str(&summary(&reports, paint));
        show::print(&text)?;
    }
    Ok(if reports.iter().any(|report| report.problems.is_some()) {
        Exit::Config
    } else if reports.iter().any(FileReport::has_failed) {
        Exit::Tests
    } else {
        Exit::Ok
    })
}

/// A file as it is named, or all configurations of a folder, in order.
fn find(path: &Path, depth: usize, files: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    if !path.is_dir() {
        files.push(path.to_owned());
        return Ok(());
    }
    let doing = || format!("cannot read the folder {}", path.display());
    let mut entries = std::fs::read_dir(path)
        .and_then(|entries| {
            entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>()
        })
        .with_context(doing)?;
    entries.sort();
    for entry in entries {
        let is_yaml = entry.extension().is_some_and(|extension| extension == "yaml" || extension == "yml");
        if (entry.is_dir() && depth > 0) || (entry.is_file() && is_yaml) {
            find(&entry, depth.saturating_sub(1), files)?;
        }
    }
    Ok(())
}

fn try_file(path: &Path) -> FileReport {
    let file = path.display().to_string();
    match load::config_without_secrets(path) {
        Err(problems) => FileReport { file, problems: Some(problems), tests: Vec::new() },
        Ok(loaded) => {
            let config = loaded.config;
            let tests = config.examples.iter().map(|example| try_example(&config.ruleset, example)).collect();
            FileReport { file, problems: None, tests }
        }
    }
}

fn try_example(ruleset: &Ruleset, example: &Example) -> TestReport {
    let payload = match &example.given.payload {
        None => Ok(None),
        Some(path) => facts_of(path).map(Some),
    };
    match payload {
        Ok(facts) => TestReport::of(example, try_out(ruleset, example, facts.as_ref())),
        Err(error) => TestReport::cannot(example, format!("{error:#}")),
    }
}

/// What a payload carries.
fn facts_of(path: &Path) -> anyhow::Result<Facts> {
    let body = explain::read(path)?;
    let name = path.display();
    let event = explain::event_name::event_of(&body)
        .with_context(|| format!("cannot tell which event {name} is the payload of"))?;
    let read = github::read(&event, &body)
        .with_context(|| format!("cannot read {name} as the payload of the event {event}"))?;
    let read = read.with_context(|| format!("no rule can listen to {name}, a payload of {event}"))?;
    Ok(Facts::from(read))
}
