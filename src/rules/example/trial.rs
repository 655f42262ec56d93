//! Whether the rules do what an example expects. They are asked like in production: by `decide`, and by `pass` where a
//! schedule looks.

use super::{Example, GivenRun, Param, Wanted, shown::shown};
use crate::{
    model::{
        Action, ActionKind, ActionState, Facts, PlannedAction, RuleName, RuleVerdict, Signal, Timestamp,
        Verdict,
    },
    rules::{Mode, Ruleset, bound_pass, decide, pass, plan},
};

/// What came of an example.
#[derive(Debug, Clone)]
pub struct Trial {
    /// What is not as expected, in words; nothing where the example holds.
    pub misses: Vec<String>,
    /// What the rules do.
    pub got: Vec<Got>,
    /// What the rules that listen say, of each run.
    pub verdicts: Vec<RuleVerdict>,
    /// The rules that decided otherwise than expected.
    pub rules: Vec<RuleName>,
}

/// An action that the rules want done.
#[derive(Debug, Clone, PartialEq)]
pub struct Got {
    /// Of which rule.
    pub rule: RuleName,
    /// What it does.
    pub kind: ActionKind,
    /// To which of the given runs, where that has a name.
    pub run: Option<String>,
    /// What it is like.
    pub params: Vec<(&'static str, Param)>,
}

impl Trial {
    /// Whether all is as expected.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.misses.is_empty()
    }
}

/// Holds the example against the rules. `payload` is what the example's payload carries.
#[must_use]
pub fn try_out(ruleset: &Ruleset, example: &Example, payload: Option<&Facts>) -> Trial {
    let now = example.given.now(payload);
    let runs = example.given.facts(payload, &ruleset.log_patterns());
    let (verdicts, got) = asked(ruleset, &runs, now);
    let mut trial = Trial { misses: Vec::new(), got, verdicts, rules: Vec::new() };
    trial.compare_actions(&example.expected.actions);
    trial.compare_unknown(&example.expected.unknown);
    if let Some(part) = &example.expected.because
        && !trial.verdicts.iter().any(|verdict| verdict.reason.contains(part.as_str()))
    {
        trial.misses.push(format!("no rule says \"{part}\""));
        let all: Vec<RuleName> = trial.verdicts.iter().map(|verdict| verdict.rule.clone()).collect();
        all.into_iter().for_each(|rule| trial.blame(rule));
    }
    trial
}

/// What the rules say, and do.
fn asked(ruleset: &Ruleset, runs: &[GivenRun], now: Timestamp) -> (Vec<RuleVerdict>, Vec<Got>) {
    let (mut verdicts, mut got) = (Vec::new(), Vec::new());
    let (listed, told): (Vec<_>, Vec<_>) = runs.iter().partition(|run| run.facts.signal == Signal::Schedule);
    for run in told {
        let judgement = decide(ruleset, &run.facts, now);
        verdicts.extend(judgement.verdicts);
        got.extend(acts(&judgement.actions, run, now));
    }
    let passes = ruleset.rules.iter().filter(|rule| rule.schedule().is_some() && !listed.is_empty());
    for rule in passes.filter(|rule| ruleset.mode_of(rule) != Mode::Off) {
        let judged = pass(ruleset, rule, listed.iter().map(|run| run.facts.clone()).collect(), now);
        verdicts.extend(judged.iter().map(|(_, verdict)| verdict.clone()));
        let mut acting: Vec<_> =
            judged.into_iter().filter(|(_, verdict)| verdict.verdict == Verdict::Matched).collect();
        bound_pass(rule, &mut acting, |(facts, _)| facts);
        for (facts, _) in acting {
            let planned = plan(ruleset, rule, &facts, now);
            let run = listed.iter().find(|run| run.facts.run.id == facts.run.id);
            got.extend(run.map(|run| acts(&planned, run, now)).unwrap_or_default());
        }
    }
    (verdicts, got)
}

/// What is done of what was planned; what the mode keeps from being done counts as well. What the ledger would count
/// is counted by what the example gives.
fn acts(planned: &[PlannedAction], run: &GivenRun, now: Timestamp) -> Vec<Got> {
    let done = |action: &&PlannedAction| {
        // It comes with a `cancel`, and is shown as part of it.
        !matches!(action.action, Action::ForceCancel(_))
            && matches!(action.state, ActionState::Planned | ActionState::Observed)
    };
    let planned_before = |action: &PlannedAction| {
        let acts = run.facts.details.acts.known().map(Vec::as_slice).unwrap_or_default();
        let by_rule = acts.iter().filter(|act| act.rule == action.rule).count();
        let reruns = run.facts.details.reruns_by_us.known().map_or(0, |reruns| *reruns as usize);
        let is_used_up = |most: Option<u32>, times: usize| most.is_some_and(|most| times >= most as usize);
        is_used_up(action.bounds.per_run, by_rule) || is_used_up(action.bounds.reruns_per_run, reruns)
    };
    let got = |action: &PlannedAction| Got {
        rule: action.rule.clone(),
        kind: action.action.kind(),
        run: run.name.clone(),
        params: shown(action, planned, &run.facts, now),
    };
    planned.iter().filter(done).filter(|action| !planned_before(action)).map(got).collect()
}

