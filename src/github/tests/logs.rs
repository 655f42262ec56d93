//! Logs come from elsewhere, without our credential, and not without end.

use std::io::Cursor;

use super::server::{RUN, Seen, Server, access, answer, answer_with, raw};
use crate::{
    github::{GitHub, GitHubError, LogSink, LogsError},
    model::{JobId, RunAttempt},
};

/// Fetches a run's logs; returns the result and what the sink took.
async fn fetch(
    github: &GitHub,
    limit_bytes: u64,
) -> (Result<u64, LogsError>, Vec<u8>, Vec<(u64, Option<u64>)>) {
    let mut bytes = Cursor::new(Vec::new());
    let mut told = Vec::new();
    let mut progress = |received, total| told.push((received, total));
    let sink = LogSink { writer: &mut bytes, limit_bytes, progress: &mut progress };
    let result = github.logs(&access(), RUN, sink).await;
    (result, bytes.into_inner(), told)
}

/// GitHub, whose redirect leads to `location`.
async fn redirecting(location: String) -> Server {
    Server::start(move |_: &Seen| answer_with(302, &[("location", &location)], "")).await
}

#[tokio::test]
async fn the_storage_sees_none_of_our_headers() {
    let storage = Server::start(|_: &Seen| answer(200, "archive")).await;
    let server = redirecting(format!("{}/blob.zip?sig=secret", storage.url)).await;
    let (result, bytes, told) = fetch(&server.with_token(), 1_000).await;
    assert_eq!((result, bytes.as_slice(), told), (Ok(7), &b"archive"[..], vec![(7, Some(7))]));
    let seen = &storage.seen()[0];
    assert_eq!(seen.line, "GET /blob.zip?sig=secret");
    let names: Vec<_> = seen.headers.keys().map(http::HeaderName::as_str).collect();
    assert_eq!(names, ["user-agent", "host"]);
    assert_eq!(server.lines(), ["GET /api/v3/repos/acme/api/actions/runs/42/logs"]);
}

#[tokio::test]
async fn attempts_and_jobs_have_logs_of_their_own_even_on_the_same_host() {
    let server = Server::start(|seen: &Seen| match seen.line.contains("/api/") {
        true => answer_with(302, &[("location", "/storage")], ""),
        false => answer(200, "x"),
    })
    .await;
    let github = server.with_token();
    let mut progress = |_, _| {};
    let mut bytes = Cursor::new(Vec::new());
    let sink = LogSink { writer: &mut bytes, limit_bytes: 9, progress: &mut progress };
    github.attempt_logs(&access(), RUN, RunAttempt(2), sink).await.unwrap();
    let sink = LogSink { writer: &mut bytes, limit_bytes: 9, progress: &mut progress };
    github.job_logs(&access(), JobId(7), sink).await.unwrap();
    assert_eq!(
        server.lines(),
        [
            "GET /api/v3/repos/acme/api/actions/runs/42/attempts/2/logs",
            "GET /storage",
            "GET /api/v3/repos/acme/api/actions/jobs/7/logs",
            "GET /storage",
        ]
    );
    assert!(server.seen()[1].header("authorization").is_none());
}

#[tokio::test]
async fn logs_that_are_not_there_are_gone() {
    for status in [404, 410] {
        let server = Server::start(move |_: &Seen| answer(status, r#"{"message":"Server Error"}"#)).await;
        let (result, ..) = fetch(&server.with_token(), 9).await;
        assert_eq!(result, Err(LogsError::LogsGone { status, message: "Server Error".to_owned() }));
        let storage = Server::start(move |_: &Seen| answer(status, "<Error/>")).await;
        let (result, ..) = fetch(&redirecting(storage.url).await.with_token(), 9).await;
        assert!(matches!(result, Err(LogsError::LogsGone { .. })));
    }
    let early =
        Server::start(|_: &Seen| answer(500, r#"{"message":"Failed to generate URL to download logs"}"#))
            .await;
    let (result, ..) = fetch(&early.with_token(), 9).await;
    assert!(matches!(result, Err(LogsError::GitHub(GitHubError::Unavailable { status: Some(500), .. }))));
}

#[tokio::test]
async fn no_more_than_the_limit_is_taken() {
    let storage = Server::start(|_: &Seen| answer(200, "0123456789")).await;
    let github = redirecting(storage.url).await.with_token();
    assert_eq!(fetch(&github, 10).await.0, Ok(10));
    let (result, bytes, _) = fetch(&github, 9).await;
    assert_eq!((result, bytes.len()), (Err(LogsError::TooLarge { limit_bytes: 9 }), 0));
    const CHUNKS: &[u8] =
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n3\r\ndef\r\n3\r\nghi\r\n";
    let unsaid = redirecting(raw(CHUNKS, true).await).await;
    let (result, bytes, _) = fetch(&unsaid.with_token(), 7).await;
    assert_eq!(result, Err(LogsError::TooLarge { limit_bytes: 7 }));
    assert!(bytes.len() <= 7);
}

#[tokio::test]
async fn further_redirects_are_followed_three_times_and_never_shown() {
    let hops = |most: usize| {
        Server::start(move |seen: &Seen| {
            let hop: usize = seen.line.rsplit('=').next().unwrap().parse().unwrap();
            match hop >= most {
                true => answer(200, "x"),
                false => answer_with(307, &[("location", &format!("/next?sig={}", hop + 1))], ""),
            }
        })
    };
    let few = hops(3).await;
    assert_eq!(fetch(&redirecting(format!("{}/blob?sig=0", few.url)).await.with_token(), 9).await.0, Ok(1));
    let many = hops(9).await;
    let (result, ..) = fetch(&redirecting(format!("{}/blob?sig=0", many.url)).await.with_token(), 9).await;
    assert_eq!(result.unwrap_err().to_string(), "the logs' storage redirects without end");
    assert_eq!(many.seen().len(), 4);
    for location in
        ["ftp://127.0.0.1/blob?sig=secret", "http://127.0.0.1:1/blob?sig=secret", "http://[/?sig=secret"]
    {
        let (result, ..) = fetch(&redirecting(location.to_owned()).await.with_token(), 9).await;
        let words = result.unwrap_err().to_string();
        assert!(!words.contains("secret") && !words.contains("blob"), "{words}");
    }
}
