//! `runwarden history`: what came, what was decided and why, what was done, and how it ended. The newest stands
//! last, as in a log, where a terminal leaves the eye.

mod lines;
pub(super) mod since;

use std::path::PathBuf;

use self::{
    lines::{Line, lines},
    since::Since,
};
use super::{
    ConfigArgs, Exit,
    show::{self, Aftermath},
};
use crate::{
    clock::Clock,
    model::{RepositoryName, RuleName, RunId},
    store::{HistoryEntry, HistoryFilter, Store, StoreError},
};

/// What part of the history to show.
#[derive(Debug, clap::Args)]
pub(super) struct HistoryArgs {
    #[command(flatten)]
    config: ConfigArgs,
    /// Read this ledger; the configuration is not needed then
    #[arg(long, value_name = "FILE")]
    database: Option<PathBuf>,
    /// Only runs of this repository
    #[arg(long, value_name = "OWNER/REPO", value_parser = RepositoryName::parse)]
    repo: Option<RepositoryName>,
    /// Only where this rule had more to say than that it does not match
    #[arg(long, value_name = "NAME", value_parser = RuleName::parse)]
    rule: Option<RuleName>,
    /// Only this run
    #[arg(long, value_name = "ID")]
    run: Option<i64>,
    /// Only what was received in this time or since then: `24h`, `2026-01-31`, `2026-01-31T08:00:00Z`
    #[arg(long, value_name = "TIME", value_parser = Since::parse)]
    since: Option<Since>,
    /// At most so many deliveries, the newest
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    limit: u32,
    /// Show the deliveries' guids too, for `explain --delivery`
    #[arg(long)]
    guid: bool,
    /// Print a JSON array of deliveries with all that came of them
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: &HistoryArgs) -> anyhow::Result<Exit> {
    let path = match show::path_of_ledger(&args.config.config, args.database.as_deref()) {
        Ok(path) => path,
        Err(problems) => {
            show::not_usable(&problems, Some("`--database FILE` shows the history without a configuration"));
            return Ok(Exit::Config);
        }
    };
    let filter = filter(args);
    let store = Store::open_beside(&path).await?;
    let found = with_aftermath(&store, &filter).await;
    store.close().await;
    let (entries, aftermath) = found?;
    if args.json {
        let view = |entry| show::EntryView::new(entry, &aftermath);
        let views: Vec<show::EntryView<'_>> = entries.iter().map(view).collect();
        show::print_json(&views)?;
    } else {
        let lines: Vec<_> =
            entries.iter().flat_map(|entry| lines(entry, args.rule.as_ref(), &aftermath)).collect();
        show::print(&draw(&lines, args.guid, show::Paint::for_stdout()))?;
        say_whether_cut(entries.len(), args.limit);
    }
    Ok(Exit::Ok)
}

/// The history, the newest last, with what came after what was done.
async fn with_aftermath(
    store: &Store,
    filter: &HistoryFilter,
) -> Result<(Vec<HistoryEntry>, Aftermath), StoreError> {
    let mut entries = store.history(filter).await?;
    entries.sort_by_key(|entry| entry.delivery.id);
    let aftermath = Aftermath::of(store, &entries, Clock::system().now()).await?;
    Ok((entries, aftermath))
}

fn filter(args: &HistoryArgs) -> HistoryFilter {
    HistoryFilter {
        repository: args.repo.clone(),
        rule: args.rule.clone(),
        run: args.run.map(RunId),
        since: args.since.map(|since| since.before(Clock::system().now())),
        guid: None,
        limit: args.limit,
    }
}

/// The history as `runwarden history` shows it; with a rule, only what is about it.
pub(super) fn text(entries: &[HistoryEntry], rule: Option<&RuleName>, paint: show::Paint) -> String {
    let aftermath = Aftermath::default();
    let lines: Vec<_> = entries.iter().flat_map(|entry| lines(entry, rule, &aftermath)).collect();
    draw(&lines, false, paint)
}

fn draw(lines: &[Line], with_guid: bool, paint: show::Paint) -> String {
    if lines.is_empty() {
        return "the history holds nothing of the kind\n".to_owned();
    }
    lines::render(lines, with_guid, paint)
}

/// To standard error, so that what reads the table is not surprised by a line that is none.
fn say_whether_cut(shown: usize, limit: u32) {
    if u32::try_from(shown).is_ok_and(|shown| shown >= limit) {
        show::refused(&format!("these are the newest {limit} deliveries: `--limit N` shows more"));
    }
}
