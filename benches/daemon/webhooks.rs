//! Webhooks made before the clock starts: each with its own run, commit, title and times, signed, as bytes.

use runwarden::simulator::{RunSpec, Simulator, sign};
use serde_json::Value;

use crate::stage::SECRET;

/// Repositories that the webhooks come from.
const REPOSITORIES: usize = 24;

/// Of so many runs one has failed.
const FAILED_EVERY: usize = 5;

/// One webhook.
pub(crate) struct Webhook {
    /// The whole request.
    pub(crate) request: Vec<u8>,
    /// Its guid.
    pub(crate) guid: String,
    body_at: usize,
}

impl Webhook {
    /// A signed request with that body.
    pub(crate) fn new(event: &str, guid: String, body: &[u8]) -> Self {
        let head = format!(
            "POST /webhooks/github HTTP/1.1\r\nhost: hooks.example.com\r\naccept: */*\r\n\
             user-agent: GitHub-Hookshot/7a1b2c3\r\ncontent-type: application/json\r\n\
             x-github-delivery: {guid}\r\nx-github-event: {event}\r\nx-github-hook-id: 488117204\r\n\
             x-github-hook-installation-target-id: 1105204\r\n\
             x-github-hook-installation-target-type: integration\r\nx-hub-signature-256: {}\r\n\
             content-length: {}\r\n\r\n",
            sign(SECRET, body),
            body.len()
        );
        let body_at = head.len();
        let mut request = head.into_bytes();
        request.extend_from_slice(body);
        Self { request, guid, body_at }
    }

    /// Its body.
    pub(crate) fn body(&self) -> &[u8] {
        self.request.get(self.body_at..).unwrap_or_default()
    }
}

/// A body whose peculiarities can be exchanged.
struct Template {
    text: String,
    run: String,
    suite: String,
}

/// What stands in a template for what differs.
const SHA: &str = "5ca1ab1e5ca1ab1e5ca1ab1e5ca1ab1e5ca1ab1e";
const TITLE: &str = "Handle the retries of payments";
const CREATED: &str = "2026-11-22T08:15:42Z";

/// So many distinct webhooks `workflow_run` `completed` of about 20 KB.
pub(crate) async fn completed_runs(count: usize) -> anyhow::Result<Vec<Webhook>> {
    let github = Simulator::start().await?;
    let templates = (0..REPOSITORIES * FAILED_EVERY).map(|n| template(&github, n));
    let templates = templates.collect::<anyhow::Result<Vec<_>>>()?;
    let all = templates.iter().cycle().take(count).enumerate();
    Ok(all
        .map(|(n, template)| Webhook::new("workflow_run", guid(n), template.filled(n).as_bytes()))
        .collect())
}

/// A guid in GitHub's form.
pub(crate) fn guid(n: usize) -> String {
    let digits = scramble(n);
    let part = |from: usize, to: usize| digits.get(from..to).unwrap_or_default();
    format!("{}-{}-{}-{}-{}", part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32))
}

/// Forty digits that look like a commit.
fn scramble(n: usize) -> String {
    let mut state = n as u64 ^ 0x9e37_79b9_7f4a_7c15;
    let mut word = || {
        // SplitMix64.
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    };
    format!("{:016x}{:016x}{:08x}", word(), word(), word() >> 32)
}

fn template(github: &Simulator, n: usize) -> anyhow::Result<Template> {
    let conclusion = if n.is_multiple_of(FAILED_EVERY) { "failure" } else { "success" };
    let repository = format!("contoso-engineering/payments-service-{:02}", n % REPOSITORIES);
    let actor = ["hubot", "mona-lisa", "renovate[bot]", "grace-hopper", "dependabot[bot]"];
    github.workflow(&repository, "ci.yml", "Continuous integration");
    let spec = RunSpec::new(&repository, "ci.yml")
        .branch(format!("feature/PAY-{}-retries", 1_000 + n))
        .event(if n.is_multiple_of(3) { "pull_request" } else { "push" })
        .actor(actor.get(n % actor.len()).copied().unwrap_or("octocat"))
        .title(TITLE)
        .sha(SHA)
        .created_at(CREATED.parse()?)
        .attempts([conclusion]);
    let run = github.run_to_end(spec);
    let body = serde_json::from_slice(&github.payload("workflow_run", "completed", run))?;
    let mut text = String::new();
    write_in_githubs_order(&body, &mut text);
    // The addresses of github.com instead of the simulator's.
    let text = text.replace(&github.api_url(), "https://api.github.com");
    let base = github.api_url().replace("/api/v3", "");
    let text = text.replace(&base, "https://github.com");
    let json: Value = serde_json::from_str(&text)?;
    let suite = json.pointer("/workflow_run/check_suite_id").map(ToString::to_string).unwrap_or_default();
    Ok(Template { text, run: run.to_string(), suite })
}

/// The simulator's objects are in alphabetical order and GitHub's are not, which matters to whatever compresses them.
/// The stored example knows GitHub's order.
fn write_in_githubs_order(value: &Value, text: &mut String) {
    const EXAMPLE: &str = include_str!("../../src/store/body_dictionary.json");
    match value {
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_by_key(|(name, _)| EXAMPLE.find(&format!("\"{name}\":")).unwrap_or(EXAMPLE.len()));
            text.push('{');
            for (n, (name, value)) in fields.into_iter().enumerate() {
                text.push_str(if n == 0 { "" } else { "," });
                text.push_str(&format!("\"{name}\":"));
                write_in_githubs_order(value, text);
            }
            text.push('}');
        }
        Value::Array(items) => {
            text.push('[');
            for (n, item) in items.iter().enumerate() {
                text.push_str(if n == 0 { "" } else { "," });
                write_in_githubs_order(item, text);
            }
            text.push(']');
        }
        plain => text.push_str(&plain.to_string()),
    }
}

impl Template {
    fn filled(&self, n: usize) -> String {
        let (minute, second) = ((n / 60) % 60, n % 60);
        self.text
            .replace(&self.run, &(19_700_000_000 + n * 37).to_string())
            .replace(&self.suite, &(51_300_000_000 + n * 41).to_string())
            .replace(SHA, &scramble(n))
            .replace(TITLE, &format!("Handle case {n} of {}", scramble(n).get(..9).unwrap_or_default()))
            .replace(CREATED, &format!("2026-11-22T08:{minute:02}:{second:02}Z"))
    }
}
