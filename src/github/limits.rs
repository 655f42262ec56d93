//! What an answer says about GitHub's rate limits.
//!
//! GitHub's description: <https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api>.

use std::time::Duration;

use http::{HeaderMap, StatusCode, header::RETRY_AFTER};

use crate::model::Timestamp;

/// No limit is believed to last longer than this: a header may be wrong, and so may a clock.
const LONGEST_RETRY_AFTER: Duration = Duration::from_hours(24);
/// The primary limit's window is an hour.
const LONGEST_RESET: Duration = Duration::from_mins(65);

/// The primary limit as the last answers told it. Enterprise Server sends none of this unless its admins turned
/// limits on, so absent means unknown, never zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// Requests in a window; `None` when not told.
    pub limit: Option<u32>,
    /// What is left of them.
    pub remaining: u32,
    /// When the window ends, by GitHub's clock.
    pub resets_at: Option<Timestamp>,
}

/// Which limit an answer speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Limit {
    /// Until then, in GitHub's own words or by the primary limit's end.
    Until(Timestamp),
    /// GitHub did not say how long.
    Unsaid,
}

/// What an answer says about the limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Observed {
    /// The primary limit, when told.
    pub(super) quota: Option<Quota>,
    /// Set when sending has to stop.
    pub(super) limit: Option<Limit>,
    /// Whether the answer is a refusal because of a limit.
    pub(super) refused: bool,
}

/// Reads an answer. `message` is GitHub's message, empty when there was none.
pub(super) fn observed(status: StatusCode, headers: &HeaderMap, message: &str, now: Timestamp) -> Observed {
    let quota = quota(headers);
    let exhausted = quota.is_some_and(|quota| quota.remaining == 0);
    let retry_after = retry_after(headers, now);
    let refused = match status.as_u16() {
        429 => true,
        403 => retry_after.is_some() || names_a_limit(message) || (exhausted && message.is_empty()),
        _ => false,
    };
    let reset =
        quota.filter(|_| exhausted).and_then(|quota| quota.resets_at).and_then(|at| end_of_window(at, now));
    let limit = match (refused, retry_after) {
        (true, Some(until)) => Some(Limit::Until(until)),
        (true, None) => Some(reset.map_or(Limit::Unsaid, Limit::Until)),
        // A 503 for maintenance may ask for a pause too.
        (false, Some(until)) if status.is_server_error() => Some(Limit::Until(until)),
        (false, _) => reset.map(Limit::Until),
    };
    Observed { quota, limit, refused }
}

/// Whether GitHub's message speaks of a limit; headers may be missing from such answers.
fn names_a_limit(message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    message.contains("rate limit") || message.contains("abuse detection")
}

/// The primary limit. Other resources (search, GraphQL) have limits of their own.
fn quota(headers: &HeaderMap) -> Option<Quota> {
    let resource = text(headers, "x-ratelimit-resource");
    if resource.is_some_and(|resource| resource != "core") {
        return None;
    }
    Some(Quota {
        remaining: number(headers, "x-ratelimit-remaining")?,
        limit: number(headers, "x-ratelimit-limit").filter(|limit| *limit > 0),
        resets_at: text(headers, "x-ratelimit-reset")
            .and_then(|at| at.parse::<i64>().ok())
            .map(|at| Timestamp(at.saturating_mul(1000))),
    })
}

/// One second past the window's end, when that lies ahead.
pub(super) fn end_of_window(resets_at: Timestamp, now: Timestamp) -> Option<Timestamp> {
    let until = resets_at + Duration::from_secs(1);
    (until > now).then(|| until.min(now + LONGEST_RESET))
}

/// `Retry-After`, in seconds or as a date.
fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Timestamp> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let until = match value.parse::<u64>() {
        Ok(seconds) => now + Duration::from_secs(seconds),
        Err(_) => {
            let date = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(value).ok()?;
            Timestamp(date.as_millisecond())
        }
    };
    Some(until.clamp(now + Duration::from_secs(1), now + LONGEST_RETRY_AFTER))
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

fn number(headers: &HeaderMap, name: &str) -> Option<u32> {
    text(headers, name)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_700_000_000_000);
    const SECONDARY: &str =
        "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.";

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (http::HeaderName::from_static(name), value.parse().unwrap()))
            .collect()
    }

    fn after(seconds: i64) -> Option<Limit> {
        Some(Limit::Until(Timestamp(NOW.0 + seconds * 1000)))
    }

    #[test]
    fn limits_are_told_from_refusals() {
        type Case = (u16, &'static [(&'static str, &'static str)], &'static str, bool, Option<Limit>);
        let exhausted: &[(&str, &str)] =
            &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1700000100")];
        let cases: &[Case] = &[
            (200, &[], "", false, None),
            (
                200,
                &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1700000100")],
                "",
                false,
                after(101),
            ),
            (403, &[], "This workflow is already running", false, None),
            (403, &[], "", false, None),
            (403, &[], SECONDARY, true, Some(Limit::Unsaid)),
            (403, &[], "You have triggered an abuse detection mechanism.", true, Some(Limit::Unsaid)),
            (403, &[("retry-after", "90")], "Forbidden", true, after(90)),
            (429, &[("retry-after", "0")], "", true, after(1)),
            (429, &[("retry-after", "99999999999999999999")], "", true, Some(Limit::Unsaid)),
            (429, &[("retry-after", "9999999999")], "", true, after(86_400)),
            (429, &[("retry-after", "Tue, 14 Nov 2023 22:14:20 GMT")], "", true, after(60)),
            (429, &[], "", true, Some(Limit::Unsaid)),
            (503, &[("retry-after", "5")], "", false, after(5)),
            (502, &[], "", false, None),
        ];
        for (status, pairs, message, refused, limit) in cases {
            let seen = observed(StatusCode::from_u16(*status).unwrap(), &headers(pairs), message, NOW);
            assert_eq!((seen.refused, seen.limit), (*refused, *limit), "{status} {pairs:?} {message}");
        }
        let primary = observed(
            StatusCode::FORBIDDEN,
            &headers(exhausted),
            "API rate limit exceeded for installation ID 5.",
            NOW,
        );
        assert_eq!((primary.refused, primary.limit), (true, after(101)));
        let last_one =
            observed(StatusCode::FORBIDDEN, &headers(exhausted), "This workflow is already running", NOW);
        assert_eq!(
            (last_one.refused, last_one.limit),
            (false, after(101)),
            "refused on its merits with the last request"
        );
    }

    #[test]
    fn absent_or_garbled_headers_are_unknown() {
        for pairs in [
            &[][..],
            &[("x-ratelimit-remaining", "many")],
            &[("x-ratelimit-limit", "5000")],
            &[("x-ratelimit-remaining", "0"), ("x-ratelimit-resource", "search")],
        ] {
            assert_eq!(quota(&headers(pairs)), None, "{pairs:?}");
        }
        let past = observed(
            StatusCode::OK,
            &headers(&[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1600000000")]),
            "",
            NOW,
        );
        assert_eq!(past.limit, None);
        let far = observed(
            StatusCode::OK,
            &headers(&[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "9000000000000000000")]),
            "",
            NOW,
        );
        assert_eq!(far.limit, after(65 * 60));
    }
}
