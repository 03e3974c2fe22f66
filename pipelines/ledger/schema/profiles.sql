-- One row per staged batch: what the values of its columns look like, without any value of a person (zlib, JSON).
CREATE TABLE IF NOT EXISTS batch_profile (
    feed TEXT NOT NULL, batch_id TEXT NOT NULL, profiled_at TEXT NOT NULL, columns BLOB NOT NULL,
    PRIMARY KEY (feed, batch_id)
) WITHOUT ROWID;
