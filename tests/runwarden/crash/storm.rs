//! Five hundred runs fail, and the daemon is killed fifty times while it re-runs them.

use std::collections::{BTreeSet, VecDeque};

use runwarden::simulator::{Fault, FaultId, RunSpec, Simulator};
use tokio::task::JoinSet;

use super::{
    RERUN,
    stage::{Stage, Webhook, ends_of, within},
};

const RUNS: usize = 500;
const KILLS: usize = 50;

/// GitHub's limit of 900 points a minute is an installation's: one for all would need minutes for this storm.
const OWNERS: usize = 20;

/// Webhooks that are posted at the same time.
const AT_ONCE: usize = 8;

/// Two webhooks a run, and four requests at least: three looks and the re-run.
const LEAST_PROGRESS: u64 = (RUNS as u64) * 6;

/// Numbers by `SplitMix64`: the same in every run of the test.
struct Seeded(u64);

impl Seeded {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % bound
    }
}

/// GitHub's side of the storm, and the operator who has webhooks delivered again that were not answered.
struct Storm {
    github: Simulator,
    failed: BTreeSet<u64>,
    waiting: VecDeque<Webhook>,
    posting: JoinSet<(Webhook, Option<u16>)>,
    answered: Vec<String>,
    posted_again: usize,
    /// Strike without doing anything: they count requests.
    requests: FaultId,
    reruns: FaultId,
}

impl Storm {
    fn begin(stage: &Stage) -> Self {
        let github = stage.github.clone();
        github.automatic_delivery(false);
        github.auto_finish(true);
        // The simulator's hourly budget is one for all installations, GitHub's is one for each.
        github.no_rate_limit();
        let reruns = github.fault(Fault::on("POST", "/rerun").always());
        let requests = github.fault(Fault::on("GET", "/actions/").always());
        let runs = (0..RUNS).map(|n| {
            let spec = RunSpec::new(format!("org{}/api", n % OWNERS), "ci.yml");
            github.run_to_end(spec.branch(format!("branch-{n}")).attempts(["failure", "success"]))
        });
        let failed: BTreeSet<u64> = runs.collect();
        let waiting = failed.iter().map(|run| stage.completed(*run)).collect();
        Self {
            github,
            failed,
            waiting,
            posting: JoinSet::new(),
            answered: Vec::new(),
            posted_again: 0,
            requests,
            reruns,
        }
    }

    /// Only ever rises: webhooks answered, requests that came, re-runs that took effect.
    fn progress(&self) -> u64 {
        let requests = self.github.fault_hits(self.requests) + self.github.fault_hits(self.reruns);
        self.answered.len() as u64 + u64::from(requests)
    }

    fn is_over(&self) -> bool {
        self.failed.is_empty() && self.waiting.is_empty() && self.posting.is_empty()
    }

    /// Lets things happen until there is so much progress.
    async fn rage(&mut self, stage: &Stage, until: u64) {
        loop {
            self.tell_of_ends(stage);
            if self.progress() >= until || self.is_over() {
                return;
            }
            while self.posting.len() < AT_ONCE
                && let Some(webhook) = self.waiting.pop_front()
            {
                let github = self.github.clone();
                self.posting.spawn(async move {
                    let status = webhook.post(&github).await;
                    (webhook, status)
                });
            }
            let Self { github, failed, posting, requests, reruns, .. } = &mut *self;
            let before = github.fault_hits(*requests);
            let moved = |github: &Simulator| {
                github.fault_hits(*requests) > before || !reran(github, *reruns, failed).is_empty()
            };
            let posted = tokio::select! {
                Some(posted) = posting.join_next() => Some(posted.unwrap()),
                () = github.wait_for(moved) => None,
            };
            if let Some(posted) = posted {
                self.note(posted);
            }
        }
    }

    /// Runs that were re-run have succeeded at once: GitHub tells of it.
    fn tell_of_ends(&mut self, stage: &Stage) {
        for run in reran(&self.github, self.reruns, &self.failed) {
            self.failed.remove(&run);
            self.waiting.push_back(stage.completed(run));
        }
    }

    /// The answers that were under way when the daemon was killed.
    async fn note_the_last(&mut self) {
        while let Some(posted) = self.posting.join_next().await {
            self.note(posted.unwrap());
        }
    }

    fn note(&mut self, (webhook, status): (Webhook, Option<u16>)) {
        if status == Some(202) {
            self.answered.push(webhook.guid);
        } else {
            self.posted_again += 1;
            self.waiting.push_back(webhook);
        }
    }
}

/// Those of the failed runs that were re-run since.
fn reran(github: &Simulator, reruns: FaultId, failed: &BTreeSet<u64>) -> Vec<u64> {
    // A re-run is counted when it is asked for, a moment before it takes effect.
    if github.fault_hits(reruns) as usize == RUNS - failed.len() {
        return Vec::new();
    }
    failed.iter().copied().filter(|run| github.attempt_of(*run) > 1).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_fifty_times_in_a_storm_it_reruns_every_run_exactly_once() {
    let mut stage = Stage::begin(RERUN).await;
    let mut storm = Storm::begin(&stage);
    let runs: Vec<u64> = storm.failed.iter().copied().collect();
    let mut seeded = Seeded(0x5EED);
    let mut moments: Vec<u64> = (0..KILLS).map(|_| seeded.below(LEAST_PROGRESS)).collect();
    moments.sort_unstable();
    for moment in moments {
        within("the next kill's moment", storm.rage(&stage, moment)).await;
        assert!(!storm.is_over(), "the storm was over before its kills");
        stage.kill();
        storm.note_the_last().await;
        stage.restart().await;
    }
    within("the storm's end", storm.rage(&stage, u64::MAX)).await;
    stage.answered = storm.answered;
    assert_eq!(stage.answered.len(), 2 * RUNS);
    let entries = stage.end().await;

    let writes = stage.github.writes();
    for run in &runs {
        let path = format!("/actions/runs/{run}/rerun");
        let sent: Vec<_> =
            writes.iter().filter(|write| write.path.ends_with(&path)).map(|write| write.status).collect();
        assert_eq!((stage.github.attempt_of(*run), sent.as_slice()), (2, &[Some(201)][..]), "run {run}");
    }
    assert_eq!(writes.len(), RUNS);
    let ends = ends_of(&entries);
    assert_eq!(ends.len(), RUNS);
    assert!(ends.iter().all(|end| end.starts_with("rerun done [")), "{ends:?}");
    let cut_off: usize = ends.iter().map(|end| end.matches("interrupted").count()).sum();
    assert!(
        cut_off > KILLS && storm.posted_again > 0,
        "{cut_off} cut off, {} posted again",
        storm.posted_again
    );
    println!("{KILLS} kills: {cut_off} executions cut off, {} webhooks posted again", storm.posted_again);
}
