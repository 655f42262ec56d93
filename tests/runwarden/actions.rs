//! Stories of the actions beside re-runs, reviews and deletions.

use std::time::Duration;

use runwarden::simulator::{Answer, Fault, RunSpec};

use crate::story::Story;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

const APPROVE: &str = r#"
rules:
  - name: approve-friends
    on: workflow_run.requested
    when: { repository: "acme/*", conclusion: action_required, actor: [octocat, "renovate[bot]"] }
    then:
      - approve_run
"#;

const CANCEL: &str = r#"
rules:
  - name: cancel-what-hangs
    on: { schedule: "*/30 * * * *" }
    when: { repository: "acme/*", status: in_progress, running_for: { above: 4h } }
    then:
      - cancel: { force_after: 10m }
"#;

fn ci() -> RunSpec {
    RunSpec::new("acme/api", "ci.yml")
}

fn from_fork(actor: &str) -> RunSpec {
    ci().event("pull_request").fork(format!("{actor}/api")).actor(actor).needs_fork_approval()
}

/// How often something was asked of GitHub, by the end of the request.
fn ending(story: &Story, end: &str) -> usize {
    story.writes().iter().filter(|line| line.ends_with(end)).count()
}

#[tokio::test]
async fn a_known_contributor_s_run_from_a_fork_is_approved_and_a_stranger_s_waits() {
    let mut story = Story::begin(APPROVE).await;
    story.github.auto_finish(true);
    let known = story.github.run(from_fork("octocat"));
    let stranger = story.github.run(from_fork("mallory"));
    story.settle().await;
    let conclusion = |run| story.github.run_state(run).unwrap().conclusion;
    assert_eq!(conclusion(known).as_deref(), Some("success"));
    assert_eq!(conclusion(stranger).as_deref(), Some("action_required"));
    assert_eq!(story.writes(), [format!("POST /repos/acme/api/actions/runs/{known}/approve")]);
    assert_eq!(story.actions(known).await, ["approve-friends approve_run done: approved the run"]);
    assert_eq!(story.actions(stranger).await, Vec::<String>::new());
    story.end().await;
}

#[tokio::test]
async fn a_run_that_a_person_approved_first_is_found_done_and_nothing_is_sent() {
    let mut story = Story::begin(APPROVE).await;
    story.github.automatic_delivery(false);
    let run = story.github.run(from_fork("octocat"));
    let requested = story.github.deliveries()[0].guid.clone();
    story.github.person_approves_fork(run).unwrap();
    assert!(story.github.redeliver(&requested));
    story.settle().await;
    assert_eq!(story.writes(), Vec::<String>::new());
    assert_eq!(
        story.actions(run).await,
        ["approve-friends approve_run done: the run does not wait for approval any more: it is in_progress"]
    );
    story.end().await;
}

#[tokio::test]
async fn an_approval_whose_answer_was_lost_is_looked_up_and_one_that_was_lost_itself_is_sent_again() {
    for took_effect in [true, false] {
        let mut story = Story::begin(APPROVE).await;
        let fault = Fault::on("POST", "/approve").answer(Answer::bad_gateway());
        story.github.fault(if took_effect { fault.after_effect() } else { fault });
        let run = story.github.run(from_fork("octocat"));
        story.pass(MINUTE).await;
        assert_eq!(ending(&story, "/approve"), if took_effect { 1 } else { 2 });
        assert_eq!(story.github.run_state(run).unwrap().status, "in_progress");
        assert!(story.actions(run).await[0].starts_with("approve-friends approve_run done: "));
        story.end().await;
    }
}

#[tokio::test]
async fn a_refused_approval_ends_as_failed_with_github_s_words() {
    let mut story = Story::begin(APPROVE).await;
    story.github.fault(Fault::on("POST", "/approve").answer(Answer::forbidden()));
    let run = story.github.run(from_fork("octocat"));
    story.pass(MINUTE).await;
    assert_eq!(
        story.actions(run).await,
        ["approve-friends approve_run failed: GitHub answered 403 (Resource not accessible by integration)"]
    );
    assert_eq!(ending(&story, "/approve"), 1);
    story.end().await;
}

