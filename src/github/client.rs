//! The client: connections, credentials and limits that all requests share.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use octocrab::{AuthState, Octocrab};

use super::{
    Credential, GitHubError, Options, SecretText, SetupError,
    asking::{Bucket, Identity},
    channel::Channels,
    endpoints::{Answered, Contributors},
    limits::Quota,
    once::Once,
    options::{app_auth, usable},
    pacing::Pacer,
    target::Base,
    tokens::Token,
    transport::{self, PlainClient},
};
use crate::{
    clock::Clock,
    model::{InstallationId, Team},
};

/// A client of GitHub's REST API; clones share connections, tokens and limits.
///
/// It never waits on behalf of a limit: a request that may not be sent yet fails with
/// [`GitHubError::Blocked`]. It never repeats a request whose outcome is not certain.
#[derive(Clone)]
pub struct GitHub {
    pub(super) inner: Arc<Inner>,
}

pub(super) struct Inner {
    pub(super) base: Base,
    /// Signs as the App when there is one; with a token it carries no credential by itself.
    octocrab: Octocrab,
    /// The same connections without a credential.
    anonymous: Octocrab,
    pub(super) plain: PlainClient,
    pub(super) channels: Channels,
    /// The App's id.
    pub(super) app_id: Option<u64>,
    /// Our own login, once it has been asked for.
    pub(super) login: Once<(), String>,
    pub(super) token: Option<SecretText>,
    pub(super) reviewer: Option<SecretText>,
    pub(super) clock: Clock,
    pub(super) timeout: Duration,
    pub(super) reads_only: bool,
    write_interval: Duration,
    pacers: Mutex<HashMap<Bucket, Pacer>>,
    pub(super) tokens: Once<InstallationId, Token>,
    pub(super) installations: Once<String, InstallationId>,
    /// Who is in which team, for a while.
    pub(super) members: Once<(Team, String), Answered<bool>>,
    /// Who has contributed to which repository, for a while.
    pub(super) contributors: Once<String, Answered<Contributors>>,
    /// Which teams GitHub shows, for a while.
    pub(super) teams: Once<Team, Answered<()>>,
}

/// Pacers that remember nothing are forgotten above this number.
const PACERS: usize = 1_000;
/// A list of a thousand contributors takes some forty kilobytes.
const CONTRIBUTORS: usize = 64;
const TOKENS: usize = 1_000;
const INSTALLATIONS: usize = 10_000;
const MEMBERS: usize = 10_000;
const TEAMS: usize = 1_000;

impl GitHub {
    /// Sets up a client; nothing is sent. Has to be called inside the tokio runtime.
    ///
    /// # Errors
    /// When the URL, the App's key or the certificate authorities cannot be used.
    pub fn new(options: Options, clock: Clock) -> Result<Self, SetupError> {
        let app_id = match &options.credential {
            Credential::App { id, .. } => Some(*id),
            Credential::Token(_) => None,
        };
        let base = Base::parse(&options.api_url)?;
        let connector = transport::connector(&base, options.ca_pem.as_deref(), options.timeout)?;
        let anonymous = transport::octocrab(&base, connector.clone(), AuthState::None)?;
        let (octocrab, token) = match &options.credential {
            Credential::App { id, private_key_pem } => {
                let app = AuthState::App(app_auth(*id, private_key_pem)?);
                (transport::octocrab(&base, connector.clone(), app)?, None)
            }
            Credential::Token(token) => (anonymous.clone(), Some(usable(token, "token")?)),
        };
        let reviewer =
            options.reviewer.as_ref().map(|token| usable(token, "reviewer's token")).transpose()?;
        Ok(Self {
            inner: Arc::new(Inner {
                base,
                octocrab,
                anonymous,
                plain: transport::plain_client(connector.clone()),
                app_id,
                login: Once::new(1),
                channels: Channels::new(options.channels, connector)?,
                // A reviewer who is the user of the token has the token's limits.
                reviewer: reviewer.filter(|reviewer| token.as_ref() != Some(reviewer)),
                token,
                clock,
                timeout: options.timeout,
                reads_only: options.reads_only,
                write_interval: options.write_interval,
                pacers: Mutex::default(),
                tokens: Once::new(TOKENS),
                installations: Once::new(INSTALLATIONS),
                members: Once::new(MEMBERS),
                contributors: Once::new(CONTRIBUTORS),
                teams: Once::new(TEAMS),
            }),
        })
    }

    /// What GitHub told of the primary limits, by credential (`app`, `installation 5`, `token`, `reviewer`).
    #[must_use]
    pub fn quotas(&self) -> Vec<(String, Quota)> {
        let pacers = self.inner.pacers.lock().unwrap_or_else(PoisonError::into_inner);
        let told = |(bucket, pacer): (&Bucket, &Pacer)| Some((bucket.to_string(), pacer.quota()?));
        let mut quotas: Vec<_> = pacers.iter().filter_map(told).collect();
        quotas.sort_by(|a, b| a.0.cmp(&b.0));
        quotas
    }

    pub(super) fn pacer(&self, bucket: Bucket) -> Pacer {
        let mut pacers = self.inner.pacers.lock().unwrap_or_else(PoisonError::into_inner);
        if pacers.len() >= PACERS && !pacers.contains_key(&bucket) {
            let now = self.inner.clock.now();
            pacers.retain(|_, pacer| !pacer.is_idle(now));
        }
        pacers.entry(bucket).or_insert_with(|| Pacer::new(self.inner.write_interval)).clone()
    }
}

impl Inner {
    /// Octocrab with the credential that signs.
    pub(super) fn signing(&self, identity: &Identity) -> Result<Octocrab, GitHubError> {
        let token = match identity {
            Identity::App => return Ok(self.octocrab.clone()),
            Identity::Anonymous => return Ok(self.anonymous.clone()),
            Identity::Installation(_, token) => token.secret(),
            Identity::Token(token) | Identity::Reviewer(token) => token,
        };
        let signing = self.anonymous.user_access_token(token.expose().to_owned());
        signing.map_err(|error| GitHubError::NotSent { why: transport::chain(&error) })
    }

    /// Whether the configured credential is an App's.
    pub(super) fn is_app(&self) -> bool {
        self.token.is_none()
    }
}

impl std::fmt::Debug for GitHub {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GitHub").field("base", &self.inner.base).finish_non_exhaustive()
    }
}
