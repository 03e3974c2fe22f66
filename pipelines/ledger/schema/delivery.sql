-- One row per notice of the outbox and channel that is to tell it. It is settled when the channel took the notice, or a
-- later one that says more.
CREATE TABLE IF NOT EXISTS dispatch (
    notice_id INTEGER NOT NULL, channel TEXT NOT NULL, late_at TEXT NOT NULL, attempts INTEGER NOT NULL DEFAULT 0,
    next_try_at TEXT, settled_at TEXT,
    PRIMARY KEY (notice_id, channel)
);
CREATE INDEX IF NOT EXISTS dispatch_unsettled ON dispatch (channel, notice_id) WHERE settled_at IS NULL;
-- One row per attempt to tell a notice, with what the other side answered. No secret and no address is kept.
CREATE TABLE IF NOT EXISTS delivery (
    notice_id INTEGER NOT NULL, channel TEXT NOT NULL, attempt INTEGER NOT NULL, at TEXT NOT NULL,
    was_taken INTEGER NOT NULL, detail TEXT NOT NULL, remote_id TEXT, next_try_at TEXT,
    PRIMARY KEY (notice_id, channel, attempt)
);
-- One row per channel: how often in a row it could not be reached, and until when it is left alone.
CREATE TABLE IF NOT EXISTS channel_state (
    channel TEXT PRIMARY KEY, failures INTEGER NOT NULL, wait_until TEXT, last_taken_at TEXT, last_failed_at TEXT
);
-- One row per unbroken stretch of watching. `next_by` is when the next look was agreed on; without it none was.
CREATE TABLE IF NOT EXISTS watching (
    began_at TEXT PRIMARY KEY, last_at TEXT NOT NULL, next_by TEXT, looks INTEGER NOT NULL
);
-- One row per destination of lineage events: the newest run that was told there.
CREATE TABLE IF NOT EXISTS lineage_mark (destination TEXT PRIMARY KEY, ended_at TEXT NOT NULL, run_id TEXT NOT NULL);
