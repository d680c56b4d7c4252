-- Which file an item was, whatever it is called by now: device, number and birth; NULL: no file.
ALTER TABLE item ADD COLUMN identity TEXT;
