//! The explanation of a stored delivery, by hand-made rows.

use super::*;
use crate::{
    cli::show::samples::{action, decision, entry, execution, facts, rerun, test, verdict},
    model::{ActionState, Signal, Source, Truth, Verdict},
};

#[test]
fn a_decided_delivery_shows_verdicts_actions_and_executions() {
    let conditions = vec![test("branch", "main", "main", Truth::Yes)];
    let verdicts = vec![
        verdict("retry-flakes", Verdict::Matched, "all conditions hold", conditions),
        verdict("old", Verdict::Off, "the rule is off", Vec::new()),
    ];
    let done = "asked GitHub to re-run the failed jobs";
    let executions = vec![execution("retry", "GitHub answered 502"), execution("done", done)];
    let actions = vec![(action("retry-flakes", rerun(), ActionState::Done, Some(done)), executions)];
    let mut decisions = vec![decision(facts(Signal::RunCompleted), verdicts, actions)];
    decisions[0].decision.requests = 1;
    decisions[0].decision.asked = vec!["GET /repos/acme/api/actions/runs/42".to_owned()];
    let entry = entry(Source::Webhook, "workflow_run", DeliveryState::Decided, None, decisions);
    let expected = "\
delivery 72d3162e-cc78-11e3-81ab-4c9367dc0958 (workflow_run, webhook), received 2026-11-22 15:00:00Z

workflow_run.completed: run 42, attempt 1 of acme/api
  CI (.github/workflows/ci.yml), branch main, event push, completed: failure
  https://github.com/acme/api/actions/runs/42
  decided 2026-11-22 15:00:01Z after 1 request to GitHub
    GET /repos/acme/api/actions/runs/42

✓ retry-flakes: matched (all conditions hold)
    condition  expected  observed
  ✓ branch     main      main
  → re-run the failed jobs: done (asked GitHub to re-run the failed jobs)
      2026-11-22 15:00:30Z retry: GitHub answered 502
      2026-11-22 15:00:30Z done: asked GitHub to re-run the failed jobs

· old: off (the rule is off)
";
    assert_eq!(text(&entry, &Aftermath::default(), Paint::new(false)), expected);
}

#[test]
fn a_pending_delivery_says_that_it_is_not_decided() {
    let pending = |reason| entry(Source::Webhook, "workflow_run", DeliveryState::Pending, reason, Vec::new());
    assert!(
        text(&pending(None), &Aftermath::default(), Paint::new(false)).ends_with("\n  not yet decided\n")
    );
    assert!(text(&pending(Some("GitHub answered 502")), &Aftermath::default(), Paint::new(false)).ends_with(
        "\n  not yet decided: GitHub answered 502; it is taken up again at 2026-11-22 15:01:00Z\n"
    ));
    let parked = entry(Source::Webhook, "workflow_run", DeliveryState::Parked, Some("not JSON"), Vec::new());
    assert!(text(&parked, &Aftermath::default(), Paint::new(false)).ends_with("\n  parked: not JSON\n"));
}