/// A run that has been under way for five hours, seen by the schedule's next tick.
async fn hanging(mut story: Story, run: RunSpec) -> (Story, u64) {
    let run = story.github.run(run);
    story.pass(5 * 60 * MINUTE).await;
    story.pass(MINUTE).await;
    (story, run)
}

#[tokio::test]
async fn a_run_that_ignores_its_cancellation_is_cancelled_by_force_when_its_time_is_up() {
    let (mut story, run) = hanging(Story::begin(CANCEL).await, ci().ignores_cancel()).await;
    assert_eq!((ending(&story, "/cancel"), ending(&story, "/force-cancel")), (1, 0));
    story.pass(8 * MINUTE).await;
    assert_eq!(ending(&story, "/force-cancel"), 0, "its time is not up");
    story.pass(2 * MINUTE).await;
    assert_eq!(story.github.run_state(run).unwrap().conclusion.as_deref(), Some("cancelled"));
    assert_eq!(
        story.actions(run).await,
        [
            "cancel-what-hangs cancel done: asked GitHub to cancel the run",
            "cancel-what-hangs force_cancel done: asked GitHub to cancel the run by force",
        ]
    );
    story.end().await;
}

#[tokio::test]
async fn a_run_that_ended_after_its_cancellation_is_not_forced() {
    let (mut story, run) = hanging(Story::begin(CANCEL).await, ci()).await;
    assert!(story.github.finish(run));
    story.pass(10 * MINUTE).await;
    assert_eq!(ending(&story, "/force-cancel"), 0);
    assert_eq!(
        story.actions(run).await[1],
        "cancel-what-hangs force_cancel done: the run is already completed"
    );
    story.end().await;
}

#[tokio::test]
async fn of_two_rules_that_cancel_the_first_says_whether_by_force() {
    let gentle = "  - name: cancel-gently\n    on: { schedule: \"*/30 * * * *\" }\n    \
                  when: { repository: \"acme/*\", status: in_progress }\n    then: [cancel]\n";
    let on_request =
        |rules: &str| rules.replace("{ schedule: \"*/30 * * * *\" }", "workflow_run.in_progress");
    let force = CANCEL.replace("rules:\n", "").replace(", running_for: { above: 4h }", "");
    let mut story = Story::begin(&on_request(&format!("rules:\n{gentle}{force}"))).await;
    let run = story.github.run(ci().ignores_cancel());
    story.pass(11 * MINUTE).await;
    assert_eq!(ending(&story, "/force-cancel"), 0);
    assert_eq!(
        story.actions(run).await,
        [
            "cancel-gently cancel done: asked GitHub to cancel the run",
            "cancel-what-hangs cancel shadowed: rule cancel-gently comes first",
            "cancel-what-hangs force_cancel shadowed: rule cancel-gently comes first",
        ]
    );
    story.end().await;
}

#[tokio::test]
async fn what_cannot_be_forced_says_why() {
    let story = Story::begin(CANCEL).await;
    story.github.enterprise("3.11.4");
    let (mut story, run) = hanging(story, ci().ignores_cancel()).await;
    story.pass(11 * MINUTE).await;
    let actions = story.actions(run).await;
    assert!(actions[1].contains("failed: this GitHub cannot cancel by force"), "{actions:?}");
    story.end().await;
    // A ghost is never cancelled: it is given up, and not taken up again by the next tick.
    let rules = CANCEL.replace(
        "status: in_progress, running_for: { above: 4h }",
        "status: queued, queued_for: { above: 4h }",
    );
    let (mut story, ghost) = hanging(Story::begin(&rules).await, ci().ghost()).await;
    for _ in 0..100 {
        story.pass(5 * MINUTE).await;
    }
    let actions = story.actions(ghost).await;
    assert_eq!(actions.len(), 2, "{actions:?}");
    assert!(actions.iter().all(|action| action.contains(" failed: ")), "{actions:?}");
    story.pass(SECOND).await;
    story.end().await;
}

