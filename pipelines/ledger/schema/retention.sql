-- One row per feed and day (UTC) of what was forgotten: runs by how they ended, batches, and where their rows went.
CREATE TABLE IF NOT EXISTS feed_day (
    feed TEXT NOT NULL, day TEXT NOT NULL,
    runs INTEGER NOT NULL, runs_empty INTEGER NOT NULL, runs_failed INTEGER NOT NULL, rows_landed INTEGER NOT NULL,
    batches INTEGER NOT NULL, rows_in INTEGER NOT NULL, rows_new INTEGER NOT NULL, rows_changed INTEGER NOT NULL,
    rows_quarantined INTEGER NOT NULL, rows_deleted INTEGER NOT NULL,
    PRIMARY KEY (feed, day)
);
-- One row per feed: batches up to this one are staged, though the ledger has forgotten them one by one.
CREATE TABLE IF NOT EXISTS forgotten_batch (feed TEXT PRIMARY KEY, batch_id TEXT NOT NULL);
-- One row each time that old rows were forgotten.
CREATE TABLE IF NOT EXISTS forgetting (done_at TEXT NOT NULL, rows_forgotten INTEGER NOT NULL);
