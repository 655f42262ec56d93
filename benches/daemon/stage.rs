//! A folder with a configuration, and the release binary that runs on it.

use std::{
    fs::File,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use runwarden::simulator;
use tempfile::TempDir;

use crate::{client, machine::Machine};

/// The webhook's secret.
pub(crate) const SECRET: &str = "It's a Secret to Everybody";

const PROGRAM: &str = env!("CARGO_BIN_EXE_runwarden");

/// The program that is measured: another build of it if `RUNWARDEN_BENCH_PROGRAM` names one.
pub(crate) fn program() -> String {
    std::env::var("RUNWARDEN_BENCH_PROGRAM").unwrap_or_else(|_| PROGRAM.to_owned())
}

/// Rules of a small installation. What they plan is due when the measuring is long over.
pub(crate) const RULES: &str = r#"
rules:
  - name: rerun-failed-jobs
    on: workflow_run.completed
    when:
      repository: "contoso-engineering/*"
      workflow: ["Continuous integration", release.yml]
      conclusion: [failure, timed_out]
      run_attempt: { below: 3 }
    then:
      - rerun: { scope: failed_jobs, delay: 1h, backoff: 2 }
    limits: { per_run: 2 }
  - name: rerun-bots
    on: workflow_run.completed
    when: { actor: ["*[bot]"], conclusion: startup_failure, run_attempt: { below: 2 } }
    then:
      - rerun: { scope: run, delay: 1h }
  - name: approve-staging
    on: deployment.waiting
    when: { repository: "contoso-engineering/*", environment: staging, branch: main }
    then:
      - approve_deployment: {}
"#;

/// Where a daemon lives.
pub(crate) struct Stage {
    folder: TempDir,
    address: SocketAddr,
}

impl Stage {
    /// A new folder for a daemon that speaks to that GitHub and follows those rules.
    pub(crate) fn new(api_url: &str, rules: &str) -> anyhow::Result<Self> {
        // On the disk that the build is on: /tmp may be memory.
        let folder = TempDir::with_prefix_in("bench-", env!("CARGO_TARGET_TMPDIR"))?;
        let address = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        std::fs::write(folder.path().join("config.yaml"), configuration(api_url, address, rules))?;
        Ok(Self { folder, address })
    }

    /// The ledger.
    pub(crate) fn database(&self) -> PathBuf {
        self.folder.path().join("runwarden.db")
    }

    /// The configuration.
    pub(crate) fn configuration(&self) -> PathBuf {
        self.folder.path().join("config.yaml")
    }

    /// Bytes of the ledger with its log.
    pub(crate) fn ledger_bytes(&self) -> u64 {
        let size = |suffix: &str| {
            let mut path = self.database().into_os_string();
            path.push(suffix);
            std::fs::metadata(path).map_or(0, |metadata| metadata.len())
        };
        size("") + size("-wal")
    }

    /// A command of the program in this folder.
    pub(crate) fn command(&self, mut program: Command, arguments: &[&str]) -> Command {
        program
            .args(arguments)
            .arg("-c")
            .arg(self.configuration())
            .env("SECRET", SECRET)
            .env("REVIEWER", simulator::REVIEWER_TOKEN)
            .stdin(Stdio::null());
        program
    }

    /// Starts the daemon and waits until it is ready: how long that took.
    pub(crate) async fn start(&self, machine: &Machine) -> anyhow::Result<(Daemon, Duration)> {
        let log = File::options().create(true).append(true).open(self.folder.path().join("log"))?;
        let mut command = self.command(machine.command(&program()), &["serve"]);
        let began = Instant::now();
        let child = command.stdout(Stdio::null()).stderr(log).spawn().context("cannot start the daemon")?;
        let mut daemon = Daemon { child, address: self.address };
        loop {
            if let Ok((200, _)) = client::get(self.address, "/readyz").await {
                return Ok((daemon, began.elapsed()));
            }
            if daemon.child.try_wait()?.is_some() || began.elapsed() > Duration::from_secs(30) {
                let log = std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
                bail!("the daemon did not start: {log}");
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

/// The whole file.
pub(crate) fn configuration(api_url: &str, address: SocketAddr, rules: &str) -> String {
    let key = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/github/testdata/app.pem");
    format!(
        "server: {{ listen: \"{address}\" }}\n\
         webhook: {{ secrets: [{{ env: SECRET }}] }}\n\
         github:\n  api_url: {api_url}\n  app: {{ id: 12345, private_key: {{ file: {key:?} }} }}\n  \
         reviewer: {{ token: {{ env: REVIEWER }} }}\n  write_interval: 0s\n\
         database: {{ path: runwarden.db }}\n\
         {rules}"
    )
}

/// A daemon that runs; killed when dropped.
pub(crate) struct Daemon {
    child: Child,
    /// Where it listens.
    pub(crate) address: SocketAddr,
}

impl Daemon {
    /// A line of its `/proc/PID/status`, in megabytes of a million bytes.
    pub(crate) fn memory(&self, line: &str) -> anyhow::Result<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let found = status.lines().find_map(|text| text.strip_prefix(line)?.strip_prefix(':'));
        let kib: f64 =
            found.and_then(|text| text.trim().split(' ').next()?.parse().ok()).context("no such line")?;
        Ok(kib * 1024.0 / 1e6)
    }

    /// Seconds of processor time that it has used.
    pub(crate) fn processor_seconds(&self) -> f64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap_or_default();
        let after_name = stat.rsplit_once(") ").map_or("", |(_, rest)| rest);
        let ticks = after_name.split(' ').skip(11).take(2).filter_map(|field| field.parse::<f64>().ok());
        ticks.sum::<f64>() / 100.0
    }

    /// Cuts it off, as a crash would.
    pub(crate) fn kill(mut self) -> anyhow::Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Ends it in order.
    pub(crate) fn stop(mut self) -> anyhow::Result<()> {
        Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status()?;
        let status = self.child.wait()?;
        if !status.success() {
            bail!("the daemon ended with {status}");
        }
        Ok(())
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // Already ended, in most cases.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
