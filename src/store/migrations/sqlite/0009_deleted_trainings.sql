-- Trainings that were deleted, and of which rows are left in other tables: they are removed a few at a time, then this.
CREATE TABLE deleted_trainings (
    key INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    deleted_at INTEGER NOT NULL
);
