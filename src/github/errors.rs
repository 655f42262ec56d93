//! How a call to GitHub can fail, sorted by what a caller may do next.

use crate::model::Timestamp;

/// Why a call to GitHub did not give its result. No message holds a secret or a signed URL.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GitHubError {
    /// A limit blocks; nothing was sent.
    #[error("not sent before {until}: {why}")]
    Blocked {
        /// When it may be sent.
        until: Timestamp,
        /// Which limit.
        why: String,
    },
    /// GitHub refused because of a rate limit; it did nothing.
    #[error("GitHub's rate limit holds until {until}: {why}")]
    RateLimited {
        /// When it may be sent again.
        until: Timestamp,
        /// GitHub's words.
        why: String,
    },
    /// GitHub said no: a 4xx besides the ones below, or a redirect that is not followed. It did nothing.
    #[error("GitHub answered {status} ({message})")]
    Refused {
        /// The status code.
        status: u16,
        /// GitHub's words.
        message: String,
    },
    /// 404: not there, or not to be seen with these permissions.
    #[error("GitHub answered 404 ({message})")]
    NotFound {
        /// GitHub's words.
        message: String,
    },
    /// 410: no longer there.
    #[error("GitHub answered 410 ({message})")]
    Gone {
        /// GitHub's words.
        message: String,
    },
    /// 401, or there is no token to ask with. GitHub did nothing.
    #[error("not authorized: {message}")]
    Unauthorized {
        /// What failed.
        message: String,
    },
    /// The request certainly did not reach GitHub.
    #[error("not sent: {why}")]
    NotSent {
        /// What failed.
        why: String,
    },
    /// No usable answer: 5xx, a timeout, a lost connection. A write may or may not have happened.
    #[error("{why}")]
    Unavailable {
        /// The status code, when there was an answer.
        status: Option<u16>,
        /// What happened.
        why: String,
    },
    /// GitHub said yes, and the answer cannot be understood.
    #[error("GitHub's answer cannot be read: {why}")]
    Unreadable {
        /// What is wrong with it.
        why: String,
    },
}

impl GitHubError {
    /// Whether GitHub may have done what was asked although the call failed. Only of interest for writes.
    #[must_use]
    pub fn is_ambiguous(&self) -> bool {
        match self {
            Self::Unavailable { .. } => true,
            Self::Blocked { .. }
            | Self::RateLimited { .. }
            | Self::Refused { .. }
            | Self::NotFound { .. }
            | Self::Gone { .. }
            | Self::Unauthorized { .. }
            | Self::NotSent { .. }
            | Self::Unreadable { .. } => false,
        }
    }

    /// When a limit ends, if a limit is the reason.
    #[must_use]
    pub fn blocked_until(&self) -> Option<Timestamp> {
        match self {
            Self::Blocked { until, .. } | Self::RateLimited { until, .. } => Some(*until),
            Self::Refused { .. }
            | Self::NotFound { .. }
            | Self::Gone { .. }
            | Self::Unauthorized { .. }
            | Self::NotSent { .. }
            | Self::Unavailable { .. }
            | Self::Unreadable { .. } => None,
        }
    }

    /// Whether the same request may succeed later without anyone changing anything.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Blocked { .. }
            | Self::RateLimited { .. }
            | Self::NotSent { .. }
            | Self::Unavailable { .. } => true,
            Self::Refused { .. }
            | Self::NotFound { .. }
            | Self::Gone { .. }
            | Self::Unauthorized { .. }
            | Self::Unreadable { .. } => false,
        }
    }

    /// The status that GitHub answered with, where that is known.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Refused { status, .. } => Some(*status),
            Self::NotFound { .. } => Some(404),
            Self::Gone { .. } => Some(410),
            Self::Unavailable { status, .. } => *status,
            Self::Blocked { .. }
            | Self::RateLimited { .. }
            | Self::Unauthorized { .. }
            | Self::NotSent { .. }
            | Self::Unreadable { .. } => None,
        }
    }

    /// The error of an answer that is neither a success nor a rate limit.
    pub(super) fn of_answer(status: u16, message: String) -> Self {
        match status {
            401 => Self::Unauthorized { message: format!("GitHub answered 401 ({message})") },
            404 => Self::NotFound { message },
            410 => Self::Gone { message },
            // 408 comes from proxies on the way: what GitHub did is not known.
            408 | 500.. => Self::Unavailable {
                status: Some(status),
                why: format!("GitHub answered {status} ({message})"),
            },
            _ => Self::Refused { status, message },
        }
    }
}

/// Why a GitHub client cannot be set up.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SetupError(pub String);
