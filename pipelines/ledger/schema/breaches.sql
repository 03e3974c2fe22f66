-- One row per staged batch and kind of breach that its rows have: how many rows, without any value of a person.
-- `code` is a hash of a code that the contract does not know, '' for other kinds.
CREATE TABLE IF NOT EXISTS batch_breach (
    feed TEXT NOT NULL, batch_id TEXT NOT NULL, kind TEXT NOT NULL, rule TEXT NOT NULL, column_name TEXT NOT NULL,
    code TEXT NOT NULL, row_count INTEGER NOT NULL, recorded_at TEXT NOT NULL,
    PRIMARY KEY (feed, batch_id, kind, rule, column_name, code)
);
