-- One row per purpose: a secret that this home drew for itself.
CREATE TABLE IF NOT EXISTS home_secret (purpose TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
