//! What a test gives of runs beside the run and of earlier acts.

use crate::{
    config::{
        fields::Fields,
        report::{At, Report},
        tree::Kind,
        values, vocabulary,
    },
    model::{Act, Fact, Facts, RuleName, RunId, Timestamp, Underway},
};

/// More are no example.
const MOST: u32 = 1_000;

/// What goes on around a run, and what has been done to it.
#[derive(Debug, Clone, Default)]
pub(super) struct Own {
    base: Option<String>,
    running: Option<u32>,
    acted: Option<Vec<Act>>,
}

impl Own {
    /// What a map tells of it.
    pub(super) fn read(report: &mut Report<'_>, fields: &Fields<'_>, now: Timestamp) -> Option<Self> {
        let base = fields.get("base").map(|at| values::text(report, &at).map(ToOwned::to_owned));
        let running = fields.get("running").map(|at| values::count(report, &at, 0));
        let acted = fields.get("acted").map(|at| acts(report, &at, now));
        Some(Self {
            base: base.map_or(Some(None), |base| base.map(Some))?,
            running: running.map_or(Some(None), |running| running.map(Some))?,
            acted: acted.map_or(Some(None), |acted| acted.map(Some))?,
        })
    }

    /// The same, and what the other tells beside.
    pub(super) fn over(self, other: &Self) -> Self {
        Self {
            base: self.base.or_else(|| other.base.clone()),
            running: self.running.or(other.running),
            acted: self.acted.or_else(|| other.acted.clone()),
        }
    }

    /// Puts it into the facts.
    pub(super) fn tell(self, facts: &mut Facts) {
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
