//! Lists: filters, pages, `Link` headers, and the 1,000 results that a filtered search shows at most.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::clock::shift;
use super::exchange::{Call, Reply};
use super::routes::Asked;
use super::world::{Run, World};

/// Results that a search with filters shows.
const SHOWN: usize = 1_000;
/// The largest `total_count` without filters.
const COUNTED: usize = 40_000;
const DAY_S: i64 = 24 * 60 * 60;

/// The page that was asked for.
pub(super) struct Window {
    number: usize,
    size: usize,
    last: usize,
}

pub(super) fn page(call: &Call, total: usize) -> Window {
    let number = |name: &str| call.param(name).and_then(|value| value.parse::<usize>().ok());
    let size = number("per_page").unwrap_or(30).clamp(1, 100);
    Window { number: number("page").unwrap_or(1).max(1), size, last: total.div_ceil(size) }
}

impl Window {
    /// The page's part of a list.
    pub(super) fn of<'a, T>(&self, all: &'a [T]) -> &'a [T] {
        let from = (self.number - 1).saturating_mul(self.size).min(all.len());
        let to = from.saturating_add(self.size).min(all.len());
        all.get(from..to).unwrap_or_default()
    }
}

/// Adds GitHub's `Link` header if there is more than one page; addresses are absolute and keep all parameters.
pub(super) fn paged(reply: Reply, world: &World, call: &Call, window: &Window) -> Reply {
    let url = |number: usize| {
        let mut query = form_urlencoded::Serializer::new(String::new());
        let others = call.params.iter().filter(|(key, _)| key != "page");
        query.extend_pairs(others).append_pair("page", &number.to_string());
        world.api(&format!("{}?{}", call.path, query.finish()))
    };
    let mut links = Vec::new();
    if window.number > 1 {
        links.push((window.number - 1, "prev"));
    }
    if window.number < window.last {
        links.push((window.number + 1, "next"));
        links.push((window.last, "last"));
    }
    if window.number > 1 {
        links.push((1, "first"));
    }
    if links.is_empty() {
        return reply;
    }
    let links = links.into_iter().map(|(number, rel)| format!("<{}>; rel=\"{rel}\"", url(number)));
    reply.header("link", &links.collect::<Vec<_>>().join(", "))
}

impl World {
    /// `workflow` is an id or a file name.
    pub(super) fn list_workflow_runs(&self, asked: &Asked<'_>, workflow: &str) -> Reply {
        let mut mine = self.workflows.iter().filter(|known| known.repo == asked.repo);
        match mine.find(|known| known.file == workflow || known.id.to_string() == workflow) {
            Some(found) => self.list_runs(asked, Some(found.id)),
            None => Reply::not_found(),
        }
    }

    /// Newest first.
    pub(super) fn list_runs(&self, asked: &Asked<'_>, workflow: Option<u64>) -> Reply {
        let call = asked.call;
        let created = match call.param("created").map(Span::parse) {
            None => None,
            Some(Some(span)) => Some(span),
            Some(None) => return Reply::message(422, "Validation Failed: \"created\" is not a date range"),
        };
        let fits = |run: &&Run| {
            run.repo == asked.repo
                && workflow.is_none_or(|workflow| workflow == run.workflow)
                && created.as_ref().is_none_or(|span| span.has(run.created_at))
                && fits_filters(call, run)
        };
        let mut runs: Vec<&Run> = self.runs.values().filter(fits).collect();
        runs.sort_by_key(|run| std::cmp::Reverse((run.created_at, run.id)));
        let mut total = runs.len();
        let filters = ["actor", "branch", "check_suite_id", "created", "event", "head_sha", "status"];
        if filters.iter().any(|name| call.param(name).is_some()) {
            runs.truncate(SHOWN);
        } else {
            total = total.min(COUNTED);
        }
        let window = page(call, runs.len());
        let shown: Value = window.of(&runs).iter().map(|run| self.run_for(asked, run, &run.now)).collect();
        let body = json!({ "total_count": total, "workflow_runs": shown });
        paged(Reply::json(200, &body), self, call, &window)
    }
}

fn fits_filters(call: &Call, run: &Run) -> bool {
    let is = |name: &str, value: &str| call.param(name).is_none_or(|wanted| wanted == value);
    let status = call.param("status");
    is("actor", &run.spec.actor)
        && is("branch", &run.spec.branch)
        && is("event", &run.spec.event)
        && is("head_sha", &run.sha)
        && is("check_suite_id", &run.check_suite.to_string())
        && status
            .is_none_or(|wanted| wanted == run.now.status || Some(wanted) == run.now.conclusion.as_deref())
}

/// From the first instant to before the second.
struct Span {
    from: Timestamp,
    until: Timestamp,
}

impl Span {
    /// GitHub's search syntax: `>A`, `>=A`, `<A`, `<=A`, `A..B`, `A..*`, `*..B`, `A`; dates or times.
    fn parse(text: &str) -> Option<Self> {
        let (min, max) = (Timestamp::MIN, Timestamp::MAX);
        let bound = |text: &str, open: Timestamp, end: bool| match text {
            "*" => Some(open),
            _ => instant(text).map(|(from, until)| if end { until } else { from }),
        };
        if let Some((from, until)) = text.split_once("..") {
            return Some(Self { from: bound(from, min, false)?, until: bound(until, max, true)? });
        }
        let (from, until) = if let Some(rest) = text.strip_prefix(">=") {
            (instant(rest)?.0, max)
        } else if let Some(rest) = text.strip_prefix("<=") {
            (min, instant(rest)?.1)
        } else if let Some(rest) = text.strip_prefix('>') {
            (instant(rest)?.1, max)
        } else if let Some(rest) = text.strip_prefix('<') {
            (min, instant(rest)?.0)
        } else {
            instant(text)?
        };
        Some(Self { from, until })
    }

    fn has(&self, at: Timestamp) -> bool {
        self.from <= at && at < self.until
    }
}

/// A day or a second, as its first instant and the first one after it.
fn instant(text: &str) -> Option<(Timestamp, Timestamp)> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Some((at, shift(at, 1)));
    }
    let utc = |time: DateTime| time.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp());
    if text.contains('T') {
        let at = utc(text.parse().ok()?)?;
        return Some((at, shift(at, 1)));
    }
    let day = utc(text.parse::<Date>().ok()?.at(0, 0, 0, 0))?;
    Some((day, shift(day, DAY_S)))
}
