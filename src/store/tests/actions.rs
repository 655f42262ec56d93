//! Actions on their way.

use super::{NOW, Place, count, decision, judged, rule};
use crate::{
    model::{ActionState, Lane, Timestamp},
    store::Finished,
};

fn finished(action_id: i64, execution_id: i64, state: ActionState) -> Finished {
    Finished {
        execution_id,
        action_id,
        outcome: "done",
        detail: "GitHub did it".to_owned(),
        requests: 2,
        state,
        reason: None,
        due_at: None,
        counts_as_try: true,
        interrupted: false,
        held_by: None,
        now: NOW,
    }
}

#[tokio::test]
async fn execution_begins_once_and_is_there_before_anything_is_sent() {
    let place = Place::new();
    let store = place.open().await;
    let id = judged(&store, "a", vec![decision("acme/api", 1, &["retry"])]).await[0];
    assert!(store.begin_execution(id, NOW).await.unwrap().is_some());
    assert_eq!(count(&place, "SELECT COUNT(*) FROM executions WHERE finished_at IS NULL").await, 1);
    assert_eq!(store.begin_execution(id, NOW).await.unwrap(), None);
    assert_eq!(count(&place, "SELECT COUNT(*) FROM executions").await, 1);
    assert_eq!(store.open_actions_of_rule(&rule("retry")).await.unwrap(), 1);
}

#[tokio::test]
async fn finished_action_is_neither_due_nor_open() {
    let place = Place::new();
    let store = place.open().await;
    let id = judged(&store, "a", vec![decision("acme/api", 1, &["retry", "other"])]).await[0];
    let execution = store.begin_execution(id, NOW).await.unwrap().unwrap();
    store.finish_execution(&finished(id, execution, ActionState::Done)).await.unwrap();
    assert_eq!(store.due_actions(Lane::Event, NOW, 10).await.unwrap().len(), 1);
    assert_eq!(store.open_actions_of_rule(&rule("retry")).await.unwrap(), 0);
    assert_eq!(store.open_actions_of_rule(&rule("other")).await.unwrap(), 1);
    assert!(store.counts().await.unwrap().settled.contains(&(ActionState::Done, 1)));
}

#[tokio::test]
async fn action_that_is_tried_again_waits_and_only_real_tries_count() {
    let place = Place::new();
    let store = place.open().await;
    let id = judged(&store, "a", vec![decision("acme/api", 1, &["retry"])]).await[0];
    let later = Timestamp(NOW.0 + 5_000);
    for counts_as_try in [true, false] {
        let execution = store.begin_execution(id, NOW).await.unwrap().unwrap();
        let again = Finished {
            due_at: Some(later),
            reason: Some("GitHub answers 502".to_owned()),
            counts_as_try,
            ..finished(id, execution, ActionState::Planned)
        };
        store.finish_execution(&again).await.unwrap();
    }
    assert!(store.due_actions(Lane::Event, NOW, 10).await.unwrap().is_empty());
    assert_eq!(store.next_action_due(Lane::Event).await.unwrap(), Some(later));
    assert_eq!(store.next_action_due(Lane::Bulk).await.unwrap(), None);
    let due = store.due_actions(Lane::Event, later, 10).await.unwrap();
    assert_eq!((due[0].tries, due[0].plan.reason.as_deref()), (1, Some("GitHub answers 502")));
    assert_eq!(count(&place, "SELECT COUNT(*) FROM executions WHERE outcome = 'done'").await, 2);
}

#[tokio::test]
async fn action_that_cannot_be_read_fails_and_does_not_hold_up_the_others() {
    let place = Place::new();
    let store = place.open().await;
    judged(&store, "a", vec![decision("acme/api", 1, &["broken", "sound"])]).await;
    sqlx::query("UPDATE actions SET params = 'not JSON' WHERE rule = 'broken'")
        .execute(&mut place.raw().await)
        .await
        .unwrap();
    let due = store.due_actions(Lane::Event, NOW, 10).await.unwrap();
    assert_eq!(due.iter().map(|action| action.plan.rule.as_str()).collect::<Vec<_>>(), ["sound"]);
    let failed = "SELECT COUNT(*) FROM actions WHERE state = 'failed' AND reason LIKE '%params%'";
    assert_eq!(count(&place, failed).await, 1);
}
