-- The outbox of outspool-pump(5) for PostgreSQL 10 or later. An application inserts the job in the transaction of what it
-- is about: both are there, or neither.
--   INSERT INTO outspool_outbox (id, job) VALUES ('order-1042', '{"template": "hello", "to": "zoe@example.com"}');
CREATE TABLE outspool_outbox (
    seq bigserial PRIMARY KEY,
    -- The job's id, by which a second one is known.
    id text NOT NULL UNIQUE,
    -- As text: jsonb would change its numbers.
    job json NOT NULL,
    -- The pump's own: which node has it, since when, and how often it was given out.
    taken_by text,
    taken_at timestamptz,
    takes integer NOT NULL DEFAULT 0
);

-- Wakes the pumps at COMMIT.
CREATE FUNCTION outspool_outbox_notify() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN NOTIFY outspool_outbox; RETURN NULL; END $$;
CREATE TRIGGER outspool_outbox_notify AFTER INSERT ON outspool_outbox
    FOR EACH STATEMENT EXECUTE PROCEDURE outspool_outbox_notify();

-- The pump needs no more than this, the application no more than INSERT, and the sequence:
--   GRANT SELECT, UPDATE, DELETE ON outspool_outbox TO outspool;
--   GRANT INSERT ON outspool_outbox TO shop; GRANT USAGE ON SEQUENCE outspool_outbox_seq_seq TO shop;
