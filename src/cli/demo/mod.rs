//! `runwarden demo`: the whole daemon, real HTTP, real signatures and a real ledger in a temporary folder, against
//! the simulated GitHub; a story that checks itself as it is told.

mod config;
mod stage;
mod story;

use super::{Exit, show};

/// How to run the demo.
#[derive(Debug, clap::Args)]
pub(super) struct DemoArgs {
    /// End after the story: exit code 0 if it went as told, 1 if not
    #[arg(long)]
    once: bool,
}

pub(super) async fn run(args: &DemoArgs) -> anyhow::Result<Exit> {
    let stage = stage::Stage::set().await?;
    let told = story::tell(&stage).await;
    let went_well = match told {
        Ok(reactions) => {
            show::print(&stage.epilogue(&reactions).await?)?;
            true
        }
        Err(error) => {
            show::refused(&format!("the story did not go as told: {error:#}"));
            false
        }
    };
    if went_well && !args.once {
        show::print(&format!(
            "\nThe daemon stays up: http://{0}/metrics, http://{0}/readyz. Ctrl-C ends it.\n",
            stage.daemon.address
        ))?;
        tokio::signal::ctrl_c().await?;
    }
    stage.strike().await;
    Ok(if went_well { Exit::Ok } else { Exit::Failure })
}
