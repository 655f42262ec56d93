//! The last look before an act: is the action still wanted, is it already done, and what must still be
//! looked at to say so. Cheapest first; what the look already holds is not asked for again.

use std::time::Duration;

use super::ceilings::too_many_failed;
use crate::model::{
    Action, ApproveRun, Conclusion, EnvironmentId, Guard, PlannedAction, Rerun, RerunScope, Review,
    RunAttempt, RunId, RunSnapshot, Status, Timestamp, Via,
};

/// GitHub refuses to re-run a run this long after it was created.
/// <https://docs.github.com/en/actions/managing-workflow-runs/re-running-workflows-and-jobs>
const RERUN_WINDOW: Duration = Duration::from_secs(30 * 86_400);

/// GitHub allows fifty re-runs of one run; the fifty-first ends as a failed check that would feed a rule again.
/// <https://docs.github.com/en/actions/reference/limits>
const MOST_ATTEMPTS: u32 = 50;

/// How soon a run that has not ended is looked at again, and how late.
const SOONEST: Duration = Duration::from_secs(5);
const LATEST: Duration = Duration::from_secs(300);

/// A signal may come before the API shows the wait that it is about, by seconds.
const PENDING_WITHIN: Duration = Duration::from_secs(60);

const NOTHING_WAITS: &str = "the run is completed: nothing waits any more";

/// GitHub's present state, as far as it has been looked at.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Look {
    /// The run.
    pub run: Option<CurrentRun>,
    /// Whether a newer run of the same workflow and branch exists.
    pub newer_run: Option<Presence>,
    /// Whether its branch has a newer commit.
    pub newer_commit: Option<Presence>,
    /// Who reviewed which of its deployments.
    pub reviews: Option<Vec<ReviewedGate>>,
    /// Where it waits.
    pub pending: Option<Vec<PendingGate>>,
    /// Who started the attempt after the judged one.
    pub next_attempt: Option<Presence>,
    /// How many of its jobs failed, or in words why that is not known.
    pub failed_jobs: Option<Result<u32, String>>,
    /// The other runs of the repository that its rule has set going and that are under way.
    pub running: Option<Vec<RunId>>,
}

/// The run as it is now.
#[derive(Debug, Clone, PartialEq)]
pub enum CurrentRun {
    /// As GitHub describes it.
    There(Box<RunSnapshot>),
    /// GitHub has no such run.
    Gone,
}

/// Whether something exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Presence {
    /// It does; in words, which.
    Present(String),
    /// It does not.
    Absent,
    /// It cannot be told; in words, why.
    Unknown(String),
}

/// A review that someone gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReviewedGate {
    /// The environments.
    pub environments: Vec<String>,
    /// `approved`, `rejected` or `pending`.
    pub state: String,
    /// The reviewer's login.
    pub by: Option<String>,
}

impl ReviewedGate {
    /// Whether somebody gave it: a wait timer that ran out is recorded as a review by this bot.
    #[must_use]
    pub fn is_by_a_person(&self) -> bool {
        self.by.as_deref() != Some("github-actions[bot]")
    }
}

/// An environment that the run waits at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingGate {
    /// Its id.
    pub id: EnvironmentId,
    /// Its name.
    pub name: String,
    /// Whether the reviewer's token may review it; `None` when GitHub does not say.
    pub can_review: Option<bool>,
}

/// What must be looked at next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WantedLook {
    /// The run.
    Run,
    /// The newer runs of its workflow and branch.
    NewerRun,
    /// The head of its branch.
    NewerCommit,
    /// The reviews of its deployments.
    Reviews,
    /// Where it waits, as the reviewer sees it.
    Pending,
    /// The attempt after the judged one.
    NextAttempt,
    /// How many of its jobs failed.
    FailedJobs,
    /// The rule's runs under way.
    Running,
}

/// What the look says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recheck {
    /// More must be looked at.
    Need(WantedLook),
    /// Still wanted: act; for a reviewer's review, on these environments.
    Go(Vec<EnvironmentId>),
    /// Already so.
    Done(String),
    /// No longer wanted, or never allowed.
    Refuse(String),
    /// Cannot be said yet.
    Wait(String),
    /// Cannot be said before the run has ended, which may take hours: look again after so long.
    Later(Duration, String),
    /// Wanted, and there is no place for it now.
    Hold(String),
}

