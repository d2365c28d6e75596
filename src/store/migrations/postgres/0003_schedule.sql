-- What a restart must know of the periodic tasks. last_started_at is the last run's that came to its end: one that
-- the server's end cut off leaves running_since behind, and counts as missed.
CREATE TABLE scheduled_tasks (
    name TEXT COLLATE "C" PRIMARY KEY,
    created_at BIGINT NOT NULL,
    running_since BIGINT,
    interruptions BIGINT NOT NULL,
    last_started_at BIGINT,
    last_duration_seconds DOUBLE PRECISION,
    last_result TEXT,
    last_error TEXT,
    last_success_at BIGINT,
    next_run_at BIGINT,
    runs BIGINT NOT NULL,
    failures BIGINT NOT NULL
);
