//! The command line, by the real binary: what it prints, what it does, and how it ends.

use std::{
    collections::BTreeSet,
    ffi::OsStr,
    fs,
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex, mpsc},
    thread,
    time::{Duration, Instant},
};

use runwarden::model::Signal;
use runwarden::simulator::{self, Answer, AttemptSpec, Fault, JobSpec, RunSpec, Simulator};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{sync::oneshot, task::spawn_blocking, time::timeout};

use crate::story::{SECRET, configuration};

/// How long a command may take before it is taken for one that hangs.
const PATIENCE: Duration = Duration::from_secs(60);

const RULES: &str = r#"
rules:
  - name: rerun-failed-jobs
    on: workflow_run.completed
    when: { repository: "acme/*", conclusion: [failure, timed_out], run_attempt: { below: 3 } }
    then:
      - rerun: { delay: 30ms }
  - name: rerun-release
    on: workflow_run.completed
    when: { branch: release, conclusion: failure }
    then:
      - rerun: {}
    limits: { per_run: 1 }
  - name: rerun-mallory
    on: workflow_run.completed
    when: { triggering_actor: mallory, conclusion: failure }
    then:
      - rerun: {}
    limits: { per_run: 1 }
  - name: approve-staging
    on: deployment.waiting
    when: { environment: staging, branch: main, actor: octocat }
    then:
      - approve_deployment: {}
"#;

/// No rule acts, so that only commands do.
const NO_ACTION: &str =
    "mode: off\nrules:\n  - { name: never, on: workflow_run.requested, then: [cancel] }\n";

// --- the stage ---

/// What a command said, and its exit code.
#[derive(Debug)]
pub struct Said {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Said {
    /// It did what was asked and had nothing to complain about.
    #[track_caller]
    pub fn well(self) -> String {
        assert_eq!((self.code, self.err.as_str()), (0, ""), "{self:?}");
        self.out
    }

    #[track_caller]
    pub fn json(self) -> Value {
        serde_json::from_str(&self.well()).unwrap()
    }

