//! Looking at GitHub's present state, as far as the next act asks for it.

use crate::{
    github::{Access, GitHubError, RunQuery, WorkflowRef},
    model::{Action, PlannedAction, RunAttempt, RunSnapshot},
    rules::{CurrentRun, Look, PendingGate, Presence, ReviewedGate, WantedLook},
};

use super::Pipeline;

impl Pipeline {
    /// What is already known without asking: the listing that a purge acts on, and what webhooks have told.
    pub(super) fn look_without_asking(&self, plan: &PlannedAction) -> Look {
        let mut look = Look::default();
        let now = self.clock.now();
        // A deletion of the same run may come after it.
        let keep = matches!(plan.action, Action::ArchiveLogs(_));
        if let Some((listed_at, run)) = self.listed.take(plan.run, now, keep)
            && !self.sightings.changed_since(plan.run, listed_at)
        {
            look.run = Some(CurrentRun::There(Box::new(run)));
        }
        if self.sightings.never_waited(plan.run) {
            look.reviews = Some(Vec::new());
        }
        look
    }

    /// Looks at one thing more and enters it into the look.
    ///
    /// # Errors
    /// Whatever GitHub answered, but for a run that is gone, which is a result.
    pub(super) async fn look_at(
        &self,
        access: &Access,
        plan: &PlannedAction,
        wanted: WantedLook,
        look: &mut Look,
    ) -> Result<(), GitHubError> {
        match wanted {
            WantedLook::Run => {
                look.run = Some(match self.github.run(access, plan.run).await {
                    Ok(run) => CurrentRun::There(Box::new(run)),
                    Err(GitHubError::NotFound { .. }) => CurrentRun::Gone,
                    Err(error) => return Err(error),
                });
            }
            WantedLook::NextAttempt => {
                look.next_attempt = Some(self.look_at_next_attempt(access, plan).await?)
            }
            WantedLook::NewerRun => look.newer_run = Some(self.look_at_newer_run(access, look).await?),
            WantedLook::Reviews => look.reviews = Some(self.look_at_reviews(access, plan).await?),
            WantedLook::Pending => look.pending = Some(self.look_at_pending(access, plan).await?),
        }
        Ok(())
    }

    async fn look_at_next_attempt(
        &self,
        access: &Access,
        plan: &PlannedAction,
    ) -> Result<Presence, GitHubError> {
        let next = RunAttempt(plan.attempt.0.saturating_add(1));
        match self.github.attempt(access, plan.run, next).await {
            Ok(run) => Ok(Presence::Present(run.triggering_actor.unwrap_or_else(|| "someone".to_owned()))),
            Err(GitHubError::NotFound { .. }) => Ok(Presence::Absent),
            Err(error) => Err(error),
        }
    }

    async fn look_at_newer_run(&self, access: &Access, look: &Look) -> Result<Presence, GitHubError> {
        let Some(CurrentRun::There(run)) = &look.run else {
            return Ok(Presence::Unknown("the run has not been looked at".to_owned()));
        };
        let (Some(workflow), Some(branch), Some(number)) =
            (run.workflow_id, run.branch.as_deref(), run.run_number)
        else {
            return Ok(Presence::Unknown(
                "GitHub does not give the run's workflow, branch and number".to_owned(),
            ));
        };
        match self.sightings.newer_run(&run.repository, workflow, branch, number, run.id) {
            Some(Some(newer)) => return Ok(Presence::Present(format!("run {newer}"))),
            Some(None) => return Ok(Presence::Absent),
            None => {}
        }
        let query = RunQuery { branch: Some(branch.to_owned()), per_page: Some(10), ..RunQuery::default() };
        let page =
            match self.github.list_workflow_runs(access, &WorkflowRef::Id(workflow), &query, None).await {
                Ok(page) => page,
                // The workflow was deleted; then it has no newer run.
                Err(GitHubError::NotFound { .. }) => return Ok(Presence::Absent),
                Err(error) => return Err(error),
            };
        let newer = page.runs.iter().find(|other| is_newer(other, run, number));
        Ok(match newer {
            Some(newer) => Presence::Present(format!("run {}", newer.id)),
            None if page.unreadable > 0 => {
                Presence::Unknown("GitHub's list of runs could not be read".to_owned())
            }
            None => Presence::Absent,
        })
    }

    async fn look_at_reviews(
        &self,
        access: &Access,
        plan: &PlannedAction,
    ) -> Result<Vec<ReviewedGate>, GitHubError> {
        let approvals = self.github.approvals(access, plan.run).await?;
        Ok(approvals
            .into_iter()
            .map(|given| ReviewedGate {
                environments: given.environments,
                state: given.state.unwrap_or_default(),
                by: given.user,
            })
            .collect())
    }

    async fn look_at_pending(
        &self,
        access: &Access,
        plan: &PlannedAction,
    ) -> Result<Vec<PendingGate>, GitHubError> {
        let pending = self.github.pending_deployments(access, plan.run, true).await?;
        Ok(pending
            .into_iter()
            .map(|gate| PendingGate {
                id: gate.environment,
                name: gate.name,
                can_review: gate.current_user_can_approve,
            })
            .collect())
    }
}

/// Runs of forks may share a branch's name without being of one lineage.
fn is_newer(other: &RunSnapshot, run: &RunSnapshot, number: i64) -> bool {
    let same_head = match (&other.head_repository, &run.head_repository) {
        (Some(other), Some(own)) => other == own,
        _ => true,
    };
    let same_branch = other.branch.is_none() || other.branch == run.branch;
    other.id != run.id && other.run_number.is_some_and(|other| other > number) && same_head && same_branch
}
