-- The roles as they were configured, sealed; NULL: those of the request hold no secret and stand there
-- as they are.
ALTER TABLE collection ADD COLUMN sealed_roles BLOB;