    /// It ended with that code, said all of these on standard error, and nothing on standard output.
    #[track_caller]
    pub fn refuses(self, code: i32, words: &[&str]) {
        assert_eq!((self.code, self.out.as_str()), (code, ""), "{self:?}");
        assert!(words.iter().all(|words| self.err.contains(words)), "{words:?} expected: {}", self.err);
        assert!(!self.err.contains("panicked"), "{}", self.err);
    }
}

/// The program in that folder, with nothing of this process's environment.
pub fn program(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_runwarden"));
    command.current_dir(folder).env_clear().env("TMPDIR", folder).env("USER", "alice");
    command
        .env("SECRET", SECRET)
        .env("REVIEWER", simulator::REVIEWER_TOKEN)
        .env("TOKEN", simulator::PLAIN_TOKEN);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Runs it to its end with that on standard input; one that hangs is ended and fails the test.
pub fn run_with(mut command: Command, input: Option<Vec<u8>>) -> Said {
    if input.is_some() {
        command.stdin(Stdio::piped());
    }
    let mut child = command.spawn().unwrap();
    let pid = child.id();
    if let Some(input) = input {
        let mut pipe = child.stdin.take().unwrap();
        thread::spawn(move || pipe.write_all(&input));
    }
    let (ended, end) = mpsc::channel();
    thread::spawn(move || ended.send(child.wait_with_output()));
    let Ok(output) = end.recv_timeout(PATIENCE) else {
        signal(pid, "KILL");
        panic!("it hangs: {command:?}");
    };
    let output = output.unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Said {
        code: output.status.code().expect("ended by a signal"),
        out: text(output.stdout),
        err: text(output.stderr),
    }
}

/// For tests without a GitHub, which have no runtime either.
fn say(folder: &Path, arguments: &[&str]) -> Said {
    let mut command = program(folder);
    command.args(arguments);
    run_with(command, None)
}

pub fn signal(pid: u32, name: &str) {
    let script = format!("kill -{name} {pid}");
    drop(Command::new("sh").args(["-c", &script]).status());
}

/// A simulated GitHub, and a folder with a configuration for it and, later, a ledger.
pub struct Shell {
    pub github: Simulator,
    pub folder: TempDir,
}

impl Shell {
    pub async fn new(rules: &str) -> Self {
        let github = Simulator::start().await.unwrap();
        github.repo("acme/api");
        github.workflow("acme/api", "ci.yml", "CI");
        let shell = Self { github, folder: TempDir::new().unwrap() };
        shell.configure(&configuration(&shell.github.api_url(), rules));
        shell
    }

    /// A shell whose configuration leads to a GitHub that is not there.
    async fn offline(rules: &str) -> Self {
        let shell = Self::new(rules).await;
        shell.configure(&configuration("http://127.0.0.1:1/api/v3", rules));
        shell
    }

    pub fn configure(&self, yaml: &str) {
        fs::write(self.path("config.yaml"), yaml).unwrap();
    }

    pub fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    async fn say<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Said {
        let mut command = program(self.folder.path());
        command.args(arguments);
        spawn_blocking(move || run_with(command, None)).await.unwrap()
    }

    /// `words` split at spaces, which is enough for most.
    pub async fn line(&self, words: &str) -> Said {
        self.say(words.split_whitespace()).await
    }

    async fn say_with(&self, arguments: &[&str], input: Vec<u8>) -> Said {
        let mut command = program(self.folder.path());
        command.args(arguments);
        spawn_blocking(move || run_with(command, Some(input))).await.unwrap()
    }

    /// The history, asked for until it is as wanted.
    async fn history_until(&self, wanted: impl Fn(&[Value]) -> bool) -> Vec<Value> {
        let began = Instant::now();
        loop {
            let history = self.line("history --json").await.json();
            let entries = history.as_array().unwrap().clone();
            if wanted(&entries) {
                return entries;
            }
            assert!(began.elapsed() < PATIENCE, "the history never came to that: {history:#}");
        }
    }

    /// Starts the daemon; webhooks go to it from now on.
    pub async fn serve(&self) -> Daemon {
        let mut child = program(self.folder.path()).arg("serve").spawn().unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let log = Arc::new(Mutex::new(String::new()));
        let (listens, listening) = oneshot::channel();
        let kept = log.clone();
        thread::spawn(move || {
            let mut listens = Some(listens);
            for line in stderr.lines().map_while(Result::ok) {
                let address =
                    line.split_once("listening on http://").map(|(_, rest)| rest.split(' ').next().unwrap());
                if let Some((address, listens)) = address.zip(listens.take_if(|_| address.is_some())) {
                    drop(listens.send(address.to_owned()));
                }
                kept.lock().unwrap().push_str(&(line + "\n"));
            }
        });
        let daemon = Daemon { child, log };
        let address = timeout(PATIENCE, listening).await.ok().and_then(Result::ok);
        let address = address.unwrap_or_else(|| panic!("it does not listen: {}", daemon.log()));
        self.github.deliver_to(format!("http://{address}/webhooks/github"), SECRET);
        daemon
    }
}

pub struct Daemon {
    child: Child,
    log: Arc<Mutex<String>>,
}

impl Daemon {
    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// Ends it as a supervisor does, in order.
    pub async fn stop(mut self) {
        signal(self.child.id(), "TERM");
        spawn_blocking(move || assert!(self.child.wait().unwrap().success(), "{}", self.log()))
            .await
            .unwrap();
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn ci() -> RunSpec {
    RunSpec::new("acme/api", "ci.yml")
}

fn keys(value: &Value) -> BTreeSet<&str> {
    value.as_object().unwrap_or_else(|| panic!("no object: {value}")).keys().map(String::as_str).collect()
}

#[track_caller]
pub fn has_keys(value: &Value, documented: &str) {
    assert_eq!(keys(value), documented.split_whitespace().collect(), "{value:#}");
}

/// The lines of a table as their cells, heading included.
fn cells(table: &str) -> Vec<Vec<&str>> {
    table
        .lines()
        .map(|line| line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect())
        .collect()
}

const RUN_KEYS: &str = "repository id attempt run_number workflow workflow_path workflow_id event status conclusion branch \
    head_sha head_repository actor triggering_actor created_at run_started_at updated_at html_url title \
    commit_message";

// --- exit codes ---

#[test]
fn the_schema_is_printed_as_json() {
    let folder = TempDir::new().unwrap();
    let printed: Value = serde_json::from_str(&say(folder.path(), &["schema"]).well()).unwrap();
    assert_eq!(printed, runwarden::config::schema());
}

#[test]
fn the_exit_code_tells_a_wrong_call_from_a_failure_and_from_a_bad_configuration() {
    let folder = TempDir::new().unwrap();
    let say = |line: &str| say(folder.path(), &line.split_whitespace().collect::<Vec<_>>());
    assert_eq!(say("--version").well(), concat!("runwarden ", env!("CARGO_PKG_VERSION"), "\n"));
    let help = say("--help").well();
    assert!(help.contains("Exit codes: 0 ok, 1 failure, 2 usage, 3 configuration"), "{help}");
    for wrong in [
        "",
        "frobnicate",
        "serve --port 80",
        "explain",
        "explain payload.json --delivery g-1",
        "explain payload.json --database ledger.db",
        "history --limit 0",
        "history --since yesterday",
        "history --repo acme",
        "runs",
        "runs show acme/api",
        "runs show acme/api 0",
        "runs show acme/../api 1",
        "runs attempt acme/api 1 0",
        "runs logs acme/api 1 --job 2 --attempt 3",
        "runs rerun-job acme/api",
        "runs rerun acme/api 1 --wait soon",
    ] {
        let said = say(wrong);
        assert_eq!((said.code, said.out.as_str()), (2, ""), "{wrong}: {said:?}");
        assert!(said.err.contains("--help"), "{wrong}: {}", said.err);
    }
    for unconfigured in [
        "serve",
        "explain -",
        "history",
        "explain --delivery g-1",
        "runs list acme/api",
        "runs cancel acme/api 1",
    ] {
        say(unconfigured).refuses(3, &["config.yaml: error: ", "help: "]);
    }
    let said = say("check --config elsewhere.yaml");
    assert_eq!(said.code, 3);
    assert!(said.out.contains("elsewhere.yaml: error: ") && said.out.contains("help: "), "{said:?}");
    for missing in ["history --database nowhere.db", "explain --delivery g-1 --database nowhere.db"] {
        say(missing)
            .refuses(1, &["there is no ledger at nowhere.db: it is made when the daemon first starts"]);
    }
    assert!(!folder.path().join("nowhere.db").exists(), "looking makes no ledger");
}

// --- check ---

fn rules_in(yaml: &str) -> usize {
    let below = yaml.lines().skip_while(|line| *line != "rules:").skip(1);
    let rules = below.take_while(|line| line.is_empty() || line.starts_with([' ', '#']));
    rules.filter(|line| line.starts_with("  - name: ")).count()
}

#[test]
fn the_example_configuration_is_clean_and_check_says_what_it_does() {
    let folder = TempDir::new().unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    fs::copy(root.join("config.example.yaml"), folder.path().join("config.yaml")).unwrap();
    fs::copy(root.join("src/github/testdata/app.pem"), folder.path().join("app.pem")).unwrap();
    let check = |arguments: &[&str]| {
        let mut command = program(folder.path());
        command
            .env("RUNWARDEN_WEBHOOK_SECRET", SECRET)
            .env("RUNWARDEN_REVIEWER_TOKEN", simulator::REVIEWER_TOKEN)
            .env("RUNWARDEN_SLACK_URL", "https://hooks.example.com/x")
            .env("RUNWARDEN_CHANNEL_SECRET", SECRET);
        command.arg("check").args(arguments);
        run_with(command, None)
    };
    let example = fs::read_to_string(folder.path().join("config.yaml")).unwrap();
    let (rules, schedules) = (rules_in(&example), example.matches("    on: { schedule: ").count());
    assert_eq!(
        check(&[]).well(),
        format!(
            "config.yaml is clean: {rules} rules ({rules} enforce), listens to {}; {schedules} schedules; 1 by hand only\n",
            Signal::WEBHOOK.map(Signal::as_str).join(", ")
        )
    );
    assert_eq!(check(&["--json"]).json(), json!([]));
    assert_eq!(check(&["--config", "config.yaml"]).code, 0);
    let mut command = program(folder.path());
    command.env("RUNWARDEN_CONFIG", "config.yaml").args(["check", "--json"]);
    let said = run_with(command, None);
    assert_eq!(said.code, 3, "the secrets are not there");
    let messages: Value = serde_json::from_str(&said.out).unwrap();
    let unset = |name: &str| format!("the environment variable `{name}` is not set");
    let expected = ["WEBHOOK_SECRET", "REVIEWER_TOKEN", "SLACK_URL", "CHANNEL_SECRET"]
        .map(|it| unset(&format!("RUNWARDEN_{it}")));
    let messages = messages.as_array().unwrap().iter().map(|problem| problem["message"].as_str().unwrap());
    assert_eq!(messages.collect::<Vec<_>>(), expected);
}

#[test]
fn a_configuration_is_checked_without_its_secrets_but_not_without_how_they_are_named() {
    let folder = TempDir::new().unwrap();
    let example =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("config.example.yaml")).unwrap();
    let check = |yaml: &str| {
        fs::write(folder.path().join("config.yaml"), yaml).unwrap();
        let mut command = program(folder.path());
        command.env_clear().args(["check", "--without-secrets"]);
        run_with(command, None)
    };
    let clean = check(&example).well();
    let rules = rules_in(&example);
    assert!(
        clean.starts_with(&format!("config.yaml is clean: {rules} rules ({rules} enforce), ")),
        "{clean}"
    );
    let name = "{ env: RUNWARDEN_WEBHOOK_SECRET }";
    for (instead, words) in [
        ("{ env: ghp_thisMustNeverBeShown0123456789 }", "this is not the name of an environment variable"),
        ("{ env: 7 }", "expected a text, found the number 7"),
        ("{ file: [a] }", "expected a text, found a list"),
        ("{ file: }", "expected a text, found nothing"),
        ("hunter2", "a secret is not written into the configuration"),
    ] {
        let said = check(&example.replacen(name, instead, 1));
        assert!(said.code == 3 && said.out.contains(words), "{words:?} expected: {said:?}");
        assert!(!said.out.contains("NeverBeShown") && !said.out.contains("hunter2"), "{}", said.out);
    }
    let warned = check(&example.replacen("delay: 30s ", "delay: 0s ", 1)).well();
    assert!(warned.contains(": warning: `backoff` has nothing to multiply\n"), "{warned}");
    let usable = format!("1 problem: 1 warning\nconfig.yaml can be run with: {rules} rules");
    assert!(warned.contains(&usable), "{warned}");
}

#[test]
fn check_shows_every_problem_with_its_place_and_remedy_and_no_secret() {
    let folder = TempDir::new().unwrap();
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/config/many-problems.yaml");
    fs::copy(fixture, folder.path().join("bad.yaml")).unwrap();
    let check = |arguments: &[&str]| {
        let mut command = program(folder.path());
        command.env("RUNWARDEN_WEBHOOK_SECRET", SECRET).args(["check", "-c", "bad.yaml"]).args(arguments);
        run_with(command, None)
    };
    let (people, machines) = (check(&[]), check(&["--json"]));
    assert_eq!((people.code, people.err.as_str(), machines.code, machines.err.as_str()), (3, "", 3, ""));
    let problems: Value = serde_json::from_str(&machines.out).unwrap();
    let problems = problems.as_array().unwrap();
    let places: Vec<_> = problems
        .iter()
        .map(|problem| (problem["line"].as_u64().unwrap(), problem["column"].as_u64().unwrap()))
        .collect();
    let expected = [
        (2, 9),
        (6, 12),
        (7, 10),
        (8, 19),
        (10, 11),
        (11, 9),
        (13, 7),
        (14, 20),
        (16, 25),
        (18, 21),
        (18, 39),
        (21, 9),
    ];
    assert_eq!(places, expected);
    for (problem, (line, column)) in problems.iter().zip(places) {
        has_keys(problem, "severity file path line column message remedy snippet");
        let text = |name: &str| problem[name].as_str().unwrap();
        let heading = format!("bad.yaml:{line}:{column}: {}: {}\n", text("severity"), text("message"));
        let remedy = format!("\n  help: {}\n", text("remedy"));
        assert!(
            people.out.contains(&heading) && people.out.contains(&remedy),
            "{heading}{remedy}{}",
            people.out
        );
    }
    assert!(people.out.ends_with("\n12 problems: 11 errors, 1 warning\n"), "{}", people.out);
    assert!(!people.out.contains("NeverBeShown") && !machines.out.contains("NeverBeShown"));
}

#[tokio::test]
async fn a_slip_of_the_pen_is_answered_with_the_word_that_was_meant() {
    let shell = Shell::new("").await;
    for (right, wrong, column, meant) in [
        ("when:", "wehn:", 5, "did you mean `when`?"),
        ("conclusion:", "conclusoin:", 35, "did you mean `conclusion`?"),
        (
            "on: workflow_run.completed",
            "on: workflow_run.complete",
            9,
            "did you mean `workflow_run.completed`?",
        ),
        ("- rerun: {", "- rerum: {", 9, "did you mean `rerun`?"),
    ] {
        let yaml = configuration(&shell.github.api_url(), RULES).replacen(right, wrong, 1);
        let line = yaml.lines().position(|line| line.contains(wrong)).unwrap() + 1;
        shell.configure(&yaml);
        let said = shell.line("check").await;
        let heading = format!("config.yaml:{line}:{column}: error: ");
        let found = said.out.contains(&heading) && said.out.contains(meant);
        assert!(said.code == 3 && found, "{heading}{meant} expected:\n{}", said.out);
    }
}

// --- serve ---

#[tokio::test]
async fn the_daemon_does_not_start_without_a_secret_a_free_address_or_a_ledger_of_its_own() {
    let shell = Shell::new(RULES).await;
    let yaml = configuration(&shell.github.api_url(), RULES);
    let secrets = "webhook: { secrets: [{ env: SECRET }] }\n";
    for (instead, words) in [
        ("", "`webhook` is missing"),
        ("webhook: {}\n", "`secrets` is missing"),
        ("webhook: { secrets: [] }\n", "found an empty list"),
        ("webhook: { secrets: [{ env: NO_SUCH }] }\n", "the environment variable `NO_SUCH` is not set"),
    ] {
        shell.configure(&yaml.replace(secrets, instead));
        shell.line("serve").await.refuses(3, &[words, "help: "]);
    }
    assert!(!shell.path("runwarden.db").exists());
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    shell.configure(&yaml.replace("127.0.0.1:0", &address));
    shell.line("serve").await.refuses(1, &[&format!("cannot listen on {address}: ")]);
    shell.configure(&yaml);
    let daemon = shell.serve().await;
    shell.line("serve").await.refuses(1, &["another runwarden is running on ", "runwarden.db.lock"]);
    daemon.stop().await;
}

// --- explain ---

/// A failed run's payload as a file, and the run.
async fn failed_payload(shell: &Shell) -> u64 {
    let run = shell.github.run_to_end(ci().attempts(["failure"]));
    let body = shell.github.payload("workflow_run", "completed", run);
    let mut body: Value = serde_json::from_slice(&body).unwrap();
    body["workflow_run"]["triggering_actor"] = Value::Null;
    fs::write(shell.path("payload.json"), body.to_string()).unwrap();
    run
}

#[tokio::test]
async fn a_payload_is_explained_rule_by_rule_without_any_github() {
    let shell = Shell::offline(RULES).await;
    let run = failed_payload(&shell).await;
    let said = shell.line("explain payload.json").await.well();
    for line in [
        format!("workflow_run.completed: run {run}, attempt 1 of acme/api"),
        "✓ rerun-failed-jobs: matched (all conditions hold)".to_owned(),
        "  ✓ conclusion   failure or timed_out  failure".to_owned(),
        "✗ rerun-release: did not match (branch: expected release, observed main)".to_owned(),
        "· approve-staging: does not listen to workflow_run.completed (it listens to deployment.waiting)"
            .to_owned(),
    ] {
        assert!(said.lines().any(|shown| shown == line), "{line:?} expected:\n{said}");
    }
    assert!(said.contains("  → would re-run the failed jobs in "), "{said}");
    assert!(
        said.contains("? rerun-mallory: cannot tell (triggering_actor: expected mallory, observed not known"),
        "{said}"
    );
    let body = fs::read(shell.path("payload.json")).unwrap();
    // Another moment, and so another due time.
    let timeless = |text: &str| {
        text.lines().filter(|line| !line.contains(" in 30ms (at ")).map(str::to_owned).collect::<Vec<_>>()
    };
    for (arguments, input) in [
        (&["explain", "payload.json", "--event", "workflow_run"][..], None),
        (&["explain", "-"], Some(body.clone())),
        (&["explain", "-", "--event", "workflow_run"], Some(body)),
    ] {
        let again = match input {
            Some(input) => shell.say_with(arguments, input).await,
            None => shell.say(arguments).await,
        };
        assert_eq!(timeless(&again.well()), timeless(&said), "{arguments:?}");
    }
    let json = shell.line("explain payload.json --json").await.json();
    has_keys(&json, "event facts would_fetch rules");
    has_keys(&json["facts"]["run"], RUN_KEYS);
    assert_eq!((&json["event"], &json["would_fetch"]), (&json!("workflow_run"), &json!([])));
    let rules = json["rules"].as_array().unwrap();
    let verdicts: Vec<_> = rules.iter().map(|rule| &rule["verdict"]["verdict"]).collect();
    assert_eq!(verdicts, [&json!("matched"), &json!("not_matched"), &json!("unknown"), &Value::Null]);
    has_keys(&rules[0], "rule mode listens on verdict plans");
    has_keys(&rules[0]["plans"][0], "rule action params repository run attempt lane state reason due_at");
    assert_eq!(
        (&rules[0]["plans"][0]["action"], &rules[0]["plans"][0]["state"]),
        (&json!("rerun"), &json!("planned"))
    );
    let mut bare = program(shell.folder.path());
    bare.env_clear().args(["explain", "payload.json"]);
    assert_eq!(timeless(&run_with(bare, None).well()), timeless(&said), "explaining needs no secrets");
    assert_eq!(shell.github.requests().len(), 0);
    assert!(!shell.path("runwarden.db").exists(), "explaining makes no ledger");
}

#[tokio::test]
async fn explain_says_which_facts_the_daemon_would_fetch() {
    let shell = Shell::offline(RULES).await;
    let gate = simulator::GateSpec::reviewers("staging").and_custom_rule();
    let run = shell.github.run(ci().gate(gate));
    for (event, activity) in [
        ("deployment_protection_rule", "requested"),
        ("deployment_review", "requested"),
        ("workflow_job", "waiting"),
    ] {
        let body = shell.github.payload(event, activity, run);
        let said = shell.say_with(&["explain", "-", "--json"], body.clone()).await.json();
        assert_eq!((&said["event"], &said["facts"]["signal"]), (&json!(event), &json!("deployment.waiting")));
        assert_eq!(
            (&said["facts"]["environment"], &said["facts"]["run"]["id"]),
            (&json!("staging"), &json!(run))
        );
        let request = format!("GET /repos/acme/api/actions/runs/{run}");
        let verdict = said["rules"][3]["verdict"]["verdict"].as_str().unwrap();
        let text = shell.say_with(&["explain", "-"], body).await.well();
        let told = format!("before it judges, the daemon\n  would read the run ({request})\n");
        match verdict {
            "matched" => assert_eq!(
                (&said["would_fetch"], text.contains("would read")),
                (&json!([]), false),
                "{event}"
            ),
            _ => {
                assert_eq!(said["would_fetch"], json!([{ "fact": "run", "request": request }]), "{event}");
                assert!(text.ends_with(&told), "{event}: {text}");
            }
        }
        let carries_actor = event == "deployment_review";
        assert_eq!(verdict, if carries_actor { "matched" } else { "unknown" }, "{event}");
    }
}

#[tokio::test]
async fn what_cannot_be_explained_is_said_in_words() {
    let shell = Shell::offline(RULES).await;
    let star = shell.say_with(&["explain", "-", "--event", "star"], b"{}".to_vec()).await.well();
    assert!(star.starts_with("no rule can listen to star"), "{star}");
    let run = shell.github.run(ci());
    let queued = shell.github.payload("workflow_job", "queued", run);
    let queued = shell.say_with(&["explain", "-"], queued).await.well();
    assert!(queued.contains("does not listen to workflow_job.queued"), "{queued}");
    let said = shell.say_with(&["explain", "-"], b"{\"zen\":\"\"}".to_vec()).await;
    said.refuses(2, &["cannot tell which event standard input is the payload of", "`--event NAME`"]);
    let said = shell.say_with(&["explain", "-", "--event", "workflow_run"], b"<html>".to_vec()).await;
    said.refuses(1, &["cannot read standard input as the payload of the event workflow_run"]);
    let said =
        shell.say_with(&["explain", "-"], b"{\"action\":\"completed\",\"workflow_run\":{}}".to_vec()).await;
    said.refuses(1, &["the payload's workflow_run has no id"]);
    shell.line("explain nowhere.json").await.refuses(1, &["cannot read nowhere.json"]);
}

// --- history ---

#[tokio::test]
async fn the_history_of_a_daemon_is_shown_filtered_and_explained_beside_it_and_after_it() {
    let shell = Shell::new(RULES).await;
    shell.github.repo("acme/web");
    shell.github.auto_finish(true);
    let daemon = shell.serve().await;
    let flaky = shell.github.run_to_end(ci().attempts(["failure", "success"]));
    let attempted = shell.github.wait_for(|github| github.attempt_of(flaky) == 2);
    timeout(PATIENCE, attempted).await.unwrap();
    let green = shell.github.run_to_end(RunSpec::new("acme/web", "ci.yml"));
    timeout(PATIENCE, shell.github.settle()).await.unwrap();
    let settled = |entries: &[Value]| {
        let is_settled = |entry: &Value| {
            let actions = entry["decisions"][0]["actions"].as_array();
            actions.is_some_and(|actions| actions.iter().all(|action| action["state"] == "done"))
        };
        entries.len() == 3 && entries.iter().all(is_settled)
    };
    let beside = shell.history_until(settled).await;
    daemon.stop().await;
    let after = shell.line("history --json").await.json();
    assert_eq!(after.as_array().unwrap(), &beside, "the same beside the daemon and after it");

    let runs: Vec<_> = beside.iter().map(|entry| &entry["decisions"][0]["facts"]["run"]["id"]).collect();
    assert_eq!(runs, [flaky, flaky, green], "the newest stands last");
    documented_keys(&beside[0]);
    assert_eq!(beside[0]["delivery"]["source"], "webhook");
    history_filters(&shell, &beside, flaky).await;
    let guid = beside[0]["delivery"]["guid"].as_str().unwrap();
    let told = shell.line(&format!("explain --delivery {guid}")).await.well();
    assert!(told.starts_with(&format!("delivery {guid} (workflow_run, webhook), received ")), "{told}");
    for words in [
        &format!("workflow_run.completed: run {flaky}, attempt 1 of acme/api\n"),
        "✓ rerun-failed-jobs: matched (all conditions hold)\n",
        "  → re-run the failed jobs: done (asked GitHub to re-run the failed jobs); attempt 2 passed\n",
        "✗ rerun-release: did not match (branch: expected release, observed main)\n",
    ] {
        assert!(told.contains(words), "{words}expected:\n{told}");
    }
    let mut bare = program(shell.folder.path());
    bare.env_clear().args(["history", "--json"]);
    assert_eq!(run_with(bare, None).json(), after, "looking needs no secrets");
    fs::remove_file(shell.path("config.yaml")).unwrap();
    let without_configuration = format!("explain --delivery {guid} --database runwarden.db --json");
    assert_eq!(shell.line(&without_configuration).await.json(), beside[0]);
    assert_eq!(shell.line("history --database runwarden.db --json").await.json(), after);
    let unknown = shell.line("explain --delivery no-such-guid --database runwarden.db").await;
    unknown.refuses(1, &["the ledger runwarden.db holds no delivery no-such-guid"]);
}

fn documented_keys(entry: &Value) {
    has_keys(entry, "delivery decisions unreadable");
    has_keys(&entry["delivery"], "guid source event received_at state reason tries due_at");
    let decision = &entry["decisions"][0];
    has_keys(decision, "decided_at requests asked facts verdicts actions");
    has_keys(
        &decision["facts"],
        "signal run environment protection_rule sender visibility archived default_branch reruns_by_us jobs",
    );
    has_keys(&decision["facts"]["run"], RUN_KEYS);
    has_keys(&decision["verdicts"][0], "rule verdict reason conditions");
    has_keys(&decision["verdicts"][0]["conditions"]["parts"][0], "word expected observed satisfied");
    let action = &decision["actions"][0];
    has_keys(
        action,
        "rule action params repository run attempt lane state reason due_at tries planned_at finished_at interrupted executions later",
    );
    has_keys(
        &action["params"],
        "scope delay_seconds backoff jitter_seconds debug_logging redeploy skip_guards",
    );
    has_keys(&action["executions"][0], "begun_at finished_at outcome detail requests");
    has_keys(&action["later"], "by_people by at attempt conclusion");
}

async fn history_filters(shell: &Shell, all: &[Value], flaky: u64) {
    for (filter, expected) in [
        ("--repo ACME/web".to_owned(), &all[2..]),
        ("--repo acme/none".to_owned(), &[]),
        (format!("--run {flaky}"), &all[..2]),
        ("--rule rerun-failed-jobs".to_owned(), &all[..1]),
        ("--since 1h".to_owned(), all),
        ("--since 2099-01-31".to_owned(), &[]),
        (format!("--run {flaky} --rule rerun-failed-jobs --repo acme/api --since 1h"), &all[..1]),
    ] {
        let shown = shell.line(&format!("history --json {filter}")).await.json();
        assert_eq!(shown.as_array().unwrap(), expected, "{filter}");
    }
    let newest = shell.line("history --json --limit 1").await.json();
    assert_eq!(newest.as_array().unwrap(), &all[2..]);
    let table = shell.line("history --guid").await.well();
    let rows = cells(&table);
    assert_eq!(
        rows[0],
        ["time", "delivery", "what", "repository", "run", "attempt", "rule → action", "outcome", "why"]
    );
    assert_eq!(rows.len(), 4, "{table}");
    let (guid, run) = (all[0]["delivery"]["guid"].as_str().unwrap(), flaky.to_string());
    let why = "asked GitHub to re-run the failed jobs; attempt 2 passed";
    let what = "workflow_run.completed failure";
    assert_eq!(rows[1][1..], [guid, what, "acme/api", &run, "1", "rerun-failed-jobs → rerun", "done", why]);
    assert!(rows[2].contains(&"no match"), "{table}");
    assert_eq!(
        shell.line("history --repo acme/none").await.well(),
        "the history holds nothing of the kind\n"
    );
    let cut = shell.line("history --limit 2").await;
    assert_eq!((cut.code, cells(&cut.out).len()), (0, 3), "{cut:?}");
    assert!(cut.err.contains("these are the newest 2 deliveries: `--limit N` shows more"), "{}", cut.err);
}

// --- runs: looking ---

#[tokio::test]
async fn runs_are_listed_by_every_filter() {
    let shell = Shell::new(NO_ACTION).await;
    let github = &shell.github;
    let id = github.workflow("acme/api", "nightly.yml", "Nightly Build");
    let at = |day: &str| format!("{day}T10:00:00Z").parse().unwrap();
    let others: Vec<u64> = (0..3).map(|_| github.past_run(ci().created_at(at("2026-11-01")))).collect();
    let wanted = RunSpec::new("acme/api", "nightly.yml")
        .branch("fix/ü & more")
        .event("schedule")
        .actor("dependabot[bot]");
    let wanted = github.past_run(wanted.sha("c0ffee").attempts(["failure"]).created_at(at("2026-11-20")));
    let id = id.to_string();
    for (option, value) in [
        ("--workflow", "nightly build"),
        ("--workflow", "nightly.yml"),
        ("--workflow", id.as_str()),
        ("--branch", "fix/ü & more"),
        ("--event", "schedule"),
        ("--status", "failure"),
        ("--actor", "dependabot[bot]"),
        ("--created", ">=2026-11-20T00:00:00+02:00"),
        ("--head-sha", "c0ffee"),
        ("--limit", "1"),
    ] {
        let listed = shell.say(["runs", "list", "acme/api", "--json", option, value]).await.json();
        let listed: Vec<_> =
            listed.as_array().unwrap().iter().map(|run| run["id"].as_u64().unwrap()).collect();
        assert_eq!(listed, [wanted], "{option} {value}");
    }
    let table = shell.line("runs list acme/api").await.well();
    let rows = cells(&table);
    assert_eq!(rows[0], ["run", "created", "workflow", "branch", "event", "attempt", "state", "actor"]);
    let id = wanted.to_string();
    let cells = [
        id.as_str(),
        "2026-11-20 10:00:00Z",
        "Nightly Build",
        "fix/ü & more",
        "schedule",
        "1",
        "failure",
        "dependabot[bot]",
    ];
    assert_eq!((rows[1].as_slice(), rows.len()), (&cells[..], 2 + others.len()), "{table}");
    let json = shell.line("runs list acme/api --json").await.json();
    has_keys(&json[0], RUN_KEYS);
    assert_eq!(shell.line("runs list acme/api --branch none").await.well(), "GitHub lists no such runs\n");
    let refused = shell.line("runs list acme/api --created yesterday").await;
    refused.refuses(
        1,
        &["cannot list the runs of acme/api: GitHub answered 422 (Validation Failed: \"created\""],
    );
    shell
        .line("runs list acme/none")
        .await
        .refuses(1, &["cannot list the runs of acme/none: ", "cannot be found"]);
}

#[tokio::test]
async fn a_run_its_attempts_its_jobs_and_its_gates_are_shown() {
    let shell = Shell::new(NO_ACTION).await;
    shell.github.auto_finish(true);
    let jobs = |conclusion: &str| {
        AttemptSpec::jobs([
            JobSpec::new("lint", "success"),
            JobSpec::new("test", conclusion).step("Unit tests", conclusion),
        ])
    };
    let run = shell.github.run_to_end(ci().attempt(jobs("failure")).attempt(jobs("success")));
    shell.github.person_reruns(run, "mallory").unwrap();
    let shown = shell.line(&format!("runs show acme/api {run}")).await.well();
    for (name, value) in [
        ("run", run.to_string().as_str()),
        ("attempt", "2"),
        ("conclusion", "success"),
        ("triggered by", "mallory"),
    ] {
        assert!(shown.contains(&format!("{name:<12}  {value}\n")), "{shown}");
    }
    let shown = shell.line(&format!("runs show acme/api {run} --json")).await.json();
    has_keys(&shown, RUN_KEYS);
    assert_eq!(
        (&shown["id"], &shown["attempt"], &shown["conclusion"]),
        (&json!(run), &json!(2), &json!("success"))
    );
    let first = shell.line(&format!("runs attempt acme/api {run} 1")).await.well();
    assert!(first.contains("conclusion    failure\n") && !first.contains("mallory"), "{first}");
    let first = shell.line(&format!("runs attempt acme/api {run} 1 --json")).await.json();
    assert_eq!((&first["attempt"], &first["conclusion"]), (&json!(1), &json!("failure")));
    let table = shell.line(&format!("runs jobs acme/api {run} --attempt 1")).await.well();
    let rows = cells(&table);
    assert_eq!(rows[0], ["job", "name", "state", "took", "runner", "failed steps"]);
    assert_eq!((rows[2][1], rows[2][2], rows[2].last()), ("test", "failure", Some(&"Unit tests")), "{table}");
    let latest = shell.line(&format!("runs jobs acme/api {run} --json")).await.json();
    let test = &latest[1];
    has_keys(
        test,
        "id name attempt status conclusion started_at completed_at labels runner_name steps annotations log",
    );
    has_keys(&test["steps"][0], "number name status conclusion started_at completed_at");
    assert_eq!(
        (&test["attempt"], &test["conclusion"], &test["labels"]),
        (&json!(2), &json!("success"), &json!(["ubuntu-latest"]))
    );
    gates_are_shown(&shell, run).await;
    assert_eq!(shell.github.writes().len(), 0);
    assert!(!shell.path("runwarden.db").exists(), "looking makes no ledger");
}

#[tokio::test]
async fn what_github_does_not_show_is_said_with_what_was_looked_for() {
    let shell = Shell::new(NO_ACTION).await;
    for (line, words) in [
        ("runs show acme/api 7", "cannot read run 7 of acme/api: GitHub answered 404 (Not Found)"),
        (
            "runs attempt acme/api 7 1",
            "cannot read attempt 1 of run 7 of acme/api: GitHub answered 404 (Not Found)",
        ),
        (
            "runs jobs acme/api 7",
            "cannot list the jobs of run 7 of acme/api: GitHub answered 404 (Not Found)",
        ),
        (
            "runs approvals acme/api 7",
            "cannot read the approvals of run 7 of acme/api: GitHub answered 404 (Not Found)",
        ),
        (
            "runs pending acme/api 7",
            "cannot read the pending deployments of run 7 of acme/api: GitHub answered 404 (Not Found)",
        ),
    ] {
        shell.line(line).await.refuses(1, &[words]);
    }
    let offline = Shell::offline(NO_ACTION).await;
    offline
        .line("runs show acme/api 7")
        .await
        .refuses(1, &["cannot read run 7 of acme/api: ", "cannot connect"]);
}

async fn gates_are_shown(shell: &Shell, without: u64) {
    let gated = shell.github.run(ci().environments(["staging", "production"]));
    shell.github.person_approves(gated, "staging", "mona").unwrap();
    let table = shell.line(&format!("runs pending acme/api {gated}")).await.well();
    assert_eq!(
        cells(&table),
        [&["environment", "may approve", "reviewers", "wait timer"][..], &["production", "yes", "1", "-"]]
    );
    let pending = shell.line(&format!("runs pending acme/api {gated} --json")).await.json();
    has_keys(
        &pending[0],
        "environment environment_id can_approve reviewers wait_timer_minutes wait_timer_started_at",
    );
    assert_eq!(
        (&pending[0]["environment"], &pending[0]["can_approve"]),
        (&json!("production"), &json!(true))
    );
    let table = shell.line(&format!("runs approvals acme/api {gated}")).await.well();
    assert_eq!(
        cells(&table),
        [&["environments", "state", "by", "comment"][..], &["staging", "approved", "mona", "Ship it!"]]
    );
    let given = shell.line(&format!("runs approvals acme/api {gated} --json")).await.json();
    assert_eq!(
        given,
        json!([{ "environments": ["staging"], "state": "approved", "user": "mona", "comment": "Ship it!" }])
    );
    let nobody = shell.line(&format!("runs approvals acme/api {without}")).await.well();
    assert_eq!(nobody, "nobody has reviewed a deployment of the run\n");
    let nowhere = shell.line(&format!("runs pending acme/api {without}")).await.well();
    assert_eq!(nowhere, "the run waits at no environment\n");
}

#[tokio::test]
async fn logs_become_a_file_that_is_there_whole_or_not_at_all_and_is_not_overwritten() {
    let shell = Shell::new(NO_ACTION).await;
    let attempt = |log: &str| AttemptSpec::jobs([JobSpec::new("build", "failure").log(log)]);
    let run =
        shell.github.run_to_end(ci().attempt(attempt("no space left")).attempt(attempt("out of memory")));
    shell.github.person_reruns(run, "mallory").unwrap();
    shell.github.finish(run);
    let job = shell.github.run_state(run).unwrap().jobs[0].id;
    for (options, file, begins, holds) in [
        (String::new(), format!("acme-api-{run}.zip"), "PK\u{3}\u{4}", "out of memory"),
        (" --attempt 1".to_owned(), format!("acme-api-{run}-attempt-1.zip"), "PK\u{3}\u{4}", "no space left"),
        (format!(" --job {job}"), format!("acme-api-{run}-job-{job}.log"), "20", "out of memory"),
        (" -o own.zip".to_owned(), "own.zip".to_owned(), "PK\u{3}\u{4}", "out of memory"),
    ] {
        let line = format!("runs logs acme/api {run}{options}");
        let said = shell.line(&line).await.well();
        assert!(said.starts_with(&format!("wrote {file} (")), "{said}");
        let text = String::from_utf8_lossy(&fs::read(shell.path(&file)).unwrap()).into_owned();
        assert!(text.starts_with(begins) && text.contains(holds), "{text}");
        let whole = fs::metadata(shell.path(&file)).unwrap().len();
        fs::write(shell.path(&file), "mine").unwrap();
        let asked = shell.github.requests().len();
        shell.line(&line).await.refuses(1, &[&format!("{file} is there already: `--force` overwrites it")]);
        assert_eq!(
            (fs::read_to_string(shell.path(&file)).unwrap().as_str(), shell.github.requests().len()),
            ("mine", asked)
        );
        let forced = shell.line(&format!("{line} --force --json")).await.json();
        assert_eq!(forced, json!({ "file": file, "bytes": whole }));
        assert_eq!(fs::metadata(shell.path(&file)).unwrap().len(), whole);
    }
    let files = |shell: &Shell| fs::read_dir(shell.folder.path()).unwrap().count();
    let before = files(&shell);
    shell.github.fault(Fault::on("GET", "/blobs/").drop_connection());
    let broken = shell.line(&format!("runs logs acme/api {run} -o broken.zip")).await;
    broken.refuses(1, &[&format!("cannot fetch the logs of run {run} of acme/api: ")]);
    shell.github.expire_logs(run);
    let gone = shell.line(&format!("runs logs acme/api {run} -o gone.zip")).await;
    gone.refuses(
        1,
        &["the logs are gone: GitHub answered 410 (Server Error)", "until they are deleted or expire"],
    );
    assert_eq!(files(&shell), before, "nothing is left of what failed");
}

// --- runs: acting ---

/// An order, the sentence that it ends in, and the action that the ledger names.
type Ordered = (String, String, &'static str);

/// Every command that acts, each on a run of its own.
fn orders(github: &Simulator) -> Vec<Ordered> {
    let failed = || github.run_to_end(ci().attempts(["failure"]));
    let job = |run| github.run_state(run).unwrap().jobs[0].id;
    let (whole, part, one, other) = (failed(), failed(), failed(), failed());
    let (one_job, other_job) = (job(one), job(other));
    let (running, kept, gone) = (github.run(ci()), github.run_to_end(ci()), github.run_to_end(ci()));
    let (single, both) = (
        github.run(ci().environments(["staging"])),
        github.run(ci().environments(["staging", "production"])),
    );
    let rejected = github.run(ci().environments(["staging"]));
    let of = |run: u64| format!("run {run} of acme/api: done");
    let rerun_of_job = |arguments: String, job: u64, run: u64| {
        let sentence = format!("re-run of job {job} of {} (asked GitHub to re-run job {job})", of(run));
        (format!("rerun-job acme/api {arguments}"), sentence, "rerun")
    };
    vec![
        (
            format!("rerun acme/api {whole}"),
            format!("re-run of {} (asked GitHub to re-run the run)", of(whole)),
            "rerun",
        ),
        (
            format!("rerun-failed acme/api {part} --debug-logging"),
            format!("re-run of the failed jobs of {} (asked GitHub to re-run the failed jobs)", of(part)),
            "rerun",
        ),
        rerun_of_job(one_job.to_string(), one_job, one),
        rerun_of_job(format!("{other} {other_job}"), other_job, other),
        (
            format!("cancel acme/api {running}"),
            format!("cancellation of {} (asked GitHub to cancel the run)", of(running)),
            "cancel",
        ),
        (
            format!("approve acme/api {single}"),
            format!("approval of staging for {} (approved staging)", of(single)),
            "approve_deployment",
        ),
        (
            format!("approve acme/api {both} --environment production --comment fine"),
            format!("approval of production for {} (approved production)", of(both)),
            "approve_deployment",
        ),
        (
            format!("reject acme/api {rejected}"),
            format!("rejection of staging for {} (rejected staging)", of(rejected)),
            "reject_deployment",
        ),
        (
            format!("delete acme/api {gone}"),
            format!("deletion of {} (deleted the run)", of(gone)),
            "delete_run",
        ),
        (
            format!("delete-logs acme/api {kept}"),
            format!("deletion of the logs of {} (deleted the run's logs)", of(kept)),
            "delete_logs",
        ),
    ]
}

/// Gives every order and compares what is said, what GitHub was asked for, and what the history says.
async fn orders_are_carried_out(shell: &Shell) {
    let orders = orders(&shell.github);
    for (order, sentence, _) in &orders {
        assert_eq!(shell.line(&format!("runs {order}")).await.well(), format!("{sentence}\n"));
    }
    let writes = shell.github.writes();
    let paths: Vec<&str> = writes.iter().map(|write| write.path.rsplit('/').next().unwrap()).collect();
    let expected = [
        "rerun",
        "rerun-failed-jobs",
        "rerun",
        "rerun",
        "cancel",
        "pending_deployments",
        "pending_deployments",
        "pending_deployments",
    ];
    assert_eq!(paths[..8], expected);
    assert!(
        writes[..8].iter().all(|write| write.method == "POST")
            && writes[8..].iter().all(|write| write.method == "DELETE")
    );
    assert_eq!((writes[0].body.as_str(), writes[1].body.as_str()), ("", r#"{"enable_debug_logging":true}"#));
    let comments: Vec<Value> =
        writes[5..8].iter().map(|write| serde_json::from_str(&write.body).unwrap()).collect();
    let comments: Vec<&Value> = comments.iter().map(|body: &Value| &body["comment"]).collect();
    assert_eq!(comments, ["approved by hand with runwarden", "fine", "rejected by hand with runwarden"]);

    let history = shell.line("history --json").await.json();
    let entries = history.as_array().unwrap();
    assert_eq!((entries.len(), writes.len()), (orders.len(), orders.len()), "{history:#}");
    for (entry, (order, _, action)) in entries.iter().zip(&orders) {
        let (delivery, decision) = (&entry["delivery"], &entry["decisions"][0]);
        let facts = &decision["facts"];
        assert_eq!(
            (&delivery["source"], &delivery["event"], &delivery["state"]),
            (&json!("command"), &json!("command"), &json!("decided")),
            "{order}"
        );
        assert_eq!((&facts["signal"], &facts["sender"]), (&json!("command"), &json!("alice")), "{order}");
        let done = &decision["actions"][0];
        assert_eq!(
            (&done["rule"], &done["action"], &done["state"]),
            (&json!("command"), &json!(action), &json!("done")),
            "{order}"
        );
        assert_eq!(done["executions"].as_array().unwrap().len(), 1, "{order}");
    }
    let table = shell.line("history").await.well();
    assert_eq!(table.matches("command by alice").count(), orders.len(), "{table}");
}

#[tokio::test]
async fn orders_are_carried_out_through_the_ledger_without_a_daemon() {
    let shell = Shell::new(NO_ACTION).await;
    orders_are_carried_out(&shell).await;
    let run = shell.github.run_to_end(ci().attempts(["failure"]));
    let entry = shell.line(&format!("runs rerun acme/api {run} --json")).await.json();
    assert_eq!(
        (&entry["delivery"]["source"], &entry["decisions"][0]["actions"][0]["state"]),
        (&json!("command"), &json!("done"))
    );
    assert_eq!(shell.line("history --json --limit 1").await.json()[0], entry);
    assert_eq!(shell.github.attempt_of(run), 2);
    assert!(shell.github.unknown_routes().is_empty());
}

#[tokio::test]
async fn orders_are_carried_out_by_the_daemon_that_runs() {
    let shell = Shell::new(NO_ACTION).await;
    let daemon = shell.serve().await;
    orders_are_carried_out(&shell).await;
    let log = daemon.log();
    let carried_out = log.lines().filter(|line| line.contains(" of acme/api: done (")).count();
    assert_eq!(carried_out, 10, "the daemon did them all: {log}");
    daemon.stop().await;
}

#[tokio::test]
async fn an_order_that_the_daemon_has_not_finished_in_time_ends_with_1_and_is_finished_later() {
    let shell = Shell::new(NO_ACTION).await;
    let daemon = shell.serve().await;
    let run = shell.github.run_to_end(ci().attempts(["failure"]));
    let held = shell.github.fault(Fault::on("POST", "/rerun").hold());
    let said = shell.line(&format!("runs rerun acme/api {run} --wait 0s")).await;
    assert_eq!((said.code, said.err.as_str()), (1, ""), "{said:?}");
    let begins = format!("re-run of run {run} of acme/api: not done yet: ");
    assert!(
        said.out.starts_with(&begins) && said.out.ends_with("; the daemon goes on trying\n"),
        "{}",
        said.out
    );
    timeout(PATIENCE, shell.github.wait_for(|github| github.fault_hits(held) == 1)).await.unwrap();
    assert_eq!(shell.github.attempt_of(run), 1);
    shell.github.release(held);
    shell.history_until(|entries| entries[0]["decisions"][0]["actions"][0]["state"] == "done").await;
    assert_eq!((shell.github.attempt_of(run), shell.github.writes().len()), (2, 1));
    daemon.stop().await;
}

#[tokio::test]
async fn an_order_that_is_not_carried_out_ends_with_1_and_words() {
    let shell = Shell::new(NO_ACTION).await;
    let github = &shell.github;
    let (running, green) = (github.run(ci()), github.run_to_end(ci()));
    let stillborn = github.run_to_end(ci().attempts(["startup_failure"]));
    let forbidden = github.run_to_end(ci());
    github.fault(Fault::on("DELETE", format!("/runs/{forbidden}")).always().answer(Answer::forbidden()));
    let not_completed = "refused: the run is in_progress, not completed";
    for (order, run, words) in [
        (
            "rerun",
            running,
            "not done yet: the run is in_progress, not completed; a daemon goes on trying once it runs",
        ),
        ("rerun-failed", green, "refused: the run concluded success: it has no failed jobs"),
        ("rerun", stillborn, "refused: GitHub cannot re-run a run that failed to start"),
        ("delete", running, not_completed),
        ("delete-logs", running, not_completed),
        ("delete", forbidden, "failed: GitHub answered 403 (Resource not accessible by integration)"),
        ("cancel", 7, "not done: GitHub shows no run 7 in acme/api"),
    ] {
        let said = shell.line(&format!("runs {order} acme/api {run}")).await;
        assert_eq!((said.code, said.err.as_str()), (1, ""), "{said:?}");
        assert!(
            said.out.ends_with(&format!("run {run} of acme/api: {words}\n")),
            "{words} expected: {}",
            said.out
        );
        let json = shell.line(&format!("runs {order} acme/api {run} --json")).await;
        assert_eq!((json.code, json.err.as_str()), (1, ""), "{json:?}");
        documented_entry(&serde_json::from_str(&json.out).unwrap());
    }
    let over = shell.line(&format!("runs cancel acme/api {green}")).await.well();
    assert!(over.ends_with("done (the run is already completed)\n"), "what was wanted is so: {over}");
    let writes = github.writes();
    assert!(writes.iter().all(|write| write.path.ends_with(&format!("/{forbidden}"))), "{writes:?}");
    shell
        .line("runs rerun-job acme/api 7")
        .await
        .refuses(1, &["cannot read job 7 of acme/api: GitHub answered 404 (Not Found)"]);
    let stranger = shell.line("runs cancel acme/none 7").await;
    assert!(stranger.code == 1 && stranger.out.contains("not done"), "{stranger:?}");
}

fn documented_entry(entry: &Value) {
    has_keys(entry, "delivery decisions unreadable");
    assert_eq!(entry["delivery"]["source"], "command");
}

#[tokio::test]
async fn a_review_is_given_only_where_the_run_waits_and_only_with_a_reviewers_token() {
    let shell = Shell::new(NO_ACTION).await;
    let (green, both) =
        (shell.github.run_to_end(ci()), shell.github.run(ci().environments(["staging", "production"])));
    let approve = |rest: String| format!("runs approve acme/api {rest}");
    shell
        .line(&approve(green.to_string()))
        .await
        .refuses(1, &[&format!("run {green} of acme/api waits at no environment")]);
    let several = shell.line(&approve(both.to_string())).await;
    several.refuses(
        2,
        &["waits at 2 environments: say which with `--environment NAME`", "staging ", "production "],
    );
    let other = shell.line(&approve(format!("{both} --environment prod"))).await;
    other.refuses(1, &["does not wait at prod", "staging ", "production "]);
    let yaml = configuration(&shell.github.api_url(), NO_ACTION);
    let reviewer = "  reviewer: { token: { env: REVIEWER } }\n";
    assert!(yaml.contains(reviewer), "{yaml}");
    shell.configure(&yaml.replace(reviewer, ""));
    let alone = shell.line(&approve(format!("{both} --environment staging"))).await;
    alone.refuses(3, &["configure the token of a required reviewer"]);
    assert_eq!(shell.github.writes().len(), 0);
    assert!(!shell.path("runwarden.db").exists(), "nothing was ordered");
}

// --- pipes and the demo ---

#[tokio::test]
async fn a_reader_that_has_seen_enough_ends_a_command_quietly() {
    let shell = Shell::new(NO_ACTION).await;
    for _ in 0..300 {
        shell.github.past_run(ci());
    }
    for line in ["runs list acme/api --limit 300 --json", "runs list acme/api --limit 300", "check", "--help"]
    {
        let mut child = program(shell.folder.path()).args(line.split_whitespace()).spawn().unwrap();
        // What is printed to it is more than a pipe holds, or comes long after this.
        drop(child.stdout.take());
        let ended = spawn_blocking(move || child.wait_with_output().unwrap()).await.unwrap();
        assert_eq!(
            (ended.status.code(), String::from_utf8(ended.stderr).unwrap().as_str()),
            (Some(0), ""),
            "{line}"
        );
    }
}

#[test]
fn the_demo_tells_its_story_and_leaves_nothing_behind() {
    let folder = TempDir::new().unwrap();
    let told = say(folder.path(), &["demo", "--once"]).well();
    for words in [
        "1. A flaky run",
        "was re-run until it was green, on attempt 3.",
        "5. GitHub delivers",
        "How long each reaction took:",
    ] {
        assert!(told.contains(words), "{words:?} expected:\n{told}");
    }
    assert!(
        told.contains("rerun-failed-jobs → rerun") && told.contains("purge-old-runs → delete_run"),
        "{told}"
    );
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

// --- test ---

const FAILING: &str = include_str!("../fixtures/config/failing-test.yaml");

#[test]
fn a_failed_test_shows_what_differs_and_the_rule_at_fault() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("config.yaml"), FAILING).unwrap();
    let said = say(folder.path(), &["test"]);
    assert_eq!((said.code, said.err.as_str()), (4, ""), "{said:?}");
    assert_eq!(
        said.out,
        "config.yaml
  ✗ one job failed (line 10)
      expected and not done: rerun-failed-jobs → rerun { scope: run } (scope is failed_jobs and not run)
      done and not expected: rerun-failed-jobs → rerun { scope: failed_jobs, delay: 30s, debug_logging: false }
      ✓ rerun-failed-jobs: matched (all conditions hold)
          condition    expected   observed
        ✓ repository   acme/*     acme/api
        ✓ conclusion   failure    failure
        ✓ run_attempt  below 3    1
        ✓ failed_jobs
          ✓ count      at most 1  1
  ✓ two jobs failed
  ✗ the jobs are not known (line 17)
      rerun-failed-jobs cannot tell: failed_jobs: not known: the test does not give it
      ? rerun-failed-jobs: cannot tell (failed_jobs: not known: the test does not give it)
          condition    expected  observed
        ✓ repository   acme/*    acme/api
        ✓ conclusion   failure   failure
        ✓ run_attempt  below 3   1
        ? failed_jobs            not known: the test does not give it
1 test passed, 2 failed
"
    );
    let json: Value = serde_json::from_str(&say(folder.path(), &["test", "--json"]).out).unwrap();
    let tests = &json[0]["tests"];
    assert_eq!((&tests[0]["passed"], &tests[1]["passed"]), (&json!(false), &json!(true)));
    assert_eq!((&tests[2]["line"], &json[0]["problems"]), (&json!(17), &Value::Null));
    assert_eq!(tests[2]["verdicts"][0]["verdict"], "unknown");
}

#[test]
fn tests_of_a_folder_are_found_and_broken_files_outweigh_failed_tests() {
    let folder = TempDir::new().unwrap();
    let below = folder.path().join("rules/below");
    fs::create_dir_all(&below).unwrap();
    let good = FAILING.split("tests:").next().unwrap();
    fs::write(below.join("untested.yaml"), good).unwrap();
    fs::write(below.join("notes.txt"), "not a configuration").unwrap();
    let said = say(folder.path(), &["test", "rules"]).well();
    assert_eq!(said, "rules/below/untested.yaml\n  has no tests\n0 tests passed\n");
    fs::write(folder.path().join("rules/a.yaml"), FAILING).unwrap();
    assert_eq!(say(folder.path(), &["test", "rules"]).code, 4);
    fs::write(below.join("broken.yml"), good.replace("when:", "wehn:")).unwrap();
    let said = say(folder.path(), &["test", "rules"]);
    assert_eq!(said.code, 3);
    assert!(
        said.out.contains("did you mean `when`?") && said.out.contains("1 file is broken"),
        "{}",
        said.out
    );
    assert_eq!(say(folder.path(), &["test", "nowhere.yaml"]).code, 3);
}

#[tokio::test]
async fn a_test_takes_a_payload_and_lays_over_it_what_it_gives() {
    let shell = Shell::offline(RULES).await;
    failed_payload(&shell).await;
    let tests = r#"
tests:
  - name: as it came
    given: { payload: payload.json, triggering_actor: octocat }
    expect: [{ rule: rerun-failed-jobs, action: rerun, delay: 30ms }]
  - name: on its third attempt
    given: { payload: payload.json, triggering_actor: octocat, run_attempt: 3 }
    expect: nothing
    because: run_attempt
  - name: a payload that is not there
    given: { payload: nowhere.json }
    expect: nothing
"#;
    shell.configure(&format!("{}{tests}", configuration("http://127.0.0.1:1/api/v3", RULES)));
    let said = shell.line("test").await;
    assert_eq!(said.code, 4, "{said:?}");
    assert!(said.out.contains("✓ as it came\n  ✓ on its third attempt\n  ✗ a payload"), "{}", said.out);
    assert!(said.out.contains("cannot read"), "{}", said.out);
}
