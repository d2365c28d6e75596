-- What a restart must know of the periodic tasks. last_started_at is the last run's that came to its end: one that
-- the server's end cut off leaves running_since behind, and counts as missed.
CREATE TABLE scheduled_tasks (
    name TEXT PRIMARY KEY,
    created_at INTEGER NOT NULL,
    running_since INTEGER,
    interruptions INTEGER NOT NULL,
    last_started_at INTEGER,
    last_duration_seconds REAL,
    last_result TEXT,
    last_error TEXT,
    last_success_at INTEGER,
    next_run_at INTEGER,
    runs INTEGER NOT NULL,
    failures INTEGER NOT NULL
);
