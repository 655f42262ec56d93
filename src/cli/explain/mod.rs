//! `runwarden explain`: what every rule says of one payload, or said of one delivery, condition by condition.

pub(super) mod event_name;
pub(super) mod offline;
pub(super) mod render;
pub(super) mod stored;
mod tree;

use std::{
    io::Read as _,
    path::{Path, PathBuf},
};

use anyhow::Context as _;

use self::{
    event_name::{event_of, is_listened_to},
    offline::Explanation,
};
use super::{ConfigArgs, Exit, load, show};
use crate::{
    clock::Clock,
    github,
    model::{Facts, PullEvent, RunId, RunSnapshot},
};

/// No webhook is larger: <https://docs.github.com/en/webhooks/webhook-events-and-payloads#payload-cap>.
const LARGEST_BYTES: u64 = 26 * 1024 * 1024;

/// What to explain.
#[derive(Debug, clap::Args)]
pub(super) struct ExplainArgs {
    /// A webhook's payload as GitHub sent it; `-` reads it from standard input
    #[arg(value_name = "PAYLOAD", required_unless_present = "delivery", conflicts_with = "delivery")]
    payload: Option<PathBuf>,
    /// The payload's event, as in the header X-GitHub-Event; told from the payload where it is left out
    #[arg(long, value_name = "NAME", conflicts_with = "delivery")]
    event: Option<String>,
    /// Explain a delivery of the history instead
    #[arg(long, value_name = "GUID", value_parser = crate::model::DeliveryGuid::parse)]
    delivery: Option<crate::model::DeliveryGuid>,
    #[command(flatten)]
    config: ConfigArgs,
    /// With --delivery: read this ledger; the configuration is not needed then
    #[arg(long, value_name = "FILE", requires = "delivery", conflicts_with = "payload")]
    database: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: &ExplainArgs) -> anyhow::Result<Exit> {
    match (&args.delivery, &args.payload) {
        (Some(guid), _) => stored::run(args, guid).await,
        (None, Some(payload)) => explain_payload(args, payload),
        (None, None) => Ok(Exit::Usage),
    }
}

fn explain_payload(args: &ExplainArgs, path: &Path) -> anyhow::Result<Exit> {
    let ruleset = match load::config_without_secrets(&args.config.config) {
        Ok(loaded) => loaded.config.ruleset,
        Err(problems) => {
            show::not_usable(&problems, None);
            return Ok(Exit::Config);
        }
    };
    let body = read(path)?;
    let Some(event) = args.event.clone().or_else(|| event_of(&body)) else {
        show::refused(&format!(
            "cannot tell which event {} is the payload of: say it with `--event NAME`, as GitHub's header X-GitHub-Event did",
            name_of(path)
        ));
        return Ok(Exit::Usage);
    };
    let read = github::read(&event, &body)
        .with_context(|| format!("cannot read {} as the payload of the event {event}", name_of(path)))?;
    let facts = match read {
        Some(read) => Some(Facts::from(read)),
        None => github::read_pull(&event, &body)
            .with_context(|| format!("cannot read {} as the payload of the event {event}", name_of(path)))?
            .map(|read| of_a_run_to_be_found(&read)),
    };
    let Some(facts) = facts else {
        return nothing_listens(args, &event);
    };
    let explanation = Explanation::new(&ruleset, facts, Clock::system().now());
    if args.json {
        show::print_json(&explanation.view(&event))?;
    } else {
        show::print(&explanation.text(show::Paint::for_stdout()))?;
    }
    Ok(Exit::Ok)
}

/// What a webhook about a pull request tells of each run of its head commit.
fn of_a_run_to_be_found(event: &PullEvent) -> Facts {
    let run = RunSnapshot::unknown(event.repository.clone(), RunId(0));
    Facts::of_pull(event, event.pull.as_ref(), run)
}

/// GitHub sends it, and there is nothing to judge.
fn nothing_listens(args: &ExplainArgs, event: &str) -> anyhow::Result<Exit> {
    let why = if is_listened_to(event) {
        format!("no rule can listen to this activity of {event}")
    } else {
        format!("no rule can listen to {event}")
    };
    if args.json {
        show::print_json(&serde_json::json!({ "event": event, "signal": null, "reason": why }))?;
    } else {
        show::print(&format!(
            "{why}: the daemon answers such a webhook 202, counts it and does not keep it\n"
        ))?;
    }
    Ok(Exit::Ok)
}

/// Reads a payload.
pub(super) fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    let mut body = Vec::new();
    let doing = || format!("cannot read {}", name_of(path));
    if is_stdin(path) {
        std::io::stdin().lock().take(LARGEST_BYTES + 1).read_to_end(&mut body).with_context(doing)?;
    } else {
        let file = std::fs::File::open(path).with_context(doing)?;
        file.take(LARGEST_BYTES + 1).read_to_end(&mut body).with_context(doing)?;
    }
    let size = u64::try_from(body.len()).unwrap_or(u64::MAX);
    anyhow::ensure!(size <= LARGEST_BYTES, "{} is larger than any webhook", name_of(path));
    Ok(body)
}

fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}

fn name_of(path: &Path) -> String {
    if is_stdin(path) { "standard input".to_owned() } else { path.display().to_string() }
}
