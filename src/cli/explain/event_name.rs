//! Telling a payload's event from what it holds, for payloads saved without their headers.

use std::collections::BTreeMap;

use serde::de::IgnoredAny;

/// The keys by which payloads can be told apart, the telling ones first: a deployment's payload holds a run too.
/// <https://docs.github.com/en/webhooks/webhook-events-and-payloads>
const TELLING: [(&str, &str); 20] = [
    ("deployment_callback_url", "deployment_protection_rule"),
    ("workflow_job_run", "deployment_review"),
    ("workflow_job_runs", "deployment_review"),
    ("approver", "deployment_review"),
    ("requestor", "deployment_review"),
    ("workflow_job", "workflow_job"),
    ("workflow_run", "workflow_run"),
    ("inputs", "workflow_dispatch"),
    ("check_run", "check_run"),
    ("check_suite", "check_suite"),
    ("deployment_status", "deployment_status"),
    ("deployment", "deployment"),
    ("review", "pull_request_review"),
    ("pull_request", "pull_request"),
    ("comment", "issue_comment"),
    ("issue", "issues"),
    ("release", "release"),
    ("commits", "push"),
    ("repositories", "installation"),
    ("hook", "ping"),
];

/// The event whose payload this is, where that can be told.
pub(in crate::cli) fn event_of(body: &[u8]) -> Option<String> {
    let keys: BTreeMap<String, IgnoredAny> = serde_json::from_slice(body).ok()?;
    TELLING.iter().find(|(key, _)| keys.contains_key(*key)).map(|(_, event)| (*event).to_owned())
}

/// Whether rules can listen to some activity of the event.
pub(super) fn is_listened_to(event: &str) -> bool {
    matches!(
        event,
        "workflow_run"
            | "workflow_job"
            | "deployment_review"
            | "deployment_protection_rule"
            | "pull_request"
            | "pull_request_review"
            | "issue_comment"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payload_tells_its_event() {
        for (body, event) in [
            (r#"{"action":"completed","workflow_run":{},"workflow":{}}"#, Some("workflow_run")),
            (r#"{"action":"waiting","workflow_job":{},"deployment":{}}"#, Some("workflow_job")),
            (r#"{"action":"requested","workflow_run":{},"workflow_job_run":{}}"#, Some("deployment_review")),
            (
                r#"{"action":"requested","deployment_callback_url":"","deployment":{}}"#,
                Some("deployment_protection_rule"),
            ),
            (r#"{"action":"created","check_run":{}}"#, Some("check_run")),
            (r#"{"zen":""}"#, None),
            ("[]", None),
            ("", None),
        ] {
            assert_eq!(event_of(body.as_bytes()).as_deref(), event, "{body}");
        }
    }
}
