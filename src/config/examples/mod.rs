//! `tests`: examples that travel with the rules, decoded against the rules that they speak of.

mod expected;
mod files;
mod given;
mod jobs;
mod own;
mod teams;
mod told;

use super::{
    fields::Fields,
    report::{At, Report},
    secret::World,
    values, vocabulary,
};
use crate::{
    model::RuleName,
    rules::{Example, Rule},
};

/// The rules that tests may speak of.
pub(super) struct Known {
    /// Those that could be read.
    pub(super) rules: Vec<Rule>,
    /// The names of all, as far as those could be read.
    pub(super) names: Vec<RuleName>,
    /// Whether that is all of them.
    pub(super) is_complete: bool,
}

/// The examples; none if one cannot be read, which has been reported.
pub(super) fn examples(
    report: &mut Report<'_>,
    at: &At<'_>,
    known: &Known,
    world: World<'_>,
) -> Option<Vec<Example>> {
    let items = values::list(report, at, "tests")?;
    let read: Vec<_> = items.iter().map(|item| example(report, item, known, world)).collect();
    let found: Vec<(Example, At<'_>)> = read.into_iter().collect::<Option<_>>()?;
    for (index, (example, at)) in found.iter().enumerate() {
        if let Some((first, _)) = found.iter().take(index).find(|(other, _)| other.name == example.name) {
            let remedy = format!("the first is in line {}; say what this one shows", first.line);
            report.error(at, "a second test of this name", remedy);
        }
    }
    Some(found.into_iter().map(|(example, _)| example).collect())
}

fn example<'a>(
    report: &mut Report<'_>,
    at: &At<'a>,
    known: &Known,
    world: World<'_>,
) -> Option<(Example, At<'a>)> {
    let fields = Fields::open(report, at, vocabulary::TEST)?;
    let name_at =
        fields.require(report, "name", "say what the test shows, like `name: a third attempt is left alone`");
    let name = name_at.as_ref().and_then(|at| values::text(report, at));
    let given = fields
        .require(
            report,
            "given",
            "say what is known, like `given: { repository: acme/api, conclusion: failure }`",
        )
        .and_then(|at| given::given(report, &at, world));
    let expect = fields.require(
        report,
        "expect",
        "write `expect: nothing`, or a list of actions: `expect: [{ rule: x, action: rerun }]`",
    );
    let runs: Vec<&str> =
        given.iter().flat_map(|given| &given.runs).filter_map(|run| run.name.as_deref()).collect();
    let actions = expect.and_then(|at| expected::actions(report, &at, known, &runs));
    let because = fields.get("because").map(|at| values::text(report, &at).map(ToOwned::to_owned));
    let unknown = match fields.get("unknown") {
        None => Some(Vec::new()),
        Some(at) => expected::rules_named(report, &at, known),
    };
    let expected = crate::rules::Expected {
        actions: actions?,
        because: because.map_or(Some(None), |part| part.map(Some))?,
        unknown: unknown?,
    };
    let (name, name_at) = (name?.to_owned(), name_at?);
    let line = name_at.node.mark.line;
    Some((Example { name, line, given: given?, expected }, name_at))
}
