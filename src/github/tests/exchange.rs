//! One request, one answer: what is sent, how often, and what a failure is called.

use std::time::Duration;

use super::server::{NOW, RUN, Seen, Server, access, answer, answer_with, raw, token};
use crate::{
    clock::Clock,
    github::{Access, GitHub, GitHubError, Options},
    model::{Lane, Timestamp},
};

#[tokio::test]
async fn every_request_carries_githubs_headers_and_a_rerun_has_no_body() {
    let server = Server::start(|_: &Seen| answer(201, "")).await;
    server.with_token().rerun_failed_jobs(&access(), RUN, false).await.unwrap();
    server.with_token().rerun(&access(), RUN, true).await.unwrap();
    let seen = server.seen();
    assert_eq!(seen[0].line, "POST /api/v3/repos/acme/api/actions/runs/42/rerun-failed-jobs");
    for (name, value) in [
        ("accept", "application/vnd.github+json"),
        ("x-github-api-version", "2022-11-28"),
        ("authorization", "Bearer secret-token"),
        ("user-agent", concat!("runwarden/", env!("CARGO_PKG_VERSION"))),
    ] {
        assert_eq!(seen[0].header(name), Some(value));
    }
    assert_eq!((seen[0].header("content-type"), seen[0].body.as_str()), (None, ""));
    assert_eq!(seen[1].header("content-type"), Some("application/json"));
    assert_eq!(seen[1].body, r#"{"enable_debug_logging":true}"#);
}

#[tokio::test]
async fn a_write_that_fails_is_sent_once() {
    for status in [500, 502, 503, 504, 408] {
        let server = Server::start(move |_: &Seen| answer(status, "<html><title>Unicorn!</title>")).await;
        let error = server.with_token().rerun(&access(), RUN, false).await.unwrap_err();
        assert!(error.is_ambiguous());
        assert_eq!(error.to_string(), format!("GitHub answered {status} (a page titled \"Unicorn!\")"));
        assert_eq!(server.seen().len(), 1);
    }
}

#[tokio::test]
async fn refusals_are_told_apart() {
    type Expected = fn(&GitHubError) -> bool;
    let cases: [(u16, Expected, &str); 6] = [
        (
            403,
            |e| matches!(e, GitHubError::Refused { status: 403, .. }),
            "GitHub answered 403 (This workflow is already running)",
        ),
        (
            409,
            |e| matches!(e, GitHubError::Refused { status: 409, .. }),
            "GitHub answered 409 (This workflow is already running)",
        ),
        (
            422,
            |e| matches!(e, GitHubError::Refused { status: 422, .. }),
            "GitHub answered 422 (This workflow is already running)",
        ),
        (
            404,
            |e| matches!(e, GitHubError::NotFound { .. }),
            "GitHub answered 404 (This workflow is already running)",
        ),
        (
            410,
            |e| matches!(e, GitHubError::Gone { .. }),
            "GitHub answered 410 (This workflow is already running)",
        ),
        (
            302,
            |e| matches!(e, GitHubError::Refused { status: 302, .. }),
            "GitHub answered 302 (This workflow is already running)",
        ),
    ];
    for (status, expected, words) in cases {
        let server = Server::start(move |_: &Seen| {
            answer(status, r#"{"message":"This workflow is already running"}"#)
        })
        .await;
        let error = server.with_token().rerun(&access(), RUN, false).await.unwrap_err();
        assert!(expected(&error), "{error:?}");
        assert_eq!(error.to_string(), words);
        assert!(!error.is_ambiguous() && !error.is_transient());
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_was_certainly_not_reached() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let github = GitHub::new(Options { api_url: url, ..Options::new(token()) }, Clock::by_hand(NOW)).unwrap();
    let access = access();
    let error = github.rerun(&access, RUN, false).await.unwrap_err();
    assert!(matches!(&error, GitHubError::NotSent { why } if why.contains("refused")), "{error}");
    assert_eq!(access.requests.count(), 0);
}

fn hasty(url: String) -> GitHub {
    let options = Options { api_url: url, timeout: Duration::from_millis(200), ..Options::new(token()) };
    GitHub::new(options, Clock::by_hand(NOW)).unwrap()
}

#[tokio::test]
async fn an_answer_that_does_not_come_is_ambiguous() {
    let silent = hasty(raw(b"", true).await).rerun(&access(), RUN, false).await.unwrap_err();
    assert_eq!(silent.to_string(), "no answer within 200ms");
    assert!(silent.is_ambiguous());
    let lost = hasty(raw(b"", false).await).rerun(&access(), RUN, false).await.unwrap_err();
    assert!(lost.is_ambiguous() && lost.to_string().starts_with("the connection was lost"), "{lost}");
}

#[tokio::test]
async fn a_body_that_is_cut_off_spoils_a_read_but_not_a_write() {
    const CUT: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"id\":";
    for hold in [true, false] {
        hasty(raw(CUT, hold).await).rerun(&access(), RUN, false).await.unwrap();
        let error = hasty(raw(CUT, hold).await).run(&access(), RUN).await.unwrap_err();
        assert!(matches!(error, GitHubError::Unavailable { status: Some(200), .. }), "{error:?}");
    }
}

#[tokio::test]
async fn a_renamed_repository_is_followed_with_the_same_method() {
    for status in [301, 307, 308] {
        let server = Server::start(move |seen: &Seen| match seen.line.contains("/repositories/9/") {
            true => answer(201, ""),
            false => {
                answer_with(status, &[("location", "/api/v3/repositories/9/actions/runs/42/rerun?x=1")], "")
            }
        })
        .await;
        let access = access();
        server.with_token().rerun(&access, RUN, true).await.unwrap();
        let seen = server.seen();
        assert_eq!(seen[1].line, "POST /api/v3/repositories/9/actions/runs/42/rerun?x=1");
        assert_eq!(seen[1].body, seen[0].body);
        assert_eq!(seen[1].header("authorization"), Some("Bearer secret-token"));
        assert_eq!(access.requests.count(), 2);
    }
}

#[tokio::test]
async fn a_redirect_to_another_server_or_without_end_is_not_followed() {
    let other = Server::start(|_: &Seen| answer(200, r#"{"id":42}"#)).await;
    let elsewhere = format!("{}/api/v3/repositories/9", other.url);
    let server = Server::start(move |_: &Seen| answer_with(301, &[("location", &elsewhere)], "")).await;
    let error = server.with_token().run(&access(), RUN).await.unwrap_err();
    assert!(matches!(error, GitHubError::Refused { status: 301, .. }), "{error:?}");
    assert_eq!((server.seen().len(), other.seen().len()), (1, 0));
    let circle = Server::start(|_: &Seen| answer_with(301, &[("location", "/api/v3/x")], "")).await;
    assert!(circle.with_token().run(&access(), RUN).await.is_err());
    assert_eq!(circle.seen().len(), 2);
}

#[tokio::test]
async fn a_limit_stops_everything_until_it_ends() {
    let server = Server::start(|_: &Seen| {
        answer_with(
            403,
            &[("retry-after", "90")],
            r#"{"message":"You have exceeded a secondary rate limit."}"#,
        )
    })
    .await;
    let clock = Clock::by_hand(NOW);
    let github = GitHub::new(server.options(token()), clock.clone()).unwrap();
    let until = NOW + Duration::from_secs(90);
    let refused = github.rerun(&access(), RUN, false).await.unwrap_err();
    assert_eq!(
        refused,
        GitHubError::RateLimited { until, why: "You have exceeded a secondary rate limit.".to_owned() }
    );
    let blocked = github.run(&access(), RUN).await.unwrap_err();
    assert!(matches!(blocked, GitHubError::Blocked { .. }));
    assert_eq!(blocked.blocked_until(), Some(until));
    assert_eq!(server.seen().len(), 1, "nothing is sent meanwhile");
    clock.set(until);
    assert!(matches!(github.run(&access(), RUN).await, Err(GitHubError::RateLimited { .. })));
}

#[tokio::test]
async fn bulk_writes_keep_their_interval_and_events_pass_by() {
    let server = Server::start(|_: &Seen| {
        answer_with(
            204,
            &[
                ("x-ratelimit-remaining", "4000"),
                ("x-ratelimit-limit", "5000"),
                ("x-ratelimit-reset", "1767226000"),
            ],
            "",
        )
    })
    .await;
    let clock = Clock::by_hand(NOW);
    let options = Options { write_interval: Duration::from_secs(1), ..server.options(token()) };
    let github = GitHub::new(options, clock.clone()).unwrap();
    let bulk = Access { lane: Lane::Bulk, ..access() };
    github.delete_run(&bulk, RUN).await.unwrap();
    let error = github.delete_run(&bulk, RUN).await.unwrap_err();
    assert_eq!(error.blocked_until(), Some(NOW + Duration::from_secs(1)));
    github.rerun(&access(), RUN, false).await.unwrap();
    clock.advance(Duration::from_secs(1));
    github.delete_run(&bulk, RUN).await.unwrap();
    let quotas = github.quotas();
    assert_eq!(quotas.len(), 1);
    assert_eq!(
        (quotas[0].0.as_str(), quotas[0].1.limit, quotas[0].1.resets_at),
        ("token", Some(5000), Some(Timestamp(1_767_226_000_000)))
    );
}
