//! How to reach GitHub: where, as whom, on whose behalf.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use octocrab::{auth::AppAuth, models::AppId};

use super::{
    Channel, GitHubError, SecretText, SetupError,
    transport::{self, Call},
};
use crate::model::{InstallationId, Lane, RepositoryName, Requests};

/// As whom to ask GitHub.
#[derive(Debug, Clone)]
pub enum Credential {
    /// As a GitHub App.
    App {
        /// The App's id (not its client id, which old Enterprise Servers do not take).
        id: u64,
        /// Its private key as GitHub hands it out: PEM, RSA.
        private_key_pem: SecretText,
    },
    /// As the user of a personal access token.
    Token(SecretText),
}

/// How to reach GitHub.
#[derive(Debug, Clone)]
pub struct Options {
    /// `https://api.github.com`, or `https://HOST/api/v3` of an Enterprise Server.
    pub api_url: String,
    /// As whom.
    pub credential: Credential,
    /// The token of a user who may review deployments.
    pub reviewer: Option<SecretText>,
    /// Certificate authorities to trust beside the system's, in PEM form.
    pub ca_pem: Option<Vec<u8>>,
    /// The least time between two bulk writes.
    pub write_interval: Duration,
    /// How long a request may take, answer included.
    pub timeout: Duration,
    /// Where messages may be posted to.
    pub channels: Vec<Channel>,
    /// Whether nothing may be asked for but reads: no request leaves that could change something.
    pub reads_only: bool,
}

impl Options {
    /// github.com, no reviewer, a write a second, 30 seconds a request.
    #[must_use]
    pub fn new(credential: Credential) -> Self {
        Self {
            api_url: "https://api.github.com".to_owned(),
            credential,
            reviewer: None,
            ca_pem: None,
            write_interval: Duration::from_secs(1),
            timeout: Duration::from_secs(30),
            channels: Vec::new(),
            reads_only: false,
        }
    }
}

/// Counts requests sent on behalf of an execution or a decision; clones share the count. Token mints and
/// look-ups of installations serve many and are not counted.
#[derive(Debug, Clone, Default)]
pub struct Meter {
    requests: Arc<Mutex<Requests>>,
    most: Option<u32>,
}

impl Meter {
    /// One that lets so many requests be sent, and no more.
    #[must_use]
    pub fn at_most(most: u32) -> Self {
        Self { most: Some(most), ..Self::default() }
    }

    /// Whether it lets no more requests be sent.
    #[must_use]
    pub fn is_spent(&self) -> bool {
        self.most.is_some_and(|most| self.count() >= most)
    }

    /// How many were sent.
    #[must_use]
    pub fn count(&self) -> u32 {
        self.requests().count
    }

    /// Which were sent.
    #[must_use]
    pub fn requests(&self) -> Requests {
        self.with(|requests| requests.clone())
    }

    /// Counts a request that is about to leave.
    ///
    /// # Errors
    /// When it may not leave.
    pub(super) fn add(&self, call: &Call) -> Result<(), GitHubError> {
        self.with(|requests| {
            if let Some(most) = self.most.filter(|most| requests.count >= *most) {
                return Err(GitHubError::NotSent { why: format!("{most} requests have been made") });
            }
            requests.count += 1;
            if requests.asked.len() < Requests::MOST_ASKED {
                requests.asked.push(format!("{} {}", call.method, call.target));
            }
            Ok(())
        })
    }

    /// For a request that did not leave after all.
    pub(super) fn take_back(&self, call: &Call) {
        self.with(|requests| {
            requests.count = requests.count.saturating_sub(1);
            let name = format!("{} {}", call.method, call.target);
            if let Some(last) = requests.asked.iter().rposition(|asked| *asked == name) {
                requests.asked.remove(last);
            }
        });
    }

    fn with<T>(&self, act: impl FnOnce(&mut Requests) -> T) -> T {
        act(&mut self.requests.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The way to one repository.
#[derive(Debug, Clone)]
pub struct Access {
    /// The repository.
    pub repository: RepositoryName,
    /// The App's installation, where it is known; else it is looked up once.
    pub installation: Option<InstallationId>,
    /// Which queue the requests leave by.
    pub lane: Lane,
    /// What counts them.
    pub requests: Meter,
}

/// The App's key, proved by a first signature.
pub(super) fn app_auth(id: u64, pem: &SecretText) -> Result<AppAuth, SetupError> {
    // The error's text is of the PEM reader and says nothing of the key.
    let key = octocrab::auth::EncodingKey::from_rsa_pem(pem.expose().as_bytes()).map_err(|error| {
        SetupError(format!("the App's private key is not an RSA key in PEM form: {error}"))
    })?;
    let auth = AppAuth { app_id: AppId::from(id), key };
    match auth.generate_bearer_token() {
        Ok(_) => Ok(auth),
        Err(error) => {
            Err(SetupError(format!("the App's private key cannot sign: {}", transport::chain(&error))))
        }
    }
}

/// A token fit for a header.
pub(super) fn usable(token: &SecretText, what: &str) -> Result<SecretText, SetupError> {
    let text = token.expose().trim();
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(SetupError(format!("the {what} is empty or has a character that no token has")));
    }
    Ok(SecretText::new(text))
}
