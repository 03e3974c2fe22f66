-- One row per feed and day (UTC) of what was forgotten: runs by how they ended, batches, where their
-- rows went, and what the runs cost.
CREATE TABLE IF NOT EXISTS feed_day (
    feed TEXT NOT NULL, day TEXT NOT NULL,
    runs INTEGER NOT NULL, runs_empty INTEGER NOT NULL, runs_failed INTEGER NOT NULL, rows_landed INTEGER NOT NULL,
    batches INTEGER NOT NULL, rows_in INTEGER NOT NULL, rows_new INTEGER NOT NULL, rows_changed INTEGER NOT NULL,
    rows_quarantined INTEGER NOT NULL, rows_deleted INTEGER NOT NULL,
    rows_read INTEGER NOT NULL DEFAULT 0, requests INTEGER NOT NULL DEFAULT 0, byte_count INTEGER NOT NULL DEFAULT 0,
    wall_ms INTEGER NOT NULL DEFAULT 0, cpu_ms INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (feed, day)
);
-- One row per feed: batches up to this one are staged, though the ledger has forgotten them one by one.
CREATE TABLE IF NOT EXISTS forgotten_batch (feed TEXT PRIMARY KEY, batch_id TEXT NOT NULL);
-- One row each time that old rows were forgotten.
CREATE TABLE IF NOT EXISTS forgetting (done_at TEXT NOT NULL, rows_forgotten INTEGER NOT NULL);
