-- Curves, summed up: a row stands for some ten rows of training_metrics (level 1), or for some ten of the level before. A
-- curve's rows of one level follow one another from its beginning, without gaps; each holds what lies after the row before
-- it, up to last_step. The newest steps may be in none yet. `data`: store/metric_summary.h.
CREATE TABLE training_metric_rollups (
    training_id BIGINT NOT NULL,
    layer_idx INTEGER NOT NULL,
    level INTEGER NOT NULL,
    last_step BIGINT NOT NULL,
    first_step BIGINT NOT NULL,
    rows BIGINT NOT NULL,
    data TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (training_id, layer_idx, level, last_step)
);

-- Archived rows (training_metrics_archive) of later steps than this are void: a training began again before them. They are
-- deleted a few at a time, then this.
CREATE TABLE training_metric_cuts (
    training_id BIGINT NOT NULL,
    layer_idx INTEGER NOT NULL,
    step BIGINT NOT NULL,
    PRIMARY KEY (training_id, layer_idx)
);

-- Trainings whose metrics were brought back from the archive. Until they are archived again they may be in both; once
-- `complete` is 1 all of them are live.
CREATE TABLE training_metric_restores (
    training_id BIGINT PRIMARY KEY,
    restored_at BIGINT NOT NULL,
    complete BIGINT NOT NULL
);
