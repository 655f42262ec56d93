//! Stories about teams: whose runs are approved, and what is asked of GitHub for that.

use std::time::Duration;

use runwarden::simulator::{Answer, Fault, GateSpec, PullSpec, RunSpec};

use crate::story::Story;

const MINUTE: Duration = Duration::from_secs(60);

fn rules(who: &str) -> String {
    format!(
        "rules:\n  - name: approve\n    on: workflow_run.requested\n    \
         when: {{ repository: \"acme/*\", conclusion: action_required, {who} }}\n    then: [approve_run]\n"
    )
}

fn from_fork(actor: &str) -> RunSpec {
    let run = RunSpec::new("acme/api", "ci.yml").event("pull_request").branch("fix").actor(actor);
    run.fork("eve/api").needs_fork_approval()
}

/// The requests about teams, as paths below the organization.
fn asked(story: &Story) -> Vec<String> {
    let lines = story.github.requests().into_iter().map(|request| request.line());
    lines.filter_map(|line| line.strip_prefix("GET /orgs/").map(ToOwned::to_owned)).collect()
}

/// Whether the run was approved, and the reason of the one verdict.
async fn judged(story: &Story, run: u64) -> (bool, String) {
    let approved = story.writes().contains(&format!("POST /repos/acme/api/actions/runs/{run}/approve"));
    let history = story.history(run).await;
    let verdict = history.iter().flat_map(|entry| &entry.decisions).next();
    (approved, verdict.map(|it| it.decision.verdicts[0].reason.clone()).unwrap_or_default())
}

#[tokio::test]
async fn active_members_are_let_through_and_nobody_else_is() {
    let team = "acme/teams/release";
    for (who, login, approved, requests) in [
        ("actor: \"@acme/release\"", "octocat", true, vec!["memberships/octocat"]),
        ("actor: \"@Acme/Release\"", "OctoCat", true, vec!["memberships/OctoCat"]),
        ("triggering_actor: [\"@acme/release\"]", "octocat", true, vec!["memberships/octocat"]),
        // Invited, and has not accepted.
        ("actor: \"@acme/release\"", "invited", false, vec!["memberships/invited"]),
        // GitHub answers 404 for a stranger as for a team that it does not show.
        ("actor: \"@acme/release\"", "mallory", false, vec!["memberships/mallory", ""]),
        ("actor: [\"@acme/release\", \"!octocat\"]", "octocat", false, vec![]),
        ("actor: [mallory, \"@acme/release\"]", "mallory", true, vec![]),
        ("actor: [\"*cat\", \"!@acme/release\", octocat]", "octocat", true, vec![]),
        ("actor: [\"@acme/release\", \"renovate[bot]\"]", "renovate[bot]", true, vec![]),
        ("actor: [\"@acme/release\"]", "other[bot]", false, vec![]),
        ("actor: [\"@acme/release\"], branch: main", "octocat", false, vec![]),
    ] {
        let mut story = Story::begin(&rules(who)).await;
        story.github.team("acme/release", ["octocat"]);
        story.github.invite_into_team("acme/release", "invited");
        let run = story.github.run(from_fork(login));
        story.settle().await;
        let expected: Vec<String> =
            requests.iter().map(|end| format!("{team}/{end}").trim_end_matches('/').to_owned()).collect();
        assert_eq!((judged(&story, run).await.0, asked(&story)), (approved, expected), "{who} of {login}");
        story.end().await;
    }
}