/// What the ledger knows of the action beside its plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Circumstances {
    /// An earlier try was cut off, or its answer was lost: it may have taken effect.
    pub interrupted: bool,
    /// Whether the guards against automatic re-runs hold. They do not for a command: a person who asks by hand is
    /// not second-guessed.
    pub guarded: bool,
    /// When the action was planned.
    pub planned_at: Timestamp,
    /// With how many failed jobs a run may be re-run, where a ceiling says so.
    pub most_failed_jobs: Option<u32>,
    /// How many runs that its rule has set going may be under way, where its rule says so.
    pub most_running: Option<u32>,
}

/// What to do about a planned action, given GitHub's present state.
#[must_use]
pub fn recheck(plan: &PlannedAction, look: &Look, circumstances: Circumstances, now: Timestamp) -> Recheck {
    let verdict = recheck_run(plan, look, circumstances, now);
    match (&verdict, circumstances.most_running.filter(|_| plan.action.kind().sets_going())) {
        (Recheck::Go(_), Some(most)) => when_running(most, look).unwrap_or(verdict),
        _ => verdict,
    }
}

/// Whether there is a place left among the runs that the rule has set going; asked last, since it is the dearest.
fn when_running(most: u32, look: &Look) -> Option<Recheck> {
    let Some(running) = &look.running else {
        return Some(Recheck::Need(WantedLook::Running));
    };
    let count = running.len();
    let ids: Vec<String> = running.iter().take(5).map(ToString::to_string).collect();
    (count >= most as usize)
        .then(|| Recheck::Hold(format!("limits.running: {count} of {most} under way: {}", ids.join(", "))))
}

fn recheck_run(plan: &PlannedAction, look: &Look, circumstances: Circumstances, now: Timestamp) -> Recheck {
    let Circumstances { interrupted, guarded, planned_at, .. } = circumstances;
    // It tells what was judged, which stays true whatever has become of the run.
    if matches!(plan.action, Action::Notify(_)) {
        return Recheck::Go(Vec::new());
    }
    let run = match &look.run {
        None => return Recheck::Need(WantedLook::Run),
        Some(CurrentRun::Gone) => return when_gone(&plan.action),
        Some(CurrentRun::There(run)) => run,
    };
    let attempt = match attempt_now(plan, run, look, interrupted) {
        Ok(attempt) => attempt,
        Err(verdict) => return verdict,
    };
    let completed = run.status == Some(Status::Completed);
    match &plan.action {
        Action::Rerun(_) if guarded && plan.judged_conclusion.is_none() && !completed => {
            when_still_running(run, now.since(planned_at), now)
        }
        Action::Rerun(rerun) => recheck_rerun(plan, rerun, run, attempt, look, circumstances, now),
        Action::ReviewDeployments(review) if completed && interrupted => {
            when_reviewed(review, look).unwrap_or_else(|| Recheck::Refuse(NOTHING_WAITS.to_owned()))
        }
        Action::ReviewDeployments(_) if completed => Recheck::Refuse(NOTHING_WAITS.to_owned()),
        Action::ReviewDeployments(review) => recheck_review(review, look, now.since(planned_at)),
        Action::Cancel | Action::ForceCancel(_) if completed => {
            Recheck::Done("the run is already completed".to_owned())
        }
        Action::Cancel | Action::ForceCancel(_) => Recheck::Go(Vec::new()),
        Action::ApproveRun(approve) => recheck_approval(plan, approve, run),
        Action::ArchiveLogs(_) if completed || attempt > plan.attempt => Recheck::Go(Vec::new()),
        Action::ArchiveLogs(_) => Recheck::Wait(not_completed(run)),
        Action::Notify(_) | Action::Check(_) | Action::Comment(_) | Action::Label(_) => {
            Recheck::Go(Vec::new())
        }
        Action::DeleteRun | Action::DeleteLogs => recheck_delete(plan, run, completed),
    }
}

