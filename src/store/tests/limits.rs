//! Under any order of deliveries, duplicates, ends, restarts and steps of the clock, no ceiling is exceeded: random
//! sequences against a real ledger, counted anew by a slow and simple count of its rows.

use std::time::Duration;

use sqlx::Row;

use super::{NOW, Place, decided, delivery, guid, repository, rerun};
use crate::{
    model::{
        ActionState, Bounds, Ceiling, Facts, Lane, NewDecision, PlannedAction, Rate, Requests, RunAttempt,
        RunId, RunSnapshot, Signal, Timestamp,
    },
    store::{Finished, Store},
};

const SEQUENCES: u64 = 4;
const STEPS: u64 = 150;
const HOUR: Duration = Duration::from_secs(3_600);

const REPOSITORIES: [&str; 3] = ["acme/api", "Acme/API", "acme/web"];
const RULES: [&str; 2] = ["retry", "other"];

/// SplitMix64.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % limit
    }

    fn of<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        choices[usize::try_from(self.below(choices.len() as u64)).unwrap()]
    }
}

fn bounds() -> Bounds {
    let rate = |most, hours: u32| Rate { most, within: HOUR * hours };
    Bounds {
        per_run: Some(2),
        reruns_per_run: Some(3),
        rates: vec![
            (Ceiling::RuleInRepository, rate(3, 1)),
            (Ceiling::Repository, rate(5, 2)),
            (Ceiling::Total, rate(7, 3)),
            (Ceiling::RunnerMinutes, rate(20, 4)),
        ],
        ..Bounds::default()
    }
}

/// A delivery's decision; the same number is always the same delivery.
fn decision_of(number: u64) -> NewDecision {
    let mut random = Random(number);
    let run = RunSnapshot {
        attempt: Some(RunAttempt(1 + u32::try_from(random.below(4)).unwrap())),
        ..RunSnapshot::unknown(
            repository(random.of(&REPOSITORIES)),
            RunId(1 + i64::try_from(random.below(12)).unwrap()),
        )
    };
    let mut planned = |name: &str| PlannedAction {
        bounds: bounds(),
        runner_minutes: Some(1 + u32::try_from(random.below(6)).unwrap()),
        ..rerun(name, &run, run.attempt.unwrap().0)
    };
    let actions = RULES.iter().map(|name| planned(name)).collect();
    NewDecision {
        facts: Facts::of(Signal::RunCompleted, run),
        verdicts: vec![],
        requests: Requests::default(),
        actions,
    }
}

async fn judge(store: &Store, number: u64, now: Timestamp) {
    let name = format!("delivery-{number}");
    store.ingest(delivery(&name)).await.unwrap();
    let id = store.delivery_body(&guid(&name)).await.unwrap().unwrap().0.id;
    let judged = crate::store::Decided { decided_at: now, ..decided(id, vec![decision_of(number)]) };
    store.record(vec![judged]).await.unwrap();
}

async fn carry_out(store: &Store, random: &mut Random, now: Timestamp) {
    for action in store.due_actions(Lane::Event, now, 3).await.unwrap() {
        let Some(execution_id) = store.begin_execution(action.id, now).await.unwrap() else {
            continue;
        };
        let states = [ActionState::Done, ActionState::Refused, ActionState::Failed, ActionState::Held];
        let state = states[usize::try_from(random.below(4)).unwrap()];
        let finished = Finished {
            execution_id,
            action_id: action.id,
            outcome: "done",
            detail: String::new(),
            requests: 1,
            state,
            reason: None,
            due_at: Some(now + HOUR / 6),
            counts_as_try: true,
            interrupted: false,
            held_by: (state == ActionState::Held).then_some(Bounds::RUNNING),
            now,
        };
        store.finish_execution(&finished).await.unwrap();
    }
}

async fn release(store: &Store, now: Timestamp) -> usize {
    store.release_held(now, |_| (bounds(), now)).await.unwrap()
}

