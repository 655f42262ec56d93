//! GitHub's repository object, from webhooks and from the REST API alike.

use serde::Deserialize;

use super::wire::Raw;
use crate::model::RepositoryFacts;

/// The repository object: <https://docs.github.com/en/rest/repos/repos#get-a-repository>.
#[derive(Debug, Default, Clone, Copy, Deserialize)]
#[serde(default)]
pub(crate) struct RepositoryWire<'a> {
    #[serde(borrow)]
    pub(super) full_name: Raw<'a>,
    #[serde(borrow)]
    visibility: Raw<'a>,
    #[serde(borrow)]
    private: Raw<'a>,
    #[serde(borrow)]
    archived: Raw<'a>,
    #[serde(borrow)]
    default_branch: Raw<'a>,
}

impl RepositoryWire<'_> {
    /// What conditions ask for. Where `visibility` is missing, `private` tells what is public.
    pub(crate) fn facts(&self) -> RepositoryFacts {
        let public = || (!self.private.boolean()?).then(|| "public".to_owned());
        RepositoryFacts {
            visibility: self.visibility.string().or_else(public),
            archived: self.archived.boolean(),
            default_branch: self.default_branch.string(),
        }
    }
}
