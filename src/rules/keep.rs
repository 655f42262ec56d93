//! Which of many runs a rule spares: the newest of each group.

use std::collections::{HashMap, HashSet};

use super::{Keep, KeepBy, KeepPer};
use crate::model::{RunId, RunSnapshot, Timestamp};

/// The runs that `keep` spares, out of those that count. They are ordered by time, then by id; one whose time is not
/// known is always spared.
#[must_use]
pub fn spared<'a>(keep: &Keep, counted: impl IntoIterator<Item = &'a RunSnapshot>) -> HashSet<RunId> {
    let mut groups: HashMap<Vec<Option<String>>, Vec<&RunSnapshot>> = HashMap::new();
    let mut spared = HashSet::new();
    for run in counted {
        if time_of(keep, run).is_none() {
            spared.insert(run.id);
            continue;
        }
        groups.entry(group_of(keep, run)).or_default().push(run);
    }
    for mut runs in groups.into_values() {
        runs.sort_by_key(|run| std::cmp::Reverse((time_of(keep, run), run.id)));
        spared.extend(runs.iter().take(keep.newest as usize).map(|run| run.id));
    }
    spared
}

fn time_of(keep: &Keep, run: &RunSnapshot) -> Option<Timestamp> {
    match keep.by {
        KeepBy::Created => run.created_at,
        KeepBy::Updated => run.updated_at,
    }
}

fn group_of(keep: &Keep, run: &RunSnapshot) -> Vec<Option<String>> {
    keep.per
        .iter()
        .map(|per| match per {
            KeepPer::Workflow => run.workflow_id.map(|id| id.to_string()).or_else(|| run.workflow.clone()),
            KeepPer::Branch => run.branch.clone(),
            KeepPer::Event => run.event.clone(),
            KeepPer::Conclusion => run.conclusion.as_ref().map(ToString::to_string),
            KeepPer::Day => time_of(keep, run).and_then(|at| at.local("UTC")).map(|local| local.date),
        })
        .collect()
}
