-- One row per kind of work that is no run of a feed ('refresh' or 'reconcile'), feed ('' for none) and day (UTC).
CREATE TABLE IF NOT EXISTS work_day (
    kind TEXT NOT NULL, feed TEXT NOT NULL, day TEXT NOT NULL, times INTEGER NOT NULL,
    requests INTEGER, byte_count INTEGER, wall_ms INTEGER NOT NULL, cpu_ms INTEGER NOT NULL,
    PRIMARY KEY (kind, feed, day)
);
