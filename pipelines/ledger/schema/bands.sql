-- One row per learned band and training: what is usual, and on what it was learned. Kept while a finding rests on it.
CREATE TABLE IF NOT EXISTS band_model (
    feed TEXT NOT NULL, failure TEXT NOT NULL, segment TEXT NOT NULL, version INTEGER NOT NULL,
    trained_at TEXT NOT NULL, span_days REAL NOT NULL, n INTEGER NOT NULL, excluded INTEGER NOT NULL,
    parameters TEXT NOT NULL,
    PRIMARY KEY (feed, version, failure, segment)
) WITHOUT ROWID;
-- One row per feed and training, whether or not there was enough to learn from.
CREATE TABLE IF NOT EXISTS band_training (
    feed TEXT NOT NULL, version INTEGER NOT NULL, trained_at TEXT NOT NULL, PRIMARY KEY (feed, version)
) WITHOUT ROWID;