fn when_gone(action: &Action) -> Recheck {
    match action {
        Action::DeleteRun | Action::DeleteLogs => Recheck::Done("GitHub has no such run any more".to_owned()),
        Action::ArchiveLogs(_) => {
            Recheck::Done("no logs to archive: GitHub has no such run any more".to_owned())
        }
        Action::Rerun(_)
        | Action::Cancel
        | Action::ForceCancel(_)
        | Action::ApproveRun(_)
        | Action::Notify(_)
        | Action::Check(_)
        | Action::Comment(_)
        | Action::Label(_)
        | Action::ReviewDeployments(_) => Recheck::Refuse("GitHub has no such run any more".to_owned()),
    }
}

/// The run must still wait for what was judged. One that waits no more has been approved, by us or by a person.
fn recheck_approval(plan: &PlannedAction, approve: &ApproveRun, run: &RunSnapshot) -> Recheck {
    if !run.waits_for_approval() {
        let state =
            run.conclusion.as_ref().map(Conclusion::as_str).or(run.status.as_ref().map(Status::as_str));
        let state = state.unwrap_or("in an unknown state");
        return Recheck::Done(format!("the run does not wait for approval any more: it is {state}"));
    }
    if run.attempt != Some(plan.attempt) {
        return Recheck::Refuse(format!(
            "the run is no longer on attempt {}, which was judged",
            plan.attempt
        ));
    }
    match (&approve.head_sha, &run.head_sha) {
        (Some(judged), Some(now)) if judged == now => Recheck::Go(Vec::new()),
        (Some(judged), Some(now)) => {
            Recheck::Refuse(format!("commit {judged} was judged, the run is now of commit {now}"))
        }
        _ => Recheck::Refuse("GitHub does not say which commit the run is of".to_owned()),
    }
}

/// The run must be on the attempt that was judged.
fn attempt_now(
    plan: &PlannedAction,
    run: &RunSnapshot,
    look: &Look,
    interrupted: bool,
) -> Result<RunAttempt, Recheck> {
    let Some(attempt) = run.attempt else {
        return Err(Recheck::Refuse("GitHub does not say which attempt the run is on".to_owned()));
    };
    // A run that waits to be approved says by itself whether it still does; logs of an attempt stay what they are.
    // What is told is told of the attempt that was judged.
    let whichever = matches!(
        plan.action,
        Action::ApproveRun(_)
            | Action::ArchiveLogs(_)
            | Action::Check(_)
            | Action::Comment(_)
            | Action::Label(_)
    );
    if attempt == plan.attempt || whichever {
        return Ok(attempt);
    }
    if interrupted && attempt > plan.attempt && matches!(plan.action, Action::Rerun(_)) {
        let Some(next) = &look.next_attempt else {
            return Err(Recheck::Need(WantedLook::NextAttempt));
        };
        let by = match next {
            Presence::Present(by) => by.as_str(),
            Presence::Absent | Presence::Unknown(_) => "unknown",
        };
        return Err(Recheck::Done(format!(
            "attempt {} exists (started by {by}): the try whose answer was lost went through, or another came first",
            plan.attempt.0 + 1
        )));
    }
    Err(Recheck::Refuse(format!(
        "attempt {} was judged, the run is now on attempt {attempt}: someone re-ran it",
        plan.attempt
    )))
}

