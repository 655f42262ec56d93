INSERT INTO deliveries (id, guid, source, event, state, reason, tries, due_at, received_at, decided_at, codec, body)
VALUES (7, 'first', 'webhook', 'workflow_run', 'decided', 'one action', 0, 1, 1, 2, 0, x'7b7d');

INSERT INTO decisions (id, delivery_id, repository, run_id, run_attempt, environment, rules, requests, decided_at,
                       facts, verdicts)
VALUES (3, 7, 'acme/api', 42, 1, '', ' retry ', 1, 2,
        '{"signal":"workflow_run.completed","run":{"id":42,"attempt":1,"repository":"Acme/API","workflow":"CI","workflow_path":".github/workflows/ci.yml","workflow_id":5,"event":"push","status":"completed","conclusion":"failure","branch":"main","head_sha":"acb5820c","head_repository":null,"actor":"octocat","triggering_actor":"octocat","run_number":9,"created_at":1,"updated_at":1,"run_started_at":1,"html_url":null,"partial":false},"gate":null,"sender":"octocat","installation":4}',
        '[{"rule":"retry","verdict":"matched","reason":"all hold"}]');

INSERT INTO actions (id, key, decision_id, rule, kind, params, repository, installation, run_id, run_attempt,
                     judged_status, judged_conclusion, lane, state, reason, due_at, tries, interrupted, per_run,
                     planned_at, finished_at)
VALUES (5, 'retry/42/1/rerun', 3, 'retry', 'rerun', '"cancel"', 'Acme/API', 4, 42, 1, 'completed', 'failure', 'event',
        'done', NULL, 2, 1, 0, 3, 2, 3);

INSERT INTO executions (id, action_id, begun_at, finished_at, outcome, detail, requests)
VALUES (1, 5, 2, 3, 'done', 'GitHub did it', 2);
