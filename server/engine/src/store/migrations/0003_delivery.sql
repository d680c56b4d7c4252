-- Who paused it; NULL: nobody. Kept over restarts, and gone with the collection's end.
ALTER TABLE collection ADD COLUMN paused_by TEXT;

-- The directory that a saved collection is sent from; NULL: logs are read.
ALTER TABLE collection ADD COLUMN saved_in TEXT;
-- Of a saved collection: the id under which it was collected.
ALTER TABLE collection ADD COLUMN saved_id TEXT;
CREATE INDEX collection_saved ON collection (saved_id) WHERE saved_id IS NOT NULL;

-- The one row of settings of delivery, once somebody has changed them.
CREATE TABLE delivery_settings (
    id              BIGINT  PRIMARY KEY CHECK (id = 1),
    -- bytes a second; 0: no limit
    bandwidth_limit BIGINT  NOT NULL,
    changed_at      BIGINT  NOT NULL,
    changed_by      TEXT    NOT NULL
);

-- What deliveries to blob containers reached, a row a run.
CREATE TABLE link_speed (
    measured_at BIGINT  NOT NULL,
    bytes       BIGINT  NOT NULL,
    -- microseconds in which at least one block was under way
    busy        BIGINT  NOT NULL
);
CREATE INDEX link_speed_measured_at ON link_speed (measured_at);
