//! Reading the history: deliveries with all that came of them, newest first.

use std::collections::HashMap;

use sqlx::{AssertSqlSafe, Row, SqliteConnection, sqlite::SqliteRow};

use super::{
    Store,
    conditions::Conditions,
    error::{StoreError, doing},
    rows,
};
use crate::model::{
    ActionRow, DecisionRow, DeliveryGuid, DeliveryRow, ExecutionRow, Facts, RepositoryName, RuleName, RunId,
    Timestamp,
};

/// What part of the history is asked for; what is `None` does not narrow it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HistoryFilter {
    /// Decisions about runs of this repository.
    pub repository: Option<RepositoryName>,
    /// Decisions in which this rule had more to say than that it does not match.
    pub rule: Option<RuleName>,
    /// Decisions about this run.
    pub run: Option<RunId>,
    /// Deliveries received then or later.
    pub since: Option<Timestamp>,
    /// The delivery of this guid.
    pub guid: Option<DeliveryGuid>,
    /// At most so many deliveries.
    pub limit: u32,
}

/// A delivery and what came of it.
#[derive(Debug, Clone, PartialEq)]
pub struct HistoryEntry {
    /// The delivery.
    pub delivery: DeliveryRow,
    /// Its decisions, in the order in which they were taken: those that the filter asks for.
    pub decisions: Vec<DecisionEntry>,
    /// What of it this version cannot read, in words.
    pub unreadable: Vec<String>,
}

/// A decision and what came of it.
#[derive(Debug, Clone, PartialEq)]
pub struct DecisionEntry {
    /// The decision.
    pub decision: DecisionRow,
    /// Its actions, each with its executions, in order.
    pub actions: Vec<(ActionRow, Vec<ExecutionRow>)>,
}

impl Store {
    /// What a decision was made on; `None` when there is no such decision.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn facts_of(&self, decision_id: i64) -> Result<Option<Facts>, StoreError> {
        let sql = format!("SELECT {} FROM decisions WHERE id = $1", rows::DECISION);
        let found = sqlx::query(AssertSqlSafe(sql))
            .bind(decision_id)
            .fetch_optional(&self.inner.readers)
            .await
            .map_err(doing("read a decision"))?;
        found.map(|row| rows::decision(&row).map(|decision| decision.facts)).transpose()
    }

    /// The history that a filter asks for, newest first, as it stood at one moment. With a filter on decisions
    /// (repository, rule, run), deliveries without a matching decision are left out.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn history(&self, filter: &HistoryFilter) -> Result<Vec<HistoryEntry>, StoreError> {
        const DOING: &str = "read the history";
        let mut moment = self.inner.readers.begin().await.map_err(doing(DOING))?;
        let found = find(&mut moment, filter).await.map_err(doing(DOING))?;
        moment.commit().await.map_err(doing(DOING))?;
        found.assemble()
    }
}

/// The rows that belong to one answer.
struct Found {
    deliveries: Vec<SqliteRow>,
    decisions: Vec<SqliteRow>,
    actions: Vec<SqliteRow>,
    executions: Vec<SqliteRow>,
}

async fn find(connection: &mut SqliteConnection, filter: &HistoryFilter) -> Result<Found, sqlx::Error> {
    let ids = delivery_ids(connection, filter).await?;
    find_of(connection, &ids, on_decisions(Conditions::default(), filter)?).await
}

/// All that came of these deliveries, newest first.
pub(super) async fn of_deliveries(
    connection: &mut SqliteConnection,
    ids: &[i64],
) -> Result<Vec<HistoryEntry>, StoreError> {
    let found = find_of(connection, ids, Conditions::default()).await;
    found.map_err(doing("read the history"))?.assemble()
}

async fn find_of(
    connection: &mut SqliteConnection,
    ids: &[i64],
    asked_for: Conditions,
) -> Result<Found, sqlx::Error> {
    let select = format!("SELECT {} FROM deliveries", rows::DELIVERY);
    let deliveries = Conditions::default().fetch_of(connection, &select, ("id", ids), "").await?;

    let select = format!("SELECT {} FROM decisions", rows::DECISION);
    let decisions = asked_for.fetch_of(connection, &select, ("delivery_id", ids), "ORDER BY id").await?;

    let ids = ids_of(&decisions, "id")?;
    let select = format!("SELECT {} FROM actions", rows::ACTION);
    let actions =
        Conditions::default().fetch_of(connection, &select, ("decision_id", &ids), "ORDER BY id").await?;

    let ids = ids_of(&actions, "id")?;
    let select = format!("SELECT {} FROM executions", rows::EXECUTION);
    let executions =
        Conditions::default().fetch_of(connection, &select, ("action_id", &ids), "ORDER BY id").await?;
    Ok(Found { deliveries, decisions, actions, executions })
}

