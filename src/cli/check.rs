//! `runwarden check`: a configuration's problems, all of them, or a line about what it does.

use super::{ConfigArgs, Exit, load, show};
use crate::{
    config::Problems,
    model::Signal,
    rules::{Mode, Rule, Ruleset, Trigger},
};

/// Check a configuration.
#[derive(Debug, clap::Args)]
pub(super) struct CheckArgs {
    #[command(flatten)]
    config: ConfigArgs,
    /// Do not read secrets and certificates: check how they are named only
    #[arg(long)]
    without_secrets: bool,
    /// Print the problems as a JSON array
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &CheckArgs) -> anyhow::Result<Exit> {
    let path = &args.config.config;
    let loaded = if args.without_secrets { load::config_without_secrets(path) } else { load::config(path) };
    let (problems, ruleset, exit) = match loaded {
        Ok(loaded) => (loaded.warnings, Some(loaded.config.ruleset), Exit::Ok),
        Err(problems) => (problems, None, Exit::Config),
    };
    if args.json {
        show::print_json(&problems)?;
    } else {
        let file = args.config.config.display().to_string();
        show::print(&report(&file, &problems, ruleset.as_ref()))?;
    }
    Ok(exit)
}

fn report(file: &str, problems: &Problems, ruleset: Option<&Ruleset>) -> String {
    let said = if problems.is_empty() { String::new() } else { format!("{problems}\n") };
    match ruleset {
        None => said,
        Some(ruleset) if problems.is_empty() => format!("{file} is clean: {}\n", summary(ruleset)),
        Some(ruleset) => format!("{said}{file} can be run with: {}\n", summary(ruleset)),
    }
}

/// `4 rules (3 enforce, 1 observe), listens to workflow_run.completed, deployment.waiting; 2 schedules`.
fn summary(ruleset: &Ruleset) -> String {
    let mut text = counted(ruleset.rules.len(), "rule");
    let modes: Vec<String> = Mode::WORDS
        .iter()
        .map(|(word, mode)| {
            (word, ruleset.rules.iter().filter(|rule| ruleset.mode_of(rule) == *mode).count())
        })
        .filter(|(_, count)| *count > 0)
        .map(|(word, count)| format!("{count} {word}"))
        .collect();
    if !modes.is_empty() {
        text.push_str(&format!(" ({})", modes.join(", ")));
    }
    let signals: Vec<&str> = Signal::WEBHOOK
        .into_iter()
        .filter(|signal| ruleset.listens_to(*signal))
        .map(Signal::as_str)
        .collect();
    match signals.as_slice() {
        [] => text.push_str(", listens to no webhook"),
        signals => text.push_str(&format!(", listens to {}", signals.join(", "))),
    }
    let is_scheduled = |rule: &&Rule| rule.schedule().is_some() && ruleset.mode_of(rule) != Mode::Off;
    match ruleset.rules.iter().filter(is_scheduled).count() {
        0 => {}
        schedules => text.push_str(&format!("; {}", counted(schedules, "schedule"))),
    }
    let is_by_hand =
        |rule: &&Rule| rule.on == [Trigger::Signal(Signal::Command)] && ruleset.mode_of(rule) != Mode::Off;
    match ruleset.rules.iter().filter(is_by_hand).count() {
        0 => {}
        rules => text.push_str(&format!("; {rules} by hand only")),
    }
    text
}

fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        model::{Action, RuleName},
        rules::{Condition, Limits, Rule, Trigger},
    };

    fn rule(name: &str, on: Trigger, mode: Mode) -> Rule {
        Rule {
            name: RuleName::parse(name).unwrap(),
            on: vec![on],
            when: Condition::All(Vec::new()),
            then: vec![Action::Cancel],
            comment: None,
            keep: None,
            limits: Limits::default(),
            mode,
        }
    }

    #[test]
    fn the_summary_says_what_the_rules_listen_to_and_whether_they_act() {
        let nightly = || Trigger::Schedule { cron: "0 2 * * *".to_owned(), zone: "UTC".to_owned() };
        let rules = vec![
            rule("a", Trigger::Signal(Signal::RunCompleted), Mode::Enforce),
            rule("b", Trigger::Signal(Signal::DeploymentWaiting), Mode::Observe),
            rule("c", nightly(), Mode::Enforce),
            rule("d", nightly(), Mode::Off),
            rule("e", Trigger::Signal(Signal::Command), Mode::Enforce),
        ];
        let ruleset = Ruleset { mode: Mode::Enforce, rules, ..Ruleset::default() };
        assert_eq!(
            report("config.yaml", &Problems::default(), Some(&ruleset)),
            "config.yaml is clean: 5 rules (3 enforce, 1 observe, 1 off), listens to workflow_run.completed, \
             deployment.waiting; 1 schedule; 1 by hand only\n"
        );
        let none = Ruleset::default();
        assert_eq!(
            report("c", &Problems::default(), Some(&none)),
            "c is clean: 0 rules, listens to no webhook\n"
        );
    }
}
