//! The way to GitHub for a command: the configuration's credentials, one repository.

use crate::{
    cli::{load, show},
    clock::Clock,
    config::Config,
    daemon,
    github::{Access, GitHub, Meter},
    model::{Lane, RepositoryName},
};

use super::args::Common;

/// What a command needs to ask GitHub.
pub(in crate::cli) struct Link {
    pub(in crate::cli) config: Config,
    pub(in crate::cli) clock: Clock,
    pub(in crate::cli) github: GitHub,
    pub(super) access: Access,
}

impl Link {
    /// Makes the client; `None` when the configuration is not usable, which has been said then.
    ///
    /// # Errors
    /// When a credential is not usable.
    pub(in crate::cli) fn new(common: &Common, repository: &RepositoryName) -> anyhow::Result<Option<Self>> {
        let config = match load::config(&common.config.config) {
            Ok(loaded) => loaded.config,
            Err(problems) => {
                show::not_usable(&problems, None);
                return Ok(None);
            }
        };
        let clock = Clock::system();
        let github = daemon::connect(&config, clock.clone())?;
        // The event lane: a person waits for the answer.
        let access = Access {
            repository: repository.clone(),
            installation: None,
            lane: Lane::Event,
            requests: Meter::default(),
        };
        Ok(Some(Self { config, clock, github, access }))
    }

    /// Whether there is somebody to review deployments as.
    pub(in crate::cli) fn has_reviewer(&self) -> bool {
        self.github.has_reviewer()
    }
}
