-- What is asked of a job, when it may run and for how long, where it runs, and what it used.

-- pause, resume or stop, while it is asked for and not yet done.
ALTER TABLE jobs ADD COLUMN control TEXT CHECK (control IN ('pause', 'resume', 'stop'));
-- JSON members that the next start's spec gets besides: a checkpoint to go on from.
ALTER TABLE jobs ADD COLUMN resume TEXT;
-- Not taken from the queue before.
ALTER TABLE jobs ADD COLUMN not_before INTEGER;
-- Of one attempt, where the user set one.
ALTER TABLE jobs ADD COLUMN time_limit_seconds REAL;
-- May try once more by itself, with the parameters suggested, when memory or time ran out.
ALTER TABLE jobs ADD COLUMN auto_retry INTEGER NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN auto_retries INTEGER NOT NULL DEFAULT 0;
-- Runs where it was called; no worker takes it.
ALTER TABLE jobs ADD COLUMN attached INTEGER NOT NULL DEFAULT 0;
-- JSON: peak and mean of what it used.
ALTER TABLE jobs ADD COLUMN usage TEXT;
-- Of its log the first part is kept and the newest: up to which line the one goes and from which the other (0: there is
-- only one part yet), how many bytes lie in the part that grows, and how many were written between them.
ALTER TABLE jobs ADD COLUMN log_bytes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN log_head_end INTEGER NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN log_tail_begin INTEGER NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN log_cut_bytes INTEGER NOT NULL DEFAULT 0;
