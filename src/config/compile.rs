//! From a file's text to a `Config`, or to everything that is wrong with it.

use std::{fs, io::Read as _, path::Path};

use super::{
    breaker,
    channels::Channels,
    checks,
    examples::{self, Known},
    fields::Fields,
    github, limits,
    problem::{Problems, Severity},
    report::{At, Report},
    rule::Draft,
    secret::{Secrets, World},
    sections,
    settings::{Config, GitHubSettings},
    signatures,
    tree::{self, Kind, Node},
    values, vocabulary,
};
use crate::rules::{Ceilings, Mode, Ruleset};

/// A larger file is not a configuration.
const LARGEST_BYTES: usize = 1 << 20;

const START_HELP: &str = "start from config.example.yaml";

/// A configuration that can be run with.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// What it says.
    pub config: Config,
    /// What is probably not meant.
    pub warnings: Problems,
}

/// Reads and compiles a file. Relative paths in it start from its folder.
///
/// # Errors
/// Everything that is wrong with it, if anything keeps it from being run with.
pub fn load(path: &Path, env: &dyn Fn(&str) -> Option<String>) -> Result<Loaded, Problems> {
    load_from(path, env, Secrets::All)
}

/// Reads and compiles a file with no more of its secrets than reading from GitHub takes: `github.token` or
/// `github.app`, and `github.ca_file`.
///
/// # Errors
/// Everything else that is wrong with it.
pub fn load_to_read(path: &Path, env: &dyn Fn(&str) -> Option<String>) -> Result<Loaded, Problems> {
    load_from(path, env, Secrets::OfReading)
}

/// Reads and compiles a file without reading its secrets, for what only judges or looks things up: where a rule
/// is tried out, the secrets are not at hand.
///
/// # Errors
/// Everything else that is wrong with it.
pub fn load_without_secrets(path: &Path) -> Result<Loaded, Problems> {
    load_from(path, &|_| None, Secrets::None)
}

fn load_from(
    path: &Path,
    env: &dyn Fn(&str) -> Option<String>,
    secrets: Secrets,
) -> Result<Loaded, Problems> {
    let name = path.display().to_string();
    let refuse = |message: String, remedy: &str| Problems::of_file(&name, message, remedy);
    let bytes = read(path).map_err(|error| {
        refuse(
            format!("cannot read the configuration: {error}"),
            "check the path and that runwarden's user may read it",
        )
    })?;
    let source = String::from_utf8(bytes).map_err(|error| {
        let line =
            error.as_bytes().iter().take(error.utf8_error().valid_up_to()).filter(|b| **b == b'\n').count()
                + 1;
        refuse(format!("the configuration is not UTF-8, from line {line} on"), "save it as UTF-8")
    })?;
    let folder = path.parent().unwrap_or(Path::new(""));
    compile_in(&source, &name, World { folder, env, secrets, channels: &[] })
}

fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    fs::File::open(path)?.take(LARGEST_BYTES as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Compiles a configuration's text. `name` is what messages call it; relative paths start from `folder`.
///
/// # Errors
/// Everything that is wrong with it, if anything keeps it from being run with.
pub fn compile(
    source: &str,
    name: &str,
    folder: &Path,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<Loaded, Problems> {
    compile_in(source, name, World { folder, env, secrets: Secrets::All, channels: &[] })
}

fn compile_in(source: &str, name: &str, world: World<'_>) -> Result<Loaded, Problems> {
    if source.len() > LARGEST_BYTES {
        let message = format!("the configuration is larger than {LARGEST_BYTES} bytes");
        return Err(Problems::of_file(name, message, START_HELP));
    }
    let source = source.trim_start_matches('\u{feff}');
    let mut report = Report::new(name, source);
    let config = match tree::parse(source) {
        Ok(Some(root)) => config(&mut report, &root, world),
        Ok(None) => {
            return Err(Problems::of_file(name, "the configuration is empty", START_HELP));
        }
        Err(error) => {
            report.syntax(error);
            None
        }
    };
    let refused = report.has_errors();
    let problems = report.finish();
    match config {
        Some(config) if !refused => Ok(Loaded { config, warnings: problems }),
        _ => Err(problems),
    }
}

fn config(report: &mut Report<'_>, root: &Node, world: World<'_>) -> Option<Config> {
    let root = At::root(root);
    if !matches!(root.node.kind, Kind::Map(_)) {
        report.error(&root, format!("expected a map, found {}", root.node.kind.describe()), START_HELP);
        return None;
    }
    let fields = Fields::open(report, &root, vocabulary::ROOT)?;
    let server = sections::server(report, fields.get("server").as_ref());
    let webhook = section(report, &fields, "webhook", sections::WEBHOOK_HELP)
        .and_then(|at| sections::webhook(report, &at, world.of_acting()));
    let github =
        section(report, &fields, "github", github::HELP).and_then(|at| github::github(report, &at, world));
    let database = sections::database(report, fields.get("database").as_ref(), world);
    let log = sections::log(report, fields.get("log").as_ref());
    let mode = fields.get("mode").map_or(Some(Mode::default()), |at| values::word(report, &at, &Mode::WORDS));
    let ceilings = match fields.get("limits") {
        None => Some(Ceilings::default()),
        Some(at) => limits::ceilings(report, &at),
    };
    signatures::signatures(report, fields.get("signatures").as_ref());
    let mut channels = Channels::read(report, fields.get("channels").as_ref(), world.of_acting());
    let names = channels.names();
    let world = World { channels: &names, ..world };
    let rules = fields.get("rules");
    let breaker = match fields.get("breaker") {
        None => Some(None),
        Some(at) => breaker::breaker(report, &at, &names).map(Some),
    };
    let told = breaker.iter().flatten().filter_map(|breaker| breaker.notify.as_ref());
    channels.are_told(told.map(|notify| notify.to.clone()));
    let frame = (mode.unwrap_or_default(), ceilings.unwrap_or_default());
    let tests = fields.get("tests");
    let read = ruleset(report, rules.as_ref(), frame, (github.as_ref(), &channels), world);
    let (ruleset, examples) = read.map_or((None, None), |(ruleset, known)| {
        let examples = tests.map_or(Some(Vec::new()), |at| examples::examples(report, &at, &known, world));
        (Some(Ruleset { rules: known.rules, ..ruleset }), examples)
    });
    Some(Config {
        server: server?,
        webhook: webhook?,
        github: github?,
        channels: channels.into_settings()?,
        database: database?,
        log: log?,
        ruleset: Ruleset { breaker: breaker?, ..ruleset.filter(|_| ceilings.is_some())? },
        examples: examples?,
    })
}

fn section<'a>(report: &mut Report<'_>, fields: &Fields<'a>, name: &str, remedy: &str) -> Option<At<'a>> {
    let found = fields.get(name);
    if found.is_none() && !fields.is_misspelled(name) {
        report.missing(Severity::Error, name, &format!("`{name}` is missing"), remedy);
    }
    found
}

fn ruleset(
    report: &mut Report<'_>,
    at: Option<&At<'_>>,
    (mode, ceilings): (Mode, Ceilings),
    (github, channels): (Option<&GitHubSettings>, &Channels<'_>),
    world: World<'_>,
) -> Option<(Ruleset, Known)> {
    const NO_RULES: &str = "no rules: webhooks are answered and counted, and nothing is kept or done";
    let items = match at {
        None => {
            report.missing(Severity::Warning, "rules", NO_RULES, "add `rules`");
            Vec::new()
        }
        Some(at) if matches!(&at.node.kind, Kind::List(items) if items.is_empty()) => {
            report.warn(at, NO_RULES, "add a rule");
            Vec::new()
        }
        Some(at) => values::list(report, at, "rules")?,
    };
    let drafts: Vec<Draft> = items.iter().filter_map(|item| Draft::read(report, item, world)).collect();
    checks::check(report, &drafts, ceilings, github);
    channels.check_used(report, &drafts);
    let names: Vec<_> = drafts.iter().filter_map(|draft| Some(draft.name.as_ref()?.0.clone())).collect();
    let is_complete = names.len() == items.len();
    let rules = drafts.into_iter().filter_map(Draft::into_rule).collect();
    let ruleset = Ruleset { mode, rules: Vec::new(), ceilings, breaker: None };
    Some((ruleset, Known { rules, names, is_complete }))
}
