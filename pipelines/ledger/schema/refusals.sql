-- One row each time that a run was turned away: another held the lease ('held'), or had taken it over ('lost').
CREATE TABLE IF NOT EXISTS lease_refusal (
    feed TEXT NOT NULL, reason TEXT NOT NULL CHECK (reason IN ('held', 'lost')), holder TEXT NOT NULL,
    refused_at TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS lease_refusal_by_feed ON lease_refusal (feed, refused_at);
