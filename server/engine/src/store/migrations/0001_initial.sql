-- Ids are texts, moments are microseconds since 1970 in UTC, sizes are bytes.

CREATE TABLE collection (
    id                      TEXT    PRIMARY KEY,
    kind                    TEXT    NOT NULL,
    state                   TEXT    NOT NULL,
    state_detail            TEXT,
    version                 BIGINT  NOT NULL DEFAULT 1,
    created_at              BIGINT  NOT NULL,
    started_at              BIGINT,
    ended_at                BIGINT,
    cancel_requested_at     BIGINT,
    -- the process that must run it; NULL: whoever serves the portal
    owner                   TEXT,
    asked_by                TEXT    NOT NULL,
    node                    TEXT    NOT NULL,
    window_start            BIGINT  NOT NULL,
    window_end              BIGINT  NOT NULL,
    -- the request as it was understood: role configurations, kinds and packing, so that a restart
    -- with another configuration continues what was agreed to
    effective_request       TEXT    NOT NULL,
    folder                  TEXT    NOT NULL,
    destination_kind        TEXT    NOT NULL,
    destination_place       TEXT    NOT NULL,
    destination_permissions TEXT,
    destination_expires_at  BIGINT,
    -- the SAS URL, sealed
    destination_secret      BLOB,
    -- grows when the SAS URL is replaced
    destination_version     BIGINT  NOT NULL DEFAULT 1,
    delivery_rate           BIGINT  NOT NULL DEFAULT 0,
    seconds_left            BIGINT,
    -- the last retry: what was begun before it stays, whatever becomes of the retry
    requeued_at             BIGINT
);
CREATE INDEX collection_state ON collection (state, id);

CREATE TABLE part (
    collection_id   TEXT    NOT NULL REFERENCES collection (id) ON DELETE CASCADE,
    position        BIGINT  NOT NULL,
    node            TEXT    NOT NULL,
    role            TEXT    NOT NULL,
    state           TEXT    NOT NULL,
    reason          TEXT,
    items           BIGINT  NOT NULL DEFAULT 0,
    items_missing   BIGINT  NOT NULL DEFAULT 0,
    items_planned   BIGINT  NOT NULL DEFAULT 0,
    read_bytes      BIGINT  NOT NULL DEFAULT 0,
    planned_bytes   BIGINT  NOT NULL DEFAULT 0,
    kept_bytes      BIGINT  NOT NULL DEFAULT 0,
    packed_bytes    BIGINT  NOT NULL DEFAULT 0,
    started_at      BIGINT,
    -- all of it was read and sealed: only delivery is left
    collected_at    BIGINT,
    ended_at        BIGINT,
    PRIMARY KEY (collection_id, position)
);

-- What goes to the destination as one blob or file: a volume of a part's bundle, or a manifest.
CREATE TABLE volume (
    id                  TEXT    PRIMARY KEY,
    collection_id       TEXT    NOT NULL REFERENCES collection (id) ON DELETE CASCADE,
    -- NULL: the manifest
    part                BIGINT,
    -- path below the collection's folder
    name                TEXT    NOT NULL,
    created_at          BIGINT  NOT NULL,
    packed_bytes        BIGINT  NOT NULL DEFAULT 0,
    -- set together, when no byte of it will change any more
    sealed_at           BIGINT,
    sha256              TEXT,
    -- set before the commit is sent, so that a repeated commit is recognised
    commit_started_at   BIGINT,
    delivered_at        BIGINT,
    UNIQUE (collection_id, name)
);

-- The ledger: blocks that the destination has confirmed as staged.
CREATE TABLE block (
    volume_id   TEXT    NOT NULL REFERENCES volume (id) ON DELETE CASCADE,
    number      BIGINT  NOT NULL,
    size_bytes  BIGINT  NOT NULL,
    sha256      TEXT    NOT NULL,
    staged_at   BIGINT  NOT NULL,
    PRIMARY KEY (volume_id, number)
);

CREATE TABLE item (
    collection_id   TEXT    NOT NULL REFERENCES collection (id) ON DELETE CASCADE,
    part            BIGINT  NOT NULL,
    entry_name      TEXT    NOT NULL,
    label           TEXT    NOT NULL,
    kind            TEXT    NOT NULL,
    -- complete, empty, partial or missing
    outcome         TEXT    NOT NULL,
    reason          TEXT,
    -- where its bytes are; NULL when none were kept
    volume_id       TEXT    REFERENCES volume (id) ON DELETE CASCADE,
    read_bytes      BIGINT  NOT NULL,
    kept_bytes      BIGINT  NOT NULL,
    taken_whole     BIGINT  NOT NULL,
    redactions      TEXT    NOT NULL,
    -- 1: a retry is to read it again
    again           BIGINT  NOT NULL DEFAULT 0,
    PRIMARY KEY (collection_id, part, entry_name)
);
CREATE INDEX item_volume ON item (volume_id);
CREATE INDEX item_gaps ON item (collection_id, part, entry_name) WHERE outcome IN ('partial', 'missing');

CREATE TABLE consent (
    id              TEXT    PRIMARY KEY,
    scope           TEXT    NOT NULL,
    version         TEXT    NOT NULL,
    given_by        TEXT    NOT NULL,
    given_at        BIGINT  NOT NULL,
    withdrawn_by    TEXT,
    withdrawn_at    BIGINT,
    collection_id   TEXT    REFERENCES collection (id)
);
CREATE INDEX consent_collection ON consent (collection_id);

-- The one row of settings of proactive collection.
CREATE TABLE proactive (
    id                      BIGINT  PRIMARY KEY CHECK (id = 1),
    enabled                 BIGINT  NOT NULL,
    destination_kind        TEXT    NOT NULL,
    destination_place       TEXT    NOT NULL,
    destination_permissions TEXT,
    destination_expires_at  BIGINT,
    -- the SAS URL, sealed; kept while disabled
    destination_secret      BLOB,
    changed_at              BIGINT  NOT NULL,
    changed_by              TEXT    NOT NULL,
    consent_id              TEXT    REFERENCES consent (id)
);

CREATE TABLE person (
    name            TEXT    PRIMARY KEY,
    role            TEXT    NOT NULL,
    password_hash   TEXT    NOT NULL,
    created_at      BIGINT  NOT NULL,
    last_sign_in_at BIGINT
);

CREATE TABLE session (
    -- SHA-256 of the token: a stolen database opens no session
    token_hash  TEXT    PRIMARY KEY,
    person      TEXT    NOT NULL REFERENCES person (name) ON DELETE CASCADE,
    created_at  BIGINT  NOT NULL,
    seen_at     BIGINT  NOT NULL
);

CREATE TABLE audit (
    number      INTEGER PRIMARY KEY,
    at          BIGINT  NOT NULL,
    actor       TEXT    NOT NULL,
    address     TEXT,
    action      TEXT    NOT NULL,
    subject     TEXT    NOT NULL,
    detail      TEXT
);
CREATE TRIGGER audit_never_changes BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'audit entries never change'); END;
CREATE TRIGGER audit_never_goes BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'audit entries are never removed'); END;
