//! What judging one run by a thousand rules costs: `cargo bench --bench rules`. Prints; fails on nothing.

#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    missing_docs,
    reason = "a measuring program, not the product"
)]

use std::{
    fmt::Write as _,
    hint::black_box,
    path::Path,
    time::{Duration, Instant},
};

use runwarden::{
    config::compile,
    model::{
        Conclusion, Fact, Facts, Job, JobId, RepositoryName, RunAttempt, RunId, RunSnapshot, Signal, Status,
        Step, Timestamp, WorkflowId,
    },
    rules::{Ruleset, decide, needs},
};

const RULES: usize = 1_000;
const ROUNDS: usize = 500;
const NOW: Timestamp = Timestamp(1_800_000_000_000);

fn main() {
    let (ruleset, facts) = (rules(), facts());
    let judged = decide(&ruleset, &facts, NOW);
    println!("{} rules, {} verdicts, {} actions", RULES, judged.verdicts.len(), judged.actions.len());
    let decided = median(|| drop(black_box(decide(black_box(&ruleset), black_box(&facts), NOW))));
    let needed = median(|| drop(black_box(needs(black_box(&ruleset), black_box(&facts), NOW))));
    println!("judging one run:         {:>7.3} ms (goal 1 ms)", decided.as_secs_f64() * 1e3);
    println!("asking what is missing:  {:>7.3} ms", needed.as_secs_f64() * 1e3);
}

fn median(act: impl Fn()) -> Duration {
    let mut times: Vec<Duration> = (0..ROUNDS)
        .map(|_| {
            let begun = Instant::now();
            act();
            begun.elapsed()
        })
        .collect();
    times.sort();
    times[ROUNDS / 2]
}

/// As a large company's rules look: most are of other repositories, one in ten reads on into the jobs.
fn rules() -> Ruleset {
    let mut file =
        String::from("webhook: { secrets: [{ env: S }] }\ngithub: { token: { env: S } }\nrules:\n");
    for number in 0..RULES {
        let repository =
            if number.is_multiple_of(10) { "acme/api".to_owned() } else { format!("acme/service-{number}") };
        write!(
            file,
            r#"
  - name: rerun-{number}
    on: workflow_run.completed
    when:
      repository: "{repository}"
      workflow: [ci.yml, "Integration*"]
      branch: [main, "release/**", "!release/old-{number}"]
      conclusion: [failure, timed_out]
      run_attempt: {{ below: 3 }}
      not: {{ actor: ["*[bot]", "user-{number}"] }}
      event: "/^(push|schedule-{number})$/"
      failed_jobs: {{ count: {{ at_most: 5 }}, every: {{ failed_step: ["Set up*", "Install-{number}*"] }} }}
    then: [rerun]
    limits: {{ per_run: 2 }}
"#
        )
        .unwrap();
    }
    compile(&file, "rules", Path::new("."), &|_| Some("secret".to_owned())).unwrap().config.ruleset
}

fn facts() -> Facts {
    let acme = RepositoryName::parse("acme/api").unwrap();
    let mut facts = Facts::of(
        Signal::RunCompleted,
        RunSnapshot {
            attempt: Some(RunAttempt(1)),
            workflow: Some("CI".to_owned()),
            workflow_path: Some(".github/workflows/ci.yml".to_owned()),
            workflow_id: Some(WorkflowId(7)),
            event: Some("push".to_owned()),
            status: Some(Status::Completed),
            conclusion: Some(Conclusion::Failure),
            branch: Some("main".to_owned()),
            head_sha: Some("a".repeat(40)),
            head_repository: Some(acme.clone()),
            actor: Some("octocat".to_owned()),
            triggering_actor: Some("octocat".to_owned()),
            run_number: Some(12),
            created_at: Some(NOW),
            updated_at: Some(NOW),
            run_started_at: Some(NOW),
            title: Some("Fix a thing".to_owned()),
            commit_message: Some("Fix a thing".to_owned()),
            partial: false,
            ..RunSnapshot::unknown(acme, RunId(42))
        },
    );
    facts.details.jobs = Fact::Known((1..=20).map(job).collect());
    facts
}

fn job(id: i64) -> Job {
    let failed = id % 5 == 0;
    let conclusion = Some(if failed { Conclusion::Failure } else { Conclusion::Success });
    let step = |name: &str| Step {
        name: Some(name.to_owned()),
        number: Some(1),
        status: Some(Status::Completed),
        conclusion: conclusion.clone(),
        started_at: None,
        completed_at: None,
    };
    Job {
        id: JobId(id),
        name: Some(format!("linux ({id})")),
        attempt: Some(RunAttempt(1)),
        status: Some(Status::Completed),
        conclusion: conclusion.clone(),
        started_at: Some(NOW),
        completed_at: Some(NOW),
        labels: vec!["ubuntu-latest".to_owned()],
        runner_name: None,
        steps: vec![step("Set up job"), step("Set up Rust")],
        annotations: Fact::NotAsked,
        log: Fact::NotAsked,
    }
}
