//! Every endpoint of the client, against the simulated GitHub: what is asked for, as whom, and what is made of each
//! answer and of each refusal.

mod pulls;

use std::time::Duration;

use runwarden::{
    clock::Clock,
    github::{
        Access, Approval, Credential, DeploymentReview, GitHub, GitHubError, LogSink, LogsError, Meter,
        Options, ProtectionRuleReview, RunPage, RunQuery, SecretText, WorkflowRef,
    },
    model::{
        Annotation, Conclusion, EnvironmentId, InstallationId, JobId, Lane, RepositoryName, ReviewState,
        RunAttempt, RunId, Status, Timestamp, WorkflowId,
    },
    simulator::{
        Answer, AttemptSpec, Authorization, Fault, GateSpec, JobSpec, Origin, PLAIN_TOKEN, REVIEWER,
        REVIEWER_TOKEN, Request, RunSpec, Simulator,
    },
};
use tokio::task::JoinSet;

use crate::story::NOON;

const KEY: &str = include_str!("../../src/github/testdata/app.pem");
const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

/// No log of these tests is larger.
const ENOUGH: u64 = 1_000_000;

/// A client, the GitHub that it speaks to, and the way to acme/api.
struct World {
    sim: Simulator,
    clock: Clock,
    github: GitHub,
    access: Access,
    is_app: bool,
}

impl World {
    /// The client is an App that has to find its installation first; a reviewer's token is there too.
    async fn app() -> Self {
        let key = Credential::App { id: 12_345, private_key_pem: SecretText::new(KEY) };
        Self::with(key, Some(REVIEWER_TOKEN)).await
    }

    /// The client has a personal access token and no reviewer.
    async fn token() -> Self {
        Self::with(Credential::Token(SecretText::new(PLAIN_TOKEN)), None).await
    }

    async fn with(credential: Credential, reviewer: Option<&str>) -> Self {
        let sim = Simulator::start().await.unwrap();
        sim.set_now(NOON.parse().unwrap());
        sim.repo("acme/api");
        let is_app = matches!(credential, Credential::App { .. });
        let clock = Clock::by_hand(Timestamp(sim.now().as_millisecond()));
        let options = Options {
            api_url: sim.api_url(),
            reviewer: reviewer.map(SecretText::new),
            write_interval: Duration::ZERO,
            ..Options::new(credential)
        };
        let github = GitHub::new(options, clock.clone()).unwrap();
        Self { sim, clock, github, access: to("acme/api"), is_app }
    }

    /// The requests on behalf of a caller, without token mints and look-ups of installations.
    fn asked(&self) -> Vec<Request> {
        let serves_many = |path: &str| path.ends_with("/access_tokens") || path.ends_with("/installation");
        self.sim.requests().into_iter().filter(|request| !serves_many(&request.path)).collect()
    }

    /// The last of them, without what all of this repository's begin with.
    fn last(&self) -> String {
        short(self.asked().last().expect("nothing was asked"))
    }

    fn mints(&self) -> usize {
        self.sim.requests().iter().filter(|request| request.path.ends_with("/access_tokens")).count()
    }

    fn job(&self, run: RunId, name: &str) -> JobId {
        let state = self.sim.run_state(sim_id(run)).unwrap();
        let job = state.jobs.into_iter().find(|job| job.name == name).unwrap();
        JobId(i64::try_from(job.id).unwrap())
    }

    fn attempt_of(&self, run: RunId) -> u64 {
        self.sim.attempt_of(sim_id(run))
    }

    fn start(&self, spec: RunSpec) -> RunId {
        run_id(self.sim.run(spec))
    }

    fn end(&self, spec: RunSpec) -> RunId {
        run_id(self.sim.run_to_end(spec))
    }

    fn pass(&self, time: Duration) {
        self.clock.advance(time);
        self.sim.advance(time);
    }

    async fn fetch(&self, log: Log, limit_bytes: u64) -> (Result<u64, LogsError>, Vec<u8>) {
        let mut bytes = Vec::new();
        let mut progress = |_, _| {};
        let sink = LogSink { writer: &mut bytes, limit_bytes, progress: &mut progress };
        let result = match log {
            Log::Run(run) => self.github.logs(&self.access, run, sink).await,
            Log::Attempt(run, attempt) => {
                self.github.attempt_logs(&self.access, run, RunAttempt(attempt), sink).await
            }
            Log::Job(job) => self.github.job_logs(&self.access, job, sink).await,
        };
        (result, bytes)
    }

    /// Every request went to a route that GitHub has, with the headers that GitHub wants, as the right one, and
    /// with no more of a body than it needs.
    fn check_requests(&self) {
        for request in self.sim.requests() {
            assert!(request.known, "GitHub has no such route: {request:?}");
            let header = |name: &str| {
                let found = request.headers.iter().find(|(header, _)| header == name);
                found.map(|(_, value)| value.as_str())
            };
            let of_api = request.origin == Origin::Api;
            assert_eq!(
                header("user-agent"),
                Some(concat!("runwarden/", env!("CARGO_PKG_VERSION"))),
                "{request:?}"
            );
            assert_eq!(header("accept"), of_api.then_some("application/vnd.github+json"), "{request:?}");
            assert_eq!(header("x-github-api-version"), of_api.then_some("2022-11-28"), "{request:?}");
            let has_body = !request.body.is_empty();
            assert_eq!(header("content-type"), has_body.then_some("application/json"), "{request:?}");
            let takes_body = ["/pending_deployments", "/deployment_protection_rule"];
            let is_rerun = request.path.contains("/rerun");
            let may_have_body = is_rerun || takes_body.iter().any(|end| request.path.ends_with(end));
            assert!(may_have_body || !has_body, "{request:?}");
            assert!(
                !is_rerun || !has_body || request.body == r#"{"enable_debug_logging":true}"#,
                "{request:?}"
            );
            let expected = authorizations(&request, self.is_app);
            assert!(expected.contains(&request.authorization), "{expected:?} expected: {request:?}");
        }
    }
}

/// As whom a request may be made.
fn authorizations(request: &Request, is_app: bool) -> &'static [Authorization] {
    use Authorization::{Installation, Jwt, None, Reviewer, Token};
    let of_the_app = request.path.starts_with("/app/")
        || request.path.ends_with("/installation")
        || request.path == "/meta";
    let of_reviews = request.path.ends_with("/pending_deployments");
    match (request.origin, request.method.as_str()) {
        (Origin::Blobs, _) => &[None],
        (Origin::Api, _) if !is_app => &[Token],
        (Origin::Api, _) if of_the_app => &[Jwt],
        (Origin::Api, "POST") if of_reviews => &[Reviewer],
        (Origin::Api, _) if of_reviews => &[Installation, Reviewer],
        (Origin::Api, _) => &[Installation],
    }
}

#[derive(Clone, Copy)]
enum Log {
    Run(RunId),
    Attempt(RunId, u32),
    Job(JobId),
}

fn to(repository: &str) -> Access {
    let repository = RepositoryName::parse(repository).unwrap();
    Access { repository, installation: None, lane: Lane::Event, requests: Meter::default() }
}

fn run_id(id: u64) -> RunId {
    RunId(i64::try_from(id).unwrap())
}

fn sim_id(run: RunId) -> u64 {
    u64::try_from(run.0).unwrap()
}

