-- One row per contract version that was ever in force.
CREATE TABLE IF NOT EXISTS feed_contract (
    feed TEXT NOT NULL, version TEXT NOT NULL, body TEXT NOT NULL, first_seen_at TEXT NOT NULL,
    PRIMARY KEY (feed, version)
);
-- One row per attempt to bring a feed up to date.
CREATE TABLE IF NOT EXISTS feed_run (
    run_id TEXT PRIMARY KEY, feed TEXT NOT NULL, kind TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('OPEN', 'OK', 'EMPTY_OK', 'PARTIAL', 'HELD', 'FAILED', 'ABANDONED')),
    lease_token INTEGER NOT NULL, contract_version TEXT NOT NULL,
    started_at TEXT NOT NULL, ended_at TEXT,
    window_lower TEXT, window_upper TEXT, cursor_before TEXT, cursor_after TEXT,
    source_identity TEXT, clock_offset_seconds REAL,
    rows_read INTEGER, rows_landed INTEGER, rows_rejected INTEGER, rows_reread INTEGER, rows_repeated INTEGER,
    requests INTEGER, byte_count INTEGER, wall_ms INTEGER, cpu_ms INTEGER,
    undeclared_columns TEXT, missing_columns TEXT, credentials_end TEXT, error_kind TEXT, error TEXT
);
CREATE INDEX IF NOT EXISTS feed_run_by_feed ON feed_run (feed, started_at);
-- One row per delivered unit; a copy of its manifest's facts, rebuilt from the landing folder when lost.
CREATE TABLE IF NOT EXISTS feed_batch (
    batch_id TEXT PRIMARY KEY, feed TEXT NOT NULL, run_id TEXT, batch_seq INTEGER NOT NULL, label TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('live', 'backfill', 'reconcile')),
    state TEXT NOT NULL CHECK (state IN ('landed', 'staged', 'held')), held_reason TEXT,
    row_count INTEGER NOT NULL, reject_count INTEGER NOT NULL, reread_count INTEGER NOT NULL,
    future_count INTEGER NOT NULL, claimed_rows INTEGER, ends_mid_line INTEGER,
    byte_count INTEGER NOT NULL, content_sha256 TEXT, schema_fingerprint TEXT NOT NULL,
    cursor_low TEXT, cursor_high TEXT, cursor_after TEXT, sequence INTEGER, business_date TEXT,
    source_identity TEXT, landed_at TEXT NOT NULL, staged_at TEXT,
    file_name TEXT, file_bytes INTEGER, file_modified_at TEXT, raw_removed_at TEXT,
    UNIQUE (feed, batch_seq)
);
-- One row per batch and stage: what went in and what became of it.
CREATE TABLE IF NOT EXISTS stage_tally (
    batch_id TEXT NOT NULL, stage TEXT NOT NULL, feed TEXT NOT NULL, rows_in INTEGER NOT NULL,
    rows_new INTEGER NOT NULL, rows_changed INTEGER NOT NULL, rows_unchanged INTEGER NOT NULL,
    rows_quarantined INTEGER NOT NULL, rows_duplicate INTEGER NOT NULL, rows_refused INTEGER NOT NULL,
    rows_deleted INTEGER NOT NULL, tallied_at TEXT NOT NULL,
    PRIMARY KEY (batch_id, stage)
) WITHOUT ROWID;
-- One row each time a feed's high-water mark moved, per stage (landed, staged, published) and clock (event, change).
CREATE TABLE IF NOT EXISTS high_water_mark (
    feed TEXT NOT NULL, stage TEXT NOT NULL, clock TEXT NOT NULL, value TEXT NOT NULL, run_id TEXT,
    recorded_at TEXT NOT NULL,
    PRIMARY KEY (feed, stage, clock, value)
) WITHOUT ROWID;
-- One row per question put to a source apart from its data; `run_id` is NULL when nobody was about to read it.
CREATE TABLE IF NOT EXISTS source_probe (
    feed TEXT NOT NULL, run_id TEXT, probed_at TEXT NOT NULL, identity TEXT NOT NULL, source_clock TEXT,
    row_count INTEGER, newest TEXT, lowest_key TEXT, highest_key TEXT,
    file_count INTEGER, newest_at TEXT, sequence INTEGER, heartbeat TEXT, fed_until TEXT
);
CREATE INDEX IF NOT EXISTS source_probe_by_feed ON source_probe (feed, probed_at);
-- One row per check and batch. UNKNOWN means that there was no evidence.
CREATE TABLE IF NOT EXISTS check_result (
    feed TEXT NOT NULL, batch_id TEXT NOT NULL, check_name TEXT NOT NULL, column_name TEXT,
    severity TEXT NOT NULL CHECK (severity IN ('stop', 'tell')),
    verdict TEXT NOT NULL CHECK (verdict IN ('PASS', 'FAIL', 'WARN', 'UNKNOWN')),
    checked INTEGER, failed INTEGER, reason TEXT NOT NULL, checked_at TEXT NOT NULL,
    PRIMARY KEY (batch_id, check_name)
) WITHOUT ROWID;
-- Who may work on a thing now. The token only grows: work done under an old token is refused.
CREATE TABLE IF NOT EXISTS lease (
    resource TEXT PRIMARY KEY, token INTEGER NOT NULL, holder TEXT, host TEXT, pid INTEGER, process_started REAL,
    acquired_at TEXT, renewed_at TEXT
);
-- One row per feed: rows now in quarantine and since when the first of them, counted whenever quarantine changes.
CREATE TABLE IF NOT EXISTS quarantine_count (
    feed TEXT PRIMARY KEY, held INTEGER NOT NULL, counted_at TEXT NOT NULL, oldest_at TEXT
);
-- One row per published snapshot and what it was made of.
CREATE TABLE IF NOT EXISTS publication (
    snapshot_id TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, published_at TEXT NOT NULL, verified TEXT NOT NULL,
    customers INTEGER NOT NULL
);
-- One row each time that judgements of stewards were kept in the warehouse.
CREATE TABLE IF NOT EXISTS judging (decided_at TEXT NOT NULL, decided_by TEXT NOT NULL, pairs INTEGER NOT NULL);
-- One row each time that somebody asked for all records to be matched anew.
CREATE TABLE IF NOT EXISTS rematching (asked_at TEXT NOT NULL);
