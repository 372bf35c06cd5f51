-- The outbox of outspool-pump(5) for SQLite 3.38 or later. An application inserts the job in the transaction of what it
-- is about: both are there, or neither.
--   INSERT INTO outspool_outbox (id, job) VALUES ('order-1042', '{"template": "hello", "to": "zoe@example.com"}');
CREATE TABLE outspool_outbox (
    -- Never used again: a receipt belongs to one row.
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    -- The job's id, by which a second one is known.
    id TEXT NOT NULL UNIQUE,
    job TEXT NOT NULL CHECK (json_valid(job))
);
