-- One row per child feed, column and day of landing: rows that name a parent, and those whose parent is not there.
-- Counted anew when something was staged.
CREATE TABLE IF NOT EXISTS feed_link (
    feed TEXT NOT NULL, parent TEXT NOT NULL, column_name TEXT NOT NULL, landed_on TEXT NOT NULL,
    row_count INTEGER NOT NULL, orphans INTEGER NOT NULL, oldest_at TEXT, counted_at TEXT NOT NULL,
    PRIMARY KEY (feed, column_name, landed_on)
);
-- One row per child feed and closed day: parents of that day, and those that differ from the sum of their children.
CREATE TABLE IF NOT EXISTS feed_total (
    feed TEXT NOT NULL, parent TEXT NOT NULL, day TEXT NOT NULL,
    parents INTEGER NOT NULL, differing INTEGER NOT NULL, counted_at TEXT NOT NULL,
    PRIMARY KEY (feed, parent, day)
);
-- One row per child feed, day of parents and age: how many parents had a child when the child's source had first been
-- read so many whole days after the day. Only parents that met the contract's condition are counted ('': all).
CREATE TABLE IF NOT EXISTS feed_follow (
    feed TEXT NOT NULL, parent TEXT NOT NULL, column_name TEXT NOT NULL, condition TEXT NOT NULL, day TEXT NOT NULL,
    age INTEGER NOT NULL,
    parents INTEGER NOT NULL, followed INTEGER NOT NULL, counted_at TEXT NOT NULL,
    PRIMARY KEY (feed, column_name, day, age)
);
-- One row per feed: rows that staging holds of its entity and source system, and those that the ledger counted there.
-- trouble: why nothing of the warehouse can be read; it holds none then.
CREATE TABLE IF NOT EXISTS feed_count (
    feed TEXT PRIMARY KEY, staged INTEGER NOT NULL, tallied INTEGER NOT NULL, counted_at TEXT NOT NULL, trouble TEXT
);
-- One row: when it was last counted across feeds.
CREATE TABLE IF NOT EXISTS across_count (only_one INTEGER PRIMARY KEY CHECK (only_one = 1), counted_at TEXT NOT NULL);
