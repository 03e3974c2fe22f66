-- One row per matter of customers that somebody has to see to, as the snapshot at counted_at showed it: with a customer
-- against whose word the company acted, or with a team that is past the day of what it owes. `open_count` is 0 once all
-- of it is settled, or the customer is gone: an alert ends on such a row, not on a row that is missing.
CREATE TABLE IF NOT EXISTS customer_matter (
    failure TEXT NOT NULL, segment TEXT NOT NULL, open_count INTEGER NOT NULL, customer_count INTEGER NOT NULL,
    what TEXT NOT NULL, first_at TEXT, counted_at TEXT NOT NULL, PRIMARY KEY (failure, segment)
);
-- One row: which snapshot was looked at last.
CREATE TABLE IF NOT EXISTS matter_count (
    only_one INTEGER PRIMARY KEY CHECK (only_one = 1), counted_at TEXT NOT NULL
);
