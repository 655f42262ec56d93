//! The configuration of the demo, as a user would write it.

/// The rules of the story.
pub(super) const RULES: &str = r#"mode: enforce
rules:
  - name: rerun-failed-jobs
    on: workflow_run.completed
    when: { repository: "acme/*", workflow: CI, conclusion: [failure, timed_out], run_attempt: { below: 3 } }
    then:
      - rerun: { scope: failed_jobs, delay: 100ms }
  - name: approve-staging
    on: deployment.waiting
    when: { repository: "acme/*", environment: staging, branch: main }
    then:
      - approve_deployment: { comment: "approved by rule {{ rule }}" }
  - name: purge-old-runs
    on: { schedule: "30 2 * * *", zone: UTC }
    when: { repository: "acme/*", status: completed, age: { above: 30d } }
    keep: { newest: 5, per: [workflow, branch] }
    then:
      - delete_run: {}
    limits: { per_pass: 500 }
"#;

/// The whole file, for a GitHub at that URL and with a private key in that file.
pub(super) fn yaml(api_url: &str) -> String {
    format!(
        "server:\n  listen: 127.0.0.1:0\n\
         webhook:\n  path: /webhooks/github\n  secrets:\n    - {{ env: WEBHOOK_SECRET }}\n\
         github:\n  api_url: {api_url}\n  app: {{ id: 12345, private_key: {{ env: PRIVATE_KEY }} }}\n  \
         write_interval: 20ms\n  reviewer: {{ token: {{ env: REVIEWER_TOKEN }} }}\n\
         database:\n  path: runwarden.db\n{RULES}"
    )
}
