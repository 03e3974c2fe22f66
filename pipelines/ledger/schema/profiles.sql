-- One row per staged batch and canonical column: what its values look like, without any value of a person.
CREATE TABLE IF NOT EXISTS column_profile (
    feed TEXT NOT NULL, batch_id TEXT NOT NULL, column_name TEXT NOT NULL, profiled_at TEXT NOT NULL,
    facts TEXT NOT NULL,
    PRIMARY KEY (feed, batch_id, column_name)
);
