//! The floor: a receiver that only checks the signature and keeps nothing. What the machine can do at the moment.

use std::{
    net::SocketAddr,
    process::{Child, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    routing::post,
};
use runwarden::github::{SecretText, WebhookSecrets};

use crate::{client::Connection, machine::Machine, stage::SECRET};

/// The argument with which this program is the receiver.
pub(crate) const ARGUMENT: &str = "--floor=";

/// Serves until it is killed.
pub(crate) async fn serve(address: &str) -> anyhow::Result<()> {
    let secrets = WebhookSecrets::new(&[SecretText::new(SECRET)]);
    let router = Router::new().route("/webhooks/github", post(take)).with_state(secrets);
    let listener = tokio::net::TcpListener::bind(address).await?;
    Ok(axum::serve(listener, router).await?)
}

async fn take(
    State(secrets): State<WebhookSecrets>,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, &'static str) {
    let signature = headers.get("x-hub-signature-256").and_then(|value| value.to_str().ok());
    match secrets.verify(&body, signature, false) {
        Ok(()) => (StatusCode::ACCEPTED, "accepted\n"),
        Err(_) => (StatusCode::UNAUTHORIZED, "refused\n"),
    }
}

/// The receiver in a process of its own, where the daemon would be; killed when dropped.
pub(crate) struct Floor {
    child: Child,
    /// Where it listens.
    pub(crate) address: SocketAddr,
}

impl Floor {
    /// Starts it and waits until it listens.
    pub(crate) async fn start(machine: &Machine) -> anyhow::Result<Self> {
        let address = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let program = std::env::current_exe()?;
        let mut command = machine.command(&program.to_string_lossy());
        let child = command.args(["--bench", &format!("{ARGUMENT}{address}")]).stdout(Stdio::null()).spawn();
        let floor = Self { child: child.context("cannot start the floor")?, address };
        let began = Instant::now();
        while Connection::open(address).await.is_err() {
            if began.elapsed() > Duration::from_secs(10) {
                bail!("the floor did not start");
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Ok(floor)
    }
}

impl Drop for Floor {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
