-- How runs and jobs ended, kept only where a breaker is configured, and the breakers that are open.

CREATE TABLE endings (
    scope    TEXT    NOT NULL CHECK (scope IN ('workflow', 'runner_label')),
    subject  TEXT    NOT NULL, -- the workflow or the label
    run_id   INTEGER NOT NULL,
    unit     TEXT    NOT NULL, -- the job's name; empty for a run
    attempt  INTEGER NOT NULL,
    failed   INTEGER NOT NULL CHECK (failed IN (0, 1)),
    ended_at INTEGER NOT NULL,
    PRIMARY KEY (scope, subject, run_id, unit, attempt)
) STRICT;

CREATE INDEX endings_by_time ON endings (scope, subject, ended_at);
CREATE INDEX endings_by_run ON endings (run_id);

CREATE TABLE breakers (
    scope         TEXT    NOT NULL CHECK (scope IN ('workflow', 'runner_label')),
    subject       TEXT    NOT NULL,
    state         TEXT    NOT NULL CHECK (state IN ('closed', 'open', 'probing')),
    until         INTEGER NOT NULL, -- when a probe may go, or the one under way is given up
    failed_probes INTEGER NOT NULL,
    probe_run     INTEGER,
    probe_attempt INTEGER,          -- the attempt that the probe makes
    counted_from  INTEGER NOT NULL, -- endings before count no more
    transitions   INTEGER NOT NULL,
    changed_at    INTEGER NOT NULL,
    PRIMARY KEY (scope, subject)
) STRICT;
