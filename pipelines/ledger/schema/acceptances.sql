-- One row each time that somebody said that a source is right as it is now, although it is not what it was.
CREATE TABLE IF NOT EXISTS source_acceptance (
    feed TEXT NOT NULL, identity TEXT NOT NULL, accepted_at TEXT NOT NULL, accepted_by TEXT NOT NULL, reason TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS source_acceptance_by_feed ON source_acceptance (feed, accepted_at);
