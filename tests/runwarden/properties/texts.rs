//! What others write (titles, branches, logins, the names of workflows) is text wherever a rule tells it, and nothing
//! more: no mention, no link, no markup, no HTML, and no word of it is lost.

use std::{cell::Cell, path::Path};

use runwarden::{
    config,
    model::{
        Action, Conclusion, Facts, Gate, RepositoryName, RunAttempt, RunId, RunSnapshot, Signal, Status,
    },
    rules::{Ruleset, decide},
};
use serde_json::Value;

use super::{random::Random, world::NOW};
use crate::story::{configuration, environment};

/// As the rule lists them, one a line: no value has a line break.
const VARIABLES: [&str; 6] = ["title", "branch", "actor", "triggering_actor", "workflow", "event"];

/// What means something somewhere, by itself and in company.
const PIECES: [&str; 52] = [
    "@",
    "#",
    ":",
    "`",
    "\\",
    "*",
    "_",
    "{",
    "}",
    "[",
    "]",
    "(",
    ")",
    "!",
    "|",
    "~",
    "$",
    "&",
    "<",
    ">",
    "\"",
    "'",
    "/",
    "-",
    "+",
    "=",
    "1",
    "a",
    "Z",
    "é",
    "✓",
    " ",
    "\n",
    "\r",
    "\t",
    "\u{1b}",
    "\u{202e}",
    "\u{2066}",
    ".",
    "www.",
    "WWW.evil.example",
    "https://evil.example",
    "GH-1",
    "gh-22",
    "@octocat",
    "acme/api#7",
    "<!channel>",
    "<@U1>",
    "&amp;",
    "{{ rule }}",
    "![x](http://y)",
    "<img src=x>",
];

fn rules() -> Ruleset {
    let lines = VARIABLES.map(|name| format!("{{{{ {name} }}}}")).join("\\n");
    let yaml = configuration(
        "https://api.github.com",
        &format!(
            "channels:\n  - {{ name: slack, url: {{ env: CHANNEL }} }}\n  \
             - {{ name: json, url: {{ env: CHANNEL }}, format: json }}\nrules:\n  - name: tell\n    \
             on: workflow_run.completed\n    then:\n      - notify: {{ to: slack, text: \"{lines}\" }}\n      \
             - comment: {{ body: \"{lines}\" }}\n      \
             - check: {{ name: x, conclusion: neutral, summary: \"{lines}\" }}\n  - name: tell-machines\n    \
             on: workflow_run.completed\n    then:\n      - notify: {{ to: json, text: \"{lines}\" }}\n  - name: let-through\n    \
             on: deployment.waiting\n    when: {{ environment: staging }}\n    then:\n      \
             - approve_deployment: {{ comment: \"{lines}\" }}\n",
        ),
    );
    let known = |name: &str| match name {
        "CHANNEL" => Some("https://hooks.example.com/x".to_owned()),
        other => environment(other),
    };
    let loaded = config::compile(&yaml, "texts.yaml", Path::new("."), &known);
    loaded.unwrap_or_else(|problems| panic!("{problems}")).config.ruleset
}

fn written(random: &mut Random) -> String {
    let pieces = 1 + random.below(30);
    (0..pieces).map(|_| random.of(&PIECES)).collect()
}

/// A run of which others chose everything.
fn run(values: &[String; 6]) -> Facts {
    let [title, branch, actor, triggering_actor, workflow, event] = values.clone().map(Some);
    let run = RunSnapshot {
        attempt: Some(RunAttempt(1)),
        status: Some(Status::Completed),
        conclusion: Some(Conclusion::Failure),
        title,
        branch,
        actor,
        triggering_actor,
        workflow,
        event,
        ..RunSnapshot::unknown(RepositoryName::parse("acme/api").unwrap(), RunId(42))
    };
    let gate = Some(Gate { environment: Some("staging".to_owned()), protection_rule: true });
    Facts { gate, ..Facts::of(Signal::RunCompleted, run) }
}

fn is_unseen(character: char) -> bool {
    character == '\u{200b}'
}

/// The value as it should be read: on one line, in the order in which it is written, not too long.
fn read(value: &str) -> String {
    let steers = |c: &char| c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    value.chars().filter(|c| !steers(c)).take(200).collect()
}

