//! The documents say what the code does: what one knows and the other does not is found here, in both directions.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use runwarden::{
    config::{self, Shape, vocabulary},
    metrics::{
        ExecutionLabels, Metrics, ReasonLabels, StateLabels, VerdictLabels, WebhookLabels, WorkerLabels,
    },
    model::{
        ActionKind, ActionState, Conclusion, DeliveryState, Outcome, Signal, Source, Status, Timestamp,
        Verdict,
    },
    rules::{JobWord, JobsWord, KeepPer, Kind, Mode, VARIABLES, Word},
    simulator::{Answer, Fault, PullSpec, RunSpec},
};

use crate::{
    cli::Shell,
    story::{Story, configuration},
};

type Words = BTreeSet<String>;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn text(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn readme() -> String {
    text("README.md")
}

/// Every document that people read, by its path.
fn documents() -> Vec<String> {
    let mut found: Vec<String> =
        ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "config.example.yaml", ".ci/run", "Cargo.toml"]
            .map(ToOwned::to_owned)
            .to_vec();
    for folder in ["deploy", ".github/workflows"] {
        let entries = fs::read_dir(root().join(folder)).unwrap();
        found.extend(
            entries.map(|entry| format!("{folder}/{}", entry.unwrap().file_name().to_string_lossy())),
        );
    }
    found
}

fn markdown() -> Vec<String> {
    documents()
        .into_iter()
        .filter(|path| Path::new(path).extension().is_some_and(|extension| extension == "md"))
        .collect()
}

/// The lines below a heading, up to the next one of its rank or above. Headings within code are none.
fn section(document: &str, heading: &str) -> String {
    let rank = |line: &str| line.len() - line.trim_start_matches('#').len();
    let mut lines = Vec::new();
    let (mut inside, mut in_code) = (false, false);
    for line in document.lines() {
        in_code ^= line.trim_start().starts_with("```");
        if !in_code && line.starts_with('#') {
            inside = line == heading || (inside && rank(line) > rank(heading));
        }
        if inside {
            lines.push(line);
        }
    }
    assert!(!lines.is_empty(), "there is no heading {heading:?}");
    lines.join("\n")
}

/// The cells of every row of the tables in a text, headings left out.
fn rows(text: &str) -> Vec<Vec<String>> {
    let is_row = |line: &&str| line.starts_with('|');
    let cells =
        |line: &str| line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect::<Vec<_>>();
    let lines: Vec<&str> = text.lines().collect();
    let heads: Vec<usize> = (1..lines.len()).filter(|at| lines[*at].starts_with("|---")).collect();
    lines
        .iter()
        .enumerate()
        .filter(|(at, line)| is_row(line) && !heads.contains(at) && !heads.contains(&(at + 1)))
        .map(|(_, line)| cells(line))
        .collect()
}

/// What stands between single backticks.
fn code_spans(text: &str) -> Vec<String> {
    text.split('`').skip(1).step_by(2).map(ToOwned::to_owned).collect()
}

/// The first code span of every row.
fn first_words(section: &str) -> Words {
    rows(section).iter().filter_map(|row| code_spans(row.first()?).into_iter().next()).collect()
}

fn words<T: ToString>(all: impl IntoIterator<Item = T>) -> Words {
    all.into_iter().map(|word| word.to_string()).collect()
}

