-- Archived rows of a curve, packed: some hundred consecutive ones (up to last_step) in one. Stretches of blocks don't overlap;
-- of a step that is in training_metrics_archive, too, the row there counts. `data`: store/metric_block.h.
CREATE TABLE training_metric_blocks (
    training_id BIGINT NOT NULL,
    layer_idx INTEGER NOT NULL,
    last_step BIGINT NOT NULL,
    first_step BIGINT NOT NULL,
    rows BIGINT NOT NULL,
    min_timestamp BIGINT NOT NULL,
    max_timestamp BIGINT NOT NULL,
    data BYTEA NOT NULL,
    PRIMARY KEY (training_id, layer_idx, last_step)
);
-- There is nothing left in it to compress.
ALTER TABLE training_metric_blocks ALTER COLUMN data SET STORAGE EXTERNAL;
