-- Archived rows of a curve, packed, lie in training_metric_blocks: a table of the second database, where it is made together
-- with training_metrics_archive. From this version on what is archived may be there, and a program that doesn't know of it must
-- not open the first. So there is a version, though nothing changes here.
SELECT 1;
