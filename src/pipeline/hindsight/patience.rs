//! Asking GitHub, and asking again where that may help.

use std::time::Duration;

use super::{
    super::gather::{Gathered, later},
    Hindsight,
};
use crate::{github::GitHubError, model::Timestamp};

/// A limit that ends sooner is waited for, and so often while no request can be made.
const PATIENCE: Duration = Duration::from_secs(90);
const WAITS: u32 = 8;
/// How often a request that failed is made, and the pause before the second time; before the third it is longer.
const TRIES: u32 = 3;
const PAUSE: Duration = Duration::from_secs(1);

/// Why something could not be tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stop {
    /// This one cannot; others may be.
    One(String),
    /// Nothing more can be asked.
    All(String),
}

/// How often something has not been answered.
#[derive(Default)]
pub(super) struct Tries {
    failed: u32,
    /// By a limit, since anything was asked.
    held: u32,
    /// How many requests had been made when it last was.
    held_at: u32,
}

impl Hindsight {
    /// Asks, and asks again where that may help.
    pub(super) async fn patiently<T, A>(&self, ask: impl Fn() -> A) -> Result<T, Failure>
    where
        A: Future<Output = Result<T, GitHubError>>,
    {
        let mut tries = Tries::default();
        loop {
            match ask().await {
                Ok(answer) => return Ok(answer),
                Err(GitHubError::NotFound { .. } | GitHubError::Gone { .. }) => return Err(Failure::Absent),
                Err(error) => self.pause(&mut tries, error.into()).await.map_err(Failure::Stop)?,
            }
        }
    }

    /// Waits until it may help to ask once more.
    pub(super) async fn pause(&self, tries: &mut Tries, setback: Setback) -> Result<(), Stop> {
        let wait = match setback {
            Setback::Final(why) => return Err(Stop::One(why)),
            Setback::Later { .. } if self.access.requests.is_spent() => {
                return Err(Stop::All("the requests that it may make are made (`--requests`)".to_owned()));
            }
            Setback::Later { until: Some(until), why } => {
                let wait = self.gatherer.clock.now().until(until);
                // Others wait for the same place: what one of them could ask is progress.
                let asked = std::mem::replace(&mut tries.held_at, self.requests());
                tries.held = if asked == tries.held_at { tries.held + 1 } else { 0 };
                if wait > PATIENCE || tries.held >= WAITS {
                    return Err(Stop::All(why));
                }
                wait
            }
            Setback::Later { until: None, why } if tries.failed + 1 >= TRIES => return Err(Stop::One(why)),
            Setback::Later { until: None, .. } => {
                tries.failed += 1;
                PAUSE.saturating_mul(tries.failed)
            }
        };
        tokio::time::sleep(wait).await;
        Ok(())
    }
}

/// Why an answer is not there.
pub(super) enum Failure {
    /// GitHub knows nothing of it.
    Absent,
    Stop(Stop),
}

pub(super) fn absent_is_none<T>(failure: Failure) -> Result<Vec<T>, Stop> {
    match failure {
        Failure::Absent => Ok(Vec::new()),
        Failure::Stop(stop) => Err(stop),
    }
}

/// What kept something from being read.
pub(super) enum Setback {
    /// GitHub's answer stands.
    Final(String),
    Later {
        until: Option<Timestamp>,
        why: String,
    },
}

impl From<GitHubError> for Setback {
    fn from(error: GitHubError) -> Self {
        match later(&error) {
            Some(later) if !matches!(error, GitHubError::Unauthorized { .. }) => Self::from(later),
            _ => Self::Final(error.to_string()),
        }
    }
}

impl From<Gathered> for Setback {
    fn from(gathered: Gathered) -> Self {
        match gathered {
            Gathered::Later { until, why } => Self::Later { until, why },
            Gathered::Nothing(why) => Self::Final(why),
            Gathered::Facts { .. }
            | Gathered::Commanded { .. }
            | Gathered::Applied(_)
            | Gathered::Repositories { .. }
            | Gathered::Runs { .. } => Self::Final("not what was asked for: a bug in runwarden".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        clock::Clock,
        github::{Credential, GitHub, Options, SecretText},
        model::RepositoryName,
        rules::Ruleset,
    };

    const NOW: Timestamp = Timestamp(1_800_000_000_000);

    fn hindsight(requests: u32) -> Hindsight {
        let clock = Clock::by_hand(NOW);
        let github =
            GitHub::new(Options::new(Credential::Token(SecretText::new("t"))), clock.clone()).unwrap();
        let repository = RepositoryName::parse("acme/api").unwrap();
        Hindsight::new(github, clock, Ruleset::default(), repository, requests)
    }

    fn limit(until: Timestamp) -> Setback {
        Setback::Later { until: Some(until), why: "a limit".to_owned() }
    }

    #[tokio::test]
    async fn a_limit_is_waited_for_as_long_as_something_gets_through() {
        let (hindsight, mut tries) = (hindsight(9), Tries::default());
        let over = || Err(Stop::All("a limit".to_owned()));
        for _ in 1..WAITS {
            assert_eq!(hindsight.pause(&mut tries, limit(NOW)).await, Ok(()));
        }
        assert_eq!(hindsight.pause(&mut tries, limit(NOW)).await, over());
        // Since it last had to wait, another request was made.
        tries.held_at += 1;
        assert_eq!(hindsight.pause(&mut tries, limit(NOW)).await, Ok(()));
        let too_long = NOW + PATIENCE + Duration::from_secs(1);
        assert_eq!(hindsight.pause(&mut Tries::default(), limit(too_long)).await, over());
    }

    #[tokio::test]
    async fn an_answer_that_stands_ends_one_and_a_spent_budget_ends_all() {
        let refused = Setback::Final("GitHub said no".to_owned());
        let one = Err(Stop::One("GitHub said no".to_owned()));
        assert_eq!(hindsight(9).pause(&mut Tries::default(), refused).await, one);
        let spent = hindsight(0).pause(&mut Tries::default(), limit(NOW)).await;
        let Err(Stop::All(why)) = spent else { panic!("{spent:?}") };
        assert!(why.contains("--requests"), "{why}");
    }
}
