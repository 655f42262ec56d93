//! Policies of real projects in the language of the rules: each decides as its project specified.

use std::{collections::BTreeSet, fs, path::PathBuf, process::Command};

use runwarden::config;

/// How many lines a policy may have beside its tests, comments and blank lines.
const MOST_LINES: usize = 40;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("examples/policies")
}

/// The policies by their file's name.
fn policies() -> Vec<(String, String)> {
    let entries = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap());
    let mut found: Vec<(String, String)> = entries
        .map(|entry| (entry.file_name().into_string().unwrap(), fs::read_to_string(entry.path()).unwrap()))
        .collect();
    found.sort();
    found
}

#[test]
fn every_policy_decides_as_its_project_specified() {
    for path in [folder(), PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("config.example.yaml")] {
        let output = Command::new(env!("CARGO_BIN_EXE_runwarden"))
            .args(["test".as_ref(), path.as_os_str()])
            .env_clear()
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(0), "{text}");
        assert!(!text.contains("has no tests"), "{text}");
    }
}

#[test]
fn every_policy_is_short_has_its_source_and_more_tests_than_its_project_gave() {
    let mut numbers = BTreeSet::new();
    for (name, text) in policies() {
        assert!(numbers.insert(name.split('-').next().unwrap().to_owned()), "{name}: a second of its number");
        let comments: Vec<&str> = text.lines().take_while(|line| line.starts_with('#')).collect();
        assert!(comments.iter().any(|line| line.contains("https://github.com/")), "{name} names no source");
        let rules = text.split("\ntests:").next().unwrap();
        let is_rule = |line: &&str| !line.trim().is_empty() && !line.trim_start().starts_with('#');
        let lines = rules.lines().filter(is_rule).count();
        assert!(lines <= MOST_LINES, "{name} takes {lines} lines");
        let loaded = config::load_without_secrets(&folder().join(&name));
        let loaded = loaded.unwrap_or_else(|problems| panic!("{problems}"));
        assert!(loaded.config.examples.len() >= 4, "{name} has {} tests", loaded.config.examples.len());
        for rule in &loaded.config.ruleset.rules {
            let tests = loaded.config.examples.iter();
            let acts = tests.flat_map(|test| &test.expected.actions).any(|action| action.rule == rule.name);
            assert!(acts, "{name}: in no test {} acts", rule.name);
        }
    }
    assert_eq!(numbers, (1..=20).map(|number| format!("{number:02}")).collect());
}
