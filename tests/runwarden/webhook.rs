//! What the webhook answers, and what it keeps, whatever is sent to it.

use runwarden::{
    model::DeliveryState,
    simulator::{RunSpec, sign},
    store::HistoryFilter,
};

use crate::story::{SECRET, Story};

const RULES: &str = r#"
mode: observe
rules:
  - name: rerun-failed-jobs
    on: workflow_run.completed
    when: { conclusion: failure, run_attempt: { below: 3 } }
    then:
      - rerun: {}
"#;

/// The headers of a good webhook with that body, as GitHub sends them.
fn good(event: &str, guid: &str, body: &[u8]) -> Vec<(String, String)> {
    vec![
        ("content-type".to_owned(), "application/json".to_owned()),
        ("x-github-event".to_owned(), event.to_owned()),
        ("x-github-delivery".to_owned(), guid.to_owned()),
        ("x-hub-signature-256".to_owned(), sign(SECRET, body)),
    ]
}

/// The same headers with one replaced, or taken out.
fn with(mut headers: Vec<(String, String)>, name: &str, value: Option<&str>) -> Vec<(String, String)> {
    headers.retain(|(header, _)| header != name);
    headers.extend(value.map(|value| (name.to_owned(), value.to_owned())));
    headers
}

async fn stored(story: &Story) -> Vec<(String, DeliveryState, String)> {
    let filter = HistoryFilter { limit: 1_000, ..HistoryFilter::default() };
    let entries = story.pipeline.store.history(&filter).await.unwrap();
    entries
        .into_iter()
        .map(|entry| {
            let delivery = entry.delivery;
            (delivery.guid.to_string(), delivery.state, delivery.reason.unwrap_or_default())
        })
        .collect()
}

async fn world() -> (Story, Vec<u8>) {
    let story = Story::begin(RULES).await;
    story.github.automatic_delivery(false);
    let run = story.github.run_to_end(RunSpec::new("acme/api", "ci.yml").attempts(["failure"]));
    let body = story.github.payload("workflow_run", "completed", run);
    (story, body)
}

#[tokio::test]
async fn only_a_good_signature_of_the_raw_bytes_opens_the_door() {
    let (story, body) = world().await;
    let headers = good("workflow_run", "g-1", &body);
    let sha1 = with(
        with(headers.clone(), "x-hub-signature-256", None),
        "x-hub-signature",
        Some("sha1=757107ea0eb2509fc211221cce984b8a37570b6d"),
    );
    for refused in [
        with(headers.clone(), "x-hub-signature-256", None),
        with(headers.clone(), "x-hub-signature-256", Some("sha256=00")),
        with(headers.clone(), "x-hub-signature-256", Some(&sign("another secret", &body))),
        sha1,
    ] {
        assert_eq!(story.answer(&refused, body.clone()).await, 401, "{refused:?}");
    }
    let mut changed = body.clone();
    changed.push(b' ');
    assert_eq!(story.answer(&headers, changed).await, 401);
    assert_eq!(stored(&story).await, []);
    assert_eq!(story.answer(&headers, body).await, 202);
    assert_eq!(stored(&story).await.len(), 1);
    let counted = story.pipeline.metrics.render().unwrap();
    assert!(
        counted.contains("runwarden_webhooks_refused_total{reason=\"signature_missing\"} 1"),
        "{counted}"
    );
    assert!(counted.contains("runwarden_webhooks_refused_total{reason=\"signature_sha1\"} 1"), "{counted}");
    assert!(counted.contains("runwarden_webhooks_refused_total{reason=\"signature_wrong\"} 3"), "{counted}");
}

#[tokio::test]
async fn each_way_of_being_wrong_has_its_status_and_stores_nothing() {
    let (story, body) = world().await;
    let headers = good("workflow_run", "g-1", &body);
    for (wrong, body, status) in [
        (with(headers.clone(), "content-type", Some("text/plain")), body.clone(), 415),
        (with(headers.clone(), "content-type", None), body.clone(), 415),
        (with(headers.clone(), "x-github-event", None), body.clone(), 400),
        (with(headers.clone(), "x-github-delivery", None), body.clone(), 400),
        (with(headers.clone(), "x-github-delivery", Some("a b")), body.clone(), 400),
        (good("workflow_run", "g-2", b"{\"action\":"), b"{\"action\":".to_vec(), 400),
        (good("workflow_run", "g-3", b""), Vec::new(), 400),
        (
            good("workflow_run", "g-4", &vec![b' '; 25 * 1024 * 1024 + 1]),
            vec![b' '; 25 * 1024 * 1024 + 1],
            413,
        ),
    ] {
        assert_eq!(story.answer(&wrong, body).await, status, "{wrong:?}");
    }
    assert_eq!(stored(&story).await, []);
}

#[tokio::test]
async fn a_form_is_verified_as_sent_and_kept_as_json() {
    let (mut story, body) = world().await;
    let form = form_urlencoded::Serializer::new(String::new())
        .append_pair("payload", std::str::from_utf8(&body).unwrap())
        .finish()
        .into_bytes();
    let headers =
        with(good("workflow_run", "g-1", &form), "content-type", Some("application/x-www-form-urlencoded"));
    assert_eq!(story.answer(&headers, form).await, 202);
    story.settle().await;
    let (_, kept) = story
        .pipeline
        .store
        .delivery_body(&runwarden::model::DeliveryGuid::parse("g-1").unwrap())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(kept, body);
    assert_eq!(stored(&story).await[0].1, DeliveryState::Decided);
}

