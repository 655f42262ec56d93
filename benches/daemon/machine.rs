//! The machine: its cores, who gets which, and how fast its disk acknowledges.

use std::{
    io::Write as _,
    os::unix::process::CommandExt as _,
    path::Path,
    process::{Command, Stdio},
    time::Instant,
};

use anyhow::Context as _;

use crate::report::median;

/// Set in the process that runs on its own core.
const PINNED: &str = "RUNWARDEN_BENCH_CORES";

/// Appended to a file and made durable, to know the disk.
const APPENDED_BYTES: usize = 28 * 1024;

/// Which cores there are and who has them.
pub(crate) struct Machine {
    cores: Vec<String>,
    is_pinned: bool,
}

impl Machine {
    /// Starts this process anew on the second core, if there is one and there is `taskset`.
    pub(crate) fn pinned() -> anyhow::Result<Self> {
        if let Ok(cores) = std::env::var(PINNED) {
            let cores = cores.split(',').map(str::to_owned).collect();
            return Ok(Self { cores, is_pinned: true });
        }
        let cores = allowed_cores();
        let Some(own) = cores.get(1).filter(|_| has_taskset()) else {
            return Ok(Self { cores, is_pinned: false });
        };
        let program = std::env::current_exe().context("cannot find this program")?;
        let mut again = Command::new("taskset");
        again.args(["-c", own]).arg(program).args(std::env::args().skip(1)).env(PINNED, cores.join(","));
        Err(again.exec()).context("cannot start this program under taskset")
    }

    /// A command for the daemon, on its own core if it has one.
    pub(crate) fn command(&self, program: &str) -> Command {
        match self.cores.first().filter(|_| self.is_pinned) {
            Some(core) => {
                let mut command = Command::new("taskset");
                command.args(["-c", core, program]);
                command
            }
            None => Command::new(program),
        }
    }

    /// What one has to know to compare figures.
    pub(crate) fn note(&self) -> anyhow::Result<String> {
        let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let model = cpu.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or(": unknown CPU");
        let model = model.trim_start_matches([' ', '\t', ':']);
        let pinning = if self.is_pinned { "server and load pinned to a core each" } else { "not pinned" };
        let sync = sync_micros(Path::new(env!("CARGO_TARGET_TMPDIR")))?;
        let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
        let load = load.split(' ').next().unwrap_or("?").to_owned();
        Ok(format!(
            "{} cores of {model}; {pinning}; fdatasync after 28 KiB {sync:.0} µs; load before {load}",
            self.cores.len()
        ))
    }
}

fn has_taskset() -> bool {
    let silent =
        Command::new("taskset").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    silent.is_ok_and(|status| status.success())
}

/// The cores that this process may use, from a list such as `0-3,8`.
fn allowed_cores() -> Vec<String> {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let list = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:")).unwrap_or("0");
    let ranges = list.trim().split(',').filter_map(|part| {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        Some(first.parse::<usize>().ok()?..=last.parse().ok()?)
    });
    ranges.flatten().map(|core| core.to_string()).collect()
}

fn sync_micros(folder: &Path) -> anyhow::Result<f64> {
    let mut file = tempfile::tempfile_in(folder).context("cannot make a file")?;
    let mut took = Vec::new();
    for _ in 0..50 {
        let began = Instant::now();
        file.write_all(&[7; APPENDED_BYTES])?;
        file.sync_data()?;
        took.push(began.elapsed().as_secs_f64() * 1e6);
    }
    Ok(median(&took))
}
