//! The command line: a function for each command, and what is common to them.

mod anew;
mod apply;
mod check;
mod demo;
mod explain;
mod follow;
mod history;
mod load;
mod logging;
mod replay;
mod runs;
mod schema;
mod serve;
mod show;
mod test;
mod try_out;

use std::{path::PathBuf, process::ExitCode};

use clap::{Args, Parser, Subcommand};

/// How a command ended, as the exit code that scripts see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// 0: it did what was asked.
    Ok,
    /// 1: it could not.
    Failure,
    /// 2: it was called in a wrong way.
    Usage,
    /// 3: the configuration is not usable.
    Config,
    /// 4: a test of the rules failed.
    Tests,
    /// 5: a rule that was asked by hand does not match, or has nothing new to do.
    NothingDone,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Ok => 0,
            Exit::Failure => 1,
            Exit::Usage => 2,
            Exit::Config => 3,
            Exit::Tests => 4,
            Exit::NothingDone => 5,
        })
    }
}

/// Re-runs, approves and purges GitHub Actions workflow runs by rules, and keeps a history of every act and refusal.
#[derive(Debug, Parser)]
#[command(name = "runwarden", version, arg_required_else_help = true, after_help = EXIT_CODES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXIT_CODES: &str =
    "Exit codes: 0 ok, 1 failure, 2 usage, 3 configuration, 4 a test failed, 5 nothing to do (apply)";

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the daemon: receive webhooks, judge runs, act
    Serve(ConfigArgs),
    /// Check a configuration and show all its problems (exit code 3 if it has errors)
    Check(check::CheckArgs),
    /// Run the tests that stand in configurations (exit code 4 if one fails)
    Test(test::TestArgs),
    /// Print the configuration's JSON Schema, for editors
    Schema,
    /// Show for one payload what every rule says, condition by condition
    Explain(explain::ExplainArgs),
    /// Show what came, what was decided and why, what was done, and how it ended
    History(history::HistoryArgs),
    /// Judge what the ledger holds by other rules, offline, and show what would have been different
    Replay(replay::ReplayArgs),
    /// Show what the rules would have done with a repository that has never seen them; it only reads
    Try(try_out::TryArgs),
    /// Ask a rule by hand: of one run, or over a repository as on its schedule (exit code 5 if there is nothing to do)
    Apply(apply::ApplyArgs),
    /// Look at and act on workflow runs by hand, with the configuration's credentials
    #[command(subcommand)]
    Runs(runs::RunsCommand),
    /// Run the whole daemon against a simulated GitHub and tell a story
    Demo(demo::DemoArgs),
}

/// Where the configuration is.
#[derive(Debug, Clone, Args)]
struct ConfigArgs {
    /// The configuration file
    #[arg(short, long, value_name = "FILE", env = "RUNWARDEN_CONFIG", default_value = "config.yaml")]
    config: PathBuf,
}

/// Runs the program as the process's arguments say.
#[must_use]
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are no failures.
            let exit = if error.use_stderr() { Exit::Usage } else { Exit::Ok };
            drop(error.print());
            return exit.into();
        }
    };
    let runtime =
        match tokio::runtime::Builder::new_multi_thread().enable_all().max_blocking_threads(64).build() {
            Ok(runtime) => runtime,
            Err(error) => {
                eprintln!("runwarden: cannot start the runtime: {error}");
                return Exit::Failure.into();
            }
        };
    let ended = runtime.block_on(run(cli.command));
    runtime.shutdown_timeout(std::time::Duration::from_secs(1));
    match ended {
        Ok(exit) => exit.into(),
        Err(error) => {
            eprintln!("runwarden: {error:#}");
            Exit::Failure.into()
        }
    }
}

async fn run(command: Command) -> anyhow::Result<Exit> {
    match command {
        Command::Serve(args) => serve::run(&args).await,
        Command::Check(args) => check::run(&args),
        Command::Test(args) => test::run(&args),
        Command::Schema => schema::run(),
        Command::Explain(args) => explain::run(&args).await,
        Command::History(args) => history::run(&args).await,
        Command::Replay(args) => replay::run(&args).await,
        Command::Try(args) => try_out::run(&args).await,
        Command::Apply(args) => apply::run(&args).await,
        Command::Runs(command) => runs::run(command).await,
        Command::Demo(args) => demo::run(&args).await,
    }
}