#[tokio::test]
async fn a_ping_is_answered_200_and_what_nobody_uses_202_and_neither_is_stored() {
    let (story, body) = world().await;
    assert_eq!(story.answer(&good("ping", "g-1", b"{}"), b"{}".to_vec()).await, 200);
    assert_eq!(story.answer(&good("star", "g-2", b"{}"), b"{}".to_vec()).await, 202);
    let requested =
        String::from_utf8(body).unwrap().replacen("\"completed\"", "\"requested\"", 1).into_bytes();
    assert_eq!(story.answer(&good("workflow_run", "g-3", &requested), requested.clone()).await, 202);
    let counted = story.pipeline.metrics.render().unwrap();
    assert!(counted.contains("runwarden_webhooks_total{event=\"star\",outcome=\"ignored\"} 1"), "{counted}");
    assert!(counted.contains("runwarden_webhooks_total{event=\"ping\",outcome=\"ping\"} 1"), "{counted}");
}

#[tokio::test]
async fn the_same_guid_again_is_answered_202_and_stored_once() {
    let (mut story, body) = world().await;
    let headers = good("workflow_run", "g-1", &body);
    for _ in 0..3 {
        assert_eq!(story.answer(&headers, body.clone()).await, 202);
        story.settle().await;
    }
    assert_eq!(stored(&story).await.len(), 1);
}

#[tokio::test]
async fn hostile_bodies_are_parked_with_a_reason_and_the_daemon_goes_on() {
    let (mut story, body) = world().await;
    let deep = format!(
        "{{\"action\":\"completed\",\"workflow_run\":{}{}}}",
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    let hostile: Vec<Vec<u8>> = [
        deep.as_str(),
        "{}",
        "[]",
        "null",
        "42",
        "\"text\"",
        r#"{"action":null,"workflow_run":null}"#,
        r#"{"action":"completed","workflow_run":null}"#,
        r#"{"action":"completed","workflow_run":{}}"#,
        r#"{"action":"completed","workflow_run":{"id":null},"repository":{"full_name":"acme/api"}}"#,
        r#"{"action":"completed","workflow_run":{"id":1180591620717411303424},"repository":{"full_name":"acme/api"}}"#,
        r#"{"action":"completed","workflow_run":{"id":1.5e300},"repository":{"full_name":"acme/api"}}"#,
        r#"{"action":"completed","workflow_run":{"id":7},"repository":{"full_name":"../../etc/passwd"}}"#,
        r#"{"action":"completed","workflow_run":{"id":7},"repository":{"full_name":"a/b/c"}}"#,
    ]
    .into_iter()
    .map(|text| text.as_bytes().to_vec())
    .collect();
    for (n, body) in hostile.iter().enumerate() {
        let guid = format!("hostile-{n}");
        let status = story.answer(&good("workflow_run", &guid, body), body.clone()).await;
        assert_eq!(status, 202, "{guid}");
    }
    story.settle().await;
    for (guid, state, reason) in stored(&story).await {
        assert_eq!(state, DeliveryState::Parked, "{guid}");
        assert!(reason.len() > 10, "{guid}: {reason:?}");
    }
    // A null where GitHub never puts one is not the end either: the run is judged, and what is missing is unknown.
    let nulls =
        String::from_utf8(body.clone()).unwrap().replace("\"conclusion\":\"failure\"", "\"conclusion\":null");
    let headers = good("workflow_run", "nulls", nulls.as_bytes());
    assert_eq!(story.answer(&headers, nulls.clone().into_bytes()).await, 202);
    assert_eq!(story.answer(&good("workflow_run", "good", &body), body.clone()).await, 202);
    story.settle().await;
    let decided: Vec<String> = stored(&story)
        .await
        .into_iter()
        .filter(|(_, state, _)| *state == DeliveryState::Decided)
        .map(|(guid, ..)| guid)
        .collect();
    assert_eq!(decided.len(), 2, "{decided:?}");
}

#[tokio::test]
async fn a_broken_database_is_answered_503_and_readyz_says_so() {
    let (story, body) = world().await;
    let ready = || async {
        let url = story.url.replace("/webhooks/github", "/readyz");
        crate::http::get(&url).await
    };
    assert_eq!(ready().await.0, 200);
    let path = story.folder.path().join("runwarden.db");
    crate::http::sql(&path, "ALTER TABLE deliveries RENAME TO elsewhere").await;
    let headers = good("workflow_run", "g-1", &body);
    assert_eq!(story.answer(&headers, body.clone()).await, 503);
    let (status, words) = ready().await;
    assert_eq!(status, 503);
    assert!(words.starts_with("database: "), "{words}");
    crate::http::sql(&path, "ALTER TABLE elsewhere RENAME TO deliveries").await;
    assert_eq!(story.answer(&headers, body).await, 202);
    assert_eq!(ready().await.0, 200);
}
