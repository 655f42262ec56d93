//! Deployments that wait, and their reviews.

use serde::{Deserialize, Serialize};

use super::{list, runs::of_run};
use crate::{
    github::{
        Access, GitHub, GitHubError,
        asking::Asker,
        payload::Raw,
        transport::{Answer, Call},
    },
    model::{EnvironmentId, ReviewState, RunId, Timestamp},
};

/// A review that was given: of a person, or of a bot such as a wait timer that passed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approval {
    /// The environments' names.
    pub environments: Vec<String>,
    /// `approved`, `rejected` or `pending`.
    pub state: Option<String>,
    /// The reviewer's login.
    pub user: Option<String>,
    /// What they said.
    pub comment: Option<String>,
}

/// An environment at which a run waits, for reviewers or for any other protection rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingDeployment {
    /// The environment.
    pub environment: EnvironmentId,
    /// Its name.
    pub name: String,
    /// Whether the one who asks may approve.
    pub current_user_can_approve: Option<bool>,
    /// The wait timer in minutes.
    pub wait_timer_minutes: Option<i64>,
    /// When the wait timer started.
    pub wait_timer_started_at: Option<Timestamp>,
    /// How many users and teams are required reviewers.
    pub reviewers: Option<usize>,
}

/// A review to be given as a required reviewer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeploymentReview {
    /// The environments, all in one request.
    pub environments: Vec<EnvironmentId>,
    /// Approve or reject.
    pub state: ReviewState,
    /// What to say.
    pub comment: String,
}

/// A review to be given as the App's own custom deployment protection rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProtectionRuleReview {
    /// The environment's name.
    pub environment: String,
    /// Approve or reject; `None` only posts the comment, at most ten times a deployment.
    pub state: Option<ReviewState>,
    /// What to say, at most 1,024 characters, Markdown.
    pub comment: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Wire<'a> {
    #[serde(borrow)]
    environments: Raw<'a>,
    #[serde(borrow)]
    state: Raw<'a>,
    #[serde(borrow)]
    user: Raw<'a>,
    #[serde(borrow)]
    comment: Raw<'a>,
    #[serde(borrow)]
    environment: Raw<'a>,
    #[serde(borrow)]
    current_user_can_approve: Raw<'a>,
    #[serde(borrow)]
    wait_timer: Raw<'a>,
    #[serde(borrow)]
    wait_timer_started_at: Raw<'a>,
    #[serde(borrow)]
    reviewers: Raw<'a>,
    #[serde(borrow)]
    id: Raw<'a>,
    #[serde(borrow)]
    name: Raw<'a>,
}

impl GitHub {
    /// The reviews that a run's deployments were given.
    ///
    /// # Errors
    /// When GitHub refuses or its answer is not a list of reviews.
    pub async fn approvals(&self, access: &Access, run: RunId) -> Result<Vec<Approval>, GitHubError> {
        let answer = self.call(access, Call::get(of_run(access, run, "/approvals"))).await?;
        let elements = list(&answer, "the list of approvals")?;
        let approvals: Option<Vec<_>> = elements.into_iter().map(approval).collect();
        approvals.ok_or_else(|| GitHubError::Unreadable { why: "an approval is not an object".to_owned() })
    }

    /// The environments at which a run waits. `current_user_can_approve` is about the one who asks: with
    /// `as_reviewer` that is the reviewer.
    ///
    /// # Errors
    /// When GitHub refuses, its answer is not a list of environments with id and name, or there is no reviewer.
    pub async fn pending_deployments(
        &self,
        access: &Access,
        run: RunId,
        as_reviewer: bool,
    ) -> Result<Vec<PendingDeployment>, GitHubError> {
        let call = Call::get(of_run(access, run, "/pending_deployments"));
        let answer = if as_reviewer {
            self.call_as_reviewer(access, call).await?
        } else {
            self.call(access, call).await?
        };
        let elements = list(&answer, "the list of pending deployments")?;
        let pending: Option<Vec<_>> = elements.into_iter().map(pending).collect();
        // To leave one out would say that the run does not wait there.
        pending.ok_or_else(|| GitHubError::Unreadable {
            why: "a pending deployment has no environment with id and name".to_owned(),
        })
    }