/// Code blocks: language and text, with the indentation of the list that holds them taken off.
fn blocks(document: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut open: Option<(usize, String, Vec<&str>)> = None;
    for line in document.lines() {
        let indent = line.len() - line.trim_start().len();
        match (line.trim_start().strip_prefix("```"), open.take()) {
            (Some(language), None) => open = Some((indent, language.to_owned(), Vec::new())),
            (Some(_), Some((_, language, lines))) => found.push((language, lines.join("\n") + "\n")),
            (None, Some((indent, language, mut lines))) => {
                lines.push(line.get(indent..).unwrap_or(""));
                open = Some((indent, language, lines));
            }
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a code block does not end");
    found
}

fn blocks_in(document: &str, language: &str) -> Vec<String> {
    blocks(document).into_iter().filter(|(of, _)| of == language).map(|(_, text)| text).collect()
}

/// The words of a text that begin with two hyphens.
fn options(text: &str) -> Words {
    let ends = |c: char| !(c.is_ascii_alphanumeric() || c == '-');
    let mut found = Words::new();
    for (at, _) in text.match_indices("--") {
        let begins = text[..at].chars().next_back().is_none_or(|c| !c.is_ascii_alphanumeric() && c != '-');
        let word = text[at + 2..].split(ends).next().unwrap();
        if begins && word.starts_with(|c: char| c.is_ascii_lowercase()) {
            found.insert(format!("--{word}"));
        }
    }
    found
}

fn run(arguments: &[&str]) -> (i32, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_runwarden"))
        .args(arguments)
        .env_remove("RUNWARDEN_CONFIG")
        .current_dir(root().join("tests/fixtures"))
        .output()
        .unwrap();
    (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap())
}

/// Every command that does something, with its help.
fn commands() -> BTreeMap<String, String> {
    fn collect(path: &[&str], found: &mut BTreeMap<String, String>) {
        let help = run(&[path, &["--help"]].concat()).1;
        let below: Vec<String> = help
            .lines()
            .skip_while(|line| *line != "Commands:")
            .skip(1)
            .take_while(|line| line.starts_with("  "))
            .filter_map(|line| line.split_whitespace().next().map(ToOwned::to_owned))
            .filter(|name| name != "help")
            .collect();
        for name in &below {
            collect(&[path, &[name.as_str()]].concat(), found);
        }
        if below.is_empty() {
            found.insert(format!("runwarden {}", path.join(" ")), help);
        }
    }
    let mut found = BTreeMap::new();
    collect(&[], &mut found);
    assert!(found.len() > 10, "{found:?}");
    found
}

/// The options of a command's help, but those that every command has.
fn options_of(help: &str) -> Words {
    let lines = help.lines().filter(|line| line.trim_start().starts_with('-'));
    let names =
        lines.flat_map(|line| options(line.split("  ").find(|part| part.contains("--")).unwrap_or("")));
    names.filter(|name| name != "--help" && name != "--version").collect()
}

fn environment(name: &str) -> Option<String> {
    let is_url = name.ends_with("_URL");
    Some(if is_url { "https://hooks.example.com/x" } else { "a-secret-of-the-test" }.to_owned())
}

/// Compiles a configuration that must have no problem at all, not even a warning.
fn assert_clean(yaml: &str, what: &str) {
    let folder = root().join("tests/fixtures/config");
    let loaded = config::compile(yaml, what, &folder, &environment)
        .unwrap_or_else(|problems| panic!("{problems}\n{yaml}"));
    assert!(loaded.warnings.is_empty(), "{}\n{yaml}", loaded.warnings);
}

#[test]
fn every_key_stands_in_the_reference_with_its_value_and_default_and_no_other_does() {
    let readme = readme();
    let section = section(&readme, "## Configuration reference");
    let rows = rows(&section);
    let documented: Vec<&str> = rows.iter().map(|row| row[0].trim_matches('`')).collect();
    let entries = vocabulary();
    for path in &documented {
        assert!(
            entries.iter().any(|entry| entry.path == *path),
            "README's reference has `{path}`, which does not exist"
        );
    }
    for entry in &entries {
        let path = &entry.path;
        let found: Vec<_> = rows.iter().filter(|row| row[0].trim_matches('`') == path).collect();
        assert_eq!(found.len(), 1, "`{path}` stands {} times in README's reference", found.len());
        let [_, value, default, meaning] = found[0].as_slice() else { panic!("`{path}`: not four cells") };
        let expected = entry.default.map_or_else(|| "–".to_owned(), |default| format!("`{default}`"));
        assert_eq!(*default, expected, "the default of `{path}`");
        assert!(!meaning.is_empty(), "`{path}` has no meaning");
        let plain = match &entry.shape {
            Shape::Map => "map",
            Shape::List => "list",
            Shape::Text => "text",
            Shape::Texts => "text or list",
            Shape::Flag => "`true` or `false`",
            Shape::Count => "whole number",
            Shape::Factor => "number from 1",
            Shape::Duration => "duration",
            Shape::Rate => "so many in some time",
            Shape::Share => "share",
            Shape::Secret => "secret",
            Shape::CountRange => "number or bounds",
            Shape::DurationRange => "bounds with durations",
            Shape::ShareRange => "share or bounds",
            Shape::Patterns => "patterns",
            Shape::LinePatterns => "patterns for lines",
            Shape::LinePatternsOrMap => "patterns for lines or map",
            Shape::Word(of) | Shape::Words(of) => {
                assert_eq!(words(code_spans(value)), words(of), "the words of `{path}`");
                value
            }
        };
        assert_eq!(value, plain, "the value of `{path}`");
    }
}

#[test]
fn the_example_shows_every_key_and_loads_clean() {
    let example = text("config.example.yaml");
    assert_clean(&example, "config.example.yaml");
    for entry in vocabulary() {
        let name = entry.path.rsplit('.').next().unwrap();
        let shown = example.contains(&format!("{name}:")) || example.contains(&format!("- {name}"));
        let bound = entry.path.starts_with("bounds.") && example.contains(name);
        assert!(shown || bound, "config.example.yaml does not show {}", entry.path);
    }
}

#[test]
fn every_word_of_the_rule_language_is_documented_and_no_other_is() {
    let readme = readme();
    let of = |heading: &str| first_words(&section(&readme, heading));
    let mut triggers = words(Signal::WEBHOOK);
    triggers.insert("command".to_owned());
    triggers.insert("{ schedule: \"30 2 * * *\", zone: UTC }".to_owned());
    assert_eq!(of("### Triggers"), triggers);
    let mut conditions = words(Word::ALL);
    conditions.extend(words(JobsWord::ALL.map(JobsWord::as_str)));
    conditions.extend(
        ["job", "pull_request", "review", "comment", "running", "acted", "time", "any", "all", "not"]
            .map(ToOwned::to_owned),
    );
    assert_eq!(of("### Conditions"), conditions);
    let mut of_jobs = words(JobWord::ALL.map(JobWord::as_str));
    of_jobs.extend(["step", "log", "signature", "cause"].map(ToOwned::to_owned));
    assert_eq!(of("### Jobs"), of_jobs);
    assert_eq!(of("### Actions"), words(ActionKind::ALL));
    assert_eq!(of("### Modes"), words(Mode::WORDS.map(|(word, _)| word)));
    assert_eq!(of("### Templates"), words(VARIABLES));
    let keep = section(&readme, "### Keep and limits");
    let spans = code_spans(&keep);
    for (word, _) in KeepPer::WORDS {
        assert!(spans.iter().any(|span| span == word), "keep's `{word}` is not documented");
    }
}

#[test]
fn the_values_of_status_and_conclusion_are_those_that_the_code_knows() {
    let readme = readme();
    let rows = rows(&section(&readme, "### Conditions"));
    for (word, known) in [("`status`", Status::KNOWN), ("`conclusion`", Conclusion::KNOWN)] {
        let row = rows.iter().find(|row| row[0] == word).unwrap();
        assert_eq!(words(code_spans(&row[2])), words(known), "{word}");
    }
}

#[test]
fn every_built_in_signature_is_documented_with_its_cause_and_a_line_and_no_other_is() {
    let readme = readme();
    let documented: Vec<Vec<String>> = rows_of(&readme, "### Signatures")
        .iter()
        .map(|row| row.iter().map(|cell| cell.replace('`', "")).collect())
        .collect();
    let known: Vec<Vec<String>> = config::built_in_signatures()
        .iter()
        .map(|it| {
            let line = it
                .matches
                .first()
                .map_or("GitHub has no log of it, no step and no annotation", String::as_str);
            vec![
                it.name.clone(),
                it.cause.as_str().to_owned(),
                line.replace('`', "").replace(['\t', '|'], " "),
            ]
        })
        .collect();
    assert_eq!(documented, known, "{}", table(&known));
}

fn table(rows: &[Vec<String>]) -> String {
    let line = |row: &Vec<String>| match row.as_slice() {
        [name, cause, line] => format!("| `{name}` | `{cause}` | `{line}` |\n"),
        _ => String::new(),
    };
    rows.iter().map(line).collect()
}

#[test]
fn what_kind_of_value_a_word_takes_is_documented() {
    let readme = readme();
    let rows = rows(&section(&readme, "### Conditions"));
    for word in Word::ALL {
        let row = rows.iter().find(|row| row[0] == format!("`{word}`")).unwrap();
        assert_eq!(row[1], value_of(word.kind()), "{word}");
    }
    let rows = rows_of(&readme, "### Jobs");
    for word in JobWord::ALL {
        let row = rows.iter().find(|row| row[0] == format!("`{}`", word.as_str())).unwrap();
        assert_eq!(row[1], value_of(word.kind()), "{}", word.as_str());
    }
}

fn value_of(kind: Kind) -> &'static str {
    match kind {
        Kind::Text { ignore_case: true } => "patterns, whatever case",
        Kind::Text { ignore_case: false } => "patterns",
        Kind::Lines => "patterns for lines",
        Kind::Number => "number or bounds",
        Kind::Duration => "bounds with durations",
        Kind::Flag => "`true` or `false`",
    }
}

fn rows_of(readme: &str, heading: &str) -> Vec<Vec<String>> {
    rows(&section(readme, heading))
}

#[test]
fn every_command_and_option_stands_in_the_synopsis_and_no_other_does() {
    let readme = readme();
    let section = section(&readme, "## Commands");
    let synopsis = blocks_in(&section, "text").into_iter().next().unwrap();
    let mut documented: BTreeMap<String, Words> = BTreeMap::new();
    let mut current = String::new();
    for line in synopsis.lines().filter(|line| !line.is_empty()) {
        if line.starts_with("runwarden ") {
            let is_name = |word: &&str| word.starts_with(|c: char| c.is_ascii_lowercase());
            current = line.split_whitespace().take_while(is_name).collect::<Vec<_>>().join(" ");
            documented.insert(current.clone(), Words::new());
        }
        documented.get_mut(&current).unwrap().extend(options(line));
    }
    let actual: BTreeMap<String, Words> =
        commands().into_iter().map(|(name, help)| (name, options_of(&help))).collect();
    assert_eq!(documented, actual);
    let known: Words =
        actual.into_values().flatten().chain(["--help".to_owned(), "--version".to_owned()]).collect();
    let named = options(&section);
    assert!(
        named.is_subset(&known),
        "README names options that do not exist: {:?}",
        named.difference(&known)
    );
}

/// The calls of the program in a document, each from its name on: in shell blocks, and code spans that are one.
fn calls(document: &str) -> Vec<String> {
    let prose: String = document.split("```").step_by(2).collect();
    let by_cargo = |text: &str| {
        text.replace("cargo run --release -- ", "runwarden ").replace("cargo run -- ", "runwarden ")
    };
    let spans = code_spans(&prose).into_iter().map(|span| by_cargo(&span));
    let mut found: Vec<String> = spans.filter(|span| span.starts_with("runwarden ")).collect();
    for line in blocks_in(document, "sh").iter().flat_map(|block| block.lines()) {
        let line = by_cargo(line.split(" #").next().unwrap());
        let begins =
            line.match_indices("runwarden ").filter(|(at, _)| *at == 0 || line[..*at].ends_with(' '));
        found.extend(begins.map(|(at, _)| line[at..].trim().to_owned()));
    }
    found
}

#[test]
fn commands_that_documents_give_exist_with_their_options() {
    let commands = commands();
    let mut seen = 0;
    for path in markdown() {
        for call in calls(&text(&path)) {
            let is_name = |word: &&str| {
                word.starts_with(|c: char| c.is_ascii_lowercase())
                    && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')
            };
            let name = call.split_whitespace().take_while(is_name).collect::<Vec<_>>().join(" ");
            if name == "runwarden" {
                continue;
            }
            let command =
                commands.iter().find(|(known, _)| format!("{name} ").starts_with(&format!("{known} ")));
            let Some((_, help)) = command else {
                let is_group = commands.keys().any(|known| known.starts_with(&format!("{name} ")));
                assert!(is_group, "{path}: `{call}` is no command");
                continue;
            };
            let unknown: Vec<_> = options(&call).difference(&options_of(help)).cloned().collect();
            assert!(unknown.is_empty(), "{path}: `{call}` has options that do not exist: {unknown:?}");
            seen += 1;
        }
    }
    assert!(seen > 10, "only {seen} calls were found");
}

#[test]
fn the_exit_codes_are_those_that_the_program_ends_with() {
    let readme = readme();
    let codes = first_words(&section(&readme, "### Exit codes"));
    assert_eq!(codes, words(["0", "1", "2", "3", "4", "5"]));
    let help = run(&["--help"]).1;
    let said = help.lines().find(|line| line.starts_with("Exit codes:")).unwrap();
    let in_help: Words = said
        .split(|c: char| !c.is_ascii_digit())
        .filter(|word| !word.is_empty())
        .map(ToOwned::to_owned)
        .collect();
    assert_eq!(codes, in_help);
    assert_eq!(run(&["--version"]).0, 0);
    assert_eq!(run(&["history", "--database", "no-such-ledger"]).0, 1);
    assert_eq!(run(&["serve", "--no-such-option"]).0, 2);
    assert_eq!(run(&["check", "--config", "config/many-problems.yaml"]).0, 3);
    assert_eq!(run(&["test", "config/failing-test.yaml"]).0, 4);
}

/// Metrics in which every family has a member.
fn touched() -> Metrics {
    let metrics = Metrics::new();
    let word = || "x".to_owned();
    metrics.webhooks.get_or_create(&WebhookLabels { event: word(), outcome: word() }).inc();
    metrics.refused.get_or_create(&ReasonLabels { reason: word() }).inc();
    metrics.webhook_seconds.observe(0.001);
    metrics.verdicts.get_or_create(&VerdictLabels { rule: word(), verdict: word() }).inc();
    metrics.executions.get_or_create(&ExecutionLabels { action: word(), outcome: word() }).inc();
    metrics.open_actions.get_or_create(&StateLabels { state: word() }).set(1);
    metrics.worker_restarts.get_or_create(&WorkerLabels { worker: word() }).inc();
    metrics
}

#[test]
fn every_metric_is_documented_with_its_type_and_labels_and_no_other_is() {
    let rendered = touched().render().unwrap();
    let mut actual = BTreeMap::new();
    for line in rendered.lines() {
        let Some((name, kind)) = line.strip_prefix("# TYPE ").and_then(|rest| rest.split_once(' ')) else {
            continue;
        };
        let suffix = if kind == "counter" { "_total" } else { "" };
        let sample =
            rendered.lines().find(|line| line.starts_with(&format!("{name}{suffix}{{"))).unwrap_or("");
        let inner = sample.split(['{', '}']).nth(1).unwrap_or("");
        let labels: Words = inner
            .split(',')
            .filter_map(|pair| pair.split_once('='))
            .map(|(label, _)| label.to_owned())
            .collect();
        actual.insert(format!("{name}{suffix}"), (kind.to_owned(), labels));
    }
    // A family that the test above forgets would not be rendered at all.
    let registered = text("src/metrics.rs").matches("registry.register(").count();
    assert_eq!(actual.len(), registered, "not every metric is rendered: {:?}", actual.keys());
    let readme = readme();
    let documented: BTreeMap<_, _> = rows(&section(&readme, "## Metrics"))
        .into_iter()
        .map(|row| (row[0].trim_matches('`').to_owned(), (row[1].clone(), words(code_spans(&row[2])))))
        .collect();
    assert_eq!(documented, actual);
}

#[test]
fn the_words_of_webhook_metrics_are_those_that_the_server_counts() {
    let source = text("src/server/webhook.rs");
    let readme = readme();
    for row in rows(&section(&readme, "## Metrics")).iter().filter(|row| row[0].contains("_webhooks_")) {
        for word in code_spans(&row[3]) {
            assert!(source.contains(&format!("\"{word}\"")), "{}: the server never says {word:?}", row[0]);
        }
    }
}

#[tokio::test]
async fn documented_endpoints_are_answered_and_all_endpoints_are_documented() {
    let readme = readme();
    let documented = first_words(section(&readme, "## HTTP").split("### Webhook answers").next().unwrap());
    let source = text("src/server/mod.rs");
    let mut served: Words =
        source.split(".route(\"").skip(1).map(|rest| rest.split('"').next().unwrap().to_owned()).collect();
    let webhook =
        vocabulary().into_iter().find(|entry| entry.path == "webhook.path").unwrap().default.unwrap();
    served.insert(webhook.to_owned());
    assert_eq!(documented, served);
    let story = Story::begin("mode: observe").await;
    let base = story.url.strip_suffix(webhook).unwrap().to_owned();
    for path in &documented {
        let expected = if path == webhook { 405 } else { 200 };
        assert_eq!(crate::http::get(&format!("{base}{path}")).await.0, expected, "GET {path}");
    }
    assert_eq!(crate::http::get(&format!("{base}/elsewhere")).await.0, 404);
}

#[test]
fn the_statuses_of_the_webhook_are_those_of_the_server() {
    let sources = ["mod", "body", "webhook"].map(|name| text(&format!("src/server/{name}.rs"))).concat();
    let mut answered = Words::new();
    for rest in sources.split("StatusCode::").skip(1) {
        let name = rest.split(|c: char| !(c.is_ascii_uppercase() || c == '_')).next().unwrap();
        let code = match name {
            "OK" => "200",
            "ACCEPTED" => "202",
            "BAD_REQUEST" => "400",
            "UNAUTHORIZED" => "401",
            "REQUEST_TIMEOUT" => "408",
            "PAYLOAD_TOO_LARGE" => "413",
            "UNSUPPORTED_MEDIA_TYPE" => "415",
            "INTERNAL_SERVER_ERROR" => "500",
            "SERVICE_UNAVAILABLE" => "503",
            "" => continue,
            other => panic!("the server answers {other}, which this test does not know"),
        };
        answered.insert(code.to_owned());
    }
    let readme = readme();
    assert_eq!(first_words(&section(&readme, "### Webhook answers")), answered);
}

#[test]
fn tables_states_verdicts_and_outcomes_are_documented() {
    let readme = readme();
    let stored = section(&readme, "## What is stored");
    let firsts = first_words(&stored);
    let migrations = std::fs::read_dir(root().join("migrations")).unwrap();
    let migrations: Vec<String> =
        migrations.map(|entry| std::fs::read_to_string(entry.unwrap().path()).unwrap()).collect();
    let tables: Words = migrations
        .concat()
        .split("CREATE TABLE ")
        .skip(1)
        .map(|rest| rest.split(' ').next().unwrap().to_owned())
        // A table that is built anew takes its old name.
        .filter(|name| !name.ends_with("_new"))
        .collect();
    let states = words(ActionState::ALL);
    assert_eq!(firsts, tables.union(&states).cloned().collect::<Words>());
    let spans = words(code_spans(&stored.split("```").step_by(2).collect::<String>()));
    let verdicts = [
        Verdict::Matched,
        Verdict::NotMatched,
        Verdict::Unknown,
        Verdict::Off,
        Verdict::Kept,
        Verdict::Limited,
    ];
    let word = String::new;
    let outcomes = [
        Outcome::Done(word()),
        Outcome::Refused(word()),
        Outcome::Failed(word()),
        Outcome::Retry(word()),
        Outcome::Blocked(Timestamp(0), word()),
        Outcome::Ambiguous(word()),
    ];
    let wanted = words(Source::ALL)
        .into_iter()
        .chain(words(DeliveryState::ALL))
        .chain(verdicts.map(|verdict| verdict.as_str().to_owned()))
        .chain(outcomes.iter().map(|outcome| outcome.as_str().to_owned()))
        .chain(["interrupted".to_owned()]);
    for wanted in wanted {
        assert!(spans.contains(&wanted), "`{wanted}` is not documented");
    }
}

/// Where values stand in a JSON document: `decisions[].facts.run.id`.
fn key_paths(value: &serde_json::Value, path: &str, found: &mut Words) {
    match value {
        serde_json::Value::Object(map) => {
            map.iter().for_each(|(key, value)| key_paths(value, &format!("{path}.{key}"), found))
        }
        serde_json::Value::Array(items) => {
            found.insert(format!("{path}[]"));
            items.iter().for_each(|item| key_paths(item, &format!("{path}[]"), found));
        }
        _ => {
            found.insert(path.to_owned());
        }
    }
}

#[tokio::test]
async fn the_json_of_the_history_has_the_documented_keys_and_no_other() {
    let rules = "rules:\n  - name: rerun-failed-jobs\n    on: workflow_run.completed\n    \
                 when: { conclusion: failure, run_attempt: { below: 2 } }\n    then: [rerun]\n";
    let mut story = Story::begin(rules).await;
    story.github.auto_finish(true);
    story.github.run_to_end(RunSpec::new("acme/api", "ci.yml").attempts(["failure", "success"]));
    story.pass(Duration::from_secs(1)).await;
    let ledger = story.folder.path().join("runwarden.db");
    let (code, json) = run(&["history", "--json", "--limit", "100", "--database", ledger.to_str().unwrap()]);
    assert_eq!(code, 0);
    let (mut actual, mut documented) = (Words::new(), Words::new());
    let entries: Vec<serde_json::Value> = serde_json::from_str(&json).unwrap();
    entries.iter().for_each(|entry| key_paths(entry, "", &mut actual));
    let readme = readme();
    for block in blocks_in(&section(&readme, "## What is stored"), "json") {
        key_paths(&serde_json::from_str(&block).unwrap(), "", &mut documented);
    }
    assert_eq!(documented, actual);
    story.end().await;
}

#[tokio::test]
async fn the_json_of_a_replay_has_the_documented_keys_and_no_other() {
    let rule = |name: &str, when: &str, mode: &str| {
        format!(
            "  - name: {name}\n    on: workflow_run.completed\n    when: {{ {when}, conclusion: failure, \
             run_attempt: {{ below: 4 }} }}\n    then: [rerun]\n    limits: {{ per_run: 1 }}\n    mode: {mode}\n"
        )
    };
    let before = rule("retry", "branch: main", "enforce") + &rule("watch", "branch: feature", "observe");
    let mut story = Story::begin(&format!("rules:\n{before}")).await;
    story.github.auto_finish(true);
    for branch in ["main", "feature"] {
        let run = RunSpec::new("acme/api", "ci.yml").branch(branch).attempts(["failure", "success"]);
        story.github.run_to_end(run);
        story.pass(Duration::from_secs(1)).await;
    }
    let after =
        rule("retry", "branch: feature", "enforce") + &rule("of-jobs", "jobs: { count: 1 }", "enforce");
    let after = configuration("http://127.0.0.1:1/api/v3", &format!("rules:\n{after}"));
    let config = story.folder.path().join("new.yaml");
    fs::write(&config, after).unwrap();
    let ledger = story.folder.path().join("runwarden.db");
    let (config, ledger) = (config.to_str().unwrap(), ledger.to_str().unwrap());
    let arguments = ["replay", "--since", "2026-11-01", "--config", config, "--database", ledger, "--json"];
    let (code, json) = run(&arguments);
    assert_eq!(code, 0, "{json}");
    let (mut actual, mut documented) = (Words::new(), Words::new());
    key_paths(&serde_json::from_str(&json).unwrap(), "", &mut actual);
    let readme = readme();
    let section = section(&readme, "### What a replay prints");
    for block in blocks_in(&section, "json") {
        key_paths(&serde_json::from_str(&block).unwrap(), "", &mut documented);
    }
    assert_eq!(documented, actual, "{json}");
    // A key of the first level, of the deliveries or of a sum is said in words, too.
    let spans = words(code_spans(&section.split("```").step_by(2).collect::<String>()));
    for path in documented.iter().filter(|path| path.matches('.').count() < 3 && !path.contains("[]")) {
        for key in path.split('.').filter(|key| !["", "since", "until", "actions", "verdicts"].contains(key))
        {
            let is_fact = path.starts_with(".unknown.never_recorded");
            assert!(is_fact || spans.contains(key), "{path}: `{key}` is not explained");
        }
    }
}

#[tokio::test]
async fn the_json_of_a_try_has_the_documented_keys_and_no_other() {
    let rules = "rules:\n  - name: retry\n    on: [workflow_run.completed, pull_request.closed]\n    \
                 when: { conclusion: failure, any: [{ pull_request: { label: retry } }, { jobs: { count: 1 } }] }\n    \
                 then: [rerun]\n    limits: { per_run: 1, per_repository: 9/day }\n  - name: approve\n    on: deployment.waiting\n    \
                 when: { environment: staging }\n    then: [approve_deployment]\n";
    let shell = Shell::new(rules).await;
    let github = &shell.github;
    let failing =
        |branch: &str| RunSpec::new("acme/api", "ci.yml").branch(branch).attempts(["failure", "success"]);
    let [labelled, unknown, failed] =
        ["topic", "dev", "main"].map(|branch| github.run_to_end(failing(branch).event("pull_request")));
    github.open_pull_request(PullSpec::new("acme/api", 7, "topic").label("retry"));
    for run in [labelled, failed] {
        github.person_reruns(run, "bob").unwrap();
        github.finish(run);
    }
    let reviewed = github.run_to_end(RunSpec::new("acme/api", "ci.yml").environments(["staging"]));
    github.person_rejects(reviewed, "staging", "carol").unwrap();
    github.person_reruns(reviewed, "bob").unwrap();
    github.person_approves(reviewed, "staging", "carol").unwrap();
    github.finish(reviewed);
    for path in [format!("{unknown}/attempts/1/jobs"), format!("{failed}/attempts/1")] {
        let path = format!("/repos/acme/api/actions/runs/{path}");
        github.fault(Fault::on("GET", path).always().answer(Answer::status(422)));
    }
    let said = shell.line("try acme/api --since 14d --json").await;
    let (mut actual, mut documented) = (Words::new(), Words::new());
    key_paths(&serde_json::from_str(&said.out).unwrap(), "", &mut actual);
    let readme = readme();
    let section = section(&readme, "### Trying rules");
    for block in blocks_in(&section, "json") {
        key_paths(&serde_json::from_str(&block).unwrap(), "", &mut documented);
    }
    assert_eq!(documented, actual, "{}", said.out);
    let spans = words(code_spans(&section.split("```").step_by(2).collect::<String>()));
    let common = [
        "",
        "repository",
        "since",
        "until",
        "rule",
        "rules",
        "mode",
        "action",
        "passed",
        "otherwise",
        "why",
        "pull_request",
    ];
    for path in documented.iter().filter(|path| !path.contains("actions[].") || path.contains("rules[]")) {
        for key in path.split(['.', '[', ']']).filter(|key| !common.contains(key)) {
            assert!(path.contains("unknowns[]") || spans.contains(key), "{path}: `{key}` is not explained");
        }
    }
}

#[test]
fn the_two_commands_are_given_and_ci_runs_them() {
    let readme = readme();
    let lines: Vec<String> = blocks_in(&section(&readme, "## Try it"), "sh")
        .iter()
        .flat_map(|block| block.lines().map(ToOwned::to_owned).collect::<Vec<_>>())
        .collect();
    assert_eq!(lines, ["cargo run --release -- demo", "cargo test"]);
    let ci = text(".ci/run");
    assert!(
        ci.lines().any(|line| line.trim_start_matches("step ").starts_with("cargo test")),
        ".ci/run does not call `cargo test`"
    );
    assert!(ci.contains("cargo run --release -- demo"), ".ci/run does not run the demo");
}

#[test]
fn the_tour_tells_the_demo_s_story() {
    let story = text("src/cli/demo/story.rs");
    let readme = readme();
    let tour = blocks_in(&section(&readme, "## A tour"), "text").into_iter().next().unwrap();
    let scenes: Vec<&str> = tour
        .lines()
        .filter_map(|line| line.split_once(". ").filter(|(number, _)| number.parse::<u8>().is_ok()))
        .map(|(_, scene)| scene)
        .collect();
    assert_eq!(scenes.len(), story.matches("    scene(").count());
    for scene in scenes {
        assert!(story.contains(&format!("\"{scene}\"")), "the demo does not tell {scene:?}");
    }
}

#[test]
fn the_rust_version_is_the_one_that_cargo_asks_for() {
    let cargo = text("Cargo.toml");
    let version =
        cargo.lines().find_map(|line| line.strip_prefix("rust-version = ")).unwrap().trim_matches('"');
    for path in ["README.md", "CONTRIBUTING.md"] {
        assert!(text(path).contains(&format!("Rust {version}")), "{path} does not ask for Rust {version}");
    }
    for path in ["deploy/Containerfile", ".github/workflows/ci.yml"] {
        assert!(text(path).contains(version), "{path} does not use Rust {version}");
    }
}

#[test]
fn yaml_in_the_documents_loads_clean() {
    let base = "webhook: { secrets: [{ env: SECRET }] }\n\
                github: { app: { id: 1, private_key: { file: app.pem } }, reviewer: { token: { env: TOKEN } } }\n";
    for path in ["README.md", "CONTRIBUTING.md", "deploy/README.md", "deploy/backup.md"] {
        let blocks = blocks_in(&text(path), "yaml");
        assert!(path != "README.md" || blocks.len() >= 2, "README shows no configuration");
        for block in blocks {
            let is_whole = block.lines().any(|line| line.starts_with("webhook:"));
            let is_rules = block.lines().any(|line| line.starts_with("rules:"));
            assert!(is_whole || is_rules, "{path}: neither a whole configuration nor rules:\n{block}");
            let yaml = if is_whole { block } else { format!("{base}{block}") };
            assert_clean(&yaml, path);
        }
    }
}

/// GitHub's name for the place of a heading.
fn anchor(heading: &str) -> String {
    let text = heading.trim_start_matches('#').trim().to_lowercase();
    text.chars()
        .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'))
        .collect::<String>()
        .replace(' ', "-")
}

#[test]
fn links_lead_to_files_and_headings_that_exist() {
    for path in markdown() {
        let document = text(&path);
        let prose: String = document.split("```").step_by(2).collect();
        let folder = root().join(&path).parent().unwrap().to_owned();
        for target in prose.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if target.contains("://") || target.starts_with("mailto:") {
                continue;
            }
            let (file, place) =
                target.split_once('#').map_or((target, None), |(file, place)| (file, Some(place)));
            let linked = if file.is_empty() { root().join(&path) } else { folder.join(file) };
            assert!(linked.exists(), "{path} links to {target}, which does not exist");
            if let Some(place) = place {
                let headings = fs::read_to_string(&linked).unwrap();
                let found =
                    headings.lines().filter(|line| line.starts_with('#')).any(|line| anchor(line) == place);
                assert!(found, "{path} links to {target}, and there is no such heading");
            }
        }
    }
}