fn recheck_rerun(
    plan: &PlannedAction,
    rerun: &Rerun,
    run: &RunSnapshot,
    attempt: RunAttempt,
    look: &Look,
    circumstances: Circumstances,
    now: Timestamp,
) -> Recheck {
    let guarded = circumstances.guarded;
    let Some(conclusion) = run.conclusion.as_ref().filter(|_| run.status == Some(Status::Completed)) else {
        // The webhook may come before the API tells the same.
        return Recheck::Wait(not_completed(run));
    };
    let judged_early = plan.judged_conclusion.is_none() && guarded;
    if judged_early && !matches!(conclusion, Conclusion::Failure | Conclusion::TimedOut) {
        return Recheck::Refuse(format!(
            "planned when a job had failed; the run has now concluded {conclusion}"
        ));
    }
    if !judged_early && plan.judged_conclusion.as_ref() != Some(conclusion) {
        let judged = plan.judged_conclusion.as_ref().map_or("nothing", Conclusion::as_str);
        return Recheck::Refuse(format!("judged as {judged}, the run has now concluded {conclusion}"));
    }
    if let Some(why) = why_not_rerunnable(rerun, run, conclusion, attempt, now) {
        return Recheck::Refuse(why);
    }
    if !guarded {
        return Recheck::Go(Vec::new());
    }
    if judged_early && let Some(verdict) = when_many_failed(circumstances.most_failed_jobs, look) {
        return verdict;
    }
    let holds = |guard: Guard| !rerun.skip_guards.contains(&guard);
    if holds(Guard::NewerRun)
        && let Some(verdict) = when_newer(&look.newer_run, WantedLook::NewerRun)
    {
        return verdict;
    }
    match look.reviews.as_deref().map(|reviews| person_reviewed(reviews, rerun.redeploy)) {
        None => return Recheck::Need(WantedLook::Reviews),
        Some(Some(why)) => return Recheck::Refuse(why),
        Some(None) => {}
    }
    if holds(Guard::NewerCommit)
        && is_of_a_branch(run)
        && let Some(verdict) = when_newer(&look.newer_commit, WantedLook::NewerCommit)
    {
        return verdict;
    }
    Recheck::Go(Vec::new())
}

/// A re-run that was planned at a job's end is weighed by all jobs once the run has ended.
fn when_many_failed(most: Option<u32>, look: &Look) -> Option<Recheck> {
    let most = most?;
    match &look.failed_jobs {
        None => Some(Recheck::Need(WantedLook::FailedJobs)),
        Some(failed) => too_many_failed(most, failed).map(Recheck::Refuse),
    }
}

/// What follows from something newer, or from not knowing it; `None` when there is nothing newer.
fn when_newer(newer: &Option<Presence>, look: WantedLook) -> Option<Recheck> {
    let what = match look {
        WantedLook::NewerCommit => "the run's commit is no longer the head of its branch",
        WantedLook::Run
        | WantedLook::NewerRun
        | WantedLook::Reviews
        | WantedLook::Pending
        | WantedLook::FailedJobs
        | WantedLook::Running
        | WantedLook::NextAttempt => "a newer run of the workflow and branch exists",
    };
    match newer {
        None => Some(Recheck::Need(look)),
        Some(Presence::Present(which)) => Some(Recheck::Refuse(format!("{what}: {which}"))),
        Some(Presence::Unknown(why)) => {
            Some(Recheck::Refuse(format!("it cannot be told whether {what}: {why}")))
        }
        Some(Presence::Absent) => None,
    }
}

/// Whether the run is about a branch's commit. One that a schedule or a person started is about the moment, and the
/// branch may well have gone on since.
fn is_of_a_branch(run: &RunSnapshot) -> bool {
    matches!(run.event.as_deref(), Some("push" | "pull_request") | None)
}

/// GitHub re-runs nothing of a run that still runs. Planned at a job's end, the re-run waits for the run's, and uses up
/// no try meanwhile: it is looked for more seldom the longer it takes.
fn when_still_running(run: &RunSnapshot, waited: Duration, now: Timestamp) -> Recheck {
    match run.created_at {
        Some(created) if now.since(created) >= RERUN_WINDOW => Recheck::Refuse(format!(
            "the run was created on {created} and has not ended: GitHub re-runs for 30 days"
        )),
        Some(_) | None => Recheck::Later((waited / 4).clamp(SOONEST, LATEST), not_completed(run)),
    }
}

fn why_not_rerunnable(
    rerun: &Rerun,
    run: &RunSnapshot,
    conclusion: &Conclusion,
    attempt: RunAttempt,
    now: Timestamp,
) -> Option<String> {
    match conclusion {
        Conclusion::StartupFailure => {
            return Some("GitHub cannot re-run a run that failed to start".to_owned());
        }
        Conclusion::ActionRequired => return Some("the run waits for approval, it has not run".to_owned()),
        Conclusion::Success | Conclusion::Skipped | Conclusion::Neutral
            if matches!(rerun.scope, RerunScope::FailedJobs | RerunScope::MatchingJob) =>
        {
            return Some(format!("the run concluded {conclusion}: it has no failed jobs"));
        }
        _ => {}
    }
    if attempt.0 >= MOST_ATTEMPTS {
        return Some(format!(
            "the run is on attempt {attempt}: GitHub allows {MOST_ATTEMPTS} re-runs, the last is a person's"
        ));
    }
    match run.created_at {
        Some(created) if now.since(created) >= RERUN_WINDOW => {
            Some(format!("the run was created on {created}: GitHub re-runs for 30 days"))
        }
        Some(_) => None,
        None => Some("GitHub does not say when the run was created".to_owned()),
    }
}

