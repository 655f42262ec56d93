//! The daemon: handles made of the configuration, workers and server set going, watched, and stopped in order.

mod workers;

use std::{
    net::SocketAddr,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use axum::serve::ListenerExt;
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::{
    clock::Clock,
    config::{ChannelSettings, Config, Credentials, Secret},
    github::{self, GitHub, SecretText, WebhookSecrets},
    health::Health,
    metrics::Metrics,
    model::Lane,
    pipeline::Pipeline,
    server::{Interests, Parts, Server},
    store::{Store, StoreError},
};

/// How long an orderly stop may take before what is left is cut off; it is found again at the next start.
const STOP_PATIENCE: Duration = Duration::from_secs(20);

/// Why the daemon did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The ledger.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The means to talk to GitHub.
    #[error("cannot set up the connection to GitHub: {0}")]
    GitHub(#[from] github::SetupError),
    /// The address to listen on.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
}

/// A daemon that runs.
pub struct Daemon {
    /// Where it listens.
    pub address: SocketAddr,
    /// What its workers share.
    pub pipeline: Pipeline,
    /// What is wrong with it.
    pub health: Health,
    config: Config,
    interests: Interests,
    secrets: SharedSecrets,
    stop_server: CancellationToken,
    stop_workers: CancellationToken,
    server: JoinHandle<()>,
    workers: Vec<JoinHandle<()>>,
}

/// The webhook secrets, which a reload may change.
pub type SharedSecrets = Arc<RwLock<WebhookSecrets>>;

/// Makes the client for GitHub that the configuration describes.
///
/// # Errors
/// When a key or certificate is not usable.
pub fn connect(config: &Config, clock: Clock) -> Result<GitHub, github::SetupError> {
    GitHub::new(options(config), clock)
}

/// A client of the configured GitHub that cannot change anything: it only reads, reviews as nobody and tells nobody.
///
/// # Errors
/// When the credentials cannot be used.
pub fn connect_to_read(config: &Config, clock: Clock) -> Result<GitHub, github::SetupError> {
    let options = options(config);
    GitHub::new(github::Options { reads_only: true, reviewer: None, channels: Vec::new(), ..options }, clock)
}

fn options(config: &Config) -> github::Options {
    let settings = &config.github;
    github::Options {
        api_url: settings.api_url.clone(),
        credential: match &settings.credentials {
            Credentials::App { id, private_key } => {
                github::Credential::App { id: *id, private_key_pem: text(private_key) }
            }
            Credentials::Token(token) => github::Credential::Token(text(token)),
        },
        reviewer: settings.reviewer.as_ref().map(text),
        ca_pem: settings.ca.as_ref().map(|ca| ca.pem.clone().into_bytes()),
        write_interval: settings.write_interval,
        timeout: settings.timeout,
        channels: config.channels.iter().map(channel).collect(),
        reads_only: false,
    }
}

fn channel(settings: &ChannelSettings) -> github::Channel {
    github::Channel {
        name: settings.name.clone(),
        url: text(&settings.url),
        secret: settings.secret.as_ref().map(text),
    }
}

fn text(secret: &Secret) -> SecretText {
    SecretText::new(secret.expose())
}

fn webhook_secrets(config: &Config) -> WebhookSecrets {
    WebhookSecrets::new(&config.webhook.secrets.iter().map(text).collect::<Vec<_>>())
}

impl Daemon {
    /// Opens the ledger, sets the workers going and begins to listen. Once this returns, webhooks are taken in.
    ///
    /// # Errors
    /// When the ledger is in use or unusable, a credential is not usable, or the address is taken.
    pub async fn start(config: Config, clock: Clock) -> Result<Self, StartError> {
        let github = connect(&config, clock.clone())?;
        // The ledger first: of a second daemon with the same configuration it is the ledger that matters.
        let store = Store::open(&config.database.path, clock.now()).await?;
        let address = config.server.listen;
        let listener =
            TcpListener::bind(address).await.map_err(|source| StartError::Listen { address, source })?;
        let address = listener.local_addr().map_err(|source| StartError::Listen { address, source })?;
        let metrics = Metrics::new();
        let health = Health::default();
        let pipeline =
            Pipeline::new(store.clone(), github, clock.clone(), metrics.clone(), config.ruleset.clone());
        let interests = Interests::default();
        interests.set(|signal| config.ruleset.wants(signal));
        let secrets: SharedSecrets = Arc::new(RwLock::new(webhook_secrets(&config)));
        let server = Server::new(Parts {
            store,
            clock,
            sightings: pipeline.sightings.clone(),
            metrics,
            health: health.clone(),
            interests: interests.clone(),
            secrets: secrets.clone(),
        });
        let (stop_server, stop_workers) = (CancellationToken::new(), CancellationToken::new());
        let router = server.router(&config.webhook.path);
        let stopped = stop_server.clone().cancelled_owned();
        let server = tokio::spawn(async move {
            let listener = listener.tap_io(|connection| {
                // A delay of the answer by Nagle's algorithm would be the largest part of it.
                drop(connection.set_nodelay(true));
            });
            if let Err(error) = axum::serve(listener, router).with_graceful_shutdown(stopped).await {
                warn!("the HTTP server ended: {error}");
            }
        });
        let workers = vec![
            workers::decider(&pipeline, &health, &stop_workers),
            workers::executor(&pipeline, Lane::Event, &health, &stop_workers),
            workers::executor(&pipeline, Lane::Bulk, &health, &stop_workers),
            workers::scheduler(&pipeline, &health, &stop_workers),
            workers::watcher(&pipeline, &stop_workers),
        ];
        Ok(Self {
            address,
            pipeline,
            health,
            config,
            interests,
            secrets,
            stop_server,
            stop_workers,
            server,
            workers,
        })
    }

    /// Puts another configuration in place: rules, mode and webhook secrets at once; says what only a restart
    /// can change.
    pub fn reload(&mut self, config: Config) {
        self.interests.set(|signal| config.ruleset.wants(signal));
        self.pipeline.set_rules(config.ruleset.clone());
        *self.secrets.write().unwrap_or_else(PoisonError::into_inner) = webhook_secrets(&config);
        for section in changed_sections(&self.config, &config) {
            warn!("`{section}` has changed in the configuration: it takes effect at the next start");
        }
        info!(rules = config.ruleset.rules.len(), "the configuration was reloaded");
        self.config = config;
    }

    /// Stops in order: no more webhooks, then no new work, then what is under way is finished, then the ledger
    /// is closed. Bounded in time.
    pub async fn stop(self) {
        self.stop_server.cancel();
        self.stop_workers.cancel();
        let orderly = async {
            for worker in self.workers {
                drop(worker.await);
            }
            drop(self.server.await);
        };
        if tokio::time::timeout(STOP_PATIENCE, orderly).await.is_err() {
            warn!("not everything came to an end in time; what was cut off is found again at the next start");
        }
        self.pipeline.store.close().await;
        info!("stopped");
    }
}

/// The sections that differ and take effect at a start only.
fn changed_sections(before: &Config, after: &Config) -> Vec<&'static str> {
    let shown = |config: &Config| {
        [
            ("server", format!("{:?}", config.server)),
            ("webhook.path", config.webhook.path.clone()),
            ("github", format!("{:?}", config.github)),
            ("channels", format!("{:?}", config.channels)),
            ("database", format!("{:?}", config.database)),
            ("log", format!("{:?}", config.log)),
        ]
    };
    let pairs = shown(before).into_iter().zip(shown(after));
    pairs.filter(|(before, after)| before != after).map(|((section, _), _)| section).collect()
}
