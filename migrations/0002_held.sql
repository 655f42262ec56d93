-- Actions that a ceiling holds until time frees room: the state `held`, what an action spends and since when.
-- A CHECK cannot be changed, so that the table is built anew; foreign keys are off while migrations run.

CREATE TABLE actions_new (
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
                                                        'shadowed', 'observed', 'limited', 'held')),
    reason            TEXT,
    due_at            INTEGER NOT NULL,
    tries             INTEGER NOT NULL DEFAULT 0,
    interrupted       INTEGER NOT NULL DEFAULT 0 CHECK (interrupted IN (0, 1)),
    per_run           INTEGER,
    planned_at        INTEGER NOT NULL,
    finished_at       INTEGER,
    spent_at          INTEGER, -- since when it counts towards ceilings; NULL when it does not
    runner_minutes    INTEGER, -- what a re-run is thought to take
    held_by           TEXT     -- the ceiling that holds it
) STRICT;

INSERT INTO actions_new (id, key, decision_id, rule, kind, params, repository, installation, run_id, run_attempt,
                         judged_status, judged_conclusion, lane, state, reason, due_at, tries, interrupted, per_run,
                         planned_at, finished_at, spent_at)
SELECT id, key, decision_id, rule, kind, params, repository, installation, run_id, run_attempt,
       judged_status, judged_conclusion, lane, state, reason, due_at, tries, interrupted, per_run,
       planned_at, finished_at,
       CASE WHEN state IN ('planned', 'executing', 'done', 'failed', 'uncertain')
             AND kind NOT IN ('force_cancel', 'archive_logs') THEN planned_at END
FROM actions;

DROP TABLE actions;
ALTER TABLE actions_new RENAME TO actions;

CREATE INDEX actions_planned ON actions (lane, due_at, id)
    WHERE state = 'planned';
CREATE INDEX actions_unsettled ON actions (state, rule)
    WHERE state IN ('planned', 'executing', 'uncertain');
CREATE INDEX actions_by_run ON actions (run_id, rule, kind);
CREATE INDEX actions_by_decision ON actions (decision_id);
CREATE INDEX actions_held ON actions (due_at, id)
    WHERE state = 'held';
CREATE INDEX actions_held_by ON actions (held_by, id, lower(repository), rule, runner_minutes)
    WHERE state = 'held';
CREATE INDEX actions_spent ON actions (spent_at, runner_minutes)
    WHERE spent_at IS NOT NULL;
CREATE INDEX actions_spent_in ON actions (lower(repository), spent_at, rule)
    WHERE spent_at IS NOT NULL;
