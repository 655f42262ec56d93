//! Fetches a log from the storage that GitHub's redirect leads to: without any credential, from any host, at
//! most so many bytes. The URL is itself a credential and appears in no log and no error.

use std::time::Duration;

use http::{HeaderMap, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Empty, combinators::BoxBody};
use tokio::{io::AsyncWriteExt, time::Instant};
use tokio_util::bytes::Bytes;
use url::Url;

use super::{
    GitHubError, LogSink, LogsError,
    transport::{self, PlainClient, USER_AGENT},
};

/// Further redirects, beyond GitHub's own.
const MOST_REDIRECTS: usize = 3;
/// However slowly the storage drips.
const LONGEST: Duration = Duration::from_mins(30);

type Reply = Response<BoxBody<Bytes, String>>;

/// Fetches `url` into the sink; returns the number of bytes. `timeout` is for an answer to begin and for every
/// pause between its pieces.
pub(super) async fn fetch(
    client: &PlainClient,
    url: Url,
    timeout: Duration,
    sink: LogSink<'_>,
) -> Result<u64, LogsError> {
    let mut url = url;
    for _ in 0..=MOST_REDIRECTS {
        let reply = get(client, &url, timeout).await?;
        match reply.status() {
            StatusCode::OK => return pour(reply, timeout, sink).await,
            StatusCode::NOT_FOUND | StatusCode::GONE => {
                let status = reply.status().as_u16();
                return Err(LogsError::LogsGone { status, message: "from the logs' storage".to_owned() });
            }
            status if status.is_redirection() => url = location(reply.headers(), &url)?,
            status => {
                return Err(unavailable(
                    Some(status),
                    format!("the logs' storage answered {}", status.as_u16()),
                ));
            }
        }
    }
    Err(unavailable(None, "the logs' storage redirects without end".to_owned()))
}

async fn get(client: &PlainClient, url: &Url, timeout: Duration) -> Result<Reply, LogsError> {
    let request = Request::get(url.as_str()).header(header::USER_AGENT, USER_AGENT).body(Empty::new());
    // The error's text could hold the location.
    let request = request.map_err(|_| unavailable(None, "the logs' location is not a URI".to_owned()))?;
    match tokio::time::timeout(timeout, client.request(request)).await {
        Ok(Ok(reply)) => Ok(reply.map(|body| body.map_err(|error| transport::chain(&error)).boxed())),
        Ok(Err(error)) => {
            Err(unavailable(None, format!("cannot reach the logs' storage: {}", transport::chain(&error))))
        }
        Err(_) => Err(unavailable(None, format!("the logs' storage did not answer within {timeout:?}"))),
    }
}

async fn pour(reply: Reply, timeout: Duration, sink: LogSink<'_>) -> Result<u64, LogsError> {
    let LogSink { writer, limit_bytes, progress } = sink;
    let too_large = || LogsError::TooLarge { limit_bytes };
    let total = length(reply.headers());
    if total.is_some_and(|total| total > limit_bytes) {
        return Err(too_large());
    }
    let sink_failed = |error: std::io::Error| LogsError::Sink(error.to_string());
    let deadline = Instant::now() + LONGEST;
    let mut body = reply.into_body();
    let mut received = 0_u64;
    loop {
        let pause = deadline.min(Instant::now() + timeout);
        let frame = match tokio::time::timeout_at(pause, body.frame()).await {
            Ok(Some(Ok(frame))) => frame,
            Ok(Some(Err(why))) => return Err(unavailable(None, format!("the logs broke off: {why}"))),
            Ok(None) => break,
            Err(_) => {
                return Err(unavailable(None, format!("the logs stopped coming after {received} bytes")));
            }
        };
        let Ok(piece) = frame.into_data() else { continue };
        received = received.saturating_add(u64::try_from(piece.len()).unwrap_or(u64::MAX));
        if received > limit_bytes {
            return Err(too_large());
        }
        writer.write_all(&piece).await.map_err(sink_failed)?;
        progress(received, total);
    }
    writer.flush().await.map_err(sink_failed)?;
    Ok(received)
}

fn length(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn location(headers: &HeaderMap, from: &Url) -> Result<Url, LogsError> {
    let location = headers.get(header::LOCATION).and_then(|location| location.to_str().ok());
    let url = location.and_then(|location| from.join(location).ok());
    let url = url.filter(|url| matches!(url.scheme(), "http" | "https"));
    url.ok_or_else(|| unavailable(None, "the logs' storage redirects to nowhere".to_owned()))
}

fn unavailable(status: Option<StatusCode>, why: String) -> LogsError {
    GitHubError::Unavailable { status: status.map(|status| status.as_u16()), why }.into()
}
