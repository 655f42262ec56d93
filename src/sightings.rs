//! What this process's webhooks have told of runs: GitHub tells by itself most of what the guards before a
//! re-run ask, and what was told need not be fetched. Kept in memory only: after a restart there is a gap, and
//! a gap is a doubt, and a doubt leads to a look.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::model::{RepositoryName, RunId, Timestamp, WorkflowId};

/// How many runs one generation remembers; two are kept, so that at most twice as many are in memory.
const GENERATION: usize = 8_192;

/// The record of one process's lifetime. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Sightings(Arc<Mutex<Generations>>);

/// A webhook about a run, as far as it was understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sighting {
    /// The run's repository.
    pub repository: RepositoryName,
    /// The run.
    pub run: RunId,
    /// When the webhook came.
    pub at: Timestamp,
    /// What it told.
    pub told: Told,
}

/// What a webhook told of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// `workflow_run`.
    Run {
        /// The activity was `requested`: the run has just been created.
        requested: bool,
        /// The workflow.
        workflow: Option<WorkflowId>,
        /// The head branch.
        branch: Option<String>,
        /// The run's number within its workflow.
        number: Option<i64>,
    },
    /// `workflow_job`.
    Job {
        /// The job waits at an environment.
        waiting: bool,
    },
    /// A deployment of the run was put up for review, or reviewed.
    Review,
}

#[derive(Debug, Default)]
struct Generations {
    current: Generation,
    previous: Generation,
}

#[derive(Debug, Default)]
struct Generation {
    runs: HashMap<RunId, Seen>,
    newest: HashMap<Lineage, (i64, RunId)>,
}

#[derive(Debug, Clone, Copy)]
struct Seen {
    since_requested: bool,
    job: bool,
    gate: bool,
    last: Timestamp,
}

/// What makes runs each other's successors.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Lineage {
    repository: String,
    workflow: WorkflowId,
    branch: String,
}

impl Sightings {
    /// An empty record.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a webhook to the record.
    pub fn add(&self, sighting: &Sighting) {
        let mut generations = self.lock();
        generations.rotate_when_full();
        let seen = generations.seen(sighting.run, sighting.at);
        seen.last = seen.last.max(sighting.at);
        match &sighting.told {
            Told::Run { requested, .. } => seen.since_requested |= requested,
            Told::Job { waiting } => {
                seen.job = true;
                seen.gate |= waiting;
            }
            Told::Review => seen.gate = true,
        }
        if let Told::Run { workflow: Some(workflow), branch: Some(branch), number: Some(number), .. } =
            &sighting.told
        {
            let lineage = Lineage {
                repository: sighting.repository.key(),
                workflow: *workflow,
                branch: branch.clone(),
            };
            let newest = generations.current.newest.entry(lineage).or_insert((*number, sighting.run));
            *newest = (*newest).max((*number, sighting.run));
        }
    }

    /// Forgets everything: a webhook was turned away, so that the record has a gap.
    pub fn forget(&self) {
        *self.lock() = Generations::default();
    }

    /// The newest run of that workflow and branch that was seen after this one, if any; `None` when the record
    /// cannot tell: this run's beginning was not seen, so that newer ones may have been missed.
    #[must_use]
    pub fn newer_run(
        &self,
        repository: &RepositoryName,
        workflow: WorkflowId,
        branch: &str,
        number: i64,
        run: RunId,
    ) -> Option<Option<RunId>> {
        let generations = self.lock();
        let lineage = Lineage { repository: repository.key(), workflow, branch: branch.to_owned() };
        let newest = [&generations.current, &generations.previous]
            .into_iter()
            .filter_map(|generation| generation.newest.get(&lineage))
            .max();
        match newest {
            Some((newest_number, newest)) if *newest_number > number => Some(Some(*newest)),
            _ if generations.get(run).is_some_and(|seen| seen.since_requested) => Some(None),
            _ => None,
        }
    }

    /// Whether it is certain that no job of the run has waited for a review: the run was seen from its
    /// beginning, its jobs were seen (so that jobs are told at all), and none of them waited.
    #[must_use]
    pub fn never_waited(&self, run: RunId) -> bool {
        self.lock().get(run).is_some_and(|seen| seen.since_requested && seen.job && !seen.gate)
    }

    /// Whether a webhook about the run came after that time.
    #[must_use]
    pub fn changed_since(&self, run: RunId, at: Timestamp) -> bool {
        self.lock().get(run).is_some_and(|seen| seen.last >= at)
    }

    fn lock(&self) -> MutexGuard<'_, Generations> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Generations {
    /// A run stays in the generation in which it was first seen, and so leaves before every newer run of its
    /// lineage does.
    fn seen(&mut self, run: RunId, at: Timestamp) -> &mut Seen {
        let generation =
            if self.previous.runs.contains_key(&run) { &mut self.previous } else { &mut self.current };
        generation.runs.entry(run).or_insert(Seen {
            since_requested: false,
            job: false,
            gate: false,
            last: at,
        })
    }

    fn get(&self, run: RunId) -> Option<&Seen> {
        self.current.runs.get(&run).or_else(|| self.previous.runs.get(&run))
    }

    fn rotate_when_full(&mut self) {
        if self.current.runs.len() >= GENERATION {
            self.previous = std::mem::take(&mut self.current);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(id: i64, number: i64, requested: bool) -> Sighting {
        let told = Told::Run {
            requested,
            workflow: Some(WorkflowId(7)),
            branch: Some("main".to_owned()),
            number: Some(number),
        };
        Sighting {
            repository: RepositoryName::parse("acme/api").unwrap(),
            run: RunId(id),
            at: Timestamp(id),
            told,
        }
    }

    fn newer(sightings: &Sightings, id: i64, number: i64) -> Option<Option<RunId>> {
        let repository = RepositoryName::parse("Acme/API").unwrap();
        sightings.newer_run(&repository, WorkflowId(7), "main", number, RunId(id))
    }

    #[test]
    fn absence_of_newer_runs_is_only_claimed_for_a_run_seen_from_its_beginning() {
        let sightings = Sightings::new();
        sightings.add(&run(1, 1, false));
        assert_eq!(newer(&sightings, 1, 1), None);
        sightings.add(&run(2, 2, true));
        assert_eq!(newer(&sightings, 2, 2), Some(None));
        assert_eq!(newer(&sightings, 1, 1), Some(Some(RunId(2))));
        sightings.forget();
        assert_eq!(newer(&sightings, 2, 2), None);
    }

    #[test]
    fn a_run_is_only_known_never_to_have_waited_when_its_jobs_are_told() {
        let sightings = Sightings::new();
        sightings.add(&run(1, 1, true));
        assert!(!sightings.never_waited(RunId(1)));
        let job = |waiting| Sighting { told: Told::Job { waiting }, ..run(1, 1, false) };
        sightings.add(&job(false));
        assert!(sightings.never_waited(RunId(1)));
        sightings.add(&job(true));
        assert!(!sightings.never_waited(RunId(1)));
    }

    #[test]
    fn an_older_run_is_never_forgotten_after_its_successor() {
        let sightings = Sightings::new();
        sightings.add(&run(1, 1, true));
        sightings.add(&run(2, 2, true));
        for id in 0..(3 * i64::try_from(GENERATION).unwrap()) {
            sightings.add(&run(1, 1, false));
            let other = run(1_000 + id, 1, true);
            sightings.add(&Sighting { repository: RepositoryName::parse("acme/other").unwrap(), ..other });
            assert_ne!(newer(&sightings, 1, 1), Some(None));
        }
    }
}