/// The newest deliveries that match.
async fn delivery_ids(
    connection: &mut SqliteConnection,
    filter: &HistoryFilter,
) -> Result<Vec<i64>, sqlx::Error> {
    let mut conditions = Conditions::default();
    if let Some(since) = filter.since {
        conditions = conditions.bound("received_at >=", since.0, "")?;
    }
    if let Some(guid) = &filter.guid {
        conditions = conditions.bound("guid =", guid.as_str(), "")?;
    }
    let limit = filter.limit;
    if filter.repository.is_none() && filter.rule.is_none() && filter.run.is_none() {
        let order = format!("ORDER BY id DESC LIMIT {limit}");
        return ids_of(&conditions.fetch(connection, "SELECT id FROM deliveries", &order).await?, "id");
    }
    if !conditions.clause().is_empty() {
        conditions = conditions.within("delivery_id IN", "SELECT id FROM deliveries");
    }
    let order = format!("ORDER BY delivery_id DESC LIMIT {limit}");
    let found = on_decisions(conditions, filter)?
        .fetch(connection, "SELECT DISTINCT delivery_id FROM decisions", &order)
        .await?;
    ids_of(&found, "delivery_id")
}

/// What a filter asks of decisions.
fn on_decisions(mut conditions: Conditions, filter: &HistoryFilter) -> Result<Conditions, sqlx::Error> {
    if let Some(repository) = &filter.repository {
        conditions = conditions.bound("repository =", repository.key(), "")?;
    }
    if let Some(run) = filter.run {
        conditions = conditions.bound("run_id =", run.0, "")?;
    }
    if let Some(rule) = &filter.rule {
        // A rule's name has no character that LIKE treats specially.
        conditions = conditions.bound("rules LIKE", format!("% {rule} %"), "")?;
    }
    Ok(conditions)
}

fn ids_of(rows: &[SqliteRow], column: &str) -> Result<Vec<i64>, sqlx::Error> {
    rows.iter().map(|row| row.try_get(column)).collect()
}

impl Found {
    /// Puts the rows together, from the leaves up. What cannot be read is said where it belongs.
    fn assemble(self) -> Result<Vec<HistoryEntry>, StoreError> {
        let mut unreadable: HashMap<i64, Vec<String>> = HashMap::new();
        let delivery_of =
            self.decisions.iter().map(|row| Ok((rows::get(row, "id")?, rows::get(row, "delivery_id")?)));
        let delivery_of = delivery_of.collect::<Result<HashMap<i64, i64>, StoreError>>()?;

        let mut executions: HashMap<i64, Vec<ExecutionRow>> = HashMap::new();
        for row in &self.executions {
            let execution = rows::execution(row)?;
            executions.entry(execution.action_id).or_default().push(execution);
        }
        let mut actions: HashMap<i64, Vec<(ActionRow, Vec<ExecutionRow>)>> = HashMap::new();
        for row in &self.actions {
            let (id, decision): (i64, i64) = (rows::get(row, "id")?, rows::get(row, "decision_id")?);
            match rows::action(row) {
                Ok(action) => {
                    actions
                        .entry(decision)
                        .or_default()
                        .push((action, executions.remove(&id).unwrap_or_default()));
                }
                Err(why) => note(&mut unreadable, delivery_of.get(&decision), &why),
            }
        }
        let mut decisions: HashMap<i64, Vec<DecisionEntry>> = HashMap::new();
        for row in &self.decisions {
            let (id, delivery): (i64, i64) = (rows::get(row, "id")?, rows::get(row, "delivery_id")?);
            match rows::decision(row) {
                Ok(decision) => {
                    let actions = actions.remove(&id).unwrap_or_default();
                    decisions.entry(delivery).or_default().push(DecisionEntry { decision, actions });
                }
                Err(why) => note(&mut unreadable, Some(&delivery), &why),
            }
        }
        let deliveries = self.deliveries.iter().map(rows::delivery).collect::<Result<Vec<_>, _>>()?;
        Ok(entries(deliveries, decisions, unreadable))
    }
}

fn note(unreadable: &mut HashMap<i64, Vec<String>>, delivery: Option<&i64>, why: &StoreError) {
    if let Some(delivery) = delivery {
        unreadable.entry(*delivery).or_default().push(why.to_string());
    }
}

fn entries(
    mut deliveries: Vec<DeliveryRow>,
    mut decisions: HashMap<i64, Vec<DecisionEntry>>,
    mut unreadable: HashMap<i64, Vec<String>>,
) -> Vec<HistoryEntry> {
    deliveries.sort_by_key(|delivery| std::cmp::Reverse(delivery.id));
    let entry = |delivery: DeliveryRow| HistoryEntry {
        decisions: decisions.remove(&delivery.id).unwrap_or_default(),
        unreadable: unreadable.remove(&delivery.id).unwrap_or_default(),
        delivery,
    };
    deliveries.into_iter().map(entry).collect()
}
