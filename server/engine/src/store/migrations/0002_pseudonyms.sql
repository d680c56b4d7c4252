-- What the pseudonyms of a collection stand for: never leaves this machine.

CREATE TABLE pseudonym_key (
    collection_id   TEXT    PRIMARY KEY REFERENCES collection (id) ON DELETE CASCADE,
    -- of the keyed hash, in hexadecimal, sealed
    sealed          BLOB    NOT NULL
);

CREATE TABLE pseudonym (
    collection_id   TEXT    NOT NULL REFERENCES collection (id) ON DELETE CASCADE,
    pseudonym       TEXT    NOT NULL,
    -- the whole keyed hash of the value: tells values apart without opening them
    hash            TEXT    NOT NULL,
    -- the value, sealed
    sealed          BLOB    NOT NULL,
    PRIMARY KEY (collection_id, pseudonym)
);

-- Whether proactive collections replace identifiers by pseudonyms.
ALTER TABLE proactive ADD COLUMN identifiers BIGINT NOT NULL DEFAULT 0;
