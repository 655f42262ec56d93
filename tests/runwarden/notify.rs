//! Stories about channels: what is posted, how often, and what never shows.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{Router, body::Bytes, extract::State, http::HeaderMap, response::IntoResponse};
use runwarden::simulator::RunSpec;
use serde_json::Value;

use crate::story::Story;

const MINUTE: Duration = Duration::from_secs(60);
const PATH: &str = "/services/T0/B0/hush-hush";

/// `status` and headers.
type Answer = Vec<(&'static str, &'static str)>;

/// A channel's server: it keeps what was posted and answers what it was told to, else 200.
#[derive(Clone, Default)]
struct Channel {
    posts: Arc<Mutex<Vec<(HeaderMap, String)>>>,
    answers: Arc<Mutex<VecDeque<Answer>>>,
}

impl Channel {
    async fn start() -> (Self, tempfile::TempDir) {
        let channel = Self::default();
        let take = |State(channel): State<Self>, headers: HeaderMap, body: Bytes| async move {
            channel.posts.lock().unwrap().push((headers, String::from_utf8(body.to_vec()).unwrap()));
            let answer = channel.answers.lock().unwrap().pop_front().unwrap_or_default();
            let mut reply = "ok".into_response();
            for (name, value) in answer {
                match name {
                    "status" => *reply.status_mut() = value.parse::<u16>().unwrap().try_into().unwrap(),
                    name => drop(reply.headers_mut().insert(name, value.parse().unwrap())),
                }
            }
            reply
        };
        let router = Router::new().route(PATH, axum::routing::post(take)).with_state(channel.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let folder = tempfile::TempDir::new().unwrap();
        let url = format!("http://{}{PATH}\n", listener.local_addr().unwrap());
        std::fs::write(folder.path().join("url"), url).unwrap();
        tokio::spawn(async move { axum::serve(listener, router).await });
        (channel, folder)
    }

    fn answers(&self, answer: &[(&'static str, &'static str)]) {
        self.answers.lock().unwrap().push_back(answer.to_vec());
    }

    fn posts(&self) -> Vec<(HeaderMap, Value)> {
        let posts = self.posts.lock().unwrap();
        posts.iter().map(|(headers, body)| (headers.clone(), serde_json::from_str(body).unwrap())).collect()
    }
}

fn rules(folder: &tempfile::TempDir, channel: &str, text: &str) -> String {
    format!(
        "channels:\n  - {{ name: ci, url: {{ file: \"{}\" }}, {channel} }}\nrules:\n  - name: tell\n    \
         on: workflow_run.completed\n    when: {{ conclusion: failure }}\n    then:\n      \
         - notify: {{ to: ci, text: \"{text}\" }}\n",
        folder.path().join("url").display(),
    )
}

fn failing() -> RunSpec {
    RunSpec::new("acme/api", "ci.yml").attempts(["failure"])
}

#[tokio::test]
async fn a_failed_run_is_told_once_in_slack_s_form_in_which_a_branch_calls_nobody() {
    let (channel, folder) = Channel::start().await;
    let mut story =
        Story::begin(&rules(&folder, "format: slack", "<!here> {{ branch }} & {{ conclusion }}")).await;
    let run = story.github.run_to_end(failing().branch("<!channel>&<https://evil.example|x>"));
    story.settle().await;
    for delivery in story.github.deliveries() {
        story.github.redeliver(&delivery.guid);
    }
    story.pass(MINUTE).await;
    let posts = channel.posts();
    assert_eq!(posts.len(), 1);
    let (headers, body) = &posts[0];
    let text = "<!here> &lt;!channel&gt;&amp;&lt;https:/\u{200b}/evil.example|x&gt; & failure";
    assert_eq!(*body, serde_json::json!({ "text": text }));
    assert!(!headers.contains_key("authorization") && !headers.contains_key("x-runwarden-signature-256"));
    assert_eq!(story.actions(run).await, ["tell notify done: told channel ci"]);
    assert_eq!(story.requests(), Vec::<String>::new(), "it costs GitHub nothing");
    story.end().await;
}

#[tokio::test]
async fn programs_get_the_facts_signed() {
    let (channel, folder) = Channel::start().await;
    let story = Story::begin(&rules(&folder, "format: json, secret: { env: SECRET }", "{{ branch }}")).await;
    let mut story = story;
    let run = story.github.run_to_end(failing().branch("a<b"));
    story.settle().await;
    let (headers, body) = channel.posts().remove(0);
    for (key, value) in [
        ("event", "workflow_run.completed"),
        ("rule", "tell"),
        ("repository", "acme/api"),
        ("branch", "a<b"),
        ("conclusion", "failure"),
        ("text", "a<b"),
    ] {
        assert_eq!(body[key], value, "{key}");
    }
    assert_eq!((&body["run_id"], &body["run_attempt"]), (&run.into(), &1.into()));
    assert_eq!(headers["idempotency-key"], format!("tell/{run}/1/notify"));
    let signature = headers["x-runwarden-signature-256"].to_str().unwrap().to_owned();
    let sent = channel.posts.lock().unwrap()[0].1.clone();
    let secrets = [runwarden::github::SecretText::new(crate::story::SECRET)];
    assert_eq!(runwarden::github::verify(&secrets, sent.as_bytes(), Some(&signature)), Ok(()));
    story.end().await;
}

#[tokio::test]
async fn a_channel_that_is_busy_is_told_later_the_same_under_the_same_id() {
    let (channel, folder) = Channel::start().await;
    channel.answers(&[("status", "503")]);
    channel.answers(&[("status", "429"), ("retry-after", "600")]);
    let mut story = Story::begin(&rules(&folder, "format: json", "{{ age }}")).await;
    let run = story.github.run_to_end(failing());
    story.pass(MINUTE).await;
    assert_eq!(channel.posts().len(), 2);
    assert!(story.actions(run).await[0].starts_with("tell notify planned: channel ci: answered 429"));
    story.pass(9 * MINUTE).await;
    assert_eq!(channel.posts().len(), 2, "it asked for ten minutes");
    story.pass(2 * MINUTE).await;
    let posts = channel.posts();
    assert_eq!(posts.len(), 3);
    for (headers, body) in &posts {
        assert_eq!((&headers["idempotency-key"], body), (&posts[0].0["idempotency-key"], &posts[0].1));
    }
    assert_eq!(story.actions(run).await, ["tell notify done: told channel ci"]);
    story.end().await;
}

#[tokio::test]
async fn a_refusal_or_a_redirect_ends_at_once_and_the_url_shows_nowhere() {
    for (answer, words) in [
        (vec![("status", "404")], "answered 404: its URL may have been revoked"),
        (vec![("status", "302"), ("location", PATH)], "answered 302: redirects are not followed"),
    ] {
        let (channel, folder) = Channel::start().await;
        channel.answers(&answer);
        let mut story = Story::begin(&rules(&folder, "format: slack", "x")).await;
        let run = story.github.run_to_end(failing());
        story.pass(MINUTE).await;
        assert_eq!(channel.posts().len(), 1);
        assert_eq!(story.actions(run).await, [format!("tell notify failed: channel ci: {words}")]);
        assert!(!format!("{:?}", story.history(run).await).contains("hush"));
        story.end().await;
    }
}

#[tokio::test]
async fn a_channel_that_is_not_there_is_tried_for_six_hours() {
    let (_, folder) = Channel::start().await;
    std::fs::write(folder.path().join("url"), "http://127.0.0.1:1/hush-hush").unwrap();
    let mut story = Story::begin(&rules(&folder, "format: slack", "x")).await;
    let run = story.github.run_to_end(failing());
    story.pass(60 * MINUTE).await;
    assert_eq!(story.actions(run).await, ["tell notify planned: channel ci: cannot be connected to"]);
    story.pass(6 * 60 * MINUTE).await;
    assert_eq!(story.actions(run).await, ["tell notify failed: channel ci: cannot be connected to"]);
    story.end().await;
}

#[tokio::test]
async fn several_rules_each_tell_their_own_and_one_that_observes_tells_nobody() {
    let (channel, folder) = Channel::start().await;
    let one = rules(&folder, "format: slack", "one");
    let rule = &one[one.find("  - name: tell").unwrap()..];
    let two = rule.replace("name: tell", "name: tell-too").replace("one", "two");
    let quiet = format!("{}    mode: observe\n", rule.replace("name: tell", "name: quiet"));
    let mut story = Story::begin(&format!("{one}{two}{quiet}")).await;
    let run = story.github.run_to_end(failing());
    story.settle().await;
    let mut texts: Vec<_> = channel.posts().into_iter().map(|(_, body)| body["text"].to_string()).collect();
    texts.sort();
    assert_eq!(texts, ["\"one\"", "\"two\""]);
    assert!(story.actions(run).await[2].starts_with("quiet notify observed"));
    story.end().await;
}

#[tokio::test]
async fn a_breaker_tells_its_channel_of_every_change_once() {
    let (channel, folder) = Channel::start().await;
    let rules = format!(
        "channels: [{{ name: ci, url: {{ file: \"{}\" }}, format: json }}]\n\
         breaker: {{ failing: 1, of_last: 2, hold: 10m, notify: ci }}\n\
         rules:\n  - name: retry\n    on: workflow_run.completed\n    \
         when: {{ branch: \"!main\", conclusion: failure, run_attempt: 1 }}\n    then: [rerun]\n",
        folder.path().join("url").display(),
    );
    let mut story = Story::begin(&rules).await;
    story.github.auto_finish(true);
    for branch in ["main", "dev"] {
        let spec = RunSpec::new("acme/api", "ci.yml").branch(branch).attempts(["failure", "success"]);
        story.github.run_to_end(spec);
        story.settle().await;
    }
    story.pass(10 * MINUTE).await;
    story.pass(MINUTE).await;
    let told: Vec<Value> = channel.posts().into_iter().map(|(_, body)| body).collect();
    let states: Vec<&str> = told.iter().map(|body| body["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["open", "probing", "closed"]);
    assert_eq!((&told[0]["event"], &told[0]["repository"]), (&"breaker".into(), &"acme/api".into()));
    let text = told[0]["text"].as_str().unwrap();
    assert!(
        text.starts_with("the breaker of workflow ci.yml of acme/api opens: 2 of the last 2 runs"),
        "{text}"
    );
    let last = told[0]["run_id"].as_u64().unwrap();
    let lines = story.actions(last).await;
    assert!(lines.contains(&"breaker notify done: told channel ci".to_owned()), "{lines:?}");
    story.end().await;
}