impl Trial {
    fn blame(&mut self, rule: RuleName) {
        if !self.rules.contains(&rule) {
            self.rules.push(rule);
        }
    }

    fn compare_actions(&mut self, wanted: &[Wanted]) {
        let each: Vec<&Wanted> =
            wanted.iter().flat_map(|one| std::iter::repeat_n(one, one.times as usize)).collect();
        let fitting: Vec<Vec<usize>> = each
            .iter()
            .map(|one| {
                (0..self.got.len()).filter(|at| self.got.get(*at).is_some_and(|got| one.fits(got))).collect()
            })
            .collect();
        let taken = pair(&fitting, self.got.len());
        for (at, one) in each.iter().enumerate() {
            if !taken.contains(&Some(at)) {
                self.misses.push(format!("expected and not done: {one}{}", self.nearest(one)));
                self.blame(one.rule.clone());
            }
        }
        let unexpected: Vec<Got> =
            self.got.iter().zip(&taken).filter(|(_, by)| by.is_none()).map(|(got, _)| got.clone()).collect();
        for got in unexpected {
            self.misses.push(format!("done and not expected: {got}"));
            self.blame(got.rule);
        }
    }

    /// How the action of that rule and kind differs, where there is one.
    fn nearest(&self, wanted: &Wanted) -> String {
        let alike = |got: &&Got| got.rule == wanted.rule && got.kind == wanted.kind && got.run == wanted.run;
        let Some(got) = self.got.iter().find(alike) else {
            return String::new();
        };
        let has = |name: &str| got.params.iter().find(|(of, _)| *of == name).map(|(_, param)| param);
        let differing =
            wanted.params.iter().filter(|(name, asked)| !has(name).is_some_and(|it| asked.accepts(it)));
        let told = differing.map(|(name, asked)| match has(name) {
            Some(it) => format!("{name} is {it} and not {asked}"),
            None => format!("it has no {name}"),
        });
        let told: Vec<String> = told.collect();
        if told.is_empty() { String::new() } else { format!(" ({})", told.join(", ")) }
    }

    fn compare_unknown(&mut self, wanted: &[RuleName]) {
        let unsure: Vec<RuleVerdict> =
            self.verdicts.iter().filter(|verdict| verdict.verdict == Verdict::Unknown).cloned().collect();
        let mut told: Vec<RuleName> = Vec::new();
        for verdict in unsure.iter().filter(|verdict| !wanted.contains(&verdict.rule)) {
            if !told.contains(&verdict.rule) {
                told.push(verdict.rule.clone());
                self.misses.push(format!("{} cannot tell: {}", verdict.rule, verdict.reason));
                self.blame(verdict.rule.clone());
            }
        }
        for rule in wanted.iter().filter(|rule| !unsure.iter().any(|verdict| verdict.rule == **rule)) {
            self.misses.push(format!("{rule} can tell, and is listed under `unknown`"));
            self.blame(rule.clone());
        }
    }
}

impl Wanted {
    fn fits(&self, got: &Got) -> bool {
        let has = |(name, asked): &(&'static str, Param)| {
            got.params.iter().any(|(of, param)| of == name && asked.accepts(param))
        };
        self.rule == got.rule
            && self.kind == got.kind
            && (self.run.is_none() || self.run == got.run)
            && self.params.iter().all(has)
    }
}

/// Pairs what is wanted with what fits it, as many as can be: for each of `of`, by which of the wanted it is taken.
fn pair(fitting: &[Vec<usize>], of: usize) -> Vec<Option<usize>> {
    let mut taken = vec![None; of];
    for wanted in 0..fitting.len() {
        take(wanted, fitting, &mut taken, &mut vec![false; of]);
    }
    taken
}

/// Finds one for it; whoever holds that one already looks for another.
fn take(wanted: usize, fitting: &[Vec<usize>], taken: &mut [Option<usize>], tried: &mut [bool]) -> bool {
    for at in fitting.get(wanted).into_iter().flatten() {
        let Some(first_time) = tried.get_mut(*at).filter(|tried| !**tried) else {
            continue;
        };
        *first_time = true;
        let holder = taken.get(*at).copied().flatten();
        if holder.is_none_or(|holder| take(holder, fitting, taken, tried)) {
            if let Some(place) = taken.get_mut(*at) {
                *place = Some(wanted);
            }
            return true;
        }
    }
    false
}

fn describe(
    f: &mut std::fmt::Formatter<'_>,
    rule: &RuleName,
    kind: ActionKind,
    params: &[(&'static str, Param)],
    run: Option<&String>,
) -> std::fmt::Result {
    write!(f, "{rule} → {kind}")?;
    if !params.is_empty() {
        let params: Vec<String> = params.iter().map(|(name, param)| format!("{name}: {param}")).collect();
        write!(f, " {{ {} }}", params.join(", "))?;
    }
    run.map_or(Ok(()), |run| write!(f, " on {run}"))
}

impl std::fmt::Display for Wanted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        describe(f, &self.rule, self.kind, &self.params, self.run.as_ref())
    }
}

impl std::fmt::Display for Got {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        describe(f, &self.rule, self.kind, &self.params, self.run.as_ref())
    }
}
