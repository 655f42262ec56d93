//! The full reading of a webhook about a pull request.

use serde::Deserialize;

use super::{
    glance::installation,
    pull_request,
    read::{Unreadable, parse},
    repository::RepositoryWire,
    wire::Raw,
};
use crate::model::{PullEvent, RepositoryName, Said, Signal};

/// What a comment of runwarden's own begins with: rules must not answer themselves.
pub(crate) const OWN_COMMENT: &str = "<!-- runwarden:";

#[derive(Default, Deserialize)]
#[serde(default)]
struct Payload<'a> {
    #[serde(borrow)]
    action: Raw<'a>,
    #[serde(borrow)]
    installation: Raw<'a>,
    #[serde(borrow)]
    repository: Raw<'a>,
    #[serde(borrow)]
    sender: Raw<'a>,
    #[serde(borrow)]
    pull_request: Raw<'a>,
    #[serde(borrow)]
    issue: Raw<'a>,
    #[serde(borrow)]
    review: Raw<'a>,
    #[serde(borrow)]
    comment: Raw<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Issue<'a> {
    #[serde(borrow)]
    number: Raw<'a>,
    /// There for pull requests only.
    #[serde(borrow)]
    pull_request: Raw<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct SaidWire<'a> {
    #[serde(borrow)]
    state: Raw<'a>,
    #[serde(borrow)]
    user: Raw<'a>,
    #[serde(borrow)]
    author_association: Raw<'a>,
    #[serde(borrow)]
    body: Raw<'a>,
}

/// Reads a webhook about a pull request. `Ok(None)` when no signal is made of this event or activity, when a comment
/// is on an issue that is no pull request, or is runwarden's own.
///
/// # Errors
/// When the body is not a JSON object, or the repository or the pull request cannot be told.
pub fn read_pull(event: &str, body: &[u8]) -> Result<Option<PullEvent>, Unreadable> {
    if !matches!(event, "pull_request" | "pull_request_review" | "issue_comment") {
        return Ok(None);
    }
    let payload = parse::<Payload<'_>>(body)?;
    let Some(action) = payload.action.text() else {
        return Err(Unreadable("the payload has no action".to_owned()));
    };
    match Signal::of_webhook(&format!("{event}.{action}")) {
        Some(Signal::CommentCreated) => payload.commented(),
        Some(signal) => payload.happened(signal).map(Some),
        None => Ok(None),
    }
}

impl Payload<'_> {
    fn happened(&self, signal: Signal) -> Result<PullEvent, Unreadable> {
        let pull = pull_request(self.pull_request);
        let pull = pull.ok_or_else(|| Unreadable("the payload's pull_request cannot be read".to_owned()))?;
        let said = (signal == Signal::ReviewSubmitted).then(|| said(self.review));
        Ok(PullEvent { pull: Some(pull.clone()), said, ..self.event(signal, pull.number)? })
    }

    fn commented(&self) -> Result<Option<PullEvent>, Unreadable> {
        let issue = self.issue.object::<Issue<'_>>();
        let issue = issue.ok_or_else(|| Unreadable("the payload has no issue".to_owned()))?;
        let comment = said(self.comment);
        let is_own = comment.body.as_deref().is_some_and(|body| body.trim_start().starts_with(OWN_COMMENT));
        if issue.pull_request.is_null() || is_own {
            return Ok(None);
        }
        let number = issue.number.id().and_then(|number| u64::try_from(number).ok());
        let number = number.ok_or_else(|| Unreadable("the payload's issue has no number".to_owned()))?;
        Ok(Some(PullEvent { said: Some(comment), ..self.event(Signal::CommentCreated, number)? }))
    }

    fn event(&self, signal: Signal, number: u64) -> Result<PullEvent, Unreadable> {
        let wire = self.repository.object::<RepositoryWire<'_>>();
        let name = wire.as_ref().and_then(|wire| wire.full_name.text());
        let name = name.ok_or_else(|| Unreadable("the payload's repository has no full_name".to_owned()))?;
        let repository =
            RepositoryName::parse(&name).map_err(|error| Unreadable(format!("the payload's {error}")))?;
        Ok(PullEvent {
            signal,
            repository,
            number,
            pull: None,
            said: None,
            installation: installation(self.installation),
            sender: self.sender.login(),
            facts: wire.map(|wire| wire.facts()),
        })
    }
}

/// A review or a comment. GitHub writes a review's state in small letters here and in capitals elsewhere.
fn said(raw: Raw<'_>) -> Box<Said> {
    let wire = raw.object::<SaidWire<'_>>().unwrap_or_default();
    Box::new(Said {
        state: wire.state.text().map(|state| state.to_ascii_lowercase()),
        author: wire.user.login(),
        association: wire.author_association.string(),
        body: wire.body.string(),
    })
}