const ARCHIVE: &str = r#"
rules:
  - name: keep-logs-and-drop-runs
    on: { schedule: "* * * * *" }
    when: { repository: "acme/*", status: completed, age: { above: 30d } }
    then:
      - archive_logs: { to: logs }
      - delete_run
"#;

const KEEP_AT_ONCE: &str = r#"
rules:
  - name: keep-logs
    on: workflow_run.completed
    then:
      - archive_logs: { to: logs }
"#;

fn old() -> RunSpec {
    ci().created_at("2026-09-01T23:30:00Z".parse().unwrap())
}

/// A story with the folder that logs are to go to.
async fn with_folder(rules: &str) -> Story {
    let story = Story::begin(rules).await;
    std::fs::create_dir(story.folder.path().join("logs")).unwrap();
    story
}

/// Every file below the folder for logs, by its path from there.
fn kept(story: &Story) -> Vec<String> {
    fn walk(folder: &std::path::Path, found: &mut Vec<std::path::PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.is_dir() { walk(&entry, found) } else { found.push(entry) }
        }
    }
    let root = story.folder.path().join("logs");
    let mut found = Vec::new();
    walk(&root, &mut found);
    let mut names: Vec<String> =
        found.iter().map(|path| path.strip_prefix(&root).unwrap().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// How often something was asked of the store of logs.
fn downloads(story: &Story) -> usize {
    story.github.requests().iter().filter(|request| request.path.starts_with("/blobs/")).count()
}

#[tokio::test]
async fn the_logs_of_all_attempts_are_kept_before_the_run_is_deleted() {
    let mut story = with_folder(ARCHIVE).await;
    let run = story.github.past_run(old().attempts(["failure", "success"]).at_attempt(2));
    story.pass(MINUTE).await;
    story.pass(MINUTE).await;
    assert_eq!(story.github.runs(), Vec::<u64>::new());
    let day = "acme/api/2026-09-01";
    assert_eq!(kept(&story), [format!("{day}/{run}-1.zip"), format!("{day}/{run}-2.zip")]);
    let archive = std::fs::read(story.folder.path().join(format!("logs/{day}/{run}-1.zip"))).unwrap();
    assert!(archive.windows(16).any(|window| window == b"Process complete"), "not the log of a failure");
    let actions = story.actions(run).await;
    assert!(actions[0].contains("archive_logs done: archived the logs of 2 attempts in "), "{actions:?}");
    assert_eq!(actions[1], "keep-logs-and-drop-runs delete_run done: deleted the run");
    let requests = story.requests();
    let looked = requests.iter().filter(|line| line.ends_with(&format!("/runs/{run}"))).count();
    assert_eq!(looked, 1, "the listing is the look, for both; the one is the deletion: {requests:?}");
    story.end().await;
}

#[tokio::test]
async fn a_run_whose_logs_could_not_be_kept_is_not_deleted() {
    let mut story = with_folder(ARCHIVE).await;
    let run = story.github.past_run(old());
    story.github.fault(Fault::on("GET", "/blobs/").always().answer(Answer::status(503)));
    story.pass(MINUTE).await;
    story.pass(MINUTE).await;
    let actions = story.actions(run).await;
    assert!(
        actions[1].contains("delete_run planned: waits until the rule has archived the logs"),
        "{actions:?}"
    );
    for _ in 0..80 {
        story.pass(5 * MINUTE).await;
    }
    let actions = story.actions(run).await;
    assert!(actions[0].contains("archive_logs failed: the logs' storage answered 503"), "{actions:?}");
    assert_eq!(
        actions[1],
        "keep-logs-and-drop-runs delete_run refused: nothing is deleted: archive_logs of this run is failed"
    );
    assert_eq!((story.github.runs(), kept(&story)), (vec![run], Vec::new()));
    story.end().await;
}

#[tokio::test]
async fn what_has_no_logs_any_more_may_be_deleted() {
    let mut story = with_folder(ARCHIVE).await;
    let run = story.github.past_run(old());
    story.github.expire_logs(run);
    story.pass(MINUTE).await;
    story.pass(MINUTE).await;
    let actions = story.actions(run).await;
    assert_eq!(actions[0], "keep-logs-and-drop-runs archive_logs done: no logs to archive");
    assert_eq!(story.github.runs(), Vec::<u64>::new());
    story.end().await;
}

#[tokio::test]
async fn a_folder_that_is_missing_is_not_made_and_is_waited_for() {
    let mut story = Story::begin(ARCHIVE).await;
    let run = story.github.past_run(old());
    story.pass(MINUTE).await;
    story.pass(MINUTE).await;
    let actions = story.actions(run).await;
    assert!(actions[0].contains("archive_logs planned: cannot write into "), "{actions:?}");
    assert_eq!((story.github.runs(), downloads(&story)), (vec![run], 0));
    std::fs::create_dir(story.folder.path().join("logs")).unwrap();
    story.pass(10 * MINUTE).await;
    story.pass(10 * MINUTE).await;
    assert_eq!((story.github.runs(), kept(&story).len()), (Vec::new(), 1));
    story.end().await;
}

#[tokio::test]
async fn an_archive_that_is_cut_off_or_none_at_all_leaves_no_file() {
    let mut story = with_folder(KEEP_AT_ONCE).await;
    let page = Answer::status(200).body("<html>maintenance</html>");
    story.github.fault(Fault::on("GET", "/blobs/").answer(page));
    story.github.fault(Fault::on("GET", "/blobs/").drop_connection());
    let run = story.github.run_to_end(ci());
    story.settle().await;
    assert_eq!(kept(&story), Vec::<String>::new());
    let actions = story.actions(run).await;
    assert!(actions[0].contains("planned: cannot write the logs: what came"), "{actions:?}");
    story.pass(2 * SECOND).await;
    assert_eq!(kept(&story), Vec::<String>::new());
    story.pass(MINUTE).await;
    assert_eq!(kept(&story), [format!("acme/api/2026-11-22/{run}-1.zip")]);
    story.end().await;
}

#[tokio::test]
async fn logs_that_are_not_shown_yet_are_asked_for_again_and_kept_once() {
    let mut story = with_folder(KEEP_AT_ONCE).await;
    story.github.fault(Fault::on("GET", "/attempts/1/logs").answer(Answer::message(404, "Not Found")));
    let run = story.github.run_to_end(ci().attempts(["failure", "failure"]));
    story.settle().await;
    assert_eq!(story.actions(run).await, ["keep-logs archive_logs planned: GitHub shows no logs yet"]);
    story.pass(MINUTE).await;
    assert_eq!(kept(&story).len(), 1);
    // The next attempt's logs come beside them; the first ones are not fetched again.
    story.github.person_reruns(run, "octocat").unwrap();
    story.github.finish(run);
    story.settle().await;
    assert_eq!((kept(&story).len(), downloads(&story)), (2, 2));
    story.end().await;
}

#[tokio::test]
async fn an_archive_that_was_cut_off_by_a_stop_is_fetched_anew_and_one_that_was_whole_is_not() {
    for at in ["/attempts/1/logs", "/never"] {
        let mut story = with_folder(KEEP_AT_ONCE).await;
        let hangs = story.github.fault(Fault::on("GET", at).hang());
        let run = story.github.run_to_end(ci());
        story.github.settle().await;
        story.decider.step().await.unwrap();
        story.executors[0].step().await.unwrap();
        if at == "/never" {
            // The file has its name, and the end was not recorded.
            story.github.wait_for(|_| story.folder.path().join("logs/acme/api/2026-11-22").exists()).await;
            story.executors[0].executed().await;
        } else {
            story.github.wait_for(|github| github.fault_hits(hangs) > 0).await;
        }
        let before = downloads(&story);
        let mut story = story.restart(KEEP_AT_ONCE).await;
        story.pass(MINUTE).await;
        let words = if at == "/never" { "were archived in" } else { "done: archived the logs in" };
        let actions = story.actions(run).await;
        assert!(actions[0].contains(words) && actions[0].contains(" done: "), "{actions:?}");
        assert_eq!((kept(&story).len(), downloads(&story) - before), (1, usize::from(at != "/never")));
        story.end().await;
    }
}
