-- One row per alert: one thing wrong with one feed, from the first failing look at it until it is well again.
CREATE TABLE IF NOT EXISTS alert (
    alert_id TEXT PRIMARY KEY, fingerprint TEXT NOT NULL,
    feed TEXT NOT NULL, failure TEXT NOT NULL, stage TEXT NOT NULL, segment TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN (
        'PENDING', 'OPEN', 'ACKED', 'SUPPRESSED', 'SILENCED', 'RESOLVED', 'REOPENED', 'DROPPED')),
    severity TEXT NOT NULL CHECK (severity IN ('info', 'warning', 'error', 'critical')),
    version INTEGER NOT NULL, is_told INTEGER NOT NULL, is_flapping INTEGER NOT NULL, is_false INTEGER NOT NULL,
    reason TEXT NOT NULL, evidence TEXT NOT NULL, rows_affected INTEGER, customers_affected INTEGER, cause TEXT,
    breaches INTEGER NOT NULL, passes INTEGER NOT NULL,
    onset_at TEXT NOT NULL, detected_at TEXT NOT NULL, failed_at TEXT NOT NULL, passed_at TEXT,
    opened_at TEXT, acked_at TEXT, acked_until TEXT, acked_by TEXT, resolved_at TEXT, resolved_by TEXT,
    reopened_at TEXT NOT NULL
);
-- Two alerts are never open for one thing.
CREATE UNIQUE INDEX IF NOT EXISTS alert_at_work ON alert (fingerprint) WHERE state NOT IN ('RESOLVED', 'DROPPED');
CREATE INDEX IF NOT EXISTS alert_by_fingerprint ON alert (fingerprint, version);
-- One row per change of an alert: who, when, from what to what, why; `version` where it was told. Never changed.
CREATE TABLE IF NOT EXISTS alert_event (
    event_id INTEGER PRIMARY KEY, alert_id TEXT NOT NULL, moved_at TEXT NOT NULL, moved_by TEXT NOT NULL,
    from_state TEXT, to_state TEXT NOT NULL, why TEXT NOT NULL, version INTEGER
);
CREATE INDEX IF NOT EXISTS alert_event_by_alert ON alert_event (alert_id);
CREATE TRIGGER IF NOT EXISTS alert_event_stays BEFORE UPDATE ON alert_event
BEGIN SELECT RAISE(ABORT, 'what happened to an alert is never changed'); END;
CREATE TRIGGER IF NOT EXISTS alert_event_is_kept BEFORE DELETE ON alert_event
BEGIN SELECT RAISE(ABORT, 'what happened to an alert is never deleted'); END;
-- One row per time in which somebody wants not to be told of a feed, or of one failure of it.
CREATE TABLE IF NOT EXISTS silence (
    silence_id INTEGER PRIMARY KEY, feed TEXT NOT NULL, failure TEXT, begins_at TEXT NOT NULL, ends_at TEXT NOT NULL,
    silenced_by TEXT NOT NULL, reason TEXT NOT NULL
);
-- One row per told change of an alert; `body` is the notice. Written with the change, sent afterwards.
CREATE TABLE IF NOT EXISTS outbox (
    notice_id INTEGER PRIMARY KEY, fingerprint TEXT NOT NULL, version INTEGER NOT NULL, event TEXT NOT NULL,
    body TEXT NOT NULL, created_at TEXT NOT NULL,
    UNIQUE (fingerprint, version, event)
);
