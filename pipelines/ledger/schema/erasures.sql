-- One row per request to erase customers, from when it was begun. `certificate` (JSON) once it is done; neither names
-- anybody but by the customer ids, which by then lead nowhere.
CREATE TABLE IF NOT EXISTS erasure (
    erasure_id TEXT PRIMARY KEY, customer_ids TEXT NOT NULL, reason TEXT NOT NULL, asked_by TEXT NOT NULL,
    began_at TEXT NOT NULL, ended_at TEXT, certificate TEXT, lifted_at TEXT
);
-- One row per row, and per e-mail address of nobody else, that was erased: what tells it should its source send it
-- again, and nothing else of it.
CREATE TABLE IF NOT EXISTS erased_row (tombstone TEXT PRIMARY KEY, erasure_id TEXT NOT NULL) WITHOUT ROWID;
