//! Who signs what: tokens are minted once, replaced in time, and never sent elsewhere.

use std::{
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use super::server::{NOW, RUN, Seen, Server, access, answer, app, minted, token};
use crate::{
    clock::Clock,
    github::{Access, Credential, DeploymentReview, GitHub, GitHubError, Options, SecretText},
    model::{EnvironmentId, InstallationId, ReviewState},
};

const MINT: &str = "POST /api/v3/app/installations/5/access_tokens";

fn mints(server: &Server) -> usize {
    server.lines().iter().filter(|line| *line == MINT).count()
}

/// Mints `t1`, `t2`…; `good` says which of them GitHub takes.
async fn app_server(good: fn(&str) -> bool) -> Server {
    let count = AtomicU32::new(0);
    Server::start(move |seen: &Seen| match seen.header("authorization") {
        Some(_) if seen.line == MINT => minted(&format!("t{}", count.fetch_add(1, Ordering::SeqCst) + 1)),
        Some(_) if seen.line.ends_with("/installation") => answer(200, r#"{"id":5}"#),
        Some(bearer) if good(bearer) => answer(200, r#"{"id":42}"#),
        _ => answer(401, r#"{"message":"Bad credentials"}"#),
    })
    .await
}

#[tokio::test]
async fn ten_cold_requests_mint_one_token() {
    let server = app_server(|bearer| bearer == "Bearer t1").await;
    let github = server.with_app(Clock::by_hand(NOW));
    let access = access();
    let tasks: Vec<_> = (0..10)
        .map(|_| {
            let (github, access) = (github.clone(), access.clone());
            tokio::spawn(async move { github.run(&access, RUN).await })
        })
        .collect();
    for task in tasks {
        assert_eq!(task.await.unwrap().unwrap().id, RUN);
    }
    assert_eq!(mints(&server), 1);
    assert_eq!(access.requests.count(), 10, "mints are not counted");
    let mint = &server.seen()[0];
    assert!(mint.header("authorization").unwrap().starts_with("Bearer eyJ"), "signed as the App");
    assert_eq!((mint.body.as_str(), mint.header("content-type")), ("", None));
}

#[tokio::test]
async fn a_token_is_used_for_55_minutes() {
    let server = app_server(|_| true).await;
    let clock = Clock::by_hand(NOW);
    let github = server.with_app(clock.clone());
    github.run(&access(), RUN).await.unwrap();
    clock.set(NOW + Duration::from_secs(55 * 60 - 1));
    github.run(&access(), RUN).await.unwrap();
    assert_eq!(mints(&server), 1);
    clock.advance(Duration::from_secs(1));
    github.run(&access(), RUN).await.unwrap();
    assert_eq!(mints(&server), 2);
}

#[tokio::test]
async fn a_token_that_is_refused_is_replaced_once_for_reads_and_writes() {
    let server = app_server(|bearer| bearer == "Bearer t2").await;
    let github = server.with_app(Clock::by_hand(NOW));
    let access = access();
    github.rerun(&access, RUN, false).await.unwrap();
    github.run(&access, RUN).await.unwrap();
    assert_eq!(mints(&server), 2);
    assert_eq!(access.requests.count(), 3);
}

#[tokio::test]
async fn a_second_refusal_is_final() {
    let server = app_server(|_| false).await;
    let github = server.with_app(Clock::by_hand(NOW));
    let error = github.run(&access(), RUN).await.unwrap_err();
    assert_eq!(error.to_string(), "not authorized: GitHub answered 401 (Bad credentials)");
    assert_eq!((mints(&server), server.seen().len()), (2, 4));
    let plain = server.with_token();
    assert!(matches!(plain.run(&access(), RUN).await, Err(GitHubError::Unauthorized { .. })));
    assert_eq!(server.seen().len(), 5, "a token that cannot be replaced is tried once");
}

#[tokio::test]
async fn an_installation_is_looked_up_once() {
    let server = app_server(|bearer| bearer == "Bearer t1").await;
    let github = server.with_app(Clock::by_hand(NOW));
    let access = Access { installation: None, ..access() };
    for _ in 0..3 {
        github.run(&access, RUN).await.unwrap();
    }
    let lookups =
        server.lines().iter().filter(|line| *line == "GET /api/v3/repos/acme/api/installation").count();
    assert_eq!((lookups, mints(&server), access.requests.count()), (1, 1, 3));
}

#[tokio::test]
async fn what_fails_before_the_request_is_never_ambiguous() {
    for (status, authorized) in [(500, true), (404, false), (403, false), (422, false)] {
        let server = Server::start(move |_: &Seen| answer(status, r#"{"message":"no"}"#)).await;
        let github = server.with_app(Clock::by_hand(NOW));
        for access in [access(), Access { installation: None, ..access() }] {
            let error = github.delete_run(&access, RUN).await.unwrap_err();
            assert!(!error.is_ambiguous(), "{error}");
            assert_eq!(matches!(error, GitHubError::NotSent { .. }), authorized, "{error}");
            assert_eq!(matches!(error, GitHubError::Unauthorized { .. }), !authorized, "{error}");
            assert_eq!(access.requests.count(), 0);
        }
        assert!(server.lines().iter().all(|line| !line.starts_with("DELETE")));
    }
}

#[tokio::test]
async fn deployments_are_reviewed_with_the_reviewers_token() {
    let server = Server::start(|_: &Seen| answer(200, "[]")).await;
    let options = Options { reviewer: Some(SecretText::new("reviewers")), ..server.options(app()) };
    let github = GitHub::new(options, Clock::by_hand(NOW)).unwrap();
    let review = DeploymentReview {
        environments: vec![EnvironmentId(3)],
        state: ReviewState::Approved,
        comment: "é \"x\"".to_owned(),
    };
    github.review_pending_deployments(&access(), RUN, &review).await.unwrap();
    github.pending_deployments(&access(), RUN, true).await.unwrap();
    let seen = server.seen();
    assert_eq!(seen.len(), 2);
    assert!(seen.iter().all(|seen| seen.header("authorization") == Some("Bearer reviewers")));
    assert_eq!(seen[0].body, r#"{"environment_ids":[3],"state":"approved","comment":"é \"x\""}"#);
    let without = server.with_app(Clock::by_hand(NOW));
    let error = without.review_pending_deployments(&access(), RUN, &review).await.unwrap_err();
    assert_eq!(error.to_string(), "not authorized: no reviewer's token is configured");
    server.with_token().review_pending_deployments(&access(), RUN, &review).await.unwrap();
    assert_eq!(server.seen()[2].header("authorization"), Some("Bearer secret-token"));
}

#[tokio::test]
async fn what_cannot_be_set_up_is_said_in_words() {
    let server = Server::start(|_: &Seen| answer(200, "")).await;
    let setup = |options: Options| GitHub::new(options, Clock::system()).unwrap_err().to_string();
    let key = |text: &str| Credential::App { id: 7, private_key_pem: SecretText::new(text) };
    let bad_key =
        setup(server.options(key("-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----")));
    assert!(bad_key.starts_with("the App's private key"), "{bad_key}");
    assert!(
        setup(server.options(key("secret")))
            .starts_with("the App's private key is not an RSA key in PEM form")
    );
    let blank = setup(server.options(Credential::Token(SecretText::new(" \n"))));
    assert_eq!(blank, "the token is empty or has a character that no token has");
    let ca = setup(Options { ca_pem: Some(b"no certificate".to_vec()), ..server.options(token()) });
    assert!(ca.starts_with("the file of certificate authorities cannot be used"), "{ca}");
    let url = setup(Options { api_url: "github.com".to_owned(), ..server.options(token()) });
    assert!(url.starts_with("the API URL \"github.com\" is not a URL"), "{url}");
}

#[tokio::test]
async fn debug_shows_no_secret() {
    let server = Server::start(|_: &Seen| answer(200, "")).await;
    let shown = format!("{:?} {:?}", server.with_token(), server.options(app()));
    assert!(!shown.contains("secret-token") && !shown.contains("BEGIN"), "{shown}");
    assert_eq!(InstallationId(5), access().installation.unwrap());
}
