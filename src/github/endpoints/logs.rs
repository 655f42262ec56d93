//! Logs: GitHub answers with a redirect to storage elsewhere, and only the archive's bytes come from there.

use http::header::LOCATION;
use tokio::io::AsyncWrite;

use super::runs::{actions, of_run};
use crate::{
    github::{Access, GitHub, GitHubError, download, transport::Call},
    model::{JobId, RunAttempt, RunId},
};

/// Where a log goes, and how much of it.
pub struct LogSink<'a> {
    /// Takes the bytes as they come.
    pub writer: &'a mut (dyn AsyncWrite + Unpin + Send),
    /// More than this is not taken.
    pub limit_bytes: u64,
    /// Told after each piece: the bytes received, and how many there will be if the storage says so.
    pub progress: &'a mut (dyn FnMut(u64, Option<u64>) + Send),
}

/// Why a log did not come. No message holds the storage's URL, which is a credential.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LogsError {
    /// There is no log: deleted, expired, or never written.
    #[error("the logs are gone: GitHub answered {status} ({message})")]
    LogsGone {
        /// 404 or 410.
        status: u16,
        /// GitHub's words.
        message: String,
    },
    /// The log is larger than allowed; the sink holds its beginning or nothing.
    #[error("the logs are larger than {limit_bytes} bytes")]
    TooLarge {
        /// The limit.
        limit_bytes: u64,
    },
    /// The sink failed.
    #[error("cannot write the logs: {0}")]
    Sink(String),
    /// GitHub or the storage failed.
    #[error(transparent)]
    GitHub(#[from] GitHubError),
}

impl GitHub {
    /// Fetches the archive (zip) of a run's latest attempt; returns its bytes. Only complete runs have one.
    ///
    /// <https://docs.github.com/en/rest/actions/workflow-runs#download-workflow-run-logs>
    ///
    /// # Errors
    /// When there are no logs, they are too large, the sink fails, or GitHub or the storage does.
    pub async fn logs(&self, access: &Access, run: RunId, sink: LogSink<'_>) -> Result<u64, LogsError> {
        self.fetch_logs(access, of_run(access, run, "/logs"), sink).await
    }

    /// Fetches the archive (zip) of one attempt; returns its bytes (Enterprise Server 3.5 and later).
    ///
    /// # Errors
    /// As for [`Self::logs`].
    pub async fn attempt_logs(
        &self,
        access: &Access,
        run: RunId,
        attempt: RunAttempt,
        sink: LogSink<'_>,
    ) -> Result<u64, LogsError> {
        self.fetch_logs(access, of_run(access, run, &format!("/attempts/{attempt}/logs")), sink).await
    }

    /// Fetches a job's log (plain text), which is there as soon as the job is complete; returns its bytes.
    ///
    /// # Errors
    /// As for [`Self::logs`].
    pub async fn job_logs(&self, access: &Access, job: JobId, sink: LogSink<'_>) -> Result<u64, LogsError> {
        self.fetch_logs(access, format!("{}/jobs/{job}/logs", actions(&access.repository)), sink).await
    }

    async fn fetch_logs(&self, access: &Access, target: String, sink: LogSink<'_>) -> Result<u64, LogsError> {
        let answer = self.answer(access, &Call::get(target)).await?;
        let status = answer.status.as_u16();
        if status == 302 {
            let location = answer.header(LOCATION).and_then(|location| self.inner.base.absolute(location));
            let missing =
                || GitHubError::Unreadable { why: "the logs' redirect has no usable location".to_owned() };
            return download::fetch(
                &self.inner.plain,
                location.ok_or_else(missing)?,
                self.inner.timeout,
                sink,
            )
            .await;
        }
        let message = if answer.body.is_empty() { "no message".to_owned() } else { answer.message() };
        Err(match status {
            404 | 410 => LogsError::LogsGone { status, message },
            200..300 => GitHubError::Unreadable {
                why: format!("GitHub answered {status} where a redirect to the logs was due"),
            }
            .into(),
            _ => GitHubError::of_answer(status, message).into(),
        })
    }
}

impl std::fmt::Debug for LogSink<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LogSink").field("limit_bytes", &self.limit_bytes).finish_non_exhaustive()
    }
}