/// A re-run deploys again without a new approval, and undoes a rejection; either needs a person.
fn person_reviewed(reviews: &[ReviewedGate], redeploy: bool) -> Option<String> {
    let by_people = || reviews.iter().filter(|review| review.is_by_a_person());
    let with_state = |state: &str| by_people().find(|review| review.state == state);
    let found = with_state("rejected").or_else(|| with_state("approved").filter(|_| !redeploy))?;
    let by = found.by.as_deref().unwrap_or("someone");
    let what = found.environments.join(", ");
    Some(match found.state.as_str() {
        "rejected" => format!("{by} rejected the deployment to {what}"),
        _ => format!(
            "{by} approved the deployment to {what}: a re-run would deploy again without a new approval"
        ),
    })
}

fn recheck_review(review: &Review, look: &Look, planned_for: Duration) -> Recheck {
    if review.via == Some(Via::ProtectionRule) {
        return Recheck::Go(Vec::new());
    }
    let Some(pending) = &look.pending else {
        return Recheck::Need(WantedLook::Pending);
    };
    let wanted: Vec<&PendingGate> = pending
        .iter()
        .filter(|gate| review.environments.iter().any(|name| name.eq_ignore_ascii_case(&gate.name)))
        .collect();
    if wanted.is_empty() {
        return when_not_pending(review, look, planned_for);
    }
    let allowed: Vec<EnvironmentId> =
        wanted.iter().filter(|gate| gate.can_review != Some(false)).map(|gate| gate.id).collect();
    if allowed.is_empty() {
        let names: Vec<&str> = wanted.iter().map(|gate| gate.name.as_str()).collect();
        return Recheck::Refuse(format!(
            "the reviewer's token may not review {}: its user is not a required reviewer there, or only a wait timer is pending",
            names.join(", ")
        ));
    }
    Recheck::Go(allowed)
}

fn when_not_pending(review: &Review, look: &Look, planned_for: Duration) -> Recheck {
    when_reviewed(review, look).unwrap_or_else(|| {
        let names = review.environments.join(", ");
        if planned_for <= PENDING_WITHIN {
            Recheck::Wait(format!("{names} is not pending yet"))
        } else {
            // The App's own protection rule may have answered: that leaves no review.
            Recheck::Refuse(format!("the run does not wait at {names} for a review"))
        }
    })
}

/// What follows from a review that somebody gave, us included; `None` when nobody did.
fn when_reviewed(review: &Review, look: &Look) -> Option<Recheck> {
    let Some(reviews) = &look.reviews else {
        return Some(Recheck::Need(WantedLook::Reviews));
    };
    let concerns = |given: &&ReviewedGate| {
        let wanted =
            |name: &String| review.environments.iter().any(|wanted| wanted.eq_ignore_ascii_case(name));
        given.environments.iter().any(wanted) && matches!(given.state.as_str(), "approved" | "rejected")
    };
    let given = reviews.iter().rev().find(concerns)?;
    let by = given.by.as_deref().unwrap_or("someone");
    let words = format!("{} was already {} by {by}", review.environments.join(", "), given.state);
    let same = given.state == review.state.as_str();
    Some(if same { Recheck::Done(words) } else { Recheck::Refuse(words) })
}

fn not_completed(run: &RunSnapshot) -> String {
    let status = run.status.as_ref().map_or("of unknown status", Status::as_str);
    format!("the run is {status}, not completed")
}

fn recheck_delete(plan: &PlannedAction, run: &RunSnapshot, completed: bool) -> Recheck {
    if !completed {
        return Recheck::Refuse(not_completed(run));
    }
    if plan.judged_conclusion != run.conclusion {
        return Recheck::Refuse("the run has another conclusion than the one that was judged".to_owned());
    }
    Recheck::Go(Vec::new())
}