#[tokio::test]
async fn what_github_does_not_show_is_not_known_whether_it_is_asked_for_or_excluded() {
    type Spoil = fn(&Story);
    let hidden: Spoil = |_| {};
    let forbidden: Spoil = |story| {
        story.github.team("acme/release", ["octocat"]);
        story.github.lacks(["members"]);
    };
    let odd: Spoil = |story| {
        let answer = Answer::status(200).body(r#"{"state":"suspended","role":"member"}"#);
        story.github.fault(Fault::on("GET", "/memberships/").always().answer(answer));
    };
    let of_another: Spoil = |story| story.github.team("other/release", ["octocat"]);
    for (spoil, org, why) in [
        (hidden, "acme", "@acme/release is not there, or not to be seen without members: read"),
        (forbidden, "acme", "GitHub answered 403 (Resource not accessible by integration)"),
        (odd, "acme", "the membership's state is Some(\"suspended\")"),
        (of_another, "other", "the App reaches the repository by its installation on acme"),
    ] {
        for who in [format!("\"@{org}/release\""), format!("[octocat, \"!@{org}/release\"]")] {
            let mut story = Story::begin(&rules(&format!("actor: {who}"))).await;
            spoil(&story);
            let run = story.github.run(from_fork("octocat"));
            story.settle().await;
            let (approved, reason) = judged(&story, run).await;
            assert!(!approved && reason.contains(why), "{who}: {reason}");
            story.end().await;
        }
    }
}

#[tokio::test]
async fn while_github_is_down_nothing_is_decided_and_then_it_is() {
    let mut story = Story::begin(&rules("actor: \"@acme/release\"")).await;
    story.github.team("acme/release", ["octocat"]);
    story.github.fault(Fault::on("GET", "/memberships/").times(2).answer(Answer::server_error()));
    let run = story.github.run(from_fork("octocat"));
    story.settle().await;
    assert_eq!(judged(&story, run).await, (false, String::new()));
    for _ in 0..10 {
        story.pass(MINUTE).await;
    }
    assert!(judged(&story, run).await.0);
    story.end().await;
}

#[tokio::test]
async fn a_membership_is_asked_for_again_after_five_minutes() {
    let mut story = Story::begin(&rules("actor: \"@acme/release\"")).await;
    story.github.team("acme/release", ["octocat"]);
    let first = story.github.run(from_fork("octocat"));
    story.settle().await;
    story.github.team("acme/release", []);
    story.pass(4 * MINUTE).await;
    let second = story.github.run(from_fork("octocat"));
    story.settle().await;
    assert_eq!(asked(&story).len(), 1);
    story.pass(MINUTE).await;
    let third = story.github.run(from_fork("octocat"));
    story.settle().await;
    let found = [first, second, third].map(|run| judged(&story, run));
    let mut approved = Vec::new();
    for judged in found {
        approved.push(judged.await.0);
    }
    assert_eq!(approved, [true, true, false]);
    assert_eq!(asked(&story).len(), 3, "the membership anew, and whether the team is to be seen");
    let (_, reason) = judged(&story, third).await;
    assert!(reason.ends_with("observed octocat (not in @acme/release)"), "{reason}");
    story.end().await;
}

#[tokio::test]
async fn the_author_of_a_forks_pull_request_is_held_against_a_team_whoever_started_the_run() {
    let who = "actor: \"**\", pull_request: { author: \"@acme/release\", draft: false }";
    for (author, draft, approved, requests) in
        [("eve", false, true, 1), ("mallory", false, false, 2), ("eve", true, false, 0)]
    {
        let mut story = Story::begin(&rules(who)).await;
        story.github.team("acme/release", ["Eve"]);
        story.github.open_pull_request(PullSpec::new("acme/api", 7, "fix").fork("eve/api").author(author));
        story.github.draft_pull_request("acme/api", 7, draft);
        let sha = story.github.head_of_pull_request("acme/api", 7).unwrap();
        let run = story.github.run(from_fork("mallory").sha(sha));
        story.settle().await;
        assert_eq!((judged(&story, run).await.0, asked(&story).len()), (approved, requests), "{author}");
        story.end().await;
    }
}

#[tokio::test]
async fn a_deployment_is_approved_for_who_started_the_attempt_and_the_history_says_by_what_team() {
    let rules = r#"
rules:
  - name: approve-staging
    on: deployment.waiting
    when: { repository: "acme/*", environment: staging, triggering_actor: ["@acme/release", "!mallory"] }
    then: [approve_deployment]
"#;
    for (login, approved) in [("octocat", true), ("mallory", false), ("stranger", false)] {
        let mut story = Story::begin(rules).await;
        story.github.team("acme/release", ["octocat", "mallory"]);
        let gate = GateSpec::reviewers("staging");
        let run = story.github.run(RunSpec::new("acme/api", "ci.yml").actor(login).gate(gate));
        story.settle().await;
        assert_eq!(story.writes().len(), usize::from(approved), "{login}: {:?}", story.writes());
        let history = story.history(run).await;
        let decided = history.iter().flat_map(|entry| &entry.decisions).next().unwrap();
        let said = serde_json::to_string(&decided.decision.verdicts).unwrap();
        let of_team = if approved { "octocat (in @acme/release)" } else { "observed" };
        assert!(said.contains(of_team), "{login}: {said}");
        story.end().await;
    }
}

#[tokio::test]
async fn an_act_that_has_waited_asks_again_who_is_in_the_team() {
    type Meanwhile = fn(&Story);
    let stays: Meanwhile = |_| {};
    let leaves: Meanwhile = |story| story.github.team("acme/release", []);
    let hidden: Meanwhile = |story| story.github.lacks(["members"]);
    let down: Meanwhile = |story| {
        story.github.fault(Fault::on("GET", "/memberships/").times(1).answer(Answer::server_error()));
    };
    let gone = "observed octocat (not in @acme/release)";
    let secret = "in @acme/release: not known: GitHub answered 403 (Resource not accessible by integration)";
    for (delay, meanwhile, refused, asked_for) in [
        ("10m", stays, None, 2),
        ("10m", leaves, Some(gone), 3),
        ("10m", hidden, Some(secret), 2),
        ("10m", down, None, 3),
        ("4m", leaves, None, 1),
    ] {
        let rules = format!(
            "rules:\n  - name: retry\n    on: workflow_run.completed\n    when: {{ conclusion: failure, \
             run_attempt: 1, actor: \"@acme/release\" }}\n    then: [rerun: {{ delay: {delay} }}]\n"
        );
        let mut story = Story::begin(&rules).await;
        story.github.auto_finish(true);
        story.github.team("acme/release", ["octocat"]);
        let run =
            story.github.run_to_end(RunSpec::new("acme/api", "ci.yml").attempts(["failure", "success"]));
        story.settle().await;
        meanwhile(&story);
        story.pass(4 * MINUTE).await;
        story.pass(6 * MINUTE).await;
        story.pass(MINUTE).await;
        let actions = story.actions(run).await.join("; ");
        match refused {
            None => assert!(actions.starts_with("retry rerun done: "), "{actions}"),
            Some(why) => {
                let start = "retry rerun refused: it waited, and does not hold any more: actor: ";
                assert!(actions.starts_with(start) && actions.contains(why), "{actions}");
            }
        }
        assert_eq!((story.writes().len(), asked(&story).len()), (usize::from(refused.is_none()), asked_for));
        story.end().await;
    }
}
