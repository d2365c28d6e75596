-- Snapshots of progress are removed by age.
CREATE INDEX progress_history_time ON progress_history (timestamp);

-- What the machine did, minute by minute. `time` is the minute's beginning, `samples` how often it was read in it.
-- `readings` is JSON: {"cpu_percent":[minimum, mean, maximum],…,"gpus":[{"gpu_id":0,"utilization":[…],…}]}; a reading that
-- was never taken is absent.
CREATE TABLE system_history (
    time BIGINT NOT NULL,
    host TEXT COLLATE "C" NOT NULL,
    samples BIGINT NOT NULL,
    readings TEXT NOT NULL,
    PRIMARY KEY (time, host)
);
