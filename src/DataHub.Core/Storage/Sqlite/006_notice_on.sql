-- Day on which the next notice of an exchange's deadline is due. Exchanges that run already are looked at once, which gives them theirs.
ALTER TABLE exchange ADD COLUMN notice_on TEXT;
UPDATE exchange SET notice_on = '2000-01-01' WHERE node < 100000 AND final = 0 AND due_on IS NOT NULL;
DROP INDEX exchange_due;
CREATE INDEX exchange_notice ON exchange (node, notice_on) WHERE notice_on IS NOT NULL;