    /// Approves or rejects what waits for a required reviewer, as the reviewer: GitHub does not accept an App.
    ///
    /// <https://docs.github.com/en/rest/actions/workflow-runs#review-pending-deployments-for-a-workflow-run>
    ///
    /// # Errors
    /// When GitHub refuses. 422 with "No pending deployment requests to approve or reject" means that nothing
    /// waits any more or that the user is no reviewer: only another look can tell.
    pub async fn review_pending_deployments(
        &self,
        access: &Access,
        run: RunId,
        review: &DeploymentReview,
    ) -> Result<(), GitHubError> {
        #[derive(Serialize)]
        struct Body<'a> {
            environment_ids: &'a [EnvironmentId],
            state: ReviewState,
            comment: &'a str,
        }
        let body =
            Body { environment_ids: &review.environments, state: review.state, comment: &review.comment };
        let call = Call::post(of_run(access, run, "/pending_deployments")).with_json(json(&body)?);
        self.call_as_reviewer(access, call).await.map(drop)
    }

    /// Answers as the App's own custom deployment protection rule (Enterprise Server 3.10 and later).
    ///
    /// <https://docs.github.com/en/rest/actions/workflow-runs#review-custom-deployment-protection-rules-for-a-workflow-run>
    ///
    /// # Errors
    /// When GitHub refuses; 422 when it was reviewed already, or while many gates of a matrix open at once.
    pub async fn review_protection_rule(
        &self,
        access: &Access,
        run: RunId,
        review: &ProtectionRuleReview,
    ) -> Result<(), GitHubError> {
        #[derive(Serialize)]
        struct Body<'a> {
            environment_name: &'a str,
            #[serde(skip_serializing_if = "Option::is_none")]
            state: Option<ReviewState>,
            comment: &'a str,
        }
        let body =
            Body { environment_name: &review.environment, state: review.state, comment: &review.comment };
        let call = Call::post(of_run(access, run, "/deployment_protection_rule")).with_json(json(&body)?);
        self.call(access, call).await.map(drop)
    }

    async fn call_as_reviewer(&self, access: &Access, call: Call) -> Result<Answer, GitHubError> {
        let identity = self.reviewer_identity()?;
        self.call_as(Asker { identity, lane: access.lane, meter: Some(&access.requests) }, call).await
    }
}

fn json(body: &impl Serialize) -> Result<String, GitHubError> {
    serde_json::to_string(body)
        .map_err(|error| GitHubError::NotSent { why: format!("the body cannot be written: {error}") })
}

fn approval(raw: Raw<'_>) -> Option<Approval> {
    let wire = raw.object::<Wire<'_>>()?;
    let name = |raw: Raw<'_>| raw.string().or_else(|| raw.object::<Wire<'_>>()?.name.string());
    Some(Approval {
        environments: wire.environments.list().unwrap_or_default().into_iter().filter_map(name).collect(),
        state: wire.state.string(),
        user: wire.user.login(),
        comment: wire.comment.string(),
    })
}

fn pending(raw: Raw<'_>) -> Option<PendingDeployment> {
    let wire = raw.object::<Wire<'_>>()?;
    let environment = wire.environment.object::<Wire<'_>>()?;
    Some(PendingDeployment {
        environment: EnvironmentId(environment.id.id()?),
        name: environment.name.string()?,
        current_user_can_approve: wire.current_user_can_approve.boolean(),
        wait_timer_minutes: wire.wait_timer.int(),
        wait_timer_started_at: wire.wait_timer_started_at.time(),
        reviewers: wire.reviewers.list().map(|reviewers| reviewers.len()),
    })
}
