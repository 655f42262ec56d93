//! The daemon as its users have it: the real binary in a process of its own, which can be killed at any moment.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use runwarden::simulator;
use tokio::{sync::watch, time::timeout};

use crate::story::SECRET;

/// How long anything may take before it is taken for something that never comes.
pub const PATIENCE: Duration = Duration::from_secs(40);

/// What it said on standard error, which closes when it has ended.
#[derive(Default)]
struct Said {
    log: String,
    ended: bool,
}

pub struct Process {
    child: Child,
    said: watch::Receiver<Said>,
}

impl Process {
    /// `runwarden serve` on the `config.yaml` in that folder, as soon as it listens.
    pub async fn serve(folder: &Path) -> Self {
        let process = Self::spawn(folder);
        process.until_it_says("listening on http://").await;
        process
    }

    /// The same, without waiting for anything.
    pub fn spawn(folder: &Path) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_runwarden"));
        command.args(["serve", "--config", "config.yaml"]).current_dir(folder).env_clear();
        command.env("SECRET", SECRET).env("REVIEWER", simulator::REVIEWER_TOKEN);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let (says, said) = watch::channel(Said::default());
        thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                says.send_modify(|said| said.log.push_str(&(line + "\n")));
            }
            says.send_modify(|said| said.ended = true);
        });
        Self { child, said }
    }

    /// Where it listens: `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        let log = self.log();
        let (_, rest) = log.split_once("listening on ").expect("it does not listen");
        rest.split_whitespace().next().unwrap().to_owned()
    }

    pub fn log(&self) -> String {
        self.said.borrow().log.clone()
    }

    pub async fn until_it_says(&self, words: &str) {
        let mut said = self.said.clone();
        let said = timeout(PATIENCE, said.wait_for(|said| said.ended || said.log.contains(words))).await;
        let heard = said.is_ok_and(|said| said.is_ok_and(|said| said.log.contains(words)));
        assert!(heard, "it never said {words:?}:\n{}", self.log());
    }

    /// SIGKILL; it is gone when this returns.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Sends SIGTERM, SIGHUP and the like.
    pub fn signal(&self, name: &str) {
        let script = format!("kill -{name} {}", self.child.id());
        assert!(Command::new("sh").args(["-c", &script]).status().unwrap().success());
    }

    /// Its exit code, once it has ended by itself.
    pub async fn exit_code(&mut self) -> i32 {
        let ended = timeout(PATIENCE, self.said.clone().wait_for(|said| said.ended)).await.is_ok();
        assert!(ended, "it does not end:\n{}", self.log());
        self.child.wait().unwrap().code().expect("a signal ended it")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
