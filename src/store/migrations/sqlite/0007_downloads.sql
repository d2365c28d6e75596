-- Models and datasets that come from a hub: the job that fetches them, what was asked for, the commit that it was, and
-- why there is nothing.
ALTER TABLE models ADD COLUMN job_id TEXT;
ALTER TABLE models ADD COLUMN repo_id TEXT;
ALTER TABLE models ADD COLUMN revision TEXT;
ALTER TABLE models ADD COLUMN commit_id TEXT;
ALTER TABLE models ADD COLUMN error_type TEXT;
ALTER TABLE models ADD COLUMN error_message TEXT;
ALTER TABLE datasets ADD COLUMN download_job_id TEXT;
ALTER TABLE datasets ADD COLUMN repo_id TEXT;
ALTER TABLE datasets ADD COLUMN revision TEXT;
ALTER TABLE datasets ADD COLUMN commit_id TEXT;
ALTER TABLE datasets ADD COLUMN split TEXT;
ALTER TABLE datasets ADD COLUMN error_type TEXT;
ALTER TABLE datasets ADD COLUMN error_message TEXT;
