//! What a test gives of runs beside the run and of earlier acts.

use crate::{
    config::{
        fields::Fields,
        report::{At, Report},
        tree::Kind,
        values, vocabulary,
    },
    model::{Act, Fact, Facts, PullRequest, RuleName, RunId, RunSnapshot, Said, Timestamp, Underway},
};

/// More are no example.
const MOST: u32 = 1_000;

/// What goes on around a run, and what has been done to it.
#[derive(Debug, Clone, Default)]
pub(super) struct Own {
    base: Option<String>,
    pulls: Option<Vec<GivenPull>>,
    said: Option<Said>,
    running: Option<u32>,
    acted: Option<Vec<Act>>,
}

impl Own {
    /// What a map tells of it.
    pub(super) fn read(report: &mut Report<'_>, fields: &Fields<'_>, now: Timestamp) -> Option<Self> {
        let base = fields.get("base").map(|at| values::text(report, &at).map(ToOwned::to_owned));
        let running = fields.get("running").map(|at| values::count(report, &at, 0));
        let acted = fields.get("acted").map(|at| acts(report, &at, now));
        let pulls = fields.get("pull_request").map(|at| pull(report, &at));
        let said = ["review", "comment"].into_iter().find_map(|word| fields.get(word));
        let said = said.map(|at| said_of(report, &at));
        Some(Self {
            said: said.map_or(Some(None), |said| said.map(Some))?,
            pulls: pulls.map_or(Some(None), |pulls| pulls.map(Some))?,
            base: base.map_or(Some(None), |base| base.map(Some))?,
            running: running.map_or(Some(None), |running| running.map(Some))?,
            acted: acted.map_or(Some(None), |acted| acted.map(Some))?,
        })
    }

    /// The same, and what the other tells beside.
    pub(super) fn over(self, other: &Self) -> Self {
        Self {
            pulls: self.pulls.or_else(|| other.pulls.clone()),
            said: self.said.or_else(|| other.said.clone()),
            base: self.base.or_else(|| other.base.clone()),
            running: self.running.or(other.running),
            acted: self.acted.or_else(|| other.acted.clone()),
        }
    }

    /// Puts it into the facts.
    pub(super) fn tell(self, facts: &mut Facts, now: Timestamp) {
        facts.said = self.said.map(Box::new);
        if let Some(pulls) = self.pulls {
            let base = pulls.first().and_then(|given| given.pull.base.clone());
            if pulls.is_empty() || base.is_some() {
                facts.details.base = Fact::Known(base);
            }
            let run = &mut facts.run;
            if pulls.iter().any(|given| given.head_is_current.is_some()) {
                run.head_sha.get_or_insert_with(|| "0".repeat(40));
            }
            if pulls.iter().any(|given| given.changed_since.is_some()) {
                run.updated_at.get_or_insert(now);
            }
            let run = &facts.run;
            facts.details.pulls = Fact::Known(pulls.into_iter().map(|given| given.of(run, now)).collect());
        }
        if let Some(base) = self.base {
            facts.details.base = Fact::Known(Some(base));
        }
        if let Some(running) = self.running {
            let base = match &facts.details.base {
                Fact::NotAsked => Fact::Known(None),
                told => told.clone(),
            };
            let other = |id: u32| Underway {
                run: RunId(-i64::from(id)),
                base: base.clone(),
                ..Underway::from(&facts.run)
            };
            facts.details.underway = Fact::Known((1..=running.min(MOST)).map(other).collect());
        }
        if let Some(acted) = self.acted {
            facts.details.acts = Fact::Known(acted);
        }
    }
}

/// A pull request, and how it stands to the run.
#[derive(Debug, Clone)]
struct GivenPull {
    pull: PullRequest,
    head_is_current: Option<bool>,
    changed_since: Option<bool>,
}

impl GivenPull {
    fn of(self, run: &RunSnapshot, now: Timestamp) -> PullRequest {
        let own = run.head_sha.clone();
        let changed = run.updated_at.unwrap_or(now);
        let mut files = self.pull.files;
        if let Fact::Known(changed) = &mut files {
            changed.head_sha.clone_from(&own);
        }
        PullRequest {
            files,
            head_sha: self.head_is_current.and_then(|is| if is { own } else { Some("another".to_owned()) }),
            updated_at: self.changed_since.map(|since| if since { changed + SECOND } else { changed }),
            ..self.pull
        }
    }
}

