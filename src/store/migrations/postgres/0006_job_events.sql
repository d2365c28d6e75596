-- Since when a job is in its status (NULL: since before this was kept), and on which host it runs or ran.
ALTER TABLE jobs ADD COLUMN status_at BIGINT;
ALTER TABLE jobs ADD COLUMN host TEXT;

-- What happened to a job, in order: its statuses, the phases that it began, what was asked of it. `name` is the status, the
-- phase or the control; `text` says why, where there is something to say. `event_seq` of the job is the last one's seq.
ALTER TABLE jobs ADD COLUMN event_seq BIGINT NOT NULL DEFAULT 0;
CREATE TABLE job_events (
    job_id TEXT COLLATE "C" NOT NULL,
    seq BIGINT NOT NULL,
    at BIGINT NOT NULL,
    attempt BIGINT NOT NULL,
    event TEXT NOT NULL CHECK (event IN ('status', 'phase', 'asked')),
    name TEXT NOT NULL,
    text TEXT,
    PRIMARY KEY (job_id, seq)
);
