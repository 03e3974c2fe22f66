-- One row per sitting of a review: pairs that were passed, and seconds that a person looked at them.
CREATE TABLE IF NOT EXISTS review_sitting (began_at TEXT NOT NULL, pairs INTEGER NOT NULL, seconds REAL NOT NULL);
