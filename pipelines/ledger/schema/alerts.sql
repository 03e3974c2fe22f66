-- One row per message that is to be told about an alert, written with the change of the alert that it tells.
CREATE TABLE IF NOT EXISTS outbox (
    notice_id INTEGER PRIMARY KEY, fingerprint TEXT NOT NULL, version INTEGER NOT NULL, event TEXT NOT NULL,
    body TEXT NOT NULL, created_at TEXT NOT NULL, UNIQUE (fingerprint, version, event)
);
