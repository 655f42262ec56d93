//! `runwarden serve`: the daemon under a supervisor's signals.

use sd_notify::NotifyState;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use super::{ConfigArgs, Exit, load, logging};
use crate::{clock::Clock, daemon::Daemon};

pub(super) async fn run(args: &ConfigArgs) -> anyhow::Result<Exit> {
    let loaded = match load::config(&args.config) {
        Ok(loaded) => loaded,
        Err(problems) => {
            eprintln!("{problems}");
            return Ok(Exit::Config);
        }
    };
    logging::init(&loaded.config.log)?;
    for warning in loaded.warnings.iter() {
        warn!("{warning}");
    }
    let mut hangup = signal(SignalKind::hangup())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut daemon = Daemon::start(loaded.config, Clock::system()).await?;
    info!(address = %daemon.address, version = env!("CARGO_PKG_VERSION"), "listening on http://{}", daemon.address);
    notify(&[NotifyState::Ready]);
    let alive = CancellationToken::new();
    tokio::spawn(keep_watchdog(alive.clone()));
    loop {
        tokio::select! {
            _ = hangup.recv() => reload(args, &mut daemon),
            _ = terminate.recv() => break,
            _ = interrupt.recv() => break,
        }
    }
    info!("stopping");
    notify(&[NotifyState::Stopping]);
    daemon.stop().await;
    alive.cancel();
    Ok(Exit::Ok)
}

/// Reloads the configuration if it is clean, and keeps the present one if not.
fn reload(args: &ConfigArgs, daemon: &mut Daemon) {
    if let Ok(now) = NotifyState::monotonic_usec_now() {
        notify(&[NotifyState::Reloading, now]);
    }
    match load::config(&args.config) {
        Ok(loaded) => {
            for warning in loaded.warnings.iter() {
                warn!("{warning}");
            }
            daemon.reload(loaded.config);
        }
        Err(problems) => {
            error!("the configuration is not clean, the present one stays in force:\n{problems}")
        }
    }
    notify(&[NotifyState::Ready]);
}

/// Tells systemd that the event loop turns, as often as it asks for.
async fn keep_watchdog(alive: CancellationToken) {
    let Some(period) = sd_notify::watchdog_enabled() else {
        return;
    };
    let mut ticks = tokio::time::interval(period / 2);
    while alive.run_until_cancelled(ticks.tick()).await.is_some() {
        notify(&[NotifyState::Watchdog]);
    }
}

fn notify(states: &[NotifyState<'_>]) {
    // Without systemd there is nobody to tell.
    drop(sd_notify::notify(states));
}
