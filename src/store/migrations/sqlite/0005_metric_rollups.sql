-- Curves, summed up: a row stands for some ten rows of training_metrics (level 1), or for some ten of the level before. A
-- curve's rows of one level follow one another from its beginning, without gaps; each holds what lies after the row before
-- it, up to last_step. The newest steps may be in none yet. `data`: store/metric_summary.h.
CREATE TABLE training_metric_rollups (
    training_id INTEGER NOT NULL,
    layer_idx INTEGER NOT NULL,
    level INTEGER NOT NULL,
    last_step INTEGER NOT NULL,
    first_step INTEGER NOT NULL,
    rows INTEGER NOT NULL,
    data TEXT NOT NULL,
    PRIMARY KEY (training_id, layer_idx, level, last_step)
) WITHOUT ROWID;

-- What has been archived lies in a second database beside this one, where it has a table of the same name
-- (docs/DATABASE_MAINTENANCE.md). Nothing was ever in this one.
DROP TABLE main.training_metrics_archive;

-- Archived rows of later steps than this are void: a training began again before them. Said here, because a transaction
-- over both databases is not atomic; they are deleted, then this.
CREATE TABLE training_metric_cuts (
    training_id INTEGER NOT NULL,
    layer_idx INTEGER NOT NULL,
    step INTEGER NOT NULL,
    PRIMARY KEY (training_id, layer_idx)
) WITHOUT ROWID;

-- Trainings whose metrics were brought back from the archive. Until they are archived again they may be in both; once
-- `complete` is 1 all of them are live.
CREATE TABLE training_metric_restores (
    training_id INTEGER PRIMARY KEY,
    restored_at INTEGER NOT NULL,
    complete INTEGER NOT NULL
);
