//! GitHub's pull request object, from webhooks, lists and single answers alike.

use serde::Deserialize;

use super::wire::Raw;
use crate::model::{Fact, PullRequest};

/// The pull request object: <https://docs.github.com/en/rest/pulls/pulls#get-a-pull-request>.
#[derive(Debug, Default, Clone, Copy, Deserialize)]
#[serde(default)]
struct PullWire<'a> {
    #[serde(borrow)]
    number: Raw<'a>,
    #[serde(borrow)]
    state: Raw<'a>,
    #[serde(borrow)]
    draft: Raw<'a>,
    #[serde(borrow)]
    merged: Raw<'a>,
    /// Lists have no `merged`, but this.
    #[serde(borrow)]
    merged_at: Raw<'a>,
    #[serde(borrow)]
    user: Raw<'a>,
    #[serde(borrow)]
    base: Raw<'a>,
    #[serde(borrow)]
    head: Raw<'a>,
    #[serde(borrow)]
    labels: Raw<'a>,
    #[serde(borrow)]
    title: Raw<'a>,
    #[serde(borrow)]
    updated_at: Raw<'a>,
    #[serde(borrow)]
    html_url: Raw<'a>,
}

/// One side of a pull request.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Side<'a> {
    #[serde(borrow, rename = "ref")]
    reference: Raw<'a>,
    #[serde(borrow)]
    sha: Raw<'a>,
    /// `OWNER:BRANCH`.
    #[serde(borrow)]
    label: Raw<'a>,
    #[serde(borrow)]
    user: Raw<'a>,
    #[serde(borrow)]
    repo: Raw<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Label<'a> {
    #[serde(borrow)]
    name: Raw<'a>,
}

/// The pull request that a JSON object describes; none when it has no number, or labels that cannot be read: a
/// label that is overlooked is one that a rule takes for absent.
pub(crate) fn pull_request(raw: Raw<'_>) -> Option<PullRequest> {
    let wire = raw.object::<PullWire<'_>>()?;
    let head = wire.head.object::<Side<'_>>().unwrap_or_default();
    let owner_in_label =
        || head.label.text().and_then(|label| label.split_once(':').map(|(owner, _)| owner.to_owned()));
    let label = |raw: Raw<'_>| raw.object::<Label<'_>>()?.name.string();
    let merged = || Some(wire.state.string()? == "closed" && wire.merged_at.time().is_some());
    Some(PullRequest {
        number: wire.number.id().and_then(|number| u64::try_from(number).ok())?,
        state: wire.state.string(),
        draft: wire.draft.boolean(),
        merged: wire.merged.boolean().or_else(merged),
        author: wire.user.login(),
        base: wire.base.object::<Side<'_>>().and_then(|side| side.reference.string()),
        head_sha: head.sha.string(),
        head_branch: head.reference.string(),
        head_owner: head.user.login().or_else(owner_in_label),
        head_repository: head.repo.full_name(),
        labels: wire.labels.list()?.into_iter().map(label).collect::<Option<_>>()?,
        title: wire.title.string(),
        updated_at: wire.updated_at.time(),
        html_url: wire.html_url.string(),
        files: Fact::NotAsked,
    })
}
