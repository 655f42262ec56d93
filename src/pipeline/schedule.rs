//! The worker that watches the rules' schedules and puts a delivery into the inbox at each tick.

use std::{collections::HashMap, sync::Arc};

use tracing::warn;

use crate::{
    model::{DeliveryGuid, NewDelivery, RuleName, ScheduledPass, Source, Timestamp},
    rules::{Mode, Ruleset},
    store::IngestError,
};

use super::{Pipeline, Progress};

/// The worker. A tick that falls into a time when runwarden is down is not made up for: the next one finds the
/// same runs.
pub struct Scheduler {
    pipeline: Pipeline,
    rules: Arc<Ruleset>,
    next: HashMap<RuleName, Timestamp>,
}

impl Scheduler {
    /// A worker that waits for the first tick after now.
    #[must_use]
    pub fn new(pipeline: Pipeline) -> Self {
        let rules = pipeline.rules();
        let mut scheduler = Self { pipeline, rules, next: HashMap::new() };
        scheduler.plan();
        scheduler
    }

    /// Puts the ticks that are due into the inbox. Once this returns they survive a crash.
    ///
    /// # Errors
    /// When the inbox does not take a tick; it stays due.
    pub async fn step(&mut self) -> Result<Progress, IngestError> {
        let rules = self.pipeline.rules();
        if !Arc::ptr_eq(&rules, &self.rules) {
            self.rules = rules;
            self.plan();
        }
        let now = self.pipeline.clock.now();
        let mut worked = 0;
        for rule in &self.rules.clone().rules {
            let Some(tick) = self.next.get(&rule.name).copied().filter(|tick| *tick <= now) else {
                continue;
            };
            self.pipeline.tick(&rule.name, tick).await?;
            worked += 1;
            self.plan_one(&rule.name, now);
        }
        Ok(Progress { worked, in_flight: 0, next_due: self.next.values().min().copied() })
    }

    fn plan(&mut self) {
        self.next.clear();
        let now = self.pipeline.clock.now();
        let names: Vec<RuleName> = self.rules.rules.iter().map(|rule| rule.name.clone()).collect();
        for name in names {
            self.plan_one(&name, now);
        }
    }

    fn plan_one(&mut self, name: &RuleName, now: Timestamp) {
        self.next.remove(name);
        let Some(rule) = self.rules.rule(name).filter(|rule| self.rules.mode_of(rule) != Mode::Off) else {
            return;
        };
        if let Some((cron, zone)) = rule.schedule() {
            match next_tick(cron, zone, now) {
                Ok(tick) => {
                    self.next.insert(name.clone(), tick);
                }
                Err(why) => warn!(rule = %name, "the schedule has no further tick: {why}"),
            }
        }
    }
}

impl Pipeline {
    /// Puts one tick of a rule's schedule into the inbox. Once this returns it survives a crash; the same tick
    /// again is the same delivery.
    ///
    /// # Errors
    /// When the inbox does not take it.
    pub async fn tick(&self, rule: &RuleName, tick: Timestamp) -> Result<(), IngestError> {
        let pass = ScheduledPass { rule: rule.clone(), tick, repository: None, installation: None, by: None };
        let guid = DeliveryGuid::parse(&format!("schedule:{rule}:{}", tick.0));
        let (Ok(guid), Ok(body)) = (guid, serde_json::to_vec(&pass)) else {
            return Ok(());
        };
        let (event, received_at) = ("schedule".to_owned(), self.clock.now());
        let delivery = NewDelivery { guid, source: Source::Schedule, event, received_at, body };
        self.store.ingest(delivery).await.map(drop)
    }
}

fn next_tick(cron: &str, zone: &str, now: Timestamp) -> Result<Timestamp, String> {
    let crontab = cronexpr::parse_crontab(&format!("{cron} {zone}")).map_err(|error| error.to_string())?;
    let next = crontab.find_next(now.to_jiff()).map_err(|error| error.to_string())?;
    Ok(Timestamp(next.timestamp().as_millisecond()))
}
