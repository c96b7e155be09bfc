-- The index over the run folders. It holds nothing that the folders do not hold: another schema is another
-- number in store.py, and the index is made again from the folders.

CREATE TABLE runs (
    number      INTEGER PRIMARY KEY,
    id          TEXT NOT NULL UNIQUE,
    state       TEXT NOT NULL,
    exit_code   INTEGER,
    project     TEXT NOT NULL,
    entry_point TEXT NOT NULL,
    parameters  TEXT NOT NULL,  -- JSON object of text or null
    created     TEXT NOT NULL,  -- RFC 3339 in UTC: sorts as the moments do
    started     TEXT,
    ended       TEXT,
    name        TEXT,
    source      TEXT,
    git_commit  TEXT,
    environment TEXT,
    backend     TEXT NOT NULL,
    reason      TEXT,
    repeats     TEXT            -- the id of another run, which may be gone
);

-- Lists walk one of the first two from the newest on and test what is in it, without a look at the table.
CREATE INDEX runs_by_time ON runs (created, state, project, entry_point, name);
CREATE INDEX runs_by_project ON runs (project, created, state, entry_point, name);
CREATE INDEX runs_by_name ON runs (name, created) WHERE name IS NOT NULL;
CREATE INDEX runs_by_repeated ON runs (repeats, created) WHERE repeats IS NOT NULL;
CREATE INDEX runs_unfinished ON runs (state) WHERE state IN ('queued', 'preparing', 'running');

-- Its order is its use: all values of one parameter, newest first, beside each other.
CREATE TABLE parameters (
    name    TEXT NOT NULL,
    created TEXT NOT NULL,
    run     INTEGER NOT NULL REFERENCES runs (number) ON DELETE CASCADE,
    value   TEXT,               -- null: secret, or nothing was given
    number  REAL,               -- the value where it is a number
    PRIMARY KEY (name, created, run)
) WITHOUT ROWID;

CREATE INDEX parameters_by_run ON parameters (run);
