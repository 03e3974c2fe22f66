-- One row per span of time in which a detector said the same of a thing; a further look at it moves `last_at` only.
CREATE TABLE IF NOT EXISTS finding (
    feed TEXT NOT NULL, failure TEXT NOT NULL, segment TEXT NOT NULL,
    verdict TEXT NOT NULL CHECK (verdict IN ('PASS', 'FAIL', 'WARN', 'UNKNOWN')),
    reason TEXT NOT NULL, rows_affected INTEGER, onset_at TEXT, evidence_at TEXT, evidence TEXT NOT NULL,
    rules_version TEXT NOT NULL, first_at TEXT NOT NULL, last_at TEXT NOT NULL, looks INTEGER NOT NULL,
    PRIMARY KEY (feed, failure, segment, first_at)
);
CREATE INDEX IF NOT EXISTS finding_by_time ON finding (last_at);
