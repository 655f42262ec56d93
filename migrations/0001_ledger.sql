-- The ledger: what was received, what was decided on it, what was planned, what was tried.
-- Times are milliseconds since 1970. A column that a filter reads stands before the large ones.

CREATE TABLE deliveries (
    id          INTEGER PRIMARY KEY,
    guid        TEXT    NOT NULL UNIQUE,
    source      TEXT    NOT NULL CHECK (source IN ('webhook', 'schedule', 'recovery', 'command')),
    event       TEXT    NOT NULL,
    state       TEXT    NOT NULL CHECK (state IN ('pending', 'decided', 'parked')),
    reason      TEXT,
    tries       INTEGER NOT NULL DEFAULT 0,
    due_at      INTEGER NOT NULL,
    received_at INTEGER NOT NULL,
    decided_at  INTEGER,
    codec       INTEGER NOT NULL,
    body        BLOB    NOT NULL
) STRICT;

-- Taking in a webhook is the hot path: an index more here is paid by every one.
CREATE INDEX deliveries_pending ON deliveries (due_at, id)
    WHERE state = 'pending';
CREATE INDEX deliveries_parked ON deliveries (id)
    WHERE state = 'parked';

CREATE TABLE decisions (
    id          INTEGER PRIMARY KEY,
    delivery_id INTEGER NOT NULL REFERENCES deliveries (id),
    repository  TEXT    NOT NULL, -- in lower case
    run_id      INTEGER NOT NULL,
    run_attempt INTEGER,
    environment TEXT    NOT NULL DEFAULT '',
    rules       TEXT    NOT NULL, -- those that did not simply not match, each between two spaces
    requests    INTEGER NOT NULL,
    decided_at  INTEGER NOT NULL,
    facts       TEXT    NOT NULL,
    verdicts    TEXT    NOT NULL,
    UNIQUE (delivery_id, run_id, environment)
) STRICT;

CREATE INDEX decisions_by_run ON decisions (run_id, delivery_id);
CREATE INDEX decisions_by_repository ON decisions (repository, delivery_id);

CREATE TABLE actions (
    id                INTEGER PRIMARY KEY,
    key               TEXT    NOT NULL UNIQUE,
    decision_id       INTEGER NOT NULL REFERENCES decisions (id),
    rule              TEXT    NOT NULL,
    kind              TEXT    NOT NULL,
    params            TEXT    NOT NULL,
    repository        TEXT    NOT NULL, -- as it was spelled
    installation      INTEGER,
    run_id            INTEGER NOT NULL,
    run_attempt       INTEGER NOT NULL,
    judged_status     TEXT,
    judged_conclusion TEXT,
    lane              TEXT    NOT NULL CHECK (lane IN ('event', 'bulk')),
    state             TEXT    NOT NULL CHECK (state IN ('planned', 'executing', 'done', 'refused', 'failed', 'uncertain',
                                                        'shadowed', 'observed', 'limited')),
    reason            TEXT,
    due_at            INTEGER NOT NULL,
    tries             INTEGER NOT NULL DEFAULT 0,
    interrupted       INTEGER NOT NULL DEFAULT 0 CHECK (interrupted IN (0, 1)),
    per_run           INTEGER,
    planned_at        INTEGER NOT NULL,
    finished_at       INTEGER
) STRICT;

CREATE INDEX actions_planned ON actions (lane, due_at, id)
    WHERE state = 'planned';
CREATE INDEX actions_unsettled ON actions (state, rule)
    WHERE state IN ('planned', 'executing', 'uncertain');
CREATE INDEX actions_by_run ON actions (run_id, rule, kind);
CREATE INDEX actions_by_decision ON actions (decision_id);

CREATE TABLE executions (
    id          INTEGER PRIMARY KEY,
    action_id   INTEGER NOT NULL REFERENCES actions (id),
    begun_at    INTEGER NOT NULL,
    finished_at INTEGER,
    outcome     TEXT,
    detail      TEXT,
    requests    INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE INDEX executions_by_action ON executions (action_id);