#[test]
fn files_that_documents_name_exist() {
    for (path, folder) in [("CONTRIBUTING.md", ""), ("README.md", ""), ("deploy/README.md", "deploy/")] {
        let document = text(path);
        let prose: String = document.split("```").step_by(2).collect();
        for span in code_spans(&prose) {
            let is_of_source = ["src/", "tests/", "deploy/", "migrations/", ".ci/", "examples/"]
                .iter()
                .any(|start| span.starts_with(start));
            let is_of_deploy = folder == "deploy/"
                && !span.contains(['/', ' '])
                && ["service", "yaml", "conf", "json", "md", "sysusers"]
                    .iter()
                    .any(|end| span.ends_with(&format!(".{end}")))
                && span != "config.yaml";
            if is_of_source || is_of_deploy {
                let named = if is_of_deploy { format!("deploy/{span}") } else { span };
                assert!(root().join(&named).exists(), "{path} names {named}, which does not exist");
            }
        }
    }
}

#[test]
fn contributing_shows_the_layers_of_the_crate() {
    let plain = |cell: &str| {
        let cell = cell.split('(').next().unwrap().replace('`', "");
        words(
            cell.split(',').map(|word| word.trim().to_owned()).filter(|word| !word.is_empty() && word != "–"),
        )
    };
    let table = |text: &str, columns: [usize; 2]| -> BTreeMap<String, Vec<Words>> {
        let rows = rows(text);
        let layers = rows.iter().filter(|row| row.len() > columns[1] && row[0].starts_with('`'));
        layers
            .map(|row| {
                (row[0].trim_matches('`').to_owned(), columns.map(|column| plain(&row[column])).to_vec())
            })
            .collect()
    };
    let source: String = text("src/lib.rs")
        .lines()
        .filter_map(|line| line.strip_prefix("//! "))
        .map(|line| format!("{line}\n"))
        .collect();
    let contributing = text("CONTRIBUTING.md");
    let shown = section(&contributing, "## How the house is built");
    assert_eq!(
        table(&shown, [2, 3]),
        table(&source, [1, 2]),
        "CONTRIBUTING.md and src/lib.rs show different layers"
    );
}

#[test]
fn documents_hold_nothing_unfinished_and_nothing_of_the_machine_that_they_were_written_on() {
    let marks = ["TO", "FIX"].map(|start| start.to_owned() + if start == "TO" { "DO" } else { "ME" });
    let folders = ["/work/", "../shared", "/tmp/", "/home/"].map(ToOwned::to_owned);
    for path in documents() {
        let document = text(&path);
        for forbidden in marks.iter().chain(&folders) {
            let found = document.lines().find(|line| line.contains(forbidden.as_str()));
            assert_eq!(found, None, "{path} holds {forbidden}");
        }
    }
}
