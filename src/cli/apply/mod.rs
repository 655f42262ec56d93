//! `runwarden apply`: asks a rule by hand, of one run or over a repository. It goes through the ledger like commands
//! that act on a run, and is held to all that holds for the rule.

mod dry;
mod told;

use super::{
    Exit,
    runs::{
        args::{Common, Patience, run_id},
        link::Link,
        order,
    },
    show,
};
use crate::{
    config,
    model::{Apply, RepositoryName, RuleName, RunId},
    pipeline::Asked,
    rules::{Mode, Ruleset},
};

/// Which rule to ask of what.
#[derive(Debug, clap::Args)]
pub(super) struct ApplyArgs {
    /// The rule's name
    #[arg(value_name = "RULE", value_parser = RuleName::parse)]
    rule: RuleName,
    /// The repository
    #[arg(value_name = "OWNER/REPO", value_parser = RepositoryName::parse)]
    repository: RepositoryName,
    /// The run's id; left out, a rule with a schedule goes over the repository as on its tick
    #[arg(value_name = "RUN", value_parser = run_id)]
    run: Option<RunId>,
    /// Show what would be done; do nothing and record nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    patience: Patience,
}

pub(super) async fn run(args: &ApplyArgs) -> anyhow::Result<Exit> {
    let Some(link) = Link::new(&args.common, &args.repository)? else {
        return Ok(Exit::Config);
    };
    if let Err((why, exit)) = check(args, &link.config.ruleset) {
        show::refused(&why);
        return Ok(exit);
    }
    let (rule, repository) = (args.rule.clone(), args.repository.clone());
    let apply = Apply { rule, repository, run: args.run, by: order::who_asks() };
    if args.dry_run {
        return dry::run(&link, apply, args.common.json).await;
    }
    let asked = Asked::Rule(apply.clone());
    let (entry, carrier) = order::have_done(&link, &asked, args.patience).await?;
    let (words, exit) = told::outcome(&apply, &entry, carrier);
    if args.common.json {
        show::print_json(&show::EntryView::new(&entry, &show::Aftermath::default()))?;
    } else {
        show::print(&told::text(&apply, &entry, &words, show::Paint::for_stdout()))?;
    }
    Ok(exit)
}

/// What the configuration alone tells: the rule is not there, off, or cannot be asked so.
fn check(args: &ApplyArgs, ruleset: &Ruleset) -> Result<(), (String, Exit)> {
    let name = &args.rule;
    let Some(rule) = ruleset.rule(name) else {
        let names: Vec<&str> = ruleset.rules.iter().map(|rule| rule.name.as_str()).collect();
        let file = args.common.config.config.display();
        let why = format!("{file} has no rule `{name}`: {}", config::instead(name.as_str(), &names));
        return Err((why, Exit::Usage));
    };
    if ruleset.mode_of(rule) == Mode::Off {
        return Err((
            format!("rule {name} is off: `mode: observe` or `enforce` lets it judge"),
            Exit::Failure,
        ));
    }
    if rule.when.names_a_job() {
        return Err((format!("rule {name} {}", Apply::NO_JOB), Exit::Failure));
    }
    if args.run.is_none() && rule.schedule().is_none() {
        let why = format!(
            "rule {name} has no schedule: say of which run it is asked, `runwarden apply {name} {} RUN`",
            args.repository
        );
        return Err((why, Exit::Usage));
    }
    Ok(())
}