/// What GitHub shows for Markdown that is text and nothing else; fails on all that might be more.
fn shown_by_github(markdown: &str) -> String {
    const MARKS: &str = "\\*_{}[]()!|~$#";
    let mut shown = String::new();
    let mut rest = markdown.chars().peekable();
    while let Some(character) = rest.next() {
        match character {
            '\\' => {
                let mark = rest.next().expect("a backslash at the end");
                assert!(MARKS.contains(mark), "\\{mark} is not a mark: {markdown}");
                shown.push(mark);
                assert!(mark != '#' || rest.peek() == Some(&'\u{200b}'), "a reference: {markdown}");
            }
            '&' => {
                let entity: String = rest.by_ref().take_while(|c| *c != ';').collect();
                shown.push(match entity.as_str() {
                    "amp" => '&',
                    "lt" => '<',
                    "gt" => '>',
                    other => panic!("&{other}; in {markdown}"),
                });
            }
            '`' | '<' | '>' => panic!("{character} in {markdown}"),
            '@' | ':' => {
                assert_eq!(rest.peek(), Some(&'\u{200b}'), "a mention or an address: {markdown}");
                shown.push(character);
            }
            mark if MARKS.contains(mark) => panic!("{mark} without a backslash: {markdown}"),
            unseen if is_unseen(unseen) => {}
            plain => shown.push(plain),
        }
    }
    shown
}

fn links_nothing(text: &str) {
    let text = text.to_lowercase();
    assert!(!text.contains("www.") && !text.contains("://"), "an address: {text}");
    for (at, _) in text.match_indices("gh-") {
        let before = text[..at].chars().next_back();
        let after = text[at + 3..].chars().next();
        let is_word = before.is_some_and(char::is_alphanumeric);
        assert!(is_word || !after.is_some_and(|c| c.is_ascii_digit()), "a reference: {text}");
    }
}

/// What Slack shows.
fn shown_by_slack(text: &str) -> String {
    assert!(!text.contains(['<', '>']), "a call or a link: {text}");
    let without_entities = text.replace("&lt;", "").replace("&gt;", "").replace("&amp;", "");
    assert!(!without_entities.contains('&'), "{text}");
    links_nothing(text);
    text.replace(is_unseen, "").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

#[test]
fn what_others_write_is_text_and_nothing_more_wherever_it_is_told() {
    let ruleset = rules();
    let told = Cell::new(0);
    for seed in 0..2_000 {
        let mut random = Random::new(seed);
        let values: [String; 6] = std::array::from_fn(|_| written(&mut random));
        let facts = run(&values);
        let expected: Vec<String> = values.iter().map(|value| read(value)).collect();
        let lines = |text: &str, shown: &dyn Fn(&str) -> String| -> Vec<String> {
            text.split('\n').map(shown).collect()
        };
        let waiting = Facts { signal: Signal::DeploymentWaiting, ..facts.clone() };
        let planned = [&facts, &waiting].map(|facts| decide(&ruleset, facts, NOW).actions);
        for planned in planned.into_iter().flatten() {
            told.set(told.get() + 1);
            match planned.action {
                Action::Notify(notify) if notify.to == "slack" => {
                    let body: Value = serde_json::from_str(&notify.body).unwrap();
                    assert_eq!(body.as_object().unwrap().len(), 1, "seed {seed}: {body}");
                    assert_eq!(
                        lines(body["text"].as_str().unwrap(), &shown_by_slack),
                        expected,
                        "seed {seed}"
                    );
                }
                Action::Notify(notify) => {
                    let body: Value = serde_json::from_str(&notify.body).unwrap();
                    assert_eq!(body["text"].as_str().unwrap(), expected.join("\n"), "seed {seed}");
                    assert_eq!(body["branch"], values[1], "a fact is as it is");
                }
                Action::Comment(comment) => told_on_github(&comment.body, &expected),
                Action::Check(check) => told_on_github(&check.summary, &expected),
                Action::ReviewDeployments(review) => told_on_github(&review.comment, &expected),
                other => panic!("{other:?}"),
            }
        }
    }
    assert_eq!(told.get(), 5 * 2_000);
}

fn told_on_github(text: &str, expected: &[String]) {
    links_nothing(text);
    let shown: Vec<String> = text.split('\n').map(shown_by_github).collect();
    // No mark of its own for code: a quotation mark instead.
    let expected: Vec<String> = expected.iter().map(|value| value.replace('`', "'")).collect();
    assert_eq!(shown, expected, "{text}");
}
