//! What is asked for, and what is made of the answers.

use super::server::{NOW, RUN, Seen, Server, access, answer, answer_with, app, minted, token};
use crate::{
    clock::Clock,
    github::{
        Access, DeploymentReview, GitHub, GitHubError, Meter, Options, ProtectionRuleReview, RunQuery,
        SecretText, WorkflowRef,
    },
    model::{
        Conclusion, EnvironmentId, InstallationId, JobId, Lane, RepositoryName, ReviewState, RunAttempt,
        RunId, Status, WorkflowId,
    },
};

#[tokio::test]
async fn writes_go_where_github_documents_them() {
    let server = Server::start(|_: &Seen| answer(201, "")).await;
    let (github, access) = (server.with_token(), access());
    let review =
        ProtectionRuleReview { environment: "prod".to_owned(), state: None, comment: "waiting".to_owned() };
    github.rerun_job(&access, JobId(7), false).await.unwrap();
    github.cancel(&access, RUN).await.unwrap();
    github.force_cancel(&access, RUN).await.unwrap();
    github.approve_fork_run(&access, RUN).await.unwrap();
    github.delete_run(&access, RUN).await.unwrap();
    github.delete_logs(&access, RUN).await.unwrap();
    github.review_protection_rule(&access, RUN, &review).await.unwrap();
    let review = ProtectionRuleReview { state: Some(ReviewState::Rejected), ..review };
    github.review_protection_rule(&access, RUN, &review).await.unwrap();
    let lines: Vec<_> =
        server.lines().iter().map(|line| line.replace("/api/v3/repos/acme/api/actions", "")).collect();
    assert_eq!(
        lines,
        [
            "POST /jobs/7/rerun",
            "POST /runs/42/cancel",
            "POST /runs/42/force-cancel",
            "POST /runs/42/approve",
            "DELETE /runs/42",
            "DELETE /runs/42/logs",
            "POST /runs/42/deployment_protection_rule",
            "POST /runs/42/deployment_protection_rule",
        ]
    );
    let seen = server.seen();
    assert_eq!(seen[6].body, r#"{"environment_name":"prod","comment":"waiting"}"#);
    assert_eq!(seen[7].body, r#"{"environment_name":"prod","state":"rejected","comment":"waiting"}"#);
}

/// Every call that could change something is refused before it leaves; an App still gets its tokens.
#[tokio::test]
async fn a_client_that_only_reads_sends_nothing_that_could_change_something() {
    let server = Server::start(|seen: &Seen| match seen.line.contains("access_tokens") {
        true => minted("t1"),
        false => answer(200, r#"{"workflow_runs":[]}"#),
    })
    .await;
    let reviewer = Some(SecretText::new("reviewers-token"));
    let options =
        |credential| Options { reads_only: true, reviewer: reviewer.clone(), ..server.options(credential) };
    let access = access();
    for credential in [token(), app()] {
        let github = GitHub::new(options(credential), Clock::by_hand(NOW)).unwrap();
        let review =
            ProtectionRuleReview { environment: "prod".to_owned(), state: None, comment: "x".to_owned() };
        let deployment = DeploymentReview {
            environments: Vec::new(),
            state: ReviewState::Approved,
            comment: "x".to_owned(),
        };
        let refused = [
            github.rerun(&access, RUN, false).await,
            github.rerun_failed_jobs(&access, RUN, true).await,
            github.rerun_job(&access, JobId(7), false).await,
            github.cancel(&access, RUN).await,
            github.force_cancel(&access, RUN).await,
            github.approve_fork_run(&access, RUN).await,
            github.delete_run(&access, RUN).await,
            github.delete_logs(&access, RUN).await,
            github.review_protection_rule(&access, RUN, &review).await,
            github.review_pending_deployments(&access, RUN, &deployment).await,
        ];
        for outcome in refused {
            let Err(GitHubError::NotSent { why }) = outcome else { panic!("{outcome:?}") };
            assert!(why.contains("could change something, and this only reads"), "{why}");
        }
        github.list_runs(&access, &RunQuery::default(), None).await.unwrap();
    }
    let list = "GET /api/v3/repos/acme/api/actions/runs?per_page=100";
    assert_eq!(server.lines(), [list, "POST /api/v3/app/installations/5/access_tokens", list]);
}

#[tokio::test]
async fn no_more_requests_leave_than_the_meter_lets() {
    let server = Server::start(|_: &Seen| answer(200, r#"{"workflow_runs":[]}"#)).await;
    let (github, access) = (server.with_token(), Access { requests: Meter::at_most(2), ..access() });
    let query = RunQuery::default();
    for _ in 0..2 {
        assert!(!access.requests.is_spent());
        github.list_runs(&access, &query, None).await.unwrap();
    }
    let error = github.list_runs(&access, &query, None).await.unwrap_err();
    assert_eq!(error, GitHubError::NotSent { why: "2 requests have been made".to_owned() });
    assert!(access.requests.is_spent() && server.seen().len() == 2 && access.requests.count() == 2);
}

#[tokio::test]
async fn a_page_of_runs_survives_bad_elements_and_page_2_is_signed() {
    let server = Server::start(|seen: &Seen| match seen.header("authorization") {
        None => answer(401, ""),
        Some(_) if seen.line.contains("access_tokens") => minted("t1"),
        Some(_) if seen.line.contains("page=2") => answer(200, r#"{"total_count":"many","workflow_runs":[]}"#),
        Some(_) => {
            let host = seen.header("host").unwrap();
            let link = format!(r#"<http://{host}/api/v3/repositories/9/actions/runs?status=completed&page=2>; rel="next""#);
            let body = r#"{"total_count":5,"workflow_runs":[{"id":1,"status":"new","run_attempt":1,"repository":{"full_name":"acme/renamed"}},
                {"id":null},7,null,{"id":2,"head_branch":null,"conclusion":"startup_failure"}]}"#;
            answer_with(200, &[("link", &link)], body)
        }
    })
    .await;
    let (github, access) = (server.with_app(Clock::by_hand(NOW)), access());
    let query = RunQuery {
        status: Some("completed".to_owned()),
        created: Some("<2026-01-01T00:00:00Z".to_owned()),
        ..RunQuery::default()
    };
    let page = github.list_runs(&access, &query, None).await.unwrap();
    assert_eq!((page.runs.len(), page.unreadable, page.total_count), (2, 3, Some(5)));
    assert_eq!(page.runs[0].repository, RepositoryName::parse("acme/renamed").unwrap());
    assert_eq!(page.runs[0].status, Some(Status::Other("new".to_owned())));
    assert_eq!(page.runs[1].conclusion, Some(Conclusion::StartupFailure));
    assert!(!page.runs[0].partial && page.runs[1].repository == access.repository);
    let second = github.list_runs(&access, &query, page.next.as_deref()).await.unwrap();
    assert_eq!((second.runs.len(), second.total_count, second.next), (0, None, None));
    let seen = server.seen();
    assert_eq!(
        seen[1].line,
        "GET /api/v3/repos/acme/api/actions/runs?status=completed&created=%3C2026-01-01T00%3A00%3A00Z&per_page=100"
    );
    assert_eq!(seen[2].line, "GET /api/v3/repositories/9/actions/runs?status=completed&page=2");
    assert_eq!(seen[2].header("authorization"), Some("Bearer t1"));
}

#[tokio::test]
async fn a_workflows_runs_are_listed_by_id_or_file() {
    let server = Server::start(|_: &Seen| answer(200, r#"{"workflow_runs":[]}"#)).await;
    let (github, access, query) = (server.with_token(), access(), RunQuery::default());
    github.list_workflow_runs(&access, &WorkflowRef::Id(WorkflowId(3)), &query, None).await.unwrap();
    let file = WorkflowRef::File(".github/workflows/ci.yml".to_owned());
    github.list_workflow_runs(&access, &file, &query, None).await.unwrap();
    assert_eq!(
        server.lines(),
        [
            "GET /api/v3/repos/acme/api/actions/workflows/3/runs?per_page=100",
            "GET /api/v3/repos/acme/api/actions/workflows/ci.yml/runs?per_page=100",
        ]
    );
}

#[tokio::test]
async fn what_is_not_a_run_is_unreadable() {
    for body in ["", "[]", "{}", r#"{"id":"42"}"#, "<html>", "null", "\u{feff}{\"id\":42}"] {
        let server = Server::start(move |_: &Seen| answer(200, body)).await;
        let github = server.with_token();
        assert!(matches!(github.run(&access(), RUN).await, Err(GitHubError::Unreadable { .. })), "{body}");
        let list = github.list_runs(&access(), &RunQuery::default(), None).await;
        assert!(matches!(list, Err(GitHubError::Unreadable { .. })), "{body}");
    }
}

#[tokio::test]
async fn jobs_are_read_over_all_pages() {
    let server = Server::start(|seen: &Seen| match seen.line.contains("page=2") {
        true => answer(200, r#"{"jobs":[{"id":2,"conclusion":"stale","workflow_name":null},{"id":"x"}]}"#),
        false => answer_with(
            200,
            &[("link", r#"</api/v3/repos/acme/api/actions/runs/42/attempts/2/jobs?page=2>; rel="next""#)],
            r#"{"jobs":[{"id":1,"name":"build (1)","run_attempt":2,"status":"completed","conclusion":"failure","labels":["x",3],
                "started_at":"2026-01-01T00:00:00Z","steps":[{"name":"s","number":1,"conclusion":"failure"},null]}]}"#,
        ),
    })
    .await;
    let jobs = server.with_token().attempt_jobs(&access(), RUN, RunAttempt(2)).await.unwrap();
    assert_eq!((jobs.jobs.len(), jobs.unreadable), (2, 1));
    let first = &jobs.jobs[0];
    assert_eq!(
        (first.id, first.name.as_deref(), first.attempt),
        (JobId(1), Some("build (1)"), Some(RunAttempt(2)))
    );
    assert_eq!(
        (first.labels.as_slice(), first.steps.len(), first.started_at),
        (&["x".to_owned()][..], 1, Some(NOW))
    );
    assert_eq!(jobs.jobs[1].conclusion, Some(Conclusion::Stale));
    let endless =
        Server::start(|_: &Seen| answer_with(200, &[("link", r#"</x>; rel="next""#)], r#"{"jobs":[]}"#))
            .await;
    let error = endless.with_token().attempt_jobs(&access(), RUN, RunAttempt(2)).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "GitHub's answer cannot be read: the list of jobs does not end after 200 pages"
    );
}

#[tokio::test]
async fn approvals_and_pending_deployments_are_read() {
    let server = Server::start(|seen: &Seen| match seen.line.ends_with("/approvals") {
        true => answer(200, r#"[{"environments":[{"id":1,"name":"prod"},"old"],"state":"approved","user":{"login":"octocat"},"comment":"ok"},{"user":null}]"#),
        false => answer(200, r#"[{"environment":{"id":3,"name":"prod"},"wait_timer":30,"wait_timer_started_at":"2026-01-01T00:00:00Z",
            "current_user_can_approve":true,"reviewers":[{},{}]},{"environment":{"id":4,"name":"b"},"reviewers":null}]"#),
    })
    .await;
    let github = server.with_token();
    let approvals = github.approvals(&access(), RUN).await.unwrap();
    assert_eq!(
        (approvals.len(), approvals[0].environments.join(","), approvals[0].user.as_deref()),
        (2, "prod,old".to_owned(), Some("octocat"))
    );
    assert_eq!(approvals[1].state, None);
    let pending = github.pending_deployments(&access(), RUN, false).await.unwrap();
    let first = &pending[0];
    assert_eq!(
        (first.environment, first.name.as_str(), first.current_user_can_approve),
        (EnvironmentId(3), "prod", Some(true))
    );
    assert_eq!(
        (first.wait_timer_minutes, first.wait_timer_started_at, first.reviewers),
        (Some(30), Some(NOW), Some(2))
    );
    assert_eq!((pending[1].current_user_can_approve, pending[1].reviewers), (None, None));
}

#[tokio::test]
async fn the_app_and_its_installations_are_listed() {
    let server = Server::start(|seen: &Seen| match seen.line.as_str() {
        "GET /api/v3/app/installations?per_page=100" => answer(200, r#"[{"id":5,"account":{"login":"acme"},"suspended_at":null},{"id":6,"suspended_at":"2026-01-01T00:00:00Z"},{}]"#),
        "GET /api/v3/installation/repositories?per_page=100" => answer(200, r#"{"repositories":[{"id":8,"full_name":"acme/api","archived":false},{"full_name":"?"}]}"#),
        "GET /api/v3/meta" if seen.header("authorization").is_none() => answer(200, r#"{"installed_version":"3.14.2"}"#),
        "GET /api/v3/meta" => answer(401, ""),
        "GET /api/v3/repos/acme/none/installation" => answer(404, ""),
        _ => minted("t1"),
    })
    .await;
    let github = server.with_app(Clock::by_hand(NOW));
    let installations = github.installations(Lane::Bulk).await.unwrap();
    assert_eq!(
        installations.iter().map(|one| (one.id.0, one.suspended)).collect::<Vec<_>>(),
        [(5, false), (6, true)]
    );
    let repositories =
        github.installation_repositories(InstallationId(5), Lane::Bulk, &Meter::default()).await.unwrap();
    assert_eq!(
        (repositories.len(), repositories[0].name.as_str(), repositories[0].archived),
        (1, "acme/api", Some(false))
    );
    assert_eq!(github.meta().await.unwrap().installed_version.as_deref(), Some("3.14.2"));
    let none = RepositoryName::parse("acme/none").unwrap();
    assert!(matches!(github.repository_installation(&none).await, Err(GitHubError::NotFound { .. })));
    let access = Access { repository: none, installation: None, ..access() };
    let error = github.run(&access, RunId(1)).await.unwrap_err();
    assert!(
        matches!(&error, GitHubError::Unauthorized { .. }),
        "{error:?}: a missing App is not a missing run"
    );
    assert!(server.with_token().installations(Lane::Bulk).await.is_err());
}