fn short(request: &Request) -> String {
    request.line().replace("/repos/acme/api/actions", "")
}

fn ci() -> RunSpec {
    RunSpec::new("acme/api", "ci.yml")
}

fn refused(status: u16, message: &str) -> GitHubError {
    GitHubError::Refused { status, message: message.to_owned() }
}

fn not_found() -> GitHubError {
    GitHubError::NotFound { message: "Not Found".to_owned() }
}

fn logs_gone(status: u16, message: &str) -> LogsError {
    LogsError::LogsGone { status, message: message.to_owned() }
}

/// A run that GitHub does not have.
const NO_RUN: RunId = RunId(7);
const RUNNING: &str = "This workflow is already running";
const NO_REVIEW: &str = "Validation Failed: No pending deployment requests to approve or reject";

// --- the page "workflow runs" of GitHub's reference, in its order ---

#[tokio::test]
async fn a_job_is_run_again_with_those_that_depend_on_it() {
    let world = World::app().await;
    let jobs = [
        JobSpec::new("lint", "success"),
        JobSpec::new("test", "failure"),
        JobSpec::new("ship", "skipped").needs("test"),
    ];
    let run = world.end(ci().attempt(AttemptSpec::jobs(jobs)));
    let job = world.job(run, "test");
    world.github.rerun_job(&world.access, job, false).await.unwrap();
    assert_eq!(world.last(), format!("POST /jobs/{job}/rerun"));
    let jobs = world.sim.run_state(sim_id(run)).unwrap().jobs;
    assert_eq!(jobs.iter().map(|job| job.name.as_str()).collect::<Vec<_>>(), ["test", "ship"]);
    let again = world.github.rerun_job(&world.access, job, true).await;
    assert_eq!(again, Err(refused(403, "The workflow run containing this job is already running")));
    assert_eq!(world.sim.writes()[1].body, r#"{"enable_debug_logging":true}"#);
    assert_eq!(world.github.rerun_job(&world.access, JobId(7), false).await, Err(not_found()));
    world.check_requests();
}

#[tokio::test]
async fn runs_are_listed_by_every_filter_and_over_all_pages() {
    let world = World::app().await;
    let at = |day: &str| format!("{day}T10:00:00Z").parse().unwrap();
    let wanted = || {
        let run = ci().branch("fix/ü & more").event("pull_request").actor("dependabot[bot]").sha("c0ffee");
        run.attempts(["failure"]).created_at(at("2026-11-20"))
    };
    let mut ids: Vec<RunId> = (0..5).map(|_| run_id(world.sim.past_run(wanted()))).collect();
    ids.reverse();
    for other in [
        wanted().branch("fix/ü"),
        wanted().event("push"),
        wanted().actor("octocat"),
        wanted().sha("beef"),
        wanted().attempts(["success"]),
        wanted().created_at(at("2026-11-19")),
    ] {
        world.sim.past_run(other);
    }
    let query = RunQuery {
        status: Some("failure".to_owned()),
        branch: Some("fix/ü & more".to_owned()),
        event: Some("pull_request".to_owned()),
        actor: Some("dependabot[bot]".to_owned()),
        created: Some(">=2026-11-20T00:00:00+02:00".to_owned()),
        head_sha: Some("c0ffee".to_owned()),
        per_page: Some(2),
    };
    let pages = pages(&world, &query).await;
    let encoded = "/runs?status=failure&branch=fix%2F%C3%BC+%26+more&event=pull_request&actor=dependabot%5Bbot%5D\
                   &created=%3E%3D2026-11-20T00%3A00%3A00%2B02%3A00&head_sha=c0ffee&per_page=2";
    let asked: Vec<String> = world.asked().iter().map(short).collect();
    let page = |number: &str| format!("GET {encoded}{number}");
    assert_eq!(asked, [page(""), page("&page=2"), page("&page=3")]);
    let listed: Vec<RunId> = pages.iter().flat_map(|page| &page.runs).map(|run| run.id).collect();
    assert_eq!(listed, ids, "the newest first");
    assert_eq!(pages.iter().map(|page| page.runs.len()).collect::<Vec<_>>(), [2, 2, 1]);
    assert!(pages.iter().all(|page| page.total_count == Some(5) && page.unreadable == 0));
    let all = world.github.list_runs(&world.access, &RunQuery::default(), None).await.unwrap();
    assert_eq!(
        (all.total_count, all.next, world.last().as_str()),
        (Some(11), None, "GET /runs?per_page=100")
    );
    let nonsense = RunQuery { created: Some("yesterday".to_owned()), ..RunQuery::default() };
    let error = world.github.list_runs(&world.access, &nonsense, None).await.unwrap_err();
    assert_eq!(error, refused(422, "Validation Failed: \"created\" is not a date range"));
    world.check_requests();
}

async fn pages(world: &World, query: &RunQuery) -> Vec<RunPage> {
    let mut pages = vec![world.github.list_runs(&world.access, query, None).await.unwrap()];
    while let Some(next) = pages.last().and_then(|page| page.next.clone()) {
        pages.push(world.github.list_runs(&world.access, query, Some(&next)).await.unwrap());
    }
    pages
}

#[tokio::test]
async fn a_run_is_read_as_its_latest_attempt() {
    let world = World::app().await;
    let workflow = world.sim.workflow("acme/api", "ci.yml", "CI");
    world.sim.auto_finish(true);
    let run =
        world.end(ci().branch("dev").event("pull_request").fork("eve/api").attempts(["failure", "success"]));
    world.pass(MINUTE);
    world.sim.person_reruns(sim_id(run), "mallory").unwrap();
    let read = world.github.run(&world.access, run).await.unwrap();
    assert_eq!(world.last(), format!("GET /runs/{run}"));
    let noon = Timestamp::parse(NOON);
    assert_eq!((read.id, read.attempt, read.run_number), (run, Some(RunAttempt(2)), Some(1)));
    assert_eq!((read.status, read.conclusion), (Some(Status::Completed), Some(Conclusion::Success)));
    assert_eq!(
        (read.workflow.as_deref(), read.workflow_path.as_deref()),
        (Some("CI"), Some(".github/workflows/ci.yml"))
    );
    assert_eq!(read.workflow_id, Some(WorkflowId(i64::try_from(workflow).unwrap())));
    assert_eq!((read.branch.as_deref(), read.event.as_deref()), (Some("dev"), Some("pull_request")));
    assert_eq!((read.actor.as_deref(), read.triggering_actor.as_deref()), (Some("octocat"), Some("mallory")));
    assert_eq!((read.repository.as_str(), read.head_repository.unwrap().as_str()), ("acme/api", "eve/api"));
    assert_eq!((read.created_at, read.run_started_at), (noon, noon.map(|at| at + MINUTE)));
    assert!(read.html_url.unwrap().ends_with(&format!("/acme/api/actions/runs/{run}")));
    assert!(!read.partial && read.head_sha.unwrap().len() == 40);
    assert_eq!(world.github.run(&world.access, NO_RUN).await.unwrap_err(), not_found());
    world.check_requests();
}

#[tokio::test]
async fn only_a_completed_run_is_deleted() {
    let world = World::app().await;
    let (running, ended) = (world.start(ci()), world.end(ci()));
    world.github.delete_run(&world.access, ended).await.unwrap();
    assert_eq!(world.last(), format!("DELETE /runs/{ended}"));
    assert_eq!(world.sim.run_state(sim_id(ended)), None);
    assert_eq!(world.github.delete_run(&world.access, ended).await, Err(not_found()));
    let refusal = world.github.delete_run(&world.access, running).await;
    assert_eq!(refusal, Err(refused(403, "Could not delete the workflow run")));
    assert!(world.sim.run_state(sim_id(running)).is_some());
    world.check_requests();
}

#[tokio::test]
async fn reviews_that_were_given_are_listed_bots_included() {
    let world = World::app().await;
    let gates = [GateSpec::reviewers("staging"), GateSpec::wait_timer("production", 5)];
    let run = world.start(gates.into_iter().fold(ci(), RunSpec::gate));
    assert_eq!(world.github.approvals(&world.access, run).await, Ok(Vec::new()));
    world.sim.person_approves(sim_id(run), "staging", "mona").unwrap();
    world.sim.timer_passes(sim_id(run), "production").unwrap();
    let given = |environment: &str, user: &str, comment: &str| Approval {
        environments: vec![environment.to_owned()],
        state: Some("approved".to_owned()),
        user: Some(user.to_owned()),
        comment: Some(comment.to_owned()),
    };
    let expected = [
        given("staging", "mona", "Ship it!"),
        given("production", "github-actions[bot]", "5 minute wait timer"),
    ];
    assert_eq!(world.github.approvals(&world.access, run).await.unwrap(), expected);
    assert_eq!(world.last(), format!("GET /runs/{run}/approvals"));
    assert_eq!(world.github.approvals(&world.access, NO_RUN).await, Err(not_found()));
    world.check_requests();
}

#[tokio::test]
async fn an_earlier_attempt_is_read_as_it_was() {
    let world = World::app().await;
    world.sim.auto_finish(true);
    let run = world.end(ci().attempts(["failure", "success"]));
    world.sim.person_reruns(sim_id(run), "mallory").unwrap();
    let first = world.github.attempt(&world.access, run, RunAttempt(1)).await.unwrap();
    assert_eq!(world.last(), format!("GET /runs/{run}/attempts/1"));
    assert_eq!((first.attempt, first.conclusion), (Some(RunAttempt(1)), Some(Conclusion::Failure)));
    assert_eq!(first.triggering_actor.as_deref(), Some("octocat"));
    assert_eq!(world.github.attempt(&world.access, run, RunAttempt(3)).await.unwrap_err(), not_found());
    world.check_requests();
}

#[tokio::test]
async fn logs_of_a_run_and_of_an_attempt_come_from_the_storage_without_a_credential() {
    let world = World::app().await;
    let attempt = |log: &str| AttemptSpec::jobs([JobSpec::new("build", "failure").log(log)]);
    let run = world.end(ci().attempt(attempt("no space left")).attempt(attempt("out of memory")));
    world.sim.person_reruns(sim_id(run), "mallory").unwrap();
    let early = world.fetch(Log::Run(run), ENOUGH).await.0;
    assert_eq!(early, Err(logs_gone(404, "Not Found")), "the second attempt is running");
    assert!(world.sim.finish(sim_id(run)));
    for (log, path, blob, words) in [
        (Log::Run(run), format!("GET /runs/{run}/logs"), 2, "out of memory"),
        (Log::Attempt(run, 1), format!("GET /runs/{run}/attempts/1/logs"), 1, "no space left"),
        (Log::Attempt(run, 2), format!("GET /runs/{run}/attempts/2/logs"), 2, "out of memory"),
    ] {
        world.sim.clear_requests();
        let (result, bytes) = world.fetch(log, ENOUGH).await;
        assert_eq!(result, Ok(u64::try_from(bytes.len()).unwrap()));
        let text = String::from_utf8_lossy(&bytes);
        assert!(
            text.starts_with("PK\u{3}\u{4}") && text.contains("0_build.txt") && text.contains(words),
            "{text}"
        );
        let asked = world.asked();
        assert_eq!((asked.len(), short(&asked[0]), asked[0].status), (2, path, Some(302)));
        assert!(asked[1].path.starts_with(&format!("/blobs/runs/{run}/{blob}.zip?")), "{:?}", asked[1]);
        assert_eq!((asked[1].origin, asked[1].authorization), (Origin::Blobs, Authorization::None));
        world.check_requests();
    }
    for missing in [Log::Run(NO_RUN), Log::Attempt(run, 3)] {
        assert_eq!(world.fetch(missing, ENOUGH).await.0, Err(logs_gone(404, "Not Found")));
    }
    world.sim.expire_logs(sim_id(run));
    for expired in [Log::Run(run), Log::Attempt(run, 1)] {
        assert_eq!(world.fetch(expired, ENOUGH).await.0, Err(logs_gone(410, "Server Error")));
    }
    let meter = world.access.requests.count();
    assert_eq!(meter, 1 + 3 + 2 + 2, "the storage's requests are no requests to GitHub");
}

#[tokio::test]
async fn no_failure_of_the_storage_shows_its_address() {
    let world = World::token().await;
    let log = "x".repeat(100_000);
    let run = world.end(ci().attempt(AttemptSpec::jobs([JobSpec::new("build", "success").log(&log)])));
    let (result, bytes) = world.fetch(Log::Run(run), 10_000).await;
    assert_eq!(result, Err(LogsError::TooLarge { limit_bytes: 10_000 }));
    assert!(bytes.len() <= 10_000);
    world.sim.fault(Fault::on("GET", "/blobs/").answer(Answer::message(403, "AuthenticationFailed")));
    world.sim.fault(Fault::on("GET", "/blobs/").drop_connection());
    world.sim.fault(Fault::on("GET", "/blobs/").answer(Answer::status(404)));
    let answered = world.fetch(Log::Run(run), ENOUGH).await.0.unwrap_err();
    assert_eq!(answered.to_string(), "the logs' storage answered 403");
    let dropped = world.fetch(Log::Run(run), ENOUGH).await.0.unwrap_err();
    assert!(
        matches!(dropped, LogsError::GitHub(GitHubError::Unavailable { status: None, .. })),
        "{dropped:?}"
    );
    assert!(!format!("{dropped:?}").contains("sig="), "{dropped:?}");
    assert_eq!(world.fetch(Log::Run(run), ENOUGH).await.0, Err(logs_gone(404, "from the logs' storage")));
    assert!(world.fetch(Log::Run(run), ENOUGH).await.0.is_ok());
    world.check_requests();
}

#[tokio::test]
async fn a_cancellation_is_asked_for_and_refused_when_the_run_is_over_or_not_queued() {
    let world = World::app().await;
    let (running, ended) = (world.start(ci()), world.end(ci()));
    let ghost = run_id(world.sim.past_run(ci().ghost()));
    world.github.cancel(&world.access, running).await.unwrap();
    assert_eq!(world.last(), format!("POST /runs/{running}/cancel"));
    assert!(world.sim.run_state(sim_id(running)).unwrap().cancel_asked, "asked, not done");
    let over = refused(409, "Cannot cancel a workflow run that is completed");
    assert_eq!(world.github.cancel(&world.access, ended).await, Err(over.clone()));
    let unqueued = refused(409, "Cannot cancel a workflow run that has not been queued yet.");
    assert_eq!(world.github.cancel(&world.access, ghost).await, Err(unqueued.clone()));
    assert_eq!(world.github.cancel(&world.access, NO_RUN).await, Err(not_found()));
    // A run that ignores being cancelled ends when it is forced to.
    let stubborn = world.start(ci().ignores_cancel());
    world.github.cancel(&world.access, stubborn).await.unwrap();
    assert!(!world.sim.run_state(sim_id(stubborn)).unwrap().cancel_asked);
    world.github.force_cancel(&world.access, stubborn).await.unwrap();
    assert_eq!(world.last(), format!("POST /runs/{stubborn}/force-cancel"));
    let state = world.sim.run_state(sim_id(stubborn)).unwrap();
    assert_eq!(state.conclusion.as_deref(), Some("cancelled"));
    assert_eq!(world.github.force_cancel(&world.access, ended).await, Err(over));
    assert_eq!(world.github.force_cancel(&world.access, ghost).await, Err(unqueued));
    assert_eq!(world.github.force_cancel(&world.access, NO_RUN).await, Err(not_found()));
    world.check_requests();
}

#[tokio::test]
async fn logs_are_deleted_once_the_run_is_completed_and_are_gone_then() {
    let world = World::app().await;
    let (running, ended) = (world.start(ci()), world.end(ci()));
    world.github.delete_logs(&world.access, ended).await.unwrap();
    assert_eq!(world.last(), format!("DELETE /runs/{ended}/logs"));
    assert_eq!(world.fetch(Log::Run(ended), ENOUGH).await.0, Err(logs_gone(410, "Server Error")));
    let refusal = world.github.delete_logs(&world.access, running).await;
    assert_eq!(refusal, Err(refused(403, "Could not delete the logs of a workflow run that is in progress")));
    assert_eq!(world.github.delete_logs(&world.access, NO_RUN).await, Err(not_found()));
    world.sim.fault(Fault::on("DELETE", "/logs").answer(Answer::message(410, "Gone")));
    assert_eq!(
        world.github.delete_logs(&world.access, ended).await,
        Err(GitHubError::Gone { message: "Gone".to_owned() })
    );
    world.check_requests();
}

#[tokio::test]
async fn pending_deployments_are_read_as_oneself_and_as_the_reviewer() {
    let world = World::app().await;
    let gates = [GateSpec::reviewers("staging"), GateSpec::wait_timer("production", 5)];
    let run = world.start(gates.into_iter().fold(ci(), RunSpec::gate));
    for (as_reviewer, who) in [(false, Authorization::Installation), (true, Authorization::Reviewer)] {
        let pending = world.github.pending_deployments(&world.access, run, as_reviewer).await.unwrap();
        let asked = world.asked().pop().unwrap();
        assert_eq!(
            (short(&asked), asked.authorization),
            (format!("GET /runs/{run}/pending_deployments"), who)
        );
        let [staging, production] = pending.as_slice() else { panic!("{pending:?}") };
        let id = world.sim.environment("acme/api", "staging");
        assert_eq!(
            (staging.environment, staging.name.as_str()),
            (EnvironmentId(i64::try_from(id).unwrap()), "staging")
        );
        assert_eq!((staging.current_user_can_approve, staging.reviewers), (Some(as_reviewer), Some(1)));
        assert_eq!((production.wait_timer_minutes, production.reviewers), (Some(5), Some(0)));
        assert_eq!(production.wait_timer_started_at, Timestamp::parse(NOON));
        assert_eq!(production.current_user_can_approve, Some(false), "nobody can approve a wait timer");
        assert_eq!(
            world.github.pending_deployments(&world.access, NO_RUN, as_reviewer).await,
            Err(not_found())
        );
    }
    world.check_requests();
}

#[tokio::test]
async fn pending_deployments_are_reviewed_as_the_reviewer_and_never_as_the_app() {
    let world = World::app().await;
    let run = world.start(ci().environments(["staging", "production"]));
    let environment =
        |name: &str| EnvironmentId(i64::try_from(world.sim.environment("acme/api", name)).unwrap());
    let review = |names: &[&str], state| DeploymentReview {
        environments: names.iter().map(|name| environment(name)).collect(),
        state,
        comment: "fine: \"é\"".to_owned(),
    };
    let (approved, rejected) = (ReviewState::Approved, ReviewState::Rejected);
    let send = |run, review| {
        let (github, access) = (world.github.clone(), world.access.clone());
        async move { github.review_pending_deployments(&access, run, &review).await }
    };
    send(run, review(&["staging"], approved)).await.unwrap();
    let asked = world.asked().pop().unwrap();
    assert_eq!(short(&asked), format!("POST /runs/{run}/pending_deployments"));
    let id = environment("staging");
    assert_eq!(
        asked.body,
        format!(r#"{{"environment_ids":[{id}],"state":"approved","comment":"fine: \"é\""}}"#)
    );
    assert_eq!(world.sim.run_state(sim_id(run)).unwrap().waits_at, ["production"]);
    assert_eq!(send(run, review(&["staging"], approved)).await, Err(refused(422, NO_REVIEW)));
    send(run, review(&["production"], rejected)).await.unwrap();
    assert_eq!(world.sim.run_state(sim_id(run)).unwrap().conclusion.as_deref(), Some("failure"));
    assert_eq!(send(NO_RUN, review(&["staging"], approved)).await, Err(not_found()));
    let given = world.github.approvals(&world.access, run).await.unwrap();
    assert!(given.iter().all(|review| review.user.as_deref() == Some(REVIEWER)), "{given:?}");
    world.check_requests();

    let key = Credential::App { id: 12_345, private_key_pem: SecretText::new(KEY) };
    let alone = World::with(key, None).await;
    let run = alone.start(ci().environments(["staging"]));
    let error =
        alone.github.review_pending_deployments(&alone.access, run, &review(&["staging"], approved)).await;
    let words = "no reviewer's token is configured".to_owned();
    assert_eq!(error, Err(GitHubError::Unauthorized { message: words }));
    assert_eq!(alone.sim.requests().len(), 0);
    // The user of a plain token may be a reviewer, or not.
    let plain = World::token().await;
    let run = plain.start(ci().environments(["staging"]));
    let id = EnvironmentId(i64::try_from(plain.sim.environment("acme/api", "staging")).unwrap());
    let review = DeploymentReview { environments: vec![id], state: approved, comment: String::new() };
    let error = plain.github.review_pending_deployments(&plain.access, run, &review).await;
    assert_eq!(error, Err(refused(422, NO_REVIEW)));
    plain.check_requests();
}

#[tokio::test]
async fn a_run_is_run_again_in_whole_or_its_failed_jobs() {
    let world = World::app().await;
    let jobs = || AttemptSpec::jobs([JobSpec::new("lint", "success"), JobSpec::new("test", "failure")]);
    let rerun = async |run, failed_only, debug| match failed_only {
        true => world.github.rerun_failed_jobs(&world.access, run, debug).await,
        false => world.github.rerun(&world.access, run, debug).await,
    };
    for (failed_only, path, again) in
        [(false, "rerun", &["lint", "test"][..]), (true, "rerun-failed-jobs", &["test"])]
    {
        let run = world.end(ci().attempt(jobs()));
        rerun(run, failed_only, false).await.unwrap();
        let asked = world.asked().pop().unwrap();
        assert_eq!((short(&asked), asked.body.as_str()), (format!("POST /runs/{run}/{path}"), ""));
        let state = world.sim.run_state(sim_id(run)).unwrap();
        assert_eq!((state.attempt, state.status.as_str()), (2, "in_progress"));
        assert_eq!(state.jobs.iter().map(|job| job.name.as_str()).collect::<Vec<_>>(), again);
        assert_eq!(rerun(run, failed_only, false).await, Err(refused(403, RUNNING)));
        assert!(world.sim.finish(sim_id(run)));
        rerun(run, failed_only, true).await.unwrap();
        assert_eq!(world.asked().pop().unwrap().body, r#"{"enable_debug_logging":true}"#);
        assert_eq!(world.attempt_of(run), 3);
        let dead = [
            (
                ci().created_at("2026-10-01T00:00:00Z".parse().unwrap()),
                "Unable to retry this workflow run because it was created over a month ago",
            ),
            (ci().attempts(["startup_failure"]), "This workflow run cannot be retried"),
            (ci().attempts(["failure"]).at_attempt(51), "This workflow run cannot be retried"),
        ];
        for (spec, words) in dead {
            let run = run_id(world.sim.past_run(spec));
            assert_eq!(rerun(run, failed_only, false).await, Err(refused(403, words)));
        }
        assert_eq!(rerun(NO_RUN, failed_only, false).await, Err(not_found()));
    }
    world.check_requests();
}

#[tokio::test]
async fn a_workflows_runs_are_listed_by_its_id_and_by_its_file() {
    let world = World::app().await;
    let id = i64::try_from(world.sim.workflow("acme/api", "nightly build.yml", "Nightly")).unwrap();
    let nightly = || RunSpec::new("acme/api", "nightly build.yml");
    let mut mine = [world.end(nightly()), world.end(nightly()), world.end(nightly().attempts(["failure"]))];
    mine.reverse();
    world.end(ci());
    for (workflow, segment) in [
        (WorkflowRef::Id(WorkflowId(id)), id.to_string()),
        (WorkflowRef::File("nightly build.yml".to_owned()), "nightly%20build.yml".to_owned()),
        (
            WorkflowRef::File(".github/workflows/nightly build.yml".to_owned()),
            "nightly%20build.yml".to_owned(),
        ),
    ] {
        let query = RunQuery { per_page: Some(2), ..RunQuery::default() };
        let list = async |query: &RunQuery, next: Option<&str>| {
            world.github.list_workflow_runs(&world.access, &workflow, query, next).await.unwrap()
        };
        let first = list(&query, None).await;
        assert_eq!(world.last(), format!("GET /workflows/{segment}/runs?per_page=2"));
        let second = list(&query, first.next.as_deref()).await;
        assert_eq!(world.last(), format!("GET /workflows/{segment}/runs?per_page=2&page=2"));
        let ids: Vec<RunId> = first.runs.iter().chain(&second.runs).map(|run| run.id).collect();
        assert_eq!((ids.as_slice(), first.total_count, second.next), (&mine[..], Some(3), None));
        let failed = RunQuery { status: Some("failure".to_owned()), ..RunQuery::default() };
        let failed = list(&failed, None).await;
        assert_eq!(failed.runs.iter().map(|run| run.id).collect::<Vec<_>>(), &mine[..1]);
    }
    for missing in [WorkflowRef::Id(WorkflowId(7)), WorkflowRef::File("ci.yaml".to_owned())] {
        let listed =
            world.github.list_workflow_runs(&world.access, &missing, &RunQuery::default(), None).await;
        assert_eq!(listed.unwrap_err(), not_found());
    }
    world.check_requests();
}

// --- beside that page ---

#[tokio::test]
async fn a_jobs_annotations_are_read_over_all_pages_and_no_check_run_has_none() {
    let world = World::app().await;
    let noted = (0..150).fold(JobSpec::new("test", "failure"), |job, number| {
        job.annotation(if number == 149 { "failure" } else { "notice" }, format!("note {number}"))
    });
    let run = world.end(ci().attempt(AttemptSpec::jobs([noted])));
    let job = world.job(run, "test");
    let annotations = world.github.annotations(&world.access, job).await.unwrap();
    assert_eq!(annotations.len(), 150);
    let last =
        Annotation { level: Some("failure".to_owned()), title: None, message: Some("note 149".to_owned()) };
    assert_eq!(annotations.last(), Some(&last));
    assert_eq!(world.last(), format!("GET /repos/acme/api/check-runs/{job}/annotations?per_page=100&page=2"));
    assert_eq!(world.github.annotations(&world.access, JobId(7)).await, Ok(Vec::new()));
    let forbidden = Answer::message(403, "Resource not accessible by integration");
    world.sim.fault(Fault::on("GET", "/annotations").answer(forbidden));
    let refusal = world.github.annotations(&world.access, job).await;
    assert_eq!(refusal, Err(refused(403, "Resource not accessible by integration")));
    let odd = br#"[{"annotation_level": null, "title": 7, "message": ["x"]}, null, 3]"#;
    world.sim.fault(Fault::on("GET", "/annotations").answer(Answer::status(200).body(odd.as_slice())));
    let lenient = world.github.annotations(&world.access, job).await.unwrap();
    assert_eq!(lenient, vec![Annotation { level: None, title: None, message: None }; 3]);
}

#[tokio::test]
async fn an_attempts_jobs_are_read_over_all_pages_with_their_steps() {
    let world = World::app().await;
    let plain = (1..250).map(|number| JobSpec::new(format!("job ({number})"), "success"));
    let broken = JobSpec::new("last", "failure")
        .step("Build", "success")
        .step("Test", "failure")
        .labels(["self-hosted"]);
    let run = world.end(ci().attempt(AttemptSpec::jobs(plain.chain([broken]))));
    let jobs = world.github.attempt_jobs(&world.access, run, RunAttempt(1)).await.unwrap();
    let asked: Vec<String> = world.asked().iter().map(short).collect();
    let page = |number: &str| format!("GET /runs/{run}/attempts/1/jobs?per_page=100{number}");
    assert_eq!(asked, [page(""), page("&page=2"), page("&page=3")]);
    assert_eq!((jobs.jobs.len(), jobs.unreadable), (250, 0));
    let last = jobs.jobs.last().unwrap();
    assert_eq!((last.id, last.name.as_deref()), (world.job(run, "last"), Some("last")));
    assert_eq!((last.attempt, &last.status), (Some(RunAttempt(1)), &Some(Status::Completed)));
    assert_eq!(
        (&last.conclusion, last.labels.as_slice()),
        (&Some(Conclusion::Failure), &["self-hosted".to_owned()][..])
    );
    assert_eq!((last.started_at, last.completed_at), (Timestamp::parse(NOON), Timestamp::parse(NOON)));
    assert_eq!(last.runner_name.as_deref(), Some("GitHub Actions 1"));
    let steps: Vec<_> =
        last.steps.iter().map(|step| (step.number, step.name.as_deref(), &step.conclusion)).collect();
    let (success, failure) = (Some(Conclusion::Success), Some(Conclusion::Failure));
    assert_eq!(
        steps,
        [
            (Some(1), Some("Set up job"), &success),
            (Some(2), Some("Build"), &success),
            (Some(3), Some("Test"), &failure)
        ]
    );
    let missing = world.github.attempt_jobs(&world.access, run, RunAttempt(2)).await;
    assert_eq!(missing.unwrap_err(), not_found());
    world.check_requests();
}

#[tokio::test]
async fn a_jobs_log_is_there_before_its_run_has_ended_and_its_run_is_told() {
    let world = World::app().await;
    let jobs = [
        JobSpec::new("build", "success").log("all good"),
        JobSpec::new("deploy", "success").environment("staging"),
    ];
    let run = world.start(ci().attempt(AttemptSpec::jobs(jobs)).environments(["staging"]));
    let (build, deploy) = (world.job(run, "build"), world.job(run, "deploy"));
    assert_eq!(world.github.run_of_job(&world.access, build).await, Ok(run));
    assert_eq!(world.last(), format!("GET /jobs/{build}"));
    assert_eq!(world.github.run_of_job(&world.access, JobId(7)).await, Err(not_found()));
    world.sim.clear_requests();
    let (result, bytes) = world.fetch(Log::Job(build), ENOUGH).await;
    assert_eq!(result, Ok(u64::try_from(bytes.len()).unwrap()));
    assert_eq!(String::from_utf8(bytes).unwrap(), "2026-11-22T12:00:30.0000000Z all good\n");
    let asked = world.asked();
    assert_eq!((short(&asked[0]), asked[0].status), (format!("GET /jobs/{build}/logs"), Some(302)));
    assert!(asked[1].path.starts_with(&format!("/blobs/jobs/{build}.txt?")));
    assert_eq!(world.fetch(Log::Job(deploy), ENOUGH).await.0, Err(logs_gone(404, "Not Found")), "it waits");
    assert_eq!(world.fetch(Log::Run(run), ENOUGH).await.0, Err(logs_gone(404, "Not Found")), "it waits");
    let (result, bytes) = world.fetch(Log::Job(build), 9).await;
    assert_eq!(result, Err(LogsError::TooLarge { limit_bytes: 9 }));
    assert!(bytes.len() <= 9);
    world.check_requests();
}

#[tokio::test]
async fn a_first_time_contributors_run_is_let_go() {
    let world = World::app().await;
    let run = world.start(ci().fork("eve/api").needs_fork_approval());
    let waits = world.github.run(&world.access, run).await.unwrap();
    assert_eq!((waits.status, waits.conclusion), (Some(Status::Completed), Some(Conclusion::ActionRequired)));
    world.github.approve_fork_run(&world.access, run).await.unwrap();
    assert_eq!(world.last(), format!("POST /runs/{run}/approve"));
    assert_eq!(world.sim.run_state(sim_id(run)).unwrap().status, "in_progress");
    let again = world.github.approve_fork_run(&world.access, run).await;
    assert_eq!(again, Err(refused(403, "This run is not from a fork pull request")));
    assert_eq!(world.github.approve_fork_run(&world.access, NO_RUN).await, Err(not_found()));
    world.check_requests();
}

#[tokio::test]
async fn the_apps_own_protection_rule_reports_and_then_answers_once() {
    let world = World::app().await;
    let run = world.start(ci().gate(GateSpec::custom_rule("production")));
    let answer = async |state| {
        let review = ProtectionRuleReview {
            environment: "production".to_owned(),
            state,
            comment: "looking".to_owned(),
        };
        world.github.review_protection_rule(&world.access, run, &review).await
    };
    for _ in 0..10 {
        answer(None).await.unwrap();
    }
    assert_eq!(world.asked()[0].body, r#"{"environment_name":"production","comment":"looking"}"#);
    let words =
        "Validation Failed: Deployment protection rule status reports are limited to 10 per deployment";
    assert_eq!(answer(None).await, Err(refused(422, words)));
    assert_eq!(world.sim.run_state(sim_id(run)).unwrap().waits_at, ["production"]);
    answer(Some(ReviewState::Approved)).await.unwrap();
    assert_eq!(world.last(), format!("POST /runs/{run}/deployment_protection_rule"));
    assert_eq!(world.sim.run_state(sim_id(run)).unwrap().status, "in_progress");
    let words = "Validation Failed: Deployment protection rule has already been reviewed";
    assert_eq!(answer(Some(ReviewState::Rejected)).await, Err(refused(422, words)));
    world.check_requests();
    let plain = World::token().await;
    let run = plain.start(ci().gate(GateSpec::custom_rule("production")));
    let review =
        ProtectionRuleReview { environment: "production".to_owned(), state: None, comment: "x".to_owned() };
    let error = plain.github.review_protection_rule(&plain.access, run, &review).await;
    assert_eq!(error, Err(refused(403, "Resource not accessible by personal access token")));
}

#[tokio::test]
async fn the_servers_version_is_told_by_enterprise_server_only_and_to_strangers_too() {
    let world = World::app().await;
    assert_eq!(world.github.meta().await.unwrap().installed_version, None);
    world.sim.enterprise("3.14.2");
    assert_eq!(world.github.meta().await.unwrap().installed_version.as_deref(), Some("3.14.2"));
    world.check_requests();
    world.sim.fault(Fault::on("GET", "/meta").answer(Answer::message(401, "Bad credentials")));
    assert_eq!(world.github.meta().await.unwrap().installed_version.as_deref(), Some("3.14.2"));
    let who: Vec<_> = world.sim.requests().iter().map(|request| request.authorization).collect();
    assert_eq!(who, [Authorization::Jwt, Authorization::Jwt, Authorization::Jwt, Authorization::None]);
}

#[tokio::test]
async fn the_apps_installations_and_their_repositories_are_found_over_all_pages() {
    let world = World::app().await;
    let id = InstallationId(i64::try_from(world.sim.installation("acme").unwrap()).unwrap());
    for number in 0..100 {
        world.sim.repo(&format!("acme/repo-{number}"));
        world.sim.repo(&format!("owner-{number}/repo"));
    }
    world.sim.installed("acme/repo-7", false);
    world.sim.suspended("owner-99", true);
    let api = RepositoryName::parse("acme/api").unwrap();
    assert_eq!(world.github.repository_installation(&api).await, Ok(id));
    for stranger in ["acme/repo-7", "acme/none"] {
        let stranger = RepositoryName::parse(stranger).unwrap();
        assert_eq!(world.github.repository_installation(&stranger).await, Err(not_found()));
    }
    let installations = world.github.installations(Lane::Bulk).await.unwrap();
    assert_eq!((installations.len(), installations[0].id), (101, id));
    let suspended: Vec<_> =
        installations.iter().filter(|one| one.suspended).map(|one| one.account.as_deref()).collect();
    assert_eq!(suspended, [Some("owner-99")]);
    world.sim.clear_requests();
    let meter = Meter::default();
    let repositories = world.github.installation_repositories(id, Lane::Bulk, &meter).await.unwrap();
    assert_eq!((repositories.len(), meter.count()), (100, 1), "acme/api and 99 others");
    world.sim.installed("acme/repo-7", true);
    let repositories = world.github.installation_repositories(id, Lane::Bulk, &meter).await.unwrap();
    assert_eq!((repositories.len(), meter.count()), (101, 3));
    let first = &repositories[0];
    assert_eq!((first.name.as_str(), first.id.is_some(), first.archived), ("acme/api", true, Some(false)));
    world.check_requests();
    // A token has no installations: nothing is asked.
    let plain = World::token().await;
    assert!(matches!(plain.github.installations(Lane::Bulk).await, Err(GitHubError::Unauthorized { .. })));
    assert!(matches!(
        plain.github.repository_installation(&api).await,
        Err(GitHubError::Unauthorized { .. })
    ));
    let repositories = plain.github.installation_repositories(id, Lane::Bulk, &meter).await;
    assert!(matches!(repositories, Err(GitHubError::Unauthorized { .. })));
    assert_eq!(plain.sim.requests().len(), 0);
}

// --- credentials ---

#[tokio::test]
async fn twenty_requests_at_once_cost_one_look_up_and_one_token() {
    let world = World::app().await;
    let run = world.end(ci());
    let held = world.sim.fault(Fault::on("POST", "/access_tokens").always().hold());
    let mut tasks = JoinSet::new();
    for _ in 0..20 {
        let (github, access) = (world.github.clone(), world.access.clone());
        tasks.spawn(async move { github.run(&access, run).await.map(|run| run.id) });
    }
    let patience = Duration::from_secs(20);
    tokio::time::timeout(patience, world.sim.wait_for(|sim| sim.fault_hits(held) > 0)).await.unwrap();
    world.sim.release(held);
    let read = tokio::time::timeout(patience, tasks.join_all()).await.unwrap();
    assert_eq!(read, vec![Ok(run); 20]);
    assert_eq!((world.mints(), world.sim.requests().len()), (1, 1 + 1 + 20));
    assert_eq!(world.access.requests.count(), 20, "what serves all is on nobody's account");
    world.check_requests();
}

#[tokio::test]
async fn a_token_serves_for_55_minutes_and_then_there_is_a_new_one() {
    let world = World::app().await;
    let run = world.end(ci());
    for (step, mints) in
        [(Duration::ZERO, 1), (55 * MINUTE - SECOND, 1), (SECOND, 2), (54 * MINUTE, 2), (MINUTE, 3)]
    {
        world.pass(step);
        world.github.run(&world.access, run).await.unwrap();
        assert_eq!(world.mints(), mints, "{step:?} later");
    }
    world.check_requests();
}

#[tokio::test]
async fn a_token_that_github_takes_back_is_replaced_and_the_write_happens_once() {
    let world = World::app().await;
    let run = world.end(ci().attempts(["failure"]));
    world.github.run(&world.access, run).await.unwrap();
    world.sim.revoke_tokens();
    world.sim.clear_requests();
    world.github.rerun_failed_jobs(&world.access, run, false).await.unwrap();
    let lines: Vec<_> =
        world.sim.requests().iter().map(|request| (request.method.clone(), request.status)).collect();
    let post = |status| ("POST".to_owned(), Some(status));
    assert_eq!(lines, [post(401), post(201), post(201)], "refused, minted, done");
    assert_eq!((world.attempt_of(run), world.mints()), (2, 1));
}

#[tokio::test]
async fn an_app_that_is_not_there_or_suspended_is_no_missing_run_and_nothing_is_written() {
    let world = World::app().await;
    let run = world.end(ci());
    world.sim.installed("acme/api", false);
    let error = world.github.delete_run(&world.access, run).await.unwrap_err();
    let words = "the App's installation on acme/api cannot be found: GitHub answered 404 (Not Found)";
    assert_eq!(error, GitHubError::Unauthorized { message: words.to_owned() });
    world.sim.installed("acme/api", true);
    world.sim.suspended("acme", true);
    let error = world.github.delete_run(&world.access, run).await.unwrap_err();
    assert!(
        matches!(&error, GitHubError::Unauthorized { message } if message.contains("suspended")),
        "{error:?}"
    );
    assert_eq!(world.sim.writes().len(), 0);
    world.sim.suspended("acme", false);
    world.github.delete_run(&world.access, run).await.unwrap();
}

#[tokio::test]
async fn a_plain_token_is_sent_as_it_is_with_every_request() {
    let world = World::token().await;
    let run = world.end(ci().attempts(["failure"]));
    world.github.list_runs(&world.access, &RunQuery::default(), None).await.unwrap();
    world.github.rerun(&world.access, run, false).await.unwrap();
    world.sim.finish(sim_id(run));
    world.fetch(Log::Run(run), ENOUGH).await.0.unwrap();
    world.github.delete_run(&world.access, run).await.unwrap();
    assert_eq!(world.github.meta().await.unwrap().installed_version, None);
    assert_eq!((world.mints(), world.sim.requests().len()), (0, 6));
    assert_eq!(world.access.requests.count(), 4);
    world.check_requests();
    let bad = World::with(Credential::Token(SecretText::new("ghp_stale")), None).await;
    let error = bad.github.run(&bad.access, NO_RUN).await.unwrap_err();
    assert_eq!(error.to_string(), "not authorized: GitHub answered 401 (Bad credentials)");
    assert_eq!(bad.sim.requests().len(), 1);
}

// --- failures ---

#[tokio::test]
async fn a_write_without_a_clear_answer_is_sent_once_and_called_ambiguous() {
    let world = World::app().await;
    for (fault, status) in [
        (Fault::on("POST", "/rerun").answer(Answer::server_error()), Some(500)),
        (Fault::on("POST", "/rerun").answer(Answer::bad_gateway()), Some(502)),
        (Fault::on("POST", "/rerun").drop_connection(), None),
    ] {
        for happens in [false, true] {
            let run = world.end(ci().attempts(["failure"]));
            // The connection that the write takes has served before.
            world.github.run(&world.access, run).await.unwrap();
            world.sim.clear_requests();
            world.sim.fault(if happens { fault.clone().after_effect() } else { fault.clone() });
            let error = world.github.rerun(&world.access, run, false).await.unwrap_err();
            assert!(
                matches!(&error, GitHubError::Unavailable { status: seen, .. } if *seen == status),
                "{error:?}"
            );
            assert!(error.is_ambiguous() && error.is_transient());
            assert_eq!(world.sim.writes().len(), 1, "{error:?}");
            assert_eq!(world.attempt_of(run), if happens { 2 } else { 1 });
        }
    }
}

#[tokio::test]
async fn an_answer_without_end_or_sense_is_an_error_and_no_run() {
    let world = World::token().await;
    let run = world.end(ci());
    let path = format!("/runs/{run}");
    let large = Answer::status(200).body(vec![b' '; 32 * 1024 * 1024 + 1]);
    world.sim.fault(Fault::on("GET", &path).answer(large));
    let error = world.github.run(&world.access, run).await.unwrap_err();
    assert!(
        matches!(&error, GitHubError::Unavailable { status: Some(200), why } if why.contains("larger than")),
        "{error:?}"
    );
    for body in ["", "null", "[]", "{\"id\":null}", "<html>a proxy's page</html>"] {
        world.sim.fault(Fault::on("GET", &path).answer(Answer::status(200).body(body)));
        let error = world.github.run(&world.access, run).await.unwrap_err();
        assert!(matches!(error, GitHubError::Unreadable { .. }), "{body}: {error:?}");
    }
    assert_eq!(world.github.run(&world.access, run).await.unwrap().id, run);
}

#[tokio::test]
async fn a_renamed_repository_is_followed_with_the_same_method_and_never_to_another_server() {
    let world = World::app().await;
    let run = world.end(ci().attempts(["failure"]));
    let installation = Some(InstallationId(i64::try_from(world.sim.installation("acme").unwrap()).unwrap()));
    let old = Access { installation, ..to("acme/old") };
    let moved = |status, base: String, end: &str| {
        let location = format!("{base}/repos/acme/api/actions/runs/{run}{end}");
        Fault::on("*", "/repos/acme/old/").answer(Answer::status(status).header("location", &location))
    };
    world.sim.fault(moved(301, world.sim.api_url(), ""));
    let read = world.github.run(&old, run).await.unwrap();
    assert_eq!((read.id, read.repository.as_str()), (run, "acme/api"));
    for status in [307, 301] {
        world.sim.fault(moved(status, world.sim.api_url(), "/rerun"));
        world.github.rerun(&old, run, true).await.unwrap();
        assert!(world.sim.finish(sim_id(run)));
    }
    assert_eq!(world.attempt_of(run), 3);
    assert!(world.sim.writes().iter().all(|write| write.method == "POST" && !write.body.is_empty()));
    world.check_requests();
    world.sim.fault(moved(301, world.sim.blob_url(), ""));
    let error = world.github.run(&old, run).await.unwrap_err();
    assert_eq!(error, refused(301, "no message"));
    assert!(world.sim.requests().iter().all(|request| request.origin == Origin::Api));
}

// --- limits ---

/// Nothing of any kind leaves before that time, and the first request after it does.
async fn is_blocked_until(world: &World, run: RunId, until: Timestamp) {
    let before = world.sim.requests().len();
    let bulk = Access { lane: Lane::Bulk, ..world.access.clone() };
    let almost = until - Duration::from_millis(1);
    for now in [world.clock.now(), almost] {
        world.clock.set(now);
        for access in [&world.access, &bulk] {
            let read = world.github.run(access, run).await.unwrap_err();
            let write = world.github.delete_logs(access, run).await.unwrap_err();
            for error in [read, write] {
                assert!(
                    matches!(&error, GitHubError::Blocked { until: seen, .. } if *seen == until),
                    "{error:?}, not {until}"
                );
            }
        }
    }
    assert_eq!(world.sim.requests().len(), before, "something was sent while blocked");
    world.clock.set(until);
    assert!(!matches!(world.github.run(&world.access, run).await, Err(GitHubError::Blocked { .. })));
    assert_eq!(world.sim.requests().len(), before + 1);
}

#[tokio::test]
async fn a_refusal_by_a_limit_blocks_everything_until_its_end() {
    let exceeded =
        "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.";
    let abuse = "You have triggered an abuse detection mechanism.";
    for (answer, words, pause) in [
        (Answer::secondary_rate_limit(403, Some(90)), exceeded, 90),
        (Answer::secondary_rate_limit(429, Some(5)), exceeded, 5),
        (Answer::secondary_rate_limit(403, None), exceeded, 60),
        (Answer::secondary_rate_limit(429, None), exceeded, 60),
        (Answer::message(403, abuse), abuse, 60),
        (Answer::message(429, "Too Many Requests"), "Too Many Requests", 60),
    ] {
        let world = World::token().await;
        let run = world.end(ci());
        world.sim.fault(Fault::on("DELETE", "/logs").answer(answer));
        let until = world.clock.now() + pause * SECOND;
        let error = world.github.delete_logs(&world.access, run).await.unwrap_err();
        assert_eq!(error, GitHubError::RateLimited { until, why: words.to_owned() });
        assert!(!error.is_ambiguous() && !world.sim.run_state(sim_id(run)).unwrap().logs_deleted);
        is_blocked_until(&world, run, until).await;
    }
}

#[tokio::test]
async fn pauses_of_unsaid_length_double_while_the_limit_holds() {
    let world = World::token().await;
    let run = world.end(ci());
    let fault =
        world.sim.fault(Fault::on("GET", "/runs/").answer(Answer::secondary_rate_limit(403, None)).times(3));
    for minutes in [1, 2, 4] {
        let until = world.clock.now() + minutes * MINUTE;
        let error = world.github.run(&world.access, run).await.unwrap_err();
        assert_eq!(error.blocked_until(), Some(until), "{error:?}");
        world.clock.set(until);
    }
    assert_eq!(world.sim.fault_hits(fault), 3);
    assert!(world.github.run(&world.access, run).await.is_ok());
}

#[tokio::test]
async fn the_last_request_of_the_hour_is_used_and_then_nothing_leaves_until_the_reset() {
    let world = World::token().await;
    let run = world.end(ci());
    let reset = world.clock.now() + 10 * MINUTE;
    world.sim.rate_limit(1, reset.to_jiff());
    world.github.run(&world.access, run).await.unwrap();
    let [(who, quota)] = world.github.quotas().try_into().unwrap();
    assert_eq!(
        (who.as_str(), quota.limit, quota.remaining, quota.resets_at),
        ("token", Some(5_000), 0, Some(reset))
    );
    is_blocked_until(&world, run, reset + SECOND).await;
}

#[tokio::test]
async fn a_used_up_budget_is_a_limit_and_not_a_missing_permission() {
    let world = World::token().await;
    let run = world.end(ci());
    let reset = world.clock.now() + 10 * MINUTE;
    world.sim.rate_limit(0, reset.to_jiff());
    let error = world.github.run(&world.access, run).await.unwrap_err();
    assert!(
        matches!(&error, GitHubError::RateLimited { until, .. } if *until == reset + SECOND),
        "{error:?}"
    );
    is_blocked_until(&world, run, reset + SECOND).await;
    let other = World::token().await;
    let run = other.end(ci());
    other.sim.fault(Fault::on("GET", "/runs/").answer(Answer::forbidden()));
    let error = other.github.run(&other.access, run).await.unwrap_err();
    assert_eq!(error, refused(403, "Resource not accessible by integration"));
    assert!(other.github.run(&other.access, run).await.is_ok(), "a missing permission blocks nothing else");
}

#[tokio::test]
async fn one_credentials_limit_does_not_hold_up_another() {
    let world = World::app().await;
    let run = world.start(ci().environments(["staging"]));
    world.sim.fault(Fault::on("GET", "/approvals").answer(Answer::secondary_rate_limit(403, Some(60))));
    assert!(matches!(world.github.approvals(&world.access, run).await, Err(GitHubError::RateLimited { .. })));
    assert!(matches!(world.github.run(&world.access, run).await, Err(GitHubError::Blocked { .. })));
    assert!(world.github.pending_deployments(&world.access, run, true).await.is_ok());
    assert!(world.github.meta().await.is_ok());
}

#[tokio::test]
async fn a_server_without_limits_blocks_nothing() {
    let world = World::token().await;
    world.sim.no_rate_limit();
    let run = world.end(ci());
    let bulk = Access { lane: Lane::Bulk, ..world.access.clone() };
    for _ in 0..50 {
        world.github.run(&world.access, run).await.unwrap();
        world.github.run(&bulk, run).await.unwrap();
    }
    assert_eq!(world.github.quotas(), []);
    world.check_requests();
}
