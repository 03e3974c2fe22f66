-- One row per customer against whose word the company acted, as the snapshot at counted_at showed it. `open_count` is 0
-- once all of it is made good, or the customer is gone: an alert ends on such a row, not on a row that is missing.
CREATE TABLE IF NOT EXISTS contradicted_customer (
    customer_id TEXT PRIMARY KEY, open_count INTEGER NOT NULL, what TEXT NOT NULL, first_at TEXT,
    counted_at TEXT NOT NULL
);
-- One row: which snapshot was looked at last.
CREATE TABLE IF NOT EXISTS contradiction_count (
    only_one INTEGER PRIMARY KEY CHECK (only_one = 1), counted_at TEXT NOT NULL
);
