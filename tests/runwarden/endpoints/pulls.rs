//! Pull requests: what is asked for, and what is made of the answers.

use runwarden::{
    github::GitHubError,
    model::{PullRequest, RepositoryName},
    simulator::{Answer, Fault, PullSpec, Simulator},
};

use super::{World, not_found, refused};

fn name(text: &str) -> RepositoryName {
    RepositoryName::parse(text).unwrap()
}

fn numbers(pulls: &[PullRequest]) -> Vec<u64> {
    pulls.iter().map(|pull| pull.number).collect()
}

/// Two of a fork's branch, and some of other branches and repositories.
fn some_pulls(sim: &Simulator) {
    let of_fork = |number| PullSpec::new("acme/api", number, "fix/ü").fork("eve/api").author("eve");
    sim.open_pull_request(of_fork(1).title("First try"));
    sim.close_pull_request("acme/api", 1, "eve");
    sim.open_pull_request(of_fork(2).draft().label("ok-to-test").base("release/1"));
    sim.open_pull_request(PullSpec::new("acme/api", 3, "fix/ü"));
    sim.open_pull_request(PullSpec::new("acme/api", 4, "fix/ü").fork("eve/another"));
    sim.open_pull_request(PullSpec::new("acme/api", 5, "other").fork("eve/api"));
}

#[tokio::test]
async fn the_pull_requests_of_a_head_are_found_for_forks_too() {
    let world = World::app().await;
    some_pulls(&world.sim);
    let found = world.github.pulls_of_head(&world.access, &name("Eve/API"), "fix/ü").await.unwrap();
    let line = "GET /repos/acme/api/pulls?head=Eve%3Afix%2F%C3%BC&state=all&per_page=100";
    assert_eq!(world.last(), line);
    assert_eq!(numbers(&found), [2, 1], "the newest first");
    let [second, first] = found.try_into().unwrap();
    assert_eq!(
        (second.state.as_deref(), second.draft, second.merged),
        (Some("open"), Some(true), Some(false))
    );
    assert_eq!((second.author.as_deref(), second.base.as_deref()), (Some("eve"), Some("release/1")));
    assert_eq!(second.labels, ["ok-to-test"]);
    assert_eq!((second.head_owner.as_deref(), second.head_repository), (Some("eve"), Some(name("eve/api"))));
    assert_eq!(second.head_sha, world.sim.head_of_pull_request("acme/api", 2));
    assert!(second.html_url.unwrap().ends_with("/acme/api/pull/2") && second.updated_at.is_some());
    assert_eq!((first.state.as_deref(), first.title.as_deref()), (Some("closed"), Some("First try")));
    let none = world.github.pulls_of_head(&world.access, &name("acme/api"), "main").await.unwrap();
    assert!(none.is_empty());
    let own = world.github.pulls_of_head(&world.access, &name("acme/api"), "fix/ü").await.unwrap();
    assert_eq!(numbers(&own), [3]);
    world.check_requests();
}

#[tokio::test]
async fn a_deleted_fork_is_known_by_its_owner() {
    let world = World::app().await;
    some_pulls(&world.sim);
    world.sim.delete_fork("eve/api");
    let found = world.github.pulls_of_head(&world.access, &name("eve/api"), "fix/ü").await.unwrap();
    assert_eq!(numbers(&found), [2, 1]);
    assert!(found.iter().all(|pull| pull.head_repository.is_none()));
}

#[tokio::test]
async fn a_commit_and_a_number_lead_to_pull_requests() {
    let world = World::app().await;
    some_pulls(&world.sim);
    let commit = world.sim.head_of_pull_request("acme/api", 3).unwrap();
    let found = world.github.pulls_of_commit(&world.access, &commit).await.unwrap();
    assert_eq!(world.last(), format!("GET /repos/acme/api/commits/{commit}/pulls?per_page=100"));
    assert_eq!(numbers(&found), [3]);
    world.sim.merge_pull_request("acme/api", 3, "octocat");
    let found = world.github.pulls_of_commit(&world.access, &commit).await.unwrap();
    assert_eq!(found.iter().map(|pull| pull.merged).collect::<Vec<_>>(), [Some(true)]);
    let one = world.github.pull_request(&world.access, 3).await.unwrap();
    assert_eq!(world.last(), "GET /repos/acme/api/pulls/3");
    assert_eq!((one.number, one.merged, one.state.as_deref()), (3, Some(true), Some("closed")));
    assert_eq!(world.github.pull_request(&world.access, 99).await, Err(not_found()));
    let nonsense = world.github.pulls_of_commit(&world.access, "../x").await;
    assert!(matches!(nonsense, Err(GitHubError::NotSent { .. })));
    world.check_requests();
}

#[tokio::test]
async fn what_is_no_answer_is_an_error_and_never_none() {
    let world = World::app().await;
    some_pulls(&world.sim);
    let ask = || world.github.pulls_of_head(&world.access, &world.access.repository, "fix/ü");
    world.sim.lacks(["pull_requests"]);
    assert_eq!(ask().await, Err(refused(403, "Resource not accessible by integration")));
    world.sim.lacks([]);
    for body in ["{}", "not JSON", r#"[{"number":null,"labels":[]}]"#, r#"[{"number":3}]"#, "[7]"] {
        world.sim.fault(Fault::on("GET", "/pulls?").answer(Answer::status(200).body(body)));
        assert!(matches!(ask().await, Err(GitHubError::Unreadable { .. })), "{body}");
    }
    // A server that does not understand the filter answers with what was not asked for.
    let others =
        r#"[{"number":8,"labels":[],"head":{"ref":"fix/ü","user":{"login":"mallory"},"repo":null}}]"#;
    world.sim.fault(Fault::on("GET", "/pulls?").answer(Answer::status(200).body(others)));
    assert!(ask().await.unwrap().is_empty());
}

#[tokio::test]
async fn nulls_are_what_is_not_known() {
    let world = World::app().await;
    let body = r#"{"number":7,"state":"open","user":null,"title":null,"labels":[{"name":"a"}],"head":{"label":"eve:fix","ref":"fix","sha":"c0ffee","user":null,"repo":null},"base":null,"merged_at":null}"#;
    world.sim.fault(Fault::on("GET", "/pulls/7").answer(Answer::status(200).body(body)));
    let pull = world.github.pull_request(&world.access, 7).await.unwrap();
    assert_eq!((pull.author, pull.title, pull.base, pull.draft), (None, None, None, None));
    assert_eq!((pull.head_owner.as_deref(), pull.head_sha.as_deref()), (Some("eve"), Some("c0ffee")));
    assert_eq!((pull.labels, pull.merged), (vec!["a".to_owned()], Some(false)));
}
