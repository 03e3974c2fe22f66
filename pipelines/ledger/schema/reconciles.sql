-- One row per comparison of a tier with its source: how many rows stand on one side only, or differ.
CREATE TABLE IF NOT EXISTS reconcile_result (
    feed TEXT NOT NULL, reconciled_at TEXT NOT NULL, days INTEGER NOT NULL, run_id TEXT,
    unit TEXT NOT NULL CHECK (unit IN ('row', 'file')), method TEXT NOT NULL, window_lower TEXT, window_upper TEXT,
    rows_source INTEGER NOT NULL, rows_here INTEGER NOT NULL,
    missing INTEGER NOT NULL, outdated INTEGER NOT NULL, extra INTEGER NOT NULL,
    is_repaired INTEGER NOT NULL, totals TEXT NOT NULL, samples TEXT NOT NULL,
    PRIMARY KEY (feed, days, reconciled_at)
);
-- One row per span of time in which a source said the same of our credentials; a further look moves `last_at` only.
CREATE TABLE IF NOT EXISTS credentials_probe (
    feed TEXT NOT NULL, verdict TEXT NOT NULL CHECK (verdict IN ('accepted', 'denied', 'unknown')),
    reason TEXT NOT NULL, first_at TEXT NOT NULL, last_at TEXT NOT NULL,
    PRIMARY KEY (feed, first_at)
);
