-- The outbox of outspool-pump(5) for MariaDB 10.6 or MySQL 8. An application inserts the job in the transaction of what it
-- is about: both are there, or neither.
--   INSERT INTO outspool_outbox (id, job) VALUES ('order-1042', '{"template": "hello", "to": "zoe@example.com"}');
CREATE TABLE outspool_outbox (
    seq BIGINT AUTO_INCREMENT PRIMARY KEY,
    -- The job's id, by which a second one is known; capitals count.
    id VARCHAR(160) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL UNIQUE,
    job LONGTEXT CHARACTER SET utf8mb4 NOT NULL CHECK (JSON_VALID(job)),
    -- The pump's own: which node has it, since when, and how often it was given out.
    taken_by VARCHAR(255) CHARACTER SET ascii,
    taken_at DATETIME,
    takes INT NOT NULL DEFAULT 0
) ENGINE = InnoDB;

-- The pump needs no more than this, and the application no more than INSERT:
--   GRANT SELECT, UPDATE, DELETE ON outspool_outbox TO outspool; GRANT CREATE TEMPORARY TABLES ON shop.* TO outspool;
