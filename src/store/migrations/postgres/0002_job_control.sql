-- What is asked of a job, when it may run and for how long, where it runs, and what it used.

-- pause, resume or stop, while it is asked for and not yet done.
ALTER TABLE jobs ADD COLUMN control TEXT CHECK (control IN ('pause', 'resume', 'stop'));
-- JSON members that the next start's spec gets besides: a checkpoint to go on from.
ALTER TABLE jobs ADD COLUMN resume TEXT;
-- Not taken from the queue before.
ALTER TABLE jobs ADD COLUMN not_before BIGINT;
-- Of one attempt, where the user set one.
ALTER TABLE jobs ADD COLUMN time_limit_seconds DOUBLE PRECISION;
-- May try once more by itself, with the parameters suggested, when memory or time ran out.
ALTER TABLE jobs ADD COLUMN auto_retry BIGINT NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN auto_retries BIGINT NOT NULL DEFAULT 0;
-- Runs where it was called; no worker takes it.
ALTER TABLE jobs ADD COLUMN attached BIGINT NOT NULL DEFAULT 0;
-- JSON: peak and mean of what it used.
ALTER TABLE jobs ADD COLUMN usage TEXT;
-- Of its log the first part is kept and the newest: up to which line the one goes and from which the other (0: there is
-- only one part yet), how many bytes lie in the part that grows, and how many were written between them.
ALTER TABLE jobs ADD COLUMN log_bytes BIGINT NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN log_head_end BIGINT NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN log_tail_begin BIGINT NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN log_cut_bytes BIGINT NOT NULL DEFAULT 0;

-- What jobs wrote, many lines a row: a row for each line takes a page of its own once a line is longer than a quarter of
-- one, and deleting the middle of a log line by line costs as much as writing it. `data` holds for each line
-- "TIME STREAM LENGTH " and its text, STREAM one of o (stdout), e (stderr), l (log); `streams` has a bit for each that
-- occurs: 1, 2, 4.
CREATE TABLE job_logs (
    job_id TEXT COLLATE "C" NOT NULL,
    seq BIGINT NOT NULL,
    lines BIGINT NOT NULL,
    bytes BIGINT NOT NULL,
    streams BIGINT NOT NULL,
    data BYTEA NOT NULL,
    PRIMARY KEY (job_id, seq)
);

-- Queues that a worker serves, comma-separated.
ALTER TABLE workers ADD COLUMN queues TEXT NOT NULL DEFAULT 'default';

-- Set while not_before is to come: such a job isn't in the index of what can be taken, however many there are.
ALTER TABLE jobs ADD COLUMN waiting BIGINT NOT NULL DEFAULT 0;

-- What a claim takes next, by queue; and when the next of those that wait is due. A column that is always the same is left
-- out: PostgreSQL makes no use of a condition that the index implies, and would read from the index's beginning.
DROP INDEX jobs_queued;
CREATE INDEX jobs_ready ON jobs (waiting, queue, resource_class, priority DESC, queued_at, id) WHERE status = 'queued';
CREATE INDEX jobs_waiting ON jobs (not_before) WHERE status = 'queued' AND waiting = 1;
-- Which of the lists of operations the job is in; each is read newest first, and counted.
ALTER TABLE jobs ADD COLUMN state TEXT COLLATE "C" GENERATED ALWAYS AS (
    CASE WHEN status IN ('completed', 'cancelled') THEN 'finished'
         WHEN status <> 'failed' THEN 'active'
         WHEN dismissed = 0 AND retried_by IS NULL THEN 'failed'
         ELSE 'finished' END) STORED;
CREATE INDEX jobs_state ON jobs (state, created_at, id);
