//! What the daemon costs and how quick it is: `cargo bench`, or `cargo bench --bench daemon -- ingest --quick`.
//!
//! The release binary is started as a user would start it and driven over loopback. With `taskset` the server has
//! one core to itself and the load generator another. Every figure is a median of rounds; nothing here is a test,
//! and a goal that is not reached is printed, not failed.

mod burst;
mod client;
mod decide;
mod floor;
mod ingest;
mod latency;
mod ledger;
mod machine;
mod memory;
mod reaction;
mod report;
mod requests;
mod stage;
mod start;
mod webhooks;

use anyhow::bail;

use machine::Machine;
use report::Report;

/// What can be measured, in the order in which it is.
const MEASURES: [&str; 9] =
    ["ingest", "latency", "burst", "decide", "reaction", "memory", "start", "size", "requests"];

/// What all measures share.
struct Bench {
    machine: Machine,
    report: Report,
    /// Fewer and shorter rounds: to see that all works, not to quote.
    quick: bool,
    rounds: usize,
}

impl Bench {
    /// The first when in a hurry, the second when not.
    fn size(&self, quick: usize, full: usize) -> usize {
        if self.quick { quick } else { full }
    }
}

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if !arguments.iter().any(|argument| argument == "--bench") {
        // `cargo test --all-targets` comes here too.
        println!("Nothing is measured without `cargo bench`.");
        return Ok(());
    }
    if let Some(address) = arguments.iter().find_map(|argument| argument.strip_prefix(floor::ARGUMENT)) {
        // On the core that it was started on; as many threads as the daemon would have.
        return tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()?
            .block_on(floor::serve(address));
    }
    let quick = arguments.iter().any(|argument| argument == "--quick");
    let asked: Vec<&str> =
        arguments.iter().map(String::as_str).filter(|argument| !argument.starts_with("--")).collect();
    if let Some(unknown) = asked.iter().find(|name| !MEASURES.contains(name)) {
        bail!("there is no measure {unknown:?}; there are {}", MEASURES.join(", "));
    }
    let machine = Machine::pinned()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let rounds = if quick { 3 } else { 5 };
    let mut bench = Bench { machine, report: Report::default(), quick, rounds };
    runtime.block_on(run(&mut bench, &asked))
}

async fn run(bench: &mut Bench, asked: &[&str]) -> anyhow::Result<()> {
    println!("{}\n", bench.machine.note()?);
    for measure in MEASURES.into_iter().filter(|name| asked.is_empty() || asked.contains(name)) {
        match measure {
            "ingest" => ingest::run(bench).await?,
            "latency" => latency::run(bench).await?,
            "burst" => burst::run(bench).await?,
            "decide" => decide::run(bench).await?,
            "reaction" => reaction::run(bench).await?,
            "memory" => memory::run(bench).await?,
            "start" => start::run(bench).await?,
            "size" => start::size(bench)?,
            _ => requests::run(bench).await?,
        }
    }
    println!("\n{}", bench.report.table());
    Ok(())
}