const SECOND: std::time::Duration = std::time::Duration::from_secs(1);

/// The map under `pull_request`; `null` says that there is none.
fn pull(report: &mut Report<'_>, at: &At<'_>) -> Option<Vec<GivenPull>> {
    if matches!(at.node.kind, Kind::Null) {
        return Some(Vec::new());
    }
    let fields = Fields::open(report, at, vocabulary::GIVEN_PULL)?;
    let text = |report: &mut Report<'_>, name: &str| match fields.get(name) {
        None => Some(None),
        Some(at) => values::text(report, &at).map(|text| Some(text.to_owned())),
    };
    let flag = |report: &mut Report<'_>, name: &str| match fields.get(name) {
        None => Some(None),
        Some(at) => values::flag(report, &at).map(Some),
    };
    let states = crate::config::pull::STATES.map(|state| (state, state));
    let state = fields.get("state").map_or(Some("open"), |at| values::word(report, &at, &states));
    let labels = fields.get("label").map_or(Some(Vec::new()), |at| super::jobs::texts(report, &at));
    let files = fields.get("changed_files").map(|at| super::files::changed(report, &at));
    let files = files.map_or(Some(Fact::NotAsked), |files| files.map(Fact::Known))?;
    let pull = PullRequest {
        number: 1,
        state: Some(state?.to_owned()),
        draft: flag(report, "draft")?,
        merged: flag(report, "merged")?,
        author: text(report, "author")?,
        base: text(report, "base")?,
        head_sha: None,
        head_branch: None,
        head_owner: None,
        head_repository: None,
        labels: labels?,
        title: text(report, "title")?,
        updated_at: None,
        html_url: None,
        files,
    };
    let (head_is_current, changed_since) = (flag(report, "head_is_current")?, flag(report, "changed_since")?);
    let head_is_current = head_is_current.or_else(|| pull.files.known().is_ok().then_some(true));
    Some(vec![GivenPull { pull, head_is_current, changed_since }])
}

/// The map under `review` or `comment`.
fn said_of(report: &mut Report<'_>, at: &At<'_>) -> Option<Said> {
    let fields = Fields::open(report, at, vocabulary::GIVEN_SAID)?;
    let text = |report: &mut Report<'_>, name: &str| match fields.get(name) {
        None => Some(None),
        Some(at) => values::text(report, &at).map(|text| Some(text.to_owned())),
    };
    Some(Said {
        state: text(report, "state")?,
        author: text(report, "author")?,
        association: text(report, "association")?,
        body: text(report, "body")?,
    })
}

fn acts(report: &mut Report<'_>, at: &At<'_>, now: Timestamp) -> Option<Vec<Act>> {
    if matches!(&at.node.kind, Kind::List(items) if items.is_empty()) {
        return Some(Vec::new());
    }
    let items = values::list(report, at, "acts")?;
    let each: Vec<_> = items.iter().map(|item| act(report, item, now)).collect();
    Some(each.into_iter().collect::<Option<Vec<_>>>()?.concat())
}

fn act(report: &mut Report<'_>, at: &At<'_>, now: Timestamp) -> Option<Vec<Act>> {
    let fields = Fields::open(report, at, vocabulary::GIVEN_ACT)?;
    let rule_at = fields.require(report, "rule", "say which rule acted, or `command`")?;
    let name = values::text(report, &rule_at)?;
    let rule = match name {
        "command" => Some(RuleName::command()),
        name => RuleName::parse(name).ok(),
    };
    if rule.is_none() {
        report.error(
            &rule_at,
            format!("`{name}` is no rule's name"),
            "write the name of a rule of this file",
        );
    }
    let ago = fields.get("ago").map_or(Some(std::time::Duration::ZERO), |at| values::duration(report, &at));
    let times = fields.get("times").map_or(Some(1), |at| values::count(report, &at, 1));
    Some(vec![Act { rule: rule?, at: now - ago? }; times?.min(MOST) as usize])
}
