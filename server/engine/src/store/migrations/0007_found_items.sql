-- Items of which something is told while a collection runs: of a million, few are looked for.
CREATE INDEX item_redacted ON item (collection_id) WHERE redactions <> '{}';
CREATE INDEX item_taken_whole ON item (collection_id) WHERE taken_whole <> 0;