/// What is spent, as the ledger has it.
struct Spent {
    rule: String,
    repository: String,
    run: i64,
    at: i64,
    minutes: i64,
}

async fn spent(place: &Place) -> Vec<Spent> {
    let rows = sqlx::query(
        "SELECT rule, repository, run_id, spent_at, runner_minutes FROM actions
         WHERE state IN ('planned', 'executing', 'done', 'failed', 'uncertain')",
    )
    .fetch_all(&mut place.raw().await)
    .await
    .unwrap();
    let one = |row: &sqlx::sqlite::SqliteRow| Spent {
        rule: row.get(0),
        repository: row.get::<String, _>(1).to_lowercase(),
        run: row.get(2),
        at: row.get::<Option<i64>, _>(3).expect("what may be sent is spent"),
        minutes: row.get(4),
    };
    rows.iter().map(one).collect()
}

async fn assert_within(place: &Place, what: &str) {
    let all = spent(place).await;
    for one in &all {
        let same_run = |other: &&Spent| other.run == one.run;
        assert!(all.iter().filter(same_run).count() <= 3, "{what}: reruns_per_run");
        let by_rule = all.iter().filter(same_run).filter(|other| other.rule == one.rule);
        assert!(by_rule.count() <= 2, "{what}: per_run");
        for (ceiling, rate) in bounds().rates {
            let within = i64::try_from(rate.within.as_millis()).unwrap();
            let in_window = all.iter().filter(|other| (one.at - within..=one.at).contains(&other.at));
            let in_window = in_window.filter(|other| other.at > one.at - within);
            let counted = in_window.filter(|other| match ceiling {
                Ceiling::RuleInRepository => other.rule == one.rule && other.repository == one.repository,
                Ceiling::Repository => other.repository == one.repository,
                Ceiling::Total | Ceiling::RunnerMinutes => true,
            });
            let amount: i64 =
                counted.map(|other| if ceiling == Ceiling::RunnerMinutes { other.minutes } else { 1 }).sum();
            assert!(amount <= i64::from(rate.most), "{what}: {ceiling}: {amount} of {rate}");
        }
    }
}

#[tokio::test]
async fn no_ceiling_is_exceeded_under_any_order_of_deliveries_duplicates_and_steps_of_the_clock() {
    let mut held_at_some_time = 0;
    for seed in 0..SEQUENCES {
        let mut random = Random(seed);
        let place = Place::new();
        let mut store = place.open().await;
        let mut now = NOW;
        for step in 0..STEPS {
            match random.below(12) {
                0..=4 => judge(&store, random.below(60), now).await,
                5 | 6 => now = now + Duration::from_secs(random.below(3_000)),
                7 => now = now - Duration::from_secs(random.below(9_000)),
                8 => {
                    release(&store, now).await;
                }
                9 | 10 => carry_out(&store, &mut random, now).await,
                _ => {
                    store.close().await;
                    store = place.open().await;
                    store.recount_held(now).await.unwrap();
                }
            }
            held_at_some_time += store.counts().await.unwrap().held;
            if step % 10 == 0 {
                assert_within(&place, &format!("sequence {seed}, step {step}")).await;
            }
        }
        assert_within(&place, &format!("sequence {seed}")).await;
        drain(&place, &store, now, seed).await;
    }
    assert!(held_at_some_time > 200, "held {held_at_some_time} times: this tries nothing");
}

/// What is held goes at last, and still within the ceilings.
async fn drain(place: &Place, store: &Store, mut now: Timestamp, seed: u64) {
    for _ in 0..400 {
        if store.counts().await.unwrap().held == 0 {
            assert_within(place, &format!("sequence {seed}, at its end")).await;
            return;
        }
        now = now + HOUR;
        while release(store, now).await > 0 {}
    }
    panic!("sequence {seed}: something is held for ever");
}
