-- What a retry began from, until it has ended: so it can be taken back, and what was missing keeps its
-- name until it has been read.

ALTER TABLE part ADD COLUMN state_before TEXT;
ALTER TABLE part ADD COLUMN reason_before TEXT;

-- Items that were partial or missing when the last retry began, as they were.
CREATE TABLE gap_before (
    collection_id   TEXT    NOT NULL REFERENCES collection (id) ON DELETE CASCADE,
    part            BIGINT  NOT NULL,
    entry_name      TEXT    NOT NULL,
    label           TEXT    NOT NULL,
    kind            TEXT    NOT NULL,
    identity        TEXT,
    outcome         TEXT    NOT NULL,
    reason          TEXT,
    volume_id       TEXT    REFERENCES volume (id) ON DELETE CASCADE,
    read_bytes      BIGINT  NOT NULL,
    kept_bytes      BIGINT  NOT NULL,
    taken_whole     BIGINT  NOT NULL,
    redactions      TEXT    NOT NULL,
    PRIMARY KEY (collection_id, part, entry_name)
);
CREATE INDEX gap_before_volume ON gap_before (volume_id);
