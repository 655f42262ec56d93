//! What people did where a rule would have acted. Pure.

use serde::Serialize;

use super::of_run::After;
use crate::{
    cli::{
        follow::Ended,
        show::{At, moment},
    },
    model::{Action, PlannedAction, ReviewState},
};

/// What people did where a rule would have acted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "did", rename_all = "snake_case")]
pub(super) enum People {
    /// The same.
    Same { by: Option<String>, at: Option<At>, ended: Option<Ended> },
    /// The opposite: rejected what would be approved, or the other way round.
    Opposite { by: Option<String> },
    /// Nothing, up to now.
    Nothing,
    /// GitHub does not tell.
    Untold,
}

/// What people did where that action would have been done.
pub(super) fn what_people_did(action: &PlannedAction, after: &After) -> People {
    match (&action.action, after) {
        (Action::Rerun(_), After::Rerun { by, at, ended }) => {
            People::Same { by: by.clone(), at: at.map(At), ended: Some(*ended) }
        }
        (Action::Rerun(_), After::NoRerun) => People::Nothing,
        (Action::ReviewDeployments(review), After::Reviewed { by, state }) => {
            let word = match review.state {
                ReviewState::Approved => "approved",
                ReviewState::Rejected => "rejected",
            };
            if state == word {
                People::Same { by: by.clone(), at: None, ended: None }
            } else {
                People::Opposite { by: by.clone() }
            }
        }
        (Action::ReviewDeployments(_), After::Waits) => People::Nothing,
        _ => People::Untold,
    }
}

impl People {
    /// In words.
    pub(super) fn text(&self) -> String {
        let who = |by: &Option<String>| by.clone().unwrap_or_else(|| "somebody".to_owned());
        match self {
            Self::Same { by, at, ended } => {
                let at = at.as_ref().map(|at| format!(", {}", moment(at.0))).unwrap_or_default();
                let ended = match ended {
                    Some(Ended::Passed) => ": it passed",
                    Some(Ended::Failed) => ": it failed",
                    Some(Ended::Otherwise | Ended::Unknown) | None => "",
                };
                format!("{} did{at}{ended}", who(by))
            }
            Self::Opposite { by } => format!("{} did the opposite", who(by)),
            Self::Nothing => "nobody did".to_owned(),
            Self::Untold => String::new(),
        }
    }
}
